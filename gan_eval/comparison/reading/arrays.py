"""NPY and NPZ files to a table, without running or unpacking too much of them."""

from __future__ import annotations

import math
import os
import zipfile
from typing import IO, Any

import pandas as pd
from numpy.lib import format as npy
from numpy.typing import NDArray

from gan_eval.comparison.reading.source import (
    Source,
    positions,
    require_columns,
    require_room,
)
from gan_eval.runtime.arguments import nearest, plain
from gan_eval.runtime.errors import UsageError

_MAGIC, _ARCHIVE = npy.MAGIC_PREFIX, b"PK"
_NAMED = 3  # arrays named in a sentence


def read_arrays(source: Source, chosen: str | None = None) -> tuple[pd.DataFrame, bool]:
    """Read the table in an NPY or NPZ file, and say whether its columns have names.

    One array of shape (n, d), (n,), or (n,) with fields, of which one of shape (k,) makes k
    columns; or columns of shape (n,) by name; or the one ``chosen`` of an NPZ file. ``UsageError``
    for anything else, before it is unpacked where it would take more than ``MOST_NUMBERS``.
    """
    path, kind = source.name, source.ending[1:].upper()
    try:
        with source.open() as file:
            start = file.read(len(_MAGIC))
            file.seek(0)
            if start.startswith(_ARCHIVE):
                return _of_members(path, file, chosen)
            if start and start != _MAGIC:
                raise UsageError(
                    f"{path!r} is no {kind} file: what may be a pickle is never loaded, save "
                    "an array of numbers"
                )
            size = file.seek(0, os.SEEK_END)
            file.seek(0)
            return table_of_array(path, _array(path, file, size))
    except (UsageError, OSError, MemoryError):
        raise
    except Exception:
        # Damaged bytes reach zlib, struct, tokenize and ast, each with errors of its own.
        raise UsageError(f"{path!r} is not a usable {kind} file") from None


def _of_members(path: str, file: IO[bytes], chosen: str | None) -> tuple[pd.DataFrame, bool]:
    arrays: dict[str, NDArray[Any]] = {}
    others: list[str] = []
    with zipfile.ZipFile(file) as archive:
        members = archive.infolist()
        require_room(path, sum(member.file_size for member in members) // 8)
        for member in members:
            name, ending = os.path.splitext(member.filename)
            if chosen is not None and name != chosen:
                others.append(name)
                continue
            if member.flag_bits & 1:
                raise UsageError(f"{path!r} is encrypted, save it without a password")
            if ending != ".npy" or name in arrays:
                raise UsageError(
                    f"{path!r} must hold arrays, each by its name, got the file "
                    f"{plain(member.filename)!r}{' twice' if name in arrays else ''}"
                )
            with archive.open(member) as opened:
                arrays[name] = _array(path, opened, member.file_size)
    if chosen is not None and not arrays:
        raise UsageError(f"{path!r} has no array {chosen!r}: {nearest(chosen, others)}")
    if len(arrays) == 1:
        (array,) = arrays.values()
        if array.ndim != 1 or array.dtype.names or chosen is not None:
            return table_of_array(path, array)
    shapes = {array.shape for array in arrays.values()}
    records = any(array.dtype.names for array in arrays.values())
    if records or len(shapes) != 1 or len(shapes.pop()) != 1:
        shapes = ", ".join(f"{plain(n)!r} {a.shape}" for n, a in list(arrays.items())[:_NAMED])
        raise UsageError(
            f"{path!r} must hold one array of rows and columns, or columns of one length, "
            f"got {shapes or 'nothing'}{': name one with `array`' if arrays else ''}"
        )
    return pd.DataFrame(arrays), True


def _array(path: str, file: IO[bytes], size: int) -> NDArray[Any]:
    """Read an array from a file of ``size`` bytes, none of which are trusted."""
    first = npy.read_magic(file) == (1, 0)
    read_header = npy.read_array_header_1_0 if first else npy.read_array_header_2_0
    shape, _, dtype = read_header(file)
    if dtype.hasobject:
        raise UsageError(
            f"{path!r} holds Python objects: a pickle is never loaded, save an array of numbers"
        )
    count = math.prod(shape)
    require_room(path, count * max(dtype.itemsize // 8, 1))
    if 0 in shape[:1] or count * dtype.itemsize > size - file.tell():
        raise UsageError(
            f"{path!r} must hold rows and columns, got shape {plain(shape)} in {size} bytes"
        )
    file.seek(0)
    array = npy.read_array(file, allow_pickle=False)
    return array.astype(array.dtype.newbyteorder("="), copy=False)


def table_of_array(path: str, array: NDArray[Any]) -> tuple[pd.DataFrame, bool]:
    """Make a table of an array of shape (n, d), (n,), or (n,) with fields; see ``read_arrays``.

    ``path`` is what sentences call it.
    """
    if array.dtype.names:
        return _of_fields(path, array), True
    if array.ndim == 1:
        array = array[:, None]
    if array.ndim != 2:
        raise UsageError(f"{path!r} must hold rows and columns, got shape {plain(array.shape)}")
    require_columns(path, array.shape[1])
    return pd.DataFrame(array, columns=pd.Index(positions(array.shape[1]))), False


def _of_fields(path: str, array: NDArray[Any]) -> pd.DataFrame:
    if array.ndim != 1:
        raise UsageError(
            f"{path!r} must hold one row per record, got records of shape {plain(array.shape)}"
        )
    names: list[str] = []
    columns: list[NDArray[Any]] = []
    for field in array.dtype.names or ():
        values = array[field]
        if values.dtype.names or values.ndim > 2:
            raise UsageError(
                f"{path!r} must hold fields of one number or of one row of numbers, got "
                f"{plain(field)!r} of type {plain(array.dtype[field])}"
            )
        several = values.ndim > 1
        names += [f"{field}.{j + 1}" for j in range(values.shape[1])] if several else [field]
        columns += list(values.T) if several else [values]
    require_columns(path, len(columns))
    return pd.DataFrame(dict(enumerate(columns))).set_axis(names, axis=1)
