"""docs/architecture.md and CONTRIBUTING.md: the packages and files that they name are there."""

from __future__ import annotations

import re
import tomllib

from .pages import ROOT, names_in, section, table_rows


def test_the_packages_are_the_folders_in_the_order_of_their_imports() -> None:
    page = section("architecture", "## The fourteen packages")
    named = [row[0].strip("`") for row in table_rows(page) if row[0].startswith("`")]
    folders = {path.parent.name for path in (ROOT / "gan_eval").glob("*/__init__.py")}
    assert set(named) == folders == names_in(page)
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]
    (layers,) = (
        contract["layers"] for contract in contracts["contracts"] if contract["id"] == "layers"
    )
    assert named == layers[::-1]


def test_the_files_and_folders_that_a_newcomer_is_sent_to_are_there() -> None:
    for page in ("CONTRIBUTING.md", "docs/architecture.md"):
        named = re.findall(r"`([\w./]+/(?:[\w.]+)?)`", (ROOT / page).read_text("utf-8"))
        assert named, page
        for path in set(named) - {"reports/benchmarks/"}:  # made when they are run
            assert (ROOT / path).exists() or (ROOT / "gan_eval" / path).exists(), path
