"""What can be installed on this machine, and how: Debian packages, Go modules, Python packages.

Everything is made beside its place and renamed, so a run that is cut short is repaired by the next one.
"""

import contextlib
import hashlib
import importlib.util
import io
import os
import platform
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from tools.table import ROOT, TOOLS, Tool, numbers


class SetupError(Exception):
    """What happened, why, and what to type next."""

    def __init__(self, what: str, why: str, hint: str) -> None:
        super().__init__(f"{what}\n  why: {why}\n  next: {hint}")


def say(sentence: str) -> None:
    """Tell the story on stderr; stdout belongs to the recipe's answer."""
    print(f"inv: {sentence}", file=sys.stderr, flush=True)  # noqa: T201  (this program's one voice)


def run(argv: list[str], *, what: str, hint: str, env: dict[str, str] | None = None, cwd: Path = ROOT) -> None:
    """Run a step of the set-up; its output is shown only when it fails."""
    try:
        done = subprocess.run(
            argv, cwd=cwd, env={**os.environ, **(env or {})}, text=True, check=False,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
    except OSError as error:
        raise SetupError(what, f"{argv[0]}: {error.strerror}", hint) from error
    if done.returncode:
        sys.stderr.write(done.stdout)
        raise SetupError(what, f"`{shlex.join(argv)}` ended with {done.returncode}; it said the above", hint)


@contextlib.contextmanager
def made_beside(target: Path) -> Iterator[Path]:
    """Give a temporary path that takes `target`'s place when the block ends well."""
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        yield temporary
        temporary.rename(target)
    finally:
        if temporary.is_dir():
            shutil.rmtree(temporary)
        temporary.unlink(missing_ok=True)


def distribution() -> str:
    """`debian` (also its relatives), `fedora`, or the system's own name."""
    try:
        release = platform.freedesktop_os_release()
    except OSError:
        return "this system"
    family = [release.get("ID", ""), *release.get("ID_LIKE", "").split()]
    return next((name for name in ("debian", "fedora") if name in family), release.get("NAME", "this system"))


class Machine:
    """What can be installed here, and how."""

    def __init__(self, ready: Path, tools: list[Tool]) -> None:
        self.ready = ready
        self.cache = ready.parent.parent
        self.workshop = self.cache / "go" / "workshop"
        self.tools = {tool.name: tool for tool in tools}
        self.distribution = distribution()

    def install(self, missing: list[Tool]) -> None:
        """Install what is missing, all Debian packages in one go."""
        if not missing:
            return
        if self.distribution == "debian":
            self.install_packages([package for tool in missing for package in tool.debian], missing)
        else:
            self.name_packages(missing)
        for tool in missing:
            if tool.go and (self.distribution == "debian" or not tool.fedora):
                self.build(tool)
        for tool in missing:
            if tool.pypi:
                self.install_pypi(tool)

    def clear(self) -> None:
        """Remove what tools were built with."""
        shutil.rmtree(self.workshop, ignore_errors=True)

    def name_packages(self, missing: list[Tool]) -> None:
        """Elsewhere than on Debian's family nothing is installed for the whole system; it is said what to install."""
        packages = [package for tool in missing for package in tool.fedora if not tool.pypi]
        if packages:
            say(f"these tools are missing: {', '.join(tool.name for tool in missing if tool.fedora)}")
            say(f"on Fedora: sudo dnf install {shlex.join(packages)}; going on with what is there")

    def install_packages(self, packages: list[str], tools: list[Tool]) -> None:
        """Install Debian packages without a question; the package lists are refreshed only when that is needed."""
        wanted = sorted(set(packages) - installed_packages())
        if not wanted:
            return
        for tool in tools:
            if set(tool.debian) & set(wanted):
                say(f"installing {'what builds ' if tool.go else ''}{tool.name} ({tool.why})")
        elevate = [] if os.geteuid() == 0 else ["sudo", "-n"]
        options = ["-y", "--no-install-recommends", "-o", "DPkg::Lock::Timeout=300"]
        install = [*elevate, "apt-get", *options, "install", *wanted]
        hint = f"check the network, or type: sudo apt-get update && sudo apt-get install {shlex.join(wanted)}"
        env = {"DEBIAN_FRONTEND": "noninteractive"}
        try:
            with contextlib.redirect_stderr(io.StringIO()):  # the second try tells what is wrong
                run(install, what="", hint="", env=env)
        except SetupError:
            update = [*elevate, "apt-get", "-q", "update"]
            run(update, what="Debian's package lists could not be read", hint=hint)
            run(install, what="Debian packages could not be installed", hint=hint, env=env)

    def build(self, tool: Tool) -> None:
        """Build a pinned Go module's command into the cache, once for every clone with the same pins."""
        own = b"".join(path.read_bytes() for path in sorted((TOOLS / Path(tool.go).name).glob("*.go")))
        pinned = (TOOLS / "go.sum").read_bytes() + tool.tags.encode() + tool.ldflags.encode() + own
        pins = hashlib.sha256(pinned).hexdigest()
        target = self.cache / "go" / pins[:16] / tool.command
        if not target.exists():
            go = self.go()
            say(f"building {tool.name} ({tool.why}); this takes a minute or two, once")
            with made_beside(target) as temporary:
                argv = [go, "build", "-trimpath", "-tags", tool.tags, "-ldflags", f"-s -w {tool.ldflags}"]
                run(
                    [*argv, "-o", str(temporary), tool.go],
                    what=f"{tool.name} could not be built from its Go module",
                    hint="check the network and the free space of the disk, then run this again",
                    env=self.go_environment,
                    cwd=TOOLS,
                )
        link(self.ready / "bin" / tool.command, target)

    @property
    def go_environment(self) -> dict[str, str]:
        """Go's own caches stand beside ours while tools are built: a gigabyte that nobody needs afterwards."""
        return {
            "GOFLAGS": "-mod=readonly -buildvcs=false -modcacherw",
            "GOTOOLCHAIN": "local",
            "GOMODCACHE": str(self.workshop / "modules"),
            "GOCACHE": str(self.workshop / "build"),
        }

    def go(self) -> str:
        """A Go new enough for tools/go.mod: the system's, or else one from the Python index."""
        wanted = next(line.split()[1] for line in (TOOLS / "go.mod").read_text().splitlines() if line.startswith("go "))
        found = shutil.which("go")
        if found and version_of_go(found) >= numbers(wanted):
            return found
        tool = self.tools["go"]
        say(f"installing {tool.name} ({tool.why})")
        return self.install_pypi(tool)

    def install_pypi(self, tool: Tool) -> str:
        """Install one pinned package of the Python index in a folder of its own; returns the command's path."""
        folder = self.cache / "pypi" / tool.pypi
        mark = folder / "whole"
        if not mark.exists():
            if importlib.util.find_spec("ensurepip") is None and self.distribution == "debian":
                self.install_packages(["python3-venv"], [])
            hint = "check the network, then run this again"
            what = f"{tool.name} could not be installed"
            shutil.rmtree(folder, ignore_errors=True)
            run([sys.executable, "-m", "venv", str(folder)], what=what, hint=hint)
            run([str(folder / "bin/python"), "-m", "pip", "-q", "install", tool.pypi], what=what, hint=hint)
            mark.touch()
        link(self.ready / "bin" / tool.command, folder / "bin" / tool.command)
        return str(folder / "bin" / tool.command)

    def sync_python(self, groups: set[str]) -> None:
        """Bring the recipes' own Python environment to what uv.lock says, with these dependency groups."""
        pins = hashlib.sha256((ROOT / "uv.lock").read_bytes() + sys.version.encode()).hexdigest()
        environment = self.cache / "venv" / pins[:16]
        mark = environment / "groups"
        whole = mark.exists() and (environment / "bin/python").exists()
        have = set(mark.read_text().split()) if whole else None
        if have is None or not groups <= have:
            wanted = sorted(groups | (have or set()))
            say(f"installing the Python packages of uv.lock{f' (with {chr(44).join(wanted)})' if wanted else ''}")
            mark.unlink(missing_ok=True)
            run(
                ["uv", "sync", "--frozen", "--no-default-groups", *(f"--group={group}" for group in wanted)],
                what="the Python packages could not be installed",
                hint="check the network, then run this again",
                env={
                    "UV_PROJECT_ENVIRONMENT": str(environment), "UV_PYTHON": sys.executable,
                    "UV_PYTHON_DOWNLOADS": "never", "VIRTUAL_ENV": "",
                },
            )  # fmt: skip
            with made_beside(mark) as temporary:
                temporary.write_text(" ".join(wanted))
        link(self.ready / "venv", environment)


def installed_packages() -> set[str]:
    """The Debian packages that are installed here."""
    listing = ["dpkg-query", "-W", "-f", "${db:Status-Abbrev}${Package}\\n"]
    done = subprocess.run(listing, capture_output=True, text=True, check=False)
    return {line.split()[-1] for line in done.stdout.splitlines() if line.startswith("ii")}


def version_of_go(go: str) -> tuple[int, ...]:
    """What `go env GOVERSION` says, `go1.26.6`; nothing when it says nothing."""
    done = subprocess.run([go, "env", "GOVERSION"], capture_output=True, text=True, check=False)
    return numbers(done.stdout.strip().removeprefix("go"))


def link(path: Path, target: Path) -> None:
    """Point the link `path` at `target`, in one step."""
    with made_beside(path) as temporary:
        temporary.symlink_to(target)
