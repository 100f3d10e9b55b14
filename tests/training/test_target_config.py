"""The built-in GAN's target in its other forms: the same law, kept as A and b; refusals."""

from __future__ import annotations

import json
import pickle
from typing import Any

import numpy as np
import pytest

from gan_eval.distributions.gaussian import Gaussian
from gan_eval.distributions.mixture import MixtureTarget
from gan_eval.distributions.student_t import StudentTTarget
from gan_eval.distributions.target import GaussianTarget
from gan_eval.distributions.target_settings import settings_of_target
from gan_eval.runtime.errors import UsageError
from gan_eval.study.plan.study import Study
from gan_eval.training.config import TargetConfig, TrainingConfig

CHAPTER = GaussianTarget.chapter()
DEVIATIONS = np.sqrt(np.diag(CHAPTER.covariance))


def made(**settings: Any) -> GaussianTarget:
    target = TrainingConfig.parse({"target": settings}).target.build()
    assert isinstance(target, GaussianTarget)
    return target


@pytest.mark.parametrize("d", [1, 3, 8])
def test_moments_give_the_law_that_they_say(d: int) -> None:
    rng = np.random.default_rng(d)
    root, mean = rng.normal(size=(d, d)), rng.normal(size=d)
    covariance = root @ root.T + 0.1 * np.eye(d)
    deviations = np.sqrt(np.diag(covariance))
    correlation = covariance / np.outer(deviations, deviations)
    np.fill_diagonal(correlation, 1.0)
    for found in (
        made(mean=mean.tolist(), covariance=covariance.tolist()),
        made(
            mean=mean.tolist(),
            standard_deviations=deviations.tolist(),
            correlation=correlation.tolist(),
        ),
    ):
        np.testing.assert_allclose(found.covariance, covariance, rtol=1e-12, atol=1e-12)
        np.testing.assert_array_equal(found.mean, mean)
        # Cholesky's factor, of which there is one.
        np.testing.assert_allclose(found.A, np.linalg.cholesky(covariance).T, atol=1e-12)


def test_what_is_left_out_is_the_chapters() -> None:
    alone = made(covariance=[[1, 0.5], [0.5, 1]])
    np.testing.assert_allclose(alone.covariance, [[1, 0.5], [0.5, 1]])
    np.testing.assert_array_equal(alone.mean, CHAPTER.mean)
    np.testing.assert_allclose(made(mean=[0, 0]).A, CHAPTER.A)
    np.testing.assert_allclose(
        made(correlation=0).covariance, np.diag(np.diag(CHAPTER.covariance)), atol=1e-12
    )
    np.testing.assert_allclose(
        made(standard_deviations=DEVIATIONS.tolist()).covariance, CHAPTER.covariance
    )


def test_one_correlation_is_that_of_all_pairs() -> None:
    found = made(mean=[0, 0, 0], standard_deviations=[1, 2, 3], correlation=0.5)
    np.testing.assert_allclose(found.covariance, [[1, 1, 1.5], [1, 4, 3], [1.5, 3, 9]])


def test_however_given_it_is_kept_as_factor_and_mean() -> None:
    by_moments = TrainingConfig.read(None, ["target.covariance=[[4, 2], [2, 2]]"])
    by_factor = TrainingConfig.parse({"target": {"A": [[2, 1], [0, 1]]}})
    assert by_moments == by_factor
    assert by_moments.hash == by_factor.hash
    assert by_moments.model_dump() == by_factor.model_dump()
    assert set(by_moments.target.model_dump()) == {"A", "b"}
    assert by_moments.target.covariance is None
    assert TrainingConfig.parse(by_moments.model_dump()) == by_moments
    assert pickle.loads(pickle.dumps(by_moments)) == by_moments
    assert repr(by_moments.target) == "TargetConfig(A=((2.0, 1.0), (0.0, 1.0)))"


def test_a_factor_is_the_same_to_the_last_digit_on_every_machine() -> None:
    # Exact decimals of what IEEE 754 gives, step by step; LAPACK may differ in the last one.
    found = TargetConfig(covariance=((1.3, 0.7), (0.7, 0.9)))
    first = 1.3**0.5
    last = (0.9 - (0.7 / first) * (0.7 / first)) ** 0.5
    np.testing.assert_array_equal(found.A, [[first, 0.7 / first], [0.0, last]])


def test_moments_are_axes_of_a_study() -> None:
    study = Study.parse({"grid": {"target.correlation": [0, 0.5, 0.9]}})
    found = [config.target.build() for config in study.configurations().values()]
    for target, correlation in zip(found, (0, 0.5, 0.9), strict=True):
        expected = correlation * np.prod(DEVIATIONS)
        assert target.covariance[0, 1] == pytest.approx(expected, abs=1e-12)
    matrices = [[[1, 0], [0, 1]], [[1, 0.5], [0.5, 1]]]
    study = Study.parse({"grid": {"target.covariance": matrices}})
    assert [config.target.A[0][1] for config in study.configurations().values()] == [0, 0.5]


def test_a_gaussian_is_a_target() -> None:
    config: Any = TrainingConfig
    law = Gaussian.from_moments([0.0, 1.0], [[4.0, 0.0], [0.0, 9.0]])
    np.testing.assert_allclose(config(target=law).truth.covariance, law.covariance)
    with pytest.raises(UsageError, match="must be a Gaussian or a mixture of Gaussians, got St"):
        config(target=StudentTTarget(3, [0.0], [[1.0]]))


def test_a_mixture_is_a_target_by_its_name_its_components_and_itself() -> None:
    config: Any = TrainingConfig
    ring = MixtureTarget.ring()
    for given in (ring, "ring8", {"preset": "ring8"}, settings_of_target(ring)):
        made = config(target=given)
        assert made.target.build() == ring
        assert made.target.preset == "ring8"
        assert made == config(**made.model_dump()) == config(**made.model_dump(mode="json"))
        assert made.hash == config(target="ring8").hash != config().hash
        assert made.dimension == 2
        assert not made.closed_form
    with pytest.raises(UsageError, match="this needs a Gaussian `target`"):
        _ = config(target=ring).truth
    np.testing.assert_allclose(made.target.b, ring.mean, atol=1e-15)
    A = np.array(made.target.A)
    np.testing.assert_allclose(A.T @ A, ring.covariance, rtol=1e-12, atol=1e-15)


def test_components_may_be_given_in_each_of_their_forms() -> None:
    config: Any = TrainingConfig
    parts: list[Any] = [{"mean": [0, 0], "standard_deviation": 2}]
    parts += [{"mean": [5, 0], "covariance": [[1, 0], [0, 1]]}]
    made = config(target={"components": parts})
    truth = MixtureTarget([0.5, 0.5], [[0, 0], [5, 0]], [4 * np.eye(2), np.eye(2)])
    assert made.target.build() == truth
    assert made.target.preset is None
    assert made == config(**json.loads(json.dumps(made.model_dump(mode="json"))))
    assert "components" in repr(made)
    assert "preset" in repr(config(target="grid25"))


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"b": [0, 0], "covariance": [[1, 0], [0, 1]]}, "in one form, .* got `b` and `covariance`"),
        ({"A": [[1]], "mean": [0]}, "in one form, .* got `A` and `mean`"),
        ({"covariance": [[1, 0], [0, 1]], "correlation": 0}, "in one form"),
        ({"covariance": [[1]]}, "`target.covariance` is for 1 .* `target.mean` must be given"),
        ({"mean": [0, 0, 0]}, "`target.mean` is for 3 .* `target.covariance` must be given"),
        ({"mean": [0], "standard_deviations": [1]}, "`target.correlation` must be given"),
        ({"mean": [0], "covariance": [[1, 0], [0, 1]]}, "a mean has one entry per column"),
        ({"covariance": [[1, 2], [2, 1]]}, "the covariance is not positive definite"),
        ({"covariance": [[1, 0.2], [0.3, 1]]}, "the covariance is not symmetric"),
        ({"covariance": [[1, 1], [1, 1]]}, "covariance"),
        ({"covariance": [[1, float("nan")], [0, 1]]}, "`target.covariance.0.1` must be finite"),
        ({"covariance": 3}, "`target.covariance` must be an array, got 3"),
        ({"mean": ["x", 1]}, "`target.mean.0` must be a number, got 'x'"),
        ({"correlation": 1}, "the correlation is not positive definite"),
        ({"correlation": "x"}, "`correlation` must be a finite number or a matrix"),
        ({"correlation": [[2, 0], [0, 2]]}, "`correlation` must have 1 on its diagonal"),
        ({"standard_deviations": [1, -1]}, "`standard_deviations` must be .* above 0"),
        ({"covarience": [[1]]}, "unknown setting `target.covarience`: did you mean `covariance`"),
    ],
)
def test_what_describes_no_gaussian_is_refused(settings: dict[str, Any], sentence: str) -> None:
    with pytest.raises(UsageError, match=sentence) as refusal:
        TrainingConfig.parse({"target": settings})
    assert "\n" not in str(refusal.value)
