"""The column that differs most: SciPy's statistic, enumeration, and what must not hide it."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binomtest, ks_2samp

from gan_eval.runtime.errors import CannotTestError
from gan_eval.stats.battery.battery import battery
from gan_eval.stats.result import Verdict
from gan_eval.stats.twosample import columns_test
from gan_eval.stats.twosample.columns import _Column

RNG = np.random.default_rng


def largest(x: np.ndarray, y: np.ndarray) -> float:
    """SciPy's statistic of each column; the largest."""
    return max(scipys(a, b) for a, b in zip(x.T, y.T, strict=True))


def scipys(x: np.ndarray, y: np.ndarray) -> float:
    found: Any = ks_2samp(x, y, method="asymp")
    return float(found.statistic)


@pytest.mark.parametrize(("n", "m"), [(12, 12), (7, 30), (30, 7), (2, 5)])
@pytest.mark.parametrize("ties", [False, True])
def test_the_statistic_is_the_largest_of_scipys(n: int, m: int, ties: bool) -> None:
    rng = RNG(n)
    x, y = rng.normal(size=(n, 3)), rng.normal(0.4, size=(m, 3))
    if ties:
        x, y = np.round(2 * x), np.round(2 * y)
    found = columns_test(x, y, permutations=9, rng=0)
    assert found.statistic == pytest.approx(largest(x, y), rel=1e-12)
    assert found.estimate == found.effect_size == found.statistic


@pytest.mark.parametrize("ties", [False, True])
def test_the_null_distribution_is_that_of_all_splits(ties: bool) -> None:
    # The exact p-value of 252 splits; a binomial count of 4,000 draws of it (error rate 1e-6).
    rng = RNG(1)
    pooled = rng.normal(size=(10, 2))
    pooled[:5, 1] += 1.2
    if ties:
        pooled = np.round(pooled)
    values = []
    for chosen in itertools.combinations(range(10), 5):
        in_x = np.isin(np.arange(10), chosen)
        values.append(largest(pooled[in_x], pooled[~in_x]))
    exact = np.mean(np.array(values) >= values[0] - 1e-12)
    found = columns_test(pooled[:5], pooled[5:], permutations=4000, rng=2)
    exceeding = round(found.pvalue * 4001) - 1
    assert binomtest(exceeding, 4000, exact).pvalue > 1e-6


def test_the_least_pvalue_counts_the_splits_that_are_as_far_apart_as_can_be() -> None:
    rng = RNG(3)
    for n, m, d in ((3, 3, 1), (3, 5, 1), (3, 4, 2), (4, 4, 3)):
        x, y = rng.normal(size=(n, d)), rng.normal(size=(m, d))
        pooled = np.concatenate([x, y])
        reached = 0
        for chosen in itertools.combinations(range(n + m), n):
            in_x = np.isin(np.arange(n + m), chosen)
            reached += largest(pooled[in_x], pooled[~in_x]) > 1 - 1e-12
        found = columns_test(x, y, permutations=9999, rng=0)
        assert found.least_pvalue == pytest.approx(reached / math.comb(n + m, n), rel=1e-12)


def test_an_increasing_map_of_a_column_changes_nothing() -> None:
    x, y = RNG(4).normal(size=(2, 40, 2))
    found = columns_test(x, y, rng=0)
    mapped = columns_test(np.exp(30 * x) * [1.0, 1e-200], np.exp(30 * y) * [1.0, 1e-200], rng=0)
    assert mapped.pvalue == found.pvalue
    np.testing.assert_array_equal(mapped.null_distribution, found.null_distribution)


def test_counts_in_64_bits_are_those_in_32() -> None:
    values = RNG(5).normal(size=3000)
    labels = np.array([np.isin(np.arange(3000), RNG(k).permutation(3000)[:1000]) for k in range(9)])
    narrow, wide = _Column(values, 1000), _Column(values, 1000)
    wide._counts = np.int64
    wide._expected = wide._expected.astype(np.int64)
    np.testing.assert_array_equal(narrow(labels), wide(labels))
    big = _Column(RNG(6).normal(size=70_000), 35_000)
    half = np.arange(70_000)[None] < 35_000
    pooled = RNG(6).normal(size=70_000)
    expected = scipys(pooled[:35_000], pooled[35_000:])
    assert big(half)[0] / 35_000**2 == pytest.approx(expected, rel=1e-9)


def test_the_column_is_named() -> None:
    x, y = RNG(7).normal(size=(2, 60, 3))
    y[:, 1] += 2
    assert columns_test(x, y, rng=0).parameters["column"] == "x2"
    frames = (pd.DataFrame(values, columns=list("abc")) for values in (x, y))
    assert columns_test(*frames, rng=0).parameters["column"] == "b"


def test_rows_that_are_all_the_same_cannot_be_tested() -> None:
    with pytest.raises(CannotTestError, match="one and the same row"):
        columns_test(np.ones((9, 2)), np.ones((5, 2)))


@pytest.mark.parametrize(
    ("wild", "place"),
    [(-999999.0, (0, 0)), (1e20, (0, 0)), (1e150, (0, 0)), (-999999.0, (5, 1))],
)
def test_one_wild_cell_does_not_hide_a_shift_of_another_column(
    wild: float, place: tuple[int, int]
) -> None:
    x, y = RNG(8).normal(size=(2, 100, 2))
    y[:, 1] += 3.0
    x[place] = wild
    found = battery(x, y, rng=0)
    assert "columns" in found.rejected
    assert found.verdict == Verdict.TOLD_APART


@pytest.mark.statistical
def test_the_level_is_kept_with_many_columns_and_ties() -> None:
    # 400 pairs at 5 %; error rate 2e-4 of a binomial count.
    rng = RNG(9)
    rejected = [
        columns_test(
            np.round(rng.normal(size=(25, 6)), 1), np.round(rng.normal(size=(40, 6)), 1),
            permutations=99, rng=k,
        ).pvalue <= 0.05
        for k in range(400)
    ]  # fmt: skip
    assert np.mean(rejected) <= 0.05 + 3.5 * np.sqrt(0.05 * 0.95 / 400)
