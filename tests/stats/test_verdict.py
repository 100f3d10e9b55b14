"""Could not tell: the least p-value that samples can have, by enumeration, and what is said."""

from __future__ import annotations

import itertools
import math
from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from gan_eval import GaussianTarget
from gan_eval.stats.battery.battery import DEFAULT, battery
from gan_eval.stats.permutation.labels import rarest_split, row_codes, rows_needed
from gan_eval.stats.result import Verdict
from gan_eval.stats.twosample import energy_test, mmd_test
from gan_eval.testing import assert_same_distribution

RNG = np.random.default_rng


def rarest_by_enumeration(values: list[int], n: int) -> float:
    """The probability of the rarest split, a split and its complement being one where n = m."""
    size = len(values)
    seen: Counter[Any] = Counter()
    for chosen in itertools.combinations(range(size), n):
        first = tuple(sorted(values[i] for i in chosen))
        second = tuple(sorted(values[i] for i in set(range(size)) - set(chosen)))
        seen[min(first, second) if 2 * n == size else first] += 1
    return min(seen.values()) / math.comb(size, n)


@pytest.mark.parametrize("seed", range(12))
def test_the_rarest_split_is_that_of_an_enumeration(seed: int) -> None:
    rng = RNG(seed)
    size = int(rng.integers(4, 11))
    values = rng.integers(0, rng.integers(1, 8), size=size).tolist()
    for n in range(1, size):
        rows = np.column_stack([np.array(values, dtype=float), np.zeros(size)])
        assert rarest_split(rows, n) == pytest.approx(rarest_by_enumeration(values, n), rel=1e-9)


def test_of_many_rows_the_bound_is_the_value_where_they_differ() -> None:
    rows = np.arange(100_000.0)[:, None]
    assert rarest_split(rows, 5) == pytest.approx(1 / math.comb(100_000, 5), rel=1e-6)
    # One row among equal ones: it falls into x or into y.
    lone = (rows == 3.0).astype(float)
    assert rarest_split(lone, 30_000) == pytest.approx(0.3, rel=1e-6)
    assert rarest_split(lone, 50_000) == pytest.approx(1.0, rel=1e-6)


def test_rows_are_equal_where_every_column_is() -> None:
    rows = np.array([[0.0, 1.0], [-0.0, 1.0], [0.0, 2.0], [1.0, 1.0], [0.0, 2.0]])
    assert len(set(row_codes(rows))) == 3
    assert row_codes(rows)[0] == row_codes(rows)[1]
    assert row_codes(rows)[2] == row_codes(rows)[4]


@pytest.mark.parametrize(
    ("pvalue", "rows"), [(0.1, 3), (0.05, 4), (0.05 / 6, 5), (0.05 / 7, 6), (1e-6, 12)]
)
def test_the_rows_that_are_needed(pvalue: float, rows: int) -> None:
    assert rows_needed(pvalue) == rows
    assert 2 / math.comb(2 * rows, rows) <= pvalue < 2 / math.comb(2 * rows - 2, rows - 1)


@pytest.mark.parametrize("test", [energy_test, mmd_test])
def test_exchanged_pairs_have_as_many_splits_as_pairs_that_differ(test: Callable) -> None:
    x = RNG(0).normal(size=(5, 2))
    y = RNG(1).normal(size=(5, 2))
    y[0] = x[0]
    found = test(x, y, null="wild", permutations=999, rng=0)
    assert found.rarest_split == found.least_pvalue == 1 / 8
    assert test(x, y, null="wild", permutations=3, rng=0).least_pvalue == 1 / 4


@pytest.mark.parametrize("n", [2, 3, 4])
def test_samples_too_small_for_any_test_are_not_judged(n: int) -> None:
    x, y = RNG(n).normal(size=(2, n, 1))
    found = battery(x, y + 1e6, rng=0)
    assert found.verdict == Verdict.COULD_NOT_TELL
    assert not found.told_apart
    assert found.smallest > 0.05
    assert f"samples of {n} and {n} rows" in found.why_not
    assert found.to_dict()["verdict"] == "could_not_tell"


def test_what_is_said_to_be_enough_is_enough_and_one_less_is_not() -> None:
    count = len(DEFAULT)
    rows = rows_needed(0.05 / count)
    x = RNG(3).normal(size=(rows, 1))
    assert battery(x, x + 1e3, rng=0).verdict == Verdict.TOLD_APART
    less = battery(x[1:], x[1:] + 1e3, rng=0)
    assert less.verdict == Verdict.COULD_NOT_TELL
    assert f"{rows} rows each" in less.why_not

    many = RNG(4).normal(size=(40, 1))
    enough = 20 * count - 1
    less = battery(many, many + 1e3, permutations=enough - 1, rng=0)
    assert less.verdict == Verdict.COULD_NOT_TELL
    assert f"{enough} permutations would be enough" in less.why_not
    alone = battery(many, many + 1e3, permutations=1, rng=0)
    assert alone.why_not.startswith("with 1 permutation no p-value")
    assert battery(many, many + 1e3, permutations=enough, rng=0).verdict == Verdict.TOLD_APART
    moved: dict[str, Any] = {"tests": ["mmd", "energy", "hotelling"], "rng": 0}
    # Of Benjamini and Hochberg's correction the last p-value is not multiplied at all.
    found = battery(many, many + 1e3, permutations=19, correction="benjamini-hochberg", **moved)
    assert found.verdict == Verdict.TOLD_APART


def test_a_lone_row_among_equal_ones_tells_nothing_however_many_there_are() -> None:
    x, y = np.zeros((2, 300, 1))
    x[0] = 1.0
    found = battery(x, y, rng=0)
    assert found.verdict == Verdict.COULD_NOT_TELL
    assert "rows that repeat less often" in found.why_not


def test_a_lucky_draw_of_permutations_tells_nothing_apart() -> None:
    # 4 against 4 rows have 35 splits: by 39 permutations a p-value of 1/40 is luck.
    x = np.arange(4.0)
    for seed in range(10):
        found = battery(x, x + 100, tests=["energy"], permutations=39, alpha=0.027, rng=seed)
        assert found.verdict == Verdict.COULD_NOT_TELL
    assert battery(x, x + 100, tests=["energy"], permutations=3999, rng=0).told_apart


def test_where_no_test_could_be_run_it_is_not_told() -> None:
    found = battery(np.ones((20, 1)), np.ones((20, 1)), rng=0)
    assert found.verdict == Verdict.COULD_NOT_TELL


def test_against_a_target_a_known_law_needs_no_permutations() -> None:
    target = GaussianTarget.chapter()
    x = target.sample(30, 0)
    assert battery(x, target=target, permutations=1, rng=0).verdict == Verdict.NOT_TOLD_APART
    alone = battery(x, target=target, tests=["energy"], permutations=1, rng=0)
    assert alone.verdict == Verdict.COULD_NOT_TELL
    assert "19 permutations would be enough" in alone.why_not


def test_the_assertion_fails_where_it_cannot_tell() -> None:
    x = RNG(5).normal(size=(4, 2))
    with pytest.raises(AssertionError, match=r"could not tell x from y: .* would be enough"):
        assert_same_distribution(x, x + 0.1)
