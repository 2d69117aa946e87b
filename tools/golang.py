"""Build Go commands from the modules that tools/go.mod pins, and from our own sources next to it."""

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
    """Builds commands into the cache, once for all clones with the same pins."""

    cache: Path

    @property
    def _workshop(self) -> Path:
        """Go's own caches during a build: one gigabyte that is not needed afterwards."""
        return self.cache / "go" / "workshop"

    def target(self, tool: Tool) -> Path:
        """Return the path of a tool's command, built or not."""
        own = b"".join(path.read_bytes() for path in sorted((TOOLS / Path(tool.go).name).glob("*.go")))
        pinned = (TOOLS / "go.sum").read_bytes() + tool.tags.encode() + tool.ldflags.encode() + own
        return self.cache / "go" / hashlib.sha256(pinned).hexdigest()[:16] / tool.command

    def build(self, go: str, tools: list[Tool]) -> None:
        """Build several commands in one run, so that shared code is compiled once.

        The build tags and linker flags of one command do not affect the others.
        """
        output, names = self._workshop / "bin", ", ".join(tool.name for tool in tools)
        output.mkdir(parents=True, exist_ok=True)
        tags, flags = (" ".join(texts) for texts in zip(*((tool.tags, tool.ldflags) for tool in tools), strict=True))
        options = ["-trimpath", "-tags", tags, "-ldflags", f"-s -w {flags}", "-o", f"{output}/"]
        run(
            [go, "build", *options, *(tool.go for tool in tools)],
            what=f"{names} could not be built from Go modules",
            hint="check the network and the free disk space, then run this again",
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
            (output / command(tool.go)).rename(target)

    def clear(self) -> None:
        """Remove Go's caches."""
        shutil.rmtree(self._workshop, ignore_errors=True)


def is_new_enough(go: str) -> bool:
    """Whether this Go is as new as tools/go.mod requires; `go env GOVERSION` prints for example `go1.26.6`."""
    required = next(line.split()[1] for line in (TOOLS / "go.mod").read_text().splitlines() if line.startswith("go "))
    done = subprocess.run([go, "env", "GOVERSION"], capture_output=True, text=True, check=False)
    return numbers(done.stdout.strip().removeprefix("go")) >= numbers(required)


def command(package: str) -> str:
    """Return the name that Go gives the command of a package: its last part that is not a version."""
    return Path(re.sub(r"/v\d+$", "", package)).name
