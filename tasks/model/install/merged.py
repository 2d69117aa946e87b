"""What Ignition makes of a config on the first boot: embedded configs merged into one, and what is wrong with it."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import PurePosixPath
from posixpath import normpath
from typing import Any, Self

from tasks.model.certificates import CERTIFICATES
from tasks.model.install.firstboot import is_harmless
from tasks.model.install.ignition import Path, decode, is_remote, named
from tasks.model.signing import KEYS, PERSONAL, POLICY, REDIRECTS, REGISTRIES, HostFiles

NO_SWITCH = "the machine would never switch, or to another image: leave it out, or use ./inv ignition --no-switch"
_REPORT = re.compile(
    r"(error|warning) at (\$(?P<path>[^,:]*)(, )?)?(line (?P<line>\d+) col \d+)?: (?P<why>.*)", re.DOTALL
)
_MEANS = {  # what Ignition says about an embedded config, and what that means
    "invalid character": "it is no Ignition config, and Butane is not translated here",
    "invalid config version": "it is no Ignition config, because it has no ignition.version such as 3.5.0",
    "unsupported config version": "Ignition reads no config of its version, which must be 3.0.0 or newer",
    "util.versionStub": "it is no Ignition config, which is a JSON object with ignition.version such as 3.5.0",
}
_WRONG_KIND = re.compile(r"json: cannot unmarshal (\w+) into Go struct field \w+\.(\S+) of type (\S+)")
_IN_WORDS = {
    "string": "a text", "int": "a number", "number": "a number", "bool": "true or false", "array": "a list",
    "object": "an object",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Finding:
    """Something wrong: the Ignition path of its place, and why; in an embedded config also its line there, else 0."""

    path: Path
    why: str
    line: int = 0


@dataclass(frozen=True)
class Merged:
    """The merged config, the addresses that only the machine fetches, and what Ignition says about it."""

    config: Mapping[str, Any]
    remote: tuple[str, ...]
    faults: tuple[Finding, ...]
    warnings: tuple[Finding, ...]

    @classmethod
    def parse(cls, answer: Mapping[str, Any], document: Mapping[str, Any]) -> Self:
        """Read the answer of ignition-merge about a document."""
        places = {kind: tuple(_placed(row, document, answer["config"]) for row in answer[kind]) for kind in _KINDS}
        return cls(answer["config"], tuple(answer["remote"]), places["faults"], places["warnings"])

    def items(self, *path: str) -> list[Mapping[str, Any]]:
        """The items of a list, such as `storage`, `files`; empty if it is missing."""
        value: Any = self.config
        for key in path:
            value = value.get(key) or {}
        return value or []

    def content(self, path: str) -> str | None:
        """What a file has after the first boot, with what is appended; None if the config does not write it."""
        return self._contents.get(plain(path))

    def read(self, path: str) -> str | None:
        """What a program reads at a path, also through a link; None if nobody knows it here.

        That is so if the config says nothing about it, or the machine fetches it.
        """
        link = self._links.get(plain(path))
        if link is not None:
            target = normpath(PurePosixPath(path).parent / str(link.get("target") or ""))
            return "" if target == "/dev/null" else self._written(target)
        return self._written(path)

    def _written(self, path: str) -> str | None:
        file = self._files.get(plain(path))
        return None if file is None or fetched(file) else self.content(path)

    @cached_property
    def _files(self) -> Mapping[str, Mapping[str, Any]]:
        """The files by their paths; every question about one would go through all of them otherwise."""
        return {plain(file["path"]): file for file in self.items("storage", "files")}

    @cached_property
    def _contents(self) -> Mapping[str, str]:
        return {path: "".join(map(_decoded, parts(file))) for path, file in self._files.items()}

    @cached_property
    def _links(self) -> Mapping[str, Mapping[str, Any]]:
        return {plain(link["path"]): link for link in self.items("storage", "links")}

    def host_files(self) -> HostFiles:
        """The keys, the policy and the certificates that a machine has after the first boot, where they are known.

        A file for root alone counts even if it is not: it takes the place of the others.
        """
        read = {path: self._written(path) for path in self._files if path.startswith(_DECIDING)}
        personal = {path: "" for path in self._files if path.startswith(_PERSONAL)}
        certificates = {
            path: self.read(path) for path in (*self._files, *self._links) if path.startswith(_CERTIFICATES)
        }
        known = {**personal, **read, **_whole(certificates)}
        return HostFiles({path[1:]: text.encode() for path, text in known.items() if text is not None})


_PERSONAL = tuple(f"/{place}" for place in PERSONAL)
_CERTIFICATES = tuple(f"/{place}" for place in CERTIFICATES)
_DECIDING = tuple(f"/{place}" for place in (POLICY, f"{REGISTRIES}/", f"{KEYS}/", *REDIRECTS))


def _whole(certificates: Mapping[str, str | None]) -> dict[str, str | None]:
    """The certificates of every folder that is known: half of one says nothing about its other half."""
    unknown = {path.rpartition("/")[0] for path, text in certificates.items() if text is None}
    return {path: text for path, text in certificates.items() if path.rpartition("/")[0] not in unknown}


_KINDS = ("faults", "warnings")


@cache
def plain(path: str) -> str:
    """The same path as PurePosixPath writes it, without empty parts and dots."""
    return str(PurePosixPath(path))


def fetched(file: Mapping[str, Any]) -> tuple[str, ...]:
    """The addresses from which the machine fetches parts of a file."""
    return tuple(part["source"] for part in parts(file) if is_remote(part["source"]))


def parts(file: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """What a file is made of: its contents, and what is appended."""
    return [part for part in (file.get("contents") or {}, *(file.get("append") or [])) if part.get("source")]


def given_away(item: Mapping[str, Any], *who: str) -> bool:
    """Whether a file or a folder belongs to another `user` or `group` than root."""
    owners = [item.get(key) or {} for key in who]
    return any(owner.get("id") or owner.get("name") not in (None, "", "root") for owner in owners)


def _decoded(resource: Mapping[str, Any]) -> str:
    return decode(resource.get("source") or "", compressed=resource.get("compression") == "gzip")


def _placed(row: Mapping[str, str], document: Mapping[str, Any], whole: Mapping[str, Any]) -> Finding:
    """Name the place by its items' names; Ignition counts them."""
    matched = _REPORT.fullmatch(row["why"].removeprefix(_AFTER))
    child = ("ignition", "config", *row["path"].split(".")) if row["path"] else ()
    if child:
        return _in_child(child, matched, row["why"])
    if matched is None:
        return Finding(child, row["why"])
    merged = row["why"].startswith(_AFTER)
    path = named((matched["path"] or "").strip(".").split("."), whole if merged else document)
    why = f"{matched['why']} (once every config is merged)" if merged else matched["why"]
    return Finding(path, why)


_AFTER = "after merging: "


def _in_child(child: Path, matched: "re.Match[str] | None", words: str) -> Finding:
    """What is wrong in an embedded config, with its place there."""
    why, line = (matched["why"], int(matched["line"] or 0)) if matched else (words, 0)
    path = (matched["path"] or "").lstrip(".") if matched else ""
    within = ", ".join(part for part in (path, f"line {line} of that config" if line else "") if part)
    return Finding(child, f"{_meaning(why)}{why}{f' ({within})' if within else ''}", line)


def _meaning(why: str) -> str:
    """What Ignition's words mean, to put before them; empty if they are plain."""
    if wrong := _WRONG_KIND.search(why):
        found, path, kind = wrong.groups()
        wanted = "a list" if kind.startswith("[]") else _IN_WORDS.get(kind, "an object")
        return f"{path} must be {wanted}, and is {_IN_WORDS.get(found, found)}: "
    return next((f"{meaning}: " for form, meaning in _MEANS.items() if form in why), "")


def displaced(merged: Merged, ours: Mapping[str, Any]) -> Iterator[Finding]:
    """Where another config changes a file or a unit of ours, which the machine needs to switch and to update."""
    for file in ours.get("storage", {}).get("files", []):
        place, path = ("storage", f"files[{file['path']}]"), file["path"]
        found = next((each for each in merged.items("storage", "files") if each["path"] == path), {})
        if merged.content(path) != _decoded(file["contents"]) or found.get("mode") != file["mode"]:
            yield Finding(place, "this changes a file that the machine needs to switch and to update: leave it out")
        elif given_away(found, "user", "group"):
            yield Finding(place, "this gives a file that protects the machine to another user: leave it out")
    for unit in ours.get("systemd", {}).get("units", []):
        found = next((each for each in merged.items("systemd", "units") if each["name"] == unit["name"]), {})
        other = found.get("contents") != unit.get("contents") or _counting(found, unit) != (unit.get("dropins") or [])
        if found.get("mask") or not found.get("enabled") or other:
            yield Finding(("systemd", f"units[{unit['name']}]"), NO_SWITCH)


def _counting(found: Mapping[str, Any], ours: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The drop-ins of a unit: ours, and what another config adds, unless that leaves alone what the unit does."""
    names = [drop_in["name"] for drop_in in ours.get("dropins") or []]
    drop_ins: list[Mapping[str, Any]] = found.get("dropins") or []
    return [each for each in drop_ins if each["name"] in names or not is_harmless(each.get("contents") or "")]
