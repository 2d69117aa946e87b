"""The import contracts of pyproject.toml cover all modules, including new ones."""

import ast
import re
import tomllib
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
CONTRACTS: dict[str, dict[str, Any]] = {
    contract["name"]: contract
    for contract in tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
}
ROOMS = {
    f"tasks.{path.stem}"
    for path in (ROOT / "tasks").iterdir()
    if path.suffix == ".py" or (path.is_dir() and any(path.rglob("*.py")))
}


def test_every_module_is_in_a_layer() -> None:
    """A new recipe module or package outside all layers would follow no rule."""
    layers = CONTRACTS["recipes, flows, clients, the model"]["layers"]
    assert {name.strip() for layer in layers for name in re.split("[|:]", layer)} == ROOMS
    assert len(layers) == 6


def test_the_lab_is_kept_from_all_but_the_model() -> None:
    """Its contract names every package of tasks except the model."""
    contract = CONTRACTS["the lab knows of the house only its model"]
    assert set(contract["forbidden_modules"]) == ROOMS - {"tasks.model"}


def loaded(module: str, found: set[str]) -> set[str]:
    """Return what a module imports while it loads, with what those import."""
    found.add(module)
    path = ROOT / f"{module.replace('.', '/')}.py"
    for node in ast.parse(path.read_text()).body if path.is_file() else []:
        names = [each.name for each in node.names] if isinstance(node, ast.Import | ast.ImportFrom) else []
        package = f"{node.module}." if isinstance(node, ast.ImportFrom) else ""
        for name in {*(f"{package}{name}" for name in names), *([package[:-1]] if package else [])} - found:
            loaded(name, found)
    return found


def test_the_ignition_file_is_made_without_what_speaks_to_registries() -> None:
    """Loading requests and all clients would take a third of the time that the recipe has."""
    modules = loaded("tasks.flows.ignition", set())
    assert "tasks.model.install.cautions" in modules
    assert not modules & {"requests", "rich", "jinja2", "tasks.clients.http", "tasks.clients.podman"}
