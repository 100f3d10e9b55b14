"""Which of several samples is nearer: closed forms, the jackknife by hand, size, orientation."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binom

from gan_eval.distributions.distances import energy_distance, mmd2
from gan_eval.distributions.gaussian import Gaussian
from gan_eval.runtime.errors import UsageError
from gan_eval.stats.kernels.kernels import median_bandwidth
from gan_eval.stats.relative import MEASURES, METHODS, relative_distances


def normal(rng: np.random.Generator, n: int, shift: float = 0.0, d: int = 2) -> np.ndarray:
    return rng.normal(size=(n, d)) + shift * np.eye(d)[0]


@pytest.mark.parametrize("measure", MEASURES)
def test_the_better_one_is_named(measure: str) -> None:
    rng = np.random.default_rng(0)
    real, near, far = normal(rng, 300), normal(rng, 200, 0.2), normal(rng, 250, 1.0)
    found = relative_distances(real, [near, far], measure=measure)
    (one,) = found.differences
    (other,) = relative_distances(real, [far, near], measure=measure).differences
    assert found.distances[0] < found.distances[1]
    assert one.high < 0
    assert one.pvalue < 1e-6
    assert other.estimate == pytest.approx(-one.estimate)
    assert (other.low, other.high) == pytest.approx((-one.high, -one.low))


@pytest.mark.parametrize("measure", MEASURES)
def test_the_jackknife_leaves_out_one_row(measure: str) -> None:
    rng = np.random.default_rng(2)
    samples = [normal(rng, 9), normal(rng, 7, 0.3), normal(rng, 8, -0.2)]

    def difference(real: np.ndarray, *others: np.ndarray) -> float:
        return relative_distances(real, others, measure=measure).differences[0].estimate

    # The kernel is that of all real rows, so these are left in where the measure has one.
    variance = 0.0
    for k, rows in enumerate(samples):
        if measure == "mmd" and k == 0:
            continue
        without = [
            difference(*samples[:k], np.delete(rows, i, axis=0), *samples[k + 1 :])
            for i in range(len(rows))
        ]
        variance += (len(rows) - 1) * np.var(without)
    found = relative_distances(samples[0], samples[1:], measure=measure).differences[0]
    if measure == "energy":
        assert found.variance == pytest.approx(variance)
    else:
        assert found.variance > variance


@pytest.mark.parametrize("measure", MEASURES)
def test_distances_of_gaussians_are_the_closed_forms(measure: str) -> None:
    """Means over repetitions, within five standard errors; intervals hold, and so do those of
    differences, at least 95 % − 4 standard errors of the time."""
    rng = np.random.default_rng(4)
    truth, repetitions = [], 200
    for shift in (0.3, 0.6):
        laws = Gaussian(np.array([shift, 0.0]), np.eye(2)), Gaussian(np.zeros(2), np.eye(2))
        # The median distance of N(0, I₂) rows is √(4 ln 2).
        truth.append(
            energy_distance(*laws) if measure == "energy" else mmd2(*laws, np.sqrt(4 * np.log(2)))
        )
    found = [
        relative_distances(
            normal(rng, 100), [normal(rng, 100, 0.3), normal(rng, 80, 0.6)], measure=measure
        )
        for _ in range(repetitions)
    ]
    estimates = np.array([one.distances for one in found])
    errors = estimates.std(axis=0) / np.sqrt(repetitions)
    assert (np.abs(estimates.mean(axis=0) - truth) < 5 * errors).all()
    held = sum(one.differences[0].low <= truth[0] - truth[1] <= one.differences[0].high
               for one in found)  # fmt: skip
    inside = sum(low <= truth[0] <= high for low, high in (one.intervals[0] for one in found))
    least = binom.ppf(1e-4, repetitions, 0.95)
    assert min(held, inside) >= least


@pytest.mark.parametrize(
    ("shift", "sizes"), [(0.0, (60, 60, 60)), (0.0, (60, 40, 120)), (0.6, (60, 60, 60))]
)
def test_equal_samples_are_seldom_told_apart(shift: float, sizes: tuple[int, ...]) -> None:
    """Also where both are right, and the difference of distances is far from normal."""
    rng, repetitions = np.random.default_rng(5), 300
    n, *both = sizes
    rejected = sum(
        relative_distances(normal(rng, n), [normal(rng, m, shift) for m in both])
        .differences[0]
        .pvalue
        <= 0.05
        for _ in range(repetitions)
    )
    assert rejected <= binom.ppf(1 - 1e-4, repetitions, 0.05)


def test_methods_agree_far_from_the_real_rows() -> None:
    rng = np.random.default_rng(6)
    samples = normal(rng, 500), [normal(rng, 400, 1.0), normal(rng, 600, 2.0)]
    one, other = (relative_distances(*samples, method=method).differences[0] for method in METHODS)
    assert one.estimate == other.estimate
    assert one.variance == pytest.approx(other.variance, rel=0.05)


def test_holm_is_over_all_pairs() -> None:
    rng = np.random.default_rng(7)
    found = relative_distances(normal(rng, 50), [normal(rng, 50, s) for s in (0.2, 0.5, 0.9)])
    assert [(one.first, one.second) for one in found.differences] == [(0, 1), (0, 2), (1, 2)]
    least = min(found.differences, key=lambda one: one.pvalue)
    assert least.adjusted == pytest.approx(min(3 * least.pvalue, 1.0))


def test_the_kernel_is_that_of_the_real_rows() -> None:
    rng = np.random.default_rng(8)
    real, near, far = normal(rng, 80), normal(rng, 60, 0.5), normal(rng, 60, 1.5)
    found = relative_distances(real, [near, far], measure="mmd")
    width = median_bandwidth(real)
    again = relative_distances(real / width, [near / width, far / width], measure="mmd")
    np.testing.assert_allclose(found.distances, again.distances)


def test_samples_that_coincide_have_no_noise() -> None:
    rng = np.random.default_rng(9)
    real, point = normal(rng, 20), np.zeros((10, 2))
    found = relative_distances(real, [point, point]).differences[0]
    assert found.estimate == 0
    assert found.pvalue == 1


def test_refusals() -> None:
    rows = np.zeros((5, 1))
    with pytest.raises(UsageError, match="at least two samples"):
        relative_distances(rows, [rows])
    with pytest.raises(UsageError, match="at least 4 rows"):
        relative_distances(rows, [rows, rows[:3]])
    with pytest.raises(UsageError, match="measure must be one of energy, mmd"):
        relative_distances(rows, [rows, rows], measure="kl")
