"""The energy statistic by landmarks, against the matrix of all distances."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.distance import cdist

from gan_eval.stats.kernels.features import distance_features
from gan_eval.stats.permutation.engine import GroupWeights
from gan_eval.stats.permutation.landmarks import LandmarkStatistics
from gan_eval.stats.permutation.lines import projection_constant
from gan_eval.stats.permutation.units import Units
from gan_eval.stats.twosample import energy_test


def by_landmarks(
    points: np.ndarray, n: int, units: Units, labels: np.ndarray, landmarks: int, seed: int = 0
) -> LandmarkStatistics:
    generator = np.random.default_rng(seed)
    features = distance_features(points, projection_constant(points.shape[1]), 256, generator)
    chosen = generator.choice(len(points), landmarks, replace=False)
    weights = GroupWeights.difference(n, len(points) - n, biased=True, factor=-1.0)
    return LandmarkStatistics(points, chosen, features, units, labels, weights, "cpu")


def energies(points: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Energy distances of the rows that each label marks from the others."""
    apart = cdist(points, points)
    signed = np.where(labels, 1 / labels.sum(axis=1)[:, None], -1 / (~labels).sum(axis=1)[:, None])
    return -np.einsum("ki,ij,kj->k", signed, apart, signed)


@pytest.mark.parametrize(("n", "m"), [(30, 30), (24, 51), (51, 24)])
@pytest.mark.parametrize("d", [1, 3, 12])
@pytest.mark.parametrize("grouped", [True, False])
def test_with_all_rows_as_landmarks_it_is_the_energy_distance(n, m, d, grouped):
    points = np.random.default_rng(0).normal(size=(n + m, d)) + 100
    units = Units.of_rows_alone(n, m)
    if grouped:
        units = Units.of_groups((np.arange(n) // 3, np.arange(m) // 3), n, m)
    labels = units.draw(20, np.random.default_rng(1))
    found = by_landmarks(points, n, units, labels, n + m)
    assert found.values == pytest.approx(energies(points, units.on_rows(labels)), rel=1e-8)
    assert found.standard_error < 1e-8
    apart = cdist(points[:n], points[n:]).mean()
    assert found.between == pytest.approx(apart, rel=0.2)


@pytest.mark.parametrize(("n", "m"), [(60, 90), (90, 60)])
@pytest.mark.parametrize("d", [2, 20])
@pytest.mark.parametrize("landmarks", [1, 10])
def test_few_landmarks_are_right_on_average(n, m, d, landmarks):
    """Five standard errors over 60 draws."""
    generator = np.random.default_rng(0)
    points = generator.normal(size=(n + m, d))
    points[:n, 0] += 0.5
    units = Units.of_rows_alone(n, m)
    labels = units.draw(1, generator)
    drawn = [by_landmarks(points, n, units, labels, landmarks, seed) for seed in range(60)]
    values = np.array([found.values[0] for found in drawn])
    error = values.std(ddof=1) / len(values) ** 0.5
    assert abs(values.mean() - energies(points, labels)[0]) < 5 * error
    # Each says how far it is, within a quarter on average.
    stated = np.sqrt(np.mean([found.standard_error**2 for found in drawn]))
    assert stated == pytest.approx(values.std(ddof=1), rel=0.35)


@pytest.mark.parametrize(
    ("d", "landmarks", "least"), [(2, 128, 0.99), (5, 128, 0.99), (20, 256, 0.99)]
)
def test_permuted_statistics_are_those_of_all_pairs(d, landmarks, least):
    """Their correlation; by as many random features it is below 0.97 in 20 columns."""
    n = 700
    points = np.random.default_rng(d).normal(size=(2 * n, d))
    units = Units.of_rows_alone(n, n)
    labels = units.draw(300, np.random.default_rng(0))
    found = by_landmarks(points, n, units, labels, landmarks).values
    assert np.corrcoef(found[1:], energies(points, labels)[1:])[0, 1] > least


def test_ties_of_repeated_rows_are_within_the_rounding():
    generator = np.random.default_rng(0)
    points = generator.integers(0, 2, (300, 10)) * generator.normal(size=10)
    points[100:] = points[generator.integers(0, 5, 200)]
    units = Units.of_rows_alone(150, 150)
    labels = units.draw(1, generator)
    # The labels of two rows that are the same are exchanged.
    moved = labels[:1].repeat(40, axis=0)
    for k in range(40):
        here = generator.integers(150)
        same = np.flatnonzero((points[150:] == points[here]).all(axis=1)) + 150
        if same.size:
            moved[k, [here, generator.choice(same)]] = False, True
    found = by_landmarks(points, 150, units, moved, 64)
    assert not np.array_equal(moved[1:], moved[:-1])
    size = np.linalg.norm(points, axis=1).max()
    assert np.abs(found.values - found.values[0]).max() <= found.rounding * size


@pytest.mark.parametrize("d", [1, 3, 20])
def test_the_test_says_how_far_it_is_from_all_pairs(d, monkeypatch):
    """Four standard errors, over six draws: 2e-3 in all with 16 groups."""
    from gan_eval.stats.twosample import energy

    monkeypatch.setattr(energy, "LANDMARKS", 30)
    generator = np.random.default_rng(d)
    x, y = generator.normal(size=(150, d)), generator.normal(size=(130, d)) + 1 / d**0.5
    exact = energy_test(x, y, permutations=9, rng=0, method="exact")
    for seed in range(6):
        found = energy_test(x, y, permutations=9, rng=seed, method="landmarks")
        assert found.parameters["path"] == "landmarks"
        assert found.parameters["landmarks"] == 30
        error = float(found.parameters["standard_error"])
        assert abs(found.statistic - exact.statistic) < 4 * error + 0.02 * exact.statistic
        assert found.effect_size == pytest.approx(exact.effect_size, rel=0.25)


def test_rows_that_all_coincide_differ_by_nothing():
    found = energy_test(np.ones((30, 3)), np.ones((20, 3)), rng=0, method="landmarks")
    assert (found.statistic, found.pvalue) == (0.0, 1.0)


@pytest.mark.thorough
def test_the_pvalue_by_landmarks_is_exact(monkeypatch):
    """1,500 repetitions of a skewed law: 0.05 ± 0.023 with probability 0.99995."""
    from gan_eval.stats.twosample import energy

    monkeypatch.setattr(energy, "LANDMARKS", 8)
    monkeypatch.setattr(energy, "REST_FREQUENCIES", 32)
    rejected = 0
    for seed in range(1500):
        generator = np.random.default_rng([5, seed])
        x, y = np.exp(generator.normal(size=(18, 2))), np.exp(generator.normal(size=(25, 2)))
        result = energy_test(x, y, permutations=59, rng=seed, method="landmarks")
        rejected += result.pvalue <= 0.05
    assert abs(rejected / 1500 - 0.05) < 0.023
