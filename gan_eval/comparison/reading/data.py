"""Anyone's rows in memory as a table: frames of any library, arrays on any device, columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from gan_eval.comparison.reading.arrays import table_of_array
from gan_eval.comparison.reading.source import positions
from gan_eval.comparison.reading.table import Table
from gan_eval.runtime.arguments import plain
from gan_eval.runtime.errors import UsageError


def table_of(data: Any, name: str) -> Table:
    """Take a frame, columns by name, records, or an array of shape (n, d) or (n,) as a table.

    Parameters
    ----------
    data : array_like or frame
        An array of NumPy, torch or JAX, on any device, or nested sequences; a DataFrame or Series
        of pandas; a frame of polars, an Arrow table or what else gives an Arrow stream or has
        the protocol to exchange frames; a mapping of columns; a list of records. Numbered columns
        of a DataFrame, as pandas makes them, are no names, and an index is no column.
    name : str
        The name of the argument, for sentences.

    Raises
    ------
    UsageError
        Where it has another shape.

    Examples
    --------
    >>> list(table_of([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]], "real").frame.columns)
    ['x1', 'x2']
    >>> list(table_of({"height": [171, 182], "eyes": ["blue", None]}, "real").frame.columns)
    ['height', 'eyes']
    """
    if isinstance(data, pd.Series | pd.Index):
        data = data.to_frame()
    if isinstance(data, pd.DataFrame):
        named = not isinstance(data.columns, pd.RangeIndex)
        columns = data.columns if named else positions(data.shape[1])
        return Table.of(name, data.set_axis(columns, axis=1), named)
    if isinstance(data, Mapping):
        return _of_columns(data, name)
    if hasattr(data, "__arrow_c_stream__") or hasattr(data, "__dataframe__"):
        return _of_arrow(data, name)
    if isinstance(data, list | tuple):
        return _of_sequence(data, name)
    array = _array(data, name)
    if array.ndim == 0:
        raise UsageError(
            f"`{name}` must be an array, a DataFrame or the path of a file, got "
            f"{type(data).__name__}"
        )
    return _of_array(array, name)


def _of_array(array: np.ndarray, name: str) -> Table:
    frame, named = table_of_array(name, array)
    return Table.of(name, frame.infer_objects(), named)


def _of_columns(data: Mapping[Any, Any], name: str) -> Table:
    columns = {j: _column(column, name) for j, column in enumerate(data.values())}
    lengths = {len(column) for column in columns.values()}
    if len(lengths) > 1:
        raise UsageError(
            f"`{name}` must hold columns of one length, got {min(lengths)} and {max(lengths)}"
        )
    frame = pd.DataFrame({j: pd.Series(column) for j, column in columns.items()})
    return Table.of(name, frame.set_axis(list(data), axis=1), True)


def _column(column: Any, name: str) -> Any:
    if isinstance(column, pd.Series):
        return column.array
    if isinstance(column, list | tuple):
        return list(column)
    array = column.array if isinstance(column, pd.Index) else _array(column, name)
    if array.ndim != 1:
        raise UsageError(f"`{name}` must hold columns of shape (n,), got {array.shape}")
    return array


def _of_sequence(data: Sequence[Any], name: str) -> Table:
    """Make a table of nested sequences, or of records; what is not all numbers, by columns."""
    if data and isinstance(data[0], Mapping):
        from gan_eval.comparison.reading.records import frame_of_records

        return Table.of(name, frame_of_records(data, name), True)
    array = _array(data, name)
    if array.ndim == 2 and array.dtype.kind not in "biufc":
        try:
            frame = pd.DataFrame([list(row) for row in data])
        except (TypeError, ValueError):
            raise UsageError(f"`{name}` must be rows of one length") from None
        return Table.of(name, frame.set_axis(positions(frame.shape[1]), axis=1), False)
    return _of_array(array, name)


def _of_arrow(data: Any, name: str) -> Table:
    import pyarrow as pa

    from gan_eval.comparison.reading.columnar import frame_of_arrow

    try:
        if not hasattr(data, "__arrow_c_stream__"):
            from pyarrow.interchange import from_dataframe

            table = from_dataframe(data)
        elif hasattr(data, "columns") or hasattr(data, "schema"):
            table = pa.table(data)
        else:  # a column, as polars' Series
            table = pa.table({str(getattr(data, "name", "") or "x1"): pa.chunked_array(data)})
    except Exception as error:
        # A frame of anyone's, whose own errors these are.
        reason = plain(f"{type(error).__name__}: {error}", 120)
        raise UsageError(f"`{name}` cannot be taken over from its library: {reason}") from error
    frame, notes = frame_of_arrow(table, name)
    return Table.of(name, frame, True, notes)


def _array(data: Any, name: str) -> np.ndarray:
    """Make a NumPy array of an array of any library, on any device."""
    if isinstance(data, np.ma.MaskedArray):
        return np.where(np.ma.getmaskarray(data), np.nan, data.filled(0).astype(float))
    if hasattr(data, "detach"):  # a tensor of torch, perhaps on a device
        data = data.detach().cpu()
        if str(data.dtype) == "torch.bfloat16":  # which NumPy has not
            data = data.float()
    elif hasattr(data, "__dlpack__") and not hasattr(data, "__array__"):
        try:
            return np.from_dlpack(data, device="cpu")
        except (TypeError, RuntimeError, BufferError, ValueError):
            raise UsageError(
                f"`{name}` is on a device that NumPy cannot read: copy it to the CPU first"
            ) from None
    try:
        array = np.asarray(data)
    except (TypeError, ValueError):
        raise UsageError(f"`{name}` must be rows of one length") from None
    return array.astype(np.float32) if str(array.dtype) == "bfloat16" else array
