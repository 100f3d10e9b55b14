"""The console: tables of which nothing is cut, names that it does not obey, JSON, progress."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from operator import attrgetter
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from gan_eval.runtime.arguments import printable
from gan_eval.runtime.documents import json_text

_WIDEST = 100
"""Characters of a column; what is longer goes on in the next line."""


def print_json(document: dict[str, Any]) -> None:
    """Print one JSON document."""
    print(json_text(document))


def print_table(
    head: Sequence[str],
    rows: Iterable[Sequence[str]],
    caption: str = "",
    console: Console | None = None,
) -> None:
    """Print a caption and a table as wide as it is, or folded into the terminal.

    Nothing of it is cut, and neither Rich nor a terminal obeys its texts.
    """
    if console is None:
        console = Console(highlight=False)
        if not console.is_terminal:
            console.width = 160  # wider than Rich's guess
    table = Table()
    for name in head:
        table.add_column(word(name), overflow="fold", max_width=_WIDEST)
    for row in rows:
        table.add_row(*map(word, row))
    if not console.is_terminal:
        wide = console.options.update(width=_WIDEST * len(table.columns))
        console.width = max(console.width, console.measure(table, options=wide).maximum)
    if caption:
        console.print(caption, markup=False)
    console.print(table)


def say(*sentences: str) -> None:
    """Print sentences on stdout, each on a line, by which no terminal is told anything else."""
    for sentence in sentences:
        print(printable(sentence))


@contextmanager
def steps() -> Iterator[Callable[[str], None]]:
    """Show on a terminal which step is being taken; give the function that is told of each."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield lambda _: None
        return
    with console.status("reading") as shown:
        yield lambda step: shown.update(escape(step))


@contextmanager
def progress_bar(
    title: str, doing: Callable[[Any], str] = attrgetter("doing")
) -> Iterator[Callable[[Any], None]]:
    """Yield an ``on_progress`` that moves a bar on stderr, or does nothing where that is no
    terminal.

    It is told how many units are ``planned`` and ``finished``, and behind the bar stands what is
    being done.
    """
    console = Console(stderr=True)
    if not console.is_terminal:
        yield lambda _: None
        return
    columns = (
        *(TextColumn(title), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()),
        TextColumn("{task.description}"),
    )
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("", total=None)
        yield lambda told: bar.update(
            task, total=told.planned or None, completed=told.finished, description=doing(told)
        )


def word(name: object) -> str:
    """Write a name such that neither Rich nor a terminal obeys it."""
    return escape(printable(str(name)))
