"""Distances by kept features: held against those by pairs of rows, and against closed forms."""

from __future__ import annotations

import numpy as np
import pytest

from gan_eval.comparison.tracker.measure import MEASURES, RealFeatures
from gan_eval.stats.pairs import semimetric
from gan_eval.stats.squared_distance import squared_distance
from gan_eval.stats.worth import worth


def rows(seed: int, n: int, d: int, shift: float = 0.0) -> np.ndarray:
    return np.random.default_rng(seed).normal(shift, size=(n, d))


@pytest.mark.parametrize("by", MEASURES)
@pytest.mark.parametrize("d", [1, 2, 10])
@pytest.mark.parametrize("shift", [0.0, 0.1, 0.5])
def test_it_is_the_distance_by_pairs(by: str, d: int, shift: float) -> None:
    """To five of its stated errors, and a part of what the noise of so few rows is."""
    x, y = rows(1, 2000, d), rows(2, 500, d, shift)
    real = RealFeatures(x, by, np.random.default_rng(3))
    found, exact = real.measure(y), worth(x, y, by=by, whiten=False)
    error = 5 * real.error(found.mean)
    noise = 0.1 * exact.spread / 500
    assert found.estimate == pytest.approx(exact.distance, abs=error + noise)
    assert found.low == pytest.approx(exact.distance_low, rel=0.15, abs=error + noise)
    assert found.high == pytest.approx(exact.distance_high, rel=0.15, abs=error + noise)
    assert real.spread == pytest.approx(exact.spread, rel=0.03)
    value = real.spread / max(found.estimate, 1e-12)
    assert exact.low * 0.9 <= value
    if np.isfinite(exact.high):
        assert value <= exact.high * 1.1


@pytest.mark.parametrize("by", MEASURES)
def test_pairs_of_features_say_the_same_to_rounding(by: str) -> None:
    """The distance of rows of features, by pairs, has the same estimate and nearly the ends."""
    x, y = rows(1, 300, 2), rows(2, 200, 2, 0.3)
    real = RealFeatures(x, by, np.random.default_rng(0), 64)
    found = real.measure(y)
    one, other = (real.features(some).astype(float) for some in (x, y))
    exact = squared_distance(one, other, _halved)
    assert found.estimate == pytest.approx(exact.estimate, abs=1e-5 * exact.spread)
    assert real.spread == pytest.approx(exact.spread, rel=1e-5)
    assert found.low == pytest.approx(exact.low, rel=0.05)
    assert found.high == pytest.approx(exact.high, rel=0.05)


@pytest.mark.statistical
@pytest.mark.parametrize("shift", [0.0, 0.2])
def test_the_interval_holds_the_distance(shift: float) -> None:
    """Of 100 intervals of 95 % at most 12 miss: more has a probability below 0.002 at 5 %."""
    missed, estimates, distance = 0, [], 0.0
    for seed in range(100):
        rng = np.random.default_rng([seed, 7])
        real = RealFeatures(rng.normal(size=(300, 2)), "energy", rng, 32)
        distance = _distance(real, shift)
        found = real.measure(rng.normal(shift, size=(200, 2)))
        missed += not found.low <= distance <= found.high
        estimates.append(found.estimate - distance)
    assert missed <= 12
    # Without bias: five standard errors.
    assert abs(np.mean(estimates)) < 5 * np.std(estimates) / np.sqrt(100)


def _distance(real: RealFeatures, shift: float) -> float:
    """D² of N(0, I) and N(shift, I) with these frequencies: E cos(wᵀX) is a closed form."""
    frequencies = 2 * real._halves.T.astype(float)
    damped = np.exp(-0.5 * np.square(frequencies).sum(axis=1))
    apart = frequencies.sum(axis=1) * shift
    squares = 2 * (1 - np.cos(apart)) * np.square(damped)
    return float((np.square(real._roots.astype(float)) * squares).sum())


def _halved(squared: np.ndarray) -> np.ndarray:
    return np.multiply(squared, 0.5, out=squared)


def test_rows_drawn_from_few_are_worth_so_many() -> None:
    """Its own distance is calibrated: rows drawn from 100 real ones are worth about 100."""
    rng = np.random.default_rng(0)
    found = []
    for _ in range(20):
        real = RealFeatures(rng.normal(size=(4000, 2)), "energy", rng, 64)
        few = rng.normal(size=(100, 2))
        found.append(real.measure(few[rng.integers(100, size=1000)]).estimate / real.spread)
    assert 70 < 1 / np.mean(found) < 140


def test_rows_that_coincide_have_no_noise() -> None:
    real = RealFeatures(rows(0, 500, 2), "energy", np.random.default_rng(0))
    found = real.measure(np.zeros((50, 2)))
    x, pairs = rows(0, 500, 2), semimetric("energy", rows(0, 500, 2))
    assert found.estimate == pytest.approx(
        squared_distance(x, np.zeros((50, 2)), pairs).estimate, rel=0.05
    )
    assert found.low <= found.estimate <= found.high


def test_features_are_finite_however_far_the_rows() -> None:
    real = RealFeatures(rows(0, 100, 2), "mmd", np.random.default_rng(0))
    assert np.isfinite(real.features(np.array([[1e140, -1e140]]))).all()
    assert real.measure(rows(0, 10, 2) * 1e100).estimate > 0.5
