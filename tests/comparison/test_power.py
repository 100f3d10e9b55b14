"""Power: known answers, and the tests themselves at the differences that it names."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import binom, chi2, ncx2

from gan_eval.comparison.pages import power_words
from gan_eval.comparison.power import KINDS, Power, power
from gan_eval.runtime.errors import CannotTestError, UsageError
from gan_eval.stats.battery.battery import battery
from gan_eval.stats.battery.catalogue import DEFAULT
from gan_eval.stats.mixed import MixedRows, embed

PAIRS = 60


def rows(rng: np.random.Generator, n: int) -> MixedRows:
    """Make two dependent numbers, one skewed and one with heavy tails, and a category."""
    numbers = rng.normal(size=(n, 3)) @ np.array(
        [[1.0, 0.7, 0.0], [0.0, 0.7, 0.0], [0.0, 0.0, 1.0]]
    )
    numbers[:, 2] = np.exp(numbers[:, 2] / 2)
    codes = rng.choice(3, size=(n, 1), p=(0.6, 0.3, 0.1))
    return MixedRows(numbers, codes, ("a", "b", "c"), ("k",), (("x", "y", "z"),))


@pytest.fixture(scope="module")
def found() -> Power:
    rng = np.random.default_rng(0)
    return power(rows(rng, 300), 300, 200, DEFAULT, rng=rng)


def changed(found: Power, kind: str, real: MixedRows, rng: np.random.Generator) -> MixedRows:
    least = getattr(found, kind)
    numbers, codes = real.numbers.copy(), real.categories.copy()
    if least.column in real.number_names:
        j = real.number_names.index(least.column)
        if kind == "shift":
            # The skewed column's standard deviation, and those of the others.
            numbers[:, j] += least.size * (
                1.0 if j < 2 else math.sqrt(math.e**0.5 - 1) * math.e**0.125
            )
        else:
            centre = numbers[:, j].mean()
            numbers[:, j] = centre + math.sqrt(least.size) * (numbers[:, j] - centre)
    elif kind == "share":
        other = np.flatnonzero(codes[:, 0] == 0)
        taken = rng.random(len(other)) < least.size / 0.6
        codes[other[taken], 0] = 1
    else:
        (points,) = embed(real)
        centre = points[rng.integers(len(points))]
        order = np.argsort(np.linalg.norm(points - centre, axis=1))
        return real.take(order[round(least.size * len(order)) :])
    return MixedRows(numbers, codes, real.number_names, real.category_names, real.levels)


@pytest.mark.thorough
@pytest.mark.parametrize("kind", list(KINDS))
def test_the_battery_finds_what_is_said_nine_times_of_ten(kind: str, found: Power) -> None:
    """One test alone does, at its level; fewer than 46 of 60 in 1 of 2,000 runs if 0.9 is so."""
    hits = 0
    for seed in range(PAIRS):
        rng = np.random.default_rng(seed)
        x, y = rows(rng, found.n), rows(rng, 2 * found.m)
        y = changed(found, kind, y, rng)
        y = y.take(rng.permutation(len(y))[: found.m])
        pvalue = battery(x, y, tests=[KINDS[kind]], rng=seed).results[KINDS[kind]].pvalue
        hits += pvalue <= found.level
    assert hits >= binom.ppf(5e-4, PAIRS, 0.9)


def test_the_shift_of_gaussians_is_that_of_theory() -> None:
    """T² is noncentral χ² with nm/(n+m) δ² at these sizes."""
    rng = np.random.default_rng(0)
    n, d = 2000, 3
    found = power(rng.normal(size=(1000, d)), n, n, ["hotelling", "energy"], rng=rng)
    bar = chi2.isf(0.025, d)
    grid = np.linspace(0.01, 0.5, 2000)
    theory = grid[np.argmax(ncx2.sf(bar, d, n / 2 * grid**2) >= 0.9)]
    assert found.shift is not None
    assert found.shift.size == pytest.approx(theory, rel=0.12)


def test_more_rows_find_smaller_differences(found: Power) -> None:
    rng = np.random.default_rng(0)
    many = power(rows(rng, 300), 3000, 2000, DEFAULT, rng=rng)
    for kind in KINDS:
        assert getattr(many, kind).size < getattr(found, kind).size
    assert many.shift is not None
    assert found.shift is not None
    assert many.shift.size == pytest.approx(found.shift.size / math.sqrt(10), rel=0.15)


def test_more_tests_find_less() -> None:
    real = np.random.default_rng(0).normal(size=(200, 2))
    alone, many = (
        power(real, 200, 200, tests, rng=np.random.default_rng(1)).shift
        for tests in (["hotelling"], DEFAULT)
    )
    assert alone is not None
    assert many is not None
    assert alone.size < many.size


def test_one_kind_does_not_depend_on_the_others() -> None:
    real = rows(np.random.default_rng(0), 300)
    tests = [name for name in DEFAULT if name != "columns"] + ["classifier"]
    one, other = (
        power(real, 300, 200, some, rng=np.random.default_rng(1)).lost for some in (DEFAULT, tests)
    )
    assert len(tests) == len(DEFAULT)
    assert one == other


def test_what_cannot_be_told_is_said() -> None:
    rng = np.random.default_rng(0)
    real = rng.normal(size=(100, 2))
    found = power(real, 100, 100, ["columns", "mmd"], rng=rng)
    assert set(found.why_not) == set(KINDS)
    assert "cannot be told" in power_words.sentence(found)
    few = power(real, 100, 100, DEFAULT, permutations=99, rng=rng)
    assert few.shift is None
    narrow = power(np.hstack([real, real]), 100, 100, ["hotelling"], rng=rng)
    assert narrow.shift is None


def test_there_is_a_sentence_and_a_table(found: Power) -> None:
    shown = power_words.table(found)
    assert len(shown.rows) == len(KINDS)
    assert found.shift is not None
    assert f"{found.shift.size:.2f} sd" in power_words.sentence(found)
    assert found.to_dict()["shift"]["column"] == found.shift.column


def test_what_cannot_be_used_is_refused() -> None:
    rng = np.random.default_rng(0)
    with pytest.raises(CannotTestError):
        power(rng.normal(size=(19, 1)), 50, 50, DEFAULT, rng=rng)
    with pytest.raises(UsageError):
        power(rng.normal(size=(50, 1)), 50, 50, DEFAULT, alpha=2.0, rng=rng)
