"""All divergences against quadrature on the line and against draws."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy import integrate, linalg, stats

from gan_eval.distributions.distances import (
    bures_wasserstein,
    energy_distance,
    median_distance,
    mmd2,
)
from gan_eval.distributions.divergences import hellinger, jeffreys, kl, total_variation
from gan_eval.distributions.gaussian import Gaussian

from .laws import line, random_law


@pytest.mark.parametrize(("mean", "s"), [(0.0, 0.4), (1.0, 1.0), (-2.0, 3.0), (0.7, 0.1)])
def test_quadrature_on_the_line(mean, s):
    q, p = line(2 * mean + 1, 2 * s), line(1.0, 2.0)
    center, width = 2 * mean + 1, 2 * s

    def integral(integrand: Callable[[float], float]) -> float:
        corners = sorted(
            {c + w * k for c, w in ((center, width), (1.0, 2.0)) for k in (-5, -1, 1, 5)}
        )
        reach = 12 * max(width, 2.0)
        return integrate.quad(
            integrand, min(center, 1) - reach, max(center, 1) + reach, points=corners, limit=400
        )[0]

    def learned(x: float) -> float:
        return float(stats.norm.pdf(x, center, width))

    def truth(x: float) -> float:
        return float(stats.norm.pdf(x, 1, 2))

    def gap(x: float, function: Callable[..., Any]) -> float:
        return float(function(x, center, width) - function(x, 1, 2))

    def ratio(x: float) -> float:
        return gap(x, stats.norm.logpdf)

    forward = integral(lambda x: learned(x) * ratio(x))
    backward = integral(lambda x: -truth(x) * ratio(x))
    overlap = integral(lambda x: np.sqrt(learned(x) * truth(x)))
    np.testing.assert_allclose(kl(q, p), forward, rtol=1e-8)
    np.testing.assert_allclose(kl(p, q), backward, rtol=1e-8)
    np.testing.assert_allclose(jeffreys(q, p), forward + backward, rtol=1e-8)
    np.testing.assert_allclose(hellinger(q, p) ** 2, 1 - overlap, rtol=1e-8)
    different = 0.5 * integral(lambda x: abs(learned(x) - truth(x)))
    np.testing.assert_allclose(total_variation(q, p), different, atol=1e-8)
    cumulative = 2 * integral(lambda x: gap(x, stats.norm.cdf) ** 2)
    np.testing.assert_allclose(energy_distance(q, p), cumulative, rtol=1e-8)
    transport = integrate.quad(lambda u: gap(u, stats.norm.ppf) ** 2, 0, 1, limit=400)[0]
    np.testing.assert_allclose(bures_wasserstein(q, p) ** 2, transport, rtol=1e-6)

    def mean_kernel(mu: float, sigma: float) -> float:
        return integral(lambda x: stats.norm.pdf(x, mu, sigma) * np.exp(-(x**2) / (2 * 1.7**2)))

    spread = 2 * np.sqrt(2)
    oracle = mean_kernel(0, spread * s) + mean_kernel(0, spread)
    oracle -= 2 * mean_kernel(2 * mean, 2 * np.hypot(1, s))
    np.testing.assert_allclose(mmd2(q, p, 1.7), oracle, atol=1e-10)


def log_density(law: Gaussian, rows: np.ndarray) -> np.ndarray:
    whitened = linalg.solve_triangular(
        linalg.cholesky(law.covariance, lower=True), (rows - law.mean).T, lower=True
    )
    constant = 0.5 * np.linalg.slogdet(2 * np.pi * law.covariance)[1]
    return -0.5 * (whitened**2).sum(axis=0) - constant


@pytest.mark.statistical
@pytest.mark.parametrize("d", [1, 2, 5])
def test_monte_carlo(d):
    # Seven means of 400,000 draws, 4.5 standard errors each: wrong once in 20,000 runs per d.
    rng = np.random.default_rng(d)
    q, p = random_law(rng, d), random_law(rng, d)
    draws = 400_000
    learned, learned_too, truth, truth_too = (
        rng.normal(size=(draws, d)) @ law.factor + law.mean for law in (q, q, p, p)
    )

    def check(values: np.ndarray, exact: np.ndarray) -> None:
        assert abs(values.mean() - exact) < 4.5 * values.std() / np.sqrt(draws)

    ratio = log_density(q, learned) - log_density(p, learned)
    check(ratio, kl(q, p))
    ratio_at_truth = log_density(q, truth) - log_density(p, truth)
    check(-ratio_at_truth, kl(p, q))
    check(np.maximum(-np.expm1(-ratio), 0), total_variation(q, p))
    check(1 - np.exp(0.5 * ratio_at_truth), hellinger(q, p) ** 2)
    distances = [
        np.linalg.norm(difference, axis=1)
        for difference in (learned - truth, learned - learned_too, truth - truth_too)
    ]

    def combine(of: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
        across, within, within_truth = map(of, distances)
        return 2 * across - within - within_truth

    check(combine(np.asarray), energy_distance(q, p))
    check(combine(np.sqrt), energy_distance(q, p, 0.5))
    check(-combine(lambda r: np.exp(-(r**2) / (2 * 1.3**2))), mmd2(q, p, 1.3))
    # A sample median is normal with variance 1/(4 n f²); f from a narrow window around it.
    median = float(median_distance(p))
    density = (np.abs(distances[2] - median) < 0.05).mean() / 0.1
    assert abs(np.median(distances[2]) - median) < 4.5 / (2 * density * np.sqrt(draws))
