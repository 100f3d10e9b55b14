"""The classical statistics under permutation: the same statistics, valid for every law."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from gan_eval.runtime.errors import UsageError
from gan_eval.stats.result import TestResult
from gan_eval.stats.twosample import permutation_labels
from gan_eval.stats.twosample.classical import box_m_test, hotelling_test, likelihood_ratio_test
from gan_eval.stats.twosample.permuted_moments import (
    MOST_COLUMNS,
    box_m_permutation_test,
    hotelling_permutation_test,
    likelihood_ratio_permutation_test,
)

Test = Callable[..., TestResult]
PAIRS: list[tuple[Test, Test]] = [
    (likelihood_ratio_test, likelihood_ratio_permutation_test),
    (box_m_test, box_m_permutation_test),
    (hotelling_test, hotelling_permutation_test),
]
every_pair = pytest.mark.parametrize(("classical", "permuted"), PAIRS, ids=["lr", "box", "t2"])


@every_pair
@pytest.mark.parametrize("d", [1, 3])
def test_pvalue_is_that_of_the_classical_statistic_permuted_one_by_one(
    classical: Test, permuted: Test, d: int
) -> None:
    rng = np.random.default_rng(d)
    # Far from the origin and in unequal units, where sums of squares would lose all digits.
    scale = 10.0 ** np.arange(-3, 3 * d - 3, 3)
    x = (rng.standard_t(5, size=(30, d)) + 1e5) * scale
    y = (rng.standard_t(5, size=(40, d)) + 1e5) * scale
    found = permuted(x, y, permutations=60, rng=1)
    pooled = np.concatenate([x, y])
    observed = classical(x, y).statistic
    null = [
        classical(pooled[labels], pooled[~labels]).statistic
        for labels in permutation_labels(30, 40, 60, np.random.default_rng(1))
    ]
    np.testing.assert_allclose(found.statistic, observed, rtol=1e-7)
    np.testing.assert_allclose(found.null_distribution, null, rtol=1e-6)
    assert found.pvalue == (1 + sum(value >= observed for value in null)) / 61


@every_pair
def test_two_equal_samples_give_one(classical: Test, permuted: Test) -> None:
    x = np.random.default_rng(0).integers(0, 3, size=(40, 2)).astype(float)
    assert permuted(x, x, permutations=99, rng=0).pvalue == 1.0


@pytest.mark.statistical
def test_heavy_tails_break_the_gaussian_law_and_not_the_permutation() -> None:
    # Student's t with 4 degrees of freedom, 80 + 80 rows, 400 pairs of one law. Each rate's band is
    # 3.5 standard errors of a binomial at level 5 %: error rate 5e-4 each.
    rng = np.random.default_rng(3)
    rejections = np.zeros((3, 2))
    for k in range(400):
        x, y = rng.standard_t(4, size=(80, 2)), rng.standard_t(4, size=(80, 2))
        for row, (classical, permuted) in zip(rejections, PAIRS, strict=True):
            row += (
                classical(x, y).pvalue <= 0.05,
                permuted(x, y, permutations=99, rng=k).pvalue <= 0.05,
            )
    rates, band = rejections / 400, 3.5 * np.sqrt(0.05 * 0.95 / 400)
    assert (rates[:2, 0] > 0.2).all()
    assert (np.abs(rates[:, 1] - 0.05) <= band).all()


@every_pair
def test_heavy_ties_are_never_anti_conservative(classical: Test, permuted: Test) -> None:
    # Coin flips, 12 + 12 rows, 400 pairs; the bound is 3.5 standard errors above 10 %.
    rng = np.random.default_rng(5)
    hits, runs = 0, 0
    for k in range(400):
        x, y = rng.integers(0, 2, size=(2, 12, 1)).astype(float)
        if np.ptp(x) == 0 or np.ptp(y) == 0:
            continue
        runs += 1
        hits += permuted(x, y, permutations=39, rng=k).pvalue <= 0.1
    assert hits / runs <= 0.1 + 3.5 * np.sqrt(0.09 / runs)


def test_the_larger_error_has_the_smaller_pvalue() -> None:
    rng = np.random.default_rng(7)
    x, z = rng.normal(size=(2, 60, 2))
    for permuted, moved in (
        (likelihood_ratio_permutation_test, lambda e: z * (1 + e) + e),
        (box_m_permutation_test, lambda e: z * (1 + e)),
        (hotelling_permutation_test, lambda e: z + e),
    ):
        values = [permuted(x, moved(e), permutations=199, rng=0).pvalue for e in (0.0, 0.3, 1.0)]
        assert values[0] > values[1] >= values[2] == 1 / 200


def test_too_many_columns_are_refused_for_covariances_only() -> None:
    x, y = np.random.default_rng(0).normal(size=(2, 150, MOST_COLUMNS + 1))
    with pytest.raises(UsageError, match=f"at most {MOST_COLUMNS} columns"):
        likelihood_ratio_permutation_test(x, y)
    assert 0 < hotelling_permutation_test(x, y, permutations=9, rng=0).pvalue <= 1
