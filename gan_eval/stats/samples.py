"""Samples as the tests work with them: read, checked, pooled, and in a unit of their own.

Before anything is squared, values are brought to a size near 1 by powers of two, which round
nothing. Sizes are medians, so that a single value, however far off, does not squeeze the others;
and they depend on the set of pooled rows alone, as permutation asks.
"""

from __future__ import annotations

import math
import sys
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gan_eval.distributions.gaussian import GaussianLike
from gan_eval.distributions.protocol import Target, TargetLike, as_target
from gan_eval.distributions.target import GaussianTarget
from gan_eval.runtime.arguments import cut, shown
from gan_eval.runtime.errors import UsageError
from gan_eval.stats import conversion

Array = NDArray[np.float64]
Exponents = NDArray[np.intc]

# Squared distances of larger values would overflow float64.
LARGEST_VALUE = 1e150

# Values are at most 2 to this power in their new unit, so that their squares can be added up.
LARGEST_EXPONENT = 480
# A column whose values lie within so many units in the last place of the largest of them holds
# rounding and nothing else: 0.1 + 0.2 beside 0.3.
ROUNDING_ULPS = 8
# Values that differ by so many roundings, times the number of rows, are decimals.
FINEST_GAP = 2.0**10

TARGET = "the law they are held against is in float64"
"""Why the origin of data matters where there is a target."""

SECONDS = "seconds since a common start"
"""The form in which times can be given."""


def one_sample(x: Any, target: GaussianLike) -> tuple[Array, GaussianTarget]:
    """Take x of shape (n, d) as float64, n ≥ 2, and a target of d coordinates.

    x is NumPy's, torch's or pandas'; one dimension means d = 1.
    """
    target = GaussianTarget.of(target)
    return against(x, target)[0], target


def against(x: Any, target: TargetLike) -> tuple[Array, Target]:
    """Take x of shape (n, d) as float64, n ≥ 2, and any target of d coordinates.

    Examples
    --------
    >>> from gan_eval.distributions.mixture import MixtureTarget
    >>> rows, target = against([[0.0, 1.0], [1.0, 0.0]], MixtureTarget.ring())
    >>> rows.shape, target.dimension
    ((2, 2), 2)
    """
    truth = as_target(target)
    rows = sample(x, "x")
    if rows.shape[1] != truth.dimension:
        raise UsageError(
            f"x must have one column for each of the target's {truth.dimension} coordinates, "
            f"got {rows.shape[1]}"
        )
    return rows, truth


def two_samples(x: Any, y: Any, *, fixed: str | None = None) -> tuple[Array, Array]:
    """Read x of shape (n, d) and y of shape (m, d) as float64 arrays.

    NumPy arrays, nested sequences, torch tensors (on any device) and pandas DataFrames or Series
    are read; one-dimensional input means d = 1. From a column of numbers that float64 does not
    hold, such as timestamps in nanoseconds, both samples lose the same number
    (:func:`~gan_eval.stats.conversion.common_origin`), unless ``fixed`` gives the reason why
    the answer depends on it. Raises ``UsageError`` for input that is not numeric, holds NaN or
    infinities, has fewer than 2 rows, or differs in its columns.

    Examples
    --------
    >>> x, y = two_samples([1, 2, 3], [[4.0], [5.0]])
    >>> x.shape, y.shape
    ((3, 1), (2, 1))
    >>> two_samples([1, 2, 3], [[4.0, 5.0], [6.0, 7.0]])
    Traceback (most recent call last):
    gan_eval.runtime.errors.UsageError: x and y must have the same number of columns, got 1 and 2
    """
    names_x, names_y = ([str(name) for name in getattr(v, "columns", ())] for v in (x, y))
    if names_x and names_y and names_x != names_y:
        raise UsageError(
            "x and y must have the same columns in the same order, got "
            f"{shown(names_x)} and {shown(names_y)}"
        )
    first, second = _checked(x, "x"), _checked(y, "y")
    widths = first.values.shape[1], second.values.shape[1]
    if widths[0] != widths[1]:
        raise UsageError(
            f"x and y must have the same number of columns, got {widths[0]} and {widths[1]}"
        )
    if fixed is not None:
        rows = conversion.require_held(first, "x", fixed)
        return rows, conversion.require_held(second, "y", fixed)
    if not (first.exact or second.exact):
        return first.values, second.values
    return conversion.common_origin(first, second, "x and y")[:2]


def pooled_rows(x: Any, y: Any, *, fixed: str | None = None) -> tuple[Array, int, int]:
    """Read the rows of x, then those of y, as one table, with n and m; see :func:`two_samples`."""
    first, second = two_samples(x, y, fixed=fixed)
    return np.concatenate([first, second]), len(first), len(second)


def sample(values: Any, name: str) -> Array:
    """Read one sample of shape (n, d) as a C-contiguous float64 array; see :func:`two_samples`.

    Examples
    --------
    >>> sample([[1, 2], [3, 4]], "x").dtype
    dtype('float64')
    """
    return conversion.require_held(_checked(values, name), name, TARGET)


@dataclass(frozen=True, eq=False)
class Pooled:
    """The rows of x, then those of y.

    Attributes
    ----------
    points : ndarray, shape (n + m, d)
        The rows divided by ``unit``. Constant columns are 0.
    unscaled : ndarray, shape (n + m, d)
        The same rows in their own unit.
    given : ndarray, shape (n + m, d)
        As the user gives them, before any whitening: rows that are equal are equal here.
    n, m : int
    coordinate_error : float
        How far a coordinate of ``points`` may be off by rounding: of the decimals that were meant
        to the numbers that were given, unless these differ by little more than their rounding; and
        of the arithmetic that whitens.
    exponent : int
        Of the power of two by which the rows are divided, so that no square leaves the range of
        float64: see :func:`common_exponent`.
    whitened : str
        By what the rows are whitened: ``"pooled"``, ``"target"``, or ``"none"``.
    """

    points: Array
    unscaled: Array
    given: Array
    n: int
    m: int
    coordinate_error: float
    exponent: int
    whitened: str

    @classmethod
    def of(cls, x: Any, y: Any, fixed: str | None = None) -> Pooled:
        """Read and check two samples; see :func:`two_samples`."""
        given, n, _ = pooled_rows(x, y, fixed=fixed)
        return cls.in_unit(given, given, n)

    @classmethod
    def in_unit(
        cls, rows: Array, given: Array, n: int, error: float | None = None, whitened: str = "none"
    ) -> Pooled:
        """Bring rows (n + m, d) to a size near 1; by default they are off as decimals are."""
        varying = rows.max(axis=0) > rows.min(axis=0)
        exponent = _common_exponent(rows, varying)
        points = np.ldexp(rows if varying.all() else np.where(varying, rows, 0.0), -exponent)
        if error is None:
            error = rounding(points) if decimals(given) else 0.0
        else:
            error = math.ldexp(error, -exponent)
        return cls(points, rows, given, n, len(rows) - n, error, exponent, whitened)

    def unit(self, power: float = 1.0) -> float:
        """Return a length of 1 in the units of ``points``, to a power, in those of the data."""
        return 2.0 ** (self.exponent * power)

    @property
    def dimension(self) -> int:
        """The columns."""
        return self.points.shape[1]

    @property
    def in_x(self) -> NDArray[np.bool_]:
        """True for the rows of x."""
        return np.arange(self.n + self.m) < self.n


def typical_deviations(rows: Array) -> tuple[Array, Array]:
    """Return each column's median, and the median distance from it of the values that differ from
    it.

    The second is 0 where a column is exactly constant.
    """
    centre = _medians(rows)
    apart = np.abs(rows - centre)
    typical = _medians(apart)
    for column in np.flatnonzero(typical == 0):
        others = apart[apart[:, column] > 0, column]
        typical[column] = np.median(others) if others.size else 0.0
    return centre, typical


def common_exponent(rows: Array) -> int:
    """Return k such that rows (n, d) over 2ᵏ vary by about 1 in the column that varies most.

    Larger where the largest value would exceed 2 to ``LARGEST_EXPONENT``; exactly constant columns
    do not count.
    """
    return _common_exponent(rows, rows.max(axis=0) > rows.min(axis=0))


def _common_exponent(rows: Array, varying: NDArray[np.bool_]) -> int:
    """Do as :func:`common_exponent`, told which columns vary."""
    if not varying.any():
        return 0
    rows = rows if varying.all() else rows[:, varying]
    return int(exponents_of(typical_deviations(rows)[1].max(), np.abs(rows).max()))


def _medians(rows: Array) -> Array:
    """Return each column's median, of finite numbers."""
    low, high = (len(rows) - 1) // 2, len(rows) // 2
    middle = np.partition(rows, [low, high], axis=0)
    return (middle[low] + middle[high]) / 2


def decimals(rows: Array) -> bool:
    """Tell whether differences between these values are so much larger than the rounding of the
    largest that what ties but for rounding was meant to tie.

    True of decimals as they are written down. Values about 1e14 that differ by hundredths, or of
    very different sizes, are taken exactly as they are.
    """
    for column in np.sort(rows, axis=0).T:
        gaps = np.diff(column)
        own = np.maximum(np.abs(column[:-1]), np.abs(column[1:]))
        gaps = gaps[gaps > ROUNDING_ULPS * np.spacing(own)]
        rounding = 2.0**-53 * max(abs(column[0]), abs(column[-1]))
        if gaps.size and gaps.min() < FINEST_GAP * len(rows) * rounding:
            return False
    return True


def exponents_of(typical: Array | float, largest: Array | float) -> Exponents:
    """Powers of two near the typical sizes, or as large as the largest values need them."""
    room = np.frexp(largest)[1] - LARGEST_EXPONENT
    return np.maximum(np.frexp(typical)[1], np.where(np.asarray(largest) > 0, room, -2000))


def rounding(points: Array) -> float:
    """Return how far a coordinate is off because it is rounded to float64: half a unit in its last
    place, of the largest."""
    return float(2.0**-53 * np.abs(points).max())


def column_names(*samples: Any, count: int) -> list[str]:
    """Return the columns' names where a data frame gives them, all different, else x1, x2, …

    Examples
    --------
    >>> import pandas as pd
    >>> column_names(pd.DataFrame({"height": [1.0], "age": [2.0]}), count=2)
    ['height', 'age']
    >>> column_names([[1.0, 2.0]], count=2)
    ['x1', 'x2']
    """
    for values in samples:
        names = [str(name) for name in getattr(values, "columns", ())]
        if len(names) == count == len(set(names)):
            return names
    return [f"x{j + 1}" for j in range(count)]


def _checked(values: Any, name: str) -> conversion.Numbers:
    """Read a table of at least 2 rows of finite numbers."""
    found = _numbers(values, name)
    array = found.values
    if len(array) < 2:
        raise UsageError(f"{name} must have at least 2 rows, got {len(array)}")
    finite = np.isfinite(array)
    if not finite.all():
        row, column = np.argwhere(~finite)[0]
        raise UsageError(
            f"{name} must hold finite numbers, got {array[row, column]} "
            f"in row {row}, column {column}"
        )
    if np.abs(array).max() > LARGEST_VALUE:
        raise UsageError(
            f"{name} must hold values of at most {LARGEST_VALUE:g} in size, got {_largest(found)}"
        )
    return found


def _largest(table: conversion.Numbers) -> str:
    """Write out the largest number in size, as it was given."""
    sizes = np.abs(table.values)
    row, column = map(int, np.unravel_index(sizes.argmax(), sizes.shape))
    if column in table.exact and table.exact[column].dtype == object:
        return conversion.in_words(max(map(abs, table.exact[column])))
    return f"{sizes[row, column]:g}"


def _numbers(values: Any, name: str) -> conversion.Numbers:
    if _is(values, "pandas", "DataFrame", "Series"):
        return _of_pandas(values, name)
    array = _array(values, name)
    if array.dtype.kind not in "buifO" or (array.dtype.kind == "O" and not array.ndim):
        raise _not_real(name, array)
    if array.ndim == 1:
        array = array[:, None]
    if array.ndim != 2 or array.shape[1] == 0:
        raise UsageError(
            f"{name} must be a table of shape (rows, columns) or one column of values, "
            f"got shape {array.shape}"
        )
    if array.dtype in conversion.HELD:
        # Not ascontiguousarray, which makes a row of a single number.
        return conversion.Numbers(np.asarray(array, dtype=np.float64, order="C"), {})
    try:
        return conversion.Numbers.of_columns(list(array.T))
    except TypeError:
        raise _not_real(name, array) from None


def _not_real(name: str, array: NDArray[Any]) -> UsageError:
    return UsageError(f"{name} must hold real numbers, got values {_of_type(array.dtype)}")


def _of_type(dtype: Any) -> str:
    times = getattr(dtype, "kind", "O") in "mM"
    return f"of type {cut(str(dtype))}{f': take {SECONDS}' if times else ''}"


def _array(values: Any, name: str) -> NDArray[Any]:
    if _is(values, "torch", "Tensor"):
        return conversion.array_of_torch(values, name)
    if _is(values, "scipy.sparse", "sparray", "spmatrix"):
        raise UsageError(f"{name} must be a dense table, got a sparse one: use its .toarray()")
    parts = values if isinstance(values, list | tuple) else [values]
    if any(np.ma.getmaskarray(part).any() for part in parts if np.ma.isMaskedArray(part)):
        raise UsageError(f"{name} must have a number everywhere, got masked values")
    try:
        array = np.asarray(values)
        if parts is values and array.dtype.kind == "f" and (np.abs(array) > conversion.WHOLE).any():
            # Python's integers were rounded where one stood beside a float, or beyond 64 bits.
            array = np.asarray(values, dtype=object)
    except ValueError:
        raise UsageError(f"{name} must be a table, got rows of unequal length") from None
    except (TypeError, RuntimeError) as error:
        reason = cut(" ".join(str(error).split()))
        raise UsageError(f"{name} cannot be made a table of numbers: {reason}") from None
    return array


def _of_pandas(values: Any, name: str) -> conversion.Numbers:
    frame = values.to_frame() if values.ndim == 1 else values
    for position in conversion.worded(frame):
        raise UsageError(
            f"{name} must hold real numbers, got column {shown(str(frame.columns[position]))} "
            f"{_of_type(frame.dtypes.iloc[position])}"
        )
    return conversion.Numbers.of_frame(frame)


def _is(values: Any, module: str, *classes: str) -> bool:
    """Tell whether it is of these classes, without an import of what nobody has imported."""
    found = sys.modules.get(module)
    return found is not None and isinstance(values, tuple(getattr(found, c) for c in classes))
