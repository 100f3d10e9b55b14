"""A comparison as one offline HTML page, in the look of the report."""

from __future__ import annotations

import math
from pathlib import Path

from gan_eval.comparison import figures, words
from gan_eval.comparison.comparison import Comparison
from gan_eval.pages.blocks import (
    Block,
    Card,
    DefinitionList,
    Gallery,
    Paragraph,
    Section,
    Table,
    TableBlock,
)
from gan_eval.pages.numbers import MISSING, count, interval, number, p_value, probability, setting
from gan_eval.pages.page import fill
from gan_eval.runtime.machine import environment
from gan_eval.runtime.text import plain
from gan_eval.stats.battery.battery import TESTS
from gan_eval.stats.multiple import CORRECTIONS

MOST_ROWS = 500
"""Columns that the page lists."""


def render(found: Comparison) -> str:
    """The page; the same comparison gives the same text, byte for byte, on the same machine."""
    name = " and ".join(plain(Path(side.source).name, 40) for side in (found.real, found.fake))
    return fill(
        title=f"{name}: do they follow one law?",
        name=name,
        question="Do the two files follow one law?",
        headline=words.headline(found),
        sentences=[
            (None, words.verdict(found)),
            (None, words.worst_column(found)),
            (None, words.meaning(found)),
        ],
        cards=_cards(found),
        sections=[
            _tests(found),
            _distances(found),
            _columns(found),
            _directions(found),
            _copies(found),
            _data(found),
            _method(found),
        ],
    )


def _cards(found: Comparison) -> list[Card]:
    first, worst = found.distances[0], found.differences.iloc[0]
    low, high = first.interval or (float("nan"), float("nan"))
    spread = found.directions.spread
    cards = [
        Card(
            "smallest adjusted p-value",
            probability(found.tests.smallest),
            f"{CORRECTIONS[found.tests.correction]} over {len(found.tests.results)} tests, level "
            f"{setting(found.tests.alpha)}",
        ),
        Card(
            "Fréchet distance",
            number(max(first.estimate, 0.0)),
            f"columns in sd of the first file; 95 % interval {interval(low, high)}"
            if first.interval
            else "too many columns for an interval",
        ),
        Card(
            "largest shift",
            f"{number(found.directions.mean.value, 2)} sd",
            _along("", found.directions.chance_shift),
        ),
        Card(
            "most different column",
            plain(worst["column"], words.SHORT),
            f"Kolmogorov–Smirnov {number(worst['ks'], 2)}, adjusted {p_value(worst['adjusted'])}",
        ),
    ]
    if spread:
        note = _along("× ", found.directions.chance_ratio)
        card = Card("most unequal variance", f"× {number(spread[0].value)}", note)
        cards.insert(3, card)
    return cards


def _along(sign: str, chance: float) -> str:
    by_chance = f"; by chance up to {sign}{number(chance, 3 if sign else 2)}"
    return f"along one direction{by_chance if math.isfinite(chance) else ''}"


def _tests(found: Comparison) -> Section:
    correction = CORRECTIONS[found.tests.correction]
    table = Table(
        f"Tests of equal laws, p-values adjusted by {correction} over all of them",
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
    return Section(
        "tests",
        "Which tests tell them apart?",
        [
            TableBlock(table),
            Paragraph(
                "Likelihood ratio, Hotelling and covariance look at means and covariances, the "
                "largest column difference at single columns, the others at the whole law. All "
                "p-values come by permutation of the pooled rows and are exact whatever the laws "
                "are, provided that rows are independent."
            ),
        ],
    )


def _distances(found: Comparison) -> Section:
    rows = [
        (d.words, words.estimate(d), interval(*d.interval) if d.interval else MISSING)
        for d in found.distances
    ]
    return Section(
        "distances",
        "How far apart are they?",
        [
            TableBlock(
                Table(
                    "Distances, with an interval where there is one",
                    ("distance", "estimate", "95 % interval"),
                    rows,
                )
            ),
            Paragraph(
                "The Fréchet distance sees means and covariances. With the columns as they are it "
                "has their units, squared, and is ruled by the widest of them; in standard "
                "deviations all weigh alike. The bias of small samples has been taken off; FID's "
                f"formula leaves it in. {words.below_zero(found)}".rstrip()
            ),
        ],
    )


def _columns(found: Comparison) -> Section:
    frame = found.differences.head(MOST_ROWS)
    left = len(found.differences) - len(frame)
    rows = [
        (
            plain(row["column"], 60),
            *(number(row[key]) for key in ("real_mean", "fake_mean", "real_sd", "fake_sd")),
            words.signed(row["shift"]),
            number(row["sd_ratio"]),
            number(row["ks"], 2),
            probability(row["adjusted"]),
        )
        for row in frame.to_dict("records")
    ]
    correction = CORRECTIONS[found.tests.correction]
    caption = f"Columns, the most different first; p-values adjusted by {correction} over them"
    head = (
        *("column", "mean, first", "mean, second", "sd, first", "sd, second", "shift, sd"),
        *("ratio of sd", "Kolmogorov–Smirnov", "adjusted p"),
    )
    plane = figures.columns_plane(found)
    blocks: list[Block] = [TableBlock(Table(caption, head, rows))]
    if left:
        blocks.append(Paragraph(f"{count(left)} more columns differ less; --json has them."))
    blocks.append(Gallery([*figures.marginals(found), *([plane] if plane else [])]))
    blocks.append(
        Paragraph(
            "These p-values are a family of their own, to say where a difference lies; the tests "
            "above decide whether there is one."
        )
    )
    return Section("columns", "Which columns differ?", blocks)


def _directions(found: Comparison) -> Section:
    directions = found.directions
    rows = [
        (
            words.formula(found, directions.mean),
            f"mean {words.signed(directions.mean.value)} sd",
            number(directions.chance_shift, 2),
        )
    ]
    rows += [
        (
            words.formula(found, direction),
            f"variance × {number(direction.value)}",
            f"× {number(directions.chance_ratio)}",
        )
        for direction in directions.spread
    ]
    caption = "Directions in which they differ most (each column in its standard deviations)"
    blocks: list[Block] = [
        TableBlock(Table(caption, ("direction", "difference along it", "by chance up to"), rows))
    ]
    plane = figures.directions_plane(found)
    if plane is not None:
        blocks.append(Gallery([plane]))
    blocks.append(
        Paragraph(
            "The first row is the sum of columns whose means lie furthest apart; the others are "
            "those whose variances (second file over first) are most unequal, the generalised "
            "eigenvalues of the two covariances. “By chance” is what Gaussian samples of one law "
            "and of these sizes exceed in 1 of 20 pairs."
        )
    )
    return Section("directions", "In which directions do they differ?", blocks)


def _copies(found: Comparison) -> Section:
    found_copies = found.copies
    lines = (
        ("copies of a row of the first file", found_copies.exact),
        ("near copies of one", found_copies.near),
        ("repeated within the first file", found_copies.repeated_real),
        ("repeated within the second file", found_copies.repeated_fake),
    )
    rows = [
        (
            text,
            *(
                (count(c.rows), count(c.of), number(c.expected, 2), "yes" if c.surprising else "no")
                if c is not None
                else (MISSING,) * 4
            ),
        )
        for text, c in lines
    ]
    head = ("rows", "found", "of", "expected", "too many")
    return Section(
        "copies",
        "Are rows copied?",
        [
            TableBlock(
                Table("Copied and repeated rows, beside what the other file expects", head, rows)
            ),
            Paragraph(
                "Expected is what as many fresh rows would do: for copies by the share of the "
                "first file's rows that equal another of them (a table of small integers repeats "
                "itself), for repeats by the other file. A near copy lies much nearer to one row "
                "of the first file than to any other: its two distances have a ratio that only 1 "
                "in 100 rows of the first file reach. A generator that repeats what it was trained "
                "on passes every test of equal laws."
            ),
        ],
    )


def _data(found: Comparison) -> Section:
    return Section("data", "What was compared?", [Paragraph(s) for s in words.rows(found)])


def _method(found: Comparison) -> Section:
    facts = environment()
    versions = ", ".join(f"{name} {version}" for name, version in facts["packages"].items())
    pairs = [
        ("Level", setting(found.tests.alpha)),
        ("Correction", CORRECTIONS[found.tests.correction]),
        ("Permutations", count(found.permutations)),
        ("Seed", str(found.seed)),
        ("Python", facts["python"]),
        ("Packages", versions),
    ]
    return Section("method", "How was it done?", [DefinitionList(pairs)])
