"""A ranking as one offline HTML page, and as a picture."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from gan_eval.comparison.ranking import words
from gan_eval.pages.blocks import (
    Answer,
    Block,
    Card,
    DefinitionList,
    Paragraph,
    Section,
    Table,
    TableBlock,
    gallery,
)
from gan_eval.pages.canvas import COLOURS, canvas, figure_of, picture
from gan_eval.pages.numbers import interval, number, probability, setting
from gan_eval.pages.page import fill, head
from gan_eval.pages.picture import Picture, drawing
from gan_eval.runtime.arguments import plain
from gan_eval.runtime.provenance import environment

if TYPE_CHECKING:
    from gan_eval.comparison.ranking.rank import Ranking

QUESTION = "Which generator is nearest to the real rows?"

MOST = 12
"""Generators, and pairs, that a picture has, and that are listed unfolded."""

MOST_PAIRS = 3
"""Pairs in the answer."""

_LETTERS = 18


def render(ranking: Ranking) -> str:
    """Write the page."""
    name = plain(Path(ranking.real).name, 40)
    return fill(
        title=f"Which generator is nearest to {name}?",
        name=name,
        question=QUESTION,
        answer=_answer(ranking, _picture(ranking, pairs=False) if drawing() else None),
        sections=[make(ranking) for make in (_distances, _differences, _data, _method)],
    )


def answer(ranking: Ranking) -> str:
    """Write the head of the page, for a notebook."""
    more = "Table: `.to_frame()`. Picture: `.plot()`. All of it as a page: `.save(path)`."
    return head(question=QUESTION, answer=_answer(ranking), more=more)


def plot(ranking: Ranking) -> Figure:
    """Draw distances and differences beside each other in one matplotlib figure."""
    return figure_of(
        [lambda axes: _draw_distances(ranking, axes), lambda axes: _draw_pairs(ranking, axes)]
    )


def _answer(ranking: Ranking, picture: Picture | None = None) -> Answer:
    sentences = [" ".join(words.pairs(ranking)[:MOST_PAIRS]), words.meaning(ranking)]
    return Answer(
        headline=words.headline(ranking),
        sentences=[(None, sentence) for sentence in sentences],
        picture=picture,
        cards=_cards(ranking),
        next_steps=words.next_steps(ranking),
    )


def _cards(ranking: Ranking) -> list[Card]:
    first, found = ranking.order[0], ranking.found
    least = min(one.adjusted for one in found.differences)
    name = plain(ranking.names[first], _LETTERS)
    worth = words.worths(ranking, first)
    return [
        Card("worth of the nearest, real rows", worth, f"{name}; in brackets the 95 % interval"),
        Card(
            f"{words.DISTANCES[found.measure]} of the nearest",
            number(max(found.distances[first], 0.0)),
            f"{name}; 95 % interval {interval(*found.intervals[first])}",
        ),
        Card("smallest adjusted p-value", probability(least), "Holm over all pairs"),
    ]


def _distances(ranking: Ranking) -> Section:
    text = (
        "A distance is that of a generator's distribution to the real one's, estimated without "
        "bias; below 0, which no distance is, it is shown as 0 with itself in brackets. Worth is "
        "the number of fresh real rows that are, on average, as far away."
    )
    blocks: list[Block] = [
        TableBlock(words.distances_table(ranking, MOST)),
        Paragraph(text),
        *_all_of(words.distances_table(ranking), len(ranking.names)),
    ]
    return Section("distances", "How far is each?", blocks)


def _differences(ranking: Ranking) -> Section:
    text = (
        "Distances to the same real rows go up and down together, so their intervals may overlap "
        "where the difference is plain. The interval of a difference counts that in. It is valid "
        "also where both generators have the real distribution, and then holds 0."
    )
    blocks: list[Block] = [
        TableBlock(words.differences_table(ranking, MOST)),
        *gallery(lambda: _picture(ranking, pairs=True)),
        Paragraph(text),
        *_all_of(words.differences_table(ranking), len(ranking.found.differences)),
    ]
    return Section("differences", "Which is nearer?", blocks)


def _all_of(table: Table, rows: int) -> list[Block]:
    """Fold away the whole of a table of which only the first rows stand open."""
    if rows <= MOST:
        return []
    return [TableBlock(replace(table, caption=f"All {rows}: {table.caption}"), folded=True)]


def _data(ranking: Ranking) -> Section:
    return Section("data", "What was compared?", [Paragraph(s) for s in words.facts(ranking)])


def _method(ranking: Ranking) -> Section:
    facts, found = environment(), ranking.found
    pairs = [
        ("Distance", words.DISTANCES[found.measure]),
        ("Variance", words.METHODS[found.method]),
        ("Level", setting(found.alpha)),
        ("Correction", "Holm over all pairs"),
        ("Seed", str(ranking.seed)),
        ("Python", facts["python"]),
        ("Packages", ", ".join(f"{name} {of}" for name, of in facts["packages"].items())),
    ]
    return Section("method", "How was it done?", [DefinitionList(pairs)], folded=True)


def _picture(ranking: Ranking, pairs: bool) -> Picture:
    count = len(ranking.found.differences if pairs else ranking.names)
    left = f" The first {MOST} of {count} are drawn." if count > MOST else ""
    with canvas(1.2 + 0.32 * min(count, MOST)) as (figure, axes):
        data = (_draw_pairs if pairs else _draw_distances)(ranking, axes)
        measure = words.DISTANCES[ranking.found.measure]
        if pairs:
            level = setting(100 * (1 - ranking.found.alpha))
            title = f"Differences of {measure}, with {level} % intervals"
            caption = f"{title}; filled where one is shown to be nearer.{left}"
        else:
            title = f"The {measure} of each generator to the real rows, with 95 % intervals"
            caption = f"{title}.{left}"
        described = "; ".join(
            f"{row['of']}: {number(row['estimate'])}, {interval(row['low'], row['high'])}"
            for row in data.to_dict("records")
        )
        identity = "fig-differences" if pairs else "fig-distances"
        return picture(
            figure, identity, title=title, description=described, caption=caption, data=data
        )


def _draw_distances(ranking: Ranking, axes: Axes) -> pd.DataFrame:
    found = ranking.found
    places = ranking.order[:MOST]
    data = pd.DataFrame(
        {
            "of": [plain(ranking.names[i], _LETTERS) for i in places],
            "estimate": [found.distances[i] for i in places],
            "low": [found.intervals[i][0] for i in places],
            "high": [found.intervals[i][1] for i in places],
        }
    )
    best = [ranking.names[i] == ranking.best for i in places]
    _draw(data, best, axes)
    axes.set(xlabel=f"{words.DISTANCES[found.measure]} to the real rows")
    return data


def _draw_pairs(ranking: Ranking, axes: Axes) -> pd.DataFrame:
    rows, shown = [], []
    ordered = sorted(ranking.found.differences, key=lambda one: one.adjusted)
    for one in ordered[:MOST]:
        near, far = (plain(name, _LETTERS) for name in ranking.nearer_first(one))
        low, high = (one.low, one.high) if one.estimate > 0 else (-one.high, -one.low)
        rows.append(
            {"of": f"{far} − {near}", "estimate": abs(one.estimate), "low": low, "high": high}
        )
        shown.append(ranking.told_apart(one))
    data = pd.DataFrame(rows)
    _draw(data, shown, axes)
    axes.set(xlabel=f"difference of {words.DISTANCES[ranking.found.measure]}")
    return data


def _draw(data: pd.DataFrame, filled: list[bool], axes: Axes) -> None:
    """Draw intervals, the first at the top."""
    axes.axvline(0.0, color=COLOURS["muted"], linewidth=1.0)
    colour = COLOURS["learned"]
    ends = data[["low", "high", "estimate"]].to_numpy(float)
    for height, ((low, high, estimate), full) in enumerate(zip(ends, filled, strict=True)):
        axes.plot([low, high], [height, height], color=colour)
        face = colour if full else COLOURS["surface"]
        axes.plot(estimate, height, "o", color=colour, markerfacecolor=face)
    axes.set_yticks(range(len(data)), list(data["of"]))
    axes.set_ylim(len(data) - 0.5, -0.5)
