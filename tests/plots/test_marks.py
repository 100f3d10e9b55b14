"""Marks that several pictures draw: seaborn, whose they are, and SciPy as oracles."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import seaborn as sns
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from gan_eval.plots import marks

VALUES = np.random.default_rng(3).lognormal(size=60)


@pytest.mark.parametrize("below", [True, False])
def test_shares_are_the_curve_that_seaborn_draws(below: bool) -> None:
    ours, theirs = (Figure().add_subplot() for _ in range(2))
    marks.shares(ours, VALUES, below=below)
    sns.ecdfplot(x=VALUES, complementary=not below, ax=theirs)
    for end in ("get_xdata", "get_ydata"):
        drawn, expected = (getattr(ax.lines[0], end)() for ax in (ours, theirs))
        np.testing.assert_allclose(drawn, expected, atol=1e-12)
    assert ours.lines[0].get_drawstyle() == theirs.lines[0].get_drawstyle()


def test_a_rug_has_a_line_at_each_value() -> None:
    ours, theirs = (Figure().add_subplot() for _ in range(2))
    marks.rug(ours, VALUES, 0.1)
    sns.rugplot(x=VALUES, height=0.1, ax=theirs)
    paths = [[path.vertices for path in ax.collections[0].get_paths()] for ax in (ours, theirs)]
    np.testing.assert_allclose(*np.array(paths))


def test_a_violin_is_the_body_that_seaborn_draws() -> None:
    ours, theirs = (Figure().add_subplot() for _ in range(2))
    for ax in (ours, theirs):
        ax.set_xscale("log")
    marks.violin(ours, VALUES, 1.0, 0.8)
    sns.violinplot(
        x=VALUES, y=[1] * len(VALUES), orient="h", log_scale=(True, False), ax=theirs, inner=None,
        cut=0, native_scale=True, width=0.8,
    )  # fmt: skip
    drawn, expected = (
        np.asarray(ax.collections[0].get_paths()[0].vertices) for ax in (ours, theirs)
    )
    np.testing.assert_allclose(drawn, expected, rtol=1e-9)


def test_values_that_are_all_the_same_have_no_body() -> None:
    axes = Figure().add_subplot()
    marks.violin(axes, np.full(9, 2.0), 0.0, 0.8)
    assert not axes.collections


def test_points_have_the_colour_and_the_marker_of_their_kind() -> None:
    axes = Figure().add_subplot()
    kinds = np.array(["good", "bad", "good"], dtype=object)
    colours = {"good": "#00ff00", "bad": "#ff0000", "none": "#0000ff"}
    markers = {"bad": "s", "good": "o", "none": "X"}
    marks.by_kind(axes, np.arange(3.0), np.arange(3.0), kinds, colours, markers)
    points: Any = axes.collections[0]
    assert [to_hex(one) for one in points.get_facecolors()] == [colours[kind] for kind in kinds]
    corners = [len(np.asarray(path.vertices)) for path in points.get_paths()]
    assert corners[1] == 5 < corners[0] == corners[2], "a square among circles"
    labels = axes.get_legend_handles_labels()[1]
    assert labels == ["bad", "good"], "in the order of the markers; nothing that has no point"
    assert [line.get_markerfacecolor() for line in axes.lines] == ["#ff0000", "#00ff00"]
