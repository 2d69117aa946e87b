"""Go commands, built from the modules that tools/go.mod pins and from our own sources beside it."""

import hashlib
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from tools.process import run
from tools.table import TOOLS, Tool, numbers


@dataclass(frozen=True, slots=True)
class Builder:
    """Builds commands into the cache, once for every clone with the same pins."""

    cache: Path

    @property
    def _workshop(self) -> Path:
        """Go's own caches while it builds: a gigabyte that nobody needs afterwards."""
        return self.cache / "go" / "workshop"

    def target(self, tool: Tool) -> Path:
        """Where a tool's command is, or will be."""
        own = b"".join(path.read_bytes() for path in sorted((TOOLS / Path(tool.go).name).glob("*.go")))
        pinned = (TOOLS / "go.sum").read_bytes() + tool.tags.encode() + tool.ldflags.encode() + own
        return self.cache / "go" / hashlib.sha256(pinned).hexdigest()[:16] / tool.command

    def build(self, go: str, tools: list[Tool]) -> None:
        """Build some commands in one go: what they share is compiled once.

        A build tag and a linker flag of one of them mean nothing to the others.
        """
        made, names = self._workshop / "bin", ", ".join(tool.name for tool in tools)
        made.mkdir(parents=True, exist_ok=True)
        tags, flags = (" ".join(texts) for texts in zip(*((tool.tags, tool.ldflags) for tool in tools), strict=True))
        options = ["-trimpath", "-tags", tags, "-ldflags", f"-s -w {flags}", "-o", f"{made}/"]
        run(
            [go, "build", *options, *(tool.go for tool in tools)],
            what=f"{names} could not be built from Go modules",
            hint="check the network and the free space of the disk, then run this again",
            env={
                "GOFLAGS": "-mod=readonly -buildvcs=false -modcacherw", "GOTOOLCHAIN": "local",
                "GOMODCACHE": str(self._workshop / "modules"), "GOCACHE": str(self._workshop / "build"),
                "CGO_ENABLED": "1" if any(tool.compiler for tool in tools) else "0",
            },
            cwd=TOOLS,
        )  # fmt: skip
        for tool in tools:
            target = self.target(tool)
            target.parent.mkdir(parents=True, exist_ok=True)
            (made / command(tool.go)).rename(target)

    def clear(self) -> None:
        """Remove what the commands were built with."""
        shutil.rmtree(self._workshop, ignore_errors=True)


def is_new_enough(go: str) -> bool:
    """Whether this Go may build what tools/go.mod names: `go env GOVERSION` says `go1.26.6`."""
    wanted = next(line.split()[1] for line in (TOOLS / "go.mod").read_text().splitlines() if line.startswith("go "))
    done = subprocess.run([go, "env", "GOVERSION"], capture_output=True, text=True, check=False)
    return numbers(done.stdout.strip().removeprefix("go")) >= numbers(wanted)


def command(package: str) -> str:
    """The name that Go gives the command of a package: its last part that is no version."""
    return Path(re.sub(r"/v\d+$", "", package)).name
