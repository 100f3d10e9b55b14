"""docs/architecture.md: the packages that it names are there, in the order that CI holds."""

from __future__ import annotations

import tomllib

from .pages import ROOT, names_in, section, table_rows


def test_the_packages_are_the_folders_in_the_order_of_their_imports() -> None:
    page = section("architecture", "## The twelve packages")
    named = [row[0].strip("`") for row in table_rows(page) if row[0].startswith("`")]
    folders = {path.parent.name for path in (ROOT / "gan_eval").glob("*/__init__.py")}
    assert set(named) == folders == names_in(page)
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]
    (layers,) = (
        contract["layers"] for contract in contracts["contracts"] if contract["id"] == "layers"
    )
    assert named == layers[::-1]
