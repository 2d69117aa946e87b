"""Gets what the lab's images are made from: Debian's packages and sources, from this machine's own mirror."""

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
    """Make a root file system of some packages as a tar file, without documents; `hooks` are mmdebstrap's options."""
    # Remove documents at the end: with dpkg's path-exclude, mmdebstrap filters each package through Python.
    no_documents = f'--customize-hook=cd "$1/usr/share" && rm -rf {" ".join(_DOCUMENTS)}'
    options = ["--mode=root", "--variant=essential", f"--include={packages}", no_documents, "--dpkgopt=force-unsafe-io"]
    argv = ["mmdebstrap", *options, *hooks, '--aptopt=Apt::Install-Recommends "false"', codename()]

    def make(target: Path) -> None:
        with workshop(target) as shop:
            call([*NAMESPACES, *argv, str(target / "root.tar"), *map(str, _sources())], env=shop.env)

    return cache.entry(name, argv, make) / "root.tar"


def bare(codename: str) -> Path:
    """Make a Debian release's root as a tar file, as if just installed: apt, certificates, git and sudo."""
    options = ["--mode=root", "--variant=minbase", "--include=ca-certificates,git,sudo"]
    argv = ["mmdebstrap", *options, '--aptopt=Apt::Install-Recommends "false"', codename]

    def make(target: Path) -> None:
        line = f"deb {_mirror()} {codename} main"
        with workshop(target) as shop:
            call([*NAMESPACES, *argv, str(target / "root.tar"), line], env=shop.env)

    return cache.entry(f"bare-{codename}", argv, make) / "root.tar"


def require_release(world: str) -> None:
    """Stop unless this machine's packages can make the kernel of that world."""
    if codename() != _RELEASE:
        system = platform.freedesktop_os_release().get("PRETTY_NAME", "another system")
        why = f"its kernel and machines are made from Debian 12's packages, but this is {system}"
        hint = "run it on Debian 12; everything except boot and its worlds works here too: ./inv rehearse"
        raise TaskError(f"the world {world} cannot be made here", why, hint)


def linux_source(series: str) -> Path:
    """Get Debian's source of a kernel series: linux-source-SERIES.tar.xz."""
    name = f"linux-source-{series}"

    def make(target: Path) -> None:
        with workshop(target) as shop:
            text = "".join(path.read_text() + "\n" for path in _sources() if path.suffix == ".sources")
            (shop.context / "own.sources").write_text(text)
            lines = "".join(path.read_text() + "\n" for path in _sources() if path.suffix == ".list")
            (shop.context / "own.list").write_text(lines)
            _apt(shop.context, "download", name)
            package = next(shop.context.glob(f"{name}_*.deb"))
            call(["dpkg-deb", "--extract", str(package), str(shop.context / "unpacked")])
            (shop.context / f"unpacked/usr/src/{name}.tar.xz").rename(target / f"{name}.tar.xz")

    return cache.entry(name, [name], make) / f"{name}.tar.xz"


def openzfs_source(version: str, sha256: str) -> Path:
    """Get OpenZFS's own tarball of a release, which Debian keeps with its packages."""

    def make(target: Path) -> None:
        with workshop(target) as shop:
            folder = shop.context
            mirror = _mirror()
            rows = (f"deb-src {mirror} {suite} contrib\n" for suite in _OPENZFS_SUITES)
            (folder / "own.list").write_text("".join(rows))
            output = _apt(folder, "showsrc", "zfs-linux", program="apt-cache")
            match = re.search(rf"^Version: ({re.escape(version)}-\S+)$", output, re.MULTILINE)
            if match is None:
                available = ", ".join(sorted(set(re.findall(r"^Version: (\S+)$", output, re.MULTILINE))))
                hint = "put a version that Debian has into lab/worlds/source.toml"
                raise TaskError(f"Debian has no source of OpenZFS {version}", f"it has {available or 'none'}", hint)
            _apt(folder, "source", "--tar-only", f"zfs-linux={match[1]}")
            tarball = next(folder.glob("zfs-linux_*.orig.tar.gz"))
            if hashlib.sha256(tarball.read_bytes()).hexdigest() != sha256:
                hint = "inspect the new tarball before you put its sha256 into lab/worlds/source.toml"
                raise TaskError(f"the source of OpenZFS {version} has changed", f"its sha256 is not {sha256}", hint)
            tarball.rename(target / "zfs.tar.gz")

    return cache.entry(f"openzfs-{version}", [sha256], make) / "zfs.tar.gz"


def _apt(folder: Path, *arguments: str, program: str = "apt-get") -> str:
    """Run apt in a folder, with the package sources in that folder and its own lists."""
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
    """Return the codename of this machine's system, `bookworm`: the lab uses its package lists."""
    return platform.freedesktop_os_release().get("VERSION_CODENAME", "")


def require_family() -> None:
    """Stop unless this machine has package sources to make a root file system from."""
    if not _sources():
        system = platform.freedesktop_os_release().get("PRETTY_NAME", "another system")
        why = f"it is made from the packages of Debian or Ubuntu, but this is {system}"
        hint = "run it on Debian 12 or 13; recipes that need no lab work here: ./inv doctor"
        raise TaskError("the lab cannot be made here", why, hint)


@dataclass(frozen=True, slots=True)
class Archive:
    """A package archive that apt knows: its address, its contents, and the signature that it must have."""

    address: str
    suites: tuple[str, ...]
    components: tuple[str, ...]
    signed_by: str  # a file; empty: the keys that apt trusts

    @classmethod
    def parse(cls, text: str) -> "tuple[Archive, ...]":
        """Parse the archives in one of apt's files, in either format: stanzas of fields, or one line for each."""
        stanzas = [cls._of_stanza(stanza) for stanza in re.split(r"\n\s*\n", text)]
        lines = [cls._of_line(*match) for match in _LINE.findall(text)]
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
        """Options and address, as the start of apt's line; a list of mirrors counts as its first mirror."""
        address = self.address
        if address.startswith("mirror+file:"):
            mirrors = Path(address.removeprefix("mirror+file:")).read_text().split("\n")
            address = next(line.split()[0] for line in mirrors if line.strip() and not line.startswith("#"))
        return f"[signed-by={self.signed_by}] {address}" if self.signed_by else address


_FIELD = re.compile(r"^([A-Za-z-]+):[ \t]*(.*)$", re.MULTILINE)
_LINE = re.compile(r"^deb[ \t]+(?:\[(.*?)\][ \t]+)?(\S+)[ \t]+(\S+)[ \t]+(.*)$", re.MULTILINE)
_DEBIAN = Archive("http://deb.debian.org/debian", (), (), "/usr/share/keyrings/debian-archive-keyring.gpg")


def _sources() -> list[Path]:
    """List this machine's package sources for its own system; others would not fit into a root file system."""
    files = [Path("/etc/apt/sources.list"), *sorted(Path("/etc/apt/sources.list.d").glob("*.[ls]*"))]
    suites = re.compile(rf"{re.escape(codename())}(-\w+)*")
    return [
        path
        for path in files
        if path.is_file()
        and any(
            "main" in archive.components and any(map(suites.fullmatch, archive.suites))
            for archive in Archive.parse(path.read_text())
        )
    ]


def _mirror() -> str:
    """Return Debian's archive as the start of apt's line: this machine's mirror, or Debian's own on other systems."""
    if platform.freedesktop_os_release().get("ID") == "debian":
        known = [archive for path in _sources() for archive in Archive.parse(path.read_text())]
        own = next((archive for archive in known if archive.is_base(codename())), None)
        if own is None:
            hint = "add Debian's archive to /etc/apt/sources.list.d"
            raise TaskError("this machine has no package source", "no line in /etc/apt has an address", hint)
        return own.line
    if not Path(_DEBIAN.signed_by).exists():
        why = f"{_DEBIAN.signed_by} is missing"
        raise TaskError("Debian's signatures cannot be checked", why, "sudo apt-get install debian-archive-keyring")
    return _DEBIAN.line
