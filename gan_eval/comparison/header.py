"""Tell whether the first line of a text file names its columns or is a row like any other.

Words over numbers are names. Numbers may be either: pandas heads a frame without names with
0, 1, …, and years are names too. What speaks for names is then looked for in the lines below and
in the other file, and a decision that is not plain is said.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from gan_eval.runtime.errors import UsageError

MOST_COLUMNS = 2**16
"""Columns that a file may have, of which some are chosen."""

LINES = 200
"""Rows that are looked at below the first line."""

MANY = 20
"""Rows without a whole number, from which on one in the first line is no chance."""

SHARE = 0.2
"""The share of the rows below that equal it, from which on a first line that both files share may
be one."""

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
        return (
            counted
            or (all(decimals) and (steps or len(self.body) >= MANY))
            or (any(decimals) and (steps or outside))
            or (
                steps
                and (outside or (same and self.body.count(self.head) < SHARE * len(self.body)))
            )
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
        opening.header(other.head, by_itself.named and by_itself.plain)
        for opening, other, by_itself in (
            (first, second, alone[1]),
            (second, first, alone[0]),
        )
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
