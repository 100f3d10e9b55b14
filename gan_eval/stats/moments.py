"""The Gaussian fitted to a sample, where the sample can carry one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import numpy as np
from numpy.typing import NDArray

from gan_eval.distributions.gaussian import Gaussian
from gan_eval.runtime.errors import CannotTestError, UsageError
from gan_eval.runtime.text import shown
from gan_eval.stats.scaling import ColumnScales, constant_columns

Array = NDArray[np.float64]

# What is left of a column that depends on others, relative to the size of its values.
_ROUNDING = 32 * np.finfo(np.float64).eps


def fit(x: Array, name: str, scales: ColumnScales) -> Gaussian:
    """Return the maximum-likelihood Gaussian of x (n, d) in these units, held by centred rows over
    √n.

    Raises ``UsageError`` where n ≤ d or where the sample covariance is singular but for the
    rounding of the values as they were given.
    """
    n, d = x.shape
    if n <= d:
        raise UsageError(
            f"{name} must have more rows than columns for a test of its covariance, "
            f"got {n} rows and {d} columns"
        )
    require_variation(constant_columns(x), name)
    law = Gaussian.fit(scales(x))
    require_full_rank(law, np.linalg.norm(scales.rounding(x), axis=0), name)
    return law


class ConstantColumnError(UsageError):
    """A sample is the same in all rows of a column, the ``place``-th from 0."""

    def __init__(self, sample: str, place: int, columns: Sequence[str] | None = None) -> None:
        self.sample, self.place, self._columns = sample, place, columns
        column = f"x{place + 1}" if columns is None else columns[place]
        super().__init__(f"{sample} must vary in every column, got constant column {shown(column)}")

    def __reduce__(self) -> tuple[type, tuple[str, int, Sequence[str] | None]]:
        # As it goes from one process to another.
        return type(self), (self.sample, self.place, self._columns)


@contextmanager
def naming(columns: Sequence[str]) -> Iterator[None]:
    """Call a constant column by its name."""
    try:
        yield
    except ConstantColumnError as error:
        raise ConstantColumnError(error.sample, error.place, columns) from None


def require_variation(constant: NDArray[np.bool_], name: str) -> None:
    """Raise ``ConstantColumnError`` where one of these columns (d,) is constant."""
    if constant.any():
        raise ConstantColumnError(name, int(constant.argmax()))


def require_full_rank(law: Gaussian, rounding: Array, name: str) -> None:
    """Raise ``UsageError`` where the columns of the law's factor are linearly dependent.

    ``rounding`` (d,) is the length of each column of the rows' last places: the rounding of what
    was given looks like spread.
    """
    rows, d = law.factor.shape
    spreads = np.abs(law.factor).max(axis=0)
    if not (spreads > np.finfo(np.float64).tiny).all():
        raise CannotTestError(
            f"the covariance of {name} cannot be tested: a column varies by less than 1e-300 of "
            "its variation in the other sample"
        )
    norms = spreads * np.linalg.norm(law.factor / spreads, axis=0)
    _, values, axes = np.linalg.svd(law.square_factor / norms)
    noise = np.linalg.norm(axes[-1] * rounding / norms) / np.sqrt(rows)
    if values[-1] <= max(_ROUNDING * d, 2 * noise):
        raise UsageError(
            f"{name} must have a covariance of full rank, got columns that are linearly dependent"
        )
