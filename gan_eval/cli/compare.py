"""``gan-eval compare``: compare two tables of anyone's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from gan_eval.cli import reading_options, streaming
from gan_eval.cli.app import AsJson, Workers, argument, as_options, names, option
from gan_eval.cli.status import Status
from gan_eval.cli.summary import AsMarkdown, one_form
from gan_eval.runtime.errors import UsageError

if TYPE_CHECKING:
    from gan_eval.comparison import Comparison
    from gan_eval.stats.result import Verdict

MOST_COLUMNS = 12
"""Columns that are listed; `--html` and `--json` list all."""

_NAMED = (
    *("sample", "seed", "kinds", "missing", "group", "weights", "holdout"),
    *reading_options.READING,
)  # arguments, in the library's sentences


def compare(
    real: Annotated[
        Path | None,
        argument(
            "REAL",
            "A table: a text, JSON, Excel, Parquet or a folder of it, Arrow, NPY or NPZ, or - "
            "for standard input. Required without `--target`.",
        ),
    ] = None,
    generated: Annotated[
        Path | None,
        argument(
            "GENERATED", "The other table, with the same columns. Required without `--sampler`."
        ),
    ] = None,
    target: Annotated[
        str | None,
        option(
            "--target TARGET",
            "A distribution that takes the place of REAL: a preset's name (`chapter`, `ring8`, "
            "`grid25`), or a TOML or JSON file of one. Its coordinates are the `--columns`, if "
            "these are as many, or else those of GENERATED, in their order.",
        ),
    ] = None,
    sampler: Annotated[
        str | None,
        option(
            "--sampler MODULE:NAME",
            "An object, or a class to call, whose `sample(n, rng)` takes the place of GENERATED.",
        ),
    ] = None,
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
    group: Annotated[
        str | None,
        option(
            "--group COLUMN",
            "Rows of one group, such as one person, depend on each other: whole groups are "
            "permuted.",
        ),
    ] = None,
    weights: Annotated[
        str | None,
        option("--weights COLUMN", "Sampling weights: rows are kept in proportion to them."),
    ] = None,
    strict: Annotated[
        bool,
        option("--strict", "Refuse a column that cannot be compared, instead of setting it aside."),
    ] = False,
    holdout: Annotated[
        Path | None,
        option(
            "--holdout FILE",
            "Real rows that the generator has not seen, for an exact test of whether REAL is "
            "copied.",
        ),
    ] = None,
    fail_on_copies: Annotated[
        bool, option("--fail-on-copies", "Exit 1 where rows look copied, also without a holdout.")
    ] = False,
    sample: Annotated[
        int | None,
        option(
            "--sample N", "Draw N rows of each file without replacement, at least 3.", "all rows"
        ),
    ] = None,
    tests: Annotated[
        str | None,
        option("--tests A,B,…", "Tests by name, such as `energy,hotelling`.", "the battery"),
    ] = None,
    alpha: Annotated[
        float, option("--alpha LEVEL", "The level of all tests together, above 0 and below 1.")
    ] = 0.05,
    correction: Annotated[
        str,
        option(
            "--correction NAME",
            "How p-values are adjusted over tests: `holm` or `benjamini-hochberg`.",
        ),
    ] = "holm",
    permutations: Annotated[int, option("--permutations N", "Permutations of each test.")] = 999,
    seed: Annotated[
        int, option("--seed N", "Of the draw, the permutations and the bootstrap; 0 to 2⁶³ − 1.")
    ] = 0,
    as_json: AsJson = False,
    html: Annotated[
        Path | None,
        option(
            "--html FILE",
            "Write a page with the tables and with pictures of columns and directions.",
        ),
    ] = None,
    markdown: AsMarkdown = False,
    junit: Annotated[
        Path | None,
        option(
            "--junit FILE", "Write JUnit XML, with a test case for each test and one for copies."
        ),
    ] = None,
    stream: streaming.Stream = None,
    checkpoint: streaming.CheckpointFolder = None,
    workers: Workers = None,
    scheduler: streaming.Scheduler = None,
) -> Status:
    """Compare two tables: do they come from one distribution?

    Which tests tell them apart, how far apart they are, and which columns and
    directions differ. Folders of Parquet files may be larger than memory.

    \b
    Exit status:
      0  Not told apart.
      1  Told apart or, by held-out rows, shown to copy.
      3  It could not tell: no test could have rejected, whatever the rows.

    \b
    Example:
      gan-eval compare real.csv generated.csv --columns height --html page.html
    """
    from gan_eval import comparison
    from gan_eval.cli.console import steps
    from gan_eval.runtime.files import check_outputs, write_text

    tables = [table for table in (real, generated) if table is not None]
    inputs = [*tables, *(Path(one) for one in (target, holdout) if one is not None)]
    check_outputs({"--html": html, "--junit": junit}, inputs)
    one_form(as_json, markdown)
    sides = _sides(tables, target, sampler)
    both = {
        "kinds": reading_options.kinds_of(kinds), "strict": strict, "alpha": alpha,
        "correction": correction, "permutations": permutations, "seed": seed, "columns": columns,
        "exclude": exclude or (),
    }  # fmt: skip
    alone = {
        "missing": missing, "group": group, "weights": weights, "holdout": holdout,
        "sample": sample, "tests": names(tests), "separator": separator, "decimal": decimal,
        "thousands": thousands, "encoding": encoding, "comment": comment, "header": header,
        "na": na or (), "array": array, "sheet": sheet,
    }  # fmt: skip
    own = {"--checkpoint": checkpoint, "--workers": workers, "--scheduler": scheduler}
    others = {**alone, "junit": junit, "fail_on_copies": fail_on_copies}
    if streaming.wanted(sides, stream, own, others):
        asked = any((stream, *own.values()))
        streamed = streaming.stream(
            sides, both, asked, workers=workers, scheduler=scheduler, checkpoint=checkpoint
        )
        if streamed is not None:
            if html is not None:
                streamed.save(html)
            streaming.show(streamed, as_json, markdown, asked)
            return _status(streamed.verdict)
    with steps() as progress:
        found = comparison.compare(*sides, progress=progress, **both, **alone)
    found = replace(
        found,
        notes=tuple(as_options(note, *_NAMED) for note in found.notes),
        set_aside={name: as_options(why, *_NAMED) for name, why in found.set_aside.items()},
    )
    if html is not None:
        found.save(html)
    if junit is not None:
        from gan_eval.comparison.pages import outputs

        write_text(junit, outputs.junit(found))
    if markdown:
        from gan_eval.cli.summary import print_markdown
        from gan_eval.comparison.pages import outputs

        print_markdown(outputs.markdown(found))
    elif as_json:
        from gan_eval.cli.console import print_json

        print_json(found.to_dict())
    else:
        _print(found)
    from gan_eval.comparison.held_out import CopyVerdict

    copied = found.copies.verdict == CopyVerdict.COPIES
    if copied and (fail_on_copies or found.copies.held_out is not None):
        return Status.of(False)
    return _status(found.verdict)


def _status(verdict: Verdict) -> Status:
    from gan_eval.stats.result import Verdict

    return Status.of({Verdict.NOT_TOLD_APART: True, Verdict.TOLD_APART: False}.get(verdict))


def _sides(tables: Sequence[Path], target: str | None, sampler: str | None) -> tuple[Any, Any]:
    """Return what to compare: the tables, a target or a sampler in the place of one of them."""
    from gan_eval.comparison.sources import load_sampler
    from gan_eval.distributions.target_settings import target_of_text

    needed = 2 - (target is not None) - (sampler is not None)
    if len(tables) != needed:
        wanted = [name for name, given in (("REAL", target), ("GENERATED", sampler)) if not given]
        raise UsageError(
            f"compare takes {' and '.join(wanted) or 'no table beside `--target` and `--sampler`'}"
            f", got {len(tables)} table{'' if len(tables) == 1 else 's'}"
        )
    left: list[Any] = list(tables)
    if target is not None:
        left.insert(0, target_of_text(target))
    return left[0], left[1] if sampler is None else load_sampler(sampler)


def _print(found: Comparison) -> None:
    """Print the tables, then sentences, the answer last."""
    from gan_eval.cli.console import print_table, say
    from gan_eval.comparison.pages import answer, tables, words
    from gan_eval.stats.result import Verdict

    for table in (
        tables.tests_table(found),
        tables.distances_table(found),
        tables.columns_table(found, MOST_COLUMNS, moments=False),
        tables.directions_table(found),
    ):
        if table is not None:
            print_table(table.head, table.rows, table.caption)
    sentences = [tables.below_zero(found)]
    left = len(found.compared) - MOST_COLUMNS
    if left > 0:
        sentences.append(f"{left} more columns differ less; --html and --json list all.")
    sentences += [
        *words.rows(found),
        *words.beside(found),
        *([] if found.verdict == Verdict.COULD_NOT_TELL else [answer.verdict(found)]),
        answer.headline(found),
    ]
    say(*filter(None, sentences))
