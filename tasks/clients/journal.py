"""The journal of a cleanup: what was to go and what has gone, a line each, so that the next run can tell."""

import json
from collections.abc import Iterable
from datetime import UTC, datetime
from os import environ, fsync
from pathlib import Path

from tasks.model.registry.retention import Version


class Journal:
    """One package's journal, in the user's state folder."""

    def __init__(self, image: str) -> None:
        own = environ.get("XDG_STATE_HOME") or Path.home() / ".local/state"
        self.path = Path(own, "custom-coreos", f"cleanup-{image.replace('/', '-')}.jsonl")

    def unfinished(self) -> str:
        """What a run that was cut short left undone, in words; nothing when the last one came to its end."""
        lines = self._lines()
        if not lines or "finished" in lines[-1]:
            return ""
        started = max((number for number, line in enumerate(lines) if "planned" in line), default=-1)
        if started < 0:
            return ""
        done = sum("deleted" in line for line in lines[started:])
        return f"{done} of {lines[started]['planned']} versions were deleted by the run of {lines[started]['at']}"

    def start(self, versions: Iterable[Version]) -> None:
        """Note what is going to be deleted."""
        planned = [version.id for version in versions]
        self._add({"planned": len(planned), "versions": planned})

    def deleted(self, version: Version, restore: str) -> None:
        """Note one that has gone, and how it is restored."""
        self._add({"deleted": version.id, "digest": version.digest, "tags": version.tags, "restore": restore})

    def finish(self) -> None:
        """Note that the run came to its end."""
        self._add({"finished": True})

    def _add(self, line: dict[str, object]) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("a") as file:
            file.write(json.dumps({"at": datetime.now(UTC).isoformat(timespec="seconds"), **line}) + "\n")
            file.flush()
            fsync(file.fileno())

    def _lines(self) -> list[dict[str, object]]:
        """Every whole line; the last of a run that was killed may be half written."""
        found = []
        for line in self.path.read_text().splitlines() if self.path.exists() else []:
            try:
                found.append(json.loads(line))
            except ValueError:
                continue
        return found
