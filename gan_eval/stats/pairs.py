"""Means over pairs of rows: each row's own mean, and the variance that pairs alone bring."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gan_eval.stats.kernels.kernels import median_bandwidth
from gan_eval.stats.samples import Array

Places = NDArray[np.intp]
Semimetric = Callable[[Array], Array]
"""Turns squared Euclidean distances into entries, in place."""

MOST_PAIRS = 20_000**2
"""Pairs that one mean is taken over; of more, rows are parted into blocks and paired within."""

_AT_ONCE = 2**18
"""Pairs held at once, few enough for a processor's cache."""


def semimetric(measure: str, real: Array) -> Semimetric:
    """Return the ρ in D² = 2 E ρ(X, Y) − E ρ(X, X′) − E ρ(Y, Y′), 0 between equal rows.

    ``"energy"``: ‖x − y‖. ``"mmd"``: 1 − exp(−‖x − y‖² / (2 h²)) with h the median distance of the
    real rows (n, d), for which D² is the MMD² of the Gaussian kernel (Sejdinovic et al. 2013).

    Examples
    --------
    >>> rho = semimetric("mmd", np.array([[0.0], [2.0]]))
    >>> rho(np.array([0.0, 4.0])).round(3).tolist()
    [0.0, 0.393]
    """
    if measure == "energy":
        return lambda squared: np.sqrt(squared, out=squared)
    factor = -0.5 / median_bandwidth(real) ** 2

    def gaussian(squared: Array) -> Array:
        squared *= factor
        np.expm1(squared, out=squared)
        return np.negative(squared, out=squared)

    return gaussian


@dataclass(frozen=True, eq=False)
class PairMeans:
    """A function ρ of pairs of rows, averaged over the pairs that each row is in.

    Attributes
    ----------
    of_x, of_y : ndarray, shapes (n,) and (m,)
        Each row's mean with the rows of the other sample in its block; within one sample both are
        the mean with the other rows in the block.
    pairs : int
        Pairs that were taken; unordered within one sample.
    square : float
        E ρ̃², the variance of a pair that neither of its rows explains, estimated without bias; at
        least 0. So the mean over all pairs owes ``square / pairs`` of its variance to it, and the
        rest to the rows (Hoeffding's decomposition).
    """

    of_x: Array
    of_y: Array
    pairs: int
    square: float

    @property
    def mean(self) -> float:
        """The mean over pairs."""
        return float(self.of_x.mean())

    @property
    def of_pairs(self) -> float:
        """The part of the variance of ``mean`` that pairs alone bring."""
        return self.square / self.pairs


def blocks_of(
    n: int, m: int, rng: np.random.Generator, most: int | None = None
) -> list[tuple[Places, Places]]:
    """Part n and m rows into as many blocks, at random, as ``most`` pairs need; often one.

    ``MOST_PAIRS``, if it is not given.
    """
    count = max(1, min(math.ceil(n * m / (most or MOST_PAIRS)), n // 4, m // 4))
    if count == 1:
        return [(np.arange(n), np.arange(m))]
    parts = (np.array_split(rng.permutation(size), count) for size in (n, m))
    return list(zip(*parts, strict=True))


def between(
    x: Array, y: Array, rho: Semimetric, rng: np.random.Generator, most: int | None = None
) -> PairMeans:
    """Average over the pairs of a row of x, (n, d), and one of y, (m, d)."""
    of_x, of_y = np.empty(len(x)), np.empty(len(y))
    pairs, squares = 0, 0.0
    for first, second in blocks_of(len(x), len(y), rng, most):
        n, m = len(first), len(second)
        rows, columns, square = _sums(x[first], y[second], rho)
        of_x[first], of_y[second] = rows / m, columns / n
        # The sum of squares of what neither rows nor columns explain, of (n − 1)(m − 1) degrees.
        rest = square - (rows @ rows) / m - (columns @ columns) / n + rows.sum() ** 2 / (n * m)
        squares += n * m * max(float(rest), 0.0) / ((n - 1) * (m - 1))
        pairs += n * m
    return PairMeans(of_x, of_y, pairs, squares / pairs)


def within(
    x: Array, rho: Semimetric, rng: np.random.Generator, most: int | None = None
) -> PairMeans:
    """Average over the pairs of two different rows of x, (n, d)."""
    means = np.empty(len(x))
    pairs, squares = 0, 0.0
    for first, _ in blocks_of(len(x), len(x), rng, most):
        n = len(first)
        rows, _, square = _sums(x[first], x[first], rho)
        means[first] = rows / (n - 1)
        # E ρ̃² = E ρ(X, X′)² − 2 E ρ(X, X′) ρ(X, X″) + (E ρ)², each a mean over different rows.
        own, total = float(rows @ rows), float(rows.sum())
        two = square / (n * (n - 1))
        three = (own - square) / (n * (n - 1) * (n - 2))
        four = (total**2 - 4 * own + 2 * square) / (n * (n - 1) * (n - 2) * (n - 3))
        squares += n * (n - 1) // 2 * max(two - 2 * three + four, 0.0)
        pairs += n * (n - 1) // 2
    return PairMeans(means, means, pairs, squares / pairs)


def _sums(x: Array, y: Array, rho: Semimetric) -> tuple[Array, Array, float]:
    """Sum ρ over the rows of y, over the rows of x, and ρ² over all pairs."""
    of_x, of_y, square = np.zeros(len(x)), np.zeros(len(y)), 0.0
    same = x is y  # then the matrix is symmetric, and its upper half is enough
    centre = x.mean(axis=0)
    left, right = (_lengthened(rows - centre) for rows in (x, y))
    left = np.column_stack([-2 * left[:, :-2], left[:, -1], left[:, -2]])
    step = max(1, _AT_ONCE // len(y))
    for start in range(0, len(x), step):
        some = slice(start, start + step)
        behind = slice(start, None) if same else slice(None)
        entries = left[some] @ right[behind].T
        np.maximum(entries, 0.0, out=entries)
        height, width = entries.shape
        if same:  # what the square on the diagonal holds twice is left out once
            entries[:, :height][np.tril_indices(height)] = 0.0
        rho(entries)
        of_x[some] += entries @ np.ones(width)
        of_y[behind] += np.ones(height) @ entries
        square += float(np.vdot(entries, entries))
    return (of_x + of_y, of_x + of_y, 2 * square) if same else (of_x, of_y, square)


def _lengthened(rows: Array) -> Array:
    """Append 1 and the squared length, so that squared distances are one matrix product."""
    return np.column_stack([rows, np.ones(len(rows)), np.einsum("ij,ij->i", rows, rows)])
