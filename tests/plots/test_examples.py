"""Every public plot function has an example, and the examples are true."""

from __future__ import annotations

import doctest
import importlib
import pkgutil

import pytest

from gan_eval import plots

MODULES = [module.name for module in pkgutil.walk_packages(plots.__path__, "gan_eval.plots.")]


@pytest.mark.parametrize("name", MODULES)
def test_the_examples_are_true(name: str) -> None:
    found = doctest.testmod(importlib.import_module(name))
    assert not found.failed


@pytest.mark.parametrize("name", plots.__all__)
def test_every_plot_function_has_an_example_and_takes_an_axes(name: str) -> None:
    draw = getattr(plots, name)
    assert doctest.DocTestFinder().find(draw, globs={})[0].examples
    # What has several axes is a figure of its own.
    assert name == "chapter" or "ax : Axes, optional" in draw.__doc__
