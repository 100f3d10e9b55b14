"""The best checkpoint: planted ones are found, equal ones are not told apart."""

from __future__ import annotations

import json

import numpy as np
import pytest

from gan_eval.comparison.tracker.best import best_checkpoint, worth_in_words, worth_of
from gan_eval.comparison.tracker.measure import RealFeatures
from gan_eval.stats.relative import relative_distances

SHIFTS = (1.5, 1.0, 0.7, 0.5, 0.3, 0.2, 0.0, 0.25, 0.4, 0.8)


def features(seed: int, n: int = 1000, frequencies: int = 64) -> RealFeatures:
    rng = np.random.default_rng(seed)
    return RealFeatures(rng.normal(size=(n, 2)), "energy", rng, frequencies)


@pytest.mark.statistical
def test_a_planted_best_is_found_and_never_left_out() -> None:
    """Of 20 trainings the true one is left out in 4 at most (more: below 0.003 at α = 0.05)."""
    left_out = found = 0
    for seed in range(20):
        real, rng = features(seed), np.random.default_rng([seed, 1])
        measured = [real.measure(rng.normal(s, size=(500, 2))) for s in SHIFTS]
        best = best_checkpoint(real, list(range(10)), measured, 0.05)
        left_out += 6 not in best.not_told_apart
        found += best.step == 6
        assert best.step in best.not_told_apart
        assert not {0, 1, 2} & set(best.not_told_apart)
    assert left_out <= 4
    assert found >= 17


@pytest.mark.statistical
@pytest.mark.parametrize("shift", [0.0, 0.5])
def test_two_equal_checkpoints_are_not_told_apart(shift: float) -> None:
    """Of 100 pairs at most 12 are, at α = 0.05: more has a probability below 0.002."""
    apart = 0
    for seed in range(100):
        real, rng = features(seed, 300, 32), np.random.default_rng([seed, 2])
        pair = [real.measure(rng.normal(shift, size=(150, 2))) for _ in range(2)]
        apart += len(best_checkpoint(real, [1, 2], pair, 0.05).not_told_apart) == 1
    assert apart <= 12


def test_differences_are_those_by_pairs() -> None:
    """The p-value of two is that of the jackknife by pairs of the features' own distances."""
    rng = np.random.default_rng(5)
    x, a, b = rng.normal(size=(400, 2)), rng.normal(0.5, size=(300, 2)), rng.normal(size=(200, 2))
    real = RealFeatures(x, "energy", rng)
    found = best_checkpoint(real, [1, 2], [real.measure(a), real.measure(b)], 0.05)
    exact = relative_distances(x, [a, b]).differences[0]
    row = found.differences.iloc[0]
    assert row["difference"] == pytest.approx(exact.estimate, rel=0.1)
    assert row["high"] - row["low"] == pytest.approx(exact.high - exact.low, rel=0.1)
    assert np.log(row["adjusted"]) == pytest.approx(np.log(exact.pvalue), rel=0.2)


def test_one_checkpoint_is_the_best() -> None:
    real = features(0)
    found = best_checkpoint(real, [7], [real.measure(np.zeros((10, 2)))], 0.05)
    assert (found.step, found.not_told_apart) == (7, (7,))
    assert "step 7" in repr(found)
    assert json.loads(json.dumps(found.to_dict()))["step"] == 7


def test_the_same_rows_twice_are_alike_and_others_of_one_point_not() -> None:
    real = features(0)
    near, far = real.measure(np.zeros((10, 2))), real.measure(np.full((10, 2), 3.0))
    found = best_checkpoint(real, [1, 2, 3], [near, near, far], 0.05)
    assert found.not_told_apart == (1, 2)
    assert "Not told apart from it at alpha = 0.05: 2." in repr(found)
    assert found._repr_html_().startswith("<pre>Nearest of 3 checkpoints: step 1")


def test_many_are_counted_not_listed() -> None:
    real, rng = features(0), np.random.default_rng(0)
    measured = [real.measure(rng.normal(size=(100, 2))) for _ in range(20)]
    said = repr(best_checkpoint(real, list(range(20)), measured, 1e-6))
    assert "19 others, the earliest at step" in said


def test_a_worth_in_words() -> None:
    assert worth_of(2.0, 0.1) == 20.0
    assert worth_of(2.0, -0.1) == np.inf
    assert worth_in_words(np.inf, 40.0, np.inf) == "worth at least 40 real rows"
    assert worth_in_words(60.0, 40.0, 90.0).startswith("worth about 60 real rows (40\xa0to\xa090)")
