"""What a flat discriminator sees: known spans, ranks, an independent regression, words."""

from __future__ import annotations

import numpy as np
import pytest

import gan_eval as ge
from gan_eval.investigations.dynamics import dynamics
from gan_eval.investigations.dynamics.game import Game
from gan_eval.investigations.dynamics.scores import Points, PrincipalAxes, scores
from gan_eval.investigations.dynamics.visibility import Visibility


@pytest.mark.parametrize("dimension", [1, 2, 3, 5, 8])
def test_the_scores_are_orthonormal_under_the_points(dimension: int) -> None:
    points = Points.of(dimension)
    of = scores(points.z)
    assert of.shape[1] == dimension + dimension * (dimension + 1) // 2
    gram = (of * points.weights[:, None]).T @ of
    assert np.abs(gram - np.eye(len(gram))).max() < 1e-12
    assert points.mean(np.exp(0.1 * points.z[:, :1])) == pytest.approx(np.exp(0.005), abs=1e-7)


def test_an_error_in_the_scores_is_half_its_square_in_nats() -> None:
    target = ge.GaussianTarget.chapter()
    axes = PrincipalAxes.of(target.law)
    tau = 1e-4 * np.array([1.0, -2.0, 0.5, 1.5, -1.0])
    # τ_ii = √2 ε_ii and τ_ij = ε_ij + ε_ji of x = z (I + ε).
    change = np.array([[tau[2] / np.sqrt(2), tau[3]], [0, tau[4] / np.sqrt(2)]])
    moved = ge.Gaussian(axes.mean + tau[:2] @ axes.factor, (np.eye(2) + change) @ axes.factor)
    assert ge.kl(moved, target.law) == pytest.approx(0.5 * tau @ tau, rel=1e-3)


def test_the_axes_are_the_targets() -> None:
    law = ge.GaussianTarget.chapter().law
    axes = PrincipalAxes.of(law)
    assert np.allclose(axes.factor.T @ axes.factor, law.covariance, atol=1e-14)
    assert axes.deviations[0] > axes.deviations[1]
    assert np.allclose(axes.axes[0], [0.42, 0.91], atol=0.01)
    assert len(axes.directions) == 5


def test_the_chapters_discriminator_is_blind_in_two_directions() -> None:
    found = dynamics(ge.TrainingConfig())
    assert found.visibility.correlations.shape == (64, 5)
    assert (found.visibility.correlations[:, 3:] <= 1e-12).all()
    assert (found.visibility.median[:3] > 0.5).all()
    assert found.visibility.invisible == 2
    assert found.bound == np.inf
    assert found.to_frame()["seen"].idxmin() == 4
    assert "blind to two of five directions" in repr(found)
    assert "minor axis" in repr(found)


def test_a_wide_layer_sees_all_and_a_quadratic_form_sees_all_whole() -> None:
    wide = dynamics(ge.TrainingConfig(discriminator_widths=(16,), init_scale=0.5))
    assert wide.visibility.invisible == 0
    assert 0 < wide.visibility.median[-1] < 1
    assert 5 / 2000 < wide.bound < 5 / 1000
    whole = dynamics(ge.TrainingConfig(discriminator_form="quadratic", n_examples=500))
    assert np.allclose(whole.visibility.median, 1, atol=1e-12)
    assert whole.bound == pytest.approx(5 / 1000)
    linear = dynamics(ge.TrainingConfig(discriminator_widths=()))
    assert np.allclose(linear.visibility.median, [1, 1, 0, 0, 0], atol=1e-12)


def test_a_share_that_is_seen_is_that_of_a_regression_on_the_features() -> None:
    config = ge.TrainingConfig(init_scale=0.7)
    game = Game.of(config)
    starts = game.starts(3)
    found = Visibility.of(game.values(starts), game.points)
    z = np.random.default_rng(0).normal(size=(200_000, 2))
    x = z @ game.factor + game.mean
    of = scores(z)
    for r in range(3):
        values = x
        for weight, bias in starts:
            values = np.tanh(values @ weight[r] + bias[r])
        design = np.column_stack([values, np.ones(len(z))])
        rest = of - design @ np.linalg.lstsq(design, of, rcond=None)[0]
        assert np.allclose(found.by_direction[r], 1 - rest.var(0) / of.var(0), atol=0.01)


def test_a_target_of_too_many_columns_is_refused() -> None:
    many = ge.GaussianTarget(np.eye(11), np.zeros(11))
    with pytest.raises(ge.UsageError, match="at most 10 columns, got 11"):
        dynamics(ge.TrainingConfig(target=many, latent_size=11))
    huge = ge.GaussianTarget(1e200 * np.eye(2), np.zeros(2))
    with pytest.raises(ge.UsageError, match="standardise"):
        dynamics(ge.TrainingConfig(target=huge))
    assert dynamics(ge.TrainingConfig(target=huge, standardise="columns")).visibility.invisible == 2
    with pytest.raises(ge.UsageError, match="`config` must be a TrainingConfig, got str"):
        dynamics("chapter")  # type: ignore[arg-type]
    with pytest.raises(ge.UsageError, match="discriminators"):
        dynamics(ge.TrainingConfig(), discriminators=0)
