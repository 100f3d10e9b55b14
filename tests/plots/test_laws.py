"""Truth and learned distribution: where ellipses, points, densities and level lines stand."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.collections import PathCollection
from matplotlib.contour import QuadContourSet

import gan_eval as ge
from gan_eval.distributions.gaussian import ellipse
from gan_eval.plots.laws import critic_of

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
    with pytest.raises(ge.UsageError, match="critic"):
        ge.plots.discriminator(3)  # type: ignore[arg-type]


def test_level_lines_lie_where_the_probability_is_theirs() -> None:
    ax = ge.plots.discriminator(lambda x: 4 * (x[:, 0] - 0.5))
    (lines,) = (c for c in ax.collections if isinstance(c, QuadContourSet))
    drawn = dict(zip(lines.levels, lines.get_paths(), strict=True))
    for level, path in drawn.items():
        place = 0.5 + np.log(level / (1 - level)) / 4
        np.testing.assert_allclose(np.asarray(path.vertices)[:, 0], place, atol=2e-3)
    assert set(drawn) == {0.3, 0.5, 0.7}


@pytest.mark.parametrize(
    "settings",
    [
        {"standardise": "columns"},
        {"discriminator_form": "quadratic"},
        {"preset": "mended"},
        {"discriminator_widths": []},
    ],
)
def test_the_discriminator_sees_rows_as_it_was_trained_on_them(settings: dict) -> None:
    config = ge.TrainingConfig.parse({"epochs": 2, "n_examples": 200, **settings})
    gans = ge.train(config, seeds=[3, 4], backend="fused_cpu")
    rows = TRUTH.sample(5, 0)
    np.testing.assert_allclose(critic_of(gans, 1)(rows), gans.critic(1, rows))
    ax = ge.plots.discriminator(gans, replicate=1)
    outline = ellipse(TRUTH.law)
    assert ax.get_xlim()[0] < outline[:, 0].min() < outline[:, 0].max() < ax.get_xlim()[1]


def test_a_flat_discriminator_is_told_in_words_and_one_coordinate_is_a_curve() -> None:
    ax = ge.plots.discriminator(lambda x: np.zeros(len(x)))
    assert [text.get_text() for text in ax.texts] == ["D says 0.50 everywhere"]
    config = ge.TrainingConfig.parse({"epochs": 1, "target": {"A": [[2.0]], "b": [1.0]}})
    gans = ge.train(config, backend="fused_cpu")
    ax = ge.plots.distribution(([0.0], [[1.0]]), config.truth)
    ge.plots.discriminator(gans, ax=ax)
    curve = ax.lines[-1]
    x, y = map(np.asarray, curve.get_data())
    # By the height of the axes: 0 is its floor, 1 its top.
    top = curve.get_transform().transform([[0.0, 1.0]])[0, 1]
    assert top == pytest.approx(ax.transAxes.transform([[0.0, 1.0]])[0, 1])
    np.testing.assert_allclose(y, 1 / (1 + np.exp(-gans.critic(0, x[:, None]))))
