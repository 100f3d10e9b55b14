"""What the pivots leave unexplained of the rows: a bound for the statistic.

The residual of a row x is k(x, x) − ‖C⁻¹k(Z, x)‖², the squared length of what projection on the
pivots loses of it. The mean of its root bounds the length of what the mean embedding loses. It
costs rank² for a row, so it is computed of the first ``ALL`` positions of each stream, and beyond
of the rows in the cells of the octaves from ``FIRST_OCTAVE`` on: a random share of 1/32, chosen by
the same numbers as the cells, so that it does not depend on the order of the rows.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from gan_eval.stats.samples import Array
from gan_eval.stats.sketch.kernel_values import KernelValues
from gan_eval.stats.sketch.reference import Reference

ALL = 2**13
FIRST_OCTAVE = 5
# Standard errors of the mean over a share that its limit lies above it.
_ERRORS = 4.0


@dataclass(frozen=True)
class Part:
    """Rows of which residuals were computed: their number, Σ √residual and Σ residual."""

    count: int = 0
    roots: float = 0.0
    whole: float = 0.0

    def plus(self, other: Part) -> Part:
        return Part(self.count + other.count, self.roots + other.roots, self.whole + other.whole)

    @classmethod
    def of(cls, residuals: Array) -> Part:
        roots = float(np.sqrt(residuals).sum())
        return cls(len(residuals), roots, float(residuals.sum()))


@dataclass
class Residuals:
    """Sums over the first rows of each stream, and over the share of the rest."""

    first: Part = field(default_factory=Part)
    share: Part = field(default_factory=Part)

    def plus(self, other: Residuals) -> Residuals:
        """Add up."""
        return Residuals(self.first.plus(other.first), self.share.plus(other.share))

    def add(
        self,
        reference: Reference,
        values: KernelValues,
        rows: Array,
        cells: NDArray[np.int64],
        positions: NDArray[np.intp],
        octave: int,
    ) -> None:
        """Add rows (n, d) at these positions, which go to these cells; an octave has so many."""
        early = positions < ALL
        share = (cells >= FIRST_OCTAVE * octave) & ~early
        self.first = self.first.plus(_part(reference, values, rows[early]))
        self.share = self.share.plus(_part(reference, values, rows[share]))

    def to_array(self) -> Array:
        """Return the six sums, shape (2, 3)."""
        return np.array([[p.count, p.roots, p.whole] for p in (self.first, self.share)])

    @classmethod
    def of_array(cls, sums: Array) -> Residuals:
        """Take what :meth:`to_array` gave."""
        first, share = (Part(int(count), roots, whole) for count, roots, whole in sums.tolist())
        return cls(first, share)

    def bound(self, n: int) -> float:
        """Bound the mean of √residual over all n rows.

        Over the rows that were not all computed it is the mean of their share and four of its
        standard errors. Rows that are so rare that the share has none of them, one in some
        thousands and less, are not in it.
        """
        rest, share = n - self.first.count, self.share
        if rest == 0:
            return self.first.roots / n
        limit = 1.0
        if share.count > 1:
            mean = share.roots / share.count
            variance = max(share.whole / share.count - mean**2, 0.0)
            limit = min(mean + _ERRORS * math.sqrt(variance / (share.count - 1)), 1.0)
        return (self.first.roots + rest * limit) / n


def _part(reference: Reference, values: KernelValues, rows: Array) -> Part:
    part = Part()
    for first in range(0, len(rows), values.most):
        features = values(rows[first : first + values.most])
        part = part.plus(Part.of(reference.residuals(features)))
    return part
