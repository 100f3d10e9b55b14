"""A squared distance of two samples, or of one and a target: its estimate, and an interval that is
valid at 0."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.spatial.distance import cdist

from gan_eval.stats.intervals import LEVEL, squared_distance_interval
from gan_eval.stats.noise import SPECTRUM_ROWS, Noise
from gan_eval.stats.pairs import PairMeans, Semimetric, between, within
from gan_eval.stats.samples import Array


@dataclass(frozen=True)
class SquaredDistance:
    """D² = 2 E ρ(X, Y) − E ρ(X, X′) − E ρ(Y, Y′).

    Attributes
    ----------
    estimate : float
        Without bias, means over pairs of different rows: it may be below 0.
    low, high : float
        The interval, inside [0, ``largest``].
    spread : float
        E ρ(X, X′): n rows of x are D² = ``spread`` / n from their distribution on average.
    """

    estimate: float
    low: float
    high: float
    spread: float


def squared_distance(
    x: Array,
    y: Array,
    rho: Semimetric,
    *,
    largest: float = math.inf,
    level: float = LEVEL,
    rng: np.random.Generator | None = None,
    most: int | None = None,
) -> SquaredDistance:
    """Estimate the squared distance of x and y.

    Parameters
    ----------
    x, y : ndarray, shapes (n, d) and (m, d)
        At least 4 rows of each.
    rho : callable
        :func:`~gan_eval.stats.pairs.semimetric`.
    largest : float
        The largest value that D² can have.
    level : float
        Of the interval.
    rng : numpy.random.Generator, optional
        Parts rows into blocks, so that about
    most : int, optional
        pairs are taken, those within a block; if not given, ``MOST_PAIRS``. All rows count, only
        the variance that pairs alone bring becomes larger, and the interval knows it.

    Examples
    --------
    >>> from gan_eval.stats.pairs import semimetric
    >>> rng = np.random.default_rng(0)
    >>> x, y = rng.normal(size=(200, 2)), rng.normal(0.8, size=(200, 2))
    >>> found = squared_distance(x, y, semimetric("energy", x))
    >>> found.low < 0.53 < found.high  # the distance of the two distributions
    True
    """
    rng = np.random.default_rng(0) if rng is None else rng
    own, other = within(x, rho, rng, most), within(y, rho, rng, most)
    across = between(x, y, rho, rng, most)
    sizes = len(x), len(y)
    witness = float((across.of_x - own.of_x).var(ddof=1)) / sizes[0]
    witness += float((across.of_y - other.of_y).var(ddof=1)) / sizes[1]
    estimate = 2 * across.mean - own.mean - other.mean
    parts = (
        (own, 1.0, _pairs(sizes[0])),
        (other, 1.0, _pairs(sizes[1])),
        (across, 4.0, math.prod(sizes)),
    )
    first = own.mean / sizes[0] + other.mean / sizes[1]
    low, high = _bounded(
        estimate, witness, first, parts, (_some(x), _some(y)), sizes, rho, largest, level
    )
    return SquaredDistance(estimate, low, high, own.mean)


def squared_distance_to(
    y: Array,
    rho: Semimetric,
    means: Array,
    spread: float,
    *,
    largest: float = math.inf,
    level: float = LEVEL,
    rng: np.random.Generator | None = None,
    most: int | None = None,
) -> SquaredDistance:
    """Estimate the squared distance of y, shape (m, d), to a target that is known.

    ``means`` (m,) has E ρ(X, y) of each row over the target, and ``spread`` is E ρ(X, X′) of the
    target; all else as in :func:`squared_distance`.
    """
    rng = np.random.default_rng(0) if rng is None else rng
    other, m = within(y, rho, rng, most), len(y)
    estimate = 2 * float(means.mean()) - spread - other.mean
    witness = float((means - other.of_y).var(ddof=1)) / m
    # Two halves of 2m rows each would have the noise of one sample of m.
    half = m // 2
    low, high = _bounded(
        estimate, witness, other.mean / m, ((other, 1.0, _pairs(m)),),
        (_some(y[:half]), _some(y[half:])), (2 * m, 2 * m), rho, largest, level,
    )  # fmt: skip
    return SquaredDistance(estimate, low, high, spread)


def _bounded(
    estimate: float,
    witness: float,
    first: float,
    parts: Sequence[tuple[PairMeans, float, float]],
    some: tuple[Array, Array],
    sizes: tuple[int, int],
    rho: Semimetric,
    largest: float,
    level: float,
) -> tuple[float, float]:
    """Bound D²; ``parts`` has each mean, its squared weight, and how many pairs there are in all.

    With c blocks the noise of one block is c times as large, and the mean over blocks has cumulants
    2c tr Σ² and 8c tr Σ³ where one block has 2 tr Σ² and 8 tr Σ³: c times the traces say both.
    """
    whole = sum(weight * of.square / pairs for of, weight, pairs in parts) / 2
    taken = sum(weight * of.of_pairs for of, weight, _ in parts) / 2
    # What is left of rows that all coincide is rounding.
    if not (first > 0 and whole > np.finfo(np.float64).eps ** 2 * first**2):
        end = min(max(estimate, 0.0), largest)
        return end, end
    points = np.concatenate(some)
    matrix = -rho(np.asarray(cdist(points, points, "sqeuclidean"), np.float64))
    noise = Noise.of(matrix, len(some[0]), *sizes, first)
    blocks = taken / whole
    # All rows know tr Σ² better than some.
    third = noise.third * (whole / noise.second) ** 1.5
    traces = Noise(blocks * first, blocks * whole, blocks * third)
    return squared_distance_interval(estimate, witness, traces, largest=largest, level=level)


def _pairs(n: int) -> float:
    return n * (n - 1) / 2


def _some(rows: Array) -> Array:
    size = min(len(rows), SPECTRUM_ROWS)
    return rows[np.linspace(0, len(rows) - 1, size).round().astype(np.intp)]
