"""``gan-eval throughput``: tabulate benchmarks, and say whether one became slower."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from gan_eval.cli.app import AsJson, argument, option
from gan_eval.cli.status import Status
from gan_eval.cli.summary import AsMarkdown, one_form
from gan_eval.runtime.errors import UsageError

if TYPE_CHECKING:
    from gan_eval.investigations.speed.result import Figures


def throughput(
    files: Annotated[
        list[Path] | None,
        argument(
            "FILE",
            "Files of pytest-benchmark: what --benchmark-json, --benchmark-save or "
            "--benchmark-autosave wrote. If not given, the newest run in the folder of "
            "--history, with its history.",
        ),
    ] = None,
    history: Annotated[
        Path | None,
        option(
            "--history DIR",
            "Name the steps of speed over all runs in this folder, by commit; if no FILE is "
            "given, reports/benchmarks, where `pytest benchmarks/` saves every run.",
        ),
    ] = None,
    last: Annotated[
        int | None,
        option(
            "--last N", "Take no more of the history than the N newest runs; nothing is deleted."
        ),
    ] = None,
    csv: Annotated[Path | None, option("--csv FILE", "Write the table as CSV.")] = None,
    html: Annotated[
        Path | None,
        option(
            "--html FILE",
            "Write one offline HTML page: the answer with its picture, tables, what to do next.",
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
    markdown: AsMarkdown = False,
) -> Status:
    """Tabulate benchmarks, and say what became slower, and when.

    What `pytest benchmarks/`, or anyone's pytest-benchmark, has measured, in one
    table; against earlier files; and over all saved runs.

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
    from gan_eval.investigations.speed.history import HISTORY
    from gan_eval.investigations.speed.result import Figures
    from gan_eval.runtime.files import check_outputs, write_text
    from gan_eval.runtime.spreadsheet import csv_text

    one_form(as_json, markdown)
    check_outputs({"--csv": csv, "--html": html}, (*(files or ()), *(against or ())))
    if files:
        found = Figures.read(files)
        if history is not None:
            found = found.over(history, last=last, alpha=alpha)
        elif last is not None:
            raise UsageError("`--last` is of a history: name its folder with `--history`")
    else:
        folder = history or HISTORY
        if history is None and not folder.is_dir():
            raise UsageError(
                f"no FILE is given, and there is no folder {str(folder)!r}, in which "
                "`pytest benchmarks/` saves its runs"
            )
        found = Figures.newest(folder, last=last, alpha=alpha)
        files = [folder / name for name in found.table["file"].unique()]
    if against:
        found = found.against(against, files, slowdown=slowdown, alpha=alpha, correction=correction)
    if run is not None:
        found = found.beside(run, epsilon)
    if csv is not None:
        write_text(csv, csv_text(found.table))
    if html is not None:
        write_text(html, found.page())
    if as_json:
        from gan_eval.cli.console import print_json

        print_json(found.document())
    elif markdown:
        from gan_eval.cli.summary import print_markdown

        print_markdown(found.markdown())
    else:
        _print(found)
    return Status.of(found.passed)


def _print(found: Figures) -> None:
    """Print tables, then sentences, the answer last."""
    from gan_eval.cli.console import print_table, say
    from gan_eval.investigations.speed import terminal

    for name, table in found.table.groupby("file", sort=False):
        if found.table["file"].nunique() > 1:
            say(f"{name}:")
        print("\n".join(terminal.lines(table)))
    for made in found.tables():
        print_table(made.head, made.rows, made.caption)
    say(*found.sentences())
