"""What the lab's images are made of: Debian's packages and sources, from this machine's own mirror."""

import hashlib
import platform
import re
from dataclasses import dataclass
from pathlib import Path

from lab.make import cache
from lab.make.podman import NAMESPACES, workshop
from lab.make.tool import call
from tasks.model.errors import TaskError

_RELEASE = "bookworm"
_OPENZFS_SUITES = ("bookworm-backports", "trixie", "trixie-backports", "sid")
_DOCUMENTS = ("doc", "man", "locale", "info")


def root(name: str, packages: str, *hooks: str) -> Path:
    """A root file system of some packages as a tar file, without documents; `hooks` are mmdebstrap's options."""
    # removed in the end: dpkg's own path-exclude makes mmdebstrap read each package through a filter in Python
    left_out = f'--customize-hook=cd "$1/usr/share" && rm -rf {" ".join(_DOCUMENTS)}'
    options = ["--mode=root", "--variant=essential", f"--include={packages}", left_out, "--dpkgopt=force-unsafe-io"]
    argv = ["mmdebstrap", *options, *hooks, '--aptopt=Apt::Install-Recommends "false"', codename()]

    def make(target: Path) -> None:
        with workshop(target) as here:
            call([*NAMESPACES, *argv, str(target / "root.tar"), *map(str, _sources())], env=here.env)

    return cache.entry(name, argv, make) / "root.tar"


def bare(codename: str) -> Path:
    """A root of a Debian release as a tar file, as it is after installation: apt, certificates, git and sudo."""
    options = ["--mode=root", "--variant=minbase", "--include=ca-certificates,git,sudo"]
    argv = ["mmdebstrap", *options, '--aptopt=Apt::Install-Recommends "false"', codename]

    def make(target: Path) -> None:
        line = f"deb {_mirror()} {codename} main"
        with workshop(target) as here:
            call([*NAMESPACES, *argv, str(target / "root.tar"), line], env=here.env)

    return cache.entry(f"bare-{codename}", argv, make) / "root.tar"


def require_release(world: str) -> None:
    """Stop unless this machine's packages are those that a world with a kernel of its own is made of."""
    if codename() != _RELEASE:
        here = platform.freedesktop_os_release().get("PRETTY_NAME", "another system")
        why = f"its kernel and its machines are made of Debian 12's packages, and this is {here}"
        hint = "call it on Debian 12; everything but boot and its worlds works here too: ./inv rehearse"
        raise TaskError(f"the world {world} cannot be made here", why, hint)


def linux_source(series: str) -> Path:
    """The source of a kernel series as Debian has it: linux-source-SERIES.tar.xz."""
    name = f"linux-source-{series}"

    def make(target: Path) -> None:
        with workshop(target) as here:
            text = "".join(path.read_text() + "\n" for path in _sources() if path.suffix == ".sources")
            (here.context / "own.sources").write_text(text)
            lines = "".join(path.read_text() + "\n" for path in _sources() if path.suffix == ".list")
            (here.context / "own.list").write_text(lines)
            _apt(here.context, "download", name)
            package = next(here.context.glob(f"{name}_*.deb"))
            call(["dpkg-deb", "--extract", str(package), str(here.context / "unpacked")])
            (here.context / f"unpacked/usr/src/{name}.tar.xz").rename(target / f"{name}.tar.xz")

    return cache.entry(name, [name], make) / f"{name}.tar.xz"


def openzfs_source(version: str, sha256: str) -> Path:
    """OpenZFS's own tarball of a release, which Debian keeps with its packages."""

    def make(target: Path) -> None:
        with workshop(target) as here:
            folder = here.context
            mirror = _mirror()
            rows = (f"deb-src {mirror} {suite} contrib\n" for suite in _OPENZFS_SUITES)
            (folder / "own.list").write_text("".join(rows))
            listed = _apt(folder, "showsrc", "zfs-linux", program="apt-cache")
            found = re.search(rf"^Version: ({re.escape(version)}-\S+)$", listed, re.MULTILINE)
            if found is None:
                have = ", ".join(sorted(set(re.findall(r"^Version: (\S+)$", listed, re.MULTILINE))))
                hint = "write a version that it has into lab/worlds/source.toml"
                raise TaskError(f"Debian has no source of OpenZFS {version}", f"it has {have or 'none'}", hint)
            _apt(folder, "source", "--tar-only", f"zfs-linux={found[1]}")
            tarball = next(folder.glob("zfs-linux_*.orig.tar.gz"))
            if hashlib.sha256(tarball.read_bytes()).hexdigest() != sha256:
                hint = "look at what came before its sha256 is written into lab/worlds/source.toml"
                raise TaskError(f"the source of OpenZFS {version} is not what it was", f"it is not {sha256}", hint)
            tarball.rename(target / "zfs.tar.gz")

    return cache.entry(f"openzfs-{version}", [sha256], make) / "zfs.tar.gz"


def _apt(folder: Path, *arguments: str, program: str = "apt-get") -> str:
    """Run apt in a folder with the sources in there, and with lists of its own."""
    lists, archives = folder / "lists/partial", folder / "cache/archives/partial"
    options = {
        "Dir::Etc::sourcelist": folder / "own.list", "Dir::Etc::sourceparts": folder / "parts",
        "Dir::State::lists": lists.parent, "Dir::Cache": folder / "cache", "APT::Sandbox::User": "root",
    }  # fmt: skip
    words = [word for name, value in options.items() for word in ("-o", f"{name}={value}")]
    if not lists.exists():
        for each in (lists, archives, folder / "parts"):
            each.mkdir(parents=True)
        if (folder / "own.sources").exists():
            (folder / "own.sources").rename(folder / "parts/own.sources")
        call(["apt-get", *words, "--quiet", "update"], cwd=str(folder))
    return call([program, *words, "--quiet", *arguments], cwd=str(folder))


def codename() -> str:
    """The codename of this machine's own system, `bookworm`: its package lists are used."""
    return platform.freedesktop_os_release().get("VERSION_CODENAME", "")


def require_family() -> None:
    """Stop unless this machine has package sources that a root file system can be made from."""
    if not _sources():
        here = platform.freedesktop_os_release().get("PRETTY_NAME", "another system")
        why = f"it is made of the packages of Debian or Ubuntu, and this is {here}"
        hint = "call it on Debian 12 or 13; what needs no lab works here: ./inv doctor"
        raise TaskError("the lab cannot be made here", why, hint)


@dataclass(frozen=True, slots=True)
class Archive:
    """One archive of packages that apt knows: where it is, what it holds, and whose signature it must have."""

    address: str
    suites: tuple[str, ...]
    components: tuple[str, ...]
    signed_by: str  # a file, or nothing for the keys that apt trusts

    @classmethod
    def parse(cls, text: str) -> "tuple[Archive, ...]":
        """The archives of a file of apt's, in either form: stanzas of fields, or a line for each."""
        stanzas = [cls._of_stanza(stanza) for stanza in re.split(r"\n\s*\n", text)]
        lines = [cls._of_line(*found) for found in _LINE.findall(text)]
        return tuple(archive for archive in (*stanzas, *lines) if archive)

    @classmethod
    def _of_stanza(cls, stanza: str) -> "Archive | None":
        fields = {name.lower(): value.strip() for name, value in _FIELD.findall(stanza)}
        types, addresses = fields.get("types", "").split(), fields.get("uris", "").split()
        if "deb" not in types or not addresses or fields.get("enabled", "yes").lower() == "no":
            return None
        suites, components = fields.get("suites", "").split(), fields.get("components", "").split()
        signed = fields.get("signed-by", "")
        return cls(addresses[0], tuple(suites), tuple(components), signed if signed.startswith("/") else "")

    @classmethod
    def _of_line(cls, options: str, address: str, suite: str, components: str) -> "Archive":
        signed = re.search(r"signed-by=(\S+)", options)
        return cls(address, (suite,), tuple(components.split()), signed[1] if signed else "")

    def is_base(self, suite: str) -> bool:
        """Whether it is the distribution's own archive of a release, not another's or only its updates."""
        return suite in self.suites and "main" in self.components

    @property
    def line(self) -> str:
        """Options and address, as a line of apt's begins; a list of mirrors is followed to its first."""
        address = self.address
        if address.startswith("mirror+file:"):
            listed = Path(address.removeprefix("mirror+file:")).read_text().split("\n")
            address = next(line.split()[0] for line in listed if line.strip() and not line.startswith("#"))
        return f"[signed-by={self.signed_by}] {address}" if self.signed_by else address


_FIELD = re.compile(r"^([A-Za-z-]+):[ \t]*(.*)$", re.MULTILINE)
_LINE = re.compile(r"^deb[ \t]+(?:\[(.*?)\][ \t]+)?(\S+)[ \t]+(\S+)[ \t]+(.*)$", re.MULTILINE)
_DEBIAN = Archive("http://deb.debian.org/debian", (), (), "/usr/share/keyrings/debian-archive-keyring.gpg")


def _sources() -> list[Path]:
    """This machine's own package sources for its system; others would not fit into a root file system."""
    files = [Path("/etc/apt/sources.list"), *sorted(Path("/etc/apt/sources.list.d").glob("*.[ls]*"))]
    mine = re.compile(rf"{re.escape(codename())}(-\w+)*")
    return [
        path
        for path in files
        if path.is_file()
        and any(
            "main" in archive.components and any(map(mine.fullmatch, archive.suites))
            for archive in Archive.parse(path.read_text())
        )
    ]


def _mirror() -> str:
    """Debian's archive as a line of apt's begins: this machine's mirror, or Debian's own where this is no Debian."""
    if platform.freedesktop_os_release().get("ID") == "debian":
        known = [archive for path in _sources() for archive in Archive.parse(path.read_text())]
        own = next((archive for archive in known if archive.is_base(codename())), None)
        if own is None:
            hint = "name Debian's archive in /etc/apt/sources.list.d"
            raise TaskError("this machine names no package source", "/etc/apt has no line with an address", hint)
        return own.line
    if not Path(_DEBIAN.signed_by).exists():
        why = f"{_DEBIAN.signed_by} is missing"
        raise TaskError("Debian's packages cannot be checked", why, "sudo apt-get install debian-archive-keyring")
    return _DEBIAN.line
