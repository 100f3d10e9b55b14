"""The engine without kernels: labels, centred forms, and the decision in float64."""

from __future__ import annotations

from math import comb

import numpy as np
import pytest
import torch
from scipy import stats

from gan_eval.stats.permutation.dense import SymmetricForm
from gan_eval.stats.permutation.engine import GroupWeights, labels_test, observed_statistic
from gan_eval.stats.permutation.labels import permutation_labels, smaller_group_labels


class Dense:
    """Blocks of a matrix that is there already."""

    device = "cpu"
    rounding = 0.0

    def __init__(self, matrix: np.ndarray) -> None:
        self._matrix = torch.from_numpy(matrix)
        self.size = len(matrix)
        self.points = np.arange(len(matrix), dtype=np.float64)[:, None]

    def fill(self, rows: slice, columns: slice, out: torch.Tensor) -> None:
        out.copy_(self._matrix[rows, columns])


def symmetric(size: int, seed: int = 0, level: float = 0.0) -> np.ndarray:
    matrix = np.random.default_rng(seed).standard_normal((size, size))
    return matrix + matrix.T + level


def group_statistic(
    matrix: np.ndarray, weights: GroupWeights, row: np.ndarray, *, diagonal: bool
) -> float:
    """The definition of ``GroupWeights``, by sums over index sets."""
    kept = matrix if diagonal else matrix - np.diag(np.diag(matrix))
    return float(
        weights.within_x * kept[np.ix_(row, row)].sum()
        + weights.within_y * kept[np.ix_(~row, ~row)].sum()
        + weights.between * kept[np.ix_(row, ~row)].sum()
    )


@pytest.mark.parametrize(("n", "m"), [(1, 1), (3, 4), (4, 3), (500, 500), (20, 1500), (70001, 9)])
def test_every_choice_has_exactly_n_rows(n, m):
    labels = permutation_labels(n, m, 40, np.random.default_rng(0))
    assert labels.shape == (40, n + m)
    assert labels.dtype == np.bool_
    assert (np.count_nonzero(labels, axis=1) == n).all()


@pytest.mark.parametrize(("n", "m"), [(3, 3), (2, 4), (5, 2), (1, 6)])
@pytest.mark.statistical
def test_every_choice_is_equally_likely(n, m):
    """Chi-squared over all choices at level 1e-4 a case: error rate 4e-4, seed fixed."""
    labels = permutation_labels(n, m, 20_000, np.random.default_rng(5))
    codes, counts = np.unique(labels @ (1 << np.arange(n + m)), return_counts=True)
    assert len(codes) == comb(n + m, n)
    assert stats.chisquare(counts).pvalue > 1e-4


@pytest.mark.parametrize(("n", "m"), [(300, 300), (90, 400), (700, 30)])
@pytest.mark.statistical
def test_the_overlap_with_the_first_rows_is_hypergeometric(n, m):
    """The law of how many of the first half are in x, 20,000 draws.

    Chi-squared with classes of at least 20 expected, level 1e-4 a case: error rate 3e-4.
    """
    size, half = n + m, (n + m) // 2
    overlap = permutation_labels(n, m, 20_000, np.random.default_rng(9))[:, :half].sum(1)
    law = stats.hypergeom(size, n, half)
    edges = np.unique(law.ppf(np.linspace(0.01, 0.99, 30)))
    classes = np.searchsorted(edges, overlap)
    expected = np.diff(np.concatenate([[0.0], law.cdf(edges), [1.0]])) * len(overlap)
    # searchsorted puts a value equal to an edge below it, as the distribution function does.
    assert stats.chisquare(np.bincount(classes, minlength=len(expected)), expected).pvalue > 1e-4


def test_chunks_leave_the_labels_exact(monkeypatch):
    monkeypatch.setattr("gan_eval.stats.permutation.labels.CHUNK_ENTRIES", 50)
    labels = permutation_labels(7, 12, 33, np.random.default_rng(1))
    assert (labels.sum(1) == 7).all()
    assert len(np.unique(labels, axis=0)) > 30


@pytest.mark.parametrize(("n", "m"), [(5, 8), (30, 30), (1, 4)])
@pytest.mark.parametrize("diagonal", [True, False])
@pytest.mark.parametrize("stored", [True, False])
def test_any_weights_of_any_symmetric_matrix(n, m, diagonal, stored, monkeypatch):
    monkeypatch.setattr("gan_eval.stats.permutation.dense.WIDTH", 7)
    monkeypatch.setattr("gan_eval.stats.permutation.dense.HEIGHT", 10)
    monkeypatch.setattr("gan_eval.stats.permutation.dense.STORED_ENTRIES", 10**6 if stored else 0)
    monkeypatch.setattr("gan_eval.stats.permutation.products.LABEL_ROWS", 13)
    matrix = symmetric(n + m, level=50.0)
    form = SymmetricForm(Dense(matrix), diagonal=diagonal)
    weights = GroupWeights(n, m, 0.7, -1.1, 0.3)
    observed = group_statistic(matrix, weights, np.arange(n + m) < n, diagonal=diagonal)
    assert observed_statistic(form, weights) == pytest.approx(observed, rel=1e-10)

    drawn = smaller_group_labels(n, m, 40, np.random.default_rng(3))
    outcome = labels_test(form, weights, drawn)
    labels = permutation_labels(n, m, 40, np.random.default_rng(3))
    null = np.array([group_statistic(matrix, weights, row, diagonal=diagonal) for row in labels])
    assert outcome.statistic == pytest.approx(observed, rel=1e-10)
    np.testing.assert_allclose(outcome.null_distribution, null, rtol=1e-5, atol=1e-4)
    exceeding = np.count_nonzero(null >= observed - 1e-9 * abs(observed))
    assert outcome.pvalue == (1 + exceeding) / 41


def test_balanced_weights_need_no_row_sums():
    for n, m in [(5, 9), (10, 10), (999, 1234)]:
        biased = GroupWeights.difference(n, m, biased=True)
        assert biased.linear == 0
        assert biased.constant == 0
    assert GroupWeights.difference(10, 10, biased=False).linear == 0
    assert GroupWeights.difference(5, 9, biased=False).linear != 0


@pytest.mark.parametrize("level", [0.0, 1e4])
def test_the_error_of_float32_stays_within_its_bound(level):
    """Also for a matrix whose entries all lie near one level: centring takes it away."""
    size = 600
    matrix = symmetric(size, level=level)
    form = SymmetricForm(Dense(matrix), diagonal=True)
    labels = permutation_labels(200, 400, 200, np.random.default_rng(2))
    exact, fast = form.forms(labels, labels)
    assert np.abs(exact - fast).max() < form.fast_error
    assert form.fast_error < 1e-4 * exact.std()
    centred = matrix - matrix.mean(0) - matrix.mean(1)[:, None] + matrix.mean()
    expected = np.einsum("bi,ij,bj->b", labels.astype(float), centred, labels.astype(float))
    np.testing.assert_allclose(exact, expected, rtol=1e-9, atol=1e-6)


@pytest.mark.parametrize("scale", [1e-30, 1e60])
def test_scale_neither_overflows_nor_vanishes(scale):
    matrix = symmetric(40)
    weights = GroupWeights.difference(20, 20, biased=True)
    plain, scaled = (
        labels_test(
            SymmetricForm(Dense(factor * matrix), diagonal=True),
            weights,
            smaller_group_labels(20, 20, 99, np.random.default_rng(0)),
        )
        for factor in (1.0, scale)
    )
    assert scaled.pvalue == plain.pvalue
    unscaled = scaled.null_distribution / scale
    np.testing.assert_allclose(unscaled, plain.null_distribution, rtol=0, atol=1e-6)


def test_reduced_float32_precision_is_held_off():
    """A caller who trains with bfloat16 products gets the same p-values, and keeps the setting."""
    matrix = symmetric(64)
    form = SymmetricForm(Dense(matrix), diagonal=True)
    labels = permutation_labels(32, 32, 20, np.random.default_rng(2))
    before = form.forms(labels, labels)
    torch.set_float32_matmul_precision("medium")
    try:
        again = form.forms(labels, labels)
        assert torch.get_float32_matmul_precision() == "medium"
    finally:
        torch.set_float32_matmul_precision("highest")
    np.testing.assert_array_equal(before[1], again[1])


def test_the_number_of_threads_changes_no_bit(monkeypatch):
    """Strips are computed by one thread each and added up in order; the setting is kept."""
    monkeypatch.setattr("gan_eval.stats.permutation.dense.WIDTH", 16)
    matrix, threads = symmetric(150), torch.get_num_threads()
    labels = permutation_labels(70, 80, 50, np.random.default_rng(2))
    seen = []
    try:
        for count in (1, 3):
            torch.set_num_threads(count)
            form = SymmetricForm(Dense(matrix), diagonal=False)
            forms = form.forms(labels, labels)
            assert torch.get_num_threads() == count
            seen.append(np.concatenate([form.row_sums, *forms]))
    finally:
        torch.set_num_threads(threads)
    np.testing.assert_array_equal(seen[0], seen[1])


def test_a_failing_source_is_heard_and_the_threads_are_given_back(monkeypatch):
    monkeypatch.setattr("gan_eval.stats.permutation.dense.WIDTH", 16)

    class Failing(Dense):
        def fill(self, rows: slice, columns: slice, out: torch.Tensor) -> None:
            if rows.start > 50:
                raise MemoryError("no room")
            super().fill(rows, columns, out)

    threads = torch.get_num_threads()
    with pytest.raises(MemoryError, match="no room"):
        SymmetricForm(Failing(symmetric(150)), diagonal=False)
    assert torch.get_num_threads() == threads
