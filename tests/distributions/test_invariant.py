"""The measures that no affine map changes, of the canonical pair."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import linalg

from gan_eval.distributions.divergences import (
    affine_invariant_distance,
    canonical_pair,
    mahalanobis,
)
from gan_eval.distributions.gaussian import Gaussian

from .laws import CHAPTER, random_law
from .measures import INVARIANT


@pytest.mark.parametrize("d", [1, 2, 5])
def test_invariants_against_generalised_eigenvalues(d):
    rng = np.random.default_rng(10 + d)
    q, p = random_law(rng, d), random_law(rng, d)
    eigenvalues = linalg.eigh(q.covariance, p.covariance, eigvals_only=True)
    offset, scales = canonical_pair(q, p)
    np.testing.assert_allclose(scales**2, eigenvalues[::-1], rtol=1e-10)
    exact = np.sqrt((np.log(eigenvalues) ** 2).sum())
    np.testing.assert_allclose(affine_invariant_distance(q, p), exact, rtol=1e-10)
    shift = q.mean - p.mean
    length = np.sqrt(shift @ linalg.solve(p.covariance, shift))
    np.testing.assert_allclose(mahalanobis(q, p), length, rtol=1e-10)
    np.testing.assert_allclose(np.linalg.norm(offset), length, rtol=1e-10)


def test_units_of_measure_cost_no_digits():
    units = np.array([1e-8, 1e8])
    q = Gaussian(np.array([1.1, 1.7]), CHAPTER.factor + np.array([[0.1, -0.2], [0.3, 0.1]]))
    scaled = [Gaussian(law.mean * units, law.factor * units) for law in (q, CHAPTER)]
    for divergence in INVARIANT:
        np.testing.assert_allclose(divergence(*scaled), divergence(q, CHAPTER), rtol=1e-11)


@pytest.mark.parametrize("divergence", INVARIANT)
def test_affine_maps_change_nothing(divergence):
    rng = np.random.default_rng(7)
    for d in (1, 2, 5):
        q, p = random_law(rng, d), random_law(rng, d)
        change, shift = rng.normal(size=(d, d)) + 2 * np.eye(d), rng.normal(size=d)
        mapped = [Gaussian(law.mean @ change + shift, law.factor @ change) for law in (q, p)]
        np.testing.assert_allclose(divergence(*mapped), divergence(q, p), rtol=1e-9)
