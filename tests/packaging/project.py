"""``pyproject.toml``, and its requirements by their names."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement

ROOT = Path(__file__).parents[2]
SETTINGS: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
PROJECT: dict[str, Any] = SETTINGS["project"]


def requirements(lines: list[str]) -> dict[str, Requirement]:
    """Requirements by their names."""
    return {one.name: one for one in map(Requirement, lines)}


NEEDS = requirements(PROJECT["dependencies"])
EXTRAS = PROJECT["optional-dependencies"]
