"""Whether the first line of a table names its columns or is a row like any other.

Words over numbers are names. Numbers may be either: pandas heads a frame without names with
0, 1, …, and years are names too. What speaks for names is then looked for in the lines below and
in the other file, and a decision that is not plain is said.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from gan_eval.runtime.arguments import plain

LINES = 200
"""Rows that are looked at below the first line."""

MANY = 20
"""Rows without a whole number, from which on one in the first line is no chance."""

SHARE = 0.2
"""The share of the rows below that equal it, from which on a first line that both files share may
be one."""

_SHOWN = 3  # entries of a first line shown in a sentence
MISSING = frozenset(
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
        The entries of the first line that is not empty, numbers as Python writes them.
    body : sequence of sequence of str
        Those of up to ``LINES`` lines below it.
    quoted : bool
        Whether all entries of the head stand in quotes and none of the body does.
    """

    head: Sequence[str]
    body: Sequence[Sequence[str]]
    quoted: bool

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
            return Header(True, plain=not any(map(is_number, self.head)))
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


def is_number(text: str) -> bool:
    """Say whether Python reads a text as a number."""
    try:
        float(text)
    except ValueError:
        return False
    return True


def _number_or_missing(text: str) -> bool:
    return text in MISSING or is_number(text)


def _whole(text: str) -> bool:
    return text.removeprefix("-").isdecimal() and len(text) < 20


def _decimal(text: str) -> bool:
    return _number_or_missing(text) and not _whole(text)


def _numbers(column: Sequence[str]) -> list[float]:
    return [float(entry) for entry in column if entry not in MISSING]


def taken(name: str, entries: Sequence[object], named: bool) -> str:
    """Say what a first line was taken as, and how to have it otherwise."""
    texts = [str(entry) for entry in entries[: _SHOWN + 1]]
    shown = plain(", ".join(texts[:_SHOWN]) + (", …" if len(texts) > _SHOWN else ""))
    kind = "names" if named else "a row"
    return (
        f"The first line of {plain(name)} ({shown}) was taken as {kind}; `header={not named}` if "
        "it is not."
    )
