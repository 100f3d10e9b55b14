"""Sliced Wasserstein against SciPy, repeated rows and a slow permutation test; its errors."""

from __future__ import annotations

import math
from importlib import import_module

import numpy as np
import pytest
import torch
from scipy import stats

from gan_eval.runtime.errors import UsageError
from gan_eval.stats.permutation.labels import permutation_labels
from gan_eval.stats.twosample.sliced_wasserstein import (
    random_directions,
    sliced_wasserstein,
    sliced_wasserstein_test,
)
from tests.stats.twosample import oracles


def slow(x: np.ndarray, y: np.ndarray, directions: np.ndarray, order: int) -> float:
    """SW_p; order 1 by SciPy, order 2 by repeating rows until both samples are of one size."""
    powers = []
    for direction in directions:
        p, q = x @ direction, y @ direction
        if order == 1:
            powers.append(stats.wasserstein_distance(p, q))
        else:
            size = math.lcm(len(p), len(q))
            p, q = np.repeat(np.sort(p), size // len(p)), np.repeat(np.sort(q), size // len(q))
            powers.append(np.mean((p - q) ** 2))
    return float(np.mean(powers)) ** (1 / order)


def samples(n: int, m: int, d: int, *, integer: bool = False) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng([n, m, d])
    x, y = rng.standard_normal((n, d)), 1.3 * rng.standard_normal((m, d)) + 0.2
    return (np.round(x), np.round(y)) if integer else (x, y)


@pytest.mark.parametrize("order", [1, 2])
@pytest.mark.parametrize(("n", "m", "d"), [(2, 3, 1), (7, 7, 2), (12, 9, 3), (40, 100, 5)])
@pytest.mark.parametrize("integer", [False, True])
def test_the_distance_equals_slow_ones(order, n, m, d, integer):
    x, y = samples(n, m, d, integer=integer)
    directions = random_directions(d, 20, np.random.default_rng(5))
    found = sliced_wasserstein(x, y, order=order, projections=20, rng=5)
    assert found == pytest.approx(slow(x, y, directions, order), rel=1e-11)


@pytest.mark.parametrize("order", [1, 2])
@pytest.mark.parametrize(("n", "m", "d"), [(6, 6, 2), (13, 8, 1), (5, 20, 4)])
@pytest.mark.parametrize("integer", [False, True])
def test_pvalues_equal_a_transparent_permutation_test(order, n, m, d, integer):
    x, y = samples(n, m, d, integer=integer)
    rng = np.random.default_rng(7)
    directions = random_directions(d, 6, rng)
    labels = permutation_labels(n, m, 99, rng)
    null = oracles.permutation_null(
        lambda a, b: slow(a, b, directions, order), np.concatenate([x, y]), labels
    )
    found = sliced_wasserstein_test(x, y, order=order, projections=6, permutations=99, rng=7)
    np.testing.assert_allclose(found.null_distribution, null, rtol=1e-10)
    assert found.pvalue == oracles.permutation_pvalue(slow(x, y, directions, order), null)
    alone = sliced_wasserstein(x, y, order=order, projections=6, rng=7)
    assert alone == pytest.approx(found.statistic, rel=1e-14)


@pytest.mark.parametrize("order", [1, 2])
@pytest.mark.statistical
def test_a_shift_gives_the_mean_length_of_its_projections(order):
    """|θ·c| has mean 2|c| / π and root mean square |c| / √2 in the plane: 5 standard errors.

    Fails a right program less than once in 10⁶; the seed is fixed.
    """
    x, _ = samples(30, 30, 2)
    shift = np.array([3.0, 4.0])
    found = sliced_wasserstein_test(
        x, x + shift, order=order, projections=4000, permutations=1, rng=1
    )
    error = float(found.parameters["projection_error"])
    exact = 2 * 5 / math.pi if order == 1 else 5 / math.sqrt(2)
    assert error < 0.01 * exact
    assert found.estimate == pytest.approx(exact, abs=5 * error)


@pytest.mark.parametrize("order", [1, 2])
@pytest.mark.statistical
def test_the_stated_error_is_the_spread_over_directions(order):
    """150 seeds; the ratio of their spread to the mean stated error, 4 standard deviations wide."""
    x, y = samples(20, 25, 3)
    found = [
        sliced_wasserstein_test(x, y, order=order, projections=50, permutations=1, rng=seed)
        for seed in range(150)
    ]
    spread = np.std([f.statistic for f in found])
    stated = np.mean([float(f.parameters["projection_error"]) for f in found])
    assert spread / stated == pytest.approx(1, abs=4 / math.sqrt(2 * 150))


def test_one_column_has_one_direction_and_no_error():
    x, y = samples(20, 30, 1)
    found = sliced_wasserstein_test(x, y, permutations=9, rng=0)
    assert found.parameters["projections"] == 1
    assert found.parameters["projection_error"] == 0
    assert found.estimate == pytest.approx(stats.wasserstein_distance(x[:, 0], y[:, 0]))
    x, y = samples(20, 30, 2)
    found = sliced_wasserstein_test(x, y, projections=1, permutations=9, rng=0)
    assert math.isnan(float(found.parameters["projection_error"]))


def test_directions_are_uniform():
    directions = random_directions(2, 5000, np.random.default_rng(1))
    np.testing.assert_allclose(np.linalg.norm(directions, axis=1), 1)
    angles = np.arctan2(directions[:, 1], directions[:, 0])
    assert stats.kstest(angles, stats.uniform(-np.pi, 2 * np.pi).cdf).pvalue > 1e-4


@pytest.mark.parametrize("order", [1, 2])
def test_neither_chunks_nor_threads_change_the_result(order, monkeypatch):
    x, y = samples(30, 41, 3)
    options = {"order": order, "projections": 7, "permutations": 150, "rng": 3}
    whole = sliced_wasserstein_test(x, y, **options)
    threads = torch.get_num_threads()
    try:
        for count in (1, 2):
            torch.set_num_threads(count)
            again = sliced_wasserstein_test(x, y, **options)
            np.testing.assert_array_equal(again.null_distribution, whole.null_distribution)
    finally:
        torch.set_num_threads(threads)
    # By its name, because the package exports a function of the same name.
    module = import_module("gan_eval.stats.twosample.sliced_wasserstein")
    monkeypatch.setattr(module, "CHUNK_ENTRIES", 160)
    monkeypatch.setattr(module, "WIDTH", 16)
    chunked = sliced_wasserstein_test(x, y, **options)
    np.testing.assert_allclose(chunked.null_distribution, whole.null_distribution, rtol=1e-12)
    assert chunked.pvalue == whole.pvalue


@pytest.mark.parametrize("order", [1, 2])
@pytest.mark.parametrize("scale", [1e-100, 1e100])
def test_it_has_the_unit_of_the_data(order, scale):
    x, y = samples(12, 15, 2)
    plain, other = (
        sliced_wasserstein_test(factor * x, factor * y, order=order, permutations=99, rng=2)
        for factor in (1.0, scale)
    )
    assert other.statistic == pytest.approx(scale * plain.statistic)
    assert other.pvalue == plain.pvalue
    assert other.effect_size == pytest.approx(plain.effect_size)


def test_the_effect_size_counts_deviations():
    """A shift in one column with deviation 2 within the samples."""
    x = np.random.default_rng(0).standard_normal(400)
    x = 2 * (x - x.mean()) / x.std(ddof=1)
    found = sliced_wasserstein_test(x, x + 3.0, permutations=1, rng=0)
    assert found.effect_size == pytest.approx(1.5)
    constant = sliced_wasserstein_test(np.zeros((4, 2)), np.ones((4, 2)), permutations=9, rng=0)
    assert math.isnan(constant.effect_size)


@pytest.mark.parametrize("order", [1, 2])
def test_identical_rows_give_p_one(order):
    found = sliced_wasserstein_test(
        np.ones((8, 2)), np.ones((5, 2)), order=order, permutations=50, rng=0
    )
    assert found.pvalue == 1
    assert found.statistic == 0


@pytest.mark.parametrize("order", [1, 2])
@pytest.mark.statistical
def test_farther_gives_larger_statistic_and_smaller_p(order):
    rng = np.random.default_rng(11)
    x, noise = rng.standard_normal((80, 2)), rng.standard_normal((60, 2))
    found = [
        sliced_wasserstein_test(x, noise + shift, order=order, projections=30, rng=3)
        for shift in (0.0, 0.5, 1.0, 3.0)
    ]
    assert [f.statistic for f in found] == sorted(f.statistic for f in found)
    pvalues = [f.pvalue for f in found]
    assert pvalues == sorted(pvalues, reverse=True)
    assert pvalues[0] > 0.05
    assert pvalues[-1] == 1 / 1000


@pytest.mark.parametrize("order", [1, 2])
@pytest.mark.parametrize(("n", "m"), [(12, 12), (5, 20)])
@pytest.mark.statistical
def test_pvalues_are_uniform_under_the_null(order, n, m):
    """300 repetitions; chi-squared over 10 classes at level 1e-4 for each of the 4 cases."""
    rng = np.random.default_rng([n, m, order])
    counts = np.zeros(10, dtype=int)
    for _ in range(300):
        found = sliced_wasserstein_test(
            *(rng.normal(size=(rows, 2)) for rows in (n, m)),
            order=order,
            projections=5,
            permutations=99,
            rng=rng,
        )
        counts[min(round(found.pvalue * 100) - 1, 99) // 10] += 1
    assert stats.chisquare(counts).pvalue > 1e-4


@pytest.mark.parametrize("order", [1, 2])
@pytest.mark.statistical
def test_heavy_ties_are_never_anticonservative(order):
    """Pairs of coin flips, n = 10 against 14, 300 repetitions.

    The count of p ≤ α may exceed 300α only by the binomial's upper 1e-4 point, at three levels:
    failure probability of a right test below 6e-4 in all.
    """
    rng = np.random.default_rng(21)
    pvalues = np.array(
        [
            sliced_wasserstein_test(
                *(rng.integers(0, 2, (rows, 2)) for rows in (10, 14)),
                order=order,
                projections=5,
                permutations=99,
                rng=rng,
            ).pvalue
            for _ in range(300)
        ]
    )
    for alpha in (0.01, 0.05, 0.1):
        assert np.count_nonzero(pvalues <= alpha + 1e-12) <= stats.binom.isf(1e-4, 300, alpha)


@pytest.mark.parametrize("order", [1, 2])
def test_ties_of_decimals_far_from_zero_are_ties(order):
    """One column of two values: the statistic depends on |ones in x − their mean| alone."""
    rng = np.random.default_rng(5)
    x, y = rng.integers(0, 2, 20), rng.integers(0, 2, 15)
    labels = permutation_labels(20, 15, 400, np.random.default_rng(2))
    pooled = np.concatenate([x, y])
    deviation = np.abs(labels @ pooled - 20 * pooled.mean())
    at_least = deviation >= abs(x.sum() - 20 * pooled.mean()) - 1e-9
    assert 0 < np.count_nonzero(at_least) < 400
    for low, step in ((0.0, 1.0), (1e6, 0.1)):
        found = sliced_wasserstein_test(
            low + step * x, low + step * y, order=order, permutations=400, rng=2
        )
        assert found.pvalue == (1 + np.count_nonzero(at_least)) / 401


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"order": 3}, "order must be 1 or 2, got 3"),
        ({"order": True}, "order must be 1 or 2, got True"),
        ({"projections": 0}, "projections must be between 1 and 1000000, got 0"),
        ({"projections": 2.0}, "projections must be a whole number, got 2.0"),
        ({"permutations": 0}, "permutations must be between 1 and 1000000, got 0"),
        ({"device": "abacus"}, "device must be one that torch can use here"),
        ({"rng": -1}, "rng must be None, a seed"),
    ],
)
def test_what_is_refused(options, message):
    x, y = samples(5, 6, 2)
    with pytest.raises(UsageError, match=message):
        sliced_wasserstein_test(x, y, **options)
    if "permutations" not in options:
        with pytest.raises(UsageError, match=message):
            sliced_wasserstein(x, y, **options)
    with pytest.raises(UsageError, match="same number of columns"):
        sliced_wasserstein_test(x, y[:, :1])
