"""The labels that a permutation test draws under the null."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from gan_eval.runtime.arguments import one_of
from gan_eval.runtime.errors import UsageError
from gan_eval.stats.permutation.labels import (
    Array,
    Labels,
    rarest_exchange,
    rarest_split,
    smaller_group_labels,
    swapped_pair_labels,
)
from gan_eval.stats.permutation.units import Units

NULLS = {"permutation": "permutation", "wild": "wild bootstrap"}
"""The ways in which labels are drawn under the null, and the words for it."""


@dataclass(frozen=True, eq=False)
class NullLabels:
    """Draws labels under the null, the observed ones first.

    ``grouped`` are the groups whose rows stay together, None where each row stands for itself.
    """

    null: str
    n: int
    m: int
    grouped: Units | None = None

    @classmethod
    def of(cls, null: str, n: int, m: int, groups: Any = None) -> NullLabels:
        """Check the arguments of a test.

        ``groups`` is None, or a pair of lists: the group of each row of x, and of y. Raises
        ``UsageError`` for an unknown null, for ``"wild"`` where n ≠ m or there are groups, and for
        groups of other lengths.
        """
        one_of(null, "null", tuple(NULLS))
        if null == "wild" and n != m:
            raise UsageError(
                "null='wild' exchanges row i of x with row i of y and needs as many rows of each, "
                f"got {n} and {m}"
            )
        if null == "wild" and groups is not None:
            raise UsageError("`groups` are exchanged by null='permutation', not by 'wild'")
        return cls(null, n, m, None if groups is None else Units.of_groups(groups, n, m))

    def __call__(self, count: int, generator: np.random.Generator) -> Labels:
        """Shape (1 + count, n + m); True where the row stands in the smaller group."""
        if self.grouped is not None:
            return self.grouped.on_rows(self.grouped.draw(count, generator))
        if self.null == "wild":
            return swapped_pair_labels(self.n, count, generator)
        return smaller_group_labels(self.n, self.m, count, generator)

    def of_x(
        self, count: int, generator: np.random.Generator, units: Units | None = None
    ) -> Labels:
        """Draw labels without the observed ones, shape (count, n + m); True where a row stands in
        x.

        With ``units``, shape (count, units): the labels of those that :meth:`bundles` gave.
        """
        drawn = self(count, generator) if units is None else units.draw(count, generator)
        return ~drawn[1:] if self.n > self.m else drawn[1:]

    def bundles(self, generator: np.random.Generator) -> Units:
        """Return the units by which a large table is permuted: groups or rows, bundled."""
        units = self.grouped
        if units is None:
            units = Units.of_rows_alone(self.n, self.m, paired=self.null == "wild")
        return units.bundled(generator)

    def rarest(self, pooled: Array) -> float:
        """Return the probability of the rarest split of these rows (n + m, d)."""
        if self.grouped is not None:
            return self.grouped.rarest(pooled)
        if self.null == "wild":
            return rarest_exchange(pooled[: self.n], pooled[self.n :])
        return rarest_split(pooled, self.n)
