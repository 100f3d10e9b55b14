"""Random features are kernels and distances on average, and are drawn without labels."""

from __future__ import annotations

import numpy as np
import pytest

from gan_eval.stats.kernels.features import distance_features, kernel_features
from gan_eval.stats.permutation.lines import projection_constant

TRUE = {
    "gaussian": lambda apart, h: np.exp(-(apart**2) / (2 * h * h)),
    "laplace": lambda apart, h: np.exp(-apart / h),
}


def mean_and_error(draws: list[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    values = np.array(draws)
    return values.mean(axis=0), values.std(axis=0, ddof=1) / len(values) ** 0.5


@pytest.mark.parametrize("d", [1, 2, 7, 30])
@pytest.mark.parametrize("kernels", [[("gaussian", 0.8)], [("laplace", 1.3)], "shared"])
def test_features_are_the_kernel_on_average(d, kernels):
    """Five standard errors over 40 draws, with what normalised weights add: 1 / frequencies."""
    if kernels == "shared":
        kernels = [(name, h) for name in TRUE for h in (0.5, 1.0, 2.0)]
    apart = np.random.default_rng(1).normal(size=(6, d)) / d**0.5
    found = []
    for seed in range(40):
        drawn = kernel_features(kernels, d, 64 * len(kernels), np.random.default_rng(seed))
        cosines = np.cos(drawn.frequencies @ apart.T)
        found.append(np.einsum("gsk,gsp->kp", drawn.weights, cosines))
        assert drawn.weights.sum(axis=(0, 1)) == pytest.approx(1)
    mean, error = mean_and_error(found)
    lengths = np.linalg.norm(apart, axis=1)
    true = np.array([TRUE[name](lengths, h) for name, h in kernels])
    assert (np.abs(mean - true) < 5 * error + 0.02).all()


@pytest.mark.parametrize("d", [1, 2, 7, 30])
def test_features_are_the_distance_on_average(d):
    points = np.random.default_rng(0).normal(size=(50, d))
    found = []
    for seed in range(60):
        drawn = distance_features(points, projection_constant(d), 128, np.random.default_rng(seed))
        waves = 1 - np.cos(drawn.frequencies @ (points[:6] - points[6:12]).T)
        found.append(np.einsum("gs,gsp->p", drawn.weights[:, :, 0], waves))
    mean, error = mean_and_error(found)
    assert (np.abs(mean - np.linalg.norm(points[:6] - points[6:12], axis=1)) < 5 * error).all()


def test_mean_squares_are_those_of_the_matrix():
    points = np.random.default_rng(0).normal(size=(40, 3))
    drawn = kernel_features([("gaussian", 1.0), ("laplace", 2.0)], 3, 64, np.random.default_rng(0))
    phases = np.einsum("gsd,ijd->ijgs", drawn.frequencies, points[:, None] - points)
    matrices = np.einsum("ijgs,gsk->kij", np.cos(phases), drawn.weights)
    apart = ~np.eye(40, dtype=bool)
    true = [np.square(matrix[apart]).mean() for matrix in matrices]
    assert drawn.mean_squares(points) == pytest.approx(true, rel=1e-9)
