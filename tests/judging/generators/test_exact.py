"""The worth of Gaussian generators is what the worth of their rows estimates."""

from __future__ import annotations

import math

import numpy as np
import pytest

from gan_eval import Gaussian, GaussianTarget, TrainingConfig, UsageError, kl, train
from gan_eval.judging.generators.exact import (
    ENERGY_CONVERGED,
    ENERGY_NEAR,
    exact_worth,
    spread_energy,
    spread_mmd,
    whitened,
)
from gan_eval.stats.worth import worth

TARGET = GaussianTarget.chapter()
OTHERS = {
    "shifted": Gaussian(TARGET.mean + np.array([0.2, -0.3]), TARGET.A),
    "wider": Gaussian(TARGET.mean, 1.3 * TARGET.A),
    "turned": Gaussian(TARGET.mean, np.array([[1.0, 1.6], [0.3, 0.7]])),
    "on a line": Gaussian(TARGET.mean, np.array([[1.0, 2.0]])),
}


@pytest.mark.parametrize("name", OTHERS)
def test_it_is_what_the_worth_of_rows_estimates(name: str) -> None:
    """Each interval holds with 95 %: of eight, at fixed seeds, all do."""
    law, rng = OTHERS[name], np.random.default_rng(3)
    rows = rng.normal(size=(4000, len(law.factor))) @ law.factor + law.mean
    for by, exact in zip(("energy", "mmd"), exact_worth(law, TARGET), strict=True):
        found = worth(TARGET, rows, by=by)
        assert found.low < exact < found.high
        assert found.value == pytest.approx(float(exact), rel=0.2)


def test_shift_on_a_line_by_its_closed_form() -> None:
    """2 E|N(δ, 2)| − 2 E|N(0, 2)| in one coordinate, by the folded normal's mean."""
    shift = 0.7
    folded = 2 / math.sqrt(math.pi) * math.exp(-(shift**2) / 4) + shift * math.erf(shift / 2)
    spread = 2 / math.sqrt(math.pi)
    expected = spread / (2 * folded - 2 * spread)
    by_energy, _ = exact_worth(([5 + 3 * shift], [[9.0]]), ([5.0], [[9.0]]))
    assert float(by_energy) == pytest.approx(expected, rel=1e-10)


def test_affine_maps_change_nothing_and_more_error_is_worth_less() -> None:
    law = Gaussian(np.array([[0.1, 0.0], [0.2, 0.0], [0.4, 0.0]]), np.eye(2))
    plain = exact_worth(law, Gaussian(np.zeros(2), np.eye(2)))
    moved = Gaussian(TARGET.transform(law.mean), law.factor @ TARGET.A)
    for one, other in zip(plain, exact_worth(moved, TARGET), strict=True):
        assert one.shape == (3,)
        assert (np.diff(one) < 0).all()
        np.testing.assert_allclose(one, other, rtol=1e-9)


def test_truth_itself_is_worth_more_than_any_rows_and_nan_is_nan() -> None:
    law = Gaussian(np.array([TARGET.mean, [np.nan, 0.0], [np.inf, 0.0]]), TARGET.A)
    for found in exact_worth(law, TARGET):
        assert found[0] > 1e11
        assert np.isnan(found[1:]).all()


def test_spreads_are_means_over_pairs() -> None:
    rng = np.random.default_rng(0)
    for d in (1, 2, 5):
        squares = (rng.normal(scale=math.sqrt(2), size=(200_000, d)) ** 2).sum(axis=1)
        assert spread_energy(d) == pytest.approx(np.sqrt(squares).mean(), abs=0.01)
        kernel = 1 - np.exp(-squares / (2 * 1.5**2))
        assert spread_mmd(d, 1.5) == pytest.approx(kernel.mean(), abs=0.005)


def test_other_dimensions_are_refused() -> None:
    with pytest.raises(UsageError):
        exact_worth(Gaussian(np.zeros(3), np.eye(3)), TARGET)


def test_margins_call_as_many_converged_as_those_of_kl() -> None:
    """300 replicates: the difference of two shares that disagree about 16 % errs by 2.3 points."""
    trained = train(TrainingConfig(), range(300), backend="fused_cpu")
    divergence = kl(trained.law(), trained.config.truth)
    by_energy, _ = exact_worth(trained.law(), trained.config.truth)
    for nats, rows in ((0.1, ENERGY_CONVERGED), (0.5, ENERGY_NEAR)):
        assert abs((divergence <= nats).mean() - (by_energy >= rows).mean()) < 0.07


def test_whitened_target_is_standard() -> None:
    np.testing.assert_allclose(whitened(TARGET.law, TARGET).covariance, np.eye(2), atol=1e-12)
