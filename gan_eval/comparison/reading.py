"""A file, an array or a DataFrame as a table of numbers, or one sentence on why it is none."""

from __future__ import annotations

import mmap
import re
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from gan_eval.comparison.arrays import (
    positions,
    read_arrays,
    require_room,
    table_of_array,
)
from gan_eval.comparison.header import Header, Opening, headers, require_columns
from gan_eval.runtime.errors import UsageError
from gan_eval.runtime.spreadsheet import EXACT_CSV
from gan_eval.runtime.text import plain
from gan_eval.stats.conversion import Numbers, worded
from gan_eval.stats.samples import LARGEST_VALUE, SECONDS

LEAST_ROWS = 3
"""Fewer have no covariance worth a comparison."""

ENDINGS = (".csv", ".tsv", ".parquet", ".npy", ".npz")

_UNSAFE = {".pkl", ".pickle", ".p", ".joblib", ".pt", ".pth", ".dill"}
_SEPARATORS = {".csv": ",", ".tsv": "\t"}
_WHOLE = re.compile(r"[+-]?[0-9]+")
_LONG = re.compile(rb"[1-9](?:\.?[0-9]){15}")  # float64 holds 15 digits of every decimal
_NAMED = 3  # columns named in a sentence; more are counted


@dataclass(frozen=True, eq=False)
class Table:
    """The columns of one file.

    Attributes
    ----------
    source : str
        What sentences call it: the file's name as it was given.
    frame : DataFrame
        Unique names, any types.
    named : bool
        Whether the file names its columns; otherwise they are x1, x2, … by position, or the 0, 1, …
        that pandas writes.
    note : str, optional
        What was made of the first line, where that is not plain.
    """

    source: str
    frame: pd.DataFrame
    named: bool
    note: str | None = None

    def numbers(self, columns: Sequence[str]) -> Numbers:
        """Take the chosen columns, n ≥ 3 rows; ``UsageError`` where they are not finite numbers."""
        frame = self.frame[list(columns)]
        if len(frame) < LEAST_ROWS:
            raise UsageError(
                f"{self.source!r} must have at least {LEAST_ROWS} rows, got {len(frame)}"
            )
        words = [columns[position] for position in worded(frame)]
        if words:
            dtype = frame[words[0]].dtype
            remedy = f" or save them as {SECONDS}" if getattr(dtype, "kind", "O") in "mM" else ""
            raise UsageError(
                f"{self.source!r} has {some('column', words)} of type {dtype}, not of numbers: "
                f"choose others with `columns`{remedy}"
            )
        found = Numbers.of_frame(frame)
        values = found.values
        for fault, bad in (("missing", np.isnan(values)), ("infinite", np.isinf(values))):
            if bad.any():
                row, column = np.argwhere(bad)[0]
                count = f"{bad.sum()} {fault} value{'s' if bad.sum() > 1 else ''}"
                raise UsageError(
                    f"{self.source!r} has {count}, the first in column {plain(columns[column])!r}, "
                    f"row {row + 1}: every value must be a finite number"
                )
        if np.abs(values).max() > LARGEST_VALUE:
            raise UsageError(
                f"{self.source!r} must hold values of at most {LARGEST_VALUE:g} in size, "
                f"got {np.abs(values).max():g}"
            )
        return found


def read_tables(real: Any, generated: Any, header: bool | None = None) -> tuple[Table, Table]:
    """Take two tables, each a path, for :func:`read_table`, or data, for :func:`table_of`.

    The first line of a text is read with an eye on the other table.
    """
    given = {"real": real, "generated": generated}
    paths = {name: _file(one) for name, one in given.items() if isinstance(one, str | Path)}
    texts = [name for name, path in paths.items() if path.suffix.lower() in _SEPARATORS]
    if header is not None and not texts:
        raise UsageError(f"`header` is for text files ({', '.join(_SEPARATORS)}), got none")
    tables = {
        name: _read(paths[name], None) if name in paths else table_of(one, name)
        for name, one in given.items()
        if name not in texts
    }
    if header is not None:
        heads = [Header(header, True)] * len(texts)
    elif not tables:
        heads = headers(_opening(paths["real"]), _opening(paths["generated"]))
    else:
        heads = [
            _opening(paths[name]).header(
                list(other.frame.columns) if other.named else (), other.named
            )
            for name in texts
            for other in tables.values()
        ]
    for name, head in zip(texts, heads, strict=True):
        tables[name] = _read(paths[name], head)
    return tables["real"], tables["generated"]


def table_of(data: Any, name: str) -> Table:
    """Take a DataFrame, a Series, or an array of shape (n, d) or (n,) as a table.

    Parameters
    ----------
    data : array_like
        Of NumPy, torch or pandas, or nested sequences. Numbered columns of a DataFrame, as pandas
        makes them, are no names, and an index is no column.
    name : str
        The name of the argument, for sentences.

    Raises
    ------
    UsageError
        Where it has another shape, or two columns of one name.

    Examples
    --------
    >>> list(table_of([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]], "real").frame.columns)
    ['x1', 'x2']
    """
    if isinstance(data, pd.Series):
        data = data.to_frame()
    if isinstance(data, pd.DataFrame):
        named = not isinstance(data.columns, pd.RangeIndex)
        columns = [str(c) for c in data.columns] if named else positions(data.shape[1])
        return _table(name, data.set_axis(columns, axis=1), named)
    if hasattr(data, "detach"):  # a tensor of torch, perhaps on a device
        data = data.detach().cpu()
    try:
        array = np.asarray(data)
    except (TypeError, ValueError):
        raise UsageError(f"`{name}` must be rows of one length") from None
    if array.ndim == 0:
        raise UsageError(
            f"`{name}` must be an array, a DataFrame or the path of a file, got "
            f"{type(data).__name__}"
        )
    return _table(name, *table_of_array(name, array))


def read_table(path: str | Path, header: bool | None = None) -> Table:
    """Read the table in a file, by the ending of its name.

    Parameters
    ----------
    path : path
        ``.csv``, ``.tsv`` (UTF-8, a header of names or numbers from the first line on:
        :mod:`~gan_eval.comparison.header`),
        ``.parquet`` (needs pyarrow), ``.npy`` (shape (n, d) or (n,)) or ``.npz`` (one such array,
        or columns of shape (n,) by name).
    header : bool, optional
        Whether the first line of a text names the columns; found out if not given.

    Raises
    ------
    UsageError
        Where there is no such file, or it is not such a table. A pickle is never loaded: neither a
        file of that kind nor an array of objects inside an NPY or NPZ file.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     file = Path(folder, "heights.csv")
    ...     _ = file.write_text("height,weight\\n171,60\\n182,75\\n165,58\\n")
    ...     read_table(file).frame.shape
    (3, 2)
    """
    path = _file(path)
    if path.suffix.lower() not in _SEPARATORS:
        return _read(path, None)
    return _read(path, _opening(path).header() if header is None else Header(header, True))


def _file(path: str | Path) -> Path:
    path = Path(path)
    ending = path.suffix.lower()
    if ending in _UNSAFE:
        raise UsageError(
            f"{str(path)!r} is a pickle by its ending, which is never loaded because loading one "
            f"can run any code: save the table as one of {', '.join(ENDINGS)}"
        )
    if ending not in ENDINGS:
        raise UsageError(f"a table's name must end in {', '.join(ENDINGS)}, got {str(path)!r}")
    with _opened(path):  # a name may be too long to ask
        if not path.exists():
            raise UsageError(f"there is no file {str(path)!r}")
        if path.is_dir():
            raise UsageError(f"{str(path)!r} is a directory, a file is needed")
    return path


def _opening(path: Path) -> Opening:
    with _opened(path):
        return Opening.of(path, _SEPARATORS[path.suffix.lower()])


@contextmanager
def _opened(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise UsageError(f"{str(path)!r} cannot be read: {error.strerror or error}") from None


def _read(path: Path, header: Header | None) -> Table:
    """Read the table; of a text, ``header`` decides on its first line."""
    ending, note = path.suffix.lower(), None
    with _opened(path):
        if header is not None and ending in _SEPARATORS:
            frame, named = _read_text(path, _SEPARATORS[ending], header.named)
            note = None if header.plain else _taken(path, frame, header.named)
        elif ending == ".parquet":
            frame, named = _read_parquet(path), True
        else:
            frame, named = read_arrays(path)
    frame.columns = [str(name) for name in frame.columns]
    return _table(str(path), frame, named, note)


def _table(source: str, frame: pd.DataFrame, named: bool, note: str | None = None) -> Table:
    repeated = frame.columns[frame.columns.duplicated()]
    if len(repeated):
        raise UsageError(f"{source!r} has more than one column named {plain(repeated[0])!r}")
    if frame.shape[1] == 0:
        raise UsageError(f"{source!r} has no columns")
    return Table(source, frame, named, note)


def some(noun: str, names: Sequence[str]) -> str:
    """Name some columns: ``column 'a'``, ``columns 'a', 'b' and 7 more``."""
    shown = ", ".join(repr(plain(name)) for name in names[:_NAMED])
    rest = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return f"{noun}{'s' * (len(names) > 1)} {shown}{rest}"


def _taken(path: Path, frame: pd.DataFrame, named: bool) -> str:
    entries = [str(entry) for entry in (frame.columns if named else frame.iloc[0])]
    shown = plain(", ".join(entries[:_NAMED]) + (", …" if len(entries) > _NAMED else ""))
    kind = "names" if named else "a row"
    return (
        f"The first line of {plain(path)} ({shown}) was taken as {kind}; `header={not named}` if "
        "it is not."
    )


def _read_text(path: Path, separator: str, named: bool) -> tuple[pd.DataFrame, bool]:
    head = Opening.of(path, separator).head
    require_columns(path, len(head))
    try:
        with warnings.catch_warnings():
            # pandas warns, and goes on, where a row has more values than there are columns.
            warnings.simplefilter("error", pd.errors.ParserWarning)
            read = partial(
                pd.read_csv,
                path,
                sep=separator,
                encoding="utf-8-sig",
                header=0 if named else None,
                names=range(len(head)),
                index_col=False,
                skipinitialspace=True,
                low_memory=False,
            )
            frame = _with_all_digits(path, read(**EXACT_CSV), read)
    except pd.errors.ParserWarning:
        raise UsageError(
            f"{str(path)!r} is not a table: its first line has fewer fields than the lines below; "
            f"{'tabs' if path.suffix.lower() == '.tsv' else 'commas'} must part the columns, "
            "and no decimals"
        ) from None
    except ValueError as error:
        reason = " ".join(str(error).split()).removeprefix("Error tokenizing data. C error: ")
        raise UsageError(f"{str(path)!r} is not a table: {reason}") from None
    default = list(head) == [str(j) for j in range(len(head))]
    names = list(head) if named else positions(len(head))
    return frame.set_axis(names, axis=1), named and not default


def _with_all_digits(
    path: Path, frame: pd.DataFrame, read: Callable[..., pd.DataFrame]
) -> pd.DataFrame:
    """Make columns decimals where float64 makes different numbers equal, or where
    whole numbers fit no integer type."""
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as text:
        if not len(frame) or not _LONG.search(text):
            return frame
    doubtful = [
        j
        for j in frame
        if (frame[j].dtype.kind == "f" and frame[j].duplicated().any())
        or (getattr(frame[j].dtype, "kind", "O") == "O" and _WHOLE.fullmatch(str(frame[j].iloc[0])))
    ]
    if not doubtful:
        return frame
    texts = read(usecols=doubtful, dtype=str)
    for j in doubtful:
        try:
            decimals = [Decimal(entry.strip()) for entry in texts[j]]
        except (AttributeError, InvalidOperation):  # missing, or a word
            continue
        if len(set(decimals)) > frame[j].nunique() or frame[j].dtype.kind != "f":
            frame[j] = pd.Series(decimals, dtype=object)
    return frame


def _read_parquet(path: Path) -> pd.DataFrame:
    try:
        from pyarrow import ArrowException, parquet
    except ImportError:
        raise UsageError(
            "a Parquet file needs pyarrow: pip install 'gan-eval[parquet]', or save it as CSV"
        ) from None
    try:
        with parquet.ParquetFile(path) as file:
            require_columns(path, file.metadata.num_columns)
            require_room(path, file.metadata.num_rows * file.metadata.num_columns)
            return file.read().to_pandas(ignore_metadata=True)
    except (ArrowException, OSError) as error:
        if isinstance(error, OSError) and error.errno:
            raise
        reason = str(error).splitlines()[0].rpartition("': ")[2] if str(error) else "damaged"
        raise UsageError(f"{str(path)!r} is not a usable Parquet file: {reason}") from None
