"""The Gaussian law: its moments, its factors, and what it refuses."""

from __future__ import annotations

import numpy as np
import pytest

from gan_eval.distributions.gaussian import Gaussian
from gan_eval.runtime.errors import UsageError

CHAPTER = Gaussian(np.array([1.0, 2.0]), np.array([[1.0, 2.0], [-0.1, 0.5]]))


def test_the_chapters_covariance():
    np.testing.assert_allclose(CHAPTER.covariance, [[1.01, 1.95], [1.95, 4.25]], rtol=1e-15)
    assert CHAPTER.dimension == 2


def test_from_moments_returns_the_moments():
    law = Gaussian.from_moments(CHAPTER.mean, CHAPTER.covariance)
    np.testing.assert_array_equal(law.mean, [1.0, 2.0])
    np.testing.assert_allclose(law.covariance, CHAPTER.covariance, rtol=1e-14)


def test_from_moments_takes_a_stack():
    covariances = np.stack([CHAPTER.covariance, np.eye(2)])
    law = Gaussian.from_moments(np.zeros((2, 2)), covariances)
    np.testing.assert_allclose(law.covariance, covariances, rtol=1e-14, atol=1e-15)


def test_from_moments_judges_symmetry_by_the_deviations():
    # 1e-20 is rounding beside deviations of 1, and half the correlation beside 1e-10.
    Gaussian.from_moments([0.0, 0.0], [[1.0, 1e-20], [0.0, 1.0]])
    with pytest.raises(UsageError, match="not symmetric"):
        Gaussian.from_moments([0.0, 0.0], [[1e-20, 5e-21], [0.0, 1e-20]])


@pytest.mark.parametrize(
    ("covariance", "message"),
    [
        ([[1.0, 2.0], [2.0, 1.0]], "not positive definite"),
        ([[0.0, 0.0], [0.0, 0.0]], "not positive definite"),
        ([[1.0, 0.5], [0.4, 1.0]], "not symmetric"),
        ([[1.0, np.nan], [np.nan, 1.0]], "not finite"),
        ([[1.0, 0.0]], "square matrix"),
        ([1.0, 0.0], "square matrix"),
    ],
)
def test_from_moments_refuses(covariance, message):
    with pytest.raises(UsageError, match=message):
        Gaussian.from_moments([0.0, 0.0], covariance)


def test_fit_is_the_sample_mean_and_the_covariance_over_n():
    rows = np.random.default_rng(0).normal(size=(3, 50, 4)) @ np.diag([1.0, 1e-6, 3.0, 1e3])
    law = Gaussian.fit(rows)
    np.testing.assert_allclose(law.mean, rows.mean(axis=1), rtol=1e-14)
    for covariance, sample in zip(law.covariance, rows, strict=True):
        expected = np.cov(sample.T, bias=True)
        np.testing.assert_allclose(covariance, expected, rtol=1e-12, atol=1e-12 * expected[1, 1])


def test_fit_refuses_no_rows():
    with pytest.raises(UsageError, match="rows of shape"):
        Gaussian.fit(np.empty((0, 2)))
    with pytest.raises(UsageError, match="rows of shape"):
        Gaussian.fit([1.0, 2.0])


@pytest.mark.parametrize("k", [1, 2, 3, 5, 40])
def test_the_square_factor_has_the_same_covariance(k):
    law = Gaussian(np.zeros((7, 3)), np.random.default_rng(k).normal(size=(7, k, 3)))
    assert law.square_factor.shape == (7, 3, 3)
    square = Gaussian(law.mean, law.square_factor)
    np.testing.assert_allclose(square.covariance, law.covariance, rtol=1e-12, atol=1e-13)


def test_the_square_factor_of_a_tall_one_keeps_a_tiny_deviation():
    # Squared, the second deviation (1e-9) would be lost beside the first.
    rotation = np.linalg.qr(np.random.default_rng(0).normal(size=(30, 2)))[0]
    square = Gaussian(np.zeros(2), rotation @ np.diag([1.0, 1e-9])).square_factor
    np.testing.assert_allclose(np.linalg.svd(square, compute_uv=False), [1.0, 1e-9], rtol=1e-6)


@pytest.mark.parametrize(
    ("mean", "factor"),
    [
        ([0.0, 0.0], np.eye(3)),
        (0.0, np.eye(1)),
        ([0.0], [1.0]),
        (np.zeros((3, 2)), np.zeros((4, 2, 2))),
    ],
)
def test_shapes_that_do_not_fit_are_refused(mean, factor):
    with pytest.raises(UsageError):
        Gaussian(mean, factor)
