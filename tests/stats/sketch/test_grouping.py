"""Blocks of exactly equal counts, from cells, by their counts alone."""

from __future__ import annotations

import numpy as np
import pytest

from gan_eval.stats.sketch.dealing import OCTAVES
from gan_eval.stats.sketch.grouping import _GOOD, _cost, _sizes, equal_blocks, grouping

SHARES = np.repeat(0.5 ** np.arange(1, OCTAVES + 1), 128)
SHARES /= SHARES.sum()


def counts(n: int, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).multinomial(n, SHARES)


@pytest.mark.parametrize("ratio", [1, 1.37, 3, 10, 30, 100, 0.1])
@pytest.mark.parametrize("n", [30, 100, 1000, 10_000, 10**6, 10**9, 10**11])
def test_all_blocks_of_both_sides_have_the_same_count(n: int, ratio: float) -> None:
    x, y = counts(n, 1), counts(int(n * ratio), 2)
    found = grouping(x, y)
    assert found is not None
    for side, groups, blocks in zip((x, y), (found.x, found.y), found.blocks, strict=True):
        assert len(groups) == len(side)
        assert groups.max() == blocks - 1
        for block in range(blocks):
            assert side[groups == block].sum() == found.size


@pytest.mark.parametrize("n", [1000, 10**6, 10**11])
def test_nearly_all_rows_of_like_sides_are_used(n: int) -> None:
    for ratio in (1.0, 1.1, 1.37, 2.0, 2.9):
        x, y = counts(n, 3), counts(int(n * ratio), 4)
        found = grouping(x, y)
        assert found is not None
        assert min(found.blocks) >= 48
        assert found.size * found.blocks[0] > 0.97 * n
        assert found.size * found.blocks[1] > 0.95 * int(n * ratio)


@pytest.mark.parametrize(("n", "m"), [(20, 20), (60, 70), (300, 900), (40, 4000)])
def test_it_is_the_best_of_all_sizes_or_the_first_good_one(n: int, m: int) -> None:
    """Sizes that are left out as too dear would not have been chosen."""
    for seed in range(10):
        x, y = counts(n, seed), counts(m, 100 + seed)
        best, chosen = np.inf, None
        for size, most in _sizes(x, y):
            blocks = equal_blocks(x, size, n // size)[1], equal_blocks(y, size, most)[1]
            if min(blocks) and _cost(size, blocks, n, m) < best:
                best, chosen = _cost(size, blocks, n, m), (size, blocks)
            if best < _GOOD:
                break
        found = grouping(x, y)
        assert found is not None
        assert (found.size, found.blocks) == chosen


def test_sides_change_places() -> None:
    x, y = counts(1000, 5), counts(4000, 6)
    one, two = grouping(x, y), grouping(y, x)
    assert one is not None
    assert two is not None
    assert one.blocks == two.blocks[::-1]
    np.testing.assert_array_equal(one.x, two.y)
    np.testing.assert_array_equal(one.y, two.x)


def test_where_no_counts_are_equal_there_are_no_blocks() -> None:
    assert grouping(np.array([3, 0]), np.array([5, 7])) is None
    assert equal_blocks(np.array([3, 5]), 4, 2)[1] == 0


def test_a_block_is_filled_up_by_an_exchange() -> None:
    # 5 goes first and leaves room for 1; no cell is of 1 row, but 4 + 2 = 6 is to be had by 5 → 6.
    groups, full = equal_blocks(np.array([5, 6]), 6, 1)
    assert full == 1
    assert groups.tolist() == [-1, 0]
