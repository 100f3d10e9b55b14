"""Weighted statistics against resamples drawn out, value by value, and against SciPy."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from gan_eval.stats import bootstrap

# Few values, so that there are ties, and infinite ones, as diverged replicates have.
SAMPLES = st.lists(st.sampled_from([0.0, 0.5, 1.0, 2.0, 7.5, np.inf]), min_size=1, max_size=13)


def drawn_out(values: list[float], counts: np.ndarray) -> list[float]:
    return [value for value, count in zip(values, counts, strict=True) for _ in range(count)]


@given(SAMPLES, st.sampled_from([0.0, 0.05, 0.25, 0.5, 0.9, 1.0]))
def test_quantiles_are_those_of_the_resamples(values: list[float], q: float) -> None:
    counts = bootstrap.resamples(len(values), 20, 3)
    found = bootstrap.quantiles(values, counts, q)
    for value, count in zip(found, counts, strict=True):
        ordered = sorted(drawn_out(values, count))
        position = q * (len(ordered) - 1)
        low, high = ordered[int(np.floor(position))], ordered[int(np.ceil(position))]
        if np.isfinite(ordered[-1]):
            assert value == pytest.approx(np.quantile(ordered, q))
        else:
            part = position - np.floor(position)
            between = low + part * (high - low) if np.isfinite(high) else np.inf
            assert value == pytest.approx(low if part == 0 else between)


@given(SAMPLES)
def test_interquartile_means_are_scipys(values: list[float]) -> None:
    counts = bootstrap.resamples(len(values), 20, 3)
    found = bootstrap.interquartile_means(values, counts)
    for value, count in zip(found, counts, strict=True):
        assert value == pytest.approx(stats.trim_mean(drawn_out(values, count), 0.25))


@given(st.lists(st.tuples(*[st.sampled_from([0.0, 1.0, 2.0, np.inf])] * 2), min_size=1, max_size=9))
def test_wins_are_those_of_all_pairs(pairs: list[tuple[float, float]]) -> None:
    first, second = ([pair[i] for pair in pairs] for i in (0, 1))
    counts = bootstrap.resamples(len(pairs), 20, 3)
    found = bootstrap.wins(first, second, counts)
    for value, count in zip(found, counts, strict=True):
        a, b = drawn_out(first, count), drawn_out(second, count)
        slow = np.mean([(x < y) + (x == y) / 2 for x in a for y in b])
        assert value == pytest.approx(slow)


def test_wins_are_mann_and_whitneys() -> None:
    rng = np.random.default_rng(0)
    first, second = rng.normal(size=(2, 40))
    statistic = stats.mannwhitneyu(second, first).statistic
    found = bootstrap.wins(first, second, np.ones((1, 40), np.int64))
    assert found[0] == pytest.approx(statistic / 1600)


def test_shares_are_counted() -> None:
    values = [3.0, 1.0, np.inf, 1.0]
    found = bootstrap.shares_within(values, np.array([[1, 1, 1, 1], [0, 2, 1, 1]]), [0.5, 1, 3])
    np.testing.assert_array_equal(found, [[0, 0.5, 0.75], [0, 0.75, 0.75]])


def test_a_resample_is_as_large_as_the_sample_and_the_first_is_the_sample() -> None:
    counts = bootstrap.resamples(30, 500, 1)
    assert counts.shape == (501, 30)
    assert (counts[0] == 1).all()
    assert (counts.sum(axis=1) == 30).all()
    # Each of 30 is drawn by a binomial law with mean 1; 15,000 of them, 6 standard errors.
    assert counts[1:].var() == pytest.approx(29 / 30, abs=6 * np.sqrt(3 / 15_000))
    np.testing.assert_array_equal(counts, bootstrap.resamples(30, 500, 1))


def test_a_percentile_interval_takes_what_occurred() -> None:
    assert bootstrap.percentile_interval(np.arange(100.0), 0.05) == (5.0, 94.0)
    assert bootstrap.percentile_interval([1.0, np.inf, np.inf]) == (1.0, np.inf)
    assert np.isnan(bootstrap.percentile_interval([1.0, np.nan])).all()


@pytest.mark.statistical
def test_the_interval_of_a_median_covers_it() -> None:
    """Of 300 samples of 40 exponential values. A percentile interval is a little short; 6 standard
    errors of the nominal coverage, and half a percent for that."""
    rng, covered = np.random.default_rng(5), 0
    counts = bootstrap.resamples(40, 400, 9)
    for _ in range(300):
        found = bootstrap.quantiles(rng.exponential(size=40), counts, 0.5)
        low, high = bootstrap.percentile_interval(found[1:], 0.05)
        covered += low <= np.log(2) <= high
    assert abs(covered / 300 - 0.9) < 0.005 + 6 * np.sqrt(0.09 / 300)
