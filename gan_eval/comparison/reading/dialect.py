"""The dialect of a text: what parts its columns, and how its numbers are written.

Found out from its opening lines, by counting: the separator that gives most lines as many fields as
the first has, then that which leaves most fields numbers; the way to write numbers that makes most
columns numbers. Where two do as well, the plainer one.
"""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from gan_eval.comparison.reading.header import MISSING, is_number
from gan_eval.comparison.reading.options import BLANKS
from gan_eval.runtime.errors import UsageError

_SEPARATORS = (",", ";", "\t", "|", BLANKS)
_SPACES = "\u00a0\u202f"  # that keep thousands together in print
_ANY_NUMBER = re.compile(
    r"[+-]?(?:[0-9]{1,3}(?:[., '\u00a0\u202f][0-9]{3})+(?:[.,][0-9]*)?"
    r"|[0-9]+[.,]?[0-9]*|[.,][0-9]+)"
    r"(?:[eE][+-]?[0-9]+)?"
)
_DECIMAL_COMMA = re.compile(r"[+-]?[0-9]+(?:,[0-9]+(?:[eE][+-]?[0-9]+)?)?")


@dataclass(frozen=True)
class Convention:
    """How numbers are written.

    Attributes
    ----------
    decimal : str
        The decimal mark, a point or a comma.
    thousands : str, optional
        The mark between groups of three digits.
    """

    decimal: str = "."
    thousands: str | None = None

    def plain(self, entry: str) -> str:
        """Write a number as Python does; what is none stays.

        Examples
        --------
        >>> german = Convention(",", ".")
        >>> german.plain("1.234,5"), german.plain("1.2.2024")
        ('1234.5', '1.2.2024')
        """
        if self == PLAIN or not self._pattern.fullmatch(entry):
            return entry
        return entry.replace(self.thousands or "", "").replace(self.decimal, ".")

    def is_number(self, entry: str) -> bool:
        """Say whether an entry is a number, written so."""
        return is_number(entry) if self == PLAIN else self._pattern.fullmatch(entry) is not None

    @property
    def _pattern(self) -> re.Pattern[str]:
        mark, digits = re.escape(self.decimal), "[0-9]+"
        if self.thousands:
            digits = f"(?:[1-9][0-9]{{0,2}}(?:{re.escape(self.thousands)}[0-9]{{3}})+|[0-9]+)"
        return re.compile(rf"[+-]?(?:{digits}(?:{mark}[0-9]*)?|{mark}[0-9]+)(?:[eE][+-]?[0-9]+)?")


PLAIN = Convention()

# The first of those that do as well is taken; what 1,234 is depends on what else a comma does.
_CONVENTIONS = (
    PLAIN, Convention(".", ","), Convention(","), Convention(",", "."),
    *(Convention(mark, gap) for gap in (" ", "'", *_SPACES) for mark in (".", ",")),
)  # fmt: skip


def rows_of(
    lines: Sequence[str], name: str, separator: str, quotes: bool = True
) -> list[list[str]]:
    """Part lines into fields, without the blanks about them; ``UsageError`` where they cannot."""
    if separator == BLANKS:
        lines = [line.strip().replace("\t", " ") for line in lines]
        separator = " "
    quoting = csv.QUOTE_MINIMAL if quotes else csv.QUOTE_NONE
    reader = csv.reader(lines, delimiter=separator, quoting=quoting, skipinitialspace=True)
    try:
        rows = [[entry.strip() for entry in row] for row in reader]
    except csv.Error as error:
        raise UsageError(f"{name!r} is not a table: {error}") from None
    return [row for row in rows if row]


def looks_numeric(entry: str) -> bool:
    """Say whether an entry is a number in some convention."""
    return _ANY_NUMBER.fullmatch(entry) is not None


def find_separator(lines: Sequence[str], usual: str) -> str:
    r"""Find what parts the columns; ``usual`` where nothing does.

    Examples
    --------
    >>> find_separator(["a;b", "1,5;2,5"], ","), find_separator(["a\tb\tc", "1\t\t2"], ",")
    (';', '\t')
    """
    found, best = usual, (0.0, 0.0)
    for separator in (usual, *(one for one in _SEPARATORS if one != usual)):
        try:
            rows = rows_of(lines, "", separator)
        except UsageError:
            continue
        width = len(rows[0]) if rows else 0
        below = Counter(map(len, rows[1:] or rows)).most_common(1)
        if not below or below[0][0] < 2:
            continue
        wide, count = below[0]
        agree = count / len(rows[1:] or rows)
        if wide != width and not (wide == width + 1 and _names_rows(rows, separator, lines)):
            continue
        entries = [entry for row in rows[1:] or rows for entry in row]
        numbers = sum(map(looks_numeric, entries)) / len(entries)
        if agree >= 0.5 and (agree, numbers) > best and (numbers or separator != BLANKS):
            found, best = separator, (agree, numbers)
    return found


def is_one_column_of_decimal_commas(lines: Sequence[str]) -> bool:
    """Say whether every line below a name is one number with a decimal comma."""
    body = [line.strip().strip('"') for line in lines[1:]]
    return (
        "," not in lines[0]
        and any("," in entry for entry in body)
        and all(_DECIMAL_COMMA.fullmatch(entry) for entry in body)
    )


def names_rows(rows: Sequence[Sequence[str]], separator: str, lines: Sequence[str]) -> bool:
    """Say whether the first column has no name because it names or counts the rows, as R writes."""
    return (
        len(rows) > 1
        and all(len(row) == len(rows[0]) + 1 for row in rows[1:])
        and _names_rows(rows, separator, lines)
    )


def _names_rows(rows: Sequence[Sequence[str]], separator: str, lines: Sequence[str]) -> bool:
    quoted = all(line.lstrip().startswith('"') for line in lines)
    counts = [row[0] for row in rows[1:]] == [str(j + 1) for j in range(len(rows) - 1)]
    return quoted or (counts and separator != ",")


def find_convention(
    columns: Sequence[Sequence[str]],
    separator: str,
    decimal: str | None = None,
    thousands: str | None = None,
) -> Convention:
    """Find how most columns write numbers, where that is not told.

    Where a semicolon parts the columns, 1,234 has a decimal comma; elsewhere 1,234 is a thousand.

    Examples
    --------
    >>> find_convention([["1.234,5", "17"], ["a", "b"]], ";")
    Convention(decimal=',', thousands='.')
    """
    known = [[entry for entry in column if entry not in MISSING] for column in columns]
    told = [
        one
        for one in _CONVENTIONS
        if decimal in (None, one.decimal) and thousands in (None, one.thousands)
    ] or [Convention(decimal or ("," if thousands == "." else "."), thousands)]
    if separator == ";":
        told.sort(key=lambda one: (one != PLAIN, one.decimal == ".", one.thousands is not None))

    if PLAIN in told and all(all(map(is_number, column)) for column in known):
        return PLAIN
    numeric = [
        sum(bool(column) and all(map(one.is_number, column)) for column in known) for one in told
    ]
    return told[numeric.index(max(numeric))]


def without_spaces(convention: Convention) -> Convention:
    """Return the convention once the spaces of print between thousands are blanks."""
    spaced = convention.thousands is not None and convention.thousands in _SPACES
    return replace(convention, thousands=" ") if spaced else convention
