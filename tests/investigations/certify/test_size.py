from __future__ import annotations

import json
from dataclasses import asdict, replace

import numpy as np
import pytest
from scipy import stats

from gan_eval.investigations.certify.catalogue import EXACT, VALID
from gan_eval.investigations.certify.size import Counts, SizeCase, band, faults, uniformity
from gan_eval.runtime.documents import restored

ALPHAS = (0.01, 0.05, 0.1)


def counts(values: np.ndarray) -> Counts:
    return Counts.of(values.tolist(), ALPHAS)


def test_every_value_of_the_grid_is_counted_in_its_bin() -> None:
    grid = counts(np.arange(1, 201) / 200)
    assert grid.histogram == (2,) * 100
    assert grid.rejections == (2, 10, 20)
    assert grid.impossible == 0
    assert grid.repetitions == 200
    # k/1000 by a sum, which rounding lifts above it.
    rounded = counts(np.cumsum(np.full(1000, 0.001)))
    assert rounded.histogram == (10,) * 100
    assert rounded.rejections == (10, 50, 100)


def test_what_is_no_pvalue_is_counted_as_impossible() -> None:
    found = counts(np.array([0.0, -0.1, 1.01, np.nan, 1.0, 0.5]))
    assert found.impossible == 4
    assert sum(found.histogram) == 6
    assert "4 p-values are 0" in faults(found, ALPHAS, EXACT, 0.99)[0]


def test_counts_add_and_survive_json() -> None:
    rng = np.random.default_rng(0)
    values = rng.integers(1, 201, 500) / 200
    both = counts(values[:123]) + counts(values[123:])
    assert both == counts(values)
    case = SizeCase("a", "normal", EXACT, 5, 6, 2, ALPHAS, both)
    assert restored(SizeCase, json.loads(json.dumps(asdict(case)))) == case
    assert restored(SizeCase, asdict(replace(case, second=both))).second == both


@pytest.mark.parametrize("alpha", ALPHAS)
def test_the_band_holds_the_stated_probability_and_no_more_than_it_needs(alpha: float) -> None:
    law = stats.binom(2000, alpha)
    low, high = band(2000, alpha, EXACT, 0.99)
    assert law.cdf(high) - law.cdf(low - 1) >= 0.99
    assert law.cdf(low) > 0.005
    assert law.sf(high - 1) > 0.005
    assert band(2000, alpha, VALID, 0.99)[0] == 0
    assert law.sf(band(2000, alpha, VALID, 0.99)[1]) <= 0.01


def test_the_chi_squared_is_scipys_over_20_classes() -> None:
    rng = np.random.default_rng(3)
    values = rng.integers(1, 201, 2000) / 200
    classes = np.bincount(np.ceil(values * 20 - 1e-9).astype(int) - 1, minlength=20)
    expected = stats.chisquare(classes).pvalue
    assert uniformity(counts(values).histogram, EXACT) == pytest.approx(expected, rel=1e-12)


@pytest.mark.statistical
def test_both_checks_of_uniformity_keep_their_level() -> None:
    """1000 histograms of 400 uniform p-values: at 0.05, 1000·0.05 ± 4 standard deviations; the
    bound behind the second lies above its law, so that it may only reject more rarely."""
    rng = np.random.default_rng(1)
    found = [counts(rng.integers(1, 201, 400) / 200).histogram for _ in range(1000)]
    assert abs(sum(uniformity(h, EXACT) <= 0.05 for h in found) - 50) <= 28
    assert sum(uniformity(h, VALID) <= 0.05 for h in found) <= 78


def test_too_small_is_a_fault_of_both_claims_and_too_large_of_one() -> None:
    rng = np.random.default_rng(2)
    uniform = rng.random(2000)
    small, large = counts(uniform**1.3), counts(uniform**0.7)
    assert faults(counts(uniform), ALPHAS, EXACT, 0.99) == ()
    assert faults(small, ALPHAS, EXACT, 0.99)
    assert faults(small, ALPHAS, VALID, 0.99)
    assert faults(large, ALPHAS, EXACT, 0.99)
    assert faults(large, ALPHAS, VALID, 0.99) == ()


def test_the_second_look_decides_where_there_is_one() -> None:
    rng = np.random.default_rng(4)
    bad, good = counts(rng.random(500) ** 2), counts(rng.random(2000))
    case = SizeCase("a", "normal", EXACT, 5, 6, 2, ALPHAS, bad)
    assert not case.passed
    assert replace(case, second=good).passed
    assert not replace(case, first=good, second=bad).passed
