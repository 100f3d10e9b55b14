"""What a discriminator says: where its level lines and its curve stand."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.contour import QuadContourSet

import gan_eval as ge
from gan_eval.distributions.gaussian import ellipse
from gan_eval.plots.critic import critic_of, levels

TRUTH = ge.GaussianTarget.chapter()


def test_levels_are_probabilities_or_lie_within_the_range() -> None:
    assert levels(np.array([0.0, 1.0])) == [0.1, 0.3, 0.5, 0.7, 0.9]
    assert levels(np.array([-2.0, 2.0]), probability=False) == [-1.0, 0.0, 1.0]
    assert levels(np.array([0.5, 0.51, np.nan])) == []
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
