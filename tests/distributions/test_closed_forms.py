"""Known answers: a shift, a change of scale, the chapter's laws."""

from __future__ import annotations

import mpmath
import numpy as np
import pytest
from scipy import stats

from gan_eval.distributions.affinity import log_excess
from gan_eval.distributions.distances import bures_wasserstein
from gan_eval.distributions.divergences import (
    affine_invariant_distance,
    hellinger,
    jeffreys,
    kl,
    mahalanobis,
    total_variation,
)
from gan_eval.distributions.gaussian import Gaussian

from .laws import CHAPTER, diagonal


def test_known_answers_of_a_shift():
    # Equal covariances, |δ| = 1.5, in two coordinates.
    q = Gaussian(CHAPTER.mean + 1.5 * np.array([0.6, 0.8]) @ CHAPTER.factor, CHAPTER.factor)
    np.testing.assert_allclose(kl(q, CHAPTER), 1.5**2 / 2, rtol=1e-13)
    np.testing.assert_allclose(jeffreys(q, CHAPTER), 1.5**2, rtol=1e-13)
    np.testing.assert_allclose(mahalanobis(q, CHAPTER), 1.5, rtol=1e-13)
    np.testing.assert_allclose(affine_invariant_distance(q, CHAPTER), 0, atol=1e-13)
    np.testing.assert_allclose(hellinger(q, CHAPTER) ** 2, 1 - np.exp(-(1.5**2) / 8), rtol=1e-13)
    np.testing.assert_allclose(
        total_variation(q, CHAPTER), 2 * stats.norm.cdf(0.75) - 1, atol=1e-11
    )
    shift = np.linalg.norm(q.mean - CHAPTER.mean)
    np.testing.assert_allclose(bures_wasserstein(q, CHAPTER), shift, rtol=1e-13)


@pytest.mark.parametrize("d", [1, 2, 5, 20])
@pytest.mark.parametrize("s", [1e-4, 0.3, 0.999, 1.001, 2.0, 1e4])
def test_known_answers_of_a_change_of_scale(d, s):
    q, p = diagonal(np.zeros(d), s * np.ones(d)), diagonal(np.zeros(d), np.ones(d))
    np.testing.assert_allclose(kl(q, p), d * (s**2 - 1 - 2 * np.log(s)) / 2, rtol=1e-9)
    np.testing.assert_allclose(kl(p, q), d * (s**-2 - 1 + 2 * np.log(s)) / 2, rtol=1e-9)
    np.testing.assert_allclose(affine_invariant_distance(q, p), 2 * np.sqrt(d) * abs(np.log(s)))
    np.testing.assert_allclose(
        hellinger(q, p) ** 2, 1 - (2 * s / (1 + s**2)) ** (d / 2), rtol=1e-12, atol=1e-15
    )
    np.testing.assert_allclose(bures_wasserstein(q, p), np.sqrt(d) * abs(s - 1), rtol=1e-12)
    crossing = 2 * d * np.log(s) * s**2 / (s**2 - 1)  # squared radius at which p = q
    exact = abs(stats.chi2.cdf(crossing, d) - stats.chi2.cdf(crossing / s**2, d))
    np.testing.assert_allclose(total_variation(q, p), exact, rtol=0, atol=1e-11)


def test_the_first_answer_of_the_chapter():
    # A dead generator, 0.02 on the diagonal: ½ [tr − 2 + bᵀΣ⁻¹b + ln |Σ| − ln |0.02² I|] with
    # |Σ| = 0.7², tr(Σ⁻¹) = 5.26 / 0.49 and bᵀΣ⁻¹b = 0.49 / 0.49.
    q = diagonal([0.0, 0.0], [0.02, 0.02])
    exact = 0.5 * (0.0004 * 5.26 / 0.49 - 2 + 1 + np.log(0.49) - 4 * np.log(0.02))
    np.testing.assert_allclose(kl(q, CHAPTER), exact, rtol=1e-13)


def test_the_chapters_start_is_about_eight_nats_away():
    weights = 0.02 * np.random.default_rng(0).normal(size=(1000, 3, 2))
    start = kl(Gaussian(weights[:, 0], weights[:, 1:]), CHAPTER)
    assert 7 < np.median(start) < 9


def test_log_excess_is_stable():
    x = np.array([-0.9, -2.1e-3, -1.9e-3, -1e-8, 0.0, 1e-12, 1e-4, 1.9e-3, 2.1e-3, 3.0])
    with mpmath.workdps(50):
        exact = [float(mpmath.mpf(v) - mpmath.log(1 + mpmath.mpf(v))) for v in x]
    np.testing.assert_allclose(log_excess(x), exact, rtol=1e-12)
