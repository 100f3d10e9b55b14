"""The decomposition of the distance from equilibrium: it adds up, and known cases come out."""

from __future__ import annotations

import numpy as np
import pytest

from gan_eval.distributions.gaussian import Gaussian
from gan_eval.investigations.exercise.fitting import Network
from gan_eval.investigations.exercise.responses import LN2, Game, best_in_class
from gan_eval.investigations.exercise.result import PARTS, Decomposition
from gan_eval.training.config import TrainingConfig

LOGISTIC = TrainingConfig(discriminator_widths=())


def decompose(law: Gaussian, trained: np.ndarray, on_rows: np.ndarray) -> Decomposition:
    game = Game(law)
    count = len(law.mean)
    found = best_in_class(game, LOGISTIC, list(range(count)), 1, [trained, on_rows])
    return Decomposition.of(game.divergence, *(each.loss for each in found))


def test_the_parts_add_up_to_the_divergence():
    rng = np.random.default_rng(0)
    parts = Decomposition.of(rng.random(9) / 5, *(rng.random((3, 9)) + 0.5))
    total = sum(getattr(parts, name) for name in PARTS)
    np.testing.assert_allclose(total, parts.divergence, atol=1e-15)
    np.testing.assert_allclose(parts.seen + parts.regret, parts.divergence, atol=1e-15)
    assert sum(share for share, _, _ in parts.shares().values()) == pytest.approx(1)


def test_a_shift_is_all_seen_by_the_linear_critic_that_is_ln_p_over_q():
    """p = N(0, I), q = N(δ, I): ln p/q = −δ·x + |δ|²/2 is in the class, so form is 0."""
    shift = np.array([[0.7, -0.4], [0.2, 0.1]])
    law = Gaussian(shift, np.broadcast_to(np.eye(2), (2, 2, 2)))
    best = np.column_stack([-shift, (shift**2).sum(axis=1) / 2])
    parts = decompose(law, best, best)
    np.testing.assert_allclose(parts.seen, parts.divergence, atol=1e-12)
    # The class's best is fitted to 2,048 points, which stand for the population to 1e-5 nats.
    for name in ("optimisation", "finite_sample", "form"):
        np.testing.assert_allclose(getattr(parts, name), 0, atol=1e-5)


def test_a_coin_sees_nothing_and_hides_a_shift_by_optimisation_alone():
    shift = np.array([[0.7, -0.4]])
    law = Gaussian(shift, np.eye(2)[None])
    best = np.column_stack([-shift, (shift**2).sum(axis=1) / 2])
    parts = decompose(law, np.zeros((1, 3)), best)
    # The quadrature's error; what it is of both sides leaves the sum.
    np.testing.assert_allclose(parts.seen, 0, atol=2e-5)
    np.testing.assert_allclose(parts.optimisation, parts.divergence, atol=2e-5)


def test_a_scale_is_hidden_from_linear_critics_by_their_form_alone():
    """p = N(0, I), q = N(0, 4 I): by symmetry the best linear critic is nearly a coin's.

    Exactly it is a constant, whose best is the coin: no slope helps, and both laws weigh half."""
    law = Gaussian(np.zeros((1, 2)), 2 * np.eye(2)[None])
    coin = np.zeros((1, 3))
    parts = decompose(law, coin, coin)
    np.testing.assert_allclose(parts.form, parts.divergence, atol=1e-4)
    np.testing.assert_allclose(parts.finite_sample, 0, atol=1e-4)
    assert float(parts.divergence[0]) > 0.1


def test_a_fit_to_few_rows_hides_by_the_finite_sample():
    """A critic that is far from the best of its class loses by what it is off, and no form."""
    shift = np.array([[0.7, -0.4]])
    law = Gaussian(shift, np.eye(2)[None])
    wrong = np.array([[2.0, 2.0, 1.0]])
    parts = decompose(law, wrong, wrong)
    assert float(parts.finite_sample[0]) > 0.5
    assert float(parts.optimisation[0]) == 0
    assert abs(float(parts.form[0])) < 1e-5
    assert float(parts.seen[0]) == pytest.approx(
        float(parts.divergence[0] - parts.finite_sample[0]), abs=1e-5
    )


def test_a_networks_parameters_are_packed_as_its_slopes_read_them():
    network = Network.of(2, (5, 3))
    assert network.start(3, np.random.default_rng(0)).shape == (3, 37)
    assert np.log(2) == LN2
