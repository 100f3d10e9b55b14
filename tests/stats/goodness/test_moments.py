"""Hotelling, covariance and joint likelihood ratio of one sample against the known target."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import optimize, stats

from gan_eval import Gaussian, GaussianTarget, UsageError
from gan_eval.distributions.divergences import kl
from gan_eval.distributions.likelihood_ratio import BoxLaw
from gan_eval.stats import goodness

TESTS = [goodness.hotelling_test, goodness.covariance_test, goodness.likelihood_ratio_test]
LEVELS = np.array([0.01, 0.05, 0.1])
REPETITIONS = 2000
CHAPTER = GaussianTarget.chapter()


@pytest.fixture
def x() -> np.ndarray:
    rng = np.random.default_rng(2)
    return rng.standard_normal((23, 2)) @ [[1.2, 1.5], [0.0, 0.6]] + [1.1, 2.2]


def test_one_coordinate_hotelling_is_student():
    x = np.random.default_rng(0).standard_normal(12) + 3.5
    result = goodness.hotelling_test(x, GaussianTarget([[2.0]], [3.0]))
    student, pvalue = map(float, stats.ttest_1samp(x, 3.0))
    assert result.statistic == pytest.approx(student**2, rel=1e-11)
    assert result.pvalue == pytest.approx(pvalue, rel=1e-10)
    assert goodness.hotelling_test(x[:, None], GaussianTarget([[-5.0]], [3.0])).pvalue == (
        pytest.approx(result.pvalue)
    )


def test_statistics_are_the_textbook_formulas(x):
    n, d = x.shape
    mean, inverse = x.mean(axis=0) - CHAPTER.mean, np.linalg.inv(CHAPTER.covariance)
    unbiased = np.cov(x.T)
    likely = unbiased * (n - 1) / n

    def excess(covariance):
        ratio = inverse @ covariance
        return np.trace(ratio) - np.log(np.linalg.det(ratio)) - d

    hotelling = goodness.hotelling_test(x, CHAPTER)
    assert hotelling.statistic == pytest.approx(
        n * mean @ np.linalg.inv(unbiased) @ mean, rel=1e-10
    )
    ratio = hotelling.statistic * (n - d) / (d * (n - 1))
    assert hotelling.pvalue == pytest.approx(stats.f.sf(ratio, d, n - d), rel=1e-10)
    covariance = goodness.covariance_test(x, CHAPTER)
    assert covariance.statistic == pytest.approx((n - 1) * excess(unbiased), rel=1e-10)
    joint = goodness.likelihood_ratio_test(x, CHAPTER)
    assert joint.statistic == pytest.approx(n * (excess(likely) + mean @ inverse @ mean), rel=1e-10)
    normal: Any = stats.multivariate_normal
    densities = (
        normal.logpdf(x, x.mean(axis=0), likely).sum(),
        normal.logpdf(x, CHAPTER.mean, CHAPTER.covariance).sum(),
    )
    assert joint.statistic == pytest.approx(2 * (densities[0] - densities[1]), rel=1e-9)
    assert joint.statistic == pytest.approx(2 * n * float(kl(Gaussian.fit(x), CHAPTER.law)))


def test_one_variance_is_a_chi_square_of_two_tails():
    x = np.random.default_rng(1).standard_normal(9) * 1.4
    freedom, size = 8, np.var(x, ddof=1)
    result = goodness.covariance_test(x, GaussianTarget([[1.0]], [100.0]))
    assert result.statistic == pytest.approx(freedom * (size - 1 - np.log(size)), rel=1e-11)
    other = optimize.root_scalar(
        lambda s: s - np.log(s) - size + np.log(size), bracket=(1e-9, 1.0) if size > 1 else (1, 99)
    ).root
    low, high = sorted([size, other])
    exact = stats.chi2.cdf(freedom * low, freedom) + stats.chi2.sf(freedom * high, freedom)
    assert result.pvalue == pytest.approx(exact, rel=1e-8)


@pytest.mark.parametrize("test", TESTS)
def test_affine_maps_of_sample_and_target_change_nothing(test, x):
    matrix, shift = np.array([[3.0, -1.0], [0.01, 0.02]]), np.array([50.0, -7.0])
    moved = GaussianTarget(CHAPTER.A @ matrix, CHAPTER.b @ matrix + shift)
    before, after = test(x, CHAPTER), test(x @ matrix + shift, moved)
    assert after.pvalue == pytest.approx(before.pvalue, rel=1e-8)
    assert after.estimate == pytest.approx(before.estimate, rel=1e-7)
    assert after.confidence_interval == pytest.approx(before.confidence_interval, rel=1e-6)


@pytest.mark.statistical
@pytest.mark.parametrize("n", [20, 200])
@pytest.mark.parametrize("d", [1, 2, 10])
def test_size_under_the_null(n, d):
    """Nine 99 % binomial bands a case; the seed is fixed, so a right test passes for good."""
    batch = np.random.default_rng(100 * d + n).standard_normal((REPETITIONS, n, d))
    mean = batch.mean(axis=1)
    centred = batch - mean[:, None]
    scatter = np.einsum("rni,rnj->rij", centred, centred)
    solved = np.linalg.solve(scatter, mean[..., None])[..., 0]
    ratio = n * (n - d) / d * np.einsum("ri,ri->r", mean, solved)
    trace, log = np.einsum("rii->r", scatter), np.linalg.slogdet(scatter)[1]
    covariance = trace - (n - 1) * (log - d * np.log(n - 1) + d)
    joint = trace + n * (mean**2).sum(axis=1) - n * (log - d * np.log(n) + d)
    rejections = [
        (stats.f.sf(ratio, d, n - d)[:, None] <= LEVELS).sum(axis=0),
        (covariance[:, None] >= critical(n, d, mean_known=False)).sum(axis=0),
        (joint[:, None] >= critical(n, d, mean_known=True)).sum(axis=0),
    ]
    low, high = stats.binom.interval(0.99, REPETITIONS, LEVELS)
    assert ((low <= rejections) & (rejections <= high)).all(), (low, rejections, high)


def critical(n: int, d: int, *, mean_known: bool) -> np.ndarray:
    law = BoxLaw.one_sample(n, d, mean_known=mean_known)
    return np.array(
        [
            optimize.root_scalar(
                lambda value, level=level: law.sf(value) - level, bracket=(1e-3, 50 * law.mean)
            ).root
            for level in LEVELS
        ]
    )


@pytest.mark.statistical
@pytest.mark.parametrize("n", [12, 300])
def test_estimates_are_unbiased_under_the_null(n):
    """300 samples, within 4 standard errors: a right estimate fails once in 15,000."""
    rng = np.random.default_rng(n)
    for test in TESTS[1:]:
        estimates = [test(CHAPTER.sample(n, rng), CHAPTER).estimate for _ in range(300)]
        assert abs(np.mean(estimates)) < 4 * np.std(estimates) / np.sqrt(300)


@pytest.mark.statistical
@pytest.mark.parametrize(
    ("matrix", "shift"),
    [
        ([[1.0, 0.0], [0.0, 1.0]], [0.0, 0.0]),
        ([[1.0, 0.0], [0.0, 1.0]], [0.3, 0.0]),
        ([[1.5, 0.0], [0.5, 0.7]], [0.0, 0.2]),
        ([[3.0, 0.0], [0.0, 3.0]], [0.0, 0.0]),
        ([[0.2, 0.0], [0.0, 0.2]], [4.0, 0.0]),
    ],
)
def test_intervals_cover_the_divergence(matrix, shift):
    """400 samples of 150 rows at 90 %, near the null and far: within 5 points of the level.

    At the null itself the interval may cover more. Standard error 1.5 points.
    """
    rng = np.random.default_rng(12)
    law = Gaussian(np.array(shift), np.array(matrix))
    centred, truth = Gaussian(np.zeros(2), law.factor), Gaussian(np.zeros(2), np.eye(2))
    target = GaussianTarget(np.eye(2), [0.0, 0.0])
    divergences = [
        float(np.linalg.norm(np.linalg.solve(np.transpose(matrix), shift))),
        float(kl(centred, truth)),
        float(kl(law, truth)),
    ]
    covered = np.zeros(3)
    for _ in range(400):
        x = rng.standard_normal((150, 2)) @ matrix + shift
        for i, test in enumerate(TESTS):
            low, high = test(x, target, confidence_level=0.9).confidence_interval or (1, 0)
            covered[i] += low <= divergences[i] <= high
    assert (covered / 400 > 0.85).all(), covered / 400
    assert (covered[np.array(divergences) > 0] / 400 < 0.95).all(), covered / 400


@pytest.mark.statistical
def test_power_of_the_stated_example():
    """Shift of 0.15 along the minor axis, n = 500: the noncentral χ² says .74 and .86.

    Measured over 400 samples; 4 standard errors.
    """
    rng = np.random.default_rng(13)
    axes = np.linalg.svd(CHAPTER.A)
    shift = 0.15 * axes[1][1] * axes[2][1]
    rejected = np.zeros(2)
    for _ in range(400):
        x = CHAPTER.sample(500, rng) + shift
        rejected[0] += goodness.likelihood_ratio_test(x, CHAPTER).pvalue <= 0.05
        rejected[1] += goodness.hotelling_test(x, CHAPTER).pvalue <= 0.05
    size = 500 * 0.15**2
    expected = [stats.ncx2.sf(stats.chi2.isf(0.05, f), f, size) for f in (5, 2)]
    assert rejected / 400 == pytest.approx(expected, abs=4 * np.sqrt(0.2 / 400))


@pytest.mark.parametrize("test", TESTS)
def test_power_rises_with_the_distance(test):
    rng = np.random.default_rng(14)
    samples = [CHAPTER.sample(50, rng) for _ in range(20)]
    medians = []
    for size in (0.0, 0.3, 0.6, 1.2):
        planted = GaussianTarget(CHAPTER.A * np.exp(-size), CHAPTER.b + size * CHAPTER.A[0])
        medians.append(np.median([test(x, planted).pvalue for x in samples]))
    assert (np.diff(medians) < 0).all()
    assert medians[-1] < 1e-6


@pytest.mark.parametrize("factor", [1e-6, 1e6, 1e12])
def test_far_from_the_target_numbers_stay_finite(factor, x):
    for test in TESTS:
        result = test(x * factor + factor, CHAPTER)
        low, high = result.confidence_interval or (1, 0)
        assert 0 <= low <= result.estimate <= high < np.inf
        assert result.pvalue < 1e-3


@pytest.mark.parametrize("test", TESTS)
@pytest.mark.parametrize(
    ("rows", "sentence"),
    [
        (np.eye(2), "more rows than columns"),
        (np.column_stack([np.arange(9.0), np.full(9, 0.1)]), "constant column 'x2'"),
        (np.outer(np.arange(9.0), [1, 2]) + 0.1, "linearly dependent"),
        (np.zeros((9, 3)), "one column for each of the target's 2 coordinates, got 3"),
        ([[1.0, np.nan], [2.0, 3.0], [0.0, 1.0]], "finite"),
    ],
)
def test_unusable_samples_are_refused_in_one_sentence(test, rows, sentence):
    with pytest.raises(UsageError, match=sentence) as caught:
        test(rows, CHAPTER)
    assert "\n" not in str(caught.value)


def test_the_target_must_be_one():
    test: Any = goodness.hotelling_test
    with pytest.raises(UsageError, match=r"target must be a GaussianTarget.*, got ndarray"):
        test(np.eye(3), np.eye(3))


def test_results_read_well(x):
    result = goodness.likelihood_ratio_test(x, CHAPTER)
    text = repr(result)
    assert "m = " not in text
    assert "draws" not in text
    assert "estimate" in text
    series = result.to_series()
    assert series["m"] is None
    assert series["confidence_low"] <= series["estimate"] <= series["confidence_high"]
