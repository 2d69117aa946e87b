"""Install tools on this machine: Debian packages, Go modules, Python packages.

Everything is written under a temporary name and then renamed, so the next run repairs an interrupted one.
"""

import contextlib
import hashlib
import importlib.util
import os
import platform
import shlex
import shutil
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tools import apt, proof
from tools.golang import Builder, is_new_enough
from tools.process import run, stop
from tools.report import SetupError, say
from tools.table import ROOT, TOOLS, Tool

USERNS_SWITCH = Path("/proc/sys/kernel/apparmor_restrict_unprivileged_userns")  # Ubuntu has it since 23.10


@contextlib.contextmanager
def made_beside(target: Path) -> Iterator[Path]:
    """Yield a temporary path, and rename it to `target` if the block succeeds."""
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
    """Return `debian` (also for its derivatives), `fedora`, or the system's own name."""
    try:
        release = platform.freedesktop_os_release()
    except OSError:
        return "this system"
    family = [release.get("ID", ""), *release.get("ID_LIKE", "").split()]
    return next((name for name in ("debian", "fedora") if name in family), release.get("NAME", "this system"))


class Machine:
    """This machine: installs tools and tries them."""

    def __init__(self, ready: Path, tools: list[Tool]) -> None:
        self.ready = ready
        self.cache = ready.parent.parent
        self.builder = Builder(self.cache)
        self.tools = {tool.name: tool for tool in tools}
        self.distribution = distribution()
        self.one_at_a_time = threading.Lock()  # apt-get's own lock would make a second one fail

    def install(self, missing: list[Tool]) -> None:
        """Install what is missing: all Debian packages in one run, and build concurrently what has no package."""
        on_debian = self.distribution == "debian"
        built = [tool for tool in missing if tool.go and not (tool.debian if on_debian else tool.fedora)]
        with ThreadPoolExecutor() as pool:
            building = pool.submit(self.build, built)
            try:
                if on_debian:
                    self.install_packages([package for tool in missing for package in tool.debian], missing)
                else:
                    self.name_packages(missing)
                building.result()
            except BaseException:
                stop()
                raise
        for tool in missing:
            if tool.pypi:
                self.install_pypi(tool)

    def prove(self, tool: Tool) -> None:
        """Make a tool pass its proof: use the system's, or build our own, with a container runtime that works."""
        status, why = self.tried(tool)
        if self.distribution != "debian":
            if status:
                say(f"this system's {tool.name} does not do what it must: {why}; continuing with it")
            return
        if status in (proof.CANNOT_WORK, proof.CANNOT_RUN) and self.complete(tool):
            status, why = self.tried(tool)
        if status == proof.CANNOT_SIGN:
            self.build([tool])
            status, why = self.tried(tool)
        if status == proof.CANNOT_RUN:
            self.use_runc()
            status, why = self.tried(tool)
        if status:
            hint = "type: ./inv doctor; the podman of Debian 13 and Ubuntu 26.04 works without changes"
            why = restricted() or why
            (self.ready / "bin" / tool.command).unlink(missing_ok=True)  # so that our own does not hide the system's
            raise SetupError(f"{tool.name} does not do what it must", why, hint)

    def tried(self, tool: Tool) -> tuple[int, str]:
        """Run the tool's proof in the setup's own environment; see Tool.tried."""
        return tool.tried()

    def complete(self, tool: Tool) -> bool:
        """Install the packages that a tool's row names; return False if all are installed already."""
        if set(tool.debian) <= apt.installed():
            return False
        self.install_packages(list(tool.debian), [tool])
        return True

    def use_runc(self) -> None:
        """Make podman use runc, which works where crun does not: with cgroups version 1."""
        if not shutil.which("runc"):
            say("installing runc (runs containers if crun cannot)")
            self.install_packages(["runc"], [])
        settings = self.ready / "containers.conf"
        with made_beside(settings) as temporary:
            temporary.write_text('[engine]\nruntime = "runc"\n')
        os.environ.setdefault("CONTAINERS_CONF_OVERRIDE", str(settings))

    def name_packages(self, missing: list[Tool]) -> None:
        """On systems other than Debian's family, list the packages to install; install nothing."""
        packages = [package for tool in missing for package in tool.fedora if not tool.pypi]
        if packages:
            say(f"these tools are missing: {', '.join(tool.name for tool in missing if tool.fedora)}")
            say(f"on Fedora: sudo dnf install {shlex.join(packages)}; continuing without them")

    def install_packages(self, packages: list[str], tools: list[Tool]) -> None:
        """Install the Debian packages that are missing."""
        with self.one_at_a_time:
            missing = sorted(set(packages) - apt.installed())
            for tool in tools:
                what = tool.name if set(tool.debian) & set(missing) else f"the compiler for {tool.name}"
                if {*tool.debian, *tool.compiler} & set(missing):
                    say(f"installing {what} ({tool.why})")
            apt.install(missing)

    def build(self, tools: list[Tool]) -> None:
        """Build commands from Go modules into the cache unless they are there, and link them."""
        new = [tool for tool in tools if not self.builder.target(tool).exists()]
        if new:
            if compilers := [package for tool in new for package in tool.compiler]:
                self.install_packages(compilers, new)
            go = self.go()
            for tool in new:
                say(f"building {tool.name} ({tool.why})")
            say("this takes a minute or two, only once")
            self.builder.build(go, new)
        for tool in tools:
            link(self.ready / "bin" / tool.command, self.builder.target(tool))

    def go(self) -> str:
        """Return a Go that is new enough for tools/go.mod: the system's, or else one from PyPI."""
        system_go = shutil.which("go")
        if system_go and is_new_enough(system_go):
            return system_go
        tool = self.tools["go"]
        say(f"installing {tool.name} ({tool.why})")
        return self.install_pypi(tool)

    def install_pypi(self, tool: Tool) -> str:
        """Install one package from PyPI, pinned by hash, in its own folder; return the command's path."""
        pins = TOOLS / f"{tool.pypi}.txt"
        folder = self.cache / "pypi" / f"{tool.pypi}-{hashlib.sha256(pins.read_bytes()).hexdigest()[:16]}"
        mark = folder / "whole"
        if not mark.exists():
            if importlib.util.find_spec("ensurepip") is None and self.distribution == "debian":
                self.install_packages(["python3-venv"], [])
            shutil.rmtree(folder, ignore_errors=True)
            python = str(folder / "bin/python")
            make, install = [sys.executable, "-m", "venv"], [python, "-m", "pip", "--quiet", "install"]
            if shutil.which("uv"):  # much faster than pip
                make = ["uv", "venv", f"--python={sys.executable}"]
                install = ["uv", "pip", "install", f"--python={python}"]
            pinned = ["--require-hashes", "--only-binary=:all:", "--requirement", str(pins)]
            for argv in ([*make, str(folder)], [*install, *pinned]):
                run(argv, what=f"{tool.name} could not be installed", hint="check the network, then run this again")
            mark.touch()
        link(self.ready / "bin" / tool.command, folder / "bin" / tool.command)
        return str(folder / "bin" / tool.command)

    def sync_python(self, groups: set[str]) -> None:
        """Install into the recipes' own Python environment what uv.lock pins, with these dependency groups."""
        pins = hashlib.sha256((ROOT / "uv.lock").read_bytes() + sys.version.encode()).hexdigest()
        environment = self.cache / "venv" / pins[:16]
        asked, whole = environment.with_suffix(".groups"), environment / "whole"
        have = set(asked.read_text().split()) if asked.exists() else set()
        if not (whole.exists() and (environment / "bin/python").exists() and groups <= have):
            needed = sorted(groups | have)
            say(f"installing the Python packages of uv.lock{f' (with {chr(44).join(needed)})' if needed else ''}")
            with made_beside(asked) as temporary:  # a run that is interrupted now takes no group away from the next one
                temporary.write_text(" ".join(needed))
            whole.unlink(missing_ok=True)
            run(
                ["uv", "sync", "--frozen", "--no-default-groups", *(f"--group={group}" for group in needed)],
                what="the Python packages could not be installed",
                hint="check the network, then run this again",
                env={
                    "UV_PROJECT_ENVIRONMENT": str(environment), "UV_PYTHON": sys.executable,
                    "UV_PYTHON_DOWNLOADS": "never", "VIRTUAL_ENV": "",
                },
            )  # fmt: skip
            whole.touch()
        link(self.ready / "venv", environment)


def restricted() -> str:
    """Return why this user cannot run containers if AppArmor is the reason; otherwise empty."""
    podman = shutil.which("podman") or "podman"
    restricts = USERNS_SWITCH.exists() and USERNS_SWITCH.read_text().strip() == "1"
    if os.geteuid() == 0 or not restricts or podman == "/usr/bin/podman":
        return ""
    return f"AppArmor lets ordinary users make user namespaces only with /usr/bin/podman, and this is {podman}"


def link(path: Path, target: Path) -> None:
    """Point the link `path` at `target` atomically."""
    with made_beside(path) as temporary:
        temporary.symlink_to(target)
