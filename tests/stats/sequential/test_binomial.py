"""A share against a number, outcome by outcome: exact integrals and exact levels as oracles."""

from __future__ import annotations

from collections.abc import Iterable
from math import log

import numpy as np
import pytest
from scipy import integrate

from gan_eval.runtime.errors import UsageError
from gan_eval.stats.sequential import BinomialEProcess
from gan_eval.stats.sequential.binomial import log_e_above

from .nulls import ALPHA, assert_level


@pytest.mark.parametrize("share", [0.1, 0.5, 0.93])
@pytest.mark.parametrize(("successes", "n"), [(0, 1), (3, 3), (2, 9), (20, 40), (1, 60)])
def test_e_is_the_mean_likelihood_ratio_over_the_other_shares(
    share: float, successes: int, n: int
) -> None:
    def ratio(other: float) -> float:
        return (other / share) ** successes * ((1 - other) / (1 - share)) ** (n - successes)

    mean = integrate.quad(ratio, share, 1, epsabs=0, epsrel=1e-11)[0] / (1 - share)
    assert log_e_above(share, successes, n) == pytest.approx(log(mean), abs=1e-9)


def test_where_the_tail_underflows_e_has_its_digits_and_joins_on() -> None:
    """Far above the share of successes e is about 1 / ((1 − s) |slope of ln L|)."""
    share, n = 0.5, 100_000
    slope = 10 / share - (n - 10) / (1 - share)
    assert log_e_above(share, 10, n) == pytest.approx(-log(0.5 * -slope), abs=1e-3)
    # Along n the tail crosses the border between the two forms.
    path = log_e_above(share, np.full(3000, 10), np.arange(100, 3100))
    assert np.isfinite(path).all()
    assert (np.diff(path) < 0).all()
    assert np.abs(np.diff(path, 2)).max() < 1e-3


def test_the_expectation_under_the_largest_null_is_exactly_1_and_less_below() -> None:
    from scipy.stats import binom

    share, n = 0.3, 50
    counts = np.arange(n + 1)
    e = np.exp(log_e_above(share, counts, n))
    for truth, expected in ((0.3, 1.0), (0.2, None), (0.05, None)):
        mean = float((binom.pmf(counts, n, truth) * e).sum())
        assert mean == pytest.approx(1.0, abs=1e-9) if expected else mean < 1


def ever(share: float, truth: float, alpha: float, outcomes: int) -> tuple[float, float]:
    """Compute exactly the chances that "above", and that "below", is ever rejected by an outcome.

    By the law of the number of successes among the paths that were not yet rejected.
    """
    found = []
    for mirrored in (False, True):
        s, p = (1 - share, 1 - truth) if mirrored else (share, truth)
        alive, gone = np.array([1.0]), 0.0
        for n in range(1, outcomes + 1):
            alive = np.append(alive * (1 - p), 0.0) + np.append(0.0, alive * p)
            likely = np.flatnonzero(alive > 1e-30)  # all others together change no digit
            crossed = likely[log_e_above(s, likely, n) >= -log(alpha)]
            gone += alive[crossed].sum()
            alive[crossed] = 0.0
        found.append(gone)
    return found[0], found[1]


@pytest.mark.parametrize("share", [0.05, 0.25, 0.5, 0.9])
def test_the_level_holds_exactly_over_hundreds_of_looks(share: float) -> None:
    above, below = ever(share, share, ALPHA, 400)
    assert 0.005 < above <= ALPHA
    assert 0.005 < below <= ALPHA
    assert ever(share, 0.8 * share, ALPHA, 100)[0] <= above


def null_streams(n: int, outcomes: int) -> Iterable[BinomialEProcess]:
    for seed in range(n):
        share = (0.1, 0.25, 0.5)[seed % 3]
        process = BinomialEProcess(share)
        process.update(np.random.default_rng(seed).random(outcomes) < share)
        yield process


def test_of_the_share_itself_few_streams_are_ever_rejected() -> None:
    assert_level(null_streams(1000, 200))


@pytest.mark.thorough
@pytest.mark.parametrize("share", [0.1, 0.25, 0.5])
def test_the_level_holds_exactly_over_two_thousand_looks(share: float) -> None:
    """Every path, not a sample of them: as few are ever decided wrongly."""
    assert all(0.01 < chance <= ALPHA for chance in ever(share, share, ALPHA, 2000))


@pytest.mark.thorough
def test_of_ten_thousand_null_streams_few_are_ever_rejected_or_decided() -> None:
    """The class, whose oracle is exact (above). Of both sides a decision has twice the level."""
    streams = list(null_streams(10_000, 250))
    assert_level(streams)
    for side in ("above", "below"):
        assert_level(getattr(process, side) for process in streams)
    wrong = [
        process.decided(ALPHA) is not None for process in streams if process.above.rejected(ALPHA)
    ]
    assert len(wrong) <= 10_000 * ALPHA + 4 * (10_000 * ALPHA * (1 - ALPHA)) ** 0.5


@pytest.mark.parametrize(("truth", "answer"), [(0.35, True), (0.15, False)])
def test_it_decides_the_right_way_and_in_fewer_outcomes_than_a_fixed_number(
    truth: float, answer: bool
) -> None:
    """With 300 seeds a share of 0.35 is above 0.25 in 98 % (docs/convergence/check.md)."""
    times = []
    for seed in range(40):
        process = BinomialEProcess(0.25)
        process.update(np.random.default_rng(seed).random(2000) < truth)
        assert process.decided(ALPHA) is answer
        times.append(process.decided_after(ALPHA))
    assert np.mean(times) < 300


def test_outcomes_in_blocks_and_one_by_one_give_the_same() -> None:
    outcomes = np.random.default_rng(0).random(500) < 0.3
    whole, single = BinomialEProcess(0.25), BinomialEProcess(0.25)
    whole.update(outcomes)
    for outcome in outcomes:
        single.update(outcome)
    assert single.log_e == whole.log_e
    assert single.log_e_max == whole.log_e_max
    assert single.interval(0.05) == whole.interval(0.05)
    assert (single.rows, single.successes) == (500, outcomes.sum())


def test_the_interval_goes_with_the_decisions() -> None:
    outcomes = np.random.default_rng(1).random(400) < 0.4
    low, high = _followed(0.5, outcomes).interval(0.05)
    assert 0.3 < low < 0.4 < high < 0.5
    assert _followed(low - 1e-6, outcomes).decided(0.05) is True
    assert _followed(low + 1e-6, outcomes).decided(0.05) is None
    assert _followed(high - 1e-6, outcomes).decided(0.05) is None
    assert _followed(high + 1e-6, outcomes).decided(0.05) is False


def _followed(share: float, outcomes: object) -> BinomialEProcess:
    process = BinomialEProcess(share)
    process.update(outcomes)
    return process


def test_a_share_of_all_falls_with_one_failure_and_is_never_shown() -> None:
    process = BinomialEProcess(1.0)
    process.update(np.ones(1000))
    assert process.decided(0.05) is None
    process.update([False])
    assert process.decided(1e-9) is False
    assert process.decided_after(1e-9) == 1001
    assert process.interval(0.05)[0] > 0.99


def test_before_the_first_outcome_nothing_is_known() -> None:
    process = BinomialEProcess(0.5)
    assert (process.decided(0.05), process.interval(0.05), process.log_e) == (None, (0, 1), 0)


@pytest.mark.parametrize("share", [0, 1.1, -1, float("nan"), "half", True])
def test_a_share_lies_above_0_and_is_at_most_1(share: float) -> None:
    with pytest.raises(UsageError, match="`share`"):
        BinomialEProcess(share)


@pytest.mark.parametrize("rows", [[0.5], [2], [[True, False], [True, True]], [np.nan]])
def test_outcomes_are_true_or_false(rows: object) -> None:
    with pytest.raises(UsageError, match="`rows`"):
        BinomialEProcess(0.5).update(rows)
