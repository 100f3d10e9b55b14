"""Units of exchange: rows that a permutation moves together, as the rows of one person.

Under equal distributions units of as many rows are exchangeable, also where the rows inside a unit
depend on each other. A permutation therefore exchanges units with units of the same size: both
samples keep their numbers of rows, and the p-value is exact.

Large tables are permuted by *bundles* as well: some rows of a sample, put together at random, which
are units like any other. A statistic that is a function of sums over rows then needs only the sums
of each bundle, and what it loses is of the order of a bundle's share in the rows.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gan_eval.runtime.errors import UsageError
from gan_eval.stats.permutation.labels import (
    Array,
    Labels,
    least_ways,
    ln_choose,
    permutation_labels,
    row_codes,
    swapped_pair_labels,
)

Indices = NDArray[np.intp]

BUNDLES = 10_000
"""Rows are bundled where there are more units than these."""
# Each sample keeps at least so many units.
_FEWEST = 1000
# Groups are thinned where there are fewer of them for each size.
_UNITS_A_SIZE = 5


@dataclass(frozen=True, eq=False)
class Units:
    """The units of the pooled rows, those of x before those of y.

    Attributes
    ----------
    of_rows : ndarray of int, shape (n + m,)
        The unit of each row, from 0.
    n : int
        Rows of x.
    paired : bool
        Whether the i-th unit of x is exchanged with the i-th of y alone, as the wild bootstrap
        does.
    """

    of_rows: Indices
    n: int
    paired: bool = False

    @classmethod
    def of_groups(cls, groups: Any, n: int, m: int) -> Units:
        """Take the groups of x (n,) and of y (m,), by their names.

        A name that both have stands for two groups. Raises ``UsageError`` where the lengths are
        others, or a name is missing.

        Examples
        --------
        >>> Units.of_groups((["a", "a", "b"], ["a", "c"]), 3, 2).of_rows.tolist()
        [0, 0, 1, 2, 3]
        """
        import pandas

        if not isinstance(groups, tuple | list) or len(groups) != 2:
            raise UsageError(
                "`groups` must be two lists, the group of each row of x and of y, got "
                f"{type(groups).__name__}"
            )
        found: list[Indices] = []
        for names, rows, sample in zip(groups, (n, m), "xy", strict=True):
            codes = pandas.factorize(pandas.Series(names))[0].astype(np.intp)
            if len(codes) != rows:
                raise UsageError(
                    f"`groups` must name a group for each of the {rows} rows of {sample}, got "
                    f"{len(codes)}"
                )
            if codes.min() < 0:
                raise UsageError(
                    f"`groups` must name a group for each row, got none for row "
                    f"{int((codes < 0).argmax())} of {sample}"
                )
            found.append(codes + (found[0].max() + 1 if found else 0))
        return cls(np.concatenate(found), n)

    @classmethod
    def of_rows_alone(cls, n: int, m: int, *, paired: bool = False) -> Units:
        """Let each row be a unit of its own."""
        return cls(np.arange(n + m), n, paired)

    def thinning(self, generator: np.random.Generator) -> Labels | None:
        """Choose the rows to keep, shape (rows,), so that more units have the same size.

        None where sizes are few beside the units. Else each unit keeps so many of its rows, drawn
        at random, as the next smaller of 1, 2, 3, 4, 6, 8, 12, 16, 24, … says. Both rules look at
        sizes and not at samples, so that a permutation test of what is kept is exact.

        Examples
        --------
        >>> units = Units.of_groups((["a"] * 5 + ["b"] * 3, ["c"] * 4 + ["d"] * 7), 8, 11)
        >>> kept = units.thinning(np.random.default_rng(0))
        >>> np.bincount(units.of_rows[kept]).tolist()
        [4, 3, 4, 6]
        """
        sizes = self.sizes
        if len(np.unique(sizes)) * _UNITS_A_SIZE <= len(sizes):
            return None
        power = 2 ** np.floor(np.log2(sizes)).astype(np.intp)
        common = np.where(2 * sizes >= 3 * power, 3 * power // 2, power)
        order = np.lexsort((generator.random(len(self.of_rows)), self.of_rows))
        rank = np.arange(len(order)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
        kept = np.empty(len(order), dtype=np.bool_)
        kept[order] = rank < np.repeat(common, sizes)
        return kept

    @property
    def exchanged(self) -> int:
        """Return the number of units whose size both samples have."""
        return sum(len(first) + len(second) for first, second in self._strata())

    @property
    def count(self) -> int:
        """Return the number of units."""
        return int(self.of_rows.max()) + 1

    @property
    def sizes(self) -> Indices:
        """Return the rows of each unit, shape (count,)."""
        return np.bincount(self.of_rows)

    @property
    def in_x(self) -> Labels:
        """Return True for units of x, shape (count,)."""
        return np.arange(self.count) <= self.of_rows[: self.n].max()

    def bundled(self, generator: np.random.Generator) -> Units:
        """Put units of a sample and of one size together at random, to about ``BUNDLES`` in all.

        Units that are left over stay as they are; each sample keeps at least a thousand units.
        """
        first = int(self.in_x.sum())
        fewest = min(first, self.count - first)
        together = min(-(-self.count // BUNDLES), max(1, fewest // _FEWEST))
        if together == 1:
            return self
        if self.paired:
            order = generator.permutation(first) // together
            return Units(np.concatenate([order, order.max() + 1 + order]), self.n, True)
        bundle, number = np.empty(self.count, dtype=np.intp), 0
        sizes, in_x = self.sizes, self.in_x
        for side in (True, False):
            for size in np.unique(sizes[in_x == side]):
                some = generator.permutation(np.flatnonzero((in_x == side) & (sizes == size)))
                whole = len(some) // together
                left = len(some) - whole * together
                places = np.append(np.repeat(np.arange(whole), together), whole + np.arange(left))
                bundle[some] = number + places
                number += whole + left
        return Units(bundle[self.of_rows], self.n)

    def draw(self, count: int, generator: np.random.Generator) -> Labels:
        """Draw labels of units after the observed ones, shape (1 + count, units).

        True where the unit stands in the smaller sample, by its rows.
        """
        in_x = self.in_x
        if self.paired:
            return swapped_pair_labels(len(in_x) // 2, count, generator)
        labels = np.empty((1 + count, len(in_x)), dtype=np.bool_)
        labels[:] = in_x
        for first, second in self._strata():
            drawn = permutation_labels(len(first), len(second), count, generator)
            labels[1:, np.append(first, second)] = drawn
        return labels if 2 * self.n <= len(self.of_rows) else np.logical_not(labels, out=labels)

    def on_rows(self, labels: Labels) -> Labels:
        """Return the labels (k, rows) that the rows have by those of their units (k, units)."""
        return labels[:, self.of_rows]

    def rarest(self, pooled: Array) -> float:
        """Return the probability of the rarest split of these rows (n + m, d) among all draws.

        As :func:`~gan_eval.stats.permutation.labels.rarest_split`, of units instead of rows: units
        that hold the same rows cannot be told apart. 1 where nothing can be exchanged.

        Examples
        --------
        >>> units = Units.of_groups((["a", "a", "b"], ["c", "c", "d"]), 3, 3)
        >>> units.rarest(np.arange(6.0)[:, None])
        0.5
        """
        codes, in_x = self._contents(pooled), self.in_x
        if self.paired:
            half = len(codes) // 2
            return min(1.0, 2.0 ** (1 - int((codes[:half] != codes[half:]).sum())))
        ways, exchanged, mirrored = 0.0, 0, True
        for first, second in self._strata():
            some = np.append(first, second)
            ways += least_ways(np.bincount(codes[some]), min(len(first), len(second)))
            ways -= float(ln_choose(len(some), len(first)))
            exchanged += len(some)
            mirrored &= len(first) == len(second)
        mirrored &= exchanged == len(in_x)
        return min(1.0, math.exp(ways) * (2 if mirrored else 1))

    def _strata(self) -> Iterator[tuple[Indices, Indices]]:
        """Yield, for each size that both samples have, the units of x and those of y."""
        sizes, in_x = self.sizes, self.in_x
        for size in np.intersect1d(sizes[in_x], sizes[~in_x]):
            yield (
                np.flatnonzero(in_x & (sizes == size)),
                np.flatnonzero(~in_x & (sizes == size)),
            )

    def _contents(self, pooled: Array) -> Indices:
        """Give a number to each unit (count,), the same where the units hold the same rows."""
        rows, sizes = row_codes(pooled), self.sizes
        if rows.max() == len(rows) - 1:
            return np.arange(len(sizes))
        order = np.lexsort((rows, self.of_rows))
        starts, found = np.cumsum(sizes) - sizes, np.empty(len(sizes), dtype=np.intp)
        number = 0
        for size in np.unique(sizes):
            some = np.flatnonzero(sizes == size)
            held = rows[order[starts[some][:, None] + np.arange(size)]]
            codes = np.unique(held, axis=0, return_inverse=True)[1].reshape(-1)
            found[some] = number + codes
            number += int(codes.max()) + 1
        return found
