"""``gan-eval rank``: which of several generators is nearest to the real rows?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from gan_eval.cli import reading_options
from gan_eval.cli.app import AsJson, argument, as_options, option
from gan_eval.cli.status import Status
from gan_eval.cli.summary import AsMarkdown, one_form

if TYPE_CHECKING:
    from gan_eval.comparison.ranking import Ranking

_NAMED = ("sample", "seed", "kinds", "missing", *reading_options.READING)


def rank(
    real: Annotated[
        Path,
        argument(
            "REAL",
            "A table: a text, JSON, Excel, Parquet or a folder of it, Arrow, NPY or NPZ, or - "
            "for standard input.",
        ),
    ],
    generated: Annotated[
        list[Path],
        argument(
            "GENERATED",
            "Two tables or more, with the same columns; called by the names of their files.",
        ),
    ],
    columns: reading_options.Columns = None,
    exclude: reading_options.Exclude = None,
    separator: reading_options.Separator = None,
    decimal: reading_options.Decimal = None,
    thousands: reading_options.Thousands = None,
    encoding: reading_options.Encoding = None,
    comment: reading_options.Comment = None,
    header: reading_options.HasHeader = None,
    na: reading_options.Na = None,
    array: reading_options.ArrayName = None,
    sheet: reading_options.SheetName = None,
    kinds: reading_options.Kinds = None,
    missing: reading_options.Missing = "level",
    sample: Annotated[
        int | None,
        option(
            "--sample N", "Draw N rows of each file without replacement, at least 4.", "all rows"
        ),
    ] = None,
    measure: Annotated[
        str, option("--measure NAME", "The squared distance: `energy` or `mmd`.")
    ] = "energy",
    method: Annotated[
        str, option("--method NAME", "Of the variance: `jackknife` or `u_statistic`.")
    ] = "jackknife",
    alpha: Annotated[
        float, option("--alpha LEVEL", "The level of all pairs together, above 0 and below 1.")
    ] = 0.05,
    seed: Annotated[
        int,
        option(
            "--seed N",
            "Of the draw, and of the blocks of tables of more than 20,000 rows; 0 to 2⁶³ − 1.",
        ),
    ] = 0,
    as_json: AsJson = False,
    html: Annotated[
        Path | None, option("--html FILE", "Write a page with the tables and with pictures.")
    ] = None,
    markdown: AsMarkdown = False,
) -> Status:
    """Rank generators: which is nearest to the real rows?

    How far is each from the same real table, and which is nearer than which?

    \b
    Exit status:
      0  One generator is shown to be nearer than each of the others.
      3  It could not tell: no single one is shown to be nearer than all others.

    \b
    Example:
      gan-eval rank real.csv a.csv b.csv c.csv --html page.html
    """
    from gan_eval.comparison.ranking import rank
    from gan_eval.runtime.files import check_outputs

    check_outputs({"--html": html}, [real, *generated])
    one_form(as_json, markdown)
    found = rank(
        real,
        dict(zip(_called(generated), generated, strict=True)),
        sample=sample,
        measure=measure,
        method=method,
        alpha=alpha,
        kinds=reading_options.kinds_of(kinds),
        missing=missing,
        seed=seed,
        columns=columns,
        exclude=exclude or (),
        separator=separator,
        decimal=decimal,
        thousands=thousands,
        encoding=encoding,
        comment=comment,
        header=header,
        na=na or (),
        array=array,
        sheet=sheet,
    )
    found = replace(
        found,
        notes=tuple(as_options(note, *_NAMED) for note in found.notes),
        set_aside={name: as_options(why, *_NAMED) for name, why in found.set_aside.items()},
    )
    if html is not None:
        found.save(html)
    if markdown:
        from gan_eval.cli.summary import print_markdown
        from gan_eval.comparison.pages.outputs import ranking_markdown

        print_markdown(ranking_markdown(found))
    elif as_json:
        from gan_eval.cli.console import print_json

        print_json(found.to_dict())
    else:
        _print(found)
    return Status.YES if found.best is not None else Status.COULD_NOT_TELL


def _called(files: Sequence[Path]) -> list[str]:
    """Call each file by its name, or, where several have it, by its path and then its place."""
    called = [file.name for file in files]
    called = [
        str(file) if Counter(called)[name] > 1 else name
        for file, name in zip(files, called, strict=True)
    ]
    many = Counter(called)
    return [f"{name} ({i})" if many[name] > 1 else name for i, name in enumerate(called, 1)]


def _print(found: Ranking) -> None:
    """Print the tables, then sentences, the answer last."""
    from gan_eval.cli.console import print_table, say
    from gan_eval.comparison.ranking import words

    for table in (words.distances_table(found), words.differences_table(found)):
        print_table(table.head, table.rows, table.caption)
    say(*words.facts(found), " ".join(words.pairs(found)), words.headline(found))
