"""The conda recipe, held against pyproject.toml: names, versions, requirements, what is tested."""

from __future__ import annotations

import re
import shlex
from typing import Any

import pytest
from packaging.specifiers import SpecifierSet

from gan_eval.cli.reference import commands

from .project import NEEDS, PROJECT, ROOT, SETTINGS

yaml = pytest.importorskip("yaml")
RECIPE: dict[str, Any] = yaml.safe_load((ROOT / "conda/recipe/recipe.yaml").read_text("utf-8"))
CALLED = {"torch": "pytorch", "seaborn": "seaborn-base"}
"""Packages whose name on conda-forge is another one."""


def filled(text: str) -> str:
    """A text with the recipe's own variables put in."""
    return re.sub(r"\$\{\{ (\w+) \}\}", lambda m: RECIPE["context"].get(m[1], m[0]), text)


def specified(lines: list[str]) -> dict[str, SpecifierSet]:
    """Requirements of conda: a name, and after a blank its versions."""
    words = (filled(line).partition(" ") for line in lines)
    return {name: SpecifierSet(f"=={v}" if v.endswith(".*") else v) for name, _, v in words}


def test_it_is_the_project_in_this_version() -> None:
    assert RECIPE["schema_version"] == 1
    assert RECIPE["package"]["name"] == PROJECT["name"]
    assert filled(RECIPE["package"]["version"]) == PROJECT["version"]
    about = RECIPE["about"]
    assert (about["summary"], about["license"]) == (PROJECT["description"], PROJECT["license"])
    assert [about["license_file"]] == PROJECT["license-files"]
    assert (ROOT / "conda" / "recipe" / RECIPE["source"]["path"]).resolve() == ROOT.resolve()


def test_it_needs_what_the_project_needs_and_nothing_else() -> None:
    needs = specified(RECIPE["requirements"]["run"])
    assert needs.pop("python") == SpecifierSet(PROJECT["requires-python"])
    assert needs == {CALLED.get(name, name): one.specifier for name, one in NEEDS.items()}


def test_it_is_built_by_the_projects_builder_for_every_platform() -> None:
    builds = specified(RECIPE["requirements"]["host"])
    (builder,) = SETTINGS["build-system"]["requires"]
    assert f"hatchling{builds['hatchling']}" == builder
    assert set(builds) == {"python", "pip", "hatchling"}
    assert f">={RECIPE['context']['python_min']}" == PROJECT["requires-python"]
    assert RECIPE["build"]["noarch"] == "python"
    assert "--no-deps --no-build-isolation" in RECIPE["build"]["script"]
    entries = dict(line.split(" = ") for line in RECIPE["build"]["python"]["entry_points"])
    assert entries == PROJECT["scripts"]


def test_what_it_tests_can_be_run() -> None:
    (imports,) = [one["python"] for one in RECIPE["tests"] if "python" in one]
    assert imports["pip_check"] is True
    assert "gan_eval" in imports["imports"]
    for line in next(one["script"] for one in RECIPE["tests"] if "script" in one):
        program, *words = shlex.split(line)
        assert program in PROJECT["scripts"]
        assert words[0] in ("--version", *commands())
