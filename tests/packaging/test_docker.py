"""The Dockerfile, read instruction by instruction and held against pyproject.toml."""

from __future__ import annotations

import json
import re
import shlex
from fnmatch import fnmatch

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

from .project import NEEDS, PROJECT, ROOT, SETTINGS

FILE = (ROOT / "Dockerfile").read_text("utf-8")
KNOWN = {"FROM", "WORKDIR", "COPY", "RUN", "ENV", "USER", "ENTRYPOINT", "CMD"}


def instructions() -> list[tuple[str, str]]:
    """Instruction and arguments, lines joined, comments out."""
    lines = (line for line in FILE.splitlines() if not line.lstrip().startswith("#"))
    joined = re.sub(r"\\\n\s*", "", "\n".join(lines))
    found = [line.split(maxsplit=1) for line in joined.splitlines() if line.strip()]
    return [(name, rest) for name, rest in found]


def arguments(name: str) -> list[str]:
    return [rest for instruction, rest in instructions() if instruction == name]


def copied() -> list[str]:
    """What is copied from the checkout."""
    words = (shlex.split(rest) for rest in arguments("COPY") if "--from=" not in rest)
    return [path for *paths, _ in words for path in paths]


def test_every_instruction_is_known_and_the_first_is_a_base() -> None:
    assert {name for name, _ in instructions()} <= KNOWN
    assert instructions()[0][0] == "FROM"


def test_each_stage_is_a_slim_python_that_the_package_is_for() -> None:
    for base in arguments("FROM"):
        found = re.fullmatch(r"python:(\d+\.\d+)-slim(?: AS \w+)?", base)
        assert found, base
        assert found[1] in SpecifierSet(PROJECT["requires-python"])
        assert f"Programming Language :: Python :: {found[1]}" in PROJECT["classifiers"]


def test_pytorch_is_the_build_for_the_cpu_in_the_projects_range() -> None:
    (line,) = [rest for rest in arguments("RUN") if "torch" in rest]
    words = shlex.split(line)
    assert words[words.index("--index-url") + 1] == "https://download.pytorch.org/whl/cpu"
    assert Requirement(words[-1]).specifier == NEEDS["torch"].specifier


def test_all_that_a_wheel_is_built_from_is_copied_and_not_ignored() -> None:
    packages = SETTINGS["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
    needed = {"pyproject.toml", PROJECT["readme"], *PROJECT["license-files"], *packages}
    assert set(copied()) == needed
    lines = (ROOT / ".dockerignore").read_text("utf-8").splitlines()
    rules = [line for line in lines if line and not line.startswith("#")]
    for path in needed:
        assert (ROOT / path).exists()
        ignored = [not rule.startswith("!") for rule in rules if fnmatch(path, rule.lstrip("!"))]
        assert ignored[-1] is False, path  # the last rule that fits counts
    assert "**/__pycache__" in rules


def test_it_runs_as_a_user_who_is_not_root_and_is_the_command() -> None:
    user = arguments("USER")[-1]
    assert user not in ("root", "0")
    assert any(rest.startswith("useradd") and f" {user} " in rest for rest in arguments("RUN"))
    names = [name for name, _ in instructions()]
    assert names.index("USER") > max(i for i, name in enumerate(names) if name == "RUN")
    (entry,) = arguments("ENTRYPOINT")
    assert json.loads(entry) == list(PROJECT["scripts"])
    (default,) = arguments("CMD")
    assert json.loads(default) == ["--help"]
