"""Energy by slices: exact on a line, within its stated error elsewhere, permutation included."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.special import gamma

from gan_eval.runtime.errors import UsageError
from gan_eval.stats.permutation import lines as slices
from gan_eval.stats.permutation.lines import (
    SlicedForm,
    add_up,
    direction_groups,
    projection_constant,
)
from gan_eval.stats.twosample import energy, energy_test, permutation_labels
from tests.stats.twosample import oracles


def line_distances(points: np.ndarray, groups: np.ndarray) -> np.ndarray:
    """c times the mean over the directions of |uᵀ(x_i − x_j)|, pair by pair."""
    lines = groups.reshape(-1, points.shape[1]) @ points.T
    apart = np.zeros((len(points), len(points)))
    for line in lines:
        apart += np.abs(line[:, None] - line)
    return projection_constant(points.shape[1]) * apart / len(lines)


@pytest.mark.parametrize("d", [1, 2, 3, 7, 400])
def test_the_constant_turns_mean_projections_into_lengths(d):
    """Against the formula, and by 200,000 directions: five standard errors."""
    if d < 100:
        expected = np.sqrt(np.pi) * gamma((d + 1) / 2) / gamma(d / 2)
        assert projection_constant(d) == pytest.approx(expected, rel=1e-14)
    first = np.random.default_rng(0).normal(size=(200_000, min(d, 20)))
    if d > 20:
        # The other coordinates' squares sum to a chi-squared number.
        rest = np.random.default_rng(1).chisquare(d - 20, 200_000)
        lengths = np.sqrt((first**2).sum(1) + rest)
    else:
        lengths = np.linalg.norm(first, axis=1)
    seen = np.abs(first[:, 0]) / lengths
    error = seen.std() / np.sqrt(seen.size)
    assert abs(seen.mean() - 1 / projection_constant(d)) <= 5 * error + 1e-12


@pytest.mark.parametrize(
    ("d", "projections", "shape"),
    [(1, 50, (1, 1, 1)), (2, 1, (2, 8, 2)), (2, 60, (8, 8, 2)), (3, 64, (22, 3, 3))],
)
def test_directions_come_in_rotated_designs(d, projections, shape):
    groups = direction_groups(d, projections, np.random.default_rng(0))
    assert groups.shape == shape
    np.testing.assert_allclose(np.linalg.norm(groups, axis=2), 1, rtol=1e-14)
    if d == 3:
        products = groups @ groups.transpose(0, 2, 1)
        np.testing.assert_allclose(products, np.broadcast_to(np.eye(3), products.shape), atol=1e-14)


@pytest.mark.parametrize("d", [2, 4])
@pytest.mark.statistical
def test_directions_are_uniform(d):
    """One of each group: E uuᵀ = I/d and E u₁⁴ = 3 / (d(d + 2)), to five standard errors."""
    rng = np.random.default_rng(2)
    groups = direction_groups(d, 40_000, rng)
    u = groups[np.arange(len(groups)), rng.integers(groups.shape[1], size=len(groups))]
    assert np.abs((u[:, :, None] * u[:, None]).mean(0) - np.eye(d) / d).max() < 5 * 0.5 / 70
    fourth = u[:, 0] ** 4
    assert abs(fourth.mean() - 3 / (d * (d + 2))) < 5 * fourth.std() / np.sqrt(len(u))


@pytest.mark.parametrize("rows", [1, 2, 3, 5, 7, 8, 100, 127, 128])
def test_cumulative_sums_by_halves(rows):
    labels = np.random.default_rng(rows).integers(0, 2, (3, rows, 11), dtype=np.uint8)
    summed = torch.from_numpy(labels.copy())
    add_up(summed)
    np.testing.assert_array_equal(summed.numpy(), labels.cumsum(axis=1))


@pytest.mark.parametrize(("n", "m", "d"), [(90, 60, 1), (150, 150, 2), (20, 300, 3), (2, 2, 5)])
@pytest.mark.parametrize("ties", [False, True])
def test_forms_are_those_of_the_distances_between_projections(n, m, d, ties):
    """In both precisions, with row sums; against a matrix of all pairs."""
    rng = np.random.default_rng([n, d])
    points = rng.integers(0, 4, (n + m, d)).astype(float) if ties else rng.normal(size=(n + m, d))
    groups = direction_groups(d, 12, rng)
    form = SlicedForm(points, groups, np.arange(n + m) < n, "cpu")
    matrix = line_distances(points, groups)
    labels = permutation_labels(n, m, 40, rng)
    centred = labels - labels.mean(axis=1, keepdims=True)
    expected = np.einsum("pi,ij,pj->p", centred, matrix, centred)
    forms = form.forms(labels, labels)
    np.testing.assert_allclose(forms[0], expected, rtol=1e-11, atol=1e-12)
    np.testing.assert_allclose(forms[1], expected, rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(form.row_sums, matrix.sum(axis=1), rtol=1e-11, atol=1e-12)
    assert form.total == pytest.approx(matrix.sum(), rel=1e-11)
    np.testing.assert_allclose(
        form.linear(labels), labels @ (matrix.sum(1) - matrix.sum() / (n + m)), atol=1e-9
    )


def test_small_blocks_and_few_labels_at_a_time_change_nothing(monkeypatch):
    rng = np.random.default_rng(0)
    points, labels = rng.normal(size=(700, 2)), permutation_labels(300, 400, 33, rng)
    form = SlicedForm(points, direction_groups(2, 16, rng), np.arange(700) < 300, "cpu")
    before = form.forms(labels, labels)
    monkeypatch.setattr(slices, "ROWS", 50)
    monkeypatch.setattr(slices, "ENTRIES", 3 * 50 * 10)
    monkeypatch.setattr(slices, "LABELS", 10)
    monkeypatch.setattr(slices, "PIECES", 3)
    after = form.forms(labels, labels)
    np.testing.assert_allclose(after[0], before[0], rtol=1e-12)
    np.testing.assert_allclose(after[1], before[1], rtol=1e-5)


@pytest.mark.parametrize(("n", "m"), [(80, 120), (700, 800)])
@pytest.mark.parametrize("ties", [False, True])
def test_on_a_line_the_slice_is_the_exact_test(n, m, ties):
    rng = np.random.default_rng(n)
    points = rng.integers(0, 5, n + m).astype(float) if ties else rng.normal(size=n + m)
    sliced, exact = (
        energy_test(points[:n], points[n:], permutations=300, rng=5, method=method)
        for method in ("sliced", "exact")
    )
    assert sliced.pvalue == exact.pvalue
    assert sliced.statistic == pytest.approx(exact.statistic, rel=1e-10)
    assert sliced.effect_size == pytest.approx(exact.effect_size, rel=1e-10)
    assert sliced.parameters["standard_error"] == 0.0
    assert sliced.parameters["projections"] == 1


@pytest.mark.parametrize(("n", "m", "d"), [(60, 90, 2), (600, 500, 2), (90, 60, 5)])
def test_pvalues_equal_a_transparent_permutation_test(n, m, d):
    """With the same lines and the same labels, each statistic from the points themselves."""
    rng = np.random.default_rng(n)
    x, y = rng.normal(size=(n, d)), rng.normal(size=(m, d)) + 0.05
    result = energy_test(x, y, permutations=60, rng=9, method="sliced", projections=10)
    generator = np.random.default_rng(9)
    matrix = line_distances(np.concatenate([x, y]), direction_groups(d, 10, generator))
    labels = permutation_labels(n, m, 60, generator)

    def statistic(row: np.ndarray) -> float:
        a, b = row / n, ~row / m
        return n * m / (n + m) * (2 * a @ matrix @ b - a @ matrix @ a - b @ matrix @ b)

    observed, null = statistic(np.arange(n + m) < n), np.array([statistic(row) for row in labels])
    assert result.statistic == pytest.approx(observed, rel=1e-9)
    assert result.pvalue == oracles.permutation_pvalue(observed, null)
    np.testing.assert_allclose(result.null_distribution, null, rtol=1e-4)


@pytest.mark.parametrize("d", [2, 5])
@pytest.mark.statistical
def test_the_stated_error_is_the_error(d):
    """Over 60 sets of lines: no bias (five standard errors), and the spread that is stated.

    The mean square error over the mean stated variance has a standard deviation of about 0.2;
    the band 0.4 … 2 fails a right implementation with probability below 1e-2, always or never.
    """
    rng = np.random.default_rng(1)
    points = np.concatenate([rng.normal(size=(60, d)), rng.normal(size=(50, d)) * 1.3])
    label = np.arange(110)[None] < 60
    centred = label[0] - 60 / 110
    apart = np.sqrt(((points[:, None] - points[None]) ** 2).sum(-1))
    errors, stated = np.empty(60), np.empty(60)
    for i in range(60):
        form = SlicedForm(points, direction_groups(d, 30, rng), label[0], "cpu")
        errors[i] = form.forms(label, label[:0])[0][0] - centred @ apart @ centred
        stated[i] = form.standard_error
    assert abs(errors.mean()) < 5 * errors.std() / np.sqrt(60)
    assert 0.4 < (errors**2).mean() / (stated**2).mean() < 2


def test_more_lines_make_the_error_small_beside_the_spread_of_the_null():
    rng = np.random.default_rng(3)
    x, y = rng.normal(size=(200, 2)), rng.normal(size=(200, 2)) + 0.15
    exact = energy_test(x, y, permutations=300, rng=0)
    sliced = energy_test(x, y, permutations=300, rng=0, method="sliced", projections=256)
    error = float(sliced.parameters["standard_error"])
    assert error < 0.01 * exact.null_distribution.std()
    assert abs(sliced.statistic - exact.statistic) < 4 * error
    assert sliced.effect_size == pytest.approx(exact.effect_size, rel=0.01)


def test_auto_takes_other_paths_for_many_rows_only(monkeypatch):
    monkeypatch.setattr(energy, "EXACT_ROWS", 100)
    x = np.random.default_rng(0).normal(size=(120, 2))

    def path(rows: int, exponent: float = 1.0) -> float | str:
        result = energy_test(x[:rows], x[:rows], exponent=exponent, permutations=9, rng=0)
        return result.parameters["path"]

    assert path(50) == "exact"
    assert path(51) == "landmarks"
    assert path(51, exponent=0.5) == "exact"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (
            {"method": "slices"},
            "method must be one of auto, exact, sliced, landmarks, got 'slices'",
        ),
        ({"method": "sliced", "exponent": 0.5}, "exponent must be 1 for method='sliced', got 0.5"),
        ({"projections": 0}, "projections must be between 1 and 1000000, got 0"),
        ({"projections": 2.5}, "projections must be a whole number, got 2.5"),
    ],
)
def test_what_cannot_be_sliced_is_refused_in_one_sentence(options, words):
    x = np.arange(6.0)
    with pytest.raises(UsageError, match=words):
        energy_test(x, x, **options)
