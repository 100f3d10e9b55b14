"""The target: moments, density and score against SciPy; refusals in one sentence."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from gan_eval.distributions.target import GaussianTarget
from gan_eval.runtime.errors import UsageError


def _random_target(d: int) -> GaussianTarget:
    rng = np.random.default_rng(d)
    return GaussianTarget(rng.normal(size=(d, d)), rng.normal(size=d))


def test_the_chapters_target() -> None:
    target = GaussianTarget.chapter()
    np.testing.assert_allclose(target.covariance, [[1.01, 1.95], [1.95, 4.25]], rtol=1e-14)
    np.testing.assert_array_equal(target.mean, [1, 2])
    correlation = target.covariance[0, 1] / np.sqrt(np.prod(np.diag(target.covariance)))
    assert round(correlation, 3) == 0.941
    assert round(np.linalg.cond(target.covariance), 1) == 54.4


@pytest.mark.parametrize("d", [1, 2, 5])
def test_log_density_agrees_with_scipy(d: int) -> None:
    target = _random_target(d)
    x = target.sample(50, 0)
    law: Any = stats.multivariate_normal
    oracle = law.logpdf(x, target.mean, target.covariance)
    np.testing.assert_allclose(target.log_density(x), oracle, rtol=1e-9)


@pytest.mark.parametrize("d", [1, 2, 5])
def test_score_is_the_gradient_of_the_log_density(d: int) -> None:
    target = _random_target(d)
    for row in target.sample(5, 1):
        steps = 1e-6 * np.eye(d)
        numeric = (target.log_density(row + steps) - target.log_density(row - steps)) / 2e-6
        np.testing.assert_allclose(target.score(row[None])[0], numeric, rtol=1e-6, atol=1e-6)


@pytest.mark.statistical
def test_samples_have_the_targets_law() -> None:
    # Mahalanobis squares follow χ² with d degrees of freedom; 0.1 % error rate.
    target = _random_target(5)
    x = target.sample(20_000, 2)
    squares = (target.whiten(x) ** 2).sum(axis=1)
    assert stats.kstest(squares, stats.chi2(5).cdf).pvalue > 0.001


def test_a_nearly_singular_target_keeps_its_digits() -> None:
    # A has condition number 1e10, AᵀA would have 1e20: exact values from the diagonal form.
    target = GaussianTarget([[1.0, 0.0], [0.0, 1e-10]], [0.0, 0.0])
    x = np.array([[0.5, 2e-10]])
    exact = -0.5 * (0.25 + 4.0) - np.log(2 * np.pi) - np.log(1e-10)
    np.testing.assert_allclose(target.log_density(x), [exact], rtol=1e-14)
    np.testing.assert_allclose(target.score(x), [[-0.5, -2e10]], rtol=1e-14)


@pytest.mark.parametrize(
    ("A", "b", "sentence"),
    [
        ([[1, 2], [2, 4]], [0, 0], "`A` must have full rank"),
        ([[1, np.nan], [0, 1]], [0, 0], "`A` must be finite"),
        ([[1, 0], [0, 1]], [0, np.inf], "`b` must be finite"),
        ([[1, 0, 0], [0, 1, 0]], [0, 0, 0], "`A` must be a square matrix"),
        ([1, 2], [0, 0], "`A` must be a square matrix"),
        ([[1, 0], [0, 1]], [0, 0, 0], "`b` must have one entry a column of `A` (2)"),
        ([[1, 0], [0]], [0, 0], "`A` must be an array of numbers"),
        ([["x"]], [0], "`A` must be an array of numbers"),
        ([[]], [], "`A` must be a square matrix"),
        ([[0.0]], [1.0], "`A` must have full rank"),
    ],
)
def test_what_is_no_target_is_refused_in_one_sentence(A, b, sentence: str) -> None:
    with pytest.raises(UsageError) as refusal:
        GaussianTarget(A, b)
    assert sentence in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_rows_of_another_width_are_refused() -> None:
    with pytest.raises(UsageError, match=r"rows must have shape \(n, 2\), got \(3, 4\)"):
        GaussianTarget.chapter().log_density(np.zeros((3, 4)))


def test_a_target_cannot_be_changed() -> None:
    with pytest.raises(ValueError, match="read-only"):
        GaussianTarget.chapter().A[0, 0] = 5


@settings(max_examples=50)
@given(st.integers(1, 6), st.integers(0, 2**32 - 1))
def test_whitening_undoes_the_transform(d: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    A = np.linalg.qr(rng.normal(size=(d, d)))[0] * rng.uniform(0.1, 10, size=d)
    target = GaussianTarget(A, rng.normal(size=d))
    z = rng.normal(size=(4, d))
    np.testing.assert_allclose(target.whiten(target.transform(z)), z, atol=1e-9)
