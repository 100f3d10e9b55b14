"""The options by which every command that takes tables is told how to read them."""

from __future__ import annotations

from typing import Annotated

from gan_eval.cli.app import option

READING = (
    *("separator", "decimal", "thousands", "encoding", "comment", "header"),
    *("na", "array", "sheet", "columns", "exclude"),
)
"""The library's names of them, for its sentences."""

Separator = Annotated[
    str | None, option("--separator", "Between columns of a text: ; , | tab blanks …")
]
Decimal = Annotated[str | None, option("--decimal", "The decimal mark of a text: . or ,")]
Thousands = Annotated[str | None, option("--thousands", "The mark between thousands in a text.")]
Encoding = Annotated[str | None, option("--encoding", "Of a text: utf-8, utf-16, cp1252, …")]
Comment = Annotated[
    str | None, option("--comment", "Begins a line that is no row: # if not given.")
]
HasHeader = Annotated[
    bool | None,
    option(
        "--header/--no-header",
        "The first line of a text or sheet names its columns; found out if not given.",
    ),
]
Na = Annotated[
    list[str] | None, option("--na TEXT", "Stands for a missing value; may be given many times.")
]
ArrayName = Annotated[str | None, option("--array NAME", "The array to take from an NPZ file.")]
SheetName = Annotated[str | None, option("--sheet NAME", "The sheet of an Excel file.")]
Columns = Annotated[
    list[str] | None,
    option(
        "--columns A,B,…",
        "Compare these columns; all that both have if not given. May be given many times.",
    ),
]
Exclude = Annotated[
    list[str] | None, option("--exclude A,B,…", "Leave these out; may be given many times.")
]
