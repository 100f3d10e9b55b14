"""The examples in docstrings are true.

They are run here and not by ``--doctest-modules``: that takes modules by their path in the
checkout, which is another file than the one imported where the package is installed from a wheel.
"""

from __future__ import annotations

import doctest
import pkgutil
from importlib import import_module

import pytest

PACKAGES = ("gan_eval.stats",)
MODULES = sorted(
    module.name
    for package in PACKAGES
    for module in pkgutil.walk_packages(import_module(package).__path__, f"{package}.")
)


@pytest.mark.parametrize("name", MODULES)
def test_examples_are_true(name: str) -> None:
    found = doctest.testmod(import_module(name), optionflags=doctest.NORMALIZE_WHITESPACE)
    assert not found.failed
