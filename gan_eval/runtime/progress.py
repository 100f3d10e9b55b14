"""The progress of work: told to the caller, or shown as a bar on a terminal."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from rich.progress import Progress as Bar

Result = TypeVar("Result")


@dataclass
class Progress:
    """A count of work in units, such as replicates or repetitions, told while the work is done.

    Attributes
    ----------
    listener : callable or None
        Called with this object by ``tell``, whenever a unit has ended.
    planned, finished : int
        Units in all, as far as is known, and those that have ended.
    reused : int
        Those of the finished that an earlier run had stored.
    doing : str
        The step that is being worked on.
    verdicts : dict
        Of a study, the number of replicates with each verdict that this run has trained.
    """

    listener: Callable[[Progress], None] | None = None
    planned: int = 0
    finished: int = 0
    reused: int = 0
    doing: str = ""
    verdicts: dict[str, int] = field(default_factory=dict)

    def count(self, verdicts: Mapping[str, int]) -> None:
        """Take in replicates that have ended, by their verdicts."""
        for verdict, number in verdicts.items():
            self.finished += number
            self.verdicts[verdict] = self.verdicts.get(verdict, 0) + number

    def tell(self) -> None:
        """Call the listener, if there is one."""
        if self.listener is not None:
            self.listener(self)


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


def _bar(title: str, total: int) -> Bar:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
    from rich.progress import TimeRemainingColumn as Remaining

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), Remaining())
    bar = Progress(*columns, console=Console(file=sys.stderr), transient=True)
    bar.add_task(title, total=total)
    bar.start()
    return bar
