"""Bures–Wasserstein against matrix square roots, and between close laws."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import linalg

from gan_eval.distributions.distances import bures_wasserstein

from .laws import diagonal, random_law


@pytest.mark.parametrize("d", [2, 5])
def test_bures_wasserstein_against_matrix_square_roots(d):
    rng = np.random.default_rng(d)
    q, p = random_law(rng, d), random_law(rng, d)
    root = linalg.sqrtm(p.covariance)
    middle = linalg.sqrtm(root @ q.covariance @ root)
    squared = ((q.mean - p.mean) ** 2).sum() + np.trace(p.covariance + q.covariance - 2 * middle)
    np.testing.assert_allclose(bures_wasserstein(q, p) ** 2, squared, rtol=1e-10)


def test_bures_wasserstein_does_not_cancel_between_close_laws():
    p = diagonal(np.zeros(2), [1.0, 1e-8])
    q = diagonal(np.zeros(2), [1.0, 2e-8])
    np.testing.assert_allclose(bures_wasserstein(q, p), 1e-8, rtol=1e-7)
