"""docs/install.md: its extras, versions and commands are those of pyproject.toml."""

from __future__ import annotations

import re

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

from ..docs.pages import code, names_in, section, text
from .project import EXTRAS, NEEDS, PROJECT

COMMANDS = "".join(code("install", "sh"))


def test_every_extra_is_described_and_no_other() -> None:
    assert names_in(section("install", "## Extras")) == set(EXTRAS)


def test_every_extra_that_the_pages_name_exists() -> None:
    for page in ("install", "backends", "tables", "many-machines"):
        named = re.findall(r"(?:gan-eval|\.)\[([a-z,-]+)\]'", text(page))
        assert named
        assert {extra for one in named for extra in one.split(",")} <= set(EXTRAS), page


def test_versions_are_those_of_the_project() -> None:
    (torch,) = re.findall(r"'(torch[^']+)'", COMMANDS)
    assert Requirement(torch).specifier == NEEDS["torch"].specifier
    assert set(re.findall(r"gan_eval-([\d.]+)-py3", text("install"))) == {PROJECT["version"]}
    (least,) = re.findall(r"needs Python ([\d.]+) or later", text("install"))
    assert SpecifierSet(f">={least}") == SpecifierSet(PROJECT["requires-python"])
    tested = re.findall(r"Python :: (3\.\d+)", "\n".join(PROJECT["classifiers"]))
    assert f"made for {tested[0]} to {tested[-1]}" in text("install")
