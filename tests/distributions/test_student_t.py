"""The Student t: density and moments against SciPy, the score against differences; refusals."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest
from scipy import stats

from gan_eval.distributions.student_t import StudentTTarget
from gan_eval.distributions.target import GaussianTarget
from gan_eval.runtime.errors import UsageError


def _random_target(nu: float, d: int) -> StudentTTarget:
    rng = np.random.default_rng(d)
    root = rng.normal(size=(d, d))
    return StudentTTarget(nu, rng.normal(size=d), root @ root.T + 0.1 * np.eye(d))


TARGETS = [_random_target(nu, d) for nu, d in ((0.7, 1), (1, 2), (3, 3), (2.5, 1), (1000, 2))]


@pytest.mark.parametrize("target", TARGETS, ids=lambda t: f"{t.degrees_of_freedom}-{t.dimension}")
def test_log_density_agrees_with_scipy(target: StudentTTarget) -> None:
    x = target.sample(50, 0)
    oracle: Any = stats.multivariate_t
    expected = oracle(target.location, target.scale, df=target.degrees_of_freedom).logpdf(x)
    np.testing.assert_allclose(target.log_density(x), expected, rtol=1e-9)


@pytest.mark.parametrize("target", TARGETS, ids=lambda t: f"{t.degrees_of_freedom}-{t.dimension}")
def test_score_is_the_gradient_of_the_log_density(target: StudentTTarget) -> None:
    steps = 1e-6 * np.eye(target.dimension)
    for row in target.location + target.sample(5, 1) / 10:
        numeric = (target.log_density(row + steps) - target.log_density(row - steps)) / 2e-6
        np.testing.assert_allclose(target.score(row[None])[0], numeric, rtol=1e-5, atol=1e-6)


@pytest.mark.statistical
@pytest.mark.parametrize("target", TARGETS, ids=lambda t: f"{t.degrees_of_freedom}-{t.dimension}")
def test_samples_have_the_law(target: StudentTTarget) -> None:
    # m² / d follows F(d, ν), and each coordinate a t in one dimension; 0.1 % error rate each.
    nu, d = target.degrees_of_freedom, target.dimension
    x = target.sample(20_000, 2) - target.location
    squares = np.einsum("ni,ij,nj->n", x, np.linalg.inv(target.scale), x)
    assert stats.kstest(squares / d, stats.f(d, nu).cdf).pvalue > 0.001
    first = x[:, 0] / np.sqrt(target.scale[0, 0])
    assert stats.kstest(first, stats.t(nu).cdf).pvalue > 0.001


def test_moments_exist_where_they_exist() -> None:
    scale = [[2.0, 0.5], [0.5, 1.0]]
    one, two, four = (StudentTTarget(nu, [1.0, 2.0], scale) for nu in (1, 2, 4))
    assert np.isnan(one.mean).all()
    assert np.isnan(one.covariance).all()
    np.testing.assert_array_equal(two.mean, [1, 2])
    assert np.isnan(two.covariance).all()
    np.testing.assert_allclose(four.covariance, 2 * np.array(scale))


def test_with_many_degrees_of_freedom_it_is_a_gaussian() -> None:
    gaussian = GaussianTarget.chapter()
    target = StudentTTarget(1e6, gaussian.mean, gaussian.covariance)
    x = gaussian.sample(20, 0)
    np.testing.assert_allclose(target.log_density(x), gaussian.log_density(x), atol=1e-4)
    with pytest.raises(UsageError, match="`degrees_of_freedom` must be at most 1e"):
        StudentTTarget(2e6, gaussian.mean, gaussian.covariance)


def test_far_out_nothing_is_lost() -> None:
    target = StudentTTarget(3, [0.0, 0.0], 1e-20 * np.eye(2))
    x = np.array([[1e150, 0.0], [0.0, 0.0]])
    # By hand: (1 + m²/ν)^{-(ν + d)/2} at m = 1e160.
    expected = target.log_density(x)[1] - 5 / 2 * (2 * np.log(1e160) - np.log(3))
    np.testing.assert_allclose(target.log_density(x)[0], expected, rtol=1e-12)
    assert np.isfinite(target.score(x)).all()


def test_it_travels_to_another_process() -> None:
    target = pickle.loads(pickle.dumps(TARGETS[2]))
    assert target == TARGETS[2] != TARGETS[1]
    assert hash(target) == hash(TARGETS[2])
    np.testing.assert_array_equal(target.sample(5, 0), TARGETS[2].sample(5, 0))


@pytest.mark.parametrize(
    ("nu", "location", "scale", "sentence"),
    [
        (0, [0.0], [[1.0]], "degrees_of_freedom must be a finite number above 0"),
        ("many", [0.0], [[1.0]], "degrees_of_freedom must be a number above 0"),
        (3, [0.0], [[-1.0]], "a Student t: the scale is not positive definite"),
        (3, [0.0, 0.0], [[1.0]], "a Student t: a location has one entry per column of the scale"),
        (3, ["x"], [[1.0]], "a Student t: `location` must be an array of numbers"),
        (3, [0.0, 0.0], [[1.0, 1.0], [1.0, 1.0]], "a Student t: "),
    ],
)
def test_what_is_none_is_refused_in_one_sentence(
    nu: Any, location: Any, scale: Any, sentence: str
) -> None:
    with pytest.raises(UsageError) as refusal:
        StudentTTarget(nu, location, scale)
    assert sentence in str(refusal.value)
    assert "\n" not in str(refusal.value)
