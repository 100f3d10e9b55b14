"""The classical statistics of one labelling at a time, from the rows themselves.

Slower than from sums of products, and right where a group may be a thousand times tighter than all
rows together: sums of products then lose its scatter.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import solve_triangular

Array = NDArray[np.float64]

# A group within such a share of a column's standard deviation is tight.
TIGHT = 1e-3


def has_tight_groups(rows: Array, smaller: int) -> bool:
    """Tell whether so many of these rows (N, d) lie near, but not on, each other in some column."""
    ordered = np.sort(rows, axis=0)
    windows = ordered[smaller - 1 :] - ordered[: len(ordered) - smaller + 1]
    return bool(((windows > 0) & (windows < TIGHT * ordered.std(axis=0))).any())


class Scatters:
    """Two groups of rows by the triangular factors of their scatters.

    Parameters
    ----------
    rows : ndarray, shape (N, d)
        Of sizes whose squares float64 holds.
    in_x : ndarray of bool, shape (N,)
    """

    def __init__(self, rows: Array, in_x: NDArray[np.bool_]) -> None:
        self.n, self.m = int(in_x.sum()), int((~in_x).sum())
        x, first = _centred(rows[in_x])
        y, second = _centred(rows[~in_x])
        self._shift = first - second
        self._factors = [_triangle(group) for group in (x, y)]
        self._within = _triangle(np.concatenate([x, y]))

    @property
    def likelihood_ratio(self) -> float:
        """−2 ln Λ."""
        gap = np.sqrt(self.n * self.m / (self.n + self.m)) * self._shift
        whole = _triangle(np.concatenate([self._within, gap[None]]))
        return self._difference(whole, self.n, self.m)

    @property
    def box_m(self) -> float:
        """Box's M."""
        return self._difference(self._within, self.n - 1, self.m - 1)

    @property
    def hotelling(self) -> float:
        """T²; infinite where no row varies within its group."""
        if not self._within.diagonal().all():
            return np.inf
        along = solve_triangular(self._within.T, self._shift, lower=True)
        share = self.n * self.m / (self.n + self.m)
        return float(share * (self.n + self.m - 2) * along @ along)

    def _difference(self, whole: Array, n: float, m: float) -> float:
        """Return (n + m) ln |W / (n + m)| − n ln |X / n| − m ln |Y / m| of scatters W, X, Y."""
        value = (n + m) * _ln_determinant(whole, n + m)
        for factor, size in zip(self._factors, (n, m), strict=True):
            value -= size * _ln_determinant(factor, size)
        return value


def _centred(group: Array) -> tuple[Array, Array]:
    """Return the group about its mean, exactly 0 in a column without variation; and that mean."""
    middle = np.median(group, axis=0)
    apart = group - middle
    mean = apart.mean(axis=0)
    return apart - mean, middle + mean


def _triangle(rows: Array) -> Array:
    return np.asarray(np.linalg.qr(rows, mode="r"), dtype=np.float64)


def _ln_determinant(factor: Array, size: float) -> float:
    d = factor.shape[1]
    sizes = np.abs(factor.diagonal())
    if len(sizes) < d or not sizes.all():
        return -np.inf
    return float(2 * np.log(sizes).sum() - d * np.log(size))
