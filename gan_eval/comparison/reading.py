"""A file, an array or a DataFrame as a table of numbers, and the columns that two share."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from gan_eval.comparison.binary import read_arrays, read_parquet, table_of_array
from gan_eval.comparison.text import Header, Opening, headers, positions, read_text, taken
from gan_eval.runtime.arguments import nearest, plain
from gan_eval.runtime.errors import UsageError
from gan_eval.stats.conversion import Array, Numbers, worded
from gan_eval.stats.samples import LARGEST_VALUE, SECONDS

LEAST_ROWS = 3
"""Fewer have no covariance worth a comparison."""

MOST_COLUMNS = 4096
"""Columns of one comparison, whose time grows with their third power: 16 s of a processor for
2,048 columns, some minutes for these."""

ENDINGS = (".csv", ".tsv", ".parquet", ".npy", ".npz")

_INDEX = ("", "Unnamed: 0")  # the names of a saved index, in a file and in a frame read from it
_UNSAFE = {".pkl", ".pickle", ".p", ".joblib", ".pt", ".pth", ".dill"}
_SEPARATORS = {".csv": ",", ".tsv": "\t"}
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
        :mod:`~gan_eval.comparison.text`),
        ``.parquet``, ``.npy`` (shape (n, d) or (n,)) or ``.npz`` (one such array,
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
            frame, named = read_text(path, _SEPARATORS[ending], header.named)
            note = None if header.plain else taken(path, frame, header.named)
        elif ending == ".parquet":
            frame, named = read_parquet(path), True
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


def common_columns(
    real: Table, generated: Table, chosen: Sequence[str] | None
) -> tuple[Table, Table]:
    """Give both tables the same columns in the same order: the chosen ones, or all.

    Columns are matched by name, in the order of ``real``. A table without names is matched by
    position and takes the other's names. Raises ``UsageError`` where they cannot be matched.

    Examples
    --------
    >>> named = table_of(pd.DataFrame({"b": [1, 2, 3], "a": [4, 5, 6]}), "real")
    >>> turned = table_of(pd.DataFrame({"a": [4, 5, 6], "b": [1, 2, 3]}), "generated")
    >>> [list(table.frame.columns) for table in common_columns(named, turned, None)]
    [['b', 'a'], ['b', 'a']]
    """
    apart = set(real.frame.columns) != set(generated.frame.columns)
    if apart and not (real.named and generated.named):
        widths = real.frame.shape[1], generated.frame.shape[1]
        if widths[0] != widths[1]:
            raise UsageError(
                f"{real.source!r} has {widths[0]} columns and {generated.source!r} has "
                f"{widths[1]}: one of them has no names, so their columns can only be matched "
                "by position"
            )
        names = (generated if generated.named else real).frame.columns
        real = replace(real, frame=real.frame.set_axis(names, axis=1))
        generated = replace(generated, frame=generated.frame.set_axis(names, axis=1))
    columns = list(real.frame.columns) if chosen is None else list(chosen)
    for table, other in ((real, generated), (generated, real)):
        wanted = other.frame.columns if chosen is None else columns
        absent = [c for c in wanted if c not in table.frame.columns]
        if absent:
            raise UsageError(_absent(table, other, absent, chosen is not None))
    if len(columns) > MOST_COLUMNS:
        raise UsageError(
            f"at most {MOST_COLUMNS} columns can be compared, got {len(columns)} in "
            f"{real.source!r}: choose some with `columns`"
        )
    repeated = [column for column, count in Counter(columns).items() if count > 1]
    if repeated or not columns:
        found = f"{plain(min(repeated))!r} more than once" if repeated else "none"
        raise UsageError(f"`columns` must name different columns, got {found}")
    if "" in columns:
        raise UsageError(
            f"{real.source!r} has a column without a name, as pandas saves its index: save it with "
            "index=False, or choose the others with `columns`"
        )
    first, second = (replace(one, frame=one.frame[columns]) for one in (real, generated))
    return first, second


def _absent(table: Table, other: Table, absent: Sequence[str], chosen: bool) -> str:
    if not chosen and absent[0] in _INDEX and absent[0] == other.frame.columns[0]:
        return (
            f"{other.source!r} has a column more than {table.source!r}, the first, which looks "
            "like an index that pandas saved: save it with index=False, or choose the others with "
            "`columns`"
        )
    names = [plain(name) for name in table.frame.columns[:20]]
    hint = nearest(absent[0], names) if chosen else "name the common ones with `columns`"
    return f"{table.source!r} lacks the {some('column', absent)}: {hint}"


def counting(real: Array, generated: Array, names: Sequence[str]) -> list[str]:
    """Name the columns that count the rows of both, from 0 or 1, as a saved index does.

    Examples
    --------
    >>> rows = np.array([[0.0, 3.1], [1.0, 2.7], [2.0, 3.3]])
    >>> counting(rows, rows[:2], ["Unnamed: 0", "height"])
    ['Unnamed: 0']
    """
    return [
        name
        for j, name in enumerate(names)
        if real[0, j] in (0, 1)
        and all(
            np.array_equal(rows[:, j], real[0, j] + np.arange(len(rows)))
            for rows in (real, generated)
        )
    ]
