"""``gan-eval throughput``: tabulate benchmarks, and say whether one became slower."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from gan_eval.cli.app import AsJson, argument, option
from gan_eval.cli.status import Status

if TYPE_CHECKING:
    from gan_eval.investigations.speed.result import Figures


def throughput(
    files: Annotated[
        list[Path],
        argument(
            "FILE",
            "Files of pytest-benchmark: what --benchmark-json, --benchmark-save or "
            "--benchmark-autosave wrote. `pytest benchmarks/` leaves them in "
            "reports/benchmarks.",
        ),
    ],
    csv: Annotated[Path | None, option("--csv FILE", "Write the table as CSV.")] = None,
    html: Annotated[
        Path | None,
        option(
            "--html FILE",
            "Write one offline HTML page: the tables, and a picture of examples per second.",
        ),
    ] = None,
    against: Annotated[
        list[Path] | None,
        option(
            "--against FILE",
            "Compare with this earlier file, benchmark by benchmark. May be given many times. "
            "All files need raw rounds.",
        ),
    ] = None,
    slowdown: Annotated[
        float, option("--slowdown TIMES", "How many times as long is allowed; at least 1.")
    ] = 1.2,
    alpha: Annotated[
        float, option("--alpha LEVEL", "The level of all benchmarks together, above 0 and below 1.")
    ] = 0.05,
    correction: Annotated[
        str,
        option(
            "--correction NAME",
            "How p-values are adjusted over benchmarks: `holm` or `benjamini-hochberg`.",
        ),
    ] = "holm",
    run: Annotated[
        Path | None,
        option("--run DIR", "A folder that `run` wrote: its time to quality stands beside."),
    ] = None,
    epsilon: Annotated[
        float, option("--epsilon KL", "The KL(q‖p), in nats, that counts as quality; above 0.")
    ] = 0.1,
    as_json: AsJson = False,
) -> Status:
    """Tabulate benchmarks, and say whether one became slower.

    What `pytest benchmarks/`, or anyone's pytest-benchmark, has measured, in one
    table.

    \b
    Exit status:
      0  Nothing was compared, or no benchmark is slower than allowed, and each
         could have been shown to be.
      1  Some benchmark is slower than allowed.
      3  It could not tell: of some benchmark no rounds could have shown it, and
         none is shown to be slower.

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
