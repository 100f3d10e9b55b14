"""What counts as a target, and what a user's own class is held to."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest
from scipy import stats

from gan_eval.distributions.gaussian import Gaussian
from gan_eval.distributions.mixture import MixtureTarget
from gan_eval.distributions.protocol import GivenTarget, Modes, as_target, is_target
from gan_eval.distributions.student_t import StudentTTarget
from gan_eval.distributions.target import GaussianTarget
from gan_eval.runtime.errors import UsageError


class Laplace:
    """A target of a user's, without a dimension: one coordinate, rows of shape (n,)."""

    def sample(self, n: int, rng: np.random.Generator) -> Any:
        return rng.laplace(size=n)

    def log_density(self, x: Any) -> Any:
        return -np.abs(np.asarray(x)).sum(axis=1) - np.log(2)


class Broken(Laplace):
    """A target that goes wrong as it is told."""

    def __init__(self, how: str) -> None:
        self.how = how
        if how == "dimension":
            self.dimension = 3

    def sample(self, n: int, rng: np.random.Generator) -> Any:
        if self.how == "raises":
            raise RuntimeError("no\nmemory")
        rows = rng.laplace(size=(n + (self.how == "count"), 1))
        return np.full_like(rows, np.nan) if self.how == "nan rows" else rows

    def log_density(self, x: Any) -> Any:
        found = super().log_density(x)
        return {"nan": found * np.nan, "shape": found[:, None], "text": "x"}.get(self.how, found)


@pytest.mark.parametrize(
    "value",
    [
        GaussianTarget.chapter(),
        GaussianTarget.chapter().law,
        ([1.0, 2.0], GaussianTarget.chapter().covariance),
    ],
    ids=["target", "Gaussian", "pair"],
)
def test_a_gaussian_in_every_form_is_one_target(value: Any) -> None:
    target = as_target(value)
    assert isinstance(target, GaussianTarget)
    np.testing.assert_allclose(target.covariance, GaussianTarget.chapter().covariance)


def test_the_houses_own_targets_are_returned() -> None:
    for target in (MixtureTarget.ring(), StudentTTarget(3, [0.0], [[1.0]])):
        assert as_target(target) is target
        assert is_target(target)


def test_a_class_of_the_users_is_a_target() -> None:
    target = as_target(Laplace())
    assert isinstance(target, GivenTarget)
    assert target.dimension == 1
    assert target.modes is None
    assert not hasattr(target, "score")
    rows = target.sample(7, 3)
    assert rows.shape == (7, 1)
    np.testing.assert_array_equal(rows, target.sample(7, np.random.default_rng(3)))
    np.testing.assert_allclose(target.log_density(rows), stats.laplace.logpdf(rows[:, 0]))
    assert as_target(target) is target
    assert pickle.loads(pickle.dumps(target)).dimension == 1


def test_a_score_and_modes_of_the_users_are_kept() -> None:
    class Own(Laplace):
        dimension = 1
        modes = Modes(np.ones(1), np.zeros((1, 1)), np.ones((1, 1, 1)), ("the one",))

        def score(self, x: Any) -> Any:
            return -np.sign(x)

    target: Any = as_target(Own())
    assert target.modes.names == ("the one",)
    np.testing.assert_array_equal(target.score([[2.0], [-3.0]]), [[-1], [1]])


@pytest.mark.parametrize(
    ("how", "sentence"),
    [
        ("raises", "`truth` failed in sample(n, rng): RuntimeError: no memory"),
        ("count", "`truth` must give 2 rows"),
        ("nan rows", "`truth` must give finite rows"),
        ("nan", "`truth` must give no NaN and no +inf by log_density(x)"),
        ("shape", "`truth` must give one number a row by log_density(x), shape (2,), got (2, 1)"),
        ("text", "`truth` failed in log_density(x): ValueError"),
        ("dimension", "`truth` has dimension 3, but draws rows of 1 coordinate"),
    ],
)
def test_a_target_that_goes_wrong_is_refused_in_one_sentence(how: str, sentence: str) -> None:
    with pytest.raises(UsageError) as refusal:
        as_target(Broken(how), "truth")
    assert sentence in str(refusal.value)
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize("value", ["ring8", 3, None, np.zeros((3, 2)), object(), [[0.0]]])
def test_what_is_no_target_is_refused(value: Any) -> None:
    assert not is_target(value)
    with pytest.raises(UsageError, match="`target` must be a GaussianTarget"):
        as_target(value)


def test_a_stack_of_gaussians_is_no_target() -> None:
    with pytest.raises(UsageError, match="one distribution"):
        as_target(Gaussian(np.zeros((2, 1)), np.ones((2, 1, 1))))
