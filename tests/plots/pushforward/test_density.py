"""Shades stand where the density is, and modes where the target has them."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.collections import PatchCollection
from matplotlib.figure import Figure
from matplotlib.patches import PathPatch

import gan_eval as ge
from gan_eval.plots.pushforward.density import DECADES, opacity, peak, scale

UNIT = ge.GaussianTarget(np.eye(2), [0.0, 0.0])
RING = ge.MixtureTarget.ring()


def shades(ax: Axes) -> list[PathPatch]:
    return [patch for patch in ax.patches if isinstance(patch, PathPatch)]


def test_each_shade_is_where_a_normal_density_is_above_its_step() -> None:
    found = shades(ge.plots.density(UNIT, UNIT))
    assert len(found) == 2 * DECADES
    # exp(−r²/2) = 10^−step
    for at, patch in enumerate(found):
        radius = np.sqrt(2 * (DECADES - at / 2) * np.log(10))
        reach = np.linalg.norm(np.asarray(patch.get_path().vertices), axis=1)
        if 0.5 < radius < 3.5:  # within the window
            assert reach.min() == pytest.approx(radius, rel=0.03)
            assert reach.max() == pytest.approx(radius, rel=0.03)


def test_what_has_less_than_a_ten_thousandth_has_no_shade() -> None:
    wide = ge.GaussianTarget(1e4 * np.eye(2), [0.0, 0.0])
    assert not shades(ge.plots.density(wide, UNIT))


def test_lost_modes_are_crossed_out_where_they_lie() -> None:
    has = np.ones(8, bool)
    has[[1, 6]] = False
    ax = ge.plots.density(RING, RING, found=has)
    rings = [c for c in ax.collections if isinstance(c, PatchCollection)]
    assert [len(c.get_paths()) for c in rings] == [6, 2]
    (crosses,) = ax.lines
    np.testing.assert_allclose(np.asarray(crosses.get_xydata()), RING.modes.means[[1, 6]])
    assert not ge.plots.density(RING, RING).lines


def test_the_scale_is_the_targets() -> None:
    assert peak(UNIT) == pytest.approx(1 / (2 * np.pi))
    assert peak(RING) == pytest.approx(1 / (8 * 2 * np.pi * 0.01**2), rel=1e-6)
    ax = Figure().add_subplot()
    scale(ax)
    assert [patch.get_alpha() for patch in ax.patches] == [
        opacity(step) for step in range(1, 2 * DECADES + 1)
    ]
    assert [text.get_text() for text in ax.get_xticklabels()] == [
        "0.0001",
        "0.001",
        "0.01",
        "0.1",
        "1",
    ]
