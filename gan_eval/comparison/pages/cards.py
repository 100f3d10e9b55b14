"""The cards of a comparison's page: one number that matters on each."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from gan_eval.comparison.held_out import CopyVerdict
from gan_eval.comparison.pages import (
    words,
)
from gan_eval.pages.blocks import (
    Card,
)
from gan_eval.pages.numbers import (
    count,
    number,
    p_value,
    percent,
    percents,
    plural,
    probability,
    setting,
)
from gan_eval.runtime.arguments import plain
from gan_eval.stats.multiple import CORRECTIONS

if TYPE_CHECKING:
    from gan_eval.comparison.comparison import Comparison


def cards(found: Comparison) -> list[Card]:
    """Make the cards: worth, p-value, the most different column, coverage, copies."""
    return [
        *_worth_card(found),
        Card(
            "smallest adjusted p-value",
            probability(found.tests.smallest),
            f"{CORRECTIONS[found.tests.correction]} over {plural(len(found.tests.results), 'test')}"
            f", level {setting(found.tests.alpha)}",
        ),
        _column_card(found),
        *_coverage_card(found),
        _copies_card(found),
    ]


def _worth_card(found: Comparison) -> list[Card]:
    if not found.worth:
        return []
    one = found.worth[0]
    level = f"{percent(one.confidence_level)} interval"
    if math.isinf(one.high):
        value, ends = f"at least {number(one.low, 2)}", "no upper end can be told"
    else:
        value, ends = number(one.value, 2), f"{number(one.low, 2)} to {number(one.high, 2)}"
    return [Card("worth, real rows", value, f"{level}: {ends}; by the energy distance")]


def _coverage_card(found: Comparison) -> list[Card]:
    if found.coverage is None:
        return []
    one = found.coverage.coverage
    note = f"of the real rows; expected {number(one.expected, 2)}, {p_value(one.pvalue)}"
    return [Card("coverage", number(one.value, 2), note)]


def _column_card(found: Comparison) -> Card:
    worst = found.columns.iloc[0]
    name = plain(worst["column"], words.SHORT)
    if words.by_holes(worst):
        beside = f"{percent(worst['real_missing'])} in the real rows"
        note = f"{percent(worst['generated_missing'])} of its values missing, {beside}"
        return Card("most different column", name, note)
    measure, value = "Kolmogorov–Smirnov", worst["ks"]
    if math.isnan(value):
        measure, value = "total variation", worst["total_variation"]
    return Card(
        "most different column",
        name,
        f"{measure} {number(value, 2)}, adjusted {p_value(worst['adjusted'])}",
    )


def _copies_card(found: Comparison) -> Card:
    tested, exact, near = found.copies.held_out, found.copies.exact, found.copies.near
    if tested is not None:
        share = f"{percent(tested.share_copied)} ({percents(*tested.share_interval)})"
        return Card("copied", share, f"of the generated rows; {p_value(tested.pvalue)}")
    if found.copies.verdict == CopyVerdict.COULD_NOT_TELL:
        return Card("copied rows", "could not tell", "held-out real rows would tell")
    rows, expected = exact.rows, exact.expected
    if near is not None:
        rows, expected = rows + near.rows, expected + near.expected
    note = f"equal a real row or nearly; about {count(expected)} expected"
    return Card("copied rows", count(rows), note)
