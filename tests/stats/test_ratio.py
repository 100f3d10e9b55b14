"""The ratio of two samples of times: known answers, the inverted test, the level."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy import stats

from gan_eval.stats.ratio import RankRatio, Ratio, StudentRatio

RNG = np.random.default_rng(0)
BEFORE, AFTER = np.exp(0.1 * RNG.standard_normal(7)), 1.4 * np.exp(0.1 * RNG.standard_normal(6))


@pytest.mark.parametrize("kind", [RankRatio, StudentRatio])
def test_it_is_the_right_way_round_and_turns_with_its_sides(kind: type[Ratio]) -> None:
    found, turned = kind(BEFORE, AFTER), kind(AFTER, BEFORE)
    assert found.estimate == pytest.approx(1.4, rel=0.1)
    assert found.above(1.0) < 0.01 < found.above(1.4)
    assert found.below(1.0) > 0.99
    assert found.below(2.0) < 0.01
    assert turned.estimate == pytest.approx(1 / found.estimate)
    assert turned.interval(0.05) == pytest.approx([1 / end for end in found.interval(0.05)[::-1]])
    assert turned.below(1 / 1.2) == pytest.approx(found.above(1.2))


@pytest.mark.parametrize("kind", [RankRatio, StudentRatio])
def test_the_interval_holds_what_neither_side_rejects(kind: type[Ratio]) -> None:
    found = kind(BEFORE, AFTER)
    low, high = found.interval(0.05)
    assert found.above(low * (1 - 1e-6)) <= 0.025 < found.above(low * (1 + 1e-6))
    assert found.below(high * (1 + 1e-6)) <= 0.025 < found.below(high * (1 - 1e-6))


def test_the_pvalues_of_ranks_count_the_splits_of_the_pooled_times() -> None:
    """Of all C(5, 2) ways to choose which times are ``after``, those that lie at least as high."""
    before, after = np.array([1.0, 2.0, 5.0]), np.array([4.0, 6.0])
    pooled = np.concatenate([before, after])

    def wins(chosen: tuple[int, ...]) -> int:
        rest = np.delete(pooled, chosen)
        return sum((pooled[i] > rest).sum() for i in chosen)

    splits = [wins(chosen) for chosen in itertools.combinations(range(5), 2)]
    expected = np.mean([count >= wins((3, 4)) for count in splits])
    assert RankRatio(before, after).above(1.0) == pytest.approx(expected)
    assert RankRatio(before, before + 10).least == pytest.approx(1 / 20)
    assert RankRatio(before, before + 10).above(1.0) == pytest.approx(1 / 20)


def test_ties_do_not_reach_below_the_least_pvalue() -> None:
    found = RankRatio(np.full(3, 1.0), np.full(3, 2.0))
    assert found.above(1.0) == pytest.approx(1 / 20)
    same = RankRatio(np.full(3, 1.0), np.full(3, 1.0))
    assert same.above(1.0) > 0.5
    assert same.estimate == 1


def test_students_are_those_of_scipy() -> None:
    logs = np.log(AFTER), np.log(BEFORE) + np.log(1.2)
    expected = stats.ttest_ind(*logs, alternative="greater")[1]
    found = StudentRatio(BEFORE, AFTER)
    assert found.above(1.2) == pytest.approx(expected)
    interval = stats.ttest_ind(np.log(AFTER), np.log(BEFORE)).confidence_interval(0.9)
    assert found.interval(0.1) == pytest.approx([np.exp(interval.low), np.exp(interval.high)])


@pytest.mark.parametrize(
    "found", [RankRatio(BEFORE[:1], AFTER[:1]), StudentRatio(BEFORE[:2], AFTER[:1])]
)
def test_too_few_times_bound_nothing_and_reject_nothing(found: Ratio) -> None:
    assert found.interval(0.05) == (0.0, np.inf)
    assert found.above(1e-6) >= found.least >= 0.5


def test_files_that_are_all_alike_decide_by_their_ratio_alone() -> None:
    found = StudentRatio(np.full(2, 1.0), np.full(2, 1.3))
    assert found.above(1.2) == 0
    assert found.above(1.4) == 1
    assert found.interval(0.05) == pytest.approx((1.3, 1.3))


@pytest.mark.statistical
@pytest.mark.parametrize("kind", [RankRatio, StudentRatio])
def test_the_true_ratio_is_rejected_at_the_level_at_most(kind: type[Ratio]) -> None:
    """At the edge of what is allowed, 1.2, in 600 draws of 6 and 7: more than 85 rejections at
    a level of 0.1 have a probability below 0.001 each."""
    rng = np.random.default_rng(1)
    pvalues = [
        kind(np.exp(0.2 * rng.standard_normal(6)), 1.2 * np.exp(0.2 * rng.standard_normal(7)))
        for _ in range(600)
    ]
    assert 35 < sum(found.above(1.2) <= 0.1 for found in pvalues) <= 85
    assert 35 < sum(found.below(1.2) <= 0.1 for found in pvalues) <= 85
