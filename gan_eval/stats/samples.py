"""Input of the two-sample tests: what is accepted, and the one sentence for what is not."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gan_eval.runtime.errors import UsageError
from gan_eval.runtime.text import cut, shown
from gan_eval.stats.conversion import WHOLE, Numbers, common_origin, require_held, worded

Array = NDArray[np.float64]

# Squared distances of larger values would overflow float64.
LARGEST_VALUE = 1e150

TARGET = "the law they are held against is in float64"
"""Why the origin of data matters where there is a target."""

SECONDS = "seconds since a common start"
"""What to make of times."""


def two_samples(x: Any, y: Any, *, fixed: str | None = None) -> tuple[Array, Array]:
    """x of shape (n, d) and y of shape (m, d) as float64 arrays.

    NumPy arrays, nested sequences, torch tensors (on any device) and pandas DataFrames or Series
    are read; one-dimensional input means d = 1. From a column of numbers that float64 does not
    hold, such as timestamps in nanoseconds, both samples lose the same number
    (:func:`~gan_eval.stats.conversion.common_origin`), unless ``fixed`` gives the reason why
    the answer depends on it. Raises ``UsageError`` for input that is not numeric, holds NaN or
    infinities, has fewer than 2 rows, or differs in its columns.
    """
    names_x, names_y = _column_names(x), _column_names(y)
    if names_x is not None and names_y is not None and names_x != names_y:
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
        return require_held(first, "x", fixed), require_held(second, "y", fixed)
    return common_origin(first, second, "x and y")[:2]


def sample(values: Any, name: str) -> Array:
    """One sample of shape (n, d) as a C-contiguous float64 array; see :func:`two_samples`."""
    return require_held(_checked(values, name), name, TARGET)


def _column_names(values: Any) -> list[str] | None:
    columns = getattr(values, "columns", None)
    return None if columns is None else [str(column) for column in columns]


def _checked(values: Any, name: str) -> Numbers:
    """A table of at least 2 rows of finite numbers."""
    found = _numbers(values, name)
    array = found.values
    if array.shape[0] < 2:
        raise UsageError(f"{name} must have at least 2 rows, got {array.shape[0]}")
    finite = np.isfinite(array)
    if not finite.all():
        row, column = np.argwhere(~finite)[0]
        raise UsageError(
            f"{name} must hold finite numbers, got {array[row, column]} "
            f"in row {row}, column {column}"
        )
    if np.abs(array).max() > LARGEST_VALUE:
        raise UsageError(
            f"{name} must hold values of at most {LARGEST_VALUE:g} in size, "
            f"got {np.abs(array).max():g}"
        )
    return found


def _numbers(values: Any, name: str) -> Numbers:
    if _is(values, "pandas", "DataFrame", "Series"):
        return _of_pandas(values, name)
    array = _array(values, name)
    if array.dtype.kind not in "buifO" or (array.dtype.kind == "O" and not array.ndim):
        raise UsageError(f"{name} must hold real numbers, got values {_of_type(array.dtype)}")
    if array.ndim == 1:
        array = array[:, None]
    if array.ndim != 2 or array.shape[1] == 0:
        raise UsageError(
            f"{name} must be a table of shape (rows, columns) or one column of values, "
            f"got shape {array.shape}"
        )
    try:
        return Numbers.of_array(array)
    except TypeError:
        raise UsageError(
            f"{name} must hold real numbers, got values {_of_type(array.dtype)}"
        ) from None


def _of_type(dtype: Any) -> str:
    times = getattr(dtype, "kind", "O") in "mM"
    return f"of type {cut(str(dtype))}{f': take {SECONDS}' if times else ''}"


def _array(values: Any, name: str) -> NDArray[Any]:
    if _is(values, "torch", "Tensor"):
        return _of_torch(values, name)
    if _is(values, "scipy.sparse", "sparray", "spmatrix"):
        raise UsageError(f"{name} must be a dense table, got a sparse one: use its .toarray()")
    parts = values if isinstance(values, list | tuple) else [values]
    if any(np.ma.getmaskarray(part).any() for part in parts if np.ma.isMaskedArray(part)):
        raise UsageError(f"{name} must have a number everywhere, got masked values")
    try:
        array = np.asarray(values)
        if parts is values and array.dtype.kind == "f" and (np.abs(array) > WHOLE).any():
            # Python's integers were rounded where one stood beside a float, or beyond 64 bits.
            array = np.asarray(values, dtype=object)
    except ValueError:
        raise UsageError(f"{name} must be a table, got rows of unequal length") from None
    except (TypeError, RuntimeError) as error:
        reason = cut(" ".join(str(error).split()))
        raise UsageError(f"{name} cannot be made a table of numbers: {reason}") from None
    return array


def _of_torch(values: Any, name: str) -> NDArray[Any]:
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


def _of_pandas(values: Any, name: str) -> Numbers:
    frame = values.to_frame() if values.ndim == 1 else values
    for position in worded(frame):
        raise UsageError(
            f"{name} must hold real numbers, got column {shown(str(frame.columns[position]))} "
            f"{_of_type(frame.dtypes.iloc[position])}"
        )
    return Numbers.of_frame(frame)


def _is(values: Any, module: str, *classes: str) -> bool:
    """Whether it is of these classes, without an import of what nobody has imported."""
    found = sys.modules.get(module)
    return found is not None and isinstance(values, tuple(getattr(found, c) for c in classes))
