"""A comparison in words and in tables, for a terminal, a notebook and the page."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
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
from gan_eval.comparison.yardsticks import ends
from gan_eval.pages.blocks import Table
from gan_eval.pages.numbers import (
    MISSING,
    count,
    interval,
    number,
    p_value,
    percent,
    plural,
    probability,
    setting,
)
from gan_eval.runtime.arguments import plain
from gan_eval.stats.battery.catalogue import TESTS
from gan_eval.stats.conversion import in_words
from gan_eval.stats.multiple import CORRECTIONS
from gan_eval.stats.result import Verdict

if TYPE_CHECKING:
    from gan_eval.comparison.comparison import Comparison
    from gan_eval.comparison.copies import Count
    from gan_eval.comparison.directions import Direction
    from gan_eval.comparison.distances import Distance

SHORT = 24
"""Letters of a column's name inside a sentence or a figure."""


def summary(found: Comparison) -> list[str]:
    """Write the comparison in a few lines."""
    return [
        f"{headline(found)} {verdict(found)}",
        *rows_compared(found),
        f"{plural(len(found.compared), 'column')} compared. {worst_column(found)}",
        *_leading(found),
        *(worth_words.sentence(one) for one in found.worth[:1]),
        *([coverage_words.sentence(found.coverage)] if found.coverage else []),
        "Columns: .to_frame(). Pictures: .plot(). All of it as a page: .save(path).",
    ]


def _leading(found: Comparison) -> Iterator[str]:
    if found.directions is not None:
        mean, spread = found.directions.mean, found.directions.spread[:1]
        yield f"Largest shift {number(mean.value, 2)} sd along {formula(found, mean)}."
        for d in spread:
            yield f"Most unequal variance × {number(d.value)} along {formula(found, d)}."


def headline(found: Comparison) -> str:
    """Give the answer in a few words: what is wrong where it is told, and whether rows are copied.

    Only where the battery tells the samples apart does the headline say what coverage and modes
    show: they are tests of their own, with their own errors.
    """
    answer = found.verdict.replace("_", " ").capitalize()
    copied = copies_words.phrases(found.copies) or _repeats(found)
    wrong = []
    if found.told_apart:
        modes, coverage = found.modes, found.coverage
        wrong = modes_words.phrases(modes, found.measures.mode_names) if modes else []
        wrong = (wrong or (coverage_words.phrases(coverage) if coverage else []))[:1]
    if not wrong and not copied:
        return f"{answer}."
    said = f"the generated sample {' and '.join(wrong + copied)}."
    return f"{answer}: {said}" if found.told_apart else f"{answer}, but {said}"


def verdict(found: Comparison) -> str:
    """Say how many tests reject, at which level, after which correction; or why none could."""
    tests, rejected = found.tests, len(found.tests.rejected)
    if found.verdict == Verdict.COULD_NOT_TELL:
        return f"{tests.why_not[:1].upper()}{tests.why_not[1:]}."
    return (
        f"{rejected or 'None'} of {plural(len(tests.results), 'test')} "
        f"{'rejects' if rejected < 2 else 'reject'} equal distributions at alpha = "
        f"{setting(tests.alpha)} after {CORRECTIONS[tests.correction]}'s correction; the smallest "
        f"adjusted p-value is {probability(tests.smallest)}."
    )


def meaning(found: Comparison) -> str:
    """Say how often the answer is wrong, or what it does not show."""
    if found.told_apart:
        return (
            "Two samples of one distribution would be told apart in at most "
            f"{setting(100 * found.tests.alpha)} % of comparisons. A small p-value is not a large "
            "difference: the distances below say how large it is."
        )
    if found.verdict == Verdict.COULD_NOT_TELL:
        return "Whatever these rows were, the answer could not have been that they differ."
    strength = found.measures.power
    found_often = f"{power_words.sentence(strength)} " if strength is not None else ""
    return f"{found_often}This does not show that the distributions are equal."


def worst_column(found: Comparison) -> str:
    """Name the column that differs most, and say how."""
    row = found.columns.iloc[0]
    return f"The column that differs most is {plain(row['column'], SHORT)}: {differs(row)}."


def differs(row: Mapping[Any, Any] | pd.Series) -> str:
    """Say how a column differs: in its holes where these differ most, else in its values."""
    if abs(row["generated_missing"] - row["real_missing"]) >= row["difference"]:
        return (
            f"{percent(row['generated_missing'])} of its values are missing, "
            f"{percent(row['real_missing'])} in the first sample (adjusted "
            f"{p_value(row['missing_adjusted'])})"
        )
    if not math.isnan(row["total_variation"]):
        return (
            f"{plain(row['level'], SHORT)!r} has {percent(row['generated_share'])} of the rows, "
            f"{percent(row['real_share'])} in the first sample (total variation "
            f"{number(row['total_variation'], 2)}, adjusted {p_value(row['adjusted'])})"
        )
    return (
        f"its mean is {signed(row['shift'])} standard deviations off, its spread "
        f"{number(row['sd_ratio'])} times that of the first sample (Kolmogorov–Smirnov "
        f"{number(row['ks'], 2)}, adjusted {p_value(row['adjusted'])})"
    )


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
        f"The {TESTS[name].title} test was not run, with x the first sample and y the second: "
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
            f"{count(exact.rows)} of {plural(exact.of, 'row')} of the second sample "
            f"{'equals' if exact.rows == 1 else 'equal'} a row of the first, where "
            f"{_expected(exact)}{copied}."
        )
    if near is not None and near.surprising:
        yield (
            f"{count(near.rows)} of {plural(near.of, 'row')} of the second sample "
            f"{'is a near copy' if near.rows == 1 else 'are near copies'}: as close to a row of "
            "the first as only 1 in 100 rows of the first are to another, where "
            f"{_expected(near)}."
        )
    for which, repeated in _repeated(found):
        if repeated.surprising:
            yield (
                f"{count(repeated.rows)} of {plural(repeated.of, 'row')} of the {which} sample "
                "equal another of its rows, where, going by the other sample, "
                f"{_expected(repeated)}: if rows were duplicated, they are not independent, and "
                "every p-value is too small."
            )


def _repeated(found: Comparison) -> tuple[tuple[str, Count], tuple[str, Count]]:
    copies = found.copies
    return ("first", copies.repeated_real), ("second", copies.repeated_generated)


def _expected(found: Count) -> str:
    return f"{f'about {found.expected:.0f}' if found.expected >= 0.5 else 'none'} would be expected"


def _repeats(found: Comparison) -> list[str]:
    """Say which sample repeats its rows, in the words that follow “the generated sample”."""
    which = [which for which, repeated in _repeated(found) if repeated.surprising]
    if "second" in which:
        return ["repeats its rows"]
    return ["is beside a first sample that repeats its rows"] if which else []


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


def signed(value: float) -> str:
    """Write a number with its sign."""
    return f"+{number(value, 2)}" if value > 0 else number(value, 2)


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
    heads = ("mean, first", "mean, second", "sd, first", "sd, second") if moments else ()
    mixed = found.columns["total_variation"].notna().any()
    holes = (found.columns["real_missing"] + found.columns["generated_missing"]).any()
    head = ("column", *heads, "shift, sd", "ratio of sd", "Kolmogorov–Smirnov")
    head += ("level", "share, first", "share, second", "total variation") if mixed else ()
    head += ("adjusted p",)
    head += ("missing, first", "missing, second", "adjusted p, missing") if holes else ()
    rows = []
    for row in found.columns.head(most).to_dict("records"):
        cells = [plain(row["column"], 60 if moments else SHORT)]
        cells += [_moment(found, row, key) for key in own]
        cells += [signed(row["shift"]), number(row["sd_ratio"]), number(row["ks"], 2)]
        if mixed:
            level = row["level"]
            cells.append(plain(level, SHORT) if isinstance(level, str) else MISSING)
            cells += [percent(row[key]) for key in ("real_share", "generated_share")]
            cells.append(number(row["total_variation"], 2))
        cells.append(probability(row["adjusted"]))
        if holes:
            cells += [percent(row[key]) for key in ("real_missing", "generated_missing")]
            cells.append(probability(row["missing_adjusted"]))
        rows.append(tuple(cells))
    return Table(
        "Columns, the most different first; p-values adjusted by "
        f"{CORRECTIONS[found.tests.correction]} over all of them",
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
        ("missing", "rows, first", "rows, second", "adjusted p"),
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
            (formula(found, mean), f"mean {signed(mean.value)} sd", number(shift, 2)),
            *(
                (formula(found, d), f"variance × {number(d.value)}", f"× {number(ratio)}")
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
            ("copies of a row of the first sample", *_counted(copied.exact)),
            ("near copies of one", *_counted(copied.near)),
            ("repeated within the first sample", *_counted(copied.repeated_real)),
            ("repeated within the second sample", *_counted(copied.repeated_generated)),
        ],
    )


def _counted(found: Count | None) -> tuple[str, ...]:
    if found is None:
        return (MISSING,) * 4
    expected, many = number(found.expected, 2), "yes" if found.surprising else "no"
    return count(found.rows), count(found.of), expected, many
