"""A text as a table: its encoding, its comments, its dialect, and then pandas."""

from __future__ import annotations

import io
import mmap
import re
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation
from functools import partial
from itertools import islice
from typing import Any

import numpy as np
import pandas as pd

from gan_eval.comparison.reading import dialect
from gan_eval.comparison.reading.dialect import Convention, rows_of
from gan_eval.comparison.reading.encoding import decoded
from gan_eval.comparison.reading.header import LINES, MISSING, Header, Opening
from gan_eval.comparison.reading.options import BLANKS, ReadOptions
from gan_eval.comparison.reading.source import TEXTS, Source, positions, require_columns
from gan_eval.runtime.arguments import plain
from gan_eval.runtime.errors import UsageError
from gan_eval.runtime.spreadsheet import EXACT_CSV

MOST_LINES = 2000
"""Lines from which the dialect is found out."""

_ENTRIES = 2**18  # of those lines, at most
_WHOLE = re.compile(r"[+-]?[0-9]+")
_LONG = "[1-9](?:[{}]?[0-9]){{15}}"  # float64 holds 15 digits of every decimal
_DECLARED = re.compile(r'"?sep=(.|\\t)"?', re.IGNORECASE)
_NAMED = {"\t": "tab", BLANKS: "blanks", " ": "blank"}


@dataclass(frozen=True)
class Text:
    """A text whose dialect is known, and whose first line is yet to be decided on.

    Attributes
    ----------
    source : Source
        In UTF-8, without comments.
    head : sequence of str
        The first line as it is written.
    opening : Opening
        The first lines, numbers as Python writes them.
    separator : str
    convention : Convention
        How numbers are written.
    na : sequence of str
        Texts that stand for a missing value, beside pandas' own.
    words : frozenset of int
        Columns that the convention must not read, such as a date 1.2.2024 where points part
        thousands.
    notes : tuple of str
        What was found out.
    """

    source: Source
    head: Sequence[str]
    opening: Opening
    separator: str
    convention: Convention
    na: Sequence[str]
    words: frozenset[int]
    notes: tuple[str, ...]

    @classmethod
    def of(cls, source: Source, options: ReadOptions) -> Text:
        """Find out the dialect of a text; ``UsageError`` where it is none, or empty."""
        name, usual = source.name, TEXTS[source.ending]
        source, encoding = decoded(source, options.encoding)
        source, declared = _declared(source)
        plainest, lines = declared or usual, _lines(source)
        if not lines:
            raise UsageError(f"{name!r} is empty: a header or a row of numbers is needed")
        mark = "#" if options.comment is None else options.comment
        bare = [line for line in lines if not (mark and line.startswith(mark))] or lines
        told = options.separator or declared
        separator = told or dialect.find_separator(bare, usual)
        if separator == "," and not told and dialect.is_one_column_of_decimal_commas(bare):
            separator = ";"
        cleaned, left_out = _without_comments(source, lines, bare, mark, separator)
        if cleaned is not source:
            source, lines = cleaned, _lines(cleaned)
        rows = rows_of(lines, source.name, separator)
        if not rows:
            raise UsageError(f"{source.name!r} is empty: a header or a row of numbers is needed")
        require_columns(source.name, len(rows[0]))
        quoted = _names_in_quotes(rows_of(lines, source.name, separator, quotes=False))
        if dialect.names_rows(rows, separator, lines):
            rows[0] = ["", *rows[0]]
        head = rows[0]
        body = rows[1 : 2 + max(LINES, _ENTRIES // len(head))]
        columns = [[row[j] for row in body if j < len(row)] for j in range(len(head))]
        columns = [[e for e in column if e not in options.na] for column in columns]
        convention = dialect.find_convention(columns, separator, options.decimal, options.thousands)
        words = frozenset(
            j for j, column in enumerate(columns)
            if not all(convention.is_number(e) for e in column if e not in MISSING)
        ) if convention.thousands else frozenset()  # fmt: skip
        settled = dialect.without_spaces(convention)
        if settled != convention:
            text = source.read().decode("utf-8-sig").replace(str(convention.thousands), " ")
            source = replace(source, path=None, held=text.encode())

        def written(row: Sequence[str]) -> list[str]:
            return ["" if entry in options.na else convention.plain(entry) for entry in row]

        opening = Opening(written(head), [written(row) for row in body[:LINES]], quoted)
        found = {
            "separator": _parts(separator) if len(head) > 1 and separator != plainest else "",
            "decimal": "decimal comma" if convention.decimal == "," else "",
            "thousands": f"{settled.thousands!r} between thousands" if settled.thousands else "",
            "encoding": f"encoding {encoding}" if encoding != "utf-8" else "",
            "comment": f"{left_out} left out" if left_out else "",
        }
        notes = _said(name, {k: v for k, v in found.items() if v and getattr(options, k) is None})
        return cls(source, head, opening, separator, settled, options.na, words, notes)

    def read(self, header: Header) -> tuple[pd.DataFrame, bool]:
        """Read the table, and say whether its columns have names."""
        read = partial(self._read, header=0 if header.named else None)
        with self._refusing():
            frame = _with_all_digits(self.source, read(**EXACT_CSV), read, self.convention)
        head = list(self.head)
        names = head if header.named else positions(len(head))
        empty = [
            j for j, name in enumerate(head)
            if name == "" and (header.named or j == len(head) - 1) and frame[j].isna().all()
        ]  # fmt: skip
        frame = frame.set_axis(names, axis=1)
        if empty and len(empty) < len(head):  # separators at the ends of lines
            frame = frame.iloc[:, [j for j in range(len(head)) if j not in empty]]
        return frame, header.named

    def _read(self, **options: Any) -> pd.DataFrame:
        dtype = dict.fromkeys(self.words, str)
        return pd.read_csv(
            self.source.place, sep=self.separator, encoding="utf-8-sig", index_col=False,
            names=range(len(self.head)), skipinitialspace=True, low_memory=False,
            decimal=self.convention.decimal, thousands=self.convention.thousands,
            na_values=list(self.na), **{"dtype": dtype, **options},
        )  # fmt: skip

    @contextmanager
    def _refusing(self) -> Iterator[None]:
        name = self.source.name
        parts = _NAMED.get(self.separator, repr(self.separator))
        try:
            with warnings.catch_warnings():
                # pandas warns, and goes on, where a row has more values than there are columns.
                warnings.simplefilter("error", pd.errors.ParserWarning)
                yield
        except pd.errors.ParserWarning:
            raise UsageError(
                f"{name!r} is not a table: its first line has fewer fields than the lines below, "
                f"with {parts} between columns; `separator` names another"
            ) from None
        except (ValueError, OverflowError) as error:
            if isinstance(error, UsageError):
                raise
            reason = " ".join(str(error).split()).removeprefix("Error tokenizing data. C error: ")
            raise UsageError(
                f"{name!r} is not a table: {reason}, with {parts} between columns; `separator` "
                "names another"
            ) from None


def _lines(source: Source, most: int = MOST_LINES + 1) -> list[str]:
    with source.open() as file, io.TextIOWrapper(file, "utf-8-sig", newline="") as lines:
        return list(islice((line for line in lines if line.strip()), most))


def _declared(source: Source) -> tuple[Source, str | None]:
    """Take off a first line ``sep=;`` and return its separator."""
    lines = _lines(source, 1)
    found = _DECLARED.fullmatch(lines[0].strip()) if lines else None
    if found is None:
        return source, None
    text = source.read().decode("utf-8-sig")
    rest = text[text.index(lines[0]) + len(lines[0]) :]
    return replace(source, path=None, held=rest.encode()), found[1].replace(r"\t", "\t")


def _names_in_quotes(raw: Sequence[Sequence[str]]) -> bool:
    """Say whether all of the first row stands in quotes, and nothing below it."""
    return (
        len(raw) > 1
        and all(entry.startswith('"') for entry in raw[0])
        and not any(entry.startswith('"') for row in raw[1 : LINES + 1] for entry in row)
    )


def _parts(separator: str) -> str:
    named = _NAMED.get(separator)
    return f"{named} between columns" if named else f"separator {separator!r}"


def _said(name: str, found: dict[str, str]) -> tuple[str, ...]:
    if not found:
        return ()
    names = ", ".join(f"`{one}`" for one in found)
    verb = "says" if len(found) == 1 else "say"
    return (f"{plain(name)} was read with {', '.join(found.values())}: {names} {verb} otherwise.",)


def _without_comments(
    source: Source, lines: Sequence[str], bare: Sequence[str], mark: str, separator: str
) -> tuple[Source, str]:
    """Leave out the lines that begin with ``mark`` and have not as many fields as the others.

    Of those at the top, the last may name the columns; where most lines begin so, all are rows.
    """
    begin = [line.startswith(mark) for line in lines]
    if not mark or 2 * sum(begin) > len(lines):
        return source, ""
    with _bytes(source) as content:
        found = any(begin) or any(content.find(end + mark.encode()) >= 0 for end in (b"\n", b"\r"))
    if not found:
        return source, ""

    def width(line: str) -> int:
        return len(next(iter(rows_of([line], source.name, separator)), ()))

    wide = max(map(width, bare[-1:]), default=1)
    kept: list[str] = []
    top: list[str] = []
    left_out, inside = 0, False
    for line in io.StringIO(source.read().decode("utf-8-sig"), newline=""):
        if not inside and line.startswith(mark):
            if not kept:
                top.append(line)
                continue
            if wide == 1 or width(line) != wide:
                left_out += 1
                continue
        inside ^= line.count('"') % 2 == 1
        if line.strip():
            kept.append(line)
    if top:
        names = top[-1].lstrip(mark).strip()
        first = next(iter(rows_of(bare[:1], source.name, separator)), [])
        fits = width(names) == wide if wide > 1 else len(names.split()) == 1
        # Where the first row has no number, it is what names the columns.
        taken = fits and any(map(dialect.looks_numeric, first))
        taken = taken and not any(map(dialect.looks_numeric, rows_of([names], "", separator)[0]))
        if taken:
            kept.insert(0, f"{names}\n")
        left_out += len(top) - taken
    said = f"{left_out} comment line{'s' * (left_out > 1)} ({mark})" if left_out else ""
    return replace(source, path=None, held="".join(kept).encode()), said


@contextmanager
def _bytes(source: Source) -> Iterator[bytes | mmap.mmap]:
    """Yield all bytes of a source, of a file without reading it into memory."""
    if source.path is None:
        yield source.held or b""
        return
    with source.open() as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        yield content


def _with_all_digits(
    source: Source,
    frame: pd.DataFrame,
    read: Callable[..., pd.DataFrame],
    convention: Convention,
) -> pd.DataFrame:
    """Make columns decimals where float64 makes different numbers equal, or where
    whole numbers fit no integer type; and integers that a missing value made floats again."""
    marks = re.escape(convention.decimal + (convention.thousands or ""))
    with _bytes(source) as content:
        if not len(frame) or not re.search(_LONG.format(marks).encode(), content):
            return frame
    doubtful = [
        j
        for j in frame
        if (frame[j].dtype.kind == "f" and (frame[j].duplicated().any() or frame[j].isna().any()))
        or (
            getattr(frame[j].dtype, "kind", "O") == "O"
            and _WHOLE.fullmatch(convention.plain(str(frame[j].iloc[0])))
        )
    ]
    if not doubtful:
        return frame
    texts = read(usecols=doubtful, dtype=str)
    for j in doubtful:
        entries = [convention.plain(entry.strip()) for entry in texts[j].dropna()]
        try:
            decimals = [Decimal(entry) for entry in entries]
        except InvalidOperation:  # a word
            continue
        if len(decimals) < len(frame):
            whole = bool(entries) and all(map(_WHOLE.fullmatch, entries))
            if whole and 2**53 < max(map(abs, decimals)) < 2**63:
                values = np.zeros(len(frame), dtype=np.int64)
                missing = texts[j].isna().to_numpy()
                values[~missing] = [int(value) for value in decimals]
                frame[j] = pd.arrays.IntegerArray(values, missing)
        elif len(set(decimals)) > frame[j].nunique() or frame[j].dtype.kind != "f":
            frame[j] = pd.Series(decimals, dtype=object)
    return frame
