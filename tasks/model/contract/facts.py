"""The facts about an image's contents, as the probe inside it reports them."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from tasks.model.contract.tree import Tree, unit_files, unpack
from tasks.model.errors import TaskError
from tasks.model.signing import HostFiles
from tasks.model.systemd import UnitFiles


@dataclass(frozen=True, kw_only=True, slots=True)
class ImageFacts:
    """The facts that the probe found inside an image, and the image's labels."""

    facts: Mapping[str, tuple[str, ...]]
    labels: Mapping[str, str]

    @classmethod
    def parse(cls, answer: str, labels: Mapping[str, str]) -> Self:
        """Read the probe's `NAME<tab>VALUE` lines; an answer without its last line is incomplete."""
        facts: dict[str, list[str]] = {}
        for line in answer.splitlines():
            name, _, value = line.partition("\t")
            facts.setdefault(name, []).append(value.strip())
        if "end" not in facts:
            raise TaskError(
                "the image could not be inspected", "the probe inside it stopped half-way",
                "look yourself: podman run --rm -it --network=none IMAGE sh",
            )  # fmt: skip
        return cls(facts={name: tuple(values) for name, values in facts.items()}, labels=labels)

    def all(self, name: str) -> tuple[str, ...]:
        """Every value of a fact."""
        return self.facts.get(name, ())

    def one(self, name: str) -> str:
        """A fact's first value; empty if it has none."""
        return next(iter(self.all(name)), "")

    @property
    def kernel(self) -> str:
        """The kernel whose modules the image has; empty unless there is exactly one."""
        trees = self.all("kernel-tree")
        return trees[0] if len(trees) == 1 else ""

    @property
    def packages(self) -> dict[str, tuple[str, str]]:
        """Version and VERSION-RELEASE.ARCH by package name."""
        rows = (row.split() for row in self.all("package"))
        return {row[0]: (row[1], row[2]) for row in rows if len(row) == 3}  # noqa: PLR2004  (name, version, full)

    @property
    def units(self) -> dict[str, str]:
        """State by unit, as `systemctl is-enabled` reports it."""
        return {unit: state for unit, _, state in (row.partition(" ") for row in self.all("unit"))}

    @property
    def tree(self) -> Tree:
        """The configuration files and scripts."""
        return unpack(self.one("tree"))

    @property
    def unit_files(self) -> UnitFiles:
        """The unit files, as systemd reads them."""
        return unit_files(self.one("tree"))

    def has(self, path: str) -> bool | None:
        """Whether the image has a path that a unit's condition names."""
        return path in self.all("exists")

    def preset(self, file: str) -> dict[str, str]:
        """`enable` or `disable` by unit, from one preset file."""
        rows = (row.split() for row in self.all("preset"))
        return {row[1]: row[2] for row in rows if row[0] == file}

    def modes(self, name: str) -> dict[str, str]:
        """Mode by path, in octal digits as stat prints it."""
        return {path: mode for mode, _, path in (row.partition(" ") for row in self.all(name)) if path}

    @property
    def host_files(self) -> HostFiles:
        """The keys and policy with which a host that runs the image checks the next one."""
        rows = (row.partition(":") for row in self.all("host-file"))
        return HostFiles({path: base64.b64decode(content) for content, _, path in rows})
