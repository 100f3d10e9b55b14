"""The tables of a comparison, for its page and for a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gan_eval.comparison import words
from gan_eval.pages.blocks import Table
from gan_eval.pages.numbers import MISSING, count, interval, number, probability
from gan_eval.runtime.text import plain
from gan_eval.stats.battery.catalogue import TESTS
from gan_eval.stats.multiple import CORRECTIONS

if TYPE_CHECKING:
    from gan_eval.comparison.comparison import Comparison


def tests(found: Comparison) -> Table:
    """List each test that was run, with its p-values and whether it rejects."""
    correction = CORRECTIONS[found.tests.correction]
    return Table(
        f"Tests of equal distributions, p-values adjusted by {correction} over all of them",
        ("test", "statistic", "p-value", f"adjusted ({correction})", "rejects"),
        [
            (
                TESTS[name].title,
                number(result.statistic),
                probability(result.pvalue),
                probability(found.tests.adjusted[name]),
                _yes(name in found.tests.rejected),
            )
            for name, result in found.tests.results.items()
        ],
    )


def distances(found: Comparison) -> Table:
    """List the distances."""
    return Table(
        "Distances, with an interval where there is one",
        ("distance", "estimate", "95 % interval"),
        [
            (d.words, words.estimate(d), interval(*d.interval) if d.interval else MISSING)
            for d in found.distances
        ],
    )


def columns(found: Comparison, most: int, moments: bool = True) -> Table:
    """List the ``most`` columns that differ most, with their means and deviations or without."""
    own = ("real_mean", "generated_mean", "real_sd", "generated_sd") if moments else ()
    heads = ("mean, first", "mean, second", "sd, first", "sd, second") if moments else ()
    return Table(
        "Columns, the most different first; p-values adjusted by "
        f"{CORRECTIONS[found.tests.correction]} over them",
        ("column", *heads, "shift, sd", "ratio of sd", "Kolmogorov–Smirnov", "adjusted p"),
        [
            (
                plain(row["column"], 60 if moments else words.SHORT),
                *(number(row[key]) for key in own),
                words.signed(row["shift"]),
                number(row["sd_ratio"]),
                number(row["ks"], 2),
                probability(row["adjusted"]),
            )
            for row in found.differences.head(most).to_dict("records")
        ],
    )


def directions(found: Comparison) -> Table:
    """List the directions in which the two differ most, with what chance alone gives."""
    mean, spread = found.directions.mean, found.directions.spread
    shift, ratio = found.directions.chance_shift, found.directions.chance_ratio
    return Table(
        "Directions in which they differ most (each column in its standard deviations)",
        ("direction", "difference along it", "by chance up to"),
        [
            (words.formula(found, mean), f"mean {words.signed(mean.value)} sd", number(shift, 2)),
            *(
                (words.formula(found, d), f"variance × {number(d.value)}", f"× {number(ratio)}")
                for d in spread
            ),
        ],
    )


def copies(found: Comparison) -> Table:
    """List the counts of copied and of repeated rows."""
    copied = found.copies
    return Table(
        "Copied and repeated rows, beside what the other sample expects",
        ("rows", "found", "of", "expected", "too many"),
        [
            (
                text,
                *(
                    (count(c.rows), count(c.of), number(c.expected, 2), _yes(c.surprising))
                    if c is not None
                    else (MISSING,) * 4
                ),
            )
            for text, c in (
                ("copies of a row of the first sample", copied.exact),
                ("near copies of one", copied.near),
                ("repeated within the first sample", copied.repeated_real),
                ("repeated within the second sample", copied.repeated_generated),
            )
        ],
    )


def _yes(answer: bool) -> str:
    return "yes" if answer else "no"
