"""Truth and learned distribution: where ellipses, points, densities and level lines stand."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.collections import PathCollection

import gan_eval as ge
from gan_eval.distributions.gaussian import ellipse

TRUTH = ge.GaussianTarget.chapter()


def labels(ax: Axes) -> list[str]:
    return ax.get_legend_handles_labels()[1]


def test_the_ellipses_are_those_of_both_and_the_points_the_rows() -> None:
    law = ge.Gaussian(np.array([0.5, 2.0]), np.diag([1.0, 2.0]))
    real, generated = TRUTH.sample(20, 0), TRUTH.sample(30, 1)
    ax = ge.plots.distribution(law, TRUTH, real, generated)
    for line, drawn in zip(ax.lines, (TRUTH.law, law), strict=True):
        np.testing.assert_allclose(np.column_stack(line.get_data()), ellipse(drawn))
    first, second = (c for c in ax.collections if isinstance(c, PathCollection))
    np.testing.assert_allclose(np.asarray(first.get_offsets()), real)
    np.testing.assert_allclose(np.asarray(second.get_offsets()), generated)
    assert labels(ax) == ["real", "generated", "truth, 95 %", "learned, 95 %"]


def test_what_is_far_away_leaves_the_truth_in_sight_and_what_is_not_finite_is_left_out() -> None:
    far = ge.Gaussian(np.array([1e6, 0.0]), np.diag([1e9, 1e9]))
    ax = ge.plots.distribution(far, TRUTH, generated=[[np.nan, 0.0], [0.0, 1.0]])
    outline = ellipse(TRUTH.law)
    assert ax.get_xlim()[1] < TRUTH.b[0] + 4 * np.ptp(outline[:, 0])
    assert ax.get_xlim()[0] < outline[:, 0].min()
    (points,) = (c for c in ax.collections if isinstance(c, PathCollection))
    assert np.asarray(points.get_offsets()).tolist() == [[0.0, 1.0]]
    nowhere = ge.Gaussian(np.array([np.nan, 0.0]), np.full((2, 2), np.nan))
    assert labels(ge.plots.distribution(nowhere, TRUTH)) == ["truth, 95 %"]


def test_in_one_dimension_there_are_densities() -> None:
    ax = ge.plots.distribution(([1.0], [[4.0]]), ([0.0], [[1.0]]), real=np.arange(5.0))
    truth, learned = ax.lines
    x, y = map(np.asarray, truth.get_data())
    np.testing.assert_allclose(y, np.exp(-(x**2) / 2) / np.sqrt(2 * np.pi))
    x, y = map(np.asarray, learned.get_data())
    assert x[y.argmax()] == pytest.approx(1.0, abs=0.1)
    collapsed = ge.plots.distribution(
        ge.Gaussian(np.array([1.0]), np.array([[0.0]])), ([0.0], [[1.0]])
    )
    assert list(np.asarray(collapsed.lines[1].get_xdata())) == [1.0, 1.0]


def test_a_mixture_is_points_and_its_modes_and_data_are_points() -> None:
    mixture = ge.MixtureTarget([0.5, 0.5], [[0.0, 0.0], [4.0, 4.0]], np.eye(2))
    ax = ge.plots.distribution(None, mixture, generated=mixture.sample(10, 0))
    (modes,) = ax.lines
    np.testing.assert_allclose(np.column_stack(modes.get_data()), mixture.means)
    assert labels(ax) == ["real", "generated", "modes of the truth"]
    data = ge.plots.distribution(None, None, TRUTH.sample(20, 0), TRUTH.sample(20, 1))
    assert labels(data) == ["real", "generated"]


def test_what_does_not_fit_is_refused() -> None:
    with pytest.raises(ge.UsageError, match="nothing to draw"):
        ge.plots.distribution(None, None)
    with pytest.raises(ge.UsageError, match="1 and 2"):
        ge.plots.distribution(([0.0], [[1.0]]), TRUTH)
