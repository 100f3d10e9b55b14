"""What holds of every divergence: zero at the truth, worse further off, shapes, refusals."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from gan_eval.distributions.distances import bures_wasserstein, energy_distance, mmd2
from gan_eval.distributions.divergences import (
    affine_invariant_distance,
    hellinger,
    jeffreys,
    kl,
    mahalanobis,
    total_variation,
)
from gan_eval.distributions.gaussian import Gaussian
from gan_eval.runtime.errors import UsageError

from .laws import CHAPTER, diagonal, line, random_law
from .measures import EVERY, METRIC


@pytest.mark.parametrize("divergence", EVERY)
@pytest.mark.parametrize("d", [1, 2, 5])
def test_zero_at_the_truth_and_worse_further_from_it(divergence, d):
    rng = np.random.default_rng(d)
    p = random_law(rng, d)
    # Not exactly the same object, nor the same factor: a turned one has the same law.
    turned = Gaussian(p.mean, np.linalg.qr(rng.normal(size=(d, d)))[0] @ p.factor)
    np.testing.assert_allclose(
        divergence(turned, p), 0, atol=5e-8 if divergence is hellinger else 1e-11
    )
    steps = np.array([0.0, 0.1, 0.3, 1.0, 2.0])
    shift = rng.normal(size=d)
    shifted = Gaussian(p.mean + steps[:, None] * shift, p.factor)
    grown = Gaussian(p.mean, (1 + steps[:, None, None]) * p.factor)
    shrunk = Gaussian(p.mean, p.factor / (1 + steps[:, None, None]))
    for worse, blind in (
        (shifted, [affine_invariant_distance]),
        (grown, [mahalanobis]),
        (shrunk, [mahalanobis]),
    ):
        if divergence not in blind:
            assert (np.diff(divergence(worse, p)) > 0).all()


@pytest.mark.parametrize("divergence", METRIC)
def test_rotations_change_nothing(divergence):
    rng = np.random.default_rng(8)
    q, p = random_law(rng, 5), random_law(rng, 5)
    turn = np.linalg.qr(rng.normal(size=(5, 5)))[0]
    mapped = [Gaussian(law.mean @ turn - 3, law.factor @ turn) for law in (q, p)]
    np.testing.assert_allclose(divergence(*mapped), divergence(q, p), rtol=1e-10)


def test_symmetric_ones_are_symmetric_and_kl_is_not():
    rng = np.random.default_rng(9)
    q, p = random_law(rng, 3), random_law(rng, 3)
    for divergence in (
        jeffreys,
        affine_invariant_distance,
        hellinger,
        total_variation,
        bures_wasserstein,
        energy_distance,
    ):
        np.testing.assert_allclose(divergence(q, p), divergence(p, q), rtol=1e-10)
    assert abs(kl(q, p) - kl(p, q)) > 0.01


@given(
    deviations=arrays(float, (2, 3), elements=st.floats(-12, 3)),
    seed=st.integers(0, 2**32 - 1),
)
def test_jeffreys_is_the_sum_of_both_kl_however_thin_the_laws(deviations, seed):
    rng = np.random.default_rng(seed)
    q, p = (
        Gaussian(rng.normal(size=3), rng.normal(size=(3, 3)) * 10 ** row[:, None])
        for row in deviations
    )
    np.testing.assert_array_equal(jeffreys(q, p), kl(q, p) + kl(p, q))


def test_the_inequalities_between_them_hold():
    rng = np.random.default_rng(10)
    q = Gaussian(rng.normal(size=(300, 2)), rng.normal(size=(300, 2, 2)))
    variation, root = total_variation(q, CHAPTER), hellinger(q, CHAPTER)
    assert (root**2 <= variation + 1e-11).all()
    assert (variation <= root * np.sqrt(2 - root**2) + 1e-11).all()  # Le Cam
    assert (variation <= np.sqrt(kl(q, CHAPTER) / 2)).all()  # Pinsker
    widths = np.geomspace(0.5, 8, 300)
    assert (mmd2(q, CHAPTER, widths) <= 4 * variation**2).all()


@pytest.mark.parametrize("divergence", EVERY)
def test_leading_axes_broadcast(divergence):
    rng = np.random.default_rng(3)
    q = Gaussian(rng.normal(size=(4, 1, 2)), rng.normal(size=(4, 1, 6, 2)))
    p = Gaussian(rng.normal(size=(3, 2)), rng.normal(size=(3, 2, 2)))
    values = divergence(q, p)
    assert values.shape == (4, 3)
    assert values.dtype == np.float64
    one = divergence(Gaussian(q.mean[2, 0], q.factor[2, 0]), Gaussian(p.mean[1], p.factor[1]))
    assert np.shape(one) == ()
    np.testing.assert_allclose(values[2, 1], one, rtol=1e-12)


@pytest.mark.parametrize("divergence", EVERY)
def test_laws_that_cannot_be_compared_are_refused(divergence):
    with pytest.raises(UsageError, match="one dimension"):
        divergence(line(0.0, 1.0), CHAPTER)
    with pytest.raises(UsageError, match="broadcast"):
        divergence(diagonal(np.zeros((3, 2)), np.ones(2)), diagonal(np.zeros((4, 2)), np.ones(2)))


def test_parameters_out_of_range_are_refused():
    for exponent in (0.0, 2.0, np.nan):
        with pytest.raises(UsageError, match="exponent"):
            energy_distance(CHAPTER, CHAPTER, exponent)
    for bandwidth in (0.0, -1.0, np.inf, np.nan):
        with pytest.raises(UsageError, match="bandwidth"):
            mmd2(CHAPTER, CHAPTER, bandwidth)
