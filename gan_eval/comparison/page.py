"""A comparison as one offline HTML page, in the look of the report."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gan_eval.comparison import figures, words
from gan_eval.pages.blocks import Card, DefinitionList, Gallery, Paragraph, Section, TableBlock
from gan_eval.pages.numbers import count, interval, number, p_value, probability, setting
from gan_eval.pages.page import fill, head
from gan_eval.runtime.arguments import plain
from gan_eval.runtime.provenance import environment
from gan_eval.stats.multiple import CORRECTIONS

if TYPE_CHECKING:
    from gan_eval.comparison.comparison import Comparison

MOST_ROWS = 500
"""Columns that the page lists."""

MOST_PATTERNS = 20
"""Sets of columns missing together that the page lists."""


def render(found: Comparison) -> str:
    """Write the page; the same comparison gives the same text, byte for byte, on one machine."""
    name = " and ".join(plain(Path(side.source).name, 40) for side in (found.real, found.generated))
    makers = (_tests, _distances, _columns, _directions, _copies, _data, _method)
    return fill(
        title=f"{name}: do they come from one distribution?",
        name=name,
        **_answer(found),
        sections=[section for make in makers if (section := make(found)) is not None],
    )


def answer(found: Comparison) -> str:
    """Write the head of the page, for a notebook."""
    more = "Columns: `.to_frame()`. Pictures: `.plot()`. All of it as a page: `.save(path)`."
    return head(**_answer(found), more=more)


def _answer(found: Comparison) -> dict[str, Any]:
    return {
        "question": "Do the two samples come from one distribution?",
        "headline": words.headline(found),
        "sentences": [
            (None, say(found)) for say in (words.verdict, words.worst_column, words.meaning)
        ],
        "cards": _cards(found),
    }


def _cards(found: Comparison) -> list[Card]:
    return [
        Card(
            "smallest adjusted p-value",
            probability(found.tests.smallest),
            f"{CORRECTIONS[found.tests.correction]} over {len(found.tests.results)} tests, level "
            f"{setting(found.tests.alpha)}",
        ),
        *_frechet_card(found),
        *_direction_cards(found),
        _column_card(found),
    ]


def _frechet_card(found: Comparison) -> list[Card]:
    return [
        Card(
            "Fréchet distance",
            number(max(distance.estimate, 0.0)),
            f"columns in sd of the first sample; 95 % interval {interval(*distance.interval)}"
            if distance.interval
            else "too many columns for an interval",
        )
        for distance in found.distances
        if distance.name == "frechet_standardised"
    ]


def _direction_cards(found: Comparison) -> list[Card]:
    if found.directions is None:
        return []
    mean, spread = found.directions.mean, found.directions.spread
    note = _along("× ", found.directions.chance_ratio)
    shift = _along("", found.directions.chance_shift)
    return [
        Card("largest shift", f"{number(mean.value, 2)} sd", shift),
        *(Card("most unequal variance", f"× {number(d.value)}", note) for d in spread[:1]),
    ]


def _column_card(found: Comparison) -> Card:
    worst = found.columns.iloc[0]
    measure, value = "Kolmogorov–Smirnov", worst["ks"]
    if math.isnan(value):
        measure, value = "total variation", worst["total_variation"]
    return Card(
        "most different column",
        plain(worst["column"], words.SHORT),
        f"{measure} {number(value, 2)}, adjusted {p_value(worst['adjusted'])}",
    )


def _along(sign: str, chance: float) -> str:
    by_chance = f"; by chance up to {sign}{number(chance, 3 if sign else 2)}"
    return f"along one direction{by_chance if math.isfinite(chance) else ''}"


def _tests(found: Comparison) -> Section:
    text = (
        "Likelihood ratio, Hotelling and covariance look at means and covariances, the largest "
        "column difference at single columns, the others at the whole distribution. All p-values "
        "come by permutation of the pooled rows and are exact whatever the distributions are, "
        "provided that rows are independent."
    )
    blocks = [TableBlock(words.tests_table(found)), Paragraph(text)]
    return Section("tests", "Which tests tell them apart?", blocks)


def _distances(found: Comparison) -> Section:
    text = (
        "The Fréchet distance sees means and covariances. With the columns as they are it has "
        "their units, squared, and is ruled by the widest of them; in standard deviations all "
        "weigh alike. The bias of small samples has been taken off; FID's formula leaves it in. "
    )
    blocks = [
        TableBlock(words.distances_table(found)),
        Paragraph((text + words.below_zero(found)).rstrip()),
    ]
    return Section("distances", "How far apart are they?", blocks)


def _columns(found: Comparison) -> Section:
    left = len(found.columns) - MOST_ROWS
    more = f"{count(left)} more columns differ less; the comparison's JSON lists all."
    blocks = [
        TableBlock(words.columns_table(found, MOST_ROWS)),
        *([Paragraph(more)] if left > 0 else []),
        *_holes(found),
        Gallery([*figures.marginals(found), *figures.columns_plane(found)]),
        Paragraph(
            "These p-values are a family of their own, to say where a difference lies; the tests "
            "above decide whether there is one."
        ),
    ]
    return Section("columns", "Which columns differ?", blocks)


def _holes(found: Comparison) -> list[TableBlock]:
    return [TableBlock(words.missing_table(found, MOST_PATTERNS))] if len(found.missing) else []


def _directions(found: Comparison) -> Section | None:
    table = words.directions_table(found)
    if table is None:
        return None
    plane = figures.directions_plane(found)
    blocks = [
        TableBlock(table),
        *([Gallery(plane)] if plane else []),
        Paragraph(
            "The first row is the sum of columns whose means lie furthest apart; the others are "
            "those whose variances (second sample over first) are most unequal, the generalised "
            "eigenvalues of the two covariances. “By chance” is what Gaussian samples of one "
            "distribution and of these sizes exceed in 1 of 20 pairs."
        ),
    ]
    return Section("directions", "In which directions do they differ?", blocks)


def _copies(found: Comparison) -> Section:
    text = (
        "Expected is what as many fresh rows would do: for copies by the share of the first "
        "sample's rows that equal another of them (a table of small integers repeats itself), for "
        "repeats by the other sample. A near copy lies much nearer to one row of the first sample "
        "than to any other: its two distances have a ratio that only 1 in 100 rows of the first "
        "sample reach. A generator that repeats what it was trained on passes every test of equal "
        "distributions."
    )
    blocks = [TableBlock(words.copies_table(found)), Paragraph(text)]
    return Section("copies", "Are rows copied?", blocks)


def _data(found: Comparison) -> Section:
    return Section("data", "What was compared?", [Paragraph(s) for s in words.rows(found)])


def _method(found: Comparison) -> Section:
    facts = environment()
    pairs = [
        ("Level", setting(found.tests.alpha)),
        ("Correction", CORRECTIONS[found.tests.correction]),
        ("Permutations", count(found.permutations)),
        ("Seed", str(found.seed)),
        ("Python", facts["python"]),
        ("Packages", ", ".join(f"{name} {of}" for name, of in facts["packages"].items())),
    ]
    return Section("method", "How was it done?", [DefinitionList(pairs)])
