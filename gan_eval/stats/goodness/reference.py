"""Kernels for a target of which only draws, and perhaps a score, are known.

What is unknown of the target is computed once from draws of it, by a seed that is the same always.
The statistic is then a fixed function of the rows, and its null by samples of the target is exact
(Barnard 1963; Besag & Clifford 1989): the data enter nowhere else.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from gan_eval.distributions.protocol import Target
from gan_eval.runtime import random
from gan_eval.runtime.errors import CannotTestError
from gan_eval.stats.goodness.bootstrap import squared_distances
from gan_eval.stats.samples import LARGEST_EXPONENT, Array

UNIT_ROWS = 2000
"""Rows drawn to find a target's units, where it does not tell its covariance."""
REFERENCE_ROWS = 1000
"""Rows drawn to stand for a target in expectations over it."""
_ROWS = 128


@dataclass(frozen=True, eq=False)
class Units:
    """The coordinates z of x = z · factor + location.

    Attributes
    ----------
    location : ndarray, shape (d,)
    factor : ndarray, shape (d, d)
    """

    location: Array
    factor: Array

    @classmethod
    def of(cls, target: Target) -> Units:
        """Find coordinates in which the target has covariance I, where it tells its covariance,
        as mixtures and Student's t do.

        Else each coordinate is centred by its median and divided by 1.4826 times its median
        absolute deviation over draws, which exist whatever the tails.
        """
        mean, covariance = (getattr(target, name, None) for name in ("mean", "covariance"))
        if covariance is not None and np.isfinite(covariance).all():
            return cls(np.asarray(mean), np.linalg.cholesky(covariance).T)
        rows = _draw(target, UNIT_ROWS, "units")
        centre = np.median(rows, axis=0)
        spread = 1.4826 * np.median(np.abs(rows - centre), axis=0)
        return cls(centre, np.diag(np.where(spread > 0, spread, 1.0)))

    @classmethod
    def plain(cls, dimension: int) -> Units:
        """Take the coordinates as they are."""
        return cls(np.zeros(dimension), np.eye(dimension))

    def rows(self, x: Array) -> Array:
        """Map rows (n, d) of the target to z."""
        return np.linalg.solve(self.factor.T, (x - self.location).T).T.astype(np.float64)

    def scores(self, score: Array) -> Array:
        """Map gradients by x (n, d) to gradients by z."""
        return score @ self.factor.T


@dataclass(frozen=True, eq=False)
class GivenStein:
    """Stein's kernel of the inverse multiquadric (c² + r²)^{−½} and a target with a score.

    Rows have their coordinates first and the score there after them, (n, 2d), so that a score is
    computed once a row. With u = c² + r² it is

        s(x)ᵀs(y) u^{−½} + ((s(x) − s(y))ᵀ(x − y) + d) u^{−3/2} − 3 r² u^{−5/2}.

    See :class:`~gan_eval.stats.goodness.bootstrap.TargetKernel`.
    """

    target: Any
    units: Units
    scale: float

    @property
    def dimension(self) -> int:
        return self.target.dimension

    def rows(self, x: Array) -> Array:
        """Put rows (n, d) of the data into these units, their scores beside them."""
        scores = np.asarray(self.target.score(x), dtype=np.float64)
        if not np.isfinite(scores).all():
            raise CannotTestError("x cannot be put to this test: the target's score there is none")
        return _near(np.hstack([self.units.rows(x), self.units.scores(scores)]))

    def draw(self, n: int, generator: np.random.Generator) -> Array:
        return self.rows(self.target.sample(n, generator))

    def entries(self, left: Array, right: Array) -> Array:
        d = self.dimension
        (x, s), (y, t) = ((rows[:, :d], rows[:, d:]) for rows in (left, right))
        squared = squared_distances(x, y)
        inverse = 1 / (squared + self.scale**2)
        result = squared * inverse
        result *= -3
        result += (s * x).sum(axis=1)[:, None] + (t * y).sum(axis=1)
        result -= s @ y.T + x @ t.T
        result += d
        result *= inverse
        result += s @ t.T
        result *= np.sqrt(inverse, out=inverse)
        return result

    def diagonal(self, rows: Array) -> Array:
        d = self.dimension
        return (rows[:, d:] ** 2).sum(axis=1) / self.scale + d / self.scale**3

    def mean(self, rows: Array) -> Array:
        return np.zeros(len(rows))

    @property
    def grand_mean(self) -> float:
        return 0.0


@dataclass(frozen=True, eq=False)
class GivenDistance:
    """−‖x − y‖^exponent and a target that ``reference``, draws of it (m, d), stand for.

    The expectations are means over the reference. See
    :class:`~gan_eval.stats.goodness.bootstrap.TargetKernel`.
    """

    target: Target
    units: Units
    exponent: float
    reference: Array
    grand_mean: float

    @classmethod
    def of(cls, target: Target, units: Units, exponent: float) -> GivenDistance:
        """Draw the reference."""
        reference = units.rows(_draw(target, REFERENCE_ROWS, "reference"))
        total = sum(
            _powers(reference[start : start + _ROWS], reference, exponent).sum()
            for start in range(0, len(reference), _ROWS)
        )
        pairs = len(reference) * (len(reference) - 1)
        return cls(target, units, exponent, reference, float(total) / pairs)

    @property
    def dimension(self) -> int:
        return self.target.dimension

    def rows(self, x: Array) -> Array:
        """Put rows (n, d) of the data into these units."""
        return _near(self.units.rows(x))

    def draw(self, n: int, generator: np.random.Generator) -> Array:
        return self.rows(self.target.sample(n, generator))

    def entries(self, left: Array, right: Array) -> Array:
        return _powers(left, right, self.exponent)

    def diagonal(self, rows: Array) -> Array:
        return np.zeros(len(rows))

    def mean(self, rows: Array) -> Array:
        blocks = (rows[start : start + _ROWS] for start in range(0, len(rows), _ROWS))
        return np.concatenate([self.entries(b, self.reference).mean(axis=1) for b in blocks])


def _near(rows: Array) -> Array:
    if not np.abs(rows).max() <= 2.0**LARGEST_EXPONENT:
        raise CannotTestError(
            "x cannot be put to this test: it lies so far from the target that squares overflow"
        )
    return rows


def _powers(left: Array, right: Array, exponent: float) -> Array:
    squared = squared_distances(left, right)
    if exponent == 1.0:
        np.sqrt(squared, out=squared)
    else:
        squared **= exponent / 2
    return np.negative(squared, out=squared)


@lru_cache(maxsize=32)
def given_stein(target: Target, scale: float, whiten: bool) -> GivenStein:
    """Make the Stein kernel of a target, the same object for the same target."""
    units = Units.of(target) if whiten else Units.plain(target.dimension)
    return GivenStein(target, units, scale)


@lru_cache(maxsize=32)
def given_distance(target: Target, exponent: float, whiten: bool) -> GivenDistance:
    """Make the distance kernel of a target, the same object for the same target."""
    units = Units.of(target) if whiten else Units.plain(target.dimension)
    return GivenDistance.of(target, units, exponent)


def _draw(target: Target, n: int, purpose: str) -> Array:
    # A generator that no user's seed gives: rows that someone drew by a seed must not be these.
    return np.asarray(target.sample(n, random.generator(0, "goodness of fit", purpose)))


def simulated(
    statistic: Callable[[Array], float],
    target: Target,
    n: int,
    resamples: int,
    rng: int | np.random.Generator | None,
) -> Array:
    """Compute a statistic of each of ``resamples`` samples of n rows of the target.

    For an integer seed the values are remembered, with the statistic and the target themselves as
    keys.
    """
    if isinstance(rng, int):
        return _remembered(statistic, target, n, resamples, rng).copy()
    return _values(statistic, target, n, resamples, np.random.default_rng(rng))


@lru_cache(maxsize=64)
def _remembered(
    statistic: Callable[[Array], float], target: Target, n: int, resamples: int, seed: int
) -> Array:
    generator = random.generator(seed, "goodness of fit", "null")
    return _values(statistic, target, n, resamples, generator)


def _values(
    statistic: Callable[[Array], float],
    target: Target,
    n: int,
    resamples: int,
    generator: np.random.Generator,
) -> Array:
    return np.array([statistic(target.sample(n, generator)) for _ in range(resamples)])
