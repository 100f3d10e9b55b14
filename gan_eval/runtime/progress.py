"""A progress bar for work that turns out to be long, where someone watches a terminal."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from rich.progress import Progress

Result = TypeVar("Result")

# Work expected to take longer than this is shown, once so much of it has been seen (seconds).
LONG = 2.0
SEEN = 0.5


def shown(results: Iterator[Result], total: int, title: str) -> Iterator[Result]:
    """Pass on ``total`` results, with a bar on stderr if that is a terminal and the work is long.

    The bar appears when what has been done so far lets more than ``LONG`` seconds be expected,
    and is wiped at the end.
    """
    if not sys.stderr.isatty():
        yield from results
        return
    start, bar = time.monotonic(), None
    try:
        for done, result in enumerate(results, 1):
            elapsed = time.monotonic() - start
            if bar is None and elapsed > SEEN and elapsed * total / done > LONG:
                bar = _bar(title, total)
            if bar is not None:
                bar.update(bar.task_ids[0], completed=done)
            yield result
    finally:
        if bar is not None:
            bar.stop()


def _bar(title: str, total: int) -> Progress:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
    from rich.progress import TimeRemainingColumn as Remaining

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), Remaining())
    bar = Progress(*columns, console=Console(file=sys.stderr), transient=True)
    bar.add_task(title, total=total)
    bar.start()
    return bar
