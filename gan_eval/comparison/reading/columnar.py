"""Parquet files, folders of them, Feather files and Arrow tables to a frame."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from gan_eval.comparison.reading.source import Source, require_columns, require_room
from gan_eval.runtime.arguments import plain
from gan_eval.runtime.errors import UsageError

if TYPE_CHECKING:
    import pyarrow as pa

UNNAMED_INDEX = re.compile(r"__index_level_[0-9]+__")
"""The names that pandas gives to an index without one."""


def read_parquet(source: Source) -> tuple[pd.DataFrame, list[str]]:
    """Read a Parquet file, or all of a folder, and say what became of an index.

    ``UsageError`` where it is none, before it is unpacked where it would take more than
    ``MOST_NUMBERS``.
    """
    from pyarrow import parquet

    if not source.ending:
        return _read_folder(source)
    with usable(source.name, "Parquet file"), parquet.ParquetFile(source.place) as file:
        require_columns(source.name, file.metadata.num_columns)
        require_room(source.name, file.metadata.num_rows * file.metadata.num_columns)
        return frame_of_arrow(file.read(), source.name)


def read_feather(source: Source) -> tuple[pd.DataFrame, list[str]]:
    """Read a Feather file, or Arrow's format for files or streams, as ``read_parquet`` does."""
    import pyarrow as pa
    from pyarrow import ipc

    with usable(source.name, "Feather or Arrow file"), source.open() as file:
        start = file.read(6)
        file.seek(0)
        if start == b"ARROW1":
            reader = ipc.open_file(file)
            batches = (reader.get_batch(j) for j in range(reader.num_record_batches))
        else:
            reader = ipc.open_stream(file)
            batches = iter(reader)
        require_columns(source.name, len(reader.schema))
        kept: list[Any] = []
        count = 0
        for batch in batches:
            count += batch.num_rows * max(batch.num_columns, 1)
            require_room(source.name, count)
            kept.append(batch)
        return frame_of_arrow(pa.Table.from_batches(kept, reader.schema), source.name)


def frame_of_arrow(table: pa.Table, name: str) -> tuple[pd.DataFrame, list[str]]:
    """Make a frame of an Arrow table, and say what became of pandas' index in it.

    A structure is a column for each of its fields. Whole numbers and truth values with missing
    ones among them stay what they are. An index without a name is left out, as one in memory is.
    """
    import pyarrow as pa

    notes: list[str] = []
    index = [
        one for one in (table.schema.pandas_metadata or {}).get("index_columns", ())
        if isinstance(one, str) and one in table.column_names
    ]  # fmt: skip
    for one in index:
        if UNNAMED_INDEX.fullmatch(one):
            table = table.drop_columns([one])
        else:
            notes.append(
                f"{plain(name)} has an index named {plain(one)!r}, which was taken as a column; "
                "`exclude` leaves it out."
            )
    while any(pa.types.is_struct(field.type) for field in table.schema):
        table = table.flatten()
        require_columns(name, table.num_columns)
    names = table.column_names
    table = table.rename_columns([str(j) for j in range(len(names))])
    frame = table.to_pandas(ignore_metadata=True, date_as_object=False)
    whole = {
        **{getattr(pa, kind.lower())(): getattr(pd, f"{kind}Dtype")() for kind in _NULLABLE},
        pa.bool_(): pd.BooleanDtype(),
    }
    for j, column in enumerate(table.columns):
        if column.null_count and column.type in whole:
            frame[str(j)] = column.to_pandas(types_mapper=whole.get)
    return frame.set_axis(pd.Index(names, dtype=object), axis=1), notes


_NULLABLE = ("Int8", "Int16", "Int32", "Int64", "UInt8", "UInt16", "UInt32", "UInt64")


def parquet_files(folder: Path, name: str) -> list[Path]:
    """Return the files of a folder, and of those in it, that end in .parquet, by their names.

    What begins with a point or an underscore is left out. ``UsageError`` where there is none.
    """
    found = sorted(
        file for file in folder.rglob("*.parquet")
        if not any(part.startswith((".", "_")) for part in file.relative_to(folder).parts)
    )  # fmt: skip
    if not found:
        raise UsageError(
            f"{name!r} is a directory without Parquet files: give a file, or a folder of "
            "files that end in .parquet"
        )
    return found


def _read_folder(source: Source) -> tuple[pd.DataFrame, list[str]]:
    import pyarrow as pa
    from pyarrow import dataset

    path = source.path
    assert path is not None
    files = [str(file) for file in parquet_files(path, source.name)]
    with usable(source.name, "folder of Parquet files"):
        # The names of folders, as in year=2024, are columns too.
        found = dataset.dataset(
            files, format="parquet",
            partitioning=dataset.partitioning(flavor="hive"),
            partition_base_dir=str(path),
        )  # fmt: skip
        schemas = [fragment.physical_schema for fragment in found.get_fragments()]
        schema = pa.unify_schemas([*schemas, found.schema], promote_options="permissive")
        found = found.replace_schema(schema)
        require_columns(source.name, len(schema))
        require_room(source.name, found.count_rows() * len(schema))
        return frame_of_arrow(found.to_table(), source.name)


@contextmanager
def usable(name: str, kind: str) -> Iterator[None]:
    """Turn what a damaged file raises into a ``UsageError`` that names it and its kind."""
    try:
        yield
    except (UsageError, MemoryError):
        raise
    except Exception as error:
        # Damaged bytes reach thrift, codecs and flatbuffers, each with errors of its own.
        if isinstance(error, OSError) and error.errno:
            raise
        reason = str(error).splitlines()[0].rpartition("': ")[2] if str(error) else "damaged"
        raise UsageError(f"{name!r} is not a usable {kind}: {plain(reason, 200)}") from None
