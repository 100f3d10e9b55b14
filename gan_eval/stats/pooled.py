"""Two samples as the tests work with them: checked, pooled, whitened if asked for, scaled."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gan_eval.stats import samples
from gan_eval.stats.scaling import common_exponent, decimals, rounding
from gan_eval.stats.whitening import whitening

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Pooled:
    """The rows of x, then those of y.

    Attributes
    ----------
    points : ndarray, shape (n + m, d)
        Whitened where that is asked for, and divided by ``unit``. Constant columns are 0.
    unscaled : ndarray, shape (n + m, d)
        The same rows in their own unit.
    given : ndarray, shape (n + m, d)
        As the user gives them: rows that are equal are equal here.
    n, m : int
    coordinate_error : float
        How far a coordinate of ``points`` may be off by rounding: of the decimals that were meant
        to the numbers that were given, unless these differ by little more than their rounding; and
        of the arithmetic that whitens.
    exponent : int
        Of the power of two by which the (whitened) rows are divided, so that no square leaves the
        range of float64: see :func:`~gan_eval.stats.scaling.common_exponent`.
    """

    points: Array
    unscaled: Array
    given: Array
    n: int
    m: int
    coordinate_error: float
    exponent: int

    @classmethod
    def of(cls, x: Any, y: Any, whiten: Any = None, fixed: str | None = None) -> Pooled:
        """From what a user gives; see :func:`~gan_eval.stats.samples.two_samples`."""
        if not (whiten is None or isinstance(whiten, str)):
            fixed = samples.TARGET
        first, second = samples.two_samples(x, y, fixed=fixed)
        unscaled = given = np.concatenate([first, second])
        inherits, error = decimals(given), 0.0
        if whiten is not None:
            to_white = whitening(given, whiten)
            unscaled, error = to_white(given), to_white.error(given, inherits=inherits)
        exponent = common_exponent(unscaled)
        varying = np.ptp(unscaled, axis=0) > 0
        points = np.ldexp(np.where(varying, unscaled, 0.0), -exponent)
        error = math.ldexp(error, -exponent)
        if whiten is None and inherits:
            error = rounding(points)
        return cls(points, unscaled, given, len(first), len(second), error, exponent)

    def unit(self, power: float = 1.0) -> float:
        """What a length in the units of ``points``, to a power, is in those of the data."""
        return 2.0 ** (self.exponent * power)

    @property
    def dimension(self) -> int:
        return self.points.shape[1]

    @property
    def in_x(self) -> NDArray[np.bool_]:
        """True for the rows of x."""
        return np.arange(self.n + self.m) < self.n
