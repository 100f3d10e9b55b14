"""mkdocs.yml: what the site is built with fetches nothing, and is grouped for people."""

from __future__ import annotations

import re
import tomllib
from configparser import ConfigParser

from .pages import ROOT

SETTINGS = (ROOT / "mkdocs.yml").read_text("utf-8")
PEOPLE = ("Start here", "I teach the chapter", "I have a model", "I benchmark machines")


def test_the_site_fetches_no_font_and_nothing_else() -> None:
    assert re.search(r"^  font: false$", SETTINGS, re.M)
    assert "://" not in SETTINGS
    assert not re.search(r"^extra_(?:css|javascript):", SETTINGS, re.M)


def test_a_dead_link_or_anchor_fails_the_build() -> None:
    assert re.search(r"^strict: true$", SETTINGS, re.M)
    assert re.search(r"^validation:\n  anchors: warn$", SETTINGS, re.M)
    tox = ConfigParser(interpolation=None)
    tox.read(ROOT / "tox.ini", encoding="utf-8")
    assert "--strict" in tox["testenv:docs"]["commands"]


def test_the_navigation_begins_with_people() -> None:
    groups = re.findall(r"^  - (.+):$", SETTINGS.partition("\nnav:\n")[2], re.M)
    assert tuple(groups[:4]) == PEOPLE


def test_versions_are_kept_by_what_the_group_installs() -> None:
    assert re.search(r"^  version:\n    provider: mike$", SETTINGS, re.M)
    groups = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["dependency-groups"]
    assert {re.split("[<>=]", one)[0] for one in groups["docs"]} == {"mkdocs-material", "mike"}
