"""A comparison as one offline HTML page, in the look of the report."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gan_eval.comparison.pages import (
    copies_words,
    coverage_words,
    figures,
    modes_words,
    power_words,
    words,
    worth_words,
)
from gan_eval.pages.blocks import (
    Answer,
    Block,
    Card,
    DefinitionList,
    Gallery,
    Paragraph,
    Section,
    TableBlock,
)
from gan_eval.pages.numbers import count, number, p_value, percent, probability, setting
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
    makers = (_tests, _power, _distances, _worth, _columns, _coverage, _modes, _directions)
    makers += (_copies, _data, _method)
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
        "answer": Answer(
            words.headline(found),
            sentences=[
                (None, say(found)) for say in (words.verdict, words.worst_column, words.meaning)
            ],
            cards=_cards(found),
        ),
    }


def _cards(found: Comparison) -> list[Card]:
    return [
        Card(
            "smallest adjusted p-value",
            probability(found.tests.smallest),
            f"{CORRECTIONS[found.tests.correction]} over {len(found.tests.results)} tests, level "
            f"{setting(found.tests.alpha)}",
        ),
        *_worth_card(found),
        *_coverage_card(found),
        _column_card(found),
        *_direction_card(found),
    ]


def _worth_card(found: Comparison) -> list[Card]:
    if not found.worth:
        return []
    one = found.worth[0]
    level = percent(one.confidence_level)
    if math.isinf(one.high):
        return [Card("worth, by energy", f"at least {number(one.low, 2)} real rows", level)]
    ends = f"{level} interval {number(one.low, 2)} to {number(one.high, 2)}"
    return [Card("worth, by energy", f"{number(one.value, 2)} real rows", ends)]


def _coverage_card(found: Comparison) -> list[Card]:
    if found.coverage is None:
        return []
    one = found.coverage.coverage
    note = f"of the real rows; expected {number(one.expected, 2)}, {p_value(one.pvalue)}"
    return [Card("coverage", number(one.value, 2), note)]


def _direction_card(found: Comparison) -> list[Card]:
    if found.directions is None:
        return []
    mean = found.directions.mean
    return [
        Card(
            "largest shift",
            f"{number(mean.value, 2)} sd",
            _along("", found.directions.chance_shift),
        )
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


def _worth(found: Comparison) -> Section | None:
    if not found.worth:
        return None
    text = (
        "A table of N real rows is itself some distance from the truth; the generator is worth the "
        "N at which that distance is the generator's. Training rows, if these are the real rows, "
        "make it look better than it is."
    )
    blocks = [
        *(Paragraph(worth_words.sentence(one)) for one in found.worth),
        TableBlock(worth_words.table(found.worth)),
        Paragraph(text),
    ]
    return Section("worth", "How many real rows is the generator worth?", blocks)


def _power(found: Comparison) -> Section | None:
    strength = found.measures.power
    if strength is None:
        return None
    blocks = [Paragraph(power_words.sentence(strength)), TableBlock(power_words.table(strength))]
    return Section("power", "What would have been found?", blocks)


def _coverage(found: Comparison) -> Section | None:
    if found.coverage is None:
        return None
    picture = coverage_words.draw(found.coverage, *found.measures.points)
    blocks = [
        Paragraph(coverage_words.sentence(found.coverage)),
        TableBlock(coverage_words.table(found.coverage)),
        Gallery([picture]),
    ]
    return Section("coverage", "Are parts of the real rows missed?", blocks)


def _modes(found: Comparison) -> Section | None:
    modes, names = found.modes, found.measures.mode_names
    if modes is None:
        return None
    blocks: list[Block] = [Paragraph(modes_words.sentence(modes, names))]
    if len(modes.found) > 1:
        blocks += [
            TableBlock(modes_words.table(modes, names)),
            Gallery([modes_words.draw(modes, names)]),
        ]
    return Section("modes", "Is a mode lost or invented?", blocks)


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
    tested = found.copies.held_out
    blocks: list[Block] = [Paragraph(copies_words.sentence(found.copies))]
    if tested is not None:
        tables = (copies_words.held_out_table(tested), copies_words.pairs_table(tested))
        blocks += [TableBlock(table) for table in tables]
    blocks += [TableBlock(words.copies_table(found)), Paragraph(text)]
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
