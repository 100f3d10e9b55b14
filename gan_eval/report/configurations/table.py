"""The table of a study's configurations, the best first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from gan_eval.pages.blocks import Block, Table, TableBlock
from gan_eval.pages.numbers import MISSING, count, interval, number, percent, percents
from gan_eval.report.cells import CellRows
from gan_eval.runtime.arguments import plain
from gan_eval.study.answer.phrases import worth
from gan_eval.study.answer.ranking import Ranking, rankings
from gan_eval.study.answer.versus import ratio

if TYPE_CHECKING:
    from gan_eval.judging.comparisons import Comparisons

MOST_OPEN = 12
"""Rows of a table that stands open; a longer one stands folded behind its first rows."""


def blocks(
    found: Comparisons, cells: Sequence[CellRows], versus: str, references: Mapping[str, str]
) -> list[Block]:
    """List the configurations of each backend and device, that which trained most first; the others
    are folded away.

    ``versus`` is the setting along which they are compared, ``references`` has the reference of
    each; both are empty where all are compared with the first.
    """
    other = f"the same with the first {plain(versus)}" if versus else "the first"
    everyone = {cell.configuration: found.reference for cell in cells}
    order = list(dict.fromkeys(cell.configuration for cell in cells))
    made: list[Block] = []
    several = len({(cell.backend, cell.device) for cell in cells}) > 1
    pairs = {
        (row["configuration"], row["backend"], row["device"]): row
        for row in found.pairs.to_dict("records")
    }
    for at, ranking in enumerate(rankings(cells, order)):
        place = f" on {plain(ranking.backend, 40)}, {plain(ranking.device, 20)}" if several else ""
        own = {c.configuration: c for c in cells if (c.backend, c.device) == ranking.place}
        rows = [
            _entries(ranking, own, label, pairs, references or everyone)
            for label in (*ranking.order, *ranking.few)
        ]
        caption = f"Configurations{place}, the best first"
        head = (
            *("configuration", "worth, real rows (95 %)", "standing", f"beside {other}"),
            *(f"times as many rows as {other} (95 %)", "nearer to the truth on"),
            *("median KL", "converged (95 %)", "seeds"),
        )
        if len(rows) > MOST_OPEN and at == 0:
            first = Table(f"{caption}: the first {MOST_OPEN}", head, rows[:MOST_OPEN])
            rest = Table(f"The other {count(len(rows) - MOST_OPEN)}", head, rows[MOST_OPEN:])
            made += [TableBlock(first), TableBlock(rest, folded=True)]
        else:
            made.append(TableBlock(Table(caption, head, rows), folded=at > 0))
    return made


def _entries(
    ranking: Ranking,
    cells: Mapping[str, CellRows],
    label: str,
    pairs: Mapping[tuple[Any, ...], Mapping[Any, Any]],
    references: Mapping[str, str],
) -> tuple[str, ...]:
    cell = cells[label]
    s, pair = cell.summary, pairs.get((label, ranking.backend, ranking.device))
    share = percents(s["converged_share_low"], s["converged_share_high"])
    beside, wins, times = MISSING, MISSING, MISSING
    if pair is not None:
        beside, wins = str(pair["verdict"]), percent(pair["wins"])
        reference = cells.get(references.get(label, next(iter(references.values()), "")))
        if reference is not None:
            value, low, high = ratio(cell, reference)
            times = f"{number(value, 2)} ({interval(low, high, 2)})"
    standing = "too few seeds" if label in ranking.few else MISSING
    if ranking.told and label in ranking.best:
        standing = "best" if len(ranking.best) == 1 else "tied"
    return (
        *(plain(label), worth(cell, False), standing, beside, times, wins, number(s["kl"])),
        *(f"{percent(s['converged_share'])} ({share})", count(len(cell.rows))),
    )
