"""The tables of a comparison, for a terminal, a build and the page."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from gan_eval.comparison.columns.kinds import Kind
from gan_eval.comparison.pages import words
from gan_eval.comparison.yardsticks import ends
from gan_eval.pages.blocks import Table
from gan_eval.pages.numbers import (
    MISSING,
    count,
    interval,
    number,
    percent,
    probability,
)
from gan_eval.runtime.arguments import plain
from gan_eval.stats.battery.catalogue import TESTS
from gan_eval.stats.multiple import CORRECTIONS

if TYPE_CHECKING:
    from gan_eval.comparison.comparison import Comparison
    from gan_eval.comparison.copies import Count
    from gan_eval.comparison.distances import Distance


def estimate(distance: Distance) -> str:
    """Write the estimate; one below 0, which no distance is, as 0 with itself in brackets."""
    text = number(distance.estimate)
    return f"0 ({text})" if distance.estimate < 0 else text


def below_zero(found: Comparison) -> str:
    """Explain an estimate below 0; empty where there is none."""
    if not any(distance.estimate < 0 for distance in found.distances):
        return ""
    return (
        "An estimate without bias falls below 0 in about half of all samples of equal "
        "distributions. It is shown as 0, with itself in brackets."
    )


def tests_table(found: Comparison) -> Table:
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
                "yes" if name in found.tests.rejected else "no",
            )
            for name, result in found.tests.results.items()
        ],
    )


def distances_table(found: Comparison) -> Table:
    """List the distances, beside those of two parts of the real table."""
    ranges = found.measures.ranges
    given = ranges.ranges if ranges is not None else {}
    head = ("distance", "estimate", "95 % interval")
    return Table(
        "Distances, with an interval where there is one"
        + (", and how far apart two such parts of the real table are" if given else ""),
        (*head, "real against real") if given else head,
        [
            (
                d.words,
                estimate(d),
                interval(*d.interval) if d.interval else MISSING,
                *([ends(given[d.name]) if d.name in given else MISSING] if given else []),
            )
            for d in found.distances
        ],
    )


def columns_table(found: Comparison, most: int, moments: bool = True) -> Table:
    """List the ``most`` columns that differ most, with their means and deviations or without."""
    own = ("real_mean", "generated_mean", "real_sd", "generated_sd") if moments else ()
    heads = ("mean, real", "mean, generated", "sd, real", "sd, generated") if moments else ()
    mixed = found.columns["total_variation"].notna().any()
    holes = (found.columns["real_missing"] + found.columns["generated_missing"]).any()
    head = ("column", *heads, "shift, sd", "ratio of sd", "Kolmogorov–Smirnov")
    head += ("level", "share, real", "share, generated", "total variation") if mixed else ()
    head += ("adjusted p",)
    head += ("missing, real", "missing, generated", "adjusted p, missing") if holes else ()
    rows = []
    for row in found.columns.head(most).to_dict("records"):
        cells = [plain(row["column"], 60 if moments else words.SHORT)]
        cells += [_moment(found, row, key) for key in own]
        cells += [words.signed(row["shift"]), number(row["sd_ratio"]), number(row["ks"], 2)]
        if mixed:
            level = row["level"]
            cells.append(plain(level, words.SHORT) if isinstance(level, str) else MISSING)
            cells += [percent(row[key]) for key in ("real_share", "generated_share")]
            cells.append(number(row["total_variation"], 2))
        cells.append(probability(row["adjusted"]))
        if holes:
            cells += [percent(row[key]) for key in ("real_missing", "generated_missing")]
            cells.append(probability(row["missing_adjusted"]))
        rows.append(tuple(cells))
    return Table(
        f"{'All columns' if moments else 'Columns'}, the most different first; p-values adjusted "
        f"by {CORRECTIONS[found.tests.correction]} over all of them",
        head,
        rows,
    )


def _moment(found: Comparison, row: Mapping[Any, Any], key: str) -> str:
    """Write a mean or a standard deviation; the mean of times as a time."""
    if row["kind"] == Kind.TIME and key.endswith("mean") and math.isfinite(row[key]):
        return f"{datetime.fromtimestamp(row[key], UTC):%Y-%m-%d %H:%M}"
    return number(row[key])


def missing_table(found: Comparison, most: int) -> Table:
    """List the sets of columns whose values are missing together."""
    return Table(
        "Values that are missing together; p-values adjusted by "
        f"{CORRECTIONS[found.tests.correction]} over these sets",
        ("missing", "real", "generated", "adjusted p"),
        [
            (
                plain(row["missing"], 60),
                percent(row["real_share"]),
                percent(row["generated_share"]),
                probability(row["adjusted"]),
            )
            for row in found.missing.head(most).to_dict("records")
        ],
    )


def directions_table(found: Comparison) -> Table | None:
    """List the directions in which the two differ most, with what chance alone gives."""
    if found.directions is None:
        return None
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


def copies_table(found: Comparison) -> Table:
    """List the counts of copied and of repeated rows."""
    copied = found.copies
    return Table(
        "Copied and repeated rows, beside what the other sample expects",
        ("rows", "found", "of", "expected", "too many"),
        [
            ("copies of a real row", *_counted(copied.exact)),
            ("near copies of one", *_counted(copied.near)),
            ("repeated among the real rows", *_counted(copied.repeated_real)),
            ("repeated among the generated rows", *_counted(copied.repeated_generated)),
        ],
    )


def _counted(found: Count | None) -> tuple[str, ...]:
    if found is None:
        return (MISSING,) * 4
    expected, many = number(found.expected, 2), "yes" if found.surprising else "no"
    return count(found.rows), count(found.of), expected, many
