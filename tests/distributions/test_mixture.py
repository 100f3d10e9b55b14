"""Mixtures: density, score and moments against SciPy, scikit-learn and differences; refusals."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest
from scipy import stats
from scipy.special import logsumexp
from sklearn.mixture import GaussianMixture

from gan_eval.distributions.mixture import MixtureTarget
from gan_eval.distributions.target import GaussianTarget
from gan_eval.runtime.errors import UsageError


def _random_mixture(k: int, d: int) -> MixtureTarget:
    rng = np.random.default_rng(10 * k + d)
    roots = rng.normal(size=(k, d, d))
    weights = rng.uniform(0.2, 1, size=k)
    covariances = roots @ roots.transpose(0, 2, 1) + 0.1 * np.eye(d)
    return MixtureTarget(weights / weights.sum(), 3 * rng.normal(size=(k, d)), covariances)


MIXTURES = [_random_mixture(k, d) for k, d in ((1, 1), (2, 1), (3, 2), (5, 4))]


@pytest.mark.parametrize("target", MIXTURES, ids=repr)
def test_log_density_agrees_with_scipy(target: MixtureTarget) -> None:
    law: Any = stats.multivariate_normal
    x = 2 * target.sample(50, 0)
    parts = [law(m, C).logpdf(x) for m, C in zip(target.means, target.covariances, strict=True)]
    oracle = logsumexp(np.transpose(parts), axis=1, b=target.weights)
    np.testing.assert_allclose(target.log_density(x), oracle, rtol=1e-9)


@pytest.mark.parametrize("target", MIXTURES[1:], ids=repr)
def test_density_and_responsibilities_agree_with_scikit_learn(target: MixtureTarget) -> None:
    k = len(target.weights)
    oracle = GaussianMixture(k)
    oracle.weights_, oracle.means_, oracle.covariances_ = (
        *(target.weights, target.means, target.covariances),
    )
    inverses = np.linalg.inv(target.covariances)
    oracle.precisions_cholesky_ = np.linalg.cholesky(inverses)
    x = target.sample(50, 1)
    np.testing.assert_allclose(target.log_density(x), oracle.score_samples(x), rtol=1e-8)
    shares = target.responsibilities(x)
    np.testing.assert_allclose(shares, oracle.predict_proba(x), atol=1e-9)
    np.testing.assert_allclose(shares.sum(axis=1), 1, rtol=1e-12)


@pytest.mark.parametrize("target", MIXTURES, ids=repr)
def test_score_is_the_gradient_of_the_log_density(target: MixtureTarget) -> None:
    steps = 1e-6 * np.eye(target.dimension)
    for row in target.sample(5, 1):
        numeric = (target.log_density(row + steps) - target.log_density(row - steps)) / 2e-6
        np.testing.assert_allclose(target.score(row[None])[0], numeric, rtol=1e-5, atol=1e-5)


def test_one_component_is_the_gaussian() -> None:
    gaussian = GaussianTarget.chapter()
    target = MixtureTarget([1.0], [gaussian.mean], gaussian.covariance)
    x = gaussian.sample(20, 0)
    np.testing.assert_allclose(target.log_density(x), gaussian.log_density(x), rtol=1e-12)
    np.testing.assert_allclose(target.score(x), gaussian.score(x), rtol=1e-9)
    np.testing.assert_allclose(target.covariance, gaussian.covariance)


@pytest.mark.statistical
@pytest.mark.parametrize("target", MIXTURES, ids=repr)
def test_samples_have_the_mixtures_law(target: MixtureTarget) -> None:
    # Moments within 5 standard errors; the shares by a χ² test at 0.1 %; and 2 E ln p is, by Monte
    # Carlo, that of the rows' own density.
    n = 40_000
    x = target.sample(n, 2)
    errors = np.sqrt(np.diag(target.covariance) / n)
    assert (np.abs(x.mean(axis=0) - target.mean) < 5 * errors).all()
    np.testing.assert_allclose(np.cov(x.T).reshape(target.covariance.shape), target.covariance,
                               atol=0.05 * np.diag(target.covariance).max())  # fmt: skip
    if target.dimension == 1:  # the distribution function itself
        deviations = np.sqrt(target.covariances[:, 0, 0])
        at = lambda v: stats.norm.cdf((np.ravel(v)[:, None] - target.means.T) / deviations)  # noqa: E731
        assert stats.kstest(x[:, 0], lambda v: at(v) @ target.weights).pvalue > 0.001


@pytest.mark.statistical
def test_the_modes_of_the_ring_are_drawn_by_their_weights() -> None:
    # 0.1 % error rate.
    target = MixtureTarget.ring()
    distances = target.mahalanobis(target.sample(8000, 0))
    assert distances.shape == (8000, 8)
    counts = np.bincount(distances.argmin(axis=1), minlength=8)
    assert stats.chisquare(counts).pvalue > 0.001
    # The nearest distance is that of a plane Gaussian: χ₂.
    assert stats.kstest(distances.min(axis=1) ** 2, stats.chi2(2).cdf).pvalue > 0.001


def test_far_from_all_modes_nothing_is_lost() -> None:
    target = MixtureTarget.ring()
    x = np.array([[1e3, 0.0], [0.0, 0.0], [-1e6, 1e6]])
    assert np.isfinite(target.log_density(x)).all()
    assert np.isfinite(target.score(x)).all()
    np.testing.assert_allclose(target.responsibilities(x)[0], [1, 0, 0, 0, 0, 0, 0, 0])
    # By hand: (1000 − 1) / 0.01 deviations from the nearest mode.
    nearest = -0.5 * (999 / 0.01) ** 2 - np.log(2 * np.pi * 1e-4) - np.log(8)
    np.testing.assert_allclose(target.log_density(x)[0], nearest, rtol=1e-12)
    np.testing.assert_allclose(target.score(x)[0], [-999 / 1e-4, 0], atol=1e-6, rtol=1e-12)


def test_many_rows_and_no_rows_are_computed_as_a_few() -> None:
    target = MixtureTarget.grid()
    x = target.sample(100_000, 0)
    for name in ("log_density", "score", "responsibilities", "mahalanobis"):
        method = getattr(target, name)
        np.testing.assert_allclose(method(x)[-5:], method(x[-5:]), rtol=1e-12, atol=1e-300)
        assert method(x[:0]).shape == (0, *method(x[:1]).shape[1:])


def test_where_squares_overflow_the_nearest_mode_has_the_row() -> None:
    target = MixtureTarget.ring(standard_deviation=1e-10)
    x = np.array([[1e150, 0.0], [1.0, 0.0]])
    assert target.log_density(x)[0] == -np.inf
    assert np.isfinite(target.log_density(x)[1])
    assert target.responsibilities(x).argmax(axis=1).tolist() == [0, 0]
    np.testing.assert_allclose(target.responsibilities(x).sum(axis=1), 1)
    np.testing.assert_allclose(target.mahalanobis(x)[0, 0], 1e160, rtol=1e-12)
    assert np.isfinite(target.score(x)).all()


def test_the_presets_are_those_of_the_literature() -> None:
    ring, grid = MixtureTarget.ring(), MixtureTarget.grid()
    np.testing.assert_allclose(np.linalg.norm(ring.means, axis=1), 1)
    np.testing.assert_allclose(ring.covariances, np.tile(1e-4 * np.eye(2), (8, 1, 1)))
    assert ring.modes.names[:3] == (
        *("mode 1 at (1, 0)", "mode 2 at (0.71, 0.71)", "mode 3 at (0, 1)"),
    )
    assert sorted({*grid.means.ravel()}) == [-4, -2, 0, 2, 4]
    assert len(grid.modes) == len({*grid.modes.names}) == 25
    np.testing.assert_allclose(grid.covariances[7], 0.0025 * np.eye(2))
    np.testing.assert_allclose(grid.weights, 1 / 25)


def test_names_of_modes_hold_what_tells_them_apart() -> None:
    many = MixtureTarget([0.5, 0.5], np.zeros((2, 5)), np.eye(5))
    assert many.modes.names == ("mode 1", "mode 2")
    large = MixtureTarget([0.5, 0.5], [[1234567.0], [-20.0]], [1.0, 1.0])
    assert large.modes.names == ("mode 1 at (1230000)", "mode 2 at (0)")
    near = MixtureTarget([0.5, 0.5], [[1000.0], [1000.5]], [1.0, 1.0])
    assert near.modes.names == ("mode 1 at (1000)", "mode 2 at (1000.5)")
    alone = MixtureTarget([1.0], [[1.23456, -0.001]], np.eye(2))
    assert alone.modes.names == ("mode 1 at (1.23, 0)",)
    own = MixtureTarget([0.5, 0.5], [[0.0], [1.0]], [1.0, 1.0], names=["low", "high"])
    assert own.modes.names == ("low", "high")


def test_a_mixture_travels_to_another_process_and_cannot_be_changed() -> None:
    target = pickle.loads(pickle.dumps(MixtureTarget.grid()))
    assert target == MixtureTarget.grid()
    assert hash(target) == hash(MixtureTarget.grid())
    assert target != MixtureTarget.grid(standard_deviation=0.04)
    assert target != MixtureTarget.ring()
    np.testing.assert_array_equal(target.sample(5, 0), MixtureTarget.grid().sample(5, 0))
    with pytest.raises(ValueError, match="read-only"):
        MixtureTarget.grid().means[0, 0] = 5


@pytest.mark.parametrize(
    ("weights", "means", "covariances", "sentence"),
    [
        ([0.5, 0.6], [0.0, 1.0], [1.0, 1.0], "`weights` must add up to 1, got 1.1"),
        ([1.5, -0.5], [0.0, 1.0], [1.0, 1.0], "`weights` must be above 0"),
        ([1.0, 0.0], [0.0, 1.0], [1.0, 1.0], "`weights` must be above 0"),
        ([], [], [], "`weights` must have shape"),
        (["x"], [0.0], [1.0], "`weights` must be an array of numbers"),
        ([0.5, 0.5], [0.0], [1.0, 1.0], "`means` must have one row for each of the 2 weights"),
        ([1.0], [[np.nan]], [[[1.0]]], "`means` must be finite"),
        ([1.0], [[0.0, 0.0]], [1.0], "`covariances` must have shape (1, 2, 2)"),
        ([0.5, 0.5], [[0.0], [1.0]], [[[1.0]], [[-1.0]]], "component 2 of a mixture: "),
        ([0.5, 0.5], [[0.0], [1.0]], [[[1.0]], [[np.inf]]], "component 2 of a mixture: "),
    ],
)
def test_what_is_no_mixture_is_refused_in_one_sentence(
    weights: Any, means: Any, covariances: Any, sentence: str
) -> None:
    with pytest.raises(UsageError) as refusal:
        MixtureTarget(weights, means, covariances)
    assert sentence in str(refusal.value)
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize("names", ["ab", ["a"], ["a", "a"], ["a", ""], ["a", 1]])
def test_names_are_one_text_for_each_component(names: Any) -> None:
    with pytest.raises(UsageError, match="`names` must be"):
        MixtureTarget([0.5, 0.5], [0.0, 1.0], [1.0, 1.0], names=names)


@pytest.mark.parametrize(
    "call",
    [
        lambda: MixtureTarget.ring(0),
        lambda: MixtureTarget.ring(radius=-1),
        lambda: MixtureTarget.grid(standard_deviation=0),
        lambda: MixtureTarget.grid(side=2.5),  # pyright: ignore[reportArgumentType]
        lambda: MixtureTarget.ring().log_density(np.zeros((2, 3))),
        lambda: MixtureTarget.ring().sample(-1, 0),
    ],
)
def test_arguments_out_of_range_are_refused(call: Any) -> None:
    with pytest.raises(UsageError):
        call()
