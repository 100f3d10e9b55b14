"""A comparison on a terminal."""

from __future__ import annotations

from rich.table import Table
from rich.text import Text

from gan_eval.cli.console import open_console
from gan_eval.comparison import words
from gan_eval.comparison.comparison import Comparison
from gan_eval.pages.numbers import MISSING, interval, number, probability
from gan_eval.runtime.text import plain
from gan_eval.stats.battery.battery import TESTS

MOST_COLUMNS = 12
"""Columns that are listed; `--html` and `--json` list all."""


def print_comparison(found: Comparison) -> None:
    """The tests, the distances, the columns and the directions; the verdict last."""
    out = open_console()
    out.print(_tests(found))
    out.print(_distances(found))
    if sentence := words.below_zero(found):
        out.print(sentence)
    out.print(_columns(found))
    out.print(_directions(found))
    left = len(found.columns) - MOST_COLUMNS
    if left > 0:
        out.print(f"{left} more columns differ less; --html and --json list all.")
    for sentence in words.rows(found):
        out.print(sentence, markup=False)
    out.print(f"{words.headline(found)} {words.verdict(found)}", markup=False)


def _tests(found: Comparison) -> Table:
    table = Table("test", "statistic", "p", f"adjusted p ({found.tests.correction})", "")
    for name, result in found.tests.results.items():
        table.add_row(
            TESTS[name].title,
            number(result.statistic),
            probability(result.pvalue),
            probability(found.tests.adjusted[name]),
            "rejects" if name in found.tests.rejected else "",
        )
    return table


def _distances(found: Comparison) -> Table:
    table = Table("how far apart", "estimate", "95 % interval")
    for d in found.distances:
        table.add_row(d.words, words.estimate(d), interval(*d.interval) if d.interval else MISSING)
    return table


def _columns(found: Comparison) -> Table:
    table = Table("column", "shift of the mean, sd", "ratio of sd", "KS", "adjusted p")
    for row in found.differences.head(MOST_COLUMNS).to_dict("records"):
        table.add_row(
            Text(plain(row["column"], words.SHORT)),
            words.signed(row["shift"]),
            number(row["sd_ratio"]),
            number(row["ks"], 2),
            probability(row["adjusted"]),
        )
    return table


def _directions(found: Comparison) -> Table:
    table = Table("direction (columns in sd)", "what differs along it", "by chance up to")
    directions = found.directions
    table.add_row(
        Text(words.formula(found, directions.mean)),
        f"mean: {words.signed(directions.mean.value)} sd",
        number(directions.chance_shift, 2),
    )
    for direction in directions.spread:
        table.add_row(
            Text(words.formula(found, direction)),
            f"variance: × {number(direction.value)}",
            f"× {number(directions.chance_ratio)}",
        )
    return table
