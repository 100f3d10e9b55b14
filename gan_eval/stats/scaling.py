"""Columns in units of their own: exact powers of two, judged by the rows in the middle.

Before anything is squared, values are brought to a size near 1 by powers of two, which round
nothing. Centres and sizes are medians, so that a single value, however far off, neither moves nor
squeezes the others; and they depend on the set of pooled rows alone, as permutation asks.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.distance import pdist

from gan_eval.stats.samples import ROUNDING_ULPS, Exponents, exponents_of, typical_deviations

Array = NDArray[np.float64]

# Values so many typical deviations off are drawn in, to KNEE … 2 KNEE of them, where they are at
# most a share RARE of their column: codes for what is missing, or slips of a unit.
FAR, KNEE, RARE = 1024.0, 32.0, 0.05
# Rows this near to each other in whitened coordinates cannot be told apart; of so many rows.
SQUEEZED = 1e-6
SOME_ROWS = 256


def constant_columns(rows: Array) -> NDArray[np.bool_]:
    """Tell which columns of rows (n, d) are the same in every row but for rounding, shape (d,).

    Examples
    --------
    >>> import numpy as np
    >>> constant_columns(np.array([[0.1 + 0.2, 1.0], [0.3, 2.0]])).tolist()
    [True, False]
    """
    return np.ptp(rows, axis=0) <= ROUNDING_ULPS * np.spacing(np.abs(rows).max(axis=0))


def squeezed(white: Array, given: Array) -> bool:
    """Tell whether whitening has left rows that differ as given, (N, d), in one point but for
    rounding.

    That is where rows lie so far from each other that others have no digits left, or where rows of
    rounding have left no column at all.
    """
    return nearest_rows(white, given) < SQUEEZED


def nearest_rows(rows: Array, given: Array) -> float:
    """Return the least distance between two rows (N, d) whose ``given`` rows differ, among some of
    them.

    It is the largest difference of a coordinate; infinite where no rows differ.
    """
    some = slice(None, None, -(-len(rows) // SOME_ROWS))
    pairs = differing_pairs(given[some])
    if not rows.shape[1]:
        return 0.0 if pairs.any() else np.inf
    return float(pdist(rows[some], "chebyshev")[pairs].min(initial=np.inf))


def differing_pairs(rows: Array) -> NDArray[np.bool_]:
    """Tell whether rows i < j of (k, d) differ, for each pair in the order of ``pdist``."""
    first, second = np.triu_indices(len(rows), 1)
    return (rows[first] != rows[second]).any(axis=1)


@dataclass(frozen=True, eq=False)
class ColumnScales:
    """The map of rows (n, d) to columns about 0 that vary by about 1.

    Attributes
    ----------
    centre : ndarray, shape (d,)
        Taken off first.
    exponents : ndarray of int, shape (d,)
        Columns are then divided by 2 to these powers.
    knees : ndarray, shape (d,)
        Values t beyond ± the knee k are drawn in, to ±(2k − k² / |t|), the order kept; infinite
        for a column without rare, far values (``FAR``, ``RARE``).
    """

    centre: Array
    exponents: Exponents
    knees: Array

    @classmethod
    def of(cls, rows: Array) -> ColumnScales:
        """Take the map that these rows define, in which nothing is drawn in."""
        centre, typical = typical_deviations(rows)
        largest = np.abs(rows - centre).max(axis=0)
        return cls(centre, exponents_of(typical, largest), np.full(rows.shape[1], np.inf))

    @classmethod
    def robust(cls, rows: Array) -> ColumnScales:
        """Take the map that these rows define, in which rare values far off are drawn in."""
        centre, typical = typical_deviations(rows)
        apart = np.abs(rows - centre)
        far = np.count_nonzero(apart > FAR * typical, axis=0)
        drawn_in = (far > 0) & (far <= max(1.0, RARE * len(rows)))
        # Where far values are drawn in, they need no room.
        exponents = exponents_of(typical, np.where(drawn_in, 0.0, apart.max(axis=0)))
        knees = np.where(drawn_in, KNEE * np.ldexp(typical, -exponents), np.inf)
        return cls(centre, exponents, knees)

    def rounding(self, rows: Array) -> Array:
        """Return one unit in the last place of each value (n, d), in the new units."""
        units = np.ldexp(np.spacing(np.abs(rows)), -self.exponents)
        size = np.abs(self.linear(rows))
        far = size > self.knees
        if far.any():
            knees = np.where(far, self.knees, 1.0)
            drawn_in = np.finfo(np.float64).eps * knees * (knees / np.where(far, size, 1.0))
            units = np.where(far, drawn_in, units)
        return units

    def linear(self, rows: Array) -> Array:
        """Return the rows centred and divided, and nothing drawn in."""
        return np.ldexp(rows - self.centre, -self.exponents)

    def __call__(self, rows: Array) -> Array:
        scaled = self.linear(rows)
        size = np.abs(scaled)
        far = size > self.knees
        if far.any():
            knees = np.where(far, self.knees, 1.0)
            drawn_in = np.copysign(2 * knees - knees * (knees / np.where(far, size, 1.0)), scaled)
            scaled = np.where(far, drawn_in, scaled)
        return scaled
