"""The stored rows of a study for other tools: a DataFrame, CSV or Parquet, however many."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import IO

import pandas as pd

from gan_eval.judging.computed_columns import filled
from gan_eval.runtime.arguments import path_of
from gan_eval.runtime.errors import UsageError
from gan_eval.runtime.files import replacing
from gan_eval.runtime.spreadsheet import csv_text
from gan_eval.study.ledger.ledger import LEDGER_FILE, Ledger
from gan_eval.study.plan.units import ReplicateQuery
from gan_eval.study.results.reading import without_points
from gan_eval.study.results.results import Results, with_axes

_AT_ONCE = 20_000
"""Replicates that are in memory at a time while a file is written."""


def load(folder: str | Path, *, epochs: bool = False) -> pd.DataFrame:
    """Read all rows, or all epochs, of the study that was last run in a folder.

    Parameters
    ----------
    folder : path
        That of a run (``--out``), whether it ended or is still running.
    epochs : bool
        One row per replicate and epoch, of the traced replicates, not one row per replicate.

    Returns
    -------
    DataFrame
        With the columns of ``rows.csv`` or ``epochs.csv``, bit for bit as they were judged, sorted
        by configuration, backend, device and seed. Rows have a column for each axis of the study,
        to group by: ``load(folder).groupby("learning_rate_D")["kl"].median()``.
        A folder without a ledger (runs put together, or of an earlier version) is read from its CSV
        files.

    Raises
    ------
    UsageError
        Where there is no run, or its ledger or CSV file cannot be read.
    """
    folder = path_of(folder, "folder")
    if not (folder / LEDGER_FILE).exists():
        results = Results.load(folder)
        return results.epochs if epochs else results.rows
    with Ledger(folder / LEDGER_FILE, read_only=True) as ledger:
        run = ledger.last_run()
        if epochs:
            return ledger.epochs(run["wanted"])
        return with_axes(ledger.rows(run["wanted"]), run["provenance"])


def export(folder: str | Path, out: Path | None = None, *, epochs: bool = False) -> int:
    """Write the table that ``load`` reads to a file, a part at a time; return its number of rows.

    Parameters
    ----------
    folder : path
    out : path, optional
        Ends in ``.csv`` or ``.parquet``; as CSV to standard output where none is given. Replaced
        in one step when all is written.
    epochs : bool

    Raises
    ------
    UsageError
        As ``load``; where the ending is another, or the file
        cannot be written.
    """
    kind = ".csv" if out is None else out.suffix.lower()
    if kind not in (".csv", ".parquet"):
        raise UsageError(f"{str(out)!r} must end in .csv or .parquet")
    written = 0
    into = _csv if kind == ".csv" else _parquet
    with _printed() if out is None else replacing(out, "wb") as target, into(target) as write:
        for frame in _frames(path_of(folder, "folder"), epochs):
            write(frame)
            written += len(frame)
    return written


def _frames(folder: Path, epochs: bool) -> Iterator[pd.DataFrame]:
    """Frames of the same columns and kinds; one without rows where there are none."""
    if not (folder / LEDGER_FILE).exists():
        whole = load(folder, epochs=epochs)
        for first in range(0, max(len(whole), 1), _AT_ONCE):
            yield whole.iloc[first : first + _AT_ONCE]
        return
    with Ledger(folder / LEDGER_FILE, read_only=True) as ledger:
        run = ledger.last_run()
        parts: list[ReplicateQuery] = run["wanted"]
        names = ledger.names(parts, "epochs" if epochs else "rows")
        read = ledger.epochs if epochs else ledger.rows
        found = False
        for part in parts:
            for first in range(part.first, part.last + 1, _AT_ONCE):
                some = read([replace(part, first=first, last=min(part.last, first + _AT_ONCE - 1))])
                if len(some):
                    found = True
                    # A column that only a larger dimension has is NaN here.
                    some = filled(some.reindex(columns=names))
                    yield some if epochs else with_axes(some, run["provenance"])
        if not found:
            yield pd.DataFrame(columns=names)


@contextmanager
def _csv(target: IO[bytes]) -> Iterator[Callable[[pd.DataFrame], object]]:
    heads = iter((True,))

    def write(frame: pd.DataFrame) -> None:
        text = csv_text(without_points(frame), header=next(heads, False), lineterminator="\n")
        target.write(text.encode())

    yield write


@contextmanager
def _parquet(target: IO[bytes]) -> Iterator[Callable[[pd.DataFrame], object]]:
    """Open a writer of frames of the same columns, one row group each."""
    import pyarrow
    import pyarrow.parquet

    writer = None

    def write(frame: pd.DataFrame) -> None:
        nonlocal writer
        table = pyarrow.Table.from_pandas(frame, preserve_index=False).replace_schema_metadata(None)
        if writer is None:
            writer = opened.enter_context(pyarrow.parquet.ParquetWriter(target, table.schema))
        writer.write_table(table.cast(writer.schema))

    with ExitStack() as opened:
        yield write


@contextmanager
def _printed() -> Iterator[IO[bytes]]:
    yield sys.stdout.buffer
    sys.stdout.flush()
