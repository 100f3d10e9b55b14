"""Singular laws have their limits, and those that are not finite NaN."""

from __future__ import annotations

import numpy as np
import pytest

from gan_eval.distributions.distances import (
    bures_wasserstein,
    energy_distance,
    median_distance,
    mmd2,
)
from gan_eval.distributions.divergences import (
    affine_invariant_distance,
    hellinger,
    jeffreys,
    kl,
    mahalanobis,
    total_variation,
)
from gan_eval.distributions.gaussian import Gaussian

from .laws import CHAPTER, line
from .measures import EVERY, INVARIANT

FLAT = Gaussian(np.array([0.0, 0.0]), np.array([[1.0, 2.0], [0.5, 1.0]]))


@pytest.mark.parametrize(
    ("divergence", "limit"),
    [
        (kl, np.inf),
        (jeffreys, np.inf),
        (affine_invariant_distance, np.inf),
        (hellinger, 1.0),
        (total_variation, 1.0),
    ],
)
def test_singular_against_regular(divergence, limit):
    point = Gaussian(np.zeros(2), np.zeros((2, 2)))
    thin = Gaussian(np.zeros(2), np.ones((1, 2)))
    for law in (FLAT, point, thin):
        assert divergence(law, CHAPTER) == limit
        assert divergence(CHAPTER, law) == limit


def test_singular_laws_on_one_support_are_compared_within_it():
    # Both live on the line through (1, 2); q is twice as wide and shifted by one deviation of p.
    deviation = np.hypot(1, 0.5) * np.array([1.0, 2.0])
    q = Gaussian(deviation, 2 * FLAT.factor)
    on_the_line = line(1.0, 2.0), line(0.0, 1.0)
    for divergence in INVARIANT:
        expected = divergence(*on_the_line)
        np.testing.assert_allclose(divergence(q, FLAT), expected, rtol=1e-12, atol=1e-11)


def test_singular_laws_on_different_supports():
    parallel = Gaussian(np.array([0.0, 1.0]), FLAT.factor)
    across = Gaussian(np.zeros(2), np.array([[2.0, -1.0], [0.0, 0.0]]))
    for law in (parallel, across):
        assert kl(law, FLAT) == kl(FLAT, law) == np.inf
        assert total_variation(law, FLAT) == hellinger(law, FLAT) == 1.0
    assert mahalanobis(parallel, FLAT) == np.inf
    np.testing.assert_allclose(bures_wasserstein(parallel, FLAT), 1.0)


def test_points_are_as_far_as_they_lie_apart():
    here, there = (Gaussian(np.array([x, 0.0]), np.zeros((2, 2))) for x in (0.0, 3.0))
    np.testing.assert_allclose(bures_wasserstein(here, there), 3.0, rtol=1e-14)
    np.testing.assert_allclose(energy_distance(here, there), 6.0, rtol=1e-13)
    np.testing.assert_allclose(mmd2(here, there, 3.0), 2 - 2 * np.exp(-0.5), rtol=1e-14)
    assert median_distance(here) == 0.0


@pytest.mark.parametrize("divergence", EVERY)
def test_a_law_that_is_not_finite_gives_nan_in_its_place_alone(divergence):
    means = np.tile([1.5, 1.5], (5, 1))
    factors = np.tile(np.eye(2), (5, 1, 1))
    means[1, 0], factors[2, 1, 0], factors[3, 0, 0] = np.nan, np.inf, np.nan
    stack = Gaussian(means, factors)
    for values in (divergence(stack, CHAPTER), divergence(CHAPTER, stack)):
        np.testing.assert_array_equal(np.isnan(values), [False, True, True, True, False])
        np.testing.assert_allclose(values[0], values[4], rtol=1e-13)


@pytest.mark.parametrize("divergence", EVERY)
def test_a_huge_law_neither_warns_nor_raises(divergence):
    for size in (1e30, 1e160, 1e300):
        q = Gaussian(size * CHAPTER.mean, size * CHAPTER.factor)
        assert divergence(q, CHAPTER) >= divergence(
            Gaussian(3 * CHAPTER.mean, 3 * CHAPTER.factor), CHAPTER
        )
        assert divergence(CHAPTER, q) >= 0
