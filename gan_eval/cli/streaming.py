"""The options of ``gan-eval compare`` for streams, and the run of one."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from gan_eval.cli.app import as_options, option
from gan_eval.runtime.arguments import lower_first
from gan_eval.runtime.errors import UsageError

if TYPE_CHECKING:
    from gan_eval.comparison.streaming.passes import Runner
    from gan_eval.comparison.streaming.result import StreamedComparison

MOST_COLUMNS = 12
"""Columns that are listed; `--html` and `--json` list all."""

Stream = Annotated[
    bool | None,
    option(
        "--stream/--no-stream",
        "Whether folders of Parquet files are read row by row, in little memory, or as a whole.",
        "row by row above 5,000,000 rows",
    ),
]
CheckpointFolder = Annotated[
    Path | None,
    option(
        "--checkpoint FOLDER",
        "A folder for the state of a stream: after an interruption the same command goes on from "
        "there.",
    ),
]
Scheduler = Annotated[
    str | None,
    option(
        "--scheduler ADDRESS",
        "Stream on the workers of the Dask scheduler at this address, as `tcp://host:8786`, which "
        "see the files under the same names. Goes without `--workers`.",
    ),
]


def wanted(
    sides: tuple[Any, Any],
    stream: bool | None,
    own: Mapping[str, Any],
    others: Mapping[str, Any],
) -> bool:
    """Say whether to stream: as was asked for, or where options of a stream alone are given
    (``own``), or for many rows of Parquet files, if no option (``others``) stands against it.

    Raises ``UsageError`` where options contradict each other.
    """
    from gan_eval.comparison.streaming.options import by_itself, require_streamed

    given = [name for name, value in own.items() if value is not None]
    if stream is False:
        if given:
            raise UsageError(f"`{given[0]}` is of a stream: leave it out, or give `--stream`")
        return False
    if stream or given:
        require_streamed(others)
        return True
    return by_itself(*sides, others)


def stream(
    sides: tuple[Any, Any],
    options: Mapping[str, Any],
    asked: bool,
    *,
    workers: int | None,
    scheduler: str | None,
    checkpoint: Path | None,
) -> StreamedComparison | None:
    """Stream on this machine, or on the workers of a scheduler.

    None, with a note on stderr, where nobody has ``asked`` for a stream and the MMD of these
    columns cannot be streamed. An interruption says from where the same command goes on.
    """
    from gan_eval.cli.console import say, steps
    from gan_eval.comparison.streaming.options import tolerance_of
    from gan_eval.comparison.streaming.reference import CannotStreamError
    from gan_eval.comparison.streaming.run import compare_streamed

    if workers is not None and scheduler is not None:
        raise UsageError("`--workers` goes without `--scheduler`, whose workers do the work")
    try:
        with steps() as progress, _runner(scheduler) as run:
            return compare_streamed(
                *sides, workers=workers, run=run, checkpoint=checkpoint, progress=progress,
                tolerance=tolerance_of(sides, asked), **options,
            )  # fmt: skip
    except CannotStreamError as error:
        if asked:
            raise
        print(f"gan-eval: read into memory, since {lower_first(str(error))}", file=sys.stderr)
        return None
    except KeyboardInterrupt:
        if checkpoint is not None:
            say(f"Interrupted: the same command goes on from {str(checkpoint)!r}.")
        raise


@contextmanager
def _runner(scheduler: str | None) -> Iterator[Runner | None]:
    if scheduler is None:
        yield None
        return
    from gan_eval.study.run.dask_cluster import Cluster

    with Cluster(scheduler) as cluster:
        try:
            yield cluster.run_all
        except BaseException:
            cluster.cancel()
            raise


def show(found: StreamedComparison, as_json: bool, markdown: bool, asked: bool) -> None:
    """Print a streamed comparison: as JSON, as Markdown, or as tables and sentences, the answer
    last. ``asked`` says whether the stream was asked for."""
    from gan_eval.cli.console import print_json, print_table, say
    from gan_eval.comparison.streaming import options, words
    from gan_eval.pages.numbers import count

    if as_json:
        print_json(found.to_dict())
        return
    if markdown:
        from gan_eval.cli.summary import print_markdown

        print_markdown(words.markdown(found, MOST_COLUMNS))
        return
    for table in (
        words.tests_table(found),
        *words.columns_tables(found, MOST_COLUMNS),
        words.quantiles_table(found, MOST_COLUMNS),
    ):
        if table is not None:
            print_table(table.head, table.rows, table.caption)
    left = int((found.columns["kind"].value_counts() - MOST_COLUMNS).clip(lower=0).sum())
    many = f"These are more than {count(options.MOST_IN_MEMORY)} rows, so they were streamed."
    said = [
        f"{left} more columns differ less; --html and --json list all." if left > 0 else "",
        "" if asked else many,
        *words.rows(found),
        words.blocks(found),
        words.not_done(),
        words.headline(found),
    ]
    say(*(as_options(one, "columns", "exclude", "kinds") for one in said if one))
