"""Power against n: the level at p = q, Hotelling's exact power, and the summaries over n."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binom, f, ncf

from gan_eval.distributions.gaussian import Gaussian
from gan_eval.distributions.target import GaussianTarget
from gan_eval.investigations.exercise.rejections import TESTS, rejections
from gan_eval.investigations.exercise.result import Decomposition, Exercise
from gan_eval.investigations.exercise.settings import Settings

TARGET = GaussianTarget.chapter()


@pytest.mark.statistical
def test_at_p_equal_q_every_test_rejects_at_its_level():
    """80 samples at 20 %: the central 99.99 % of a binomial count, seven times, one seed."""
    sets = 80
    law = Gaussian(np.broadcast_to(TARGET.b, (sets, 2)), np.broadcast_to(TARGET.A, (sets, 2, 2)))
    found = rejections(TARGET, law, list(range(sets)), "truth", 20, 0.2).sum(axis=1)
    assert len(found) == len(TESTS)
    low, high = binom.ppf([5e-5, 1 - 5e-5], sets, 0.2)
    assert ((found >= low) & (found <= high)).all(), found


@pytest.mark.statistical
def test_hotellings_share_is_its_exact_power_and_more_is_seen_from_more_rows():
    """T² of a shifted Gaussian is a noncentral F; 4.5 standard errors, one seed."""
    sets, n = 150, 30
    mean = TARGET.b + np.array([0.3, 0.0]) @ TARGET.A
    law = Gaussian(np.broadcast_to(mean, (sets, 2)), np.broadcast_to(TARGET.A, (sets, 2, 2)))
    seeds = list(range(sets))
    names = ("hotelling", "mmd")
    found = rejections(TARGET, law, seeds, "learned", n, 0.05, names).mean(axis=1)
    power = float(ncf.sf(f.isf(0.05, 2, n - 2), 2, n - 2, n * 0.3**2))
    assert found[0] == pytest.approx(power, abs=4.5 * np.sqrt(power * (1 - power) / sets))
    few = rejections(TARGET, law, seeds, "learned", 10, 0.05, names).mean(axis=1)
    assert (found > few).all()


def exercise_with(shares: dict[int, float], generators: int = 100) -> Exercise:
    parts = []
    for n, share in shares.items():
        told = (np.arange(generators) < share * generators).astype(float)
        columns = {"generator": "learned", "seed": range(generators), "test": "mmd", "n": n}
        parts.append(pd.DataFrame(columns | {"told_apart": told}))
    empty = Decomposition.of(*np.zeros((4, 1)))
    nothing = pd.DataFrame()
    return Exercise(Settings.of(), nothing, pd.concat(parts), nothing, empty, {})


def test_the_rows_until_told_apart_are_interpolated_and_have_an_interval():
    found = exercise_with({10: 0.2, 100: 0.8, 1000: 1.0})
    until = found.rows_until_told_apart("mmd")
    assert until.value == pytest.approx(100)
    assert 50 < until.low < 100 < until.high < 250
    between = exercise_with({10: 0.7, 100: 0.9}).rows_until_told_apart("mmd")
    assert 10 < between.value < 100


def test_the_rows_until_told_apart_at_the_ends():
    assert exercise_with({10: 0.9, 100: 1.0}).rows_until_told_apart("mmd").value == pytest.approx(
        10
    )
    assert exercise_with({10: 0.1, 100: 0.7}).rows_until_told_apart("mmd").value == np.inf


def test_a_share_has_its_exact_interval():
    share = exercise_with({10: 0.0, 100: 0.5}).told_apart("mmd", 10)
    assert (share.value, share.low) == (0, 0)
    assert share.high == pytest.approx(1 - 0.025 ** (1 / 100))


def test_a_small_level_gets_the_permutations_that_it_needs() -> None:
    # Far off: every test has to reject at 1 in 500, which 99 permutations could not.
    law = Gaussian((TARGET.b + 20.0)[None], 5 * TARGET.A[None])
    assert rejections(TARGET, law, [0], "learned", 30, 0.002).all()
