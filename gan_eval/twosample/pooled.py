"""Two samples as the tests work with them: checked, pooled, whitened if asked for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gan_eval.twosample import validation
from gan_eval.twosample.kernels import rounding
from gan_eval.twosample.whitening import whitening

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Pooled:
    """The rows of x, then those of y.

    Attributes
    ----------
    points : ndarray, shape (n + m, d)
    given : ndarray, shape (n + m, d)
        The same before whitening: rows that are equal are equal here.
    n, m : int
    coordinate_error : float
        How far a coordinate may be off by rounding.
    """

    points: Array
    given: Array
    n: int
    m: int
    coordinate_error: float

    @classmethod
    def of(cls, x: Any, y: Any, whiten: Any = None, fixed: str | None = None) -> Pooled:
        """From what a user gives; see :func:`~gan_eval.twosample.validation.two_samples`."""
        if not (whiten is None or isinstance(whiten, str)):
            fixed = validation.TARGET
        first, second = validation.two_samples(x, y, fixed=fixed)
        points = given = np.concatenate([first, second])
        error = rounding(points)
        if whiten is not None:
            to_white = whitening(points, whiten)
            points, error = to_white(points), to_white.error(points)
        return cls(points, given, len(first), len(second), error)

    @property
    def dimension(self) -> int:
        return self.points.shape[1]

    @property
    def in_x(self) -> NDArray[np.bool_]:
        """True for the rows of x."""
        return np.arange(self.n + self.m) < self.n
