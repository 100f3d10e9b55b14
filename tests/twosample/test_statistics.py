"""The statistics against textbook loops, peers and the closed form."""

from __future__ import annotations

import dcor
import numpy as np
import pytest
from scipy import stats
from scipy.spatial.distance import pdist

from gan_eval.twosample import energy_distance, energy_test, mmd2, mmd_test
from gan_eval.twosample.kernels import median_bandwidth
from tests.twosample import oracles

SHAPES = [(2, 2, 1), (7, 5, 1), (13, 13, 2), (9, 31, 3), (30, 4, 12)]


def samples(n: int, m: int, d: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng([seed, n, m, d])
    return rng.standard_normal((n, d)), 1.3 * rng.standard_normal((m, d)) + 0.4


@pytest.mark.parametrize(("n", "m", "d"), SHAPES)
@pytest.mark.parametrize("bandwidth", [0.3, 1.0, 7.0])
def test_mmd2_equals_the_textbook_sums(n, m, d, bandwidth):
    x, y = samples(n, m, d)
    unbiased = mmd2(x, y, bandwidth=bandwidth)
    biased = mmd2(x, y, bandwidth=bandwidth, estimator="biased")
    assert unbiased == pytest.approx(oracles.unbiased_mmd2(x, y, bandwidth), rel=1e-10)
    assert biased == pytest.approx(oracles.biased_mmd2(x, y, bandwidth), rel=1e-10)


@pytest.mark.parametrize(("n", "m", "d"), SHAPES)
@pytest.mark.parametrize("exponent", [0.5, 1.0, 1.7])
def test_energy_distance_equals_the_textbook_sums(n, m, d, exponent):
    x, y = samples(n, m, d)
    ours = energy_distance(x, y, exponent=exponent)
    assert ours == pytest.approx(oracles.energy_distance(x, y, exponent), rel=1e-10)


def test_several_blocks_equal_one(monkeypatch):
    """Small blocks, kept and refilled, give what one block gives."""
    x, y = samples(60, 45, 2)
    biased = oracles.biased_mmd2(x, y, 1.1)
    unbiased = oracles.unbiased_mmd2(x, y, 1.1)
    monkeypatch.setattr("gan_eval.twosample.quadratic.HEIGHT", 16)
    monkeypatch.setattr("gan_eval.twosample.quadratic.WIDTH", 24)
    for stored in (10**6, 0):
        monkeypatch.setattr("gan_eval.twosample.quadratic.STORED_ENTRIES", stored)
        assert mmd2(x, y, bandwidth=1.1, estimator="biased") == pytest.approx(biased, rel=1e-10)
        assert mmd2(x, y, bandwidth=1.1) == pytest.approx(unbiased, rel=1e-10)


@pytest.mark.parametrize("d", [2, 12])
def test_a_common_offset_and_repeated_rows_lose_no_digits(d):
    """Far from the origin, with zero distances between rows, in both ways of taking distances."""
    rng = np.random.default_rng(3)
    x = rng.integers(4096, 4099, (12, d)).astype(np.float64)
    y = rng.integers(4096, 4099, (15, d)).astype(np.float64)
    y[:4] = x[:4]
    assert energy_distance(x, y) == pytest.approx(oracles.energy_distance(x, y), rel=1e-10)
    assert mmd2(x, y, bandwidth=0.5) == pytest.approx(oracles.unbiased_mmd2(x, y, 0.5), rel=1e-10)


@pytest.mark.parametrize("exponent", [0.6, 1.0])
def test_energy_meets_dcor(exponent):
    x, y = samples(40, 55, 3)
    result = energy_test(x, y, exponent=exponent, permutations=9, rng=0)
    peer = dcor.energy_distance(x, y, exponent=exponent)
    assert result.estimate == pytest.approx(peer, rel=1e-10)
    peer_test = dcor.homogeneity.energy_test(
        x, y, exponent=exponent, num_resamples=1, random_state=0
    )
    assert result.statistic == pytest.approx(peer_test.statistic, rel=1e-10)
    assert result.statistic == pytest.approx(40 * 55 / 95 * result.estimate, rel=1e-14)


def test_energy_is_the_square_of_scipys_in_one_dimension():
    x, y = samples(40, 55, 1)
    scipy_distance = stats.energy_distance(x[:, 0], y[:, 0])
    assert energy_distance(x[:, 0], y[:, 0]) == pytest.approx(scipy_distance**2, rel=1e-10)


@pytest.mark.parametrize(("n", "m", "d"), [(2, 2, 1), (10, 11, 2), (10, 11, 12), (700, 500, 2)])
def test_the_median_is_over_distinct_pairs(n, m, d):
    x, y = samples(n, m, d)
    pooled = np.concatenate([x, y])
    assert median_bandwidth(pooled) == pytest.approx(np.median(pdist(pooled)), rel=1e-12)
    used = mmd_test(x, y, permutations=1, rng=0).parameters["bandwidth"]
    assert used == median_bandwidth(pooled)


def test_the_median_of_many_rows_is_near_the_exact_one_and_ignores_their_order():
    rng = np.random.default_rng(0)
    points = rng.standard_normal((3000, 2))
    median = median_bandwidth(points)
    assert median == pytest.approx(np.median(pdist(points)), rel=0.02)
    assert median_bandwidth(rng.permutation(points)) == pytest.approx(median, rel=1e-12)


def test_the_median_of_mostly_equal_rows_is_positive():
    points = np.zeros((10, 1))
    points[0] = 3.0
    assert median_bandwidth(points) == 3.0
    assert median_bandwidth(np.ones((5, 2))) == 1.0
