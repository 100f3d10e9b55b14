"""Statistics by sums of features over units, against the matrix of the same features."""

from __future__ import annotations

import numpy as np
import pytest

from gan_eval.stats.kernels.features import Features, kernel_features
from gan_eval.stats.kernels.kernels import KERNELS
from gan_eval.stats.permutation.engine import GroupWeights
from gan_eval.stats.permutation.features import FeatureRows, FeatureStatistics
from gan_eval.stats.permutation.units import Units
from gan_eval.stats.twosample import mmd_test


def matrices(features: Features, points: np.ndarray) -> np.ndarray:
    phases = np.einsum("gsd,ijd->ijgs", features.frequencies, points[:, None] - points)
    return np.einsum("ijgs,gsk->kij", np.cos(phases), features.weights)


def group_sums(matrix: np.ndarray, in_x: np.ndarray, weights: GroupWeights) -> float:
    x, y = np.flatnonzero(in_x), np.flatnonzero(~in_x)
    return (
        weights.within_x * matrix[np.ix_(x, x)].sum()
        + weights.within_y * matrix[np.ix_(y, y)].sum()
        + weights.between * matrix[np.ix_(x, y)].sum()
    )


@pytest.mark.parametrize(("n", "m"), [(12, 12), (8, 19), (19, 8)])
@pytest.mark.parametrize("biased", [True, False])
@pytest.mark.parametrize("grouped", [True, False])
def test_statistics_are_those_of_the_matrix(n, m, biased, grouped):
    generator = np.random.default_rng(0)
    points = generator.normal(size=(n + m, 3)) + 100
    features = kernel_features([("gaussian", 1.0), ("laplace", 2.0)], 3, 40, generator)
    units = Units.of_rows_alone(n, m)
    if grouped:
        units = Units.of_groups((np.arange(n) // 3, np.arange(m) // 3), n, m)
    labels = units.draw(20, generator)
    weights = GroupWeights.difference(n, m, biased=biased)
    found = FeatureStatistics(
        features, points, units, labels, weights, diagonal=biased, device="cpu"
    )
    on_rows = units.on_rows(labels) if n <= m else ~units.on_rows(labels)
    for values, matrix in zip(found.values, matrices(features, points), strict=True):
        if not biased:
            np.fill_diagonal(matrix, 0.0)
        true = [group_sums(matrix, in_x, weights) for in_x in on_rows]
        assert values == pytest.approx(true, rel=1e-7, abs=1e-9)


def test_sums_of_rows_are_those_of_the_matrix():
    generator = np.random.default_rng(0)
    points, in_x = generator.normal(size=(30, 2)), np.arange(30) < 12
    features = kernel_features([("gaussian", 1.0)], 2, 40, generator)
    matrix = matrices(features, points)[0] - np.eye(30)
    rows = FeatureRows(features, points, in_x, "cpu")
    assert rows.row_sums == pytest.approx(matrix.sum(axis=1))
    assert rows.sums_over(in_x) == pytest.approx(matrix[:, in_x].sum(axis=1))


@pytest.mark.parametrize("d", [1, 3, 20])
def test_the_standard_error_tells_how_far_features_are_from_all_pairs(d):
    """Four of them, over six draws: 2e-3 in all with 16 groups."""
    generator = np.random.default_rng(d)
    x, y = generator.normal(size=(150, d)), generator.normal(size=(130, d)) + 1 / d**0.5
    exact = mmd_test(x, y, permutations=9, rng=0, method="exact").statistic
    for seed in range(6):
        found = mmd_test(x, y, permutations=9, rng=seed, method="features")
        assert found.parameters["path"] == "features"
        error = float(found.parameters["standard_error"])
        assert abs(found.statistic - exact) < 4 * error + 0.02 * exact


def test_the_interval_by_features_is_near_that_of_all_pairs():
    generator = np.random.default_rng(0)
    x, y = generator.normal(size=(200, 3)), generator.normal(size=(200, 3)) + 0.5
    exact, found = (mmd_test(x, y, permutations=9, rng=0, method=m) for m in ("exact", "features"))
    assert found.confidence_interval == pytest.approx(exact.confidence_interval, rel=0.1)


def test_the_path_is_chosen_by_the_rows_and_the_kernel(monkeypatch):
    from gan_eval.stats.twosample import mmd_matrix

    monkeypatch.setattr(mmd_matrix, "EXACT_ROWS", 50)
    x = np.random.default_rng(0).normal(size=(40, 4))
    for kernel in KERNELS:
        found = mmd_test(x, x + 1, kernel=kernel, permutations=9, rng=0)
        by_features = kernel in ("gaussian", "laplace")
        assert found.parameters["path"] == ("features" if by_features else "exact")
    fuse = mmd_test(x, x + 1, bandwidth="fuse", permutations=9, rng=0)
    assert fuse.parameters["features"] == 2048
    assert mmd_test(x[:25], x[15:], permutations=9, rng=0).parameters["path"] == "exact"


@pytest.mark.thorough
@pytest.mark.parametrize("test", ["mmd", "laplace", "fuse", "agg"])
def test_the_pvalue_by_features_is_exact(test, monkeypatch):
    """1,500 repetitions of a skewed law: 0.05 ± 0.023 with probability 0.99995."""
    from gan_eval.stats.permutation import features

    for name in ("MMD_FREQUENCIES", "AGGREGATE_FREQUENCIES"):
        if hasattr(features, name):
            monkeypatch.setattr(features, name, 32)
    options = {
        "mmd": {},
        "laplace": {"kernel": "laplace"},
        "fuse": {"bandwidth": "fuse"},
        "agg": {"bandwidth": "agg"},
    }[test]
    rejected = 0
    for seed in range(1500):
        generator = np.random.default_rng([5, seed])
        x, y = np.exp(generator.normal(size=(18, 2))), np.exp(generator.normal(size=(25, 2)))
        result = mmd_test(x, y, permutations=59, rng=seed, method="features", **options)
        rejected += result.pvalue <= 0.05
    assert abs(rejected / 1500 - 0.05) < 0.023
