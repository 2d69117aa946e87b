"""The import contracts of pyproject.toml cover all modules, including new ones."""

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
