"""Numbers of any type as float64, which holds whole numbers up to 2⁵³ and 15 digits of others.

Identities, timestamps in nanoseconds and extended precision need more. What two samples have in
common is of no use to a test of whether they differ, so that a column of such numbers loses its
*origin*, one and the same number in both samples, in exact arithmetic, before it is rounded.
"""

from __future__ import annotations

import math
import numbers
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Context, Decimal
from fractions import Fraction
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from gan_eval.runtime.arguments import cut
from gan_eval.runtime.errors import UsageError

if TYPE_CHECKING:
    import pandas as pd

Array = NDArray[np.float64]
Exact = int | Fraction

WHOLE = 2**53
"""The largest whole number up to which float64 holds all."""

HELD = frozenset(np.dtype(name) for name in ("?", "b", "B", "h", "H", "i", "I", "e", "f", "d"))
"""The types whose every value is a float64."""

_NUMERIC = {"integer", "floating", "decimal", "mixed-integer-float", "boolean"}


@dataclass(frozen=True, eq=False)
class Numbers:
    """A table of numbers.

    Attributes
    ----------
    values : ndarray, shape (n, d)
        Each number rounded to float64; what is larger than any of these is the largest.
    exact : mapping of int to ndarray, shape (n,)
        The columns, by position, whose numbers float64 may not hold, as they were given: whole
        numbers above 2⁵³ in size, and others that have more digits.
    """

    values: Array
    exact: Mapping[int, NDArray[Any]]

    @classmethod
    def of_columns(cls, columns: Sequence[NDArray[Any]]) -> Numbers:
        """Take d arrays of shape (n,); ``TypeError`` where one holds anything but numbers."""
        rounded, exact = [], {}
        for j, column in enumerate(columns):
            if column.dtype.kind == "O":
                column = np.array([_one(value) for value in column.tolist()], dtype=object)
            values = _rounded(column)
            rounded.append(values)
            if _is_wide(column.dtype) and np.isfinite(values).all() and _loses(column, values):
                exact[j] = column
        return cls(np.ascontiguousarray(np.column_stack(rounded), dtype=np.float64), exact)

    @classmethod
    def of_frame(cls, frame: pd.DataFrame) -> Numbers:
        """Take columns of numbers, missing ones as NaN; see :func:`worded`."""
        if not any(_is_wide(dtype) for dtype in frame.dtypes):
            return cls(np.ascontiguousarray(frame.to_numpy(np.float64, na_value=np.nan)), {})
        return cls.of_columns([_column(frame.iloc[:, j]) for j in range(frame.shape[1])])


def worded(frame: pd.DataFrame) -> list[int]:
    """Return the positions of the columns that are not numbers."""
    from pandas.api.types import infer_dtype

    def holds_numbers(j: int, dtype: Any) -> bool:
        kind = getattr(dtype, "kind", "O")
        if kind == "O" and str(dtype) != "category":
            return infer_dtype(frame.iloc[:, j]) in _NUMERIC
        return kind in "buif"

    return [j for j, dtype in enumerate(frame.dtypes) if not holds_numbers(j, dtype)]


def array_of_torch(values: Any, name: str) -> NDArray[Any]:
    """Return the numbers of a dense tensor, on any device; ``UsageError`` for other tensors."""
    import torch

    for wrong, kind, remedy in (
        (values.is_nested, "a nested tensor", "use .to_padded_tensor() or .unbind()"),
        (values.layout != torch.strided, "a sparse tensor", "use .to_dense()"),
        (values.is_quantized, "a quantised tensor", "use .dequantize()"),
        (values.is_meta, "a tensor of the meta device, which has no numbers", "make it elsewhere"),
    ):
        if wrong:
            raise UsageError(f"{name} must be a dense table of numbers, got {kind}: {remedy}")
    values = values.detach().cpu().resolve_conj().resolve_neg()
    # NumPy has no bfloat16; float64 holds every floating torch type.
    return (values.double() if values.is_floating_point() else values).numpy()


def common_origin(
    first: Numbers, second: Numbers, names: str, columns: Sequence[str] | None = None
) -> tuple[Array, Array, dict[int, Exact]]:
    """Return both tables as float64, and the numbers taken off columns of both, by position.

    Taken off, in exact arithmetic, is the median of the numbers of both: from a column with whole
    numbers above 2⁵³ in size, and from one in which rounding would make different numbers equal.
    It depends on the pooled numbers alone, so that a permutation test stays exact.

    Parameters
    ----------
    first, second : Numbers
        Finite, of d columns each.
    names : str
        Both tables, and
    columns : sequence of str, length d, optional
        what their columns are called, in the words of an error; by position if not given.

    Raises
    ------
    UsageError
        Where numbers of a column become equal all the same.
    """
    values = [first.values.copy(), second.values.copy()]
    origins: dict[int, Exact] = {}
    for j in sorted(set(first.exact) | set(second.exact)):
        sides = [_exactly(side.exact.get(j, side.values[:, j])) for side in (first, second)]
        pooled = sides[0] + sides[1]
        distinct = len(set(pooled))
        if (
            max(map(abs, pooled)) <= WHOLE
            and len(np.unique(np.concatenate([v[:, j] for v in values]))) == distinct
        ):
            continue
        origin = sorted(pooled)[len(pooled) // 2]
        moved = [np.array([float(v - origin) for v in side]) for side in sides]
        if len(np.unique(np.concatenate(moved))) < distinct:
            label = j if columns is None else repr(cut(columns[j]))
            raise UsageError(
                f"{names} must hold numbers that float64 can tell apart once a common one is taken "
                f"off, got {_pair(pooled, origin)} in column {label}"
            )
        for side, column in zip(values, moved, strict=True):
            side[:, j] = column
        origins[j] = origin
    return values[0], values[1], origins


def require_held(table: Numbers, name: str, why: str) -> Array:
    """Return the numbers of a table whose origin matters, and why; ``UsageError`` where float64
    does not hold them."""
    for j, column in table.exact.items():
        given, held = _exactly(column), table.values[:, j].tolist()
        lost = [v for v, r in zip(given, held, strict=True) if isinstance(v, int) and v != r]
        if lost or len(set(given)) > len(set(held)):
            got = in_words(lost[0]) if lost else _pair(given, 0)
            raise UsageError(
                f"{name} must hold numbers that float64 can hold, since {why}, got {got} in column "
                f"{j}: take a common number off them first"
            )
    return table.values


def in_words(number: Exact) -> str:
    """Write out a number in at most 80 characters: a whole one with all its digits, if they are so
    few.

    Examples
    --------
    >>> in_words(2**60), in_words(10**100)
    ('1152921504606846976', '1e+100')
    """
    if isinstance(number, Fraction) and number.denominator != 1:
        return cut(str(Decimal(number.numerator) / Decimal(number.denominator)))
    if abs(number) < 10**80:
        return cut(str(int(number)))
    # Six digits, also of what is too large for a float.
    return str(Context(prec=6).create_decimal(int(number)).normalize()).lower()


def _pair(pooled: Sequence[Exact], origin: Exact) -> str:
    """Two numbers that differ and are the same in float64 once the origin is off."""
    ordered = sorted(set(pooled))
    for lower, upper in pairwise(ordered):
        if float(lower - origin) == float(upper - origin):
            return f"{in_words(lower)} and {in_words(upper)}"
    raise AssertionError("no two numbers became equal")


def _is_wide(dtype: Any) -> bool:
    """Tell whether float64 may not hold numbers of this type, NumPy's or pandas's."""
    kind, size = getattr(dtype, "kind", "O"), getattr(dtype, "itemsize", 8)
    return kind == "O" or (kind in "iu" and size == 8) or (kind == "f" and size > 8)


def _column(series: pd.Series) -> NDArray[Any]:
    kind = getattr(series.dtype, "kind", "O")
    if kind == "O" or not series.isna().any():
        # Nullable integers become objects or floats unless told otherwise.
        return series.to_numpy({"i": np.int64, "u": np.uint64}.get(kind))
    return series.to_numpy(np.float64, na_value=np.nan)


def _one(value: Any) -> Exact | float:
    """Return a number as Python has it: int if whole, else Fraction; no number as float NaN."""
    if isinstance(value, numbers.Integral):
        return int(value)
    if isinstance(value, Decimal | float | np.floating | Fraction):
        return _fraction(value) if math.isfinite(value) else float(value)
    raise TypeError(f"{type(value).__name__} is no number")


def _fraction(value: Any) -> Exact:
    found = Fraction(*value.as_integer_ratio())
    return found.numerator if found.denominator == 1 else found


def _rounded(column: NDArray[Any]) -> Array:
    if column.dtype.kind != "O":
        with np.errstate(over="ignore"):
            return column.astype(np.float64)
    return np.array([_float(value) for value in column.tolist()], dtype=np.float64)


def _float(value: Exact | float) -> float:
    try:
        return float(value)
    except OverflowError:
        return sys.float_info.max if value > 0 else -sys.float_info.max


def _loses(column: NDArray[Any], values: Array) -> bool:
    """Tell whether numbers of a column are above 2⁵³ in size, or are rounded."""
    if column.dtype.kind in "iu":
        return bool(len(column)) and max(int(column.max()), -int(column.min())) > WHOLE
    if column.dtype.kind == "f":
        return bool((values != column).any())
    return any(
        abs(value) > WHOLE or value != rounded
        for value, rounded in zip(column.tolist(), values.tolist(), strict=True)
    )


def _exactly(column: NDArray[Any]) -> list[Exact]:
    if column.dtype.kind in "iuO":
        return column.tolist()
    return [_fraction(value) for value in column]
