"""The p-value: an oracle by enumeration, its level, its power, and what it cannot tell."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from scipy.spatial.distance import cdist
from scipy.stats import binom

from gan_eval.runtime.errors import CannotTestError, UsageError
from gan_eval.stats.permutation.labels import permutation_labels
from gan_eval.stats.result import Verdict
from gan_eval.stats.sketch import Reference, Sketch, test_days
from gan_eval.stats.sketch.dealing import deal, key_of
from gan_eval.stats.sketch.distances import block_means
from gan_eval.stats.sketch.grouping import equal_blocks, grouping
from gan_eval.stats.twosample import mmd_test

REFERENCE = Reference.of(np.random.default_rng(0).normal(size=(1000, 2)))


def sides(x: np.ndarray, y: np.ndarray, name: object = 0) -> tuple[Sketch, Sketch]:
    return (
        Sketch(REFERENCE, stream=f"{name}/real").update(x),
        Sketch(REFERENCE, stream=f"{name}/generated").update(y),
    )


@pytest.mark.parametrize(
    ("n", "m", "cells"),
    [(4, 5, 4096), (5, 5, 4096), (3, 9, 4096), (14, 4, 4096), (100, 150, 32), (60, 60, 64)],
)
def test_the_pvalue_is_that_of_all_labellings_of_the_rows(n: int, m: int, cells: int) -> None:
    """An oracle of the rows themselves: their blocks, all labellings, the whole kernel."""
    rng = np.random.default_rng([n, m])
    x, y = rng.normal(size=(n, 2)), rng.normal(0.8, 1, size=(m, 2))
    real = Sketch(REFERENCE, "real", cells).update(x)
    generated = Sketch(REFERENCE, "generated", cells).update(y)
    blocks = grouping(real.counts, generated.counts)
    assert blocks is not None
    points = (np.concatenate([x, y]) - REFERENCE.mean) @ REFERENCE.whitening
    kernel = np.exp(-cdist(points, points, "sqeuclidean") / (2 * REFERENCE.bandwidth**2))
    members = []
    for sketch, groups, first, size in ((real, blocks.x, 0, n), (generated, blocks.y, n, m)):
        dealt = deal(key_of(0, str(sketch.stream)), 0, size, cells)
        for block in range(groups.max() + 1):
            rows = np.flatnonzero(groups[dealt] == block)
            assert len(rows) == blocks.size
            members.append(first + rows)
    total, of_x = len(members), blocks.blocks[0]

    def statistic(chosen: tuple[int, ...]) -> float:
        weights = np.zeros(n + m)
        for block, rows in enumerate(members):
            share = 1 / of_x if block in chosen else -1 / (total - of_x)
            weights[rows] += share / blocks.size
        return float(weights @ kernel @ weights)

    values = [statistic(chosen) for chosen in itertools.combinations(range(total), of_x)]
    expected = np.mean(np.array(values) >= values[0] - 1e-9)
    found = real.test(generated, permutations=max(len(values), 1), alpha=0.9)
    assert found.pvalue == pytest.approx(expected, abs=1e-12)
    assert found.statistic == pytest.approx(values[0], abs=2e-3)
    assert found.permutations == len(values) - 1
    assert found.left_real == n - of_x * blocks.size


def rejections(n: int, m: int, order: str, nulls: int) -> int:
    count = 0
    for seed in range(nulls):
        rng = np.random.default_rng([seed, n, m])
        rows = [rng.normal(size=(size, 2)) for size in (n, m)]
        if order == "sorted":
            rows = [side[np.argsort(side[:, 0])] for side in rows]
        if order == "drifting":
            rows = [side[np.argsort(side[:, 0] + rng.normal(size=len(side)))] for side in rows]
        real, generated = sides(*rows, name=seed)
        count += real.test(generated, permutations=99, rng=rng).pvalue <= 0.05
    return count


def inside(count: int, nulls: int, level: float = 0.99) -> bool:
    low, high = binom.interval(level, nulls, 0.05)
    return low <= count <= high


@pytest.mark.parametrize(("n", "m", "order"), [(60, 60, "sorted"), (40, 400, "as drawn")])
def test_equal_distributions_are_told_apart_as_often_as_said(n: int, m: int, order: str) -> None:
    assert inside(rejections(n, m, order, 200), 200)


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("n", "m", "order"),
    [
        (8, 8, "drifting"),
        (20, 30, "sorted"),
        (60, 60, "drifting"),
        (1000, 1000, "sorted"),
        (1000, 1000, "drifting"),
        (300, 3000, "as drawn"),
        (300, 3000, "sorted"),
        (20, 2000, "sorted"),
    ],
)
def test_the_level_holds_over_2000_nulls(n: int, m: int, order: str) -> None:
    """By chance one in 1,000 of these would be outside; few labellings reject less often."""
    found = rejections(n, m, order, 2000)
    low, high = binom.interval(0.999, 2000, 0.05)
    assert found <= high
    assert found >= low or n < 20


def test_unequal_blocks_would_be_seen_by_the_test_of_the_level() -> None:
    """The mutation: labels of 16 blocks of each side are permuted, whatever their counts."""
    rejected = 0
    for seed in range(60):
        rng = np.random.default_rng(seed)
        sums, counts = [], []
        for sketch in sides(rng.normal(size=(3200, 2)), rng.normal(size=(320, 2)), seed):
            groups, blocks = equal_blocks(sketch.counts, sketch.n // 17, 16)
            sums.append(block_means(sketch, groups, blocks, 1))
            counts += [sketch.n // 17] * blocks
        labels = permutation_labels(16, 16, 99, rng)
        labels = np.concatenate([[np.arange(32) < 16], labels]).astype(float)
        of_x, of_y = (
            side @ np.concatenate(sums) / (side @ np.array(counts))[:, None]
            for side in (labels, 1 - labels)
        )
        values = ((of_x - of_y) ** 2).sum(axis=1)
        rejected += (values >= values[0]).mean() <= 0.05
    assert rejected > 30
    assert not inside(rejected, 60, 0.999999)


def test_it_finds_what_the_full_test_finds() -> None:
    agree = []
    for seed in range(6):
        rng = np.random.default_rng(seed)
        x, y = rng.normal(size=(2000, 2)), rng.normal(0.1, 1, size=(2000, 2))
        real, generated = sides(x, y)
        full = mmd_test(x, y, permutations=199, rng=0, whiten=None)
        agree.append((real.test(generated, 199).pvalue, full.pvalue))
    assert np.mean(np.array(agree) <= 0.05, axis=0).tolist() == [1.0, 1.0]


@pytest.mark.thorough
@pytest.mark.parametrize(("shift", "scale"), [(0.03, 1.0), (0.0, 1.025)])
def test_power_is_nine_tenths_of_the_full_tests(shift: float, scale: float) -> None:
    found = []
    for seed in range(100):
        rng = np.random.default_rng([7, seed])
        x, y = rng.normal(size=(10_000, 2)), rng.normal(size=(10_000, 2)) * scale
        y[:, 0] += shift
        real, generated = sides(x, y)
        white = REFERENCE.whitening
        law = REFERENCE.mean, np.linalg.inv(white @ white.T)
        full = mmd_test(x, y, bandwidth=REFERENCE.bandwidth, whiten=law, permutations=199, rng=seed)
        found.append((real.test(generated, 999).pvalue, full.pvalue))
    sketch, whole = (np.array(found) <= 0.05).mean(axis=0)
    assert 0.3 < whole < 0.95
    assert sketch >= 0.9 * whole


def test_where_no_pvalue_is_low_enough_it_could_not_tell() -> None:
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(3, 2)), rng.normal(5, 1, size=(3, 2))
    found = sides(x, y)[0].test(sides(x, y)[1])
    assert found.verdict is Verdict.COULD_NOT_TELL
    assert found.least_pvalue == pytest.approx(0.1)
    assert math.isnan(found.pvalue)
    assert found.mmd2 > 0.1
    assert found.worth is None
    # Rows that all coincide.
    same = [Sketch(REFERENCE, stream=name).update(np.zeros((500, 2))) for name in "ab"]
    assert same[0].test(same[1]).verdict is Verdict.COULD_NOT_TELL
    # A side so large that each of its cells is larger than all of the other.
    few, many = sides(rng.normal(size=(20, 2)), rng.normal(3, 1, size=(20, 2)))
    many.counts *= 10**9
    many.sums *= 10**9
    huge = few.test(many)
    assert huge.verdict is Verdict.COULD_NOT_TELL
    assert math.isnan(huge.pvalue)
    assert huge.mmd2 > 0.5


def test_where_the_kernel_vanishes_nothing_is_told_and_the_bound_is_no_more_than_can_be() -> None:
    x, y = 1e6 + np.random.default_rng(0).normal(size=(2, 2000, 2))
    real, generated = sides(x, y + 1e3)
    found = real.test(generated)
    assert found.verdict is Verdict.COULD_NOT_TELL
    assert math.isnan(found.pvalue)
    # 2 is the MMD² of two points; without bias it may be below 0 by 1/(n−1) + 1/(m−1).
    assert found.mmd2 == pytest.approx(-2 / 1999)
    assert found.bound == pytest.approx(2 + 2 / 1999)
    assert found.worth is None


@pytest.mark.parametrize("d", [2, 12])
def test_the_references_own_rows_are_no_side_where_that_makes_p_inexact(d: int) -> None:
    """With 40 + 40 rows of 12 columns equal distributions would be told apart in 0.3 of cases."""
    for seed in range(20):
        own, other, generated = np.random.default_rng([seed, d]).normal(size=(3, 40, d))
        reference = Reference.of(own)
        made = Sketch(reference, stream="generated").update(generated)
        for x, of_itself in ((own, d == 12), (other, False)):
            found = Sketch(reference, stream="real").update(x).test(made, permutations=99)
            assert found.from_reference is of_itself
            assert math.isnan(found.pvalue) is of_itself
            assert (found.verdict is Verdict.COULD_NOT_TELL) is of_itself
            assert ("take other real rows" in repr(found)) is of_itself


def test_sides_dealt_by_the_same_numbers_are_refused() -> None:
    rows = np.random.default_rng(0).normal(size=(100, 2))
    one, two = (Sketch(REFERENCE, stream="a").update(rows + shift) for shift in (0, 1))
    with pytest.raises(UsageError, match="`stream`"):
        one.test(two)
    three = Sketch(REFERENCE, stream="a", seed=1).update(rows + 1)
    assert one.test(three).told_apart
    # Streams named by their rows differ.
    assert Sketch(REFERENCE).update(rows).test(Sketch(REFERENCE).update(rows + 1)).told_apart


def test_days_are_exchanged_whole() -> None:
    rng = np.random.default_rng(0)
    days = [
        Sketch(REFERENCE, stream=day).update(rng.normal(rng.normal(), 0.1, size=(200, 2)))
        for day in range(12)
    ]
    found = test_days(days[:6], days[6:])
    assert found.permutations == math.comb(12, 6) - 1
    assert found.rows_in_block == 200
    assert found.pvalue > 0.01
    assert "days" in found.assumption
    # Rows of a day depend on each other: as independent rows they would be told apart.
    assert days[0].merge(*days[1:6]).test(days[6].merge(*days[7:])).told_apart
    with pytest.raises(CannotTestError, match="equal counts"):
        test_days([days[0]], [days[1].merge(days[2])])
    with pytest.raises(UsageError, match="`generated`"):
        test_days(days, [])


def test_the_result_is_a_row_of_a_table() -> None:
    rng = np.random.default_rng(0)
    real, generated = sides(rng.normal(size=(500, 2)), rng.normal(1, 1, size=(700, 2)))
    found = real.test(generated, permutations=99)
    row = found.to_series()
    assert row["pvalue"] == found.pvalue == 0.01
    assert (row["n"], row["m"], row["verdict"]) == (500, 700, "told_apart")
    assert found.left_real + found.blocks_real * found.rows_in_block == 500
    assert found.left_generated + found.blocks_generated * found.rows_in_block == 700
    assert row["worth_low"] < row["worth"] < row["worth_high"]
