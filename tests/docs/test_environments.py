"""tox.ini and .ci/run: every environment is described and run, and every test in one of them."""

from __future__ import annotations

import re
from configparser import ConfigParser

import pytest

from .pages import ROOT

CI = (ROOT / ".ci" / "run").read_text("utf-8")
BY_HAND = {"bench", "report", "translate"}
"""Environments that test nothing."""


def environments() -> dict[str, str]:
    """The commands of each environment."""
    read = ConfigParser(interpolation=None)
    read.read(ROOT / "tox.ini", encoding="utf-8")
    found: dict[str, str] = {}
    for section in read.sections():
        names = section.partition("testenv:")[2].strip("{}")
        for name in filter(None, names.split(",")):
            # A word and a colon would be a condition, of an environment of that name.
            assert re.match(r"[^:\s]+\s", read[section]["description"])
            found[name] = read[section]["commands"]
    return found


def test_ci_runs_the_readmes_command_and_all_other_environments() -> None:
    readme = (ROOT / "README.md").read_text("utf-8")
    (command,) = re.findall(r"^(.*tox run)$", readme, re.M)
    assert command in CI
    assert 'tox run -e "$env"' in CI
    (others,) = re.findall(r"^for env in (.+); do$", CI, re.M)
    assert sorted([*others.split(), "tests"]) == sorted(set(environments()) - BY_HAND)


def test_a_test_is_exhaustive_or_not_and_runs_in_one_environment() -> None:
    found = environments()
    assert " -m " not in found["tests"]  # pyproject.toml leaves out the exhaustive ones
    assert re.findall(r" -m (\S+)", found["thorough"]) == ["thorough"]


def test_each_of_two_workers_has_one_thread_unless_told_otherwise() -> None:
    read = ConfigParser(interpolation=None)
    read.read(ROOT / "tox.ini", encoding="utf-8")
    shared = read["testenv"]["set_env"]
    assert "OMP_NUM_THREADS = {env:OMP_NUM_THREADS:1}" in shared
    for section in read.sections():
        if "--numprocesses" in read[section].get("commands", ""):
            assert "set_env" not in read[section]  # it would take the place of the shared one


@pytest.mark.parametrize("name", ["jax", "tensorflow", "mxnet"])
def test_a_frameworks_tests_run_in_its_environment_exhaustive_or_not(name: str) -> None:
    (command,) = re.findall(rf"^(?:{name}: )?pytest (.*)$", environments()[name], re.M)
    assert '-m ""' in command
    for file in ROOT.glob(f"tests/training/backends/test_*{name}.py"):
        assert file.relative_to(ROOT).as_posix() in command or "tests/training/backends " in command
