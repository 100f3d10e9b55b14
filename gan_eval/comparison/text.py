"""A text file as a table, and whether its first line names the columns or is a row like any other.

Words over numbers are names. Numbers may be either: pandas heads a frame without names with
0, 1, …, and years are names too. What speaks for names is then looked for in the lines below and
in the other file, and a decision that is not plain is said.
"""

from __future__ import annotations

import csv
import mmap
import re
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from functools import partial
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from gan_eval.runtime.arguments import plain
from gan_eval.runtime.errors import UsageError
from gan_eval.runtime.spreadsheet import EXACT_CSV

MOST_COLUMNS = 2**16
"""Columns that a file may have, of which some are chosen."""

LINES = 200
"""Rows that are looked at below the first line."""

MANY = 20
"""Rows without a whole number, from which on one in the first line is no chance."""

SHARE = 0.2
"""The share of the rows below that equal it, from which on a first line that both files share may
be one."""

_WHOLE = re.compile(r"[+-]?[0-9]+")
_LONG = re.compile(rb"[1-9](?:\.?[0-9]){15}")  # float64 holds 15 digits of every decimal
_SHOWN = 3  # entries of a first line shown in a sentence
_MISSING = frozenset(
    ("", "NA", "N/A", "n/a", "<NA>", "#N/A", "NULL", "null", "None", "NaN", "nan", "-NaN", "-nan")
)


class Header(NamedTuple):
    """A decision on a first line: does it name the columns, and is that beyond doubt?"""

    named: bool
    plain: bool


@dataclass(frozen=True)
class Opening:
    """The first lines of a file.

    Attributes
    ----------
    head : sequence of str
        The entries of the first line that is not empty.
    body : sequence of sequence of str
        Those of up to ``LINES`` lines below it.
    quoted : bool
        Whether all entries of the head stand in quotes and none of the body does.
    """

    head: Sequence[str]
    body: Sequence[Sequence[str]]
    quoted: bool

    @classmethod
    def of(cls, path: Path, separator: str) -> Opening:
        """Read the opening of a file; ``UsageError`` where it is no text, or empty."""
        try:
            with path.open(encoding="utf-8-sig", newline="") as lines:
                raw = list(islice((line for line in lines if line.strip()), LINES + 1))
        except UnicodeDecodeError:
            raise UsageError(f"{str(path)!r} is not a text file in UTF-8") from None
        rows = _rows(raw, path, separator)
        if not rows:
            raise UsageError(f"{str(path)!r} is empty: a header or a row of numbers is needed")
        plain = _rows(raw, path, separator, quotes=False)
        quoted = (
            len(plain) > 1
            and all(entry.startswith('"') for entry in plain[0])
            and not any(entry.startswith('"') for row in plain[1:] for entry in row)
        )
        return cls(rows[0], rows[1:], quoted)

    def header(self, beside: Sequence[str] = (), beside_named: bool = False) -> Header:
        """Decide whether the first line names the columns.

        Parameters
        ----------
        beside : sequence of str
            The first line of the other file, or its names; and
        beside_named : bool
            whether these are its names beyond doubt.
        """
        columns = [self._below(j) for j in range(len(self.head))]
        numeric = [j for j, below in enumerate(columns) if all(map(_number_or_missing, below))]
        words = [j for j, entry in enumerate(self.head) if not _number_or_missing(entry)]
        if self.quoted or len(words) == len(self.head):
            return Header(True, True)
        if any(j in numeric for j in words):
            return Header(True, plain=not any(map(_number, self.head)))
        if words:  # over words only
            repeated = any(self.head[j] in columns[j] for j in words)
            return Header(not repeated, plain=repeated)
        same = sorted(beside) == sorted(self.head)
        if self._numbers_are_names([columns[j] for j in numeric], numeric, same):
            return Header(True, plain=same and beside_named)
        if beside_named:
            return Header(same, plain=True)
        return Header(False, plain=not (same or self._steps(self.head)))

    def _numbers_are_names(
        self, below: Sequence[Sequence[str]], numeric: Sequence[int], same: bool
    ) -> bool:
        """Say whether a first line of numbers looks like 0, 1, … or years over other numbers."""
        entries = [self.head[j] for j in numeric]
        # pandas leaves the name of an index empty.
        counted = bool(entries) and entries[0] == "" and list(below[0][:2]) == ["0", "1"]
        if counted:
            entries, below = entries[1:], below[1:]
        if not self.body or not entries or not all(map(_whole, entries)):
            return False
        if len(set(map(int, entries))) < len(entries):
            return False
        steps = self._steps(entries)
        decimals = [all(map(_decimal, column)) for column in below]
        outside = len(entries) > 1 and all(
            not min(numbers) <= int(entry) <= max(numbers)
            for entry, numbers in zip(entries, map(_numbers, below), strict=True)
            if numbers
        )
        rare = self.body.count(self.head) < SHARE * len(self.body)
        return (
            counted
            or (all(decimals) and (steps or len(self.body) >= MANY))
            or (any(decimals) and (steps or outside))
            or (steps and (outside or (same and rare)))
        )

    @staticmethod
    def _steps(entries: Sequence[str]) -> bool:
        """Say whether these are 0, or whole numbers one apart."""
        if not all(map(_whole, entries)):
            return False
        values = [int(entry) for entry in entries]
        alone = len(values) == 1 and values != [0]
        return not alone and values == list(range(values[0], values[0] + len(values)))

    def _below(self, column: int) -> list[str]:
        return [row[column] for row in self.body if column < len(row)]


def require_columns(path: Path | str, count: int) -> None:
    """Raise ``UsageError`` where a file has more columns than ``MOST_COLUMNS``."""
    if count > MOST_COLUMNS:
        raise UsageError(f"{str(path)!r} must have at most {MOST_COLUMNS} columns, got {count}")


def positions(count: int) -> list[str]:
    """Name columns without names: x1, x2, …"""
    return [f"x{i + 1}" for i in range(count)]


def headers(first: Opening, second: Opening) -> tuple[Header, Header]:
    """Decide on the first lines of two files, each with an eye on the other.

    Examples
    --------
    >>> words = Opening(["height", "weight"], [["171", "60"]], quoted=False)
    >>> numbers = Opening(["182", "75"], [["165", "58"]], quoted=False)
    >>> [header.named for header in headers(words, numbers)]
    [True, False]
    """
    alone = first.header(), second.header()
    found = [
        first.header(second.head, alone[1].named and alone[1].plain),
        second.header(first.head, alone[0].named and alone[0].plain),
    ]
    if sorted(first.head) == sorted(second.head) and any(header.named for header in found):
        found = [Header(True, header.named and header.plain) for header in found]
    return found[0], found[1]


def _rows(lines: Sequence[str], path: Path, separator: str, quotes: bool = True) -> list[list[str]]:
    quoting = csv.QUOTE_MINIMAL if quotes else csv.QUOTE_NONE
    reader = csv.reader(lines, delimiter=separator, quoting=quoting, skipinitialspace=True)
    try:
        rows = [[entry.strip() for entry in row] for row in reader]
    except csv.Error as error:
        raise UsageError(f"{str(path)!r} is not a table: {error}") from None
    return [row for row in rows if row]


def _number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _number_or_missing(text: str) -> bool:
    return text in _MISSING or _number(text)


def _whole(text: str) -> bool:
    return text.removeprefix("-").isdecimal() and len(text) < 20


def _decimal(text: str) -> bool:
    return _number_or_missing(text) and not _whole(text)


def _numbers(column: Sequence[str]) -> list[float]:
    return [float(entry) for entry in column if entry not in _MISSING]


def taken(path: Path, frame: pd.DataFrame, named: bool) -> str:
    entries = [str(entry) for entry in (frame.columns if named else frame.iloc[0])]
    shown = plain(", ".join(entries[:_SHOWN]) + (", …" if len(entries) > _SHOWN else ""))
    kind = "names" if named else "a row"
    return (
        f"The first line of {plain(path)} ({shown}) was taken as {kind}; `header={not named}` if "
        "it is not."
    )


def read_text(path: Path, separator: str, named: bool) -> tuple[pd.DataFrame, bool]:
    head = Opening.of(path, separator).head
    require_columns(path, len(head))
    try:
        with warnings.catch_warnings():
            # pandas warns, and goes on, where a row has more values than there are columns.
            warnings.simplefilter("error", pd.errors.ParserWarning)
            read = partial(
                pd.read_csv, path, sep=separator, encoding="utf-8-sig", index_col=False,
                header=0 if named else None, names=range(len(head)), skipinitialspace=True,
                low_memory=False,
            )  # fmt: skip
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
