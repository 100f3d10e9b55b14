"""``gan-eval throughput``: tabulate benchmarks, and say whether one became slower."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from gan_eval.cli.app import AsJson, argument, option
from gan_eval.cli.status import Status

if TYPE_CHECKING:
    from gan_eval.investigations.speed.result import Figures


def throughput(
    files: Annotated[list[Path], argument("FILE", "Files that pytest-benchmark wrote.")],
    csv: Annotated[Path | None, option("--csv FILE", "Write the table as CSV.")] = None,
    html: Annotated[Path | None, option("--html FILE", "Write a page with a picture.")] = None,
    against: Annotated[
        list[Path] | None, option("--against FILE", "Compare with this; may be given again.")
    ] = None,
    slowdown: Annotated[
        float, option("--slowdown", "Times as long that is allowed, from 1.")
    ] = 1.2,
    alpha: Annotated[
        float, option("--alpha", "The level of all benchmarks together, 0 … 1.")
    ] = 0.05,
    correction: Annotated[str, option("--correction", "holm or benjamini-hochberg.")] = "holm",
    run: Annotated[Path | None, option("--run DIR", "Show a run's time to quality beside.")] = None,
    epsilon: Annotated[float, option("--epsilon", "The KL(q‖p), in nats, that is quality.")] = 0.1,
    as_json: AsJson = False,
) -> Status:
    """Tabulate benchmarks, and say whether one became slower.

    With --against: exit 1 if one became too slow, 3 if it cannot tell.

    \b
    Example:
      gan-eval throughput new.json --against old.json --slowdown 1.3
    """
    from gan_eval.cli.console import print_json
    from gan_eval.investigations.speed.result import Figures
    from gan_eval.runtime.files import check_outputs, write_text
    from gan_eval.runtime.spreadsheet import csv_text

    check_outputs({"--csv": csv, "--html": html}, (*files, *(against or ())))
    found = Figures.read(files)
    if against:
        found = found.against(against, files, slowdown=slowdown, alpha=alpha, correction=correction)
    if run is not None:
        found = found.beside(run, epsilon)
    if csv is not None:
        write_text(csv, csv_text(found.table))
    if html is not None:
        write_text(html, found.page())
    if as_json:
        print_json(found.document())
    else:
        _print(found)
    return Status.of(found.passed)


def _print(found: Figures) -> None:
    """Print tables, and sentences on what makes them doubtful and where they were measured."""
    from gan_eval.cli.console import print_table, say
    from gan_eval.investigations.speed import page

    tables = [page.benchmarks(found.table)]
    if found.quality is not None:
        tables.append(page.passages(found.quality, found.labels))
    if found.comparison is not None:
        tables.append(page.changes(found.comparison))
    for table in tables:
        print_table(table.head, table.rows, table.caption)
    say(*found.sentences())
