"""How tables are read, where that is told and not found out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

from gan_eval.runtime.arguments import nearest, shown
from gan_eval.runtime.errors import UsageError

BLANKS = r"\s+"
"""The separator of columns that runs of blanks part."""

_WRITTEN = {r"\t": "\t", "tab": "\t", " ": BLANKS, "blanks": BLANKS, "space": BLANKS}
_LISTS = ("na", "columns", "exclude")


@dataclass(frozen=True)
class ReadOptions:
    r"""What is told about both tables; what is None is found out.

    Attributes
    ----------
    separator : str, optional
        What parts the columns of a text: one character, ``\t`` or ``tab``, ``blanks`` for runs.
    decimal : str, optional
        The decimal mark of a text, ``.`` or ``,``.
    thousands : str, optional
        The mark between thousands in a text, such as ``,`` or ``.``.
    encoding : str, optional
        That of a text, as Python names it.
    comment : str, optional
        The character that begins a line of a text that is no row; empty for none.
    header : bool, optional
        Whether the first line of a text or a sheet names the columns.
    na : sequence of str
        Texts that stand for a missing value, beside the usual ones (empty, NA, NaN, null, …).
    array : str, optional
        The array to take from an NPZ file that holds several.
    sheet : str, optional
        The sheet of an Excel file, by its name or, from 1, its number; the first if not given.
    columns : sequence of str, optional
        Columns to compare; all that both tables have if not given. An entry that is no column's
        name is taken as several with commas between.
    exclude : sequence of str
        Columns to leave out, given as ``columns`` are.

    Raises
    ------
    UsageError
        Where one of them cannot be.

    Examples
    --------
    >>> ReadOptions(separator="tab", na=["-"])
    ReadOptions(separator='\t', na=('-',))
    """

    separator: str | None = None
    decimal: str | None = None
    thousands: str | None = None
    encoding: str | None = None
    comment: str | None = None
    header: bool | None = None
    na: Sequence[str] = ()
    array: str | None = None
    sheet: str | None = None
    columns: Sequence[str] | None = None
    exclude: Sequence[str] = ()

    def __post_init__(self) -> None:
        for name in _LISTS:
            given = getattr(self, name)
            if given is not None:
                given = (given,) if isinstance(given, str) else tuple(map(str, given))
                object.__setattr__(self, name, given)
        separator = _WRITTEN.get(str(self.separator).lower(), self.separator)
        object.__setattr__(self, "separator", separator)
        if separator not in (None, BLANKS):
            _require(separator, "separator", "one character, tab or blanks", refused='"\r\n')
        if self.decimal not in (None, ".", ","):
            raise UsageError(f"`decimal` must be . or ,, got {shown(self.decimal)}")
        if self.thousands is not None:
            _require(self.thousands, "thousands", "one character", refused='"\r\n\t+-eE0123456789')
            if self.thousands == self.decimal:
                raise UsageError(f"`thousands` and `decimal` must differ, got {self.decimal!r}")
        if self.comment:
            _require(self.comment, "comment", "one character, or empty", refused='"\r\n')
        if self.encoding is not None:
            try:
                "a".encode(self.encoding)
            except (LookupError, TypeError, ValueError):
                raise UsageError(
                    f"`encoding` must be one that Python knows (utf-8, utf-16, latin-1, cp1252, …)"
                    f", got {shown(self.encoding)}"
                ) from None

    def __repr__(self) -> str:
        given = (
            f"{one.name}={getattr(self, one.name)!r}"
            for one in fields(self)
            if getattr(self, one.name) != one.default
        )
        return f"ReadOptions({', '.join(given)})"


def read_options(given: dict[str, Any], beside: Sequence[str] = ()) -> ReadOptions:
    """Make options of arguments by name; ``UsageError`` for one that there is not.

    ``beside`` names the other arguments of the function that took them, for the hint.

    Examples
    --------
    >>> read_options({"decimal": ","})
    ReadOptions(decimal=',')
    >>> read_options({"seperator": ";"})
    Traceback (most recent call last):
    gan_eval.runtime.errors.UsageError: unknown argument `seperator`: did you mean `separator`?
    """
    known = [one.name for one in fields(ReadOptions)]
    for name in given:
        if name not in known:
            raise UsageError(f"unknown argument `{name}`: {nearest(name, [*beside, *known])}")
    return ReadOptions(**given)


def _require(value: Any, name: str, what: str, refused: str) -> None:
    if not isinstance(value, str) or len(value) != 1 or value in refused:
        raise UsageError(f"`{name}` must be {what}, got {shown(value)}")
