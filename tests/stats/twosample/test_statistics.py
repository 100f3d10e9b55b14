"""The statistics against textbook loops, peers and the closed form."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from scipy import stats
from scipy.spatial.distance import pdist, squareform

from gan_eval.distributions import distances
from gan_eval.distributions.gaussian import Gaussian
from gan_eval.stats.kernels.kernels import median_bandwidth
from gan_eval.stats.twosample import energy_distance, energy_test, mmd2, mmd_test
from tests.stats.twosample import oracles

# hyppo 0.5.2 imports a module that SciPy has deprecated.
HYPPO_IMPORT = pytest.mark.filterwarnings("ignore:Please import:DeprecationWarning")
SHAPES = [(2, 2, 1), (7, 5, 1), (13, 13, 2), (9, 31, 3), (30, 4, 12)]


@pytest.fixture(scope="module", autouse=True)
def interpreted() -> Iterator[None]:
    """Numba runs the peers' Python as it is: it would compile for a minute what is used for a
    moment, and LLVM was once seen to abort in that."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("numba.core.config.DISABLE_JIT", True)
        patch.setattr("numba.guvectorize", lambda *_, **__: lambda function: function)
        yield


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
    monkeypatch.setattr("gan_eval.stats.permutation.dense.WIDTH", 16)
    monkeypatch.setattr("gan_eval.stats.permutation.dense.WIDTH", 24)
    for stored in (10**6, 0):
        monkeypatch.setattr("gan_eval.stats.permutation.dense.STORED_ENTRIES", stored)
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
    import dcor

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


@pytest.mark.parametrize(("n", "m", "d"), [(2, 2, 1), (10, 11, 2), (10, 11, 12), (520, 500, 2)])
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


@HYPPO_IMPORT
@pytest.mark.parametrize(("n", "m"), [(20, 20), (12, 31)])
def test_energy_meets_hyppo_after_its_factor(n, m):
    """hyppo's biased "Energy" is N² / (nm) · √(energy distance / 2), N = n + m."""
    from hyppo.ksample import Energy

    x, y = samples(n, m, 2)
    peer = float(Energy(bias=True).statistic(x, y))
    ours = energy_distance(x, y)
    assert peer == pytest.approx((n + m) ** 2 / (n * m) * np.sqrt(ours / 2), rel=1e-10)


@HYPPO_IMPORT
@pytest.mark.parametrize(("n", "m"), [(20, 20), (12, 31)])
def test_mmd_meets_hyppo_after_its_factor(n, m):
    """hyppo's biased "MMD" is 2n²m² / N⁴ · √(nm MMD² / (N ‖HKH‖_F)): a correlation, scaled."""
    from hyppo.ksample import MMD

    x, y = samples(n, m, 2)
    size, pooled, bandwidth = n + m, np.concatenate([x, y]), 0.8
    kernel = np.exp(-squareform(pdist(pooled, "sqeuclidean")) / (2 * bandwidth**2))
    centred = kernel - kernel.mean(0) - kernel.mean(1)[:, None] + kernel.mean()
    biased = mmd2(x, y, bandwidth=bandwidth, estimator="biased")
    correlation = np.sqrt(n * m * biased / (size * np.linalg.norm(centred)))
    peer = float(MMD(bias=True, gamma=1 / (2 * bandwidth**2)).statistic(x, y))
    assert peer == pytest.approx(2 * n**2 * m**2 / size**4 * correlation, rel=1e-10)


@pytest.mark.parametrize(("n", "m", "d"), [(20, 20, 1), (15, 60, 2), (40, 25, 5)])
@pytest.mark.statistical
def test_the_means_meet_the_closed_form(n, m, d):
    """Mean over 400 repetitions against the population value between two Gaussians.

    E of the unbiased MMD² is the population's; E of the energy V-statistic is the population's
    plus E‖x − x'‖ / n + E‖y − y'‖ / m, for its zero distances of rows to themselves. Each of the
    6 z-scores lies beyond 4 with probability 6e-5: error rate 4e-4, seed fixed.
    """
    rng = np.random.default_rng([n, m, d])
    q = Gaussian(np.full(d, 0.5), rng.standard_normal((d, d)) + np.eye(d))
    p = Gaussian(np.zeros(d), np.eye(d))
    bandwidth = 1.3
    repetitions = [
        (
            rng.standard_normal((n, d)) @ q.factor + q.mean,
            rng.standard_normal((m, d)) @ p.factor + p.mean,
        )
        for _ in range(400)
    ]
    squares = np.array([mmd2(x, y, bandwidth=bandwidth) for x, y in repetitions])
    energies = np.array(
        [energy_distance(x, y) - pdist(x).mean() / n - pdist(y).mean() / m for x, y in repetitions]
    )
    for values, truth in (
        (squares, distances.mmd2(q, p, bandwidth)),
        (energies, distances.energy_distance(q, p)),
    ):
        standard_error = values.std(ddof=1) / np.sqrt(len(values))
        assert abs(values.mean() - float(truth)) < 4 * standard_error
        # The band is narrow enough to tell the value from 0.
        assert float(truth) > 8 * standard_error
