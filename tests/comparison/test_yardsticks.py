"""Real against real: known answers, and nineteen of twenty pairs within the range."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import binom

from gan_eval.comparison.directions import leading_directions
from gan_eval.comparison.distances import distances
from gan_eval.comparison.yardsticks import Ranges, real_against_real, sentence, table
from gan_eval.runtime.errors import CannotTestError
from gan_eval.stats.battery.battery import battery
from gan_eval.stats.mixed import MixedRows
from gan_eval.stats.twosample import energy_test, frechet_distance, mmd_test
from gan_eval.stats.twosample.classical import hotelling_test

Array = np.ndarray


def lognormal(rng: np.random.Generator, n: int) -> Array:
    rows = rng.normal(size=(n, 3)) @ np.array([[1.0, 0.8, 0.0], [0.0, 0.6, 0.0], [0.0, 0.0, 1.0]])
    rows[:, 2] = np.exp(rows[:, 2] / 2)
    return 3 + 2 * rows


def seen(x: Array, y: Array) -> dict[str, float]:
    units = np.concatenate([x, y]).std(axis=0)
    along = leading_directions(x, y)
    plain, standardised = (
        frechet_distance(a, b, bootstrap=2, rng=0) for a, b in ((x, y), (x / units, y / units))
    )
    ratio = along.spread[0].value
    return {
        "frechet": plain.corrected,
        "frechet_standardised": standardised.corrected,
        "frechet_uncorrected": plain.estimate,
        "hotelling": hotelling_test(x, y).estimate,
        "energy": energy_test(x, y, whiten="pooled", permutations=1, rng=0).estimate,
        "mmd": mmd_test(x, y, whiten="pooled", permutations=1, rng=0).estimate,
        "largest_shift": along.mean.value,
        "variance_ratio": max(ratio, 1 / ratio),
    }


def inside(n: int, m: int, pairs: int) -> dict[str, int]:
    """Count, of pairs of real tables, the distances in the range that the first one gives."""
    counts: dict[str, int] = {}
    for seed in range(pairs):
        rng = np.random.default_rng([seed, n, m])
        x, y = lognormal(rng, n), lognormal(rng, m)
        ranges = real_against_real(x, n, m, rng=rng).ranges
        for name, value in seen(x, y).items():
            one = ranges[name]
            counts[name] = counts.get(name, 0) + (one.low <= value <= one.high)
    return counts


def test_nearly_all_real_pairs_are_within_the_range() -> None:
    """Of 8 pairs fewer than 5 are inside in 1 of 2,500 runs, if nineteen of twenty should be."""
    assert min(inside(150, 100, 8).values()) >= 5


@pytest.mark.thorough
@pytest.mark.parametrize(("n", "m"), [(300, 300), (400, 100)])
def test_nineteen_of_twenty_real_pairs_are_within_the_range(n: int, m: int) -> None:
    """Of 200 pairs, 93 to 97 %, and what chance adds in 1 of 10,000 runs."""
    for name, count in inside(n, m, 200).items():
        assert binom.ppf(1e-4, 200, 0.93) <= count <= binom.ppf(1 - 1e-4, 200, 0.97), name


def test_a_range_shrinks_as_the_rows_grow() -> None:
    rng = np.random.default_rng(0)
    real = rng.normal(size=(500, 2))
    few, many = (real_against_real(real, n, n, rng=np.random.default_rng(1)) for n in (500, 2000))
    for name in ("energy", "frechet_uncorrected"):
        assert few.ranges[name].high == pytest.approx(4 * many.ranges[name].high)
    for name in ("hotelling", "largest_shift"):
        assert few.ranges[name].high == pytest.approx(2 * many.ranges[name].high)
    assert math.log(few.ranges["variance_ratio"].high) == pytest.approx(
        2 * math.log(many.ranges["variance_ratio"].high)
    )


def test_the_means_are_those_of_theory() -> None:
    """E D² is (1/n + 1/m) E‖X − X′‖ in energy; medians of skew laws lie a little below."""
    rng = np.random.default_rng(0)
    found = real_against_real(rng.normal(size=(600, 2)), 600, 300, rng=rng)
    mean = (1 / 600 + 1 / 300) * 2 * math.gamma(1.5)
    assert 0.75 * mean < found.ranges["energy"].median < 1.05 * mean
    assert found.ranges["mmd"].low < 0 < found.ranges["mmd"].high


def test_of_many_rows_some_are_split() -> None:
    rng = np.random.default_rng(0)
    found = real_against_real(rng.normal(size=(25_000, 2)), 25_000, 100, rng=rng)
    assert (found.rows, found.paired_rows) == (20_000, 2_000)


def test_numbers_with_holes_and_categories_have_ranges() -> None:
    rng = np.random.default_rng(0)
    numbers = rng.normal(size=(200, 2))
    numbers[::7, 0] = np.nan
    codes = rng.integers(3, size=(200, 1))
    rows = MixedRows(numbers, codes, ("a", "b"), ("c",), (("x", "y", "z"),))
    found = real_against_real(rows, 200, 200, rng=rng).ranges
    assert {"energy", "mmd", "frechet", "hotelling"} <= set(found)
    alone = real_against_real(rows.without(["a", "b"]), 200, 200, rng=rng).ranges
    assert set(alone) == {"energy", "mmd"}


def test_what_needs_covariances_of_full_rank_is_left_out() -> None:
    rng = np.random.default_rng(0)
    column = rng.normal(size=(60, 1))
    found = real_against_real(np.hstack([column, column]), 60, 60, rng=rng).ranges
    assert "frechet" in found
    assert not {"hotelling", "variance_ratio"} & set(found)


def test_too_few_rows_are_refused() -> None:
    with pytest.raises(CannotTestError):
        real_against_real(np.arange(7.0)[:, None], 7, 7, rng=np.random.default_rng(0))


def test_distances_stand_beside_their_ranges() -> None:
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(80, 2)), 2 + rng.normal(size=(80, 2))
    found = battery(x, y, tests=["energy", "hotelling"], permutations=99, rng=0)
    ranges: Ranges = real_against_real(x, 80, 80, rng=rng)
    shown = table(ranges, distances(x, y, found, rng))
    assert {row[0] for row in shown.rows} >= {"energy distance, whitened"}
    assert all(row[-1] == "more" for row in shown.rows)
    assert "apart" in sentence(ranges.ranges["energy"], 1.0)
    assert ranges.to_dict()["energy"]["high"] == ranges.ranges["energy"].high
