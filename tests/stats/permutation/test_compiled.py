"""Compiled labels and sums against plain NumPy, and p-values with and without them."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from scipy.spatial.distance import cdist

from gan_eval.stats.permutation import compiled, labels, products
from gan_eval.stats.permutation.compiled import code_for, padded, true_counts
from gan_eval.stats.permutation.label_sums import Packed, Sums, halves_of_forms
from gan_eval.stats.permutation.labels import smaller_group_labels
from gan_eval.stats.twosample import energy_test, mmd_test

SHAPES = [(1, 1100), (47, 1353), (48, 1352), (700, 700), (1000, 37), (2305, 96), (333, 1)]


def without(monkeypatch):
    """Nothing compiled."""
    monkeypatch.setattr(compiled, "_label_code", lambda: None)


def code():
    found = code_for(10**4, 10**4)
    assert found is not None
    return found


@pytest.mark.parametrize(("n", "m"), SHAPES)
def test_labels_are_those_of_numpy(n, m, monkeypatch):
    """The same labels, and the generator is left in the same state."""
    first, second = np.random.default_rng(n), np.random.default_rng(n)
    fast = smaller_group_labels(n, m, 150, first)
    without(monkeypatch)
    plain = smaller_group_labels(n, m, 150, second)
    np.testing.assert_array_equal(fast, plain)
    assert first.random() == second.random()


@pytest.mark.parametrize("size", [1, 7, 8, 9, 700, 2049])
def test_true_values_are_counted(size):
    drawn = np.random.default_rng(size).random((90_000 // size + 64, size)) < 0.3
    np.testing.assert_array_equal(true_counts(drawn), drawn.sum(1))
    np.testing.assert_array_equal(true_counts(drawn[:, : size // 2]), drawn[:, : size // 2].sum(1))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(("rows", "columns"), [(1, 1), (5, 17), (48, 16), (49, 33), (250, 100)])
def test_sums_of_rows_are_products_with_labels(rows, columns, dtype):
    """Also of some rows among more, in two pieces; what stands beyond the columns is no matter."""
    rng = np.random.default_rng(rows)
    drawn = rng.random((70, rows + 9)) < 0.5
    matrix = np.full((rows, padded(columns)), np.nan)
    matrix[:, :columns] = rng.normal(size=(rows, columns))
    of_rows, of_columns = rng.normal(size=rows), rng.normal(size=padded(columns))
    sums = Sums(Packed(code(), drawn, slice(4, 4 + rows)), dtype, columns)
    cut = rows // 2 // 48 * 48
    for start, stop in ((0, cut), (cut, rows)):
        sums.add(start, matrix[start:stop], of_rows[start:stop], of_columns, 0.5)
    entries = 0.5 * matrix[:, :columns] + of_rows[:, None] + of_columns[:columns]
    expected = drawn[:, 4 : 4 + rows].astype(float) @ entries
    size = np.abs(entries).sum(0)
    eps = np.finfo(dtype).eps
    assert (np.abs(sums.values() - expected) <= 8 * eps * size).all()

    first = min(3, rows + 9 - columns) if columns <= rows + 9 else None
    if first is not None:
        forms = sums.close(slice(first, first + columns))
        own = (drawn[:, first : first + columns] * expected).sum(1)
        np.testing.assert_allclose(forms, own, rtol=0, atol=8 * eps * size.sum())
        sums.clear()
        assert not sums.values().any()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(("rows", "columns"), [(1, 1), (48, 16), (49, 33), (97, 100)])
def test_few_labels_have_the_bits_of_many(rows, columns, dtype):
    rng = np.random.default_rng(rows)
    drawn = rng.random((70, rows)) < 0.5
    matrix, of_rows = rng.normal(size=(rows, padded(columns))), rng.normal(size=rows)
    of_columns, found = rng.normal(size=padded(columns)), []
    for some in (drawn, drawn[:3]):
        sums = Sums(Packed(code(), some), dtype, columns)
        for _ in range(2):
            sums.add(0, matrix, of_rows, of_columns, 0.3)
        found.append(sums.values())
    np.testing.assert_array_equal(found[0][:3], found[1])


@pytest.mark.parametrize("size", [1, 7, 8, 48, 49, 100, 200, 333])
def test_half_of_a_symmetric_matrix_gives_its_forms(size):
    """What stands beyond its columns is no matter."""
    rng = np.random.default_rng(size)
    drawn, half = rng.random((70, size)) < 0.5, rng.normal(size=(size, size))
    matrix, shift = np.full((size, padded(size)), np.nan), np.zeros(padded(size))
    matrix[:, :size] = half + half.T
    shift[:size] = rng.normal(size=size)
    found = halves_of_forms(Packed(code(), drawn), matrix, shift, 0.5)
    entries = 0.5 * matrix[:, :size] + shift[:size, None] + shift[:size]
    expected = ((drawn @ entries) * drawn).sum(1)
    atol = 2.0**-50 * np.abs(entries).sum()
    np.testing.assert_allclose(2 * found, expected, rtol=0, atol=atol)


@pytest.mark.parametrize(
    ("rows", "columns", "width"), [(1, 16, 1), (7, 16, 9), (60, 48, 48), (150, 32, 27)]
)
def test_the_first_look_at_a_block(rows, columns, width):
    """What stands beyond the columns counts for nothing."""
    block = np.random.default_rng(rows).normal(size=(rows, columns))
    block[:, width:] = np.nan
    down, found, within = np.ones((2, width)), np.array([3.0, 0.5]), rows // 2
    across = code().survey(block, width, within, down, found)
    entries = block[:, :width]
    np.testing.assert_allclose(across, entries.sum(1), rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(down[0], 1 + entries.sum(0), rtol=1e-12, atol=1e-12)
    squares = np.square(entries).sum() + np.square(entries[within:]).sum()
    assert found == pytest.approx([3 + squares, max(0.5, np.abs(entries).max())], rel=1e-13)


def oracle(matrix, n, drawn, factor, *, biased):
    """(1 + #{null ≥ observed}) / (1 + k) from the whole matrix in float64; ties within 1e-11."""
    if not biased:
        matrix = matrix - np.diag(np.diag(matrix))
    m = len(matrix) - n
    of_x = (drawn if n <= m else ~drawn).astype(float)
    sums = of_x @ matrix
    within, row_sums = (sums * of_x).sum(1), sums.sum(1)
    without_x = matrix.sum() - 2 * row_sums + within
    pairs = n * (n - (not biased)), m * (m - (not biased))
    values = within / pairs[0] + without_x / pairs[1] - 2 * (row_sums - within) / (n * m)
    values *= factor
    tied = np.abs(values - values[0]) <= 1e-11 * np.abs(matrix).max()
    return np.where(tied | (values > values[0]), 1, 0).sum() / len(values)


@pytest.mark.parametrize(("n", "m"), [(40, 41), (60, 300), (130, 62), (701, 344), (300, 900)])
@pytest.mark.parametrize("kind", ["plain", "ties"])
def test_pvalues_are_those_of_the_whole_matrix(n, m, kind):
    """Below and above 1,024 rows, 999 permutations, three seeds; with ties, whole numbers."""
    for seed in range(3):
        rng = np.random.default_rng(seed)
        x, y = rng.normal(size=(n, 2)), rng.normal(0.05, size=(m, 2))
        if kind == "ties":
            x, y = np.round(x[:, :1] / 2), np.round(y[:, :1] / 2)
        rows = np.concatenate([x, y])
        drawn = smaller_group_labels(n, m, 999, np.random.default_rng(seed))
        distances = cdist(rows, rows)
        energy = energy_test(x, y, permutations=999, rng=seed)
        assert energy.pvalue == oracle(distances, n, drawn, -1.0, biased=True)
        kernel = np.exp(-(distances**2) / 2)
        for biased in (False, True):
            estimator = "biased" if biased else "unbiased"
            options = {"bandwidth": 1.0, "permutations": 999, "rng": seed, "estimator": estimator}
            found = mmd_test(x, y, **options)
            assert found.pvalue == oracle(kernel, n, drawn, 1.0, biased=biased)


@pytest.mark.parametrize("test", [mmd_test, energy_test])
@pytest.mark.parametrize(("n", "m"), [(2, 1500), (100, 90), (600, 601)])
def test_nothing_compiled_gives_the_same(test, n, m, monkeypatch):
    rng = np.random.default_rng(n)
    x, y = rng.normal(size=(n, 3)), rng.normal(0.1, size=(m, 3))
    fast = test(x, y, permutations=499, rng=1)
    without(monkeypatch)
    plain = test(x, y, permutations=499, rng=1)
    assert fast.pvalue == plain.pvalue
    assert fast.statistic == pytest.approx(plain.statistic, rel=1e-10)
    spread = plain.null_distribution.std()
    np.testing.assert_allclose(
        fast.null_distribution, plain.null_distribution, rtol=0, atol=1e-5 * spread
    )


def test_tests_in_several_threads_at_once():
    """Four at a time are what each is alone, bit for bit."""
    rng = np.random.default_rng(0)
    samples = [rng.normal(size=(2, size, 2)) for size in (60, 700, 150, 40) * 2]

    def both(pair):
        return [test(*pair, permutations=499, rng=4) for test in (mmd_test, energy_test)]

    alone = [both(pair) for pair in samples]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(both, samples))
    for one, other in zip(alone, together, strict=True):
        for before, after in zip(one, other, strict=True):
            assert before.pvalue == after.pvalue
            np.testing.assert_array_equal(before.null_distribution, after.null_distribution)


def test_what_cannot_be_compiled_is_told_once(monkeypatch, caplog):
    def broken():
        raise RuntimeError("no target")

    monkeypatch.setattr("gan_eval.runtime.machine_code.processor", broken)
    compiled._label_code.cache_clear()
    try:
        assert code_for(1000, 1000) is None
        assert code_for(1000, 1000) is None
        assert [record.levelname for record in caplog.records] == ["WARNING"]
    finally:
        compiled._label_code.cache_clear()
    assert labels.code_for is products.code_for is code_for
