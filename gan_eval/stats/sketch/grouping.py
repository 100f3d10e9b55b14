"""Blocks of exactly equal counts, made of cells by their counts alone.

Given all counts, the rows in the cells are independent draws of each other: dealing is blind to
them. A choice of cells that looks at counts only changes nothing of that. So blocks of equal counts
are exchangeable where both sides have one distribution, and the permutation test of them is exact;
blocks of unequal counts are not, and a test that permutes them rejects far too often.
"""

from __future__ import annotations

import heapq
import math
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gan_eval.stats.sketch.dealing import OCTAVES

Counts = NDArray[np.int64]
Groups = NDArray[np.intp]

BLOCKS = 64
"""Blocks wanted on the side with fewer rows."""

# The blocks of a side as a share of the cells of one octave: each takes about one cell of each.
_MOST_SHARE = 1.5
# Rows of each block that are given up where all of them do not come out even.
_SLACKS = (0.0, 0.005, 0.02)
_CANDIDATES = (BLOCKS, 48, 32, 24, 16, 12, 8, 6, 4, 3, 2, 1)
# What a grouping may fall short of the best imaginable and be taken at once.
_GOOD = 1.03


@dataclass(frozen=True)
class Grouping:
    """The block of each cell of both sides, −1 for those that are left over.

    Attributes
    ----------
    size : int
        Rows of every block.
    x, y : ndarray of int, shapes (cells of x,) and (cells of y,)
    blocks : (int, int)
    """

    size: int
    x: Groups
    y: Groups
    blocks: tuple[int, int]


def grouping(x: Counts, y: Counts) -> Grouping | None:
    """Return blocks of equal counts of both sides; None where there are none.

    Of the numbers of blocks and rows that are tried, those are taken under which a difference of
    the two sides is known best: with most rows used, and not too few blocks.

    Examples
    --------
    >>> found = grouping(np.array([3, 2, 1, 4]), np.array([5, 1, 4, 2, 3]))
    >>> found.size, found.blocks
    (5, (2, 3))
    """
    if x.sum() > y.sum():
        found = grouping(y, x)
        if found is None:
            return None
        return Grouping(found.size, found.y, found.x, (found.blocks[1], found.blocks[0]))
    n, m, cost, best = int(x.sum()), int(y.sum()), math.inf, None
    for size, most in _sizes(x, y):
        found = _of_size(x, y, size, most, cost)
        if found is None:
            continue
        cost, best = _cost(size, found.blocks, n, m), found
        if cost < _GOOD:
            break
    return best


def equal_blocks(counts: Counts, size: int, most: int) -> tuple[Groups, int]:
    """Return the block of each cell of one side, and how many blocks of ``size`` rows there are.

    Where the small cells do not suffice to even out ``most`` blocks, fewer are tried.

    Examples
    --------
    >>> equal_blocks(np.array([3, 2, 1, 4, 1]), 4, 2)
    (array([ 1, -1,  1,  0, -1]), 2)
    """
    tried = min(most, int(counts.sum()) // size)
    best, full = np.full(len(counts), -1, dtype=np.intp), 0
    listed = counts.tolist()
    largest_first = np.argsort(-counts, kind="stable")[: np.count_nonzero(counts)].tolist()
    while tried > full:
        blocks = _filled(listed, largest_first, size, tried)
        if len(blocks) > full:
            full = len(blocks)
            best[:] = -1
            for block, cells in enumerate(blocks):
                best[cells] = block
        tried = min(tried * 3 // 4, tried - 1)
    return best, full


def _filled(counts: list[int], largest_first: list[int], size: int, blocks: int) -> list[list[int]]:
    """Return the cells of each block, of so many that are tried; those that do not come out even
    are dropped."""
    rooms = [(-size, block) for block in range(blocks)]
    members: list[list[int]] = [[] for _ in range(blocks)]
    left: list[int] = []
    # The largest cell into the block with the most room: what is smaller evens it out.
    for cell in largest_first:
        room, block = rooms[0]
        if not room:
            break
        count = counts[cell]
        if count > -room:
            left.append(cell)
            continue
        members[block].append(cell)
        heapq.heapreplace(rooms, (room + count, block))
    pool = _Pool(counts, left)
    return [
        members[block]
        for room, block in sorted(rooms)
        if not room or pool.fill(members[block], -room)
    ]


class _Pool:
    """Cells that are left over, by which blocks are filled up."""

    def __init__(self, counts: list[int], cells: list[int]) -> None:
        self._counts = counts
        self._by_count: dict[int, list[int]] = defaultdict(list)
        for cell in cells:
            self._by_count[counts[cell]].append(cell)

    def fill(self, members: list[int], room: int) -> bool:
        """Add ``room`` rows to a block: a cell, or one in exchange for a smaller one."""
        if self._by_count.get(room):
            members.append(self._by_count[room].pop())
            return True
        for index, cell in enumerate(members):
            count = self._counts[cell]
            if self._by_count.get(count + room):
                members[index] = self._by_count[count + room].pop()
                self._by_count[count].append(cell)
                return True
        return False


def _sizes(x: Counts, y: Counts) -> Iterator[tuple[int, int]]:
    """Yield rows of a block, and the most blocks of the side with more rows."""
    n = int(x.sum())
    most = max(2, int(_MOST_SHARE * len(y) / OCTAVES))
    tried = set()
    for blocks in _CANDIDATES:
        for slack in _SLACKS:
            size = int(n / blocks * (1 - slack))
            if size > 0 and size not in tried:
                tried.add(size)
                yield size, max(most, BLOCKS)


def _of_size(x: Counts, y: Counts, size: int, most: int, below: float) -> Grouping | None:
    """Return the grouping of such blocks; None where there is none that costs less than ``below``.

    More blocks cost less, so that most sizes need not be tried.
    """
    n, m = int(x.sum()), int(y.sum())
    most = min(most, m // size)
    if most and _cost(size, (n // size, most), n, m) >= below:
        return None
    of_x, blocks_x = equal_blocks(x, size, n // size)
    if not blocks_x or (most and _cost(size, (blocks_x, most), n, m) >= below):
        return None
    of_y, blocks_y = equal_blocks(y, size, most)
    if not blocks_y or _cost(size, (blocks_x, blocks_y), n, m) >= below:
        return None
    return Grouping(size, of_x, of_y, (blocks_x, blocks_y))


def _cost(size: int, blocks: tuple[int, int], n: int, m: int) -> float:
    """Return the variance of a difference, in units of the least; few blocks know it less well."""
    used_x, used_y = (size * count for count in blocks)
    variance = (1 / used_x + 1 / used_y) / (1 / n + 1 / m)
    return variance * (1 + 3 / max(sum(blocks) - 2, 0.5))
