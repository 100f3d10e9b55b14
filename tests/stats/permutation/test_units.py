"""Units of exchange: groups and bundles keep together what belongs together."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from gan_eval.runtime.errors import UsageError
from gan_eval.stats.permutation import units as module
from gan_eval.stats.permutation.labels import rarest_split
from gan_eval.stats.permutation.null import NullLabels
from gan_eval.stats.permutation.units import Units
from gan_eval.stats.twosample import permuted_moments


def some_groups() -> Units:
    """Groups of 1, 1, 2, 3 rows in x, and of 1, 2, 2, 4 in y."""
    return Units.of_groups(([0, 1, 2, 2, 3, 3, 3], [0, 1, 1, 2, 2, 3, 3, 3, 3]), 7, 9)


@pytest.mark.parametrize("turned", [False, True])
def test_groups_stay_together_and_change_places_with_those_of_their_size(turned):
    units = some_groups()
    if turned:
        units = Units(units.of_rows[::-1].max() - units.of_rows[::-1], 9)
    labels = units.draw(3000, np.random.default_rng(0))
    on_rows = units.on_rows(labels)
    assert (on_rows.sum(axis=1) == 7).all()
    assert on_rows[0].tolist() == [i < 7 if not turned else i >= 9 for i in range(16)]
    sizes = units.sizes
    for size in np.unique(sizes):
        kept = labels[:, sizes == size].sum(axis=1)
        assert (kept == kept[0]).all()
    # Each of the 3 · 3 splits: 1000/3 of 3000 with a standard deviation of 17.
    codes = labels[1:] @ (2 ** np.arange(len(sizes)))
    counts = np.unique(codes, return_counts=True)[1]
    assert len(counts) == 9
    assert np.abs(counts - 3000 / 9).max() < 5 * 17.3


@pytest.mark.parametrize("seed", range(5))
def test_the_rarest_split_of_groups_is_that_of_an_enumeration(seed):
    generator = np.random.default_rng(seed)
    sizes = [1, 1, 2, 1, 1, 2, 2]
    codes = np.repeat(np.arange(7), sizes)
    n, first = 4, 3
    pooled = generator.integers(0, 2, size=(len(codes), 1)).astype(float)
    units = Units(codes, n)
    held = [tuple(sorted(pooled[codes == u, 0])) for u in range(7)]
    ways: dict[tuple, int] = {}
    strata = [[u for u in range(7) if sizes[u] == s] for s in (1, 2)]
    chosen = [
        list(itertools.combinations(stratum, sum(u < first for u in stratum))) for stratum in strata
    ]
    for split in itertools.product(*chosen):
        key = tuple(tuple(sorted(held[u] for u in part)) for part in split)
        ways[key] = ways.get(key, 0) + 1
    mirrored = all(2 * sum(u < first for u in stratum) == len(stratum) for stratum in strata)
    least = min(ways.values()) / sum(ways.values()) * (2 if mirrored else 1)
    assert units.rarest(pooled) == pytest.approx(least)


def test_rows_alone_have_the_rarest_split_of_rows():
    pooled = np.random.default_rng(0).integers(0, 3, size=(12, 1)).astype(float)
    assert Units.of_rows_alone(5, 7).rarest(pooled) == pytest.approx(rarest_split(pooled, 5))
    assert Units.of_rows_alone(6, 6).rarest(pooled) == pytest.approx(rarest_split(pooled, 6))


def test_nothing_can_be_exchanged_where_no_size_is_in_both():
    units = Units.of_groups((["a", "a"], ["b", "b", "b"]), 2, 3)
    assert units.exchanged == 0
    assert units.rarest(np.arange(5.0)[:, None]) == 1.0
    assert (units.draw(9, np.random.default_rng(0)) == [True, False]).all()


def test_bundles_hold_all_rows_of_one_sample_each(monkeypatch):
    monkeypatch.setattr(module, "BUNDLES", 10)
    monkeypatch.setattr(module, "_FEWEST", 3)
    n, m = 23, 38
    bundles = Units.of_rows_alone(n, m).bundled(np.random.default_rng(0))
    assert np.array_equal(np.bincount(bundles.of_rows), bundles.sizes)
    sides = [set((np.flatnonzero(bundles.of_rows == u) < n).tolist()) for u in range(bundles.count)]
    assert all(len(side) == 1 for side in sides)
    assert set(bundles.sizes.tolist()) <= {1, 7}
    assert (
        bundles.on_rows(bundles.draw(50, np.random.default_rng(1))).sum(axis=1).tolist()
        == [23] * 51
    )


def test_bundles_of_pairs_exchange_pairs(monkeypatch):
    monkeypatch.setattr(module, "BUNDLES", 4)
    monkeypatch.setattr(module, "_FEWEST", 1)
    bundles = NullLabels.of("wild", 9, 9).bundles(np.random.default_rng(0))
    on_rows = bundles.on_rows(bundles.draw(30, np.random.default_rng(1)))
    assert (on_rows[:, :9] != on_rows[:, 9:]).all()


def test_few_rows_are_no_bundles():
    units = Units.of_rows_alone(500, 500)
    assert units.bundled(np.random.default_rng(0)) is units
    lopsided = Units.of_rows_alone(30, 50_000).bundled(np.random.default_rng(0))
    assert lopsided.count == 50_030


def test_moments_of_units_are_those_of_rows():
    generator = np.random.default_rng(0)
    rows = generator.normal(size=(21, 3))
    units = Units.of_groups((np.arange(9) // 3, np.arange(12) // 3), 9, 12)
    labels = units.draw(10, generator)
    sums = permuted_moments._unit_sums(rows, units, True)
    found = permuted_moments._of_units(sums, labels, 9, 3)
    true = permuted_moments._moments(rows, units.on_rows(labels), True)
    for one, other in zip(found, true, strict=True):
        assert one == pytest.approx(other)


def test_thinning_looks_at_sizes_alone():
    generator = np.random.default_rng(0)
    sizes = generator.integers(1, 60, size=40)
    codes = np.repeat(np.arange(40), sizes)
    for n in (int(sizes[:10].sum()), int(sizes[:25].sum())):
        kept = Units(codes, n).thinning(np.random.default_rng(1))
        assert kept is not None
        left = np.bincount(codes[kept])
        assert (3 * left > 2 * sizes * 0.999).all()
        assert set(left.tolist()) <= {1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48}
    assert Units(np.repeat(np.arange(20), 3), 30).thinning(generator) is None


@pytest.mark.parametrize(
    ("groups", "words"),
    [
        (([1, 2], [1]), "a group for each of the 3 rows of x, got 2"),
        (([1, 2, None], [1, 2]), "got none for row 2 of x"),
        ("ab", "two lists"),
    ],
)
def test_groups_that_cannot_be_used_are_refused(groups, words):
    with pytest.raises(UsageError, match=words):
        NullLabels.of("permutation", 3, 2, groups)
    with pytest.raises(UsageError, match="by null='permutation', not by 'wild'"):
        NullLabels.of("wild", 2, 2, ([1, 2], [1, 2]))
