"""A ranking in words and in tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gan_eval.pages.blocks import Table
from gan_eval.pages.numbers import count, interval, number, p_value, plural, probability, setting
from gan_eval.runtime.arguments import plain

if TYPE_CHECKING:
    from gan_eval.comparison.ranking.rank import Ranking
    from gan_eval.stats.relative import Difference

DISTANCES = {"energy": "energy distance", "mmd": "MMD²"}
METHODS = {"jackknife": "jackknife", "u_statistic": "U-statistic's variance, without bias"}
LETTERS = 40
"""Of a generator's name in a sentence."""


def headline(ranking: Ranking) -> str:
    """Give the answer in a few words."""
    if ranking.best is not None:
        return f"{plain(ranking.best, LETTERS)} is nearest."
    return "No single one is shown to be nearest."


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


def worths(ranking: Ranking, place: int) -> str:
    """Say how many real rows a generator is worth, as its interval allows."""
    _, low, high = ranking.worth(place)
    if high == float("inf"):
        return f"at least {count(low)}"
    return interval(low, high)


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


def distances_table(ranking: Ranking) -> Table:
    """List the generators, the nearest first."""
    found = ranking.found
    return Table(
        f"Generators by {DISTANCES[found.measure]} to the real rows, the nearest first",
        ("generator", "rows", "distance", "95 % interval", "worth in real rows"),
        [
            (
                plain(ranking.names[place], LETTERS),
                count(ranking.generated_rows[place]),
                _estimate(found.distances[place]),
                interval(*found.intervals[place]),
                worths(ranking, place),
            )
            for place in ranking.order
        ],
    )


def differences_table(ranking: Ranking) -> Table:
    """List the pairs, those that are told apart first."""
    found = ranking.found
    rows = []
    for one in sorted(found.differences, key=lambda one: one.adjusted):
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
