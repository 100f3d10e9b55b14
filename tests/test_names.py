"""Every dotted name of the package that a text states or a file imports is there."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

import pytest

from benchmarks.recorded_functions import HOMES

ROOT = Path(__file__).parents[1]
PACKAGE, BENCHMARKS = ROOT / "gan_eval", ROOT / "benchmarks"
SOURCES = [*PACKAGE.rglob("*.py"), *BENCHMARKS.glob("*.py")]
PAGES = [ROOT / "CONTRIBUTING.md", ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]
STATED = re.compile(r"(?<![\w./-])gan_eval(?:\.[A-Za-z_]\w*)+(?![\w/-])")
NO_NAMES = {"gan_eval.spelled", "gan_eval.__version__", "gan_eval.generators", "gan_eval.sketch"}
"""The name of an error handler of codecs; what ``__getattr__`` answers; a group of entry points;
the format of a file."""
OLD = BENCHMARKS / "recorded_functions.py"
"""Knows where names were before they moved, too."""


@cache
def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"))


def defined(body: Iterable[ast.stmt]) -> Iterator[tuple[str, list[ast.stmt] | None]]:
    """The names that a module or a class binds; with a class its body, else None."""
    for node in body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef):
            yield node.name, node.body if isinstance(node, ast.ClassDef) else None
        elif isinstance(node, ast.Import | ast.ImportFrom):
            yield from ((alias.asname or alias.name, None) for alias in node.names)
        elif isinstance(node, ast.If | ast.Try):
            yield from defined([*node.body, *node.orelse])
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            for target in targets:
                yield from ((one.id, None) for one in ast.walk(target) if isinstance(one, ast.Name))


def is_there(name: str) -> bool:
    """Tell whether a dotted name is a module, or bound in one; nothing is imported."""
    parts, place = name.split(".")[1:], PACKAGE
    while parts and ((place / parts[0]).is_dir() or (place / f"{parts[0]}.py").is_file()):
        place /= parts.pop(0)
    file = place / "__init__.py" if place.is_dir() else place.with_suffix(".py")
    body = parsed(file).body if file.is_file() else []
    for part in parts:
        bound = dict(defined(body))
        if part not in bound:
            return False
        if (body := bound[part]) is None:  # imported from elsewhere, or a value
            return True
    return True


def imported(path: Path) -> set[str]:
    """The names that a file imports of the package, at its top or inside its functions."""
    return {
        f"{node.module}.{alias.name}"
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.ImportFrom) and str(node.module).split(".")[0] == "gan_eval"
        for alias in node.names
    }


@pytest.mark.parametrize("paths", [SOURCES, PAGES], ids=["sources", "pages"])
def test_the_names_that_are_stated_are_there(paths: list[Path]) -> None:
    for path in paths:
        stated = set(STATED.findall(path.read_text("utf-8")))
        stated |= imported(path) if path.suffix == ".py" else set()
        lost = [name for name in stated - NO_NAMES if not is_there(name)]
        assert path == OLD or not lost, f"{path.relative_to(ROOT)}: {lost}"


def test_the_recording_knows_where_each_module_is_now() -> None:
    assert all(is_there(homes[0]) for homes in HOMES.values())


def test_what_is_nowhere_is_found_out() -> None:
    assert is_there("gan_eval.training.config.TrainingConfig.epochs")
    assert is_there("gan_eval.training.backends.jax")
    assert not is_there("gan_eval.training.config.TrainingConfig.epocs")
    assert not is_there("gan_eval.training.nothing.of")
    assert not is_there("gan_eval.twosample")
