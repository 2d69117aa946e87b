"""The table of secret_kinds.yaml: kinds and places of secrets, with what must be found and what must pass."""

from dataclasses import dataclass
from pathlib import Path

from ruamel.yaml import YAML

from tasks.model.install.ignition import Entry


@dataclass(frozen=True, slots=True)
class Kind:
    """A row of the table; `scanner`: our own rules do not know the form of its secrets, but gitleaks' rules do."""

    name: str
    path: str
    secret: tuple[str, ...]
    public: tuple[str, ...]
    scanner: bool


def table() -> tuple[Kind, ...]:
    """Read the table."""
    rows = YAML(typ="safe").load(Path(__file__).with_suffix(".yaml").read_text().replace("¦", ""))
    return tuple(
        Kind(name, row["path"], tuple(row["secret"]), tuple(row["public"]), scanner=row.get("scanner", False))
        for name, row in rows.items()
    )


def in_file(path: str, content: str) -> Entry:
    """The entry of an Ignition file that gives that content to a file on the machine."""
    return Entry(("storage", f"files[{path}]", "contents", "source"), content)
