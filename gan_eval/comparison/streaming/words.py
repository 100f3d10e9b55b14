"""A streamed comparison in words and tables; the terminal, the page and a summary share them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from gan_eval.comparison.pages import worth_words
from gan_eval.comparison.pages.words import SHORT, signed, sizes
from gan_eval.comparison.reading.table import some
from gan_eval.pages.blocks import Table
from gan_eval.pages.markdown import document
from gan_eval.pages.numbers import (
    MISSING,
    count,
    number,
    p_value,
    percent,
    plural,
    probability,
    setting,
)
from gan_eval.runtime.arguments import plain
from gan_eval.stats.multiple import CORRECTIONS, rejected
from gan_eval.stats.result import Verdict

if TYPE_CHECKING:
    from gan_eval.comparison.streaming.result import StreamedComparison, StreamedSide

_TESTS = {
    "mmd": "MMD of the numbers together",
    "columns": "the other columns, each by itself",
    "missing": "shares of missing values",
}


def summary(found: StreamedComparison) -> list[str]:
    """Write the comparison in a few lines."""
    return [
        headline(found),
        *rows(found)[:3],
        "Columns: .to_frame(). All of it as a page: .save(path).",
    ]


def headline(found: StreamedComparison) -> str:
    """Answer in one sentence whether the two come from one distribution."""
    if found.verdict == Verdict.COULD_NOT_TELL:
        return f"Could not tell: {found.why_not}."
    p = p_value(found.smallest)
    worth = found.worth
    size = "" if worth is None else f", worth {worth_words.in_rows(worth, found.real.rows)}"
    if found.told_apart:
        name = differing(found)
        worst = f"; column {plain(name, SHORT)} differs most" if name and _several(found) else ""
        return f"No: told apart ({p}){size}{worst}."
    if found.shared:
        is_ = "file is" if found.shared == 1 else "files are"
        return f"Not told apart ({p}), but {count(found.shared)} {is_} on both sides."
    least = "smallest " if sum(not one.why_not for one in found.tests) > 1 else ""
    return (
        f"Not told apart by {sizes(found.real.rows, found.generated.rows)} ({least}{p}): that "
        f"does not prove them equal{size.replace(', ', '; ', 1)}."
    )


def _several(found: StreamedComparison) -> bool:
    return len(found.columns) > 1


def differing(found: StreamedComparison) -> str:
    """Return the column that is most surely different; empty where none is shown to be."""
    columns = found.columns
    lowest = columns[["adjusted", "missing_adjusted"]].min(axis=1).fillna(1.0)
    shown = columns[rejected(lowest, found.alpha)]
    return "" if shown.empty else str(shown.iloc[0]["column"])


def rows(found: StreamedComparison) -> list[str]:
    """Say which rows and columns were compared, and which were not."""
    said = [
        f"{side.source}: {plural(side.rows, 'row')} in {plural(side.files, 'file')}, read as a "
        f"stream{_left_out(side)}."
        for side in (found.real, found.generated)
    ]
    if found.numbers:
        alone = f"; {some('column', found.beside)} compared alone" if found.beside else ""
        said.append(
            "MMD, a distance of the two distributions of whole rows, is of the "
            f"{some('column', found.numbers)}{alone}."
        )
    elif found.beside:
        none = "No MMD" if "number" in set(found.columns["kind"]) else "No column is of numbers"
        said.append(f"{none}: {some('column', found.beside)} compared alone.")
    said += [
        f"{plain(name)} was not compared: it is {why}." for name, why in found.set_aside.items()
    ]
    return [*said, *found.notes]


def _left_out(side: StreamedSide) -> str:
    said = []
    if side.reference:
        said.append(f"{count(side.reference)} of them chose the kernel and are not tested")
    if side.holes:
        said.append(f"{count(side.holes)} with a missing number are not in the MMD")
    return f"; {', '.join(said)}" if said else ""


def blocks(found: StreamedComparison) -> str:
    """Say by which blocks of how many rows the test of the numbers was done."""
    one = found.sketch
    if one is None or not one.rows_in_block:
        return ""
    return (
        f"The p-value of MMD is exact by {plural(one.permutations, 'permutation')} of "
        f"{count(one.blocks_real)} and {count(one.blocks_generated)} blocks of "
        f"{count(one.rows_in_block)} rows; {count(one.left_real)} and {count(one.left_generated)} "
        "rows are left over from blocks of equal size. Rows go to blocks at random, so the order "
        "in which they are stored does not matter; rows of each side must be independent draws."
    )


def meaning(found: StreamedComparison) -> str:
    """Say how often the answer is wrong, or what it does not show."""
    if found.told_apart:
        return (
            "Two samples of one distribution would be told apart in at most "
            f"{setting(100 * found.alpha)} % of comparisons. A small p-value is not a large "
            "difference: the worth says how large it is."
        )
    if found.verdict == Verdict.COULD_NOT_TELL:
        return "Whatever these rows were, the answer could not have been that they differ."
    return "A smaller difference may be there."


def not_done() -> str:
    """Say what a comparison in memory has and this one has not."""
    return (
        "Copies, coverage, modes and directions are not looked for in a stream; a part of the "
        "rows, compared with --no-stream, shows them."
    )


def markdown(found: StreamedComparison, most: int) -> str:
    """Write it as GitHub's Markdown: the answer, the tests, the columns."""
    shown = [tests_table(found), *columns_tables(found, most)]
    says = [worth_sentence(found), meaning(found)]
    return document(headline(found), says, shown, rows(found))


def tests_table(found: StreamedComparison) -> Table:
    """List the tests that decide."""
    head = ("test", "p", "adjusted p", "not run")
    made = [
        (
            _TESTS[one.name],
            probability(one.pvalue),
            probability(one.adjusted),
            one.why_not or MISSING,
        )
        for one in found.tests
    ]
    caption = (
        f"Tests; p-values adjusted by {CORRECTIONS[found.correction]} over all of them, level "
        f"{setting(found.alpha)}"
    )
    return Table(caption, head, made)


def columns_tables(found: StreamedComparison, most: int) -> list[Table]:
    """List ``most`` columns of each kind, and of those with missing values, the most surely
    different first."""
    frame = found.columns
    adjusted = f"adjusted by {CORRECTIONS[found.correction]} over all columns"
    kinds = {
        "number": (
            f"Columns of numbers, the most surely different first; p of mean and variance, "
            f"{adjusted}",
            ("column", "mean, real", "mean, generated", "shift, sd", "ratio of sd"),
            ("Kolmogorov–Smirnov", "adjusted p"),
        ),
        "category": (
            f"Columns of categories, the most surely different first; p of all shares, {adjusted}",
            ("column", "level", "share, real", "share, generated"),
            ("total variation", "adjusted p"),
        ),
    }
    tables = []
    for kind, (caption, first, last) in kinds.items():
        some_rows = frame[frame["kind"] == kind].head(most).to_dict("records")
        if some_rows:
            made = [_cells(row, kind) for row in some_rows]
            tables.append(Table(caption, (*first, *last), made))
    holes = frame[(frame["real_missing"] > 0) | (frame["generated_missing"] > 0)].head(most)
    if len(holes):
        made = [
            (
                plain(row["column"], SHORT),
                *(percent(row[key]) for key in ("real_missing", "generated_missing")),
                probability(row["missing_adjusted"]),
            )
            for row in holes.to_dict("records")
        ]
        head = ("column", "missing, real", "missing, generated", "adjusted p")
        tables.append(Table(f"Missing values; p {adjusted}", head, made))
    return tables


def _cells(row: dict[Any, Any], kind: str) -> tuple[str, ...]:
    name, p = plain(row["column"], SHORT), probability(row["adjusted"])
    if kind == "number":
        means = (number(row["real_mean"]), number(row["generated_mean"]))
        sizes = (_with_error(row, "shift"), number(row["sd_ratio"]), _with_error(row, "ks"))
        return (name, *means, *sizes, p)
    level = plain(row["level"], SHORT) if isinstance(row["level"], str) else MISSING
    shares = (percent(row["real_share"]), percent(row["generated_share"]))
    return (name, level, *shares, _with_error(row, "total_variation"), p)


def _with_error(row: dict[Any, Any], key: str) -> str:
    value = row[key]
    if pd.isna(value):
        return MISSING
    text = signed(value) if key == "shift" else number(value, 2)
    error = row[f"{key}_error"]
    return f"{text} ± {number(error, 1)}" if error else text


def quantiles_table(found: StreamedComparison, most: int) -> Table | None:
    """List quantiles of both sides; None where there are none."""
    frame = found.quantiles
    if frame.empty:
        return None
    shares = sorted(frame["share"].unique())
    head = ("column", "side", *(f"{percent(share)} below" for share in shares))
    made = []
    for name in list(found.columns["column"].head(most)):
        mine = frame[frame["column"] == name].sort_values("share")
        for side in ("real", "generated") if len(mine) else ():
            made.append((plain(name, SHORT), side, *map(number, mine[side])))
    error = frame["rank_error"].max()
    within = f"within {percent(error)} of rank (probability 0.99)" if error else "exact"
    return Table(f"Quantiles, {within}", head, made, words=2)


def worth_sentence(found: StreamedComparison) -> str:
    """Say how many real rows the generator is worth; empty where that is not known."""
    return worth_words.sentence(found.worth) if found.worth is not None else ""
