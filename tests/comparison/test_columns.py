"""Columns one by one: what is set aside, and what each difference is."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.stats import ks_2samp

from gan_eval.comparison.columns.differences import column_differences
from gan_eval.stats.mixed import MixedRows
from gan_eval.stats.multiple import adjusted_pvalues
from gan_eval.stats.twosample.columns import set_aside

NAMES = ["a", "b", "c", "d"]


def pair(seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    x, y = np.random.default_rng(seed).normal(size=(2, 50, 4))
    return x, y


def test_columns_that_differ_by_more_than_rounding_are_all_kept() -> None:
    assert set_aside(*pair(), NAMES) == {}


def test_constant_repeated_and_combined_columns_are_set_aside_with_their_reasons() -> None:
    x, y = pair()
    for rows in (x, y):
        rows[:, 1] = 0.1
        rows[:, 2] = rows[:, 0]
        rows[:, 3] = 5 - 3e6 * rows[:, 0]
    found = set_aside(x, y, NAMES)
    assert found["b"] == "constant at 0.1 in both"
    assert found["c"] == "the same as 'a' in both"
    assert found["d"] == "a linear combination of the columns before it in both"


@pytest.mark.parametrize("kind", ["constant", "repeated", "combined", "other constant"])
def test_what_holds_in_one_file_only_is_a_difference_and_kept(kind: str) -> None:
    x, y = pair()
    if kind == "other constant":
        x[:, 1], y[:, 1] = 0.0, 1.0
    else:
        y[:, 1] = {"constant": 0.0, "repeated": y[:, 0], "combined": y[:, 0] + y[:, 2]}[kind]
    assert set_aside(x, y, NAMES) == {}


def test_dependence_up_to_float32_counts_as_dependence_and_a_real_part_does_not() -> None:
    x, y = pair()
    for rows in (x, y):
        rows[:, 3] = np.float32(rows[:, 0] + rows[:, 1])
    assert set(set_aside(x, y, NAMES)) == {"d"}
    for rows in (x, y):
        rows[:, 3] += 1e-4 * rows[:, 2] ** 2
    assert set_aside(x, y, NAMES) == {}


def test_few_rows_do_not_make_columns_dependent() -> None:
    x, y = np.random.default_rng(1).normal(size=(2, 3, 9))
    assert set_aside(x, y, list("abcdefghi")) == {}


def differences(x: np.ndarray, y: np.ndarray) -> pd.DataFrame:
    one, other = (MixedRows.of_numbers(rows, tuple(NAMES)) for rows in (x, y))
    return column_differences(one, other, "holm")


def test_differences_are_the_textbook_formulas_and_the_largest_comes_first() -> None:
    x, y = pair(2)
    y[:, 2] = 3 * y[:, 2] + 1
    frame = differences(x, y)
    assert frame["column"][0] == "c"
    assert frame["ks"].is_monotonic_decreasing
    row = frame.iloc[0]
    variances = x[:, 2].var(ddof=1), y[:, 2].var(ddof=1)
    assert row["shift"] == pytest.approx(
        (y[:, 2].mean() - x[:, 2].mean()) / np.sqrt(sum(variances) / 2)
    )
    assert row["sd_ratio"] == pytest.approx(np.sqrt(variances[1] / variances[0]))
    for _, each in frame.iterrows():
        j = NAMES.index(str(each["column"]))
        test: Any = ks_2samp(x[:, j], y[:, j])
        assert (each["ks"], each["pvalue"]) == pytest.approx((test.statistic, test.pvalue))
    np.testing.assert_allclose(frame["adjusted"], adjusted_pvalues(frame["pvalue"], "holm"))


def test_constant_columns_have_a_ratio_and_a_shift_as_documented() -> None:
    x, y = pair()
    x[:, 0], y[:, 0] = 1.0, 2.0
    y[:, 1] = 0.5
    x[:, 2] = -0.1
    frame = differences(x, y).set_index("column")
    assert frame.loc["a", "shift"] == np.inf
    assert np.isnan(frame.loc["a", "sd_ratio"])  # type: ignore[arg-type]
    assert frame.loc["b", "sd_ratio"] == 0.0
    assert frame.loc["c", "sd_ratio"] == np.inf
