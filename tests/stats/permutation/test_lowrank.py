"""The low-rank path: within its computed bound, with the p-values of the whole matrix."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from gan_eval.runtime.errors import UsageError
from gan_eval.stats.kernels.kernels import (
    PairwiseBlocks,
    gaussian,
    inverse_multiquadric,
    laplace,
    of_arrays,
    rational_quadratic,
)
from gan_eval.stats.permutation import lowrank, lowrank_path
from gan_eval.stats.permutation.dense import SymmetricForm
from gan_eval.stats.permutation.engine import GroupWeights
from gan_eval.stats.permutation.labels import smaller_group_labels
from gan_eval.stats.permutation.lowrank import LowRankForm
from gan_eval.stats.permutation.lowrank_path import low_rank_form, low_rank_test
from gan_eval.stats.permutation.pivots import Pivots, factor_of
from gan_eval.stats.twosample import mmd_test, permutation_labels

KERNELS = {
    "gaussian": gaussian,
    "inverse_multiquadric": inverse_multiquadric,
    "rational_quadratic": rational_quadratic,
}
DATA = {
    "line": lambda rng, size: rng.normal(size=(size, 1)),
    "plane": lambda rng, size: rng.normal(size=(size, 2)),
    "heavy": lambda rng, size: rng.standard_t(2, size=(size, 2)),
    "clusters": lambda rng, size: rng.normal(size=(size, 2)) / 50 + rng.integers(0, 3, (size, 2)),
    "integers": lambda rng, size: rng.integers(0, 4, (size, 2)).astype(float),
    "one point": lambda rng, size: np.ones((size, 2)),
}


def kernel_matrix(points: np.ndarray, kernel: str, bandwidth: float) -> np.ndarray:
    squared = ((points[:, None] - points[None]) ** 2).sum(-1)
    return {
        "gaussian": lambda: np.exp(-squared / (2 * bandwidth**2)),
        "inverse_multiquadric": lambda: (1 + squared / bandwidth**2) ** -0.5,
        "rational_quadratic": lambda: 1 / (1 + squared / (2 * bandwidth**2)),
    }[kernel]()


def truncated_form(
    points: np.ndarray, rank: int, *, diagonal: bool, kernel: str = "gaussian"
) -> LowRankForm:
    """A form of a given rank, however bad."""
    entries = KERNELS[kernel](1.0)
    pivots = Pivots(points, of_arrays(entries), np.arange(len(points)), rank)
    pivots.grow(rank, 0.0)
    blocks = PairwiseBlocks(points, entries, "cpu", length=1.0)
    return LowRankForm(blocks, pivots, diagonal=diagonal)


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("data", DATA)
@pytest.mark.parametrize("rank", [2, 30])
@pytest.mark.parametrize(("n", "m"), [(100, 100), (170, 30)])
@pytest.mark.parametrize("biased", [False, True])
def test_every_statistic_lies_within_the_bound(kernel, data, rank, n, m, biased):
    """Of 100 labellings, whatever the rank; against the sums of the definition."""
    points = DATA[data](np.random.default_rng(3), n + m)
    form = truncated_form(points, rank, diagonal=biased, kernel=kernel)
    matrix = kernel_matrix(points, kernel, 1.0) - (0 if biased else np.eye(n + m))
    weights = GroupWeights.difference(n, m, biased=biased)
    labels = permutation_labels(n, m, 100, np.random.default_rng(1)).astype(float)
    within = np.einsum("pi,ij,pj->p", labels, matrix, labels, optimize=True)
    other = 1 - labels
    without = np.einsum("pi,ij,pj->p", other, matrix, other, optimize=True)
    between = np.einsum("pi,ij,pj->p", labels, matrix, other, optimize=True)
    exact = weights.within_x * within + weights.within_y * without + weights.between * between

    chosen = labels.astype(bool)
    forms = form.forms(chosen, chosen[:0])[0]
    found = weights.quadratic * forms + weights.linear * form.linear(chosen)
    found += weights.constant * form.total
    error = found - exact
    assert np.abs(error).max() <= form.bound(weights) + 1e-13
    assert np.abs(error - error[0]).max() <= form.truncation(weights) + 1e-13
    residual = 200 - np.square(form_factor(form)).sum()
    assert residual - 1e-12 <= form.trace <= residual + 1e-11


def form_factor(form: LowRankForm) -> np.ndarray:
    parts = [slice(0, form.size)]
    return np.hstack([b.numpy() for p in parts for _, b in form._blocks(p, form._workspace())])


def test_the_bound_is_reached():
    """Two pairs of equal rows and rank 1: the residual is one pair's, wholly in the labels."""
    points = np.array([[0.0], [0.0], [9.0], [9.0]])
    form = truncated_form(points, 1, diagonal=True)
    label = np.array([[True, True, False, False]])
    matrix = kernel_matrix(points, "gaussian", 1.0)
    centred = label[0] - 0.5
    error = centred @ matrix @ centred - form.forms(label, label[:0])[0][0]
    assert form.trace == pytest.approx(2.0)
    assert error == pytest.approx(1.0)
    weights = GroupWeights.difference(2, 2, biased=True)
    assert abs(weights.quadratic) * error <= form.bound(weights)


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("data", ["line", "plane", "clusters", "integers", "one point"])
@pytest.mark.parametrize(
    ("n", "m", "estimator"), [(400, 400, "biased"), (400, 400, "unbiased"), (150, 900, "unbiased")]
)
def test_pvalues_are_those_of_the_exact_path(kernel, data, n, m, estimator):
    points = DATA[data](np.random.default_rng(n), n + m)
    points[:n] += 0.03 * (data == "plane")
    options = {"kernel": kernel, "estimator": estimator, "bandwidth": 4.0, "permutations": 200}
    options |= {"rng": 4}
    exact, found = (
        mmd_test(points[:n], points[n:], method=method, **options)
        for method in ("exact", "lowrank")
    )
    assert exact.parameters["path"] == "exact"
    assert found.parameters["path"] == "lowrank"
    assert found.pvalue == exact.pvalue
    bound = float(found.parameters["bound"])
    assert found.parameters["undecided"] == 0
    assert abs(found.statistic - exact.statistic) <= bound + 1e-14
    spread = exact.null_distribution.std()
    assert bound <= 2e-3 * spread or spread < 1e-12
    np.testing.assert_allclose(
        found.null_distribution, exact.null_distribution, rtol=0, atol=bound + 1e-4 * spread
    )
    if exact.confidence_interval is not None:
        assert found.confidence_interval == pytest.approx(
            exact.confidence_interval, abs=2 * bound + 1e-7
        )


def test_what_the_bound_leaves_open_is_decided_by_the_whole_matrix():
    """A factor so bad that half of the permutations are in doubt gives the right p-value."""
    rng = np.random.default_rng(8)
    points = rng.normal(size=(120, 2))
    form = truncated_form(points, 12, diagonal=False)
    weights = GroupWeights.difference(50, 70, biased=False)
    labels = smaller_group_labels(50, 70, 300, np.random.default_rng(2))
    found = low_rank_test(form, weights, lambda count: labels[: 1 + count], 300)
    exact = mmd_test(points[:50], points[50:], bandwidth=1.0, permutations=300, rng=2)
    in_doubt = np.abs(exact.null_distribution - exact.statistic) <= form.truncation(weights)
    assert np.count_nonzero(in_doubt) > 100
    assert found.pvalue == exact.pvalue
    assert found.undecided == 0


def test_what_stays_open_counts_against_rejection(monkeypatch):
    monkeypatch.setattr(lowrank, "DENSE_ROWS", 100)
    rng = np.random.default_rng(8)
    points = rng.normal(size=(120, 2))
    form = truncated_form(points, 12, diagonal=True)
    weights = GroupWeights.difference(50, 70, biased=True)
    labels = smaller_group_labels(50, 70, 300, np.random.default_rng(2))
    found = low_rank_test(form, weights, lambda count: labels[: 1 + count], 300)
    exact = mmd_test(
        *(points[:50], points[50:]), bandwidth=1.0, estimator="biased", permutations=300, rng=2
    )
    assert found.undecided > 100
    assert found.pvalue >= exact.pvalue
    assert found.pvalue == (1 + np.count_nonzero(found.null_distribution >= found.statistic)) / 301


def test_a_bound_that_is_too_large_falls_back_to_the_exact_path():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(300, 12)), rng.normal(size=(300, 12))
    found, exact = (
        mmd_test(x, y, permutations=99, rng=0, method=method) for method in ("lowrank", "exact")
    )
    assert found.parameters["path"] == "exact"
    assert "rank" not in found.parameters
    np.testing.assert_array_equal(found.null_distribution, exact.null_distribution)


def test_auto_takes_the_factor_for_many_rows_of_a_smooth_kernel():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(600, 2)), rng.normal(size=(600, 2))

    def path(rows: int, kernel: str) -> float | str:
        result = mmd_test(x[:rows], y[:rows], kernel=kernel, permutations=9, rng=0)
        return result.parameters["path"]

    assert path(600, "gaussian") == "lowrank"
    assert path(500, "gaussian") == "exact"
    assert path(600, "laplace") == "exact"


def test_rows_that_were_no_candidates_are_named_and_added(monkeypatch):
    """A far row that the sample of candidates misses has a residual of 1 until it is chosen."""
    monkeypatch.setattr(lowrank_path, "CANDIDATES", 200)
    monkeypatch.setattr(lowrank, "ROWS", 128)
    points = np.random.default_rng(5).normal(size=(1500, 1))
    others = np.setdiff1d(np.arange(1500), np.linspace(0, 1499, 200).round().astype(int))
    points[others[[300, 301, 900]]] = [[50.0], [60.0], [70.0]]
    blocks = PairwiseBlocks(points, gaussian(1.0), "cpu", length=1.0)
    form = low_rank_form(gaussian(1.0), blocks, diagonal=False)
    assert form is not None
    assert form.trace < 1e-9
    dense = SymmetricForm(blocks, diagonal=False)
    labels = permutation_labels(700, 800, 30, np.random.default_rng(0))
    np.testing.assert_allclose(
        form.forms(labels, labels)[0], dense.forms(labels, labels)[0], rtol=1e-10
    )
    np.testing.assert_allclose(form.row_sums, dense.row_sums, rtol=1e-9, atol=1e-9)
    group = np.arange(1500) < 700
    np.testing.assert_allclose(form.sums_over(group), dense.sums_over(group), rtol=0, atol=1e-8)


def test_a_factor_that_is_not_kept_and_batches_change_nothing(monkeypatch):
    monkeypatch.setattr(lowrank_path, "CANDIDATES", 300)
    for module in ("labels", "lowrank_path"):
        monkeypatch.setattr(f"gan_eval.stats.permutation.{module}.CHUNK_ENTRIES", 1500 * 20)
    rng = np.random.default_rng(1)
    x, y = rng.normal(size=(800, 2)), rng.normal(size=(700, 2)) + 0.05
    kept = mmd_test(x, y, permutations=200, rng=3, method="lowrank")
    monkeypatch.setattr(lowrank, "STORED_ENTRIES", 0)
    monkeypatch.setattr("gan_eval.stats.permutation.lowrank_path.BATCH_ENTRIES", 1500 * 50)
    anew = mmd_test(x, y, permutations=200, rng=3, method="lowrank")
    assert kept.parameters["path"] == anew.parameters["path"] == "lowrank"
    assert anew.statistic == pytest.approx(kept.statistic, rel=1e-10)
    assert anew.pvalue == kept.pvalue
    spread = kept.null_distribution.std()
    np.testing.assert_allclose(
        anew.null_distribution, kept.null_distribution, rtol=0, atol=1e-4 * spread
    )


def test_the_number_of_threads_changes_no_bit(monkeypatch):
    monkeypatch.setattr(lowrank, "ROWS", 64)
    rng = np.random.default_rng(1)
    points = rng.normal(size=(700, 2))
    threads, seen = torch.get_num_threads(), []
    try:
        for count in (1, 3):
            torch.set_num_threads(count)
            result = mmd_test(points[:300], points[300:], permutations=99, rng=0, method="lowrank")
            seen.append(np.append(result.null_distribution, result.statistic))
            assert torch.get_num_threads() == count
    finally:
        torch.set_num_threads(threads)
    np.testing.assert_array_equal(seen[0], seen[1])


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"method": "nystrom"}, "method must be one of auto, exact, lowrank, features, got"),
        ({"method": "lowrank", "kernel": "laplace"}, "kernel for method='lowrank' must be one of"),
        ({"method": "lowrank", "bandwidth": "fuse"}, "method with bandwidth='fuse' must be"),
    ],
)
def test_a_path_that_cannot_be_taken_is_refused_in_one_sentence(options, words):
    x = np.arange(6.0)
    with pytest.raises(UsageError, match=words):
        mmd_test(x, x, **options)


@pytest.mark.parametrize("kernel", [gaussian, inverse_multiquadric, rational_quadratic])
@pytest.mark.parametrize(("size", "dimension"), [(513, 1), (640, 2), (701, 5)])
def test_compiled_steps_choose_the_same_pivots(kernel, size, dimension, monkeypatch):
    """Until what is left is near the rounding of float64; the factor explains the matrix."""
    points = np.random.default_rng(size).normal(size=(size, dimension))
    found = []
    for rows in (512, 10**9):
        monkeypatch.setattr("gan_eval.stats.permutation.pivots.COMPILED_ROWS", rows)
        pivots = Pivots(points, of_arrays(kernel(2.0)), np.arange(size), 40)
        pivots.grow(5, 1e-6 * size)
        pivots.grow(40, 1e-6 * size)
        found.append(pivots)
    np.testing.assert_array_equal(found[0].rows, found[1].rows)
    assert found[0].rank > 5
    np.testing.assert_allclose(found[0].factor, found[1].factor, rtol=0, atol=1e-8)
    np.testing.assert_allclose(found[0].residuals, found[1].residuals, rtol=0, atol=1e-9)
    squared = np.square(points[:, None] - points).sum(2)
    matrix = kernel(2.0)(torch.from_numpy(squared)).numpy()
    left = matrix - found[0].factor.T @ found[0].factor
    np.testing.assert_allclose(np.diag(left), found[0].residuals, rtol=0, atol=1e-12)
    assert np.linalg.eigvalsh(left).min() > -1e-10


def test_a_factor_takes_the_place_of_a_matrix_where_there_is_one():
    points = np.random.default_rng(3).normal(size=(300, 2))
    factor = factor_of(points, gaussian(2.0), 150)
    assert factor is not None
    np.testing.assert_allclose(
        factor.T @ factor, kernel_matrix(points, "gaussian", 2.0), rtol=0, atol=1e-8
    )
    assert factor_of(points, gaussian(0.01), 150) is None
    assert factor_of(points, laplace(2.0), 150) is None
