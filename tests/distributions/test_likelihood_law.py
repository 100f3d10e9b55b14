"""The exact law of the likelihood-ratio statistics, against laws that are known otherwise."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import optimize, stats
from scipy.special import digamma

from gan_eval.distributions.likelihood_ratio import BoxLaw


def roots(function, middle: float) -> tuple[float, float]:
    """The two zeros, in ln of the argument, of a convex function with its minimum at middle."""
    brackets = [(middle - 1500, middle), (middle, middle + 40)]
    low, high = (
        optimize.root_scalar(function, bracket=bracket, xtol=1e-14).root for bracket in brackets
    )
    return low, high


@pytest.mark.parametrize("n", [2, 3, 7, 200, 10**5])
@pytest.mark.parametrize("statistic", [1e-3, 0.1, 0.45, 0.8, 1.0, 1.1, 3.0, 12.0, 150.0, 600.0])
def test_one_variance_is_exact(n, statistic):
    """ν s ~ χ²_ν, and L = ν (s − 1 − ln s) ≥ c outside two roots."""
    freedom = n - 1
    low, high = roots(lambda t: freedom * (np.expm1(t) - t) - statistic, 0.0)
    exact = stats.chi2.cdf(freedom * np.exp(low), freedom)
    exact += stats.chi2.sf(freedom * np.exp(high), freedom)
    law = BoxLaw.one_sample(n, 1, mean_known=False)
    assert law.sf(statistic) == pytest.approx(exact, rel=1e-11, abs=1e-300)


@pytest.mark.parametrize(("n", "m"), [(2, 3), (5, 4), (20, 500)])
@pytest.mark.parametrize("statistic", [0.01, 0.5, 1.0, 4.0, 20.0])
def test_two_variances_are_exact(n, m, statistic):
    """M is a convex function of ln F with F ~ F(n − 1, m − 1)."""
    a, b = n - 1, m - 1

    def excess(t):
        pooled = np.logaddexp(t + np.log(a), np.log(b)) - np.log(a + b)
        return (a + b) * pooled - a * t - statistic

    low, high = roots(excess, 0.0)
    exact = stats.f.cdf(np.exp(low), a, b) + stats.f.sf(np.exp(high), a, b)
    law = BoxLaw.two_samples(n, m, 1, means=False)
    assert law.sf(statistic) == pytest.approx(exact, rel=1e-10)


def test_equal_means_and_variances_by_simulation():
    n, m, statistic = 4, 6, 5.0
    rng = np.random.default_rng(0)
    size = 400_000
    within_x, within_y = rng.chisquare(n - 1, size), rng.chisquare(m - 1, size)
    between = rng.chisquare(1, size)
    total = n + m
    values = (
        total * np.log((within_x + within_y + between) / total)
        - n * np.log(within_x / n)
        - m * np.log(within_y / m)
    )
    # 4 standard errors: a right law fails once in 15,000.
    share = BoxLaw.two_samples(n, m, 1, means=True).sf(statistic)
    assert np.mean(values >= statistic) == pytest.approx(share, abs=4 * np.sqrt(share / size))


@pytest.mark.parametrize("d", [1, 2, 5, 30])
def test_the_mean_is_that_of_the_fitted_divergence(d):
    """−2 ln Λ is 2n KL(fit‖truth), whose mean has a closed form of its own."""
    for n in (d + 1, 50, 10_000):
        law = BoxLaw.one_sample(n, d, mean_known=True)
        # nΣ̂ is Wishart: E tr Σ̂ + E|m̂|² = d, and −½ E ln|Σ̂| is left (Anderson 2003, §7.5).
        exact = 0.5 * (d * np.log(n / 2) - digamma((n - np.arange(1, d + 1)) / 2).sum())
        assert law.mean == pytest.approx(2 * n * exact, rel=1e-9)


@pytest.mark.parametrize("probability", [1e-9, 0.05, 0.5, 0.95, 1 - 1e-9])
@pytest.mark.parametrize(("n", "d"), [(2, 1), (2.5, 2), (20, 2), (1e6, 5)])
def test_isf_inverts_sf(n, d, probability):
    law = BoxLaw.one_sample(n, d, mean_known=True)
    assert law.sf(law.isf(probability)) == pytest.approx(probability, rel=1e-7)


@pytest.mark.parametrize("d", [1, 2, 10])
def test_degrees_of_freedom_count_the_parameters(d):
    covariances = d * (d + 1) / 2
    for law, count in [
        (BoxLaw.one_sample(30, d, mean_known=True), d + covariances),
        (BoxLaw.one_sample(30, d, mean_known=False), covariances),
        (BoxLaw.two_samples(30, 40, d, means=True), d + covariances),
        (BoxLaw.two_samples(30, 40, d, means=False), covariances),
    ]:
        assert law.degrees_of_freedom == pytest.approx(count)


@pytest.mark.parametrize("d", [1, 3, 20])
def test_large_samples_give_chi_square(d):
    for law in (
        BoxLaw.one_sample(10**9, d, mean_known=True),
        BoxLaw.two_samples(10**9, 10**8, d, means=False),
    ):
        f = law.degrees_of_freedom
        for quantile in stats.chi2.isf([0.999, 0.5, 0.01, 1e-12], f):
            assert law.sf(quantile) == pytest.approx(stats.chi2.sf(quantile, f), rel=1e-5)


@pytest.mark.parametrize(("n", "d"), [(3, 2), (11, 10), (40, 30)])
def test_the_tail_falls_from_one_to_zero(n, d):
    law = BoxLaw.one_sample(n, d, mean_known=True)
    tails = [law.sf(value) for value in np.concatenate([[0.0], np.geomspace(1e-6, 1e12, 200)])]
    assert tails[0] == 1.0
    assert tails[-1] == 0.0
    assert (np.diff(tails) <= 1e-13).all()
