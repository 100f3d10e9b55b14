"""A comparison in words, for a terminal, a notebook and the page."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import pandas as pd

from gan_eval.comparison.columns.kinds import Kind
from gan_eval.comparison.pages import (
    copies_words,
    coverage_words,
    modes_words,
    power_words,
    worth_words,
)
from gan_eval.pages.numbers import (
    count,
    number,
    p_value,
    percent,
    plural,
)
from gan_eval.runtime.arguments import plain
from gan_eval.stats.battery.catalogue import TESTS
from gan_eval.stats.conversion import in_words

if TYPE_CHECKING:
    from gan_eval.comparison.comparison import Comparison
    from gan_eval.comparison.copies import Count
    from gan_eval.comparison.directions import Direction

SHORT = 24
"""Letters of a column's name inside a sentence or a figure."""


def leading(found: Comparison) -> Iterator[str]:
    """Say along which sums of columns the samples differ most."""
    if found.directions is not None:
        mean, spread = found.directions.mean, found.directions.spread[:1]
        yield f"Largest shift {number(mean.value, 2)} sd along {formula(found, mean)}."
        for d in spread:
            yield f"Most unequal variance × {number(d.value)} along {formula(found, d)}."


def worst_direction(found: Comparison) -> str:
    """Say along which sum of columns the scatter differs beyond chance; empty where in none."""
    along = found.directions
    if along is None or not along.spread or len(found.real.rows.number_names) < 2:
        return ""
    first = along.spread[0]
    if math.isnan(along.chance_ratio) or (
        1 / along.chance_ratio <= first.value <= along.chance_ratio
    ):
        return ""
    return (
        f"Along {formula(found, first)} the variance is {number(first.value)} times that of the "
        f"real rows; by chance it is up to {number(along.chance_ratio)} times as large or small."
    )


def worst_column(found: Comparison) -> str:
    """Name the column that differs most, and say how."""
    row = found.columns.iloc[0]
    return f"The column that differs most is {plain(row['column'], SHORT)}: {differs(row)}."


def differs(row: Mapping[Any, Any] | pd.Series) -> str:
    """Say how a column differs: in its holes where these differ most, else in its values."""
    if by_holes(row):
        return (
            f"{percent(row['generated_missing'])} of its values are missing, "
            f"{percent(row['real_missing'])} in the real rows (adjusted "
            f"{p_value(row['missing_adjusted'])})"
        )
    if not math.isnan(row["total_variation"]):
        return (
            f"{plain(row['level'], SHORT)!r} has {percent(row['generated_share'])} of the rows, "
            f"{percent(row['real_share'])} in the real rows (total variation "
            f"{number(row['total_variation'], 2)}, adjusted {p_value(row['adjusted'])})"
        )
    return (
        f"its mean is {signed(row['shift'])} standard deviations off, its spread "
        f"{number(row['sd_ratio'])} times that of the real rows (Kolmogorov–Smirnov "
        f"{number(row['ks'], 2)}, adjusted {p_value(row['adjusted'])})"
    )


def by_holes(row: Mapping[Any, Any] | pd.Series) -> bool:
    """Say whether a column differs most in how many of its values are missing."""
    apart = abs(row["generated_missing"] - row["real_missing"])
    return apart > 0 and apart >= row["difference"]


def formula(found: Comparison, direction: Direction) -> str:
    """Write a direction as a sum of columns."""
    names = [plain(name, SHORT) for name in found.real.rows.number_names]
    return direction.in_words(names) or "no direction"


def rows_compared(found: Comparison) -> Iterator[str]:
    """Count the rows of each sample, and those that were drawn of it."""
    for side in (found.real, found.generated):
        used = len(side.rows)
        drawn = "" if used == side.available else f", {count(used)} of them drawn at random"
        yield f"{plain(side.source, 80)}: {plural(side.available, 'row')}{drawn}."


def rows(found: Comparison) -> list[str]:
    """Say which rows and columns were compared, and what was done to them, a sentence each."""
    subtracted = (
        f"{in_words(origin)} was subtracted from column {plain(name, SHORT)} in both samples, "
        "exactly: its numbers have more digits than the arithmetic holds. No test depends on that."
        for name, origin in found.origins.items()
        if found.kinds[name] != Kind.TIME
    )
    aside = (
        f"Column {plain(name, SHORT)} was set aside: {why}."
        for name, why in found.set_aside.items()
    )
    not_run = (
        f"The {TESTS[name].title} test was not run, with x the real rows and y the generated ones: "
        f"{why}."
        for name, why in found.tests.not_run.items()
    )
    not_measured = (
        f"{name[:1].upper()}{name[1:]} is not given: {why}."
        for name, why in found.measures.not_measured.items()
    )
    told = *found.notes, *subtracted, *aside, *copies(found), *not_run, *not_measured
    return [*rows_compared(found), *told]


def beside(found: Comparison) -> list[str]:
    """Say what the generator is worth, what would have been found, and what coverage, modes and
    copies show."""
    said = [worth_words.sentence(one) for one in found.worth]
    if found.measures.power is not None:
        said.append(power_words.sentence(found.measures.power))
    if found.coverage is not None:
        said.append(coverage_words.sentence(found.coverage))
    if found.modes is not None and len(found.modes.found) > 1:
        said.append(modes_words.sentence(found.modes, found.measures.mode_names))
    if found.copies.held_out is not None:
        said.append(copies_words.sentence(found.copies))
    return said


def copies(found: Comparison) -> Iterator[str]:
    """Say which rows are copied or repeated beyond expectation, a sentence each."""
    exact, near = found.copies.exact, found.copies.near
    if exact.rows:
        copied = ": they are copies, not a sample of its distribution" if exact.surprising else ""
        yield (
            f"{count(exact.rows)} of {plural(exact.of, 'generated row')} "
            f"{'equals' if exact.rows == 1 else 'equal'} a real row, where "
            f"{_expected(exact)}{copied}."
        )
    if near is not None and near.surprising:
        yield (
            f"{count(near.rows)} of {plural(near.of, 'generated row')} "
            f"{'is a near copy' if near.rows == 1 else 'are near copies'}: as close to a real "
            "row as only 1 in 100 real rows are to another, where "
            f"{_expected(near)}."
        )
    for which, repeated in _repeated(found):
        if repeated.surprising:
            yield (
                f"{count(repeated.rows)} of {plural(repeated.of, f'{which} row')} "
                "equal another of them, where, going by the other sample, "
                f"{_expected(repeated)}: if rows were duplicated, they are not independent, and "
                "every p-value is too small."
            )


def _repeated(found: Comparison) -> tuple[tuple[str, Count], tuple[str, Count]]:
    copies = found.copies
    return ("real", copies.repeated_real), ("generated", copies.repeated_generated)


def _expected(found: Count) -> str:
    return f"{f'about {found.expected:.0f}' if found.expected >= 0.5 else 'none'} would be expected"


def repeats(found: Comparison) -> list[str]:
    """Say which sample repeats its rows, in the words that follow “the generated sample”."""
    which = [which for which, repeated in _repeated(found) if repeated.surprising]
    if "generated" in which:
        return ["repeats its rows"]
    return ["stands beside real rows that repeat themselves"] if which else []


def sizes(n: int, m: int) -> str:
    """Say how many rows the two sides have.

    Examples
    --------
    >>> sizes(1000, 1000), sizes(900, 1000)
    ('1000 rows each', '900 and 1000 rows')
    """
    return f"{count(n)} rows each" if n == m else f"{count(n)} and {count(m)} rows"


def signed(value: float) -> str:
    """Write a number with its sign."""
    return f"+{number(value, 2)}" if value > 0 else number(value, 2)
