"""``compare``: two tables of anyone's."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gan_eval.cli.options import AsJson, names
from gan_eval.cli.status import Status


def compare(
    real: Annotated[
        Path,
        typer.Argument(metavar="REAL", help="A table: .csv, .tsv, .parquet, .npy or .npz."),
    ],
    fake: Annotated[
        Path, typer.Argument(metavar="FAKE", help="The other table, with the same columns.")
    ],
    columns: Annotated[
        str | None,
        typer.Option("--columns", metavar="A,B,…", help="Compare these columns; all if not given."),
    ] = None,
    sample: Annotated[
        int | None,
        typer.Option("--sample", metavar="N", help="Draw N rows of each file, by the seed."),
    ] = None,
    tests: Annotated[
        str | None,
        typer.Option("--tests", metavar="A,B,…", help="Run these tests; the battery if not given."),
    ] = None,
    alpha: Annotated[
        float, typer.Option("--alpha", help="The level of all tests together, 0 … 1.")
    ] = 0.05,
    correction: Annotated[
        str, typer.Option("--correction", help="holm or benjamini-hochberg.")
    ] = "holm",
    permutations: Annotated[
        int, typer.Option("--permutations", help="Permutations of each test.")
    ] = 999,
    seed: Annotated[int, typer.Option("--seed", help="Of draw, permutations and bootstrap.")] = 0,
    header: Annotated[
        bool | None,
        typer.Option(
            "--header/--no-header",
            help="Whether the first line of a text file names its columns; found out if not given.",
        ),
    ] = None,
    as_json: AsJson = False,
    html: Annotated[
        Path | None,
        typer.Option("--html", metavar="FILE", help="Write a page with tables and pictures."),
    ] = None,
) -> Status:
    """Compare two tables: do they come from one distribution?

    Exit 0 if not told apart, 1 if told apart, 3 if it cannot tell.

    \b
    Example:
      gan-eval compare real.csv generated.csv --columns height --html page.html
    """
    from gan_eval.cli import compare_tables, console
    from gan_eval.comparison import compare as compare_files
    from gan_eval.runtime.files import check_outputs, write_text

    check_outputs({"--html": html}, (real, fake))
    found = compare_files(
        real,
        fake,
        columns=names(columns),
        sample=sample,
        tests=names(tests),
        alpha=alpha,
        correction=correction,
        permutations=permutations,
        seed=seed,
        header=header,
    )
    if html is not None:
        from gan_eval.comparison.page import render

        write_text(html, render(found))
    if as_json:
        console.print_json(found.document())
    else:
        compare_tables.print_comparison(found)
    return Status.of(found.verdict)
