"""Worth by KL and samples to detect: known answers, oracles, orientation, limits."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from scipy.optimize import root_scalar

from gan_eval.distributions.divergences import kl
from gan_eval.distributions.gaussian import Gaussian
from gan_eval.distributions.likelihood_ratio import (
    BoxLaw,
    median_curve,
    median_kl_of_fit,
    samples_to_detect,
    worth_kl,
)
from gan_eval.distributions.median_curves import CURVES
from gan_eval.runtime.errors import UsageError

CHAPTER = Gaussian(np.array([1.0, 2.0]), np.array([[1.0, 2.0], [-0.1, 0.5]]))


def standard(d: int) -> Gaussian:
    return Gaussian(np.zeros(d), np.eye(d))


@pytest.mark.parametrize("d", [1, 2, 3, 5, 10])
def test_median_kl_is_the_exact_law_of_the_likelihood_ratio(d):
    for n in (d + 0.01, d + 1, d + 2, 3 * d + 10, 1000, 1e6):
        law = BoxLaw.one_sample(n, d, mean_known=True)
        assert law.sf(2 * n * float(median_kl_of_fit(n, d))) == pytest.approx(0.5, abs=1e-5)


@pytest.mark.statistical
@pytest.mark.parametrize(("n", "d"), [(2, 1), (8, 1), (3, 2), (12, 2), (6, 5), (20, 5)])
def test_half_of_the_fits_come_closer_than_the_median(n, d):
    # One fixed seed; 4 standard errors, wrong once in 16,000 per case.
    rng = np.random.default_rng(n)
    truth = Gaussian(np.ones(d), rng.normal(size=(d, d)) + 2 * np.eye(d))
    rows = rng.normal(size=(20_000, n, d)) @ truth.factor + truth.mean
    closer = kl(Gaussian.fit(rows), truth) < median_kl_of_fit(n, d)
    assert abs(closer.mean() - 0.5) < 4 * 0.5 / np.sqrt(len(closer))


@pytest.mark.statistical
def test_a_fit_of_1000_rows_is_worth_1000_rows_at_its_median():
    # One fixed seed. Of 400,000 KLs, χ²_5/2000, the median is worth 1000 with a standard error of
    # 1000/4.35 · ½/√400,000/.152 = 1.2; 5 is four of these.
    rng = np.random.default_rng(15)
    # Wishart and mean by their laws; the KL of N(m, S) from N(0, I) depends on nothing else.
    covariances = stats.wishart(999, np.eye(2) / 1000).rvs(400_000, random_state=rng)
    means = rng.normal(size=(400_000, 2)) / np.sqrt(1000)
    traces = np.trace(covariances, axis1=1, axis2=2)
    values = (traces + (means**2).sum(1) - 2 - np.linalg.slogdet(covariances)[1]) / 2
    assert worth_kl(np.median(values), 2) == pytest.approx(1000, abs=5)


def test_the_chapters_median_kl_is_worth_16_rows():
    assert round(float(worth_kl(0.15, 2))) == 16


@pytest.mark.parametrize("d", [1, 2, 5])
def test_median_kl_is_that_of_chi_squared_for_many_rows(d):
    n = 10.0 ** np.arange(6, 15)
    first_order = stats.chi2(d + d * (d + 1) / 2).median() / (2 * n)
    np.testing.assert_allclose(median_kl_of_fit(n, d) / first_order, 1, rtol=10 * d / 1e6)


@pytest.mark.parametrize("d", CURVES)
def test_the_curves_that_are_kept_are_those_that_are_computed(d):
    np.testing.assert_allclose(CURVES[d], median_curve(d), rtol=0, atol=1e-12)


def test_median_kl_where_the_fit_is_singular():
    np.testing.assert_array_equal(median_kl_of_fit([1, 2], 2), [np.inf, np.inf])
    assert np.isnan(median_kl_of_fit(np.nan, 2))


@pytest.mark.parametrize("d", [1, 2, 5, 10, 50])
def test_worth_kl_inverts_the_median_kl(d):
    divergence = 10.0 ** np.linspace(-12, 6, 37)
    size = worth_kl(divergence, d)
    # At 1e6 nats n − d is 1e-6, known to the rounding of n.
    np.testing.assert_allclose(median_kl_of_fit(size, d), divergence, rtol=1e-7)
    assert (np.diff(size) < 0).all()
    n = np.array([d + 0.5, d + 1, 3 * d + 10, 1000.0])
    np.testing.assert_allclose(worth_kl(median_kl_of_fit(n, d), d), n, rtol=1e-12)


def test_worth_kl_at_the_limits():
    size = worth_kl([[0.0, -1e-18, np.nan], [np.inf, 1e300, 1e-300]], 2)
    assert size.shape == (2, 3)
    np.testing.assert_array_equal(size[0], [np.inf, np.inf, np.nan])
    np.testing.assert_allclose(size[1], [2.0, 2.0, stats.chi2(5).median() / 2 * 1e300], rtol=1e-12)


def test_dimension_zero_is_refused():
    with pytest.raises(UsageError, match="dimension"):
        worth_kl(0.1, 0)
    with pytest.raises(UsageError, match="dimension"):
        median_kl_of_fit(10, 0)


@pytest.mark.parametrize(("alpha", "power"), [(0.05, 0.8), (0.001, 0.99), (0.2, 0.6)])
@pytest.mark.parametrize("length", [1e-9, 1e-3, 0.1, 0.37, 1.3, 4.0])
def test_a_shift_takes_the_z_tests_samples(length, alpha, power):
    direction = np.array([3.0, -4.0]) / 5
    shifted = Gaussian(CHAPTER.mean + length * direction @ CHAPTER.factor, CHAPTER.factor)
    exact = ((stats.norm.isf(alpha) + stats.norm.ppf(power)) / length) ** 2
    n = float(samples_to_detect(shifted, CHAPTER, alpha=alpha, power=power))
    # The chapter's mean near 1 keeps a shift of 1e-9 to seven digits only.
    np.testing.assert_allclose(n, max(1.0, np.ceil(exact)), rtol=1e-6 if length < 1e-3 else 1e-9)


@pytest.mark.parametrize(("alpha", "power"), [(0.05, 0.8), (0.01, 0.9), (0.2, 0.6)])
@pytest.mark.parametrize("d", [1, 2, 5])
def test_a_change_of_scale_takes_the_chi_square_tests_samples(d, alpha, power):
    scales = np.array([0.05, 0.3, 0.7, 0.97, 1.03, 1.3, 2.0, 5.0, 30.0])
    q = Gaussian(np.zeros((len(scales), d)), scales[:, None, None] * np.eye(d))

    def excess_power(n: float, scale: float) -> float:
        tail, quantile = (
            (stats.chi2.sf, stats.chi2.isf) if scale > 1 else (stats.chi2.cdf, stats.chi2.ppf)
        )
        return float(tail(quantile(alpha, n * d) / scale**2, n * d)) - power

    def exact(scale: float) -> float:
        if excess_power(1.0, scale) >= 0:
            return 1.0
        crossing = root_scalar(lambda n: excess_power(n, scale), bracket=(1.0, 1e6))
        return float(np.ceil(crossing.root))

    expected = np.array([exact(scale) for scale in scales])
    found = samples_to_detect(q, standard(d), alpha=alpha, power=power)
    assert (np.abs(found - expected) <= 1).all()
    assert (found == expected).mean() > 0.8


@pytest.mark.statistical
@pytest.mark.parametrize(
    ("offset", "scales"),
    [([0.3, 0.3], [1.2, 0.8]), ([0.2], [1.4]), ([0.1, 0.0, 0.2, 0.0, 0.1], [1.2, 0.9, 1, 1, 1.1])],
)
def test_the_likelihood_ratio_test_has_this_power_at_this_size(offset, scales):
    # The threshold is a simulated quantile: both simulations err by 0.0025 together (one standard
    # error); n's rounding up, and the saddlepoint's error, make the bands 0.01 wider.
    offset, scales = np.array(offset), np.array(scales)
    d, draws, rng = len(offset), 40_000, np.random.default_rng(11)
    n = int(samples_to_detect(Gaussian(offset, np.diag(scales)), standard(d)))

    def log_ratio(rows: np.ndarray) -> np.ndarray:
        each = 0.5 * rows**2 - 0.5 * ((rows - offset) / scales) ** 2 - np.log(scales)
        return each.sum(axis=(-2, -1))

    def power(size: int) -> float:
        under_truth = log_ratio(rng.normal(size=(draws, size, d)))
        learned = log_ratio(offset + scales * rng.normal(size=(draws, size, d)))
        return float((learned > np.quantile(under_truth, 0.95)).mean())

    assert power(n) > 0.8 - 0.01
    assert power(n - 1) < 0.8 + 0.01
    assert n > 5  # so that n − 1 is told from n


def test_tiny_differences_follow_the_normal_approximation():
    # Locally Σ ln q/p is normal with mean ± n KL and variance 2 n KL: n = z² / (2 KL).
    rng = np.random.default_rng(2)
    q = Gaussian(
        CHAPTER.mean + 1e-5 * rng.normal(size=(20, 2)),
        CHAPTER.factor + 1e-5 * rng.normal(size=(20, 2, 2)),
    )
    z = stats.norm.isf(0.05) + stats.norm.ppf(0.8)
    np.testing.assert_allclose(
        samples_to_detect(q, CHAPTER), z**2 / (2 * kl(q, CHAPTER)), rtol=1e-3
    )


def test_a_worse_law_takes_fewer_samples():
    steps = np.linspace(0.01, 1.0, 30)
    for change in (np.diag([1.0, 0.0]), np.diag([0.0, -0.9]), np.array([[0.0, 0.0], [1.0, 0.0]])):
        factors = (np.eye(2) + steps[:, None, None] * change) @ CHAPTER.factor
        n = samples_to_detect(Gaussian(CHAPTER.mean, factors), CHAPTER)
        assert (np.diff(n) <= 0).all()
        assert n[0] > n[-1]
    shifts = CHAPTER.mean + steps[:, None] * CHAPTER.factor[0]
    assert (np.diff(samples_to_detect(Gaussian(shifts, CHAPTER.factor), CHAPTER)) <= 0).all()


def test_more_is_asked_by_a_smaller_size_or_a_greater_power():
    q = Gaussian(CHAPTER.mean + 0.1, CHAPTER.factor)
    usual = samples_to_detect(q, CHAPTER)
    assert samples_to_detect(q, CHAPTER, alpha=0.01) > usual
    assert samples_to_detect(q, CHAPTER, power=0.95) > usual


def test_limits_and_leading_axes():
    factor = CHAPTER.factor
    factors = np.array(
        [factor, 0 * factor, [[1.0, 2.0], [0.0, 0.0]], factor, 1e-60 * factor, 1e60 * factor]
    )
    means = np.tile(CHAPTER.mean, (6, 1))
    means[3, 0] = np.nan
    n = samples_to_detect(Gaussian(means, factors), CHAPTER)
    np.testing.assert_array_equal(n, [np.inf, 1, 1, np.nan, 1, 1])
    assert samples_to_detect(CHAPTER, CHAPTER).shape == ()


@pytest.mark.parametrize(
    "arguments", [{"alpha": 0.0}, {"alpha": 0.5}, {"power": 1.0}, {"power": 0.5}]
)
def test_an_impossible_test_is_refused(arguments):
    with pytest.raises(UsageError, match="must lie inside"):
        samples_to_detect(CHAPTER, CHAPTER, **arguments)
