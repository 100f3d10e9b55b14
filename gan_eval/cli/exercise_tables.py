"""What ``gan-eval exercise`` prints."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from rich.progress import BarColumn, MofNCompleteColumn, TextColumn

from gan_eval.cli.console import open_console, plain_table, print_table, progress_bar
from gan_eval.investigations.exercise import tables, words
from gan_eval.investigations.exercise.result import Exercise
from gan_eval.runtime.progress import Progress


def print_exercise(found: Exercise, written: Sequence[Path]) -> None:
    """Tables, the answer, and where the files are."""
    console = open_console()
    for grid in (tables.told_apart(found), tables.decomposition(found)):
        console.print(grid.caption, markup=False)
        print_table(console, plain_table(grid.head, grid.rows))
    files = f"Files: {', '.join(str(path) for path in written)}"
    for sentence in (words.QUESTION, words.headline(found), *words.answer(found), files):
        console.print(sentence, markup=False, soft_wrap=True)


@contextmanager
def exercise_progress() -> Iterator[Callable[[Progress], None]]:
    """An ``on_progress`` for ``exercise`` that shows a bar where stderr is a terminal."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with progress_bar(*columns) as update:

        def show(progress: Progress) -> None:
            update(
                total=progress.planned or None,
                completed=progress.finished,
                description=progress.doing,
            )

        yield show
