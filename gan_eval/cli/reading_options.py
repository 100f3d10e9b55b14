"""The options by which every command that takes tables is told how to read them."""

from __future__ import annotations

from typing import Annotated

from gan_eval.cli.app import option
from gan_eval.runtime.arguments import shown
from gan_eval.runtime.errors import UsageError

READING = (
    *("separator", "decimal", "thousands", "encoding", "comment", "header"),
    *("na", "array", "sheet", "columns", "exclude"),
)
"""The library's names of them, for its sentences."""

Separator = Annotated[
    str | None,
    option(
        "--separator MARK",
        "What parts the columns of a text: one character, `tab`, or `blanks` for runs of them.",
        "found out",
    ),
]
Decimal = Annotated[
    str | None,
    option("--decimal MARK", "The decimal mark of a text, a point or a comma.", "found out"),
]
Thousands = Annotated[
    str | None, option("--thousands MARK", "The mark between thousands in a text.", "found out")
]
Encoding = Annotated[
    str | None,
    option(
        "--encoding NAME", "The encoding of a text: `utf-8`, `utf-16`, `cp1252`, …", "found out"
    ),
]
Comment = Annotated[
    str | None,
    option(
        "--comment MARK",
        'The character that begins a line of a text which is no row; "" for none.',
        "`#`, if found",
    ),
]
HasHeader = Annotated[
    bool | None,
    option(
        "--header/--no-header",
        "Whether the first line of a text or sheet names its columns, or is a row.",
        "found out",
    ),
]
Na = Annotated[
    list[str] | None,
    option(
        "--na TEXT",
        "A text that stands for a missing value, beside the usual ones. May be given many times.",
    ),
]
ArrayName = Annotated[
    str | None, option("--array NAME", "The array to take from an NPZ file that holds several.")
]
SheetName = Annotated[
    str | None,
    option("--sheet NAME", "The sheet of an Excel file, by its name or number.", "the first"),
]
Columns = Annotated[
    list[str] | None,
    option(
        "--columns A,B,…", "The columns to compare. May be given many times.", "all that both have"
    ),
]
Exclude = Annotated[
    list[str] | None, option("--exclude A,B,…", "Columns to leave out. May be given many times.")
]
Kinds = Annotated[
    list[str] | None,
    option(
        "--kinds NAME=KIND",
        "The kind of a column, as `zip=category`: number, category, time, … May be given "
        "many times.",
        "found out",
    ),
]
Missing = Annotated[
    str,
    option(
        "--missing HOW",
        "A missing value is a value of its own (`level`), or leaves its row out (`drop`).",
    ),
]


def kinds_of(given: list[str] | None) -> dict[str, str]:
    """Read NAME=KIND; a name may hold equal signs."""
    found = {}
    for one in given or ():
        name, equals, kind = one.rpartition("=")
        if not equals:
            raise UsageError(f"`--kinds` is given as NAME=KIND, got {shown(one)}")
        found[name] = kind
    return found
