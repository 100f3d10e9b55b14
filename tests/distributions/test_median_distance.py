"""The median distance, which is MMD's bandwidth where none is given."""

from __future__ import annotations

import numpy as np
from scipy import integrate, stats

from gan_eval.distributions.distances import median_distance, mmd2
from gan_eval.distributions.gaussian import Gaussian

from .laws import CHAPTER, diagonal


def test_median_distance_of_known_laws():
    for d in (1, 2, 3, 20, 200):
        exact = 3 * np.sqrt(2 * stats.chi2.median(d))
        found = median_distance(diagonal(np.zeros(d), 3 * np.ones(d)))
        np.testing.assert_allclose(found, exact, rtol=1e-12)
    almost_a_line = median_distance(diagonal(np.zeros(3), [1.0, 1e-8, 1e-8]))
    np.testing.assert_allclose(almost_a_line, np.sqrt(2 * stats.chi2.median(1)), rtol=1e-12)
    # λ₁ χ²₁ + λ₂ χ²₁ by its own quadrature.
    median = float(median_distance(diagonal(np.zeros(2), [1.0, 0.4])))

    def inner(x: float) -> float:
        remainder = max(median**2 / 2 - x**2, 0.0)
        return float(stats.norm.pdf(x) * stats.chi2.cdf(remainder / 0.16, 1))

    edge = median / np.sqrt(2)
    np.testing.assert_allclose(2 * integrate.quad(inner, 0, edge, epsabs=1e-12)[0], 0.5, atol=1e-9)


def test_the_default_bandwidth_is_the_truths_median_distance():
    q = Gaussian(CHAPTER.mean + 0.3, CHAPTER.factor)
    assert mmd2(q, CHAPTER) == mmd2(q, CHAPTER, median_distance(CHAPTER))
