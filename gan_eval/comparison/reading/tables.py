"""Any two tables, each a path or data in memory, and the first lines of texts and sheets."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from gan_eval.comparison.reading.data import table_of
from gan_eval.comparison.reading.header import Header, Opening, headers, taken
from gan_eval.comparison.reading.options import ReadOptions
from gan_eval.comparison.reading.source import (
    RECORDS,
    SHEETS,
    STDIN,
    TEXTS,
    Source,
    locate,
    opened,
)
from gan_eval.comparison.reading.table import Table
from gan_eval.comparison.reading.text import Text
from gan_eval.runtime.errors import UsageError

if TYPE_CHECKING:
    from gan_eval.comparison.reading.sheet import Sheet

_ALL = ReadOptions()
_FOR_TEXTS = (tuple(TEXTS), "text files")
_ARE_FOR: dict[str, tuple[tuple[str, ...], str]] = {
    **dict.fromkeys(("separator", "decimal", "thousands", "encoding", "comment"), _FOR_TEXTS),
    **dict.fromkeys(("header", "na"), ((*TEXTS, *SHEETS), "text files and sheets")),
    "sheet": (SHEETS, "sheets"),
    "array": ((".npz",), "archives of arrays"),
}


def read_table(path: str | Path, options: ReadOptions = _ALL) -> Table:
    """Read the table in a file, by the ending of its name.

    Parameters
    ----------
    path : path
        ``.csv``, ``.tsv``, ``.txt`` (:mod:`~gan_eval.comparison.reading.text`), ``.jsonl``,
        ``.ndjson``, ``.json`` (:mod:`~gan_eval.comparison.reading.records`), ``.xlsx``, ``.xls``,
        ``.parquet`` or a folder of such, ``.feather``, ``.arrow``, ``.npy`` (shape (n, d) or (n,)),
        ``.npz`` (one such array, or columns of shape (n,) by name), each also packed as ``.gz`` or
        ``.zst``. ``-`` is standard input: Parquet, Feather, NPY, JSON or CSV by its first bytes.
    options : ReadOptions
        What is told about it; the rest is found out, and said where it is not plain.

    Raises
    ------
    UsageError
        Where there is no such file, or it is not such a table. A pickle is never loaded: neither a
        file of that kind nor an array of objects inside an NPY or NPZ file.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     file = Path(folder, "heights.csv")
    ...     _ = file.write_text("height;weight\\n171,5;60\\n182,0;75\\n165,3;58\\n")
    ...     read_table(file).frame["height"].tolist()
    [171.5, 182.0, 165.3]
    """
    return read_beside(path, "path", None, options)


def read_beside(data: Any, name: str, other: Table | None, options: ReadOptions = _ALL) -> Table:
    """Take one table, a path or data, whose first line is read with an eye on another's names.

    ``name`` is that of the argument, for sentences about data.

    Examples
    --------
    >>> real = read_beside({"height": [171.0, 182.0, 165.0]}, "real", None)
    >>> read_beside([[170.0], [181.0], [166.0]], "holdout", real).named
    False
    """
    side = _Side.of(data, name, options)
    _require_used(options, [side])
    if isinstance(side.held, Table):
        return side.held
    return _finished(side.held, _header(side.held.opening, other, options))


def read_tables(real: Any, generated: Any, options: ReadOptions = _ALL) -> tuple[Table, Table]:
    """Take two tables, each a path, for :func:`read_table`, or data, for :func:`table_of`.

    Their first lines are read with an eye on each other. At most one comes by standard input.

    Examples
    --------
    >>> [table.source for table in read_tables([[1.0], [2.0]], {"height": [1.5, 2.5]})]
    ['real', 'generated']
    """
    if all(isinstance(one, str | Path) and str(one) == STDIN for one in (real, generated)):
        raise UsageError("only one of the two tables can come by standard input: name a file")
    first = _Side.of(real, "real", options)
    second = _Side.of(generated, "generated", options)
    _require_used(options, [first, second])
    one, other = first.held, second.held
    if isinstance(one, Table):
        if not isinstance(other, Table):
            other = _finished(other, _header(other.opening, one, options))
        return one, other
    if isinstance(other, Table):
        return _finished(one, _header(one.opening, other, options)), other
    heads = headers(one.opening, other.opening)
    if options.header is not None:
        heads = (Header(options.header, True),) * 2
    return _finished(one, heads[0]), _finished(other, heads[1])


class _Side(NamedTuple):
    """One of the two, read up to the decision on its first line, where it has one."""

    held: Table | Text | Sheet
    ending: str | None  # of its file

    @classmethod
    def of(cls, data: Any, name: str, options: ReadOptions) -> _Side:
        if not isinstance(data, str | Path):
            return cls(table_of(data, name), None)
        source = locate(data)
        with opened(source.name):
            return cls(_read(source, options), source.ending)


def _read(source: Source, options: ReadOptions) -> Table | Text | Sheet:
    """Read a file; a text or a sheet up to its first line. The readers of a kind are imported where
    there is one of it."""
    if source.ending in TEXTS:
        return Text.of(source, options)
    if source.ending in SHEETS:
        from gan_eval.comparison.reading.sheet import Sheet

        return Sheet.of(source, options)
    named, notes = True, ()
    if source.ending in RECORDS:
        from gan_eval.comparison.reading.records import read_json

        frame = read_json(source)
    elif source.ending in (".npy", ".npz"):
        from gan_eval.comparison.reading.arrays import read_arrays

        frame, named = read_arrays(source, options.array)
    else:
        from gan_eval.comparison.reading import columnar

        feather = source.ending in (".feather", ".arrow")
        read = columnar.read_feather if feather else columnar.read_parquet
        frame, notes = read(source)
    return Table.of(source.name, frame, named, notes)


def _header(opening: Opening, other: Table | None, options: ReadOptions) -> Header:
    if options.header is not None:
        return Header(options.header, True)
    names = list(other.frame.columns) if other is not None and other.named else ()
    return opening.header(names, other is not None and other.named)


def _finished(side: Text | Sheet, header: Header) -> Table:
    name = side.source.name
    with opened(name):
        frame, named = side.read(header)
    entries = side.head if named or frame.empty else frame.iloc[0].tolist()
    notes = side.notes if header.plain else (*side.notes, taken(name, entries, named))
    return Table.of(name, frame, named, notes)


def _require_used(options: ReadOptions, sides: Sequence[_Side]) -> None:
    """Refuse an option that is for neither of the files."""
    endings = {side.ending for side in sides}
    for name, (kinds, said) in _ARE_FOR.items():
        if getattr(options, name) not in (None, ()) and endings.isdisjoint(kinds):
            raise UsageError(f"`{name}` is for {said} ({', '.join(kinds)}), got none")
