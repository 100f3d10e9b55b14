"""Which permuted statistics equal the observed one, and whether rounding leaves a test anything.

Two statistics are equal where they differ by no more than the rounding of the arithmetic. Values
that were written as decimals tie in intent where they do not quite in float64: 0.3 − 0.2 is not
0.2 − 0.1. That inherited difference counts as rounding as well, as long as it is small beside the
null distribution; where it is not, as for values about 1e14 with standard deviation 1, the numbers
are taken exactly as they were given. Either way the p-value is valid: the width depends on the
values of all labellings together, not on which of them was observed.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.distance import pdist

from gan_eval.runtime.errors import CannotTestError
from gan_eval.stats.permutation.labels import Labels
from gan_eval.stats.scaling import differing_pairs

Array = NDArray[np.float64]

# The largest share of the null's standard deviation that inherited rounding may have.
INHERITED_SHARE = 2.0**-10
# Up to this share of the permutations may tie without a question whether their values are lost.
UNQUESTIONED = 0.01
# Rounding that exceeds this share of what ordinary rows contribute has swallowed them.
LOST_SHARE = 0.01


def tie_width(arithmetic: float, inherited: float, values: Array) -> float:
    """How far two equal statistics may differ, ``values`` being those of all labellings."""
    size = float(np.abs(values).max())
    if not 0 < size < np.inf:
        return arithmetic
    spread = size * float((values / size).std())
    return arithmetic + (inherited if inherited <= INHERITED_SHARE * spread else 0.0)


def tied_otherwise(values: Array, labels: Labels, tied: NDArray[np.bool_]) -> int:
    """How many labellings tie with the first one without being the same split of the rows.

    ``values`` and ``tied`` are of shape (k,), ``labels`` (k, N).
    """
    where = np.flatnonzero(tied[1:]) + 1
    if where.size <= UNQUESTIONED * len(values):
        return 0
    some, observed = labels[where], labels[0]
    same = (some == observed).all(axis=1)
    if 2 * np.count_nonzero(observed) == len(observed):
        same |= (some != observed).all(axis=1)
    return int(np.count_nonzero(~same))


def require_resolution(otherwise: int, permutations: int, lost: Callable[[], bool]) -> None:
    """Raise :class:`~gan_eval.runtime.errors.CannotTestError` where rounding decides.

    That is where more than ``UNQUESTIONED`` of the permutations tie with the observed labels,
    being other splits of the rows, and ``lost()`` says that rounding has swallowed what ordinary
    rows contribute to the statistic.
    """
    if otherwise > UNQUESTIONED * permutations and lost():
        raise CannotTestError(
            "these samples cannot be put to this test: its statistic changes by no more than "
            f"rounding in {otherwise} of {permutations} permutations, as some values lie too far "
            "from the rest, or the bandwidth does not fit them"
        )


def settle(values: Array, labels: Labels, width: float, lost: Callable[[], bool]) -> float:
    """Set what ties with the first value to it, in place, and give the p-value.

    Raises :class:`~gan_eval.runtime.errors.CannotTestError` where the first value is no number, or
    where rounding decides (:func:`require_resolution`).
    """
    statistic = float(values[0])
    if not np.isfinite(statistic):
        raise CannotTestError(
            f"these samples cannot be put to this test: its statistic is {statistic}"
        )
    tied = np.abs(values - statistic) <= width
    values[tied] = statistic
    require_resolution(tied_otherwise(values, labels, tied), len(values) - 1, lost)
    return int(np.count_nonzero(values >= statistic)) / len(values)


def entries_lost(entries: Array, rows: Array, size: int, error: float) -> bool:
    """Whether an error of the entries of a matrix hides that rows differ.

    Parameters
    ----------
    entries : ndarray, shape (k, k)
        Between ``rows``.
    rows : ndarray, shape (k, d)
        Some of all the rows, evenly chosen.
    size : int
        Of all rows: exchanging two moves the statistic by about one ``size``-th of what their
        entries differ by.
    error : float
    """
    pairs = differing_pairs(rows)
    if not pairs.any():
        return False
    first, second = (index[pairs] for index in np.triu_indices(len(rows), 1))
    diagonal, apart = entries.diagonal(), entries[first, second]
    own = np.abs(diagonal[first] - apart), np.abs(diagonal[second] - apart)
    others = (pdist(entries, "cityblock")[pairs] - own[0] - own[1]) / max(1, len(rows) - 2)
    # Rows that a kernel does not see from any other are alike to it.
    seen = np.abs(entries - np.diag(diagonal)).max(axis=0) > error
    moved = np.where(seen[first] | seen[second], np.maximum(own[0], others), 0.0)
    return bool(error >= LOST_SHARE * moved.min() / size)
