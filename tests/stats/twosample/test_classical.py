"""The classical two-sample tests, against SciPy in one coordinate and plain formulas in more."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import optimize, stats

from gan_eval.distributions.likelihood_ratio import BoxLaw
from gan_eval.runtime.errors import UsageError
from gan_eval.stats.twosample.classical import box_m_test, hotelling_test, likelihood_ratio_test

TESTS = [hotelling_test, box_m_test, likelihood_ratio_test]
LEVELS = np.array([0.01, 0.05, 0.1])
REPETITIONS = 2000


def log_det(rows: np.ndarray, divisor: int) -> float:
    centred = rows - rows.mean(axis=0)
    return float(np.linalg.slogdet(centred.T @ centred / divisor)[1])


@pytest.fixture
def samples() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(3)
    x = rng.standard_normal((17, 3)) @ rng.standard_normal((3, 3))
    return x, rng.standard_normal((29, 3)) + 0.5


def test_one_coordinate_hotelling_is_student():
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal(9), 0.4 + 1.3 * rng.standard_normal(14)
    student, pvalue = map(float, stats.ttest_ind(x, y))
    result = hotelling_test(x, y)
    assert result.statistic == pytest.approx(student**2, rel=1e-11)
    assert result.pvalue == pytest.approx(pvalue, rel=1e-10)


def test_one_coordinate_box_m_is_bartlett_without_its_correction():
    rng = np.random.default_rng(1)
    x, y = rng.standard_normal(9), 1.5 * rng.standard_normal(14)
    correction = 1 + (1 / 8 + 1 / 13 - 1 / 21) / 3
    result = box_m_test(x, y)
    assert result.statistic == pytest.approx(stats.bartlett(x, y).statistic * correction, rel=1e-11)
    # Bartlett's approximation is good to three digits at this size; ours is exact.
    assert result.pvalue == pytest.approx(stats.bartlett(x, y).pvalue, rel=5e-3)


def test_statistics_are_the_textbook_formulas(samples):
    x, y = samples
    n, m, d = len(x), len(y), 3
    pooled = ((n - 1) * np.cov(x.T) + (m - 1) * np.cov(y.T)) / (n + m - 2)
    apart = x.mean(axis=0) - y.mean(axis=0)
    squared = apart @ np.linalg.inv(pooled) @ apart
    hotelling = hotelling_test(x, y)
    assert hotelling.statistic == pytest.approx(n * m / (n + m) * squared, rel=1e-11)
    ratio = hotelling.statistic * (n + m - d - 1) / (d * (n + m - 2))
    assert hotelling.pvalue == pytest.approx(stats.f.sf(ratio, d, n + m - d - 1), rel=1e-11)

    box = (n + m - 2) * np.linalg.slogdet(pooled)[1]
    box -= (n - 1) * log_det(x, n - 1) + (m - 1) * log_det(y, m - 1)
    assert box_m_test(x, y).statistic == pytest.approx(box, rel=1e-11)

    joint = (n + m) * log_det(np.concatenate([x, y]), n + m)
    joint -= n * log_det(x, n) + m * log_det(y, m)
    assert likelihood_ratio_test(x, y).statistic == pytest.approx(joint, rel=1e-11)


def test_box_approximations_agree_where_they_are_good(samples):
    """Box's χ² with two-moment correction (Anderson 2003, §10.5), far from d = n."""
    rng = np.random.default_rng(5)
    n, m, d = 150, 250, 3
    x, y = rng.standard_normal((n, d)), 1.15 * rng.standard_normal((m, d))
    u = 1 / (n - 1) + 1 / (m - 1) - 1 / (n + m - 2)
    factor = 1 - u * (2 * d**2 + 3 * d - 1) / (6 * (d + 1))
    result = box_m_test(x, y)
    approximate = stats.chi2.sf(factor * result.statistic, d * (d + 1) / 2)
    assert result.pvalue == pytest.approx(approximate, rel=2e-3)


@pytest.mark.parametrize("test", TESTS)
def test_affine_maps_change_nothing(test, samples):
    x, y = samples
    matrix = np.array([[1.0, 2.0, 0.0], [-0.1, 0.5, 3.0], [0.0, 1e-3, 1e-3]])
    before, after = test(x, y), test(x @ matrix + 7, y @ matrix + 7)
    assert after.pvalue == pytest.approx(before.pvalue, rel=1e-6)
    assert after.effect_size == pytest.approx(before.effect_size, rel=1e-6, abs=1e-9)
    swapped = test(y, x)
    assert swapped.pvalue == pytest.approx(before.pvalue, rel=1e-9)


def batches(rng, n: int, d: int):
    return rng.standard_normal((REPETITIONS, n, d))


def moments(batch):
    mean = batch.mean(axis=1)
    centred = batch - mean[:, None]
    return mean, np.einsum("rni,rnj->rij", centred, centred)


@pytest.mark.statistical
@pytest.mark.parametrize(("n", "m", "d"), [(200, 200, 2), (20, 500, 2), (20, 12, 10), (5, 4, 1)])
def test_size_under_the_null(n, m, d):
    """Twelve 99 % binomial bands a case; a seed is chosen once, so a right test passes for good."""
    rng = np.random.default_rng(n + m + d)
    (mean_x, a_x), (mean_y, a_y) = moments(batches(rng, n, d)), moments(batches(rng, m, d))
    apart = mean_x - mean_y
    pooled = a_x + a_y
    total = pooled + n * m / (n + m) * apart[:, :, None] * apart[:, None, :]
    square = np.einsum("ri,ri->r", apart, np.linalg.solve(pooled, apart[..., None])[..., 0])
    ratio = n * m / (n + m) * square * (n + m - d - 1) / d
    logs = [np.linalg.slogdet(a)[1] for a in (a_x, a_y, pooled, total)]
    a, b = n - 1, m - 1
    box = (a + b) * (logs[2] - d * np.log(a + b))
    box -= a * (logs[0] - d * np.log(a)) + b * (logs[1] - d * np.log(b))
    joint = (n + m) * (logs[3] - d * np.log(n + m))
    joint -= n * (logs[0] - d * np.log(n)) + m * (logs[1] - d * np.log(m))
    rejections = [
        (stats.f.sf(ratio, d, n + m - d - 1)[:, None] <= LEVELS).sum(axis=0),
        (box[:, None] >= critical(BoxLaw.two_samples(n, m, d, means=False))).sum(axis=0),
        (joint[:, None] >= critical(BoxLaw.two_samples(n, m, d, means=True))).sum(axis=0),
    ]
    low, high = stats.binom.interval(0.99, REPETITIONS, LEVELS)
    assert ((low <= rejections) & (rejections <= high)).all(), (low, rejections, high)


def critical(law: BoxLaw) -> np.ndarray:
    def solve(level):
        return optimize.root_scalar(
            lambda value: law.sf(value) - level, bracket=(1e-3, 100 * law.mean)
        ).root

    return np.array([solve(level) for level in LEVELS])


@pytest.mark.parametrize("test", TESTS)
def test_power_rises_with_the_distance(test):
    """Medians over 20 pairs: each test sees the kind of distance that it is made for."""
    rng = np.random.default_rng(8)
    pairs = [(rng.standard_normal((60, 2)), rng.standard_normal((80, 2))) for _ in range(20)]
    medians = []
    for size in (0.0, 0.4, 0.8, 1.6):
        plant = (
            (lambda y, s=size: y * np.exp(s)) if test is box_m_test else (lambda y, s=size: y + s)
        )
        medians.append(
            [
                np.median([test(x, plant(y)).pvalue for x, y in pairs]),
                np.median([test(x, plant(y)).effect_size for x, y in pairs]),
            ]
        )
    pvalues, effects = np.array(medians).T
    assert (np.diff(pvalues) < 0).all()
    assert (np.diff(effects) > 0).all()
    assert pvalues[-1] < 1e-6


@pytest.mark.statistical
def test_the_interval_covers_the_mahalanobis_distance():
    """500 pairs at 90 %: a binomial band of 99.9 %."""
    rng = np.random.default_rng(9)
    matrix, distance = np.array([[1.0, 2.0], [-0.1, 0.5]]), 0.7
    shift = distance * np.array([0.6, 0.8]) @ matrix
    covered = 0
    for _ in range(500):
        x, y = (rng.standard_normal((size, 2)) @ matrix for size in (15, 25))
        low, high = hotelling_test(x + shift, y, confidence_level=0.9).confidence_interval or (1, 0)
        covered += low <= distance <= high
    low, high = stats.binom.interval(0.999, 500, 0.9)
    assert low <= covered <= high


def test_estimates_are_near_the_truth_for_large_samples():
    rng = np.random.default_rng(10)
    x, y = rng.standard_normal((40_000, 2)), rng.standard_normal((40_000, 2)) * [1.0, 1.2]
    shifted = x + np.array([0.3, 0.0])
    assert hotelling_test(x, shifted).estimate == pytest.approx(0.3, abs=0.02)
    assert likelihood_ratio_test(x, shifted).effect_size == pytest.approx(0.3, abs=0.02)
    pooled = np.log((1 + 1.2**2) / 2) / 2 - np.log(1.2) / 2
    assert box_m_test(x, y).estimate == pytest.approx(pooled, abs=1e-3)


@pytest.mark.parametrize(
    ("test", "x", "y", "sentence"),
    [
        (box_m_test, np.eye(3), np.ones((9, 3)), "x must have more rows than columns"),
        (likelihood_ratio_test, np.ones((9, 2)), np.eye(9)[:, :2], "x must vary in every column"),
        (hotelling_test, np.eye(2), np.eye(2) + 1, "the pooled sample must have a covariance"),
        (hotelling_test, np.ones((2, 3)), np.ones((2, 3)), "together have more than 4 rows"),
        (hotelling_test, np.full((9, 2), 0.1), np.full((8, 2), 0.1), "vary in every column"),
    ],
)
def test_unusable_samples_are_refused_in_one_sentence(test, x, y, sentence):
    with pytest.raises(UsageError, match=sentence) as caught:
        test(x, y)
    assert "\n" not in str(caught.value)


def test_a_dependent_column_is_refused():
    rng = np.random.default_rng(11)
    x = rng.standard_normal((50, 2)) + 1000
    x = np.column_stack([x, x.sum(axis=1)])
    for test in TESTS:
        with pytest.raises(UsageError, match="linearly dependent"):
            test(x, x + 1)


def test_the_confidence_level_is_checked():
    with pytest.raises(UsageError, match="confidence_level must be above 0 and below 1"):
        hotelling_test(np.eye(4), np.eye(4), confidence_level=1.0)
