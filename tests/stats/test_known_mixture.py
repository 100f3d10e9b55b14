"""Expectations over a known mixture: beside large samples, closed forms and a Gaussian's own."""

import numpy as np
import pytest
from scipy.spatial.distance import cdist, pdist

from gan_eval.distributions.mixture import MixtureTarget
from gan_eval.distributions.target import GaussianTarget
from gan_eval.stats.known_mixture import KnownMixture
from gan_eval.stats.worth import worth

ROUND = MixtureTarget.ring(5, 2.0, 0.3)
LONG = MixtureTarget(
    [0.2, 0.5, 0.3],
    [[0.0, 0.0], [3.0, 1.0], [-2.0, 4.0]],
    [[[1.0, 0.9], [0.9, 1.0]], [[0.1, 0.0], [0.0, 2.0]], [[0.5, 0.0], [0.0, 0.5]]],
)
SPACE = MixtureTarget([0.4, 0.6], [[0.0, 0.0, 0.0], [2.0, 0.0, 1.0]], 0.3 * np.eye(3))


@pytest.mark.parametrize("target", [ROUND, LONG, SPACE], ids=["round", "long", "space"])
def test_expectations_are_those_of_a_large_sample(target: MixtureTarget) -> None:
    known = KnownMixture.of(target)
    drawn, others = (known.placed(target.sample(40_000, seed)) for seed in (1, 2))
    points = known.placed(np.vstack([target.means, target.means + 5.0, target.sample(4, 3)]))
    for exact, entries in (
        (known.mean_distances(points), cdist(points, drawn)),
        (
            known.mean_kernels(points),
            np.exp(-cdist(points, drawn, "sqeuclidean") / (2 * known.bandwidth**2)),
        ),
    ):
        error = entries.std(axis=1) / np.sqrt(drawn.shape[0])
        # About forty figures: four standard errors are left once in four hundred runs.
        assert (np.abs(exact - entries.mean(axis=1)) < 4 * error).all()
    lengths = np.linalg.norm(drawn - others, axis=1)
    kernels = np.exp(-(lengths**2) / (2 * known.bandwidth**2))
    for exact, values in ((known.spread_energy, lengths), (known.mean_kernel, kernels)):
        assert abs(exact - values.mean()) < 4 * values.std() / np.sqrt(len(values))


def test_its_coordinates_have_covariance_i_and_its_bandwidth_is_the_median_distance() -> None:
    known = KnownMixture.of(LONG)
    placed = known.placed(LONG.sample(200_000, 0))
    np.testing.assert_allclose(np.cov(placed.T), np.eye(2), atol=0.02)
    assert known.bandwidth == pytest.approx(np.median(pdist(placed[:3000])), rel=0.03)


@pytest.mark.parametrize("by", ["energy", "mmd"])
def test_one_component_is_worth_what_a_gaussian_target_says(by: str) -> None:
    gaussian = GaussianTarget.chapter()
    mixture = MixtureTarget([1.0], gaussian.mean[None], gaussian.covariance[None])
    rows = gaussian.sample(500, 0) * 1.1 + 0.2
    first, second = worth(mixture, rows, by=by), worth(gaussian, rows, by=by)
    # The bandwidth is by a draw of the mixture, exact of the Gaussian.
    tolerance = 1e-8 if by == "energy" else 0.05
    assert first.distance == pytest.approx(second.distance, rel=tolerance)
    assert first.value == pytest.approx(second.value, rel=tolerance)


def test_a_lost_mode_of_two_is_worth_what_pairs_of_rows_say() -> None:
    # Coordinates in which the variance is 1: modes at ±1, nearly points. One of them against both:
    # D² = 2·E|x − Y| − E|Y − Y′| = 2·1 − 1 = 1, and the spread is 1: worth one row.
    target = MixtureTarget([0.5, 0.5], [-10.0, 10.0], [1e-6, 1e-6])
    found = worth(target, np.full((100, 1), 10.0) + 1e-3 * np.arange(100)[:, None] / 100)
    assert found.value == pytest.approx(1.0, rel=1e-3)
    assert found.low == pytest.approx(found.high, rel=1e-2)


def test_a_sample_of_the_mixture_may_be_right() -> None:
    found = [worth(LONG, LONG.sample(400, seed)) for seed in range(40)]
    # 95 % intervals: fewer than 34 of 40 with probability 0.01.
    assert sum(np.isinf(one.high) for one in found) >= 34
    assert all(one.n == 0 and one.m == 400 for one in found)


def test_distances_are_right_however_far_off() -> None:
    known = KnownMixture.of(MixtureTarget.ring())
    ends = np.array([[10.0**power, 0.0] for power in range(-3, 13)])
    found = known.mean_distances(ends)
    # Beyond the ring E‖x − Y‖ = r + E y₂² / (2r) + O(r⁻³), with variances of 1.
    far = ends[:, 0] > 1e4
    np.testing.assert_allclose(found[far], ends[far, 0] + 0.5 / ends[far, 0], rtol=1e-15)
    assert (np.diff(found) >= 0).all()
    # The series begins where Bessel functions still hold: no step between.
    deviation = float(np.sqrt(known.covariances[0, 0, 0]))
    mean = known.means[0]
    steps = deviation * 2e3 * np.array([1 - 1e-9, 1 + 1e-9])
    near, beyond = known.mean_distances(mean + np.column_stack([steps, 0 * steps]))
    assert beyond - near == pytest.approx(np.ptp(steps), rel=1e-3, abs=1e-12)
