"""The console on stdout: tables of which nothing is cut, names that it does not obey, JSON."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.markup import escape
from rich.progress import Progress, ProgressColumn
from rich.table import Table

from gan_eval.runtime.text import printable

if TYPE_CHECKING:
    from gan_eval.pages import blocks

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


def plain_table(head: Sequence[str], rows: Iterable[Sequence[str]], **options: Any) -> Table:
    """A table of texts that Rich does not obey, with Rich's options of a table."""
    table = Table(*map(escape, head), **options)
    for row in rows:
        table.add_row(*map(escape, row))
    return table


def printed(table: blocks.Table) -> Table:
    """Make a table of a page one that is printed, its caption above it."""
    return plain_table(table.head, table.rows, title=escape(table.caption), title_justify="left")


@contextmanager
def progress_bar(*columns: ProgressColumn) -> Iterator[Callable[..., None]]:
    """What sets ``total``, ``completed`` and ``description`` of a bar on stderr, and does nothing
    where that is no terminal."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield lambda **_: None
        return
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("", total=None)
        yield lambda **told: bar.update(task, **told)


def word(name: object) -> str:
    """A name in a table: neither Rich nor a terminal obeys it."""
    return escape(printable(str(name)))
