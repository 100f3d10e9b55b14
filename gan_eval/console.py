"""The console on stdout: tables of which nothing is cut, names that it does not obey, JSON."""

from __future__ import annotations

import json
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from gan_eval.settings import printable

_WIDEST = 100
"""Characters of a column; what is longer goes on in the next line."""


def print_json(document: dict[str, Any]) -> None:
    """One JSON document."""
    print(json.dumps(document, indent=2, allow_nan=False))


def open_console() -> Console:
    """A console on stdout, wider than Rich's guess where there is no terminal."""
    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = 160
    return console


def print_table(console: Console, table: Table) -> None:
    """Print a table as wide as it is, or folded into the terminal; nothing of it is cut."""
    for column in table.columns:
        column.overflow, column.max_width = "fold", _WIDEST
    if not console.is_terminal:
        wide = console.options.update(width=_WIDEST * len(table.columns))
        console.width = max(console.width, console.measure(table, options=wide).maximum)
    console.print(table)


def word(name: object) -> str:
    """A name in a table: neither Rich nor a terminal obeys it."""
    return escape(printable(str(name)))
