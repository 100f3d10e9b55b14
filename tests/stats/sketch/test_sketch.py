"""Sketches: what they hold, how they add up, and what they refuse."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import torch
from scipy.spatial.distance import cdist

from gan_eval.runtime.errors import CannotTestError, UsageError
from gan_eval.stats.permutation.lowrank_path import SMOOTH
from gan_eval.stats.sketch import Reference, Sketch
from gan_eval.stats.sketch.dealing import deal, key_of
from gan_eval.stats.twosample import mmd2

REFERENCE = Reference.of(np.random.default_rng(0).normal(size=(1000, 2)))
ROWS = np.random.default_rng(1).normal(size=(30_001, 2))


def same(one: Sketch, other: Sketch) -> None:
    np.testing.assert_array_equal(one.counts, other.counts)
    np.testing.assert_allclose(one.sums, other.sums, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(
        one.residuals.to_array(), other.residuals.to_array(), rtol=1e-9, atol=1e-9
    )
    assert one.spans == other.spans


def test_a_cell_holds_the_kernel_sums_of_the_rows_dealt_to_it() -> None:
    rows = ROWS[:500]
    sketch = Sketch(REFERENCE, stream="a", cells=256, seed=5).update(rows, 40)
    cells = deal(key_of(5, "a"), 40, 500, 256)
    points = (rows - REFERENCE.mean) @ REFERENCE.whitening
    squared = cdist(points, REFERENCE.pivots, "sqeuclidean")
    kernel = np.exp(-squared / (2 * REFERENCE.bandwidth**2))
    for cell in range(256):
        np.testing.assert_allclose(
            sketch.sums[cell], kernel[cells == cell].sum(axis=0), rtol=1e-11, atol=1e-11
        )
    np.testing.assert_array_equal(sketch.counts, np.bincount(cells, minlength=256))
    assert sketch.spans == {"a": [(40, 540)]}
    whole = REFERENCE.standardised(kernel.mean(axis=0))
    np.testing.assert_allclose(sketch.mean_embedding(), whole, atol=1e-9)


def test_merged_sketches_are_those_of_one_pass() -> None:
    whole = Sketch(REFERENCE, stream="a").update(ROWS)
    bounds = (0, 7, 9_000, 20_000, 30_001)
    parts = [
        Sketch(REFERENCE, stream="a").update(ROWS[start:stop], start)
        for start, stop in pairwise(bounds)
    ]
    same(parts[2].merge(parts[0], parts[3], parts[1]), whole)
    batches = Sketch(REFERENCE, stream="a")
    for start in range(0, len(ROWS), 4001):
        batches.update(ROWS[start : start + 4001])
    same(batches, whole)


def test_merging_leaves_what_is_merged_as_it_was() -> None:
    one, two = (Sketch(REFERENCE, stream=s).update(ROWS[:100]) for s in ("a", "b"))
    before = one.sums.copy()
    both = one.merge(two)
    both.update(ROWS[:10])
    np.testing.assert_array_equal(one.sums, before)
    assert (one.n, two.n, both.n) == (100, 100, 210)
    assert one.spans == {"a": [(0, 100)]}


def test_no_rows_are_no_change() -> None:
    sketch = Sketch(REFERENCE).update(np.zeros((0, 2)))
    assert (sketch.n, sketch.stream, sketch.spans) == (0, None, {})
    same(sketch.update(ROWS[:50]).merge(Sketch(REFERENCE)), Sketch(REFERENCE).update(ROWS[:50]))


def test_the_same_rows_twice_are_refused() -> None:
    sketch = Sketch(REFERENCE, stream="a").update(ROWS[:100])
    for again in (
        lambda: sketch.update(ROWS[:100], 99),
        lambda: sketch.merge(Sketch(REFERENCE, stream="a").update(ROWS[:50], 20)),
    ):
        with pytest.raises(UsageError, match="already"):
            again()
    # Without a stream's name the rows name it.
    unnamed = Sketch(REFERENCE).update(ROWS[:100])
    with pytest.raises(UsageError, match="already"):
        unnamed.merge(Sketch(REFERENCE).update(ROWS[:100]))
    assert unnamed.merge(Sketch(REFERENCE).update(ROWS[100:200])).n == 200


@pytest.mark.parametrize(
    "other",
    [
        Sketch(REFERENCE, stream="b", seed=1),
        Sketch(REFERENCE, stream="b", cells=512),
        Sketch(Reference.of(ROWS), stream="b"),
        Sketch(Reference.of(np.random.default_rng(0).normal(size=(1000, 2)), bandwidth=1.0)),
    ],
)
def test_what_does_not_add_up_is_refused(other: Sketch) -> None:
    with pytest.raises(UsageError, match="`other`"):
        Sketch(REFERENCE, stream="a").merge(other)


def test_all_kinds_of_rows_are_read() -> None:
    reference = Reference.of(pd.DataFrame(ROWS[:1000], columns=["u", "v"]))
    whole = Sketch(reference, stream="a").update(ROWS[:200])
    table = pa.table({"u": ROWS[:200, 0], "v": ROWS[:200, 1]})
    kinds = (
        pd.DataFrame(ROWS[:200], columns=["u", "v"]),
        table,
        table.to_batches()[0],
        pa.concat_tables([table.slice(0, 60), table.slice(60)]),
        torch.from_numpy(ROWS[:200]),
        ROWS[:200].tolist(),
        np.asfortranarray(ROWS[:200]),
    )
    for rows in kinds:
        same(Sketch(reference, stream="a").update(rows), whole)
    single = ROWS[:200].astype(np.float32)
    half = Sketch(reference, stream="a").update(single)
    same(half, Sketch(reference, stream="a").update(single.astype(np.float64)))
    assert Sketch(Reference.of(ROWS[:500, 0]), stream=1).update(ROWS[:9, 0]).n == 9


@pytest.mark.parametrize(
    ("rows", "named"),
    [
        (np.where(np.arange(20)[:, None] == 7, np.nan, ROWS[:20]), "position 1007, column 0"),
        (np.where(np.arange(20)[:, None] == 3, np.inf, ROWS[:20]), "position 1003"),
        (ROWS[:5, :1], "2 columns"),
        (np.zeros((2, 2, 2)), "`rows`"),
        ([["a", "b"]], "`rows`"),
        (pa.table({"x1": [1.0, None], "x2": [1.0, 2.0]}), "x1"),
        (pa.table({"x1": ["a", "b"], "x2": [1.0, 2.0]}), "x1"),
        (np.array([[2**53 + 1, 0]]), "`rows`"),
    ],
)
def test_rows_that_are_no_finite_numbers_are_refused_and_leave_nothing(
    rows: object, named: str
) -> None:
    sketch = Sketch(REFERENCE, stream="a").update(ROWS[:10])
    before = sketch.sums.copy()
    with pytest.raises(UsageError, match=named):
        sketch.update(rows, 1000)
    np.testing.assert_array_equal(sketch.sums, before)
    assert sketch.spans == {"a": [(0, 10)]}


def test_columns_in_another_order_are_refused() -> None:
    frame = pd.DataFrame(ROWS[:1000], columns=["u", "v"])
    with pytest.raises(UsageError, match="columns of the reference"):
        Sketch(frame, stream="a").update(frame[["v", "u"]])


@pytest.mark.parametrize("kernel", SMOOTH)
@pytest.mark.parametrize("d", [1, 2])
def test_mmd2_is_within_its_bound_of_the_exact_one(kernel: str, d: int) -> None:
    for seed, tolerance in ((0, 1e-7), (1, 1e-4), (2, 1e-2)):
        rng = np.random.default_rng([seed, d])
        map_, offset = rng.normal(size=(d, d)), 10.0
        reference = Reference.of(
            rng.normal(size=(600, d)) @ map_ + offset, kernel, tolerance=tolerance
        )
        x = rng.normal(size=(700, d)) @ map_ + offset
        y = 1.2 * rng.normal(size=(500, d)) @ map_ + offset
        y[:5] += 30  # where the reference has no rows
        found, bound = Sketch(reference).update(x).mmd2(Sketch(reference).update(y))
        white = reference.whitening
        exact = mmd2(
            x,
            y,
            kernel=kernel,
            bandwidth=reference.bandwidth,
            whiten=(reference.mean, np.linalg.inv(white @ white.T)),
        )
        assert abs(found - exact) <= bound
        assert bound < (0.005 if seed < 2 else 0.05)


def test_the_bound_from_a_share_of_the_rows_is_that_of_all() -> None:
    """Beyond the first rows of a stream residuals are of a random share, in any order of rows."""
    rows = np.random.default_rng(3).normal(size=(200_000, 2))
    rows = rows[np.argsort(rows[:, 0] ** 2 + rows[:, 1] ** 2)]
    sketch = Sketch(REFERENCE, stream="a").update(rows)
    standard = REFERENCE.standardised(REFERENCE.features(rows))
    exact = np.sqrt(np.maximum(1 - (standard**2).sum(axis=1), 0.0)).mean()
    assert exact < sketch.residuals.bound(sketch.n) < 2 * exact
    assert sketch.residuals.share.count == pytest.approx((200_000 - 2**13) / 32, rel=0.05)


def test_few_rows_and_other_things_are_no_side() -> None:
    sketch = Sketch(REFERENCE, stream="a").update(ROWS[:10])
    with pytest.raises(CannotTestError, match="rows"):
        sketch.test(Sketch(REFERENCE, stream="b"))
    with pytest.raises(UsageError, match="`other`"):
        sketch.test(ROWS)  # pyright: ignore[reportArgumentType]
    with pytest.raises(UsageError, match="`other`"):
        sketch.mmd2(Sketch(Reference.of(ROWS), stream="b").update(ROWS[:10]))
    with pytest.raises(UsageError, match="`start`"):
        sketch.update(ROWS[:10], -1)
