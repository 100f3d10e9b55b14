"""A ranking in words and in tables."""

from __future__ import annotations

import math
import shlex
from collections.abc import Sequence
from typing import TYPE_CHECKING

from gan_eval.pages.blocks import Step, Table
from gan_eval.pages.numbers import count, interval, number, p_value, plural, probability, setting
from gan_eval.runtime.arguments import plain

if TYPE_CHECKING:
    from gan_eval.comparison.ranking.rank import Ranking
    from gan_eval.stats.relative import Difference

DISTANCES = {"energy": "energy distance", "mmd": "MMD²"}
METHODS = {"jackknife": "jackknife", "u_statistic": "U-statistic's variance, without bias"}
LETTERS = 40
"""The most letters that a generator's name has in a sentence."""

MOST_NAMED = 3
"""Generators that the headline names together."""


def headline(ranking: Ranking) -> str:
    """Answer in one sentence which is nearest and how good it is, or which cannot be told apart."""
    return _ranked(ranking).removesuffix(".") + _copied(ranking) + "."


def _copied(ranking: Ranking) -> str:
    """Warn of the nearest one whose rows equal real ones more often than chance would have it."""
    for place in ties(ranking):
        found = ranking.copies[place]
        if found.surprising:
            equal = f"{count(found.rows)} of the {count(found.of)} rows of {_name(ranking, place)}"
            verb = "equals" if found.rows == 1 else "equal"
            return f"; but {equal} {verb} a real row: it may copy them"
    return ""


def _ranked(ranking: Ranking) -> str:
    first, *others = ranking.order
    if ranking.best is not None:
        which = "nearer" if len(others) == 1 else f"nearest of {len(ranking.names)}"
        next_one = "the other" if len(others) == 1 else "the next"
        return (
            f"{_name(ranking, first)} is {which}, worth {worth(ranking, first)}; {next_one}, "
            f"{_name(ranking, others[0])}, is worth {worth(ranking, others[0])}."
        )
    tied = ties(ranking)
    further = [place for place in others if place not in tied]
    shown = []
    for place in tied:
        value, bounds = _worth(ranking, place)
        ends = f", {bounds}" if bounds else ""
        shown.append(f"{_name(ranking, place)} (worth {value} real rows{ends})")
    rest = f"; {_listed([_name(ranking, place) for place in further])} " if further else ""
    rest += ("is further" if len(further) == 1 else "are further") if further else ""
    return f"No single one is shown to be nearest: {_listed(shown)} are not told apart{rest}."


def ties(ranking: Ranking) -> list[int]:
    """Return the place of the nearest by estimate, and of those not told apart from it."""
    first = ranking.order[0]
    apart = {
        place
        for one in ranking.found.differences
        if first in (one.first, one.second) and ranking.told_apart(one)
        for place in (one.first, one.second)
    } - {first}
    return [place for place in ranking.order if place not in apart]


def worth(ranking: Ranking, place: int) -> str:
    """Say how many real rows a generator is worth, with its 95 % interval."""
    value, bounds = _worth(ranking, place)
    return f"{value} real rows{f' ({bounds})' if bounds else ''}"


def worths(ranking: Ranking, place: int) -> str:
    """Write a worth with its interval, for a table whose head says of what."""
    value, bounds = _worth(ranking, place)
    return f"{value}{f' ({bounds})' if bounds else ''}"


def _worth(ranking: Ranking, place: int) -> tuple[str, str]:
    """Return the worth and its interval, or what it is worth at least and nothing."""
    value, low, high = ranking.worth(place)
    if math.isinf(high):
        return f"at least {number(low, 2)}", ""
    return number(value, 2), interval(low, high, 2)


def _name(ranking: Ranking, place: int) -> str:
    return plain(ranking.names[place], LETTERS)


def _listed(names: Sequence[str]) -> str:
    """Name three, and count the others."""
    shown = [*names[:MOST_NAMED]]
    if len(names) > MOST_NAMED:
        shown.append(f"{len(names) - MOST_NAMED} more")
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} and {shown[-1]}"


def next_steps(ranking: Ranking) -> list[Step]:
    """Say what to do after this answer, with commands where the tables are files."""
    best = ranking.names[ranking.order[0]]
    files = all("." in name for name in (ranking.real, best))
    command = f"gan-eval compare {shlex.quote(ranking.real)} {shlex.quote(best)}" if files else ""
    steps = [
        Step(
            "Nearest is not near: see where the nearest one still differs.",
            f"{command} --html page.html" if command else "",
        ),
        Step(
            "Hold some real rows back from the training, rank by these, and test whether rows of "
            "the training are copied: against its own training rows a generator looks too good.",
            f"{command} --holdout held_out.csv" if command else "",
        ),
    ]
    if ranking.best is None:
        text = "To tell the first ones apart, give more rows: of the real table, and of each other."
        steps.insert(0, Step(text))
    return steps


def pair(ranking: Ranking, one: Difference) -> str:
    """Say of two which is nearer, or that it is not shown."""
    near, far = (plain(name, LETTERS) for name in ranking.nearer_first(one))
    if ranking.told_apart(one):
        return f"{near} is nearer than {far} ({p_value(one.adjusted)})."
    return f"{near} and {far} are not told apart ({p_value(one.adjusted)})."


def pairs(ranking: Ranking) -> list[str]:
    """Say it of each two, those that are told apart first."""
    ordered = sorted(ranking.found.differences, key=lambda one: one.adjusted)
    return [pair(ranking, one) for one in ordered]


def meaning(ranking: Ranking) -> str:
    """Say how often the answer is wrong, or what it does not show."""
    level = f"{setting(100 * ranking.found.alpha)} %"
    if all(ranking.told_apart(one) for one in ranking.found.differences):
        return (
            "Were all of them equally far from the truth, some two would be told apart in at most "
            f"about {level} of rankings. Nearest is not near: the distances say how far each is."
        )
    return (
        "Two that are not told apart need not be equally good: with more rows a small difference "
        f"shows. Equally good ones would be told apart in at most about {level} of rankings."
    )


def facts(ranking: Ranking) -> list[str]:
    """Say which rows and columns were compared, a sentence each."""
    rows = ", ".join(
        f"{plain(name, LETTERS)} {count(n)}"
        for name, n in zip(ranking.names, ranking.generated_rows, strict=True)
    )
    aside = (
        f"Column {plain(name, LETTERS)} was set aside: {why}."
        for name, why in ranking.set_aside.items()
    )
    return [
        f"{plain(ranking.real, 80)}: {plural(ranking.rows, 'real row')}. Generated rows: {rows}.",
        f"{plural(len(ranking.compared), 'column')} compared, in units of the real rows.",
        *ranking.notes,
        *aside,
    ]


def summary(ranking: Ranking) -> list[str]:
    """Write the ranking in a few lines."""
    return [
        headline(ranking),
        *pairs(ranking)[:8],
        *facts(ranking)[:2],
        "Table: .to_frame(). Picture: .plot(). All of it as a page: .save(path).",
    ]


def distances_table(ranking: Ranking, most: int | None = None) -> Table:
    """List the generators, the nearest first; the ``most`` nearest, if given."""
    found = ranking.found
    return Table(
        f"Generators by {DISTANCES[found.measure]} to the real rows, the nearest first",
        ("generator", "worth in real rows", "distance", "95 % interval", "rows"),
        [
            (
                plain(ranking.names[place], LETTERS),
                worths(ranking, place),
                _estimate(found.distances[place]),
                interval(*found.intervals[place]),
                count(ranking.generated_rows[place]),
            )
            for place in ranking.order[:most]
        ],
    )


def differences_table(ranking: Ranking, most: int | None = None) -> Table:
    """List the pairs, those that are told apart first; the first ``most``, if given."""
    found = ranking.found
    rows = []
    for one in sorted(found.differences, key=lambda one: one.adjusted)[:most]:
        near, far = (plain(name, LETTERS) for name in ranking.nearer_first(one))
        low, high = (one.low, one.high) if one.estimate > 0 else (-one.high, -one.low)
        rows.append(
            (
                far,
                near,
                number(abs(one.estimate)),
                interval(low, high),
                probability(one.pvalue),
                probability(one.adjusted),
                f"{near} is nearer" if ranking.told_apart(one) else "not told apart",
            )
        )
    return Table(
        "How much further the first of two is from the real rows, p-values adjusted by Holm",
        (
            *("further", "nearer", "difference", f"{setting(100 * (1 - found.alpha))} % interval"),
            *("p-value", "adjusted (Holm)", "shown"),
        ),
        rows,
        words=2,
    )


def _estimate(distance: float) -> str:
    """Write one below 0, which no distance is, as 0 with itself in brackets."""
    text = number(distance)
    return f"0 ({text})" if distance < 0 else text
