"""Rows as they come in batches: NumPy's, torch's, pandas' or Arrow's columns of numbers."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np

from gan_eval.runtime.arguments import shown
from gan_eval.runtime.errors import UsageError
from gan_eval.stats.conversion import WHOLE
from gan_eval.stats.samples import LARGEST_VALUE, Array


def names_of(rows: Any) -> tuple[str, ...] | None:
    """Return the columns' names where the rows give them."""
    if _is(rows, "pyarrow", "Table", "RecordBatch"):
        return tuple(rows.schema.names)
    if _is(rows, "pandas", "DataFrame"):
        return tuple(str(name) for name in rows.columns)
    return None


def read(
    rows: Any,
    columns: tuple[str, ...] | None = None,
    dimension: int | None = None,
    *,
    name: str = "`rows`",
) -> Array:
    """Return rows as float64 of shape (n, d); of the columns named, in that order, where both say,
    and of as many as ``dimension``, where that is given.

    Raises
    ------
    UsageError
        Where it is no table of numbers, or not of these columns.
    """
    found = names_of(rows)
    if columns is not None and found is not None and found != columns:
        raise UsageError(
            f"{name} must have the columns of the reference, {shown(list(columns))}, in this "
            f"order, got {shown(list(found))}"
        )
    if _is(rows, "pyarrow", "Table", "RecordBatch"):
        table = _of_arrow(rows, name)
    else:
        if _is(rows, "torch", "Tensor"):
            rows = rows.detach().cpu().numpy()
        elif _is(rows, "pandas", "DataFrame", "Series"):
            rows = _of_pandas(rows)
        try:
            given = np.asarray(rows)
            if given.dtype.kind not in "buifO":
                raise TypeError
            _require_held(given, name)
            table = np.asarray(given, dtype=np.float64)
        except (TypeError, ValueError):
            raise UsageError(f"{name} must be a table of numbers") from None
    if table.ndim == 1:
        table = table[:, None]
    if table.ndim != 2 or table.shape[1] == 0:
        raise UsageError(f"{name} must be a table of shape (rows, columns), got {table.shape}")
    if dimension is not None and table.shape[1] != dimension:
        raise UsageError(
            f"{name} must have the reference's {dimension} columns, got {table.shape[1]}"
        )
    return table


def require_finite(rows: Array, start: int = 0, name: str = "`rows`") -> None:
    """Raise ``UsageError``, with the position counted from ``start``, for what is not finite."""
    # NaN fails every comparison, and an infinity this one.
    if (np.abs(rows) <= LARGEST_VALUE).all():
        return
    row, column = np.argwhere(~(np.abs(rows) <= LARGEST_VALUE))[0]
    value = rows[row, column]
    what = (
        f"numbers of at most {LARGEST_VALUE:g} in size" if np.isfinite(value) else "finite numbers"
    )
    raise UsageError(
        f"{name} must hold {what}, got {value} at position {start + row}, column {column}"
    )


def _of_arrow(rows: Any, name: str) -> Array:
    import pyarrow as pa

    table = np.empty((rows.num_columns, rows.num_rows))
    for index, column in enumerate(rows.columns):
        field = rows.schema.field(index)
        if not (pa.types.is_floating(field.type) or pa.types.is_integer(field.type)):
            raise UsageError(
                f"{name} must hold numbers, got column {shown(field.name)} of type {field.type}"
            )
        if column.null_count:
            raise UsageError(
                f"{name} must have a number everywhere, got {column.null_count} missing in "
                f"column {shown(field.name)}"
            )
        values = column.to_numpy(zero_copy_only=False)
        _require_held(values, name)
        table[index] = values
    return table.T


def _of_pandas(rows: Any) -> Any:
    """Take the numbers; those missing become NaN, also in the types that hold no NaN."""
    try:
        return rows.to_numpy(dtype=np.float64, na_value=np.nan)
    except (TypeError, ValueError):
        return rows.to_numpy()


def _require_held(values: Any, name: str) -> None:
    if values.dtype.kind in "iu" and values.itemsize == 8 and values.size:
        largest = max(-int(values.min()), int(values.max()))
        if largest > WHOLE:
            raise UsageError(
                f"{name} must hold whole numbers of at most 2**53 in size, which float64 holds "
                f"exactly, got {largest}"
            )


def _is(value: Any, module: str, *classes: str) -> bool:
    found = sys.modules.get(module)
    return found is not None and isinstance(value, tuple(getattr(found, c) for c in classes))
