"""Differences of single columns, against independent oracles."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats as scipy_stats

from gan_eval.comparison.columns.differences import column_differences, missing_patterns
from gan_eval.stats.mixed import MixedRows
from gan_eval.stats.multiple import adjusted_pvalues

stats: Any = scipy_stats


def numbers(values: list[float]) -> MixedRows:
    return MixedRows.of_numbers(np.array(values)[:, None], ("a",))


def levels(codes: list[int], count: int = 3) -> MixedRows:
    names = tuple(f"level {k}" for k in range(count))
    return MixedRows(np.zeros((len(codes), 0)), np.array(codes)[:, None], (), ("c",), (names,))


def exact(pooled: np.ndarray, n: int, statistic) -> float:
    """The share of all splits whose statistic is at least the observed one."""
    size = len(pooled)
    values = []
    for chosen in combinations(range(size), n):
        mask = np.zeros(size, bool)
        mask[list(chosen)] = True
        values.append(statistic(pooled[mask], pooled[~mask]))
    return float(np.mean(np.array(values) >= values[0] - 1e-9))


@pytest.mark.statistical
def test_where_values_tie_the_pvalue_is_that_of_all_permutations() -> None:
    x, y = [0.0, 1, 1, 2, 2, 2], [1.0, 2, 3, 3, 3]
    row = column_differences(numbers(x), numbers(y), "holm").iloc[0]
    pooled = np.array(x + y)
    oracle = exact(pooled, len(x), lambda a, b: stats.ks_2samp(a, b).statistic)
    # 9,999 draws: a standard error of at most 0.005.
    assert row["pvalue"] == pytest.approx(oracle, abs=0.02)
    assert row["ks"] == stats.ks_2samp(x, y).statistic
    assert row["pvalue"] < stats.ks_2samp(x, y, method="exact").pvalue


@pytest.mark.statistical
def test_levels_are_tested_by_chi_squared_over_all_permutations() -> None:
    x, y = [0, 0, 0, 1, 1, 2], [1, 2, 2, 2, 2]
    row = column_differences(levels(x), levels(y), "holm").iloc[0]

    def statistic(a: np.ndarray, b: np.ndarray) -> float:
        table = np.array([np.bincount(part, minlength=3) for part in (a, b)])
        return stats.chi2_contingency(table, correction=False).statistic

    assert row["pvalue"] == pytest.approx(exact(np.array(x + y), len(x), statistic), abs=0.02)
    shares = np.bincount(x, minlength=3) / 6, np.bincount(y, minlength=3) / 5
    assert row["total_variation"] == pytest.approx(np.abs(shares[0] - shares[1]).sum() / 2)
    assert (row["level"], row["real_share"], row["generated_share"]) == (
        "level 2", pytest.approx(1 / 6), pytest.approx(4 / 5)
    )  # fmt: skip


def test_shares_of_missing_values_are_tested_by_fisher_and_left_out_of_the_rest() -> None:
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=50), rng.normal(size=40)
    holed = y.copy()
    holed[:15] = np.nan
    row = column_differences(numbers(list(x)), numbers(list(holed)), "holm").iloc[0]
    assert row["missing_pvalue"] == stats.fisher_exact([[0, 50], [15, 25]]).pvalue
    assert (row["real_missing"], row["generated_missing"]) == (0, 15 / 40)
    assert row["ks"] == stats.ks_2samp(x, y[15:]).statistic
    assert row["generated_mean"] == pytest.approx(y[15:].mean())


def test_all_pvalues_are_adjusted_together_and_none_is_given_for_dependent_rows() -> None:
    rng = np.random.default_rng(1)
    rows = rng.normal(size=(60, 2))
    rows[:20, 1] = np.nan
    x = MixedRows(rows, rng.integers(0, 3, (60, 1)), ("a", "b"), ("c",), (("u", "v", "w"),))
    y = MixedRows(
        rng.normal(size=(50, 2)), rng.integers(0, 3, (50, 1)), ("a", "b"), ("c",), x.levels
    )
    frame = column_differences(x, y, "holm")
    given = frame[["pvalue", "missing_pvalue"]].to_numpy()
    made = frame[["adjusted", "missing_adjusted"]].to_numpy()
    kept = np.isfinite(given)
    assert kept.sum() == 4
    np.testing.assert_allclose(made[kept], adjusted_pvalues(given[kept], "holm"))
    assert frame["difference"].is_monotonic_decreasing
    grouped = column_differences(x, y, "holm", independent=False)
    assert grouped[["pvalue", "missing_pvalue", "adjusted", "missing_adjusted"]].isna().all().all()


def test_a_column_without_values_on_one_side_has_no_pvalue_of_them() -> None:
    row = column_differences(numbers([1.0, 2, 3]), numbers([np.nan] * 3), "holm").iloc[0]
    assert np.isnan(row["pvalue"])
    assert row["missing_pvalue"] == stats.fisher_exact([[0, 3], [3, 0]]).pvalue


def test_patterns_of_missing_values_are_counted_whole() -> None:
    holed = np.array([[1, np.nan], [np.nan, np.nan], [1, 2.0], [3, 4]])
    x = MixedRows.of_numbers(holed, ("a", "b"))
    y = MixedRows.of_numbers(np.array([[1.0, 2], [np.nan, 1], [2, 3]]), ("a", "b"))
    frame = missing_patterns(x, y, "holm").set_index("missing")
    assert set(frame.index) == {"a", "b", "a, b"}
    assert frame.loc["b", "real_share"] == 1 / 4
    assert frame.loc["a", "generated_share"] == pytest.approx(1 / 3)
    assert isinstance(frame, pd.DataFrame)
    assert missing_patterns(x.take(np.array([2, 3])), y.take(np.array([0])), "holm").empty


@pytest.mark.statistical
def test_the_pvalues_of_tied_columns_keep_their_level() -> None:
    # 400 pairs at 5 %: more than 36 have a probability of 0.0005.
    rejected = {"ks": 0, "chi": 0}
    for seed in range(400):
        rng = np.random.default_rng(seed)
        x, y = rng.integers(0, 5, 40), rng.integers(0, 5, 25)
        found = column_differences(numbers(list(x * 1.0)), numbers(list(y * 1.0)), "holm", rng=rng)
        rejected["ks"] += found["pvalue"][0] <= 0.05
        found = column_differences(levels(list(x), 5), levels(list(y), 5), "holm", rng=rng)
        rejected["chi"] += found["pvalue"][0] <= 0.05
    assert max(rejected.values()) <= 36
    assert min(rejected.values()) >= 4
