"""The examples in docstrings are true, and every exported function has one.

They are run here and not by ``--doctest-modules``: that takes modules by their path in the
checkout, which is another file than the one imported where the package is installed from a wheel.
"""

from __future__ import annotations

import doctest
import inspect
import pkgutil
from importlib import import_module

import pytest

PACKAGES = tuple(
    f"gan_eval.{name}"
    for name in ("stats", "comparison", "distributions", "integrations", "pages", "runtime")
)
MODULES = sorted(
    module.name
    for package in PACKAGES
    for module in pkgutil.walk_packages(import_module(package).__path__, f"{package}.")
)


@pytest.mark.parametrize("name", MODULES)
def test_examples_are_true(name: str) -> None:
    found = doctest.testmod(import_module(name), optionflags=doctest.NORMALIZE_WHITESPACE)
    assert not found.failed


@pytest.mark.parametrize("package", PACKAGES)
def test_every_exported_function_has_an_example(package: str) -> None:
    """Of what an ``__init__`` file names in ``__all__``."""
    packages = [package, *(name for name in MODULES if name.startswith(f"{package}."))]
    exported = [
        getattr(module, name)
        for module in map(import_module, packages)
        if hasattr(module, "__path__")
        for name in getattr(module, "__all__", ())
    ]
    functions = filter(inspect.isfunction, exported)
    lacking = [f.__qualname__ for f in functions if ">>>" not in (inspect.getdoc(f) or "")]
    assert not lacking
