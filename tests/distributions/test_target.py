"""The target: moments, density and score against SciPy; refusals in one sentence."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from gan_eval.distributions import (
    Gaussian,
    GaussianTarget,
    energy_distance,
    kl,
    samples_to_detect,
)
from gan_eval.runtime.errors import UsageError
from gan_eval.stats import goodness, twosample
from gan_eval.stats.battery.battery import battery
from gan_eval.stats.battery.equivalence import equivalence
from gan_eval.testing import assert_converged


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
        ([[1, 0], [0, 1]], [0, 0, 0], "`b` must have one entry per column of `A` (2)"),
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


COVARIANCE = np.array([[4.0, 2.0], [2.0, 2.0]])


def test_from_moments_has_choleskys_factor() -> None:
    target = GaussianTarget.from_moments([1, 2], COVARIANCE)
    np.testing.assert_array_equal(target.A, [[2, 1], [0, 1]])
    np.testing.assert_array_equal(target.mean, [1, 2])
    assert GaussianTarget.from_moments(3, 4).A.tolist() == [[2]]


def test_fit_is_maximum_likelihood_with_choleskys_factor() -> None:
    rows = _random_target(3).sample(50, np.random.default_rng(4))
    target = GaussianTarget.fit(rows)
    np.testing.assert_allclose(target.mean, rows.mean(axis=0))
    np.testing.assert_allclose(target.covariance, np.cov(rows.T, bias=True))
    np.testing.assert_allclose(target.A, np.linalg.cholesky(np.cov(rows.T, bias=True)).T)


@pytest.mark.parametrize(
    ("moments", "said"),
    [
        (([0, 0], [[1, 2], [0, 1]]), "not symmetric"),
        (([0, 0], [[1, 2], [2, 1]]), "not positive definite"),
        (([0, 0], [[1, 1], [1, 1]]), "not positive definite"),
        (([0, 0], [[1, 0], [0, 1e-40]]), "singular"),
        (([0, 0, 0], COVARIANCE), "one entry per column"),
        (([0, 0], [1, 1]), "square matrix"),
        (([0, np.nan], COVARIANCE), "finite"),
        (([0, 0], [[1, np.inf], [np.inf, 1]]), "not finite"),
        ((["a", 0], COVARIANCE), "`mean` must be an array of numbers"),
        (("mean", "covariance"), "must be an array of numbers"),
    ],
)
def test_from_moments_refuses_in_one_sentence(moments: Any, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        GaussianTarget.from_moments(*moments)


@pytest.mark.parametrize("rows", [np.zeros(3), np.eye(2), [[0.0, np.nan]] * 5, np.ones((5, 2))])
def test_fit_refuses(rows: Any) -> None:
    with pytest.raises(UsageError):
        GaussianTarget.fit(rows)


def test_moments_and_a_gaussian_are_taken_wherever_a_target_is() -> None:
    target = GaussianTarget.from_moments([1, 2], COVARIANCE)
    rows, other = target.sample(60, 0), target.sample(40, 1)
    calls: list[Any] = [
        lambda t: goodness.mmd_test(rows, t, resamples=99, rng=0).pvalue,
        lambda t: goodness.energy_test(rows, t, resamples=99, rng=0).pvalue,
        lambda t: goodness.kernel_stein_test(rows, t, resamples=99, rng=0).pvalue,
        lambda t: goodness.hotelling_test(rows, t).pvalue,
        lambda t: goodness.likelihood_ratio_test(rows, t).pvalue,
        lambda t: goodness.covariance_test(rows, t).pvalue,
        lambda t: twosample.mmd_test(rows, other, whiten=t, permutations=99, rng=0).pvalue,
        lambda t: twosample.energy_test(rows, other, whiten=t, permutations=99, rng=0).pvalue,
        lambda t: battery(rows, target=t, permutations=99, rng=0).smallest,
        lambda t: equivalence(rows, t).upper,
        lambda t: assert_converged(rows, t, margin=1.0).upper,
        lambda t: float(kl(GaussianTarget.chapter(), t)),
        lambda t: float(energy_distance(t, GaussianTarget.chapter())),
        lambda t: float(samples_to_detect(GaussianTarget.chapter(), t)),
    ]
    for call in calls:
        assert call(([1, 2], COVARIANCE)) == call(target)
        assert call(target.law) == call(target)


@pytest.mark.parametrize("value", [None, 3, "pooled", np.eye(2), ([0],), ([0], [[1]], 2)])
def test_what_is_no_target_is_refused(value: Any) -> None:
    for take in (GaussianTarget.of, Gaussian.of, lambda t: goodness.mmd_test(np.eye(2), t)):
        with pytest.raises(UsageError, match=r"\(mean, covariance\)"):
            take(value)
