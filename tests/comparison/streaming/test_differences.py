"""The p-values of single columns: constants, rare values, few rows, sides of very unequal size."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from scipy import stats

from gan_eval.comparison.streaming.columns import Column, Numbers, Values
from gan_eval.comparison.streaming.differences import column_differences


def of_numbers(x: np.ndarray, y: np.ndarray, parts: int = 1) -> float:
    sides: list[dict[str, Column]] = []
    for values in (x, y):
        side = Numbers()
        for part in np.array_split(values, parts):
            side.merge(Numbers().update(part))
        sides.append({"a": side})
    return float(column_differences(sides[0], sides[1], "holm")["pvalue"].iloc[0])


def of_values(x: dict[str, int], y: dict[str, int]) -> float:
    sides: list[dict[str, Column]] = []
    for counts in (x, y):
        rows = [value for value, count in counts.items() for _ in range(count)]
        sides.append({"a": Values().update(pa.array(rows))})
    return float(column_differences(sides[0], sides[1], "holm")["pvalue"].iloc[0])


def fisher(table: list[list[int]]) -> float:
    found: Any = stats.fisher_exact(table)
    return found.pvalue


@pytest.mark.parametrize("constant", [0.1, -53.566937316111094, 1e9 + 0.3, 3e-7])
def test_a_constant_is_not_told_apart_from_itself(constant: float) -> None:
    x, y = np.full(21_013, constant), np.full(9_001, constant)
    assert of_numbers(x, y, parts=3) == 1.0
    assert Numbers().update(x).variance == 0.0
    assert of_numbers(x, np.full(9_001, constant * 1.5), parts=3) < 1e-12


def test_rounding_of_means_is_no_difference() -> None:
    # The values are two neighbours in float64: no mean between them can be held.
    rng = np.random.default_rng(0)
    low, high = 1e9, np.nextafter(1e9, 2e9)
    for _ in range(20):
        x, y = (np.where(rng.random(n) < 0.5, low, high) for n in (60_000, 40_000))
        assert of_numbers(x, y, parts=7) > 1e-4


@pytest.mark.statistical
@pytest.mark.parametrize(
    ("n", "m", "draw"),
    [
        (1000, 100_000, lambda rng, k: rng.random(k) < 1e-4),
        (100, 10_000, lambda rng, k: rng.random(k) < 1e-3),
        (3, 3, lambda rng, k: rng.normal(size=k)),
        (7, 1000, lambda rng, k: rng.normal(size=k)),
        (60, 60, lambda rng, k: rng.normal(size=k)),
        (300, 3000, lambda rng, k: rng.lognormal(0, 2, k)),
    ],
)
def test_equal_columns_are_told_apart_at_the_level(
    n: int, m: int, draw: Callable[[np.random.Generator, int], np.ndarray]
) -> None:
    # 100 pairs at 5 %: more than 14 with a probability of 1e-4.
    rng = np.random.default_rng(1)
    told = sum(of_numbers(1.0 * draw(rng, n), 1.0 * draw(rng, m)) <= 0.05 for _ in range(100))
    assert told <= 14


def test_columns_that_have_nothing_in_common_are_told_apart() -> None:
    assert of_numbers(np.zeros(100_000), np.ones(300)) < 1e-12
    assert of_numbers(np.zeros(300), np.ones(100_000)) < 1e-12
    assert of_values({"a": 100_000}, {"b": 300}) < 1e-12
    assert of_values({"a": 100_000, "c": 100_000}, {"b": 150, "c": 150}) < 1e-12


def test_rare_values_are_held_against_the_others_by_fishers_test() -> None:
    exact = fisher([[5000, 0], [0, 3]])
    assert of_values({"a": 5000}, {"b": 3}) == pytest.approx(exact, rel=1e-9)
    exact = fisher([[4, 0], [0, 4]])
    assert of_values({"a": 4}, {"b": 4}) == pytest.approx(exact, rel=1e-9)
    assert of_values({"a": 4}, {"a": 4}) == 1.0
    table = np.array([[400, 300, 50], [350, 330, 70]])
    frequent = [dict(zip("abc", row.tolist(), strict=True)) for row in table]
    chi: Any = stats.chi2_contingency(table, correction=False)
    assert of_values(*frequent) == pytest.approx(chi.pvalue, rel=1e-9)
