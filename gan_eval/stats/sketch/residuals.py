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
from gan_eval.stats.sketch.dealing import OCTAVES
from gan_eval.stats.sketch.reference import Reference

ALL = 2**16
FIRST_OCTAVE = 5
# ln(2 / δ) of the confidence 1 − δ in the bound where only a share was computed.
_LN = math.log(2000)


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
        features: Array,
        cells: NDArray[np.intp],
        start: int,
        count: int,
    ) -> None:
        """Add rows, whose features (n, rank) and cells (n,) are given, from position ``start``."""
        early = min(max(ALL - start, 0), len(features))
        tail = FIRST_OCTAVE * (count // OCTAVES)
        chosen = features[early:][cells[early:] >= tail]
        self.first = self.first.plus(Part.of(residuals_of(reference, features[:early])))
        self.share = self.share.plus(Part.of(residuals_of(reference, chosen)))

    def to_array(self) -> Array:
        """Return the six sums, shape (2, 3)."""
        return np.array([[p.count, p.roots, p.whole] for p in (self.first, self.share)])

    @classmethod
    def of_array(cls, sums: Array) -> Residuals:
        """Take what :meth:`to_array` gave."""
        first, share = (Part(int(count), roots, whole) for count, roots, whole in sums.tolist())
        return cls(first, share)

    def bound(self, n: int, reference: Reference) -> float:
        """Bound the mean of √residual over all n rows.

        Of the share an upper confidence limit (A. Maurer, M. Pontil, "Empirical Bernstein bounds
        and sample variance penalization", COLT 2009, th. 4), of 999 in 1000.
        """
        rest, part = n - self.first.count, self.share
        total = self.first.roots
        if rest > 0:
            if part.count < 2:
                total += rest
            else:
                mean = part.roots / part.count
                variance = max(part.whole / part.count - mean**2, 0.0)
                limit = mean + math.sqrt(2 * variance * _LN / part.count)
                limit += 7 * _LN / (3 * (part.count - 1))
                total += rest * min(limit, 1.0)
        return total / n


def residuals_of(reference: Reference, features: Array) -> Array:
    """Return 1 − ‖C⁻¹k(Z, x)‖² of rows, shape (n,), no less than 0."""
    if not len(features):
        return np.zeros(0)
    standard = reference.standardised(features)
    return np.maximum(1.0 - np.einsum("ij,ij->i", standard, standard), 0.0)
