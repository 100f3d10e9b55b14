"""The section of losses: beside the exact KL over epochs, and the replicate they pass wrongly."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from gan_eval.pages.blocks import Block, Heading, Paragraph, Section, Table, TableBlock, gallery
from gan_eval.pages.numbers import MISSING, count, number, p_value, plural
from gan_eval.report import curves, words
from gan_eval.report.cells import LN_2, NEAR_LN_2, CellRows
from gan_eval.report.samples import seed_of

MOST_DRAWN = 4
"""Cells whose samples and curves are drawn; beyond, a page would grow past reading."""

_UPPER = ("1_1", "1_2", "2_2")


def losses(cells: Sequence[CellRows]) -> Section:
    blocks: list[Block] = [
        Paragraph(
            "A perfect generator leaves the discriminator nothing to tell by, so both losses read "
            "ln 2 = 0.693 nats; but a dead discriminator, which answers 1/2 to everything, reads "
            "the same whatever the generator does. " + words.losses(cells)
        ),
        TableBlock(correlation(cells)),
    ]
    for position, cell in enumerate(cells[:MOST_DRAWN]):
        blocks += of_cell(cell, cells)
        blocks += _curves(cell, f"fig-curves-{position + 1}")
    return Section("losses", "Losses beside KL", blocks + undrawn(cells))


def _curves(cell: CellRows, identity: str) -> list[Block]:
    if not cell.traced:
        return [Paragraph("No epochs are stored.")]
    blocks = gallery(
        lambda: curves.losses_of_all(cell, identity), lambda: curves.kl_of_all(cell, identity)
    )
    row = _most_deceptive(cell)
    if row is None:
        return [*blocks, Paragraph(
            f"No replicate ended with both losses within {NEAR_LN_2} of ln 2 without having "
            "converged."
        )]  # fmt: skip
    seed = row["seed"]
    blocks.append(Paragraph(_deceived(cell, row)))
    if row["traced"]:
        blocks += gallery(
            lambda: curves.losses_of_one(cell, seed, identity),
            lambda: curves.kl_of_one(cell, seed, identity),
        )
    return blocks


def _most_deceptive(cell: CellRows) -> dict[str, Any] | None:
    """The replicate whose losses pass most wrongly; None without any."""
    found = cell.deceptive()
    if not found.size:
        return None
    row = cell.rows.iloc[found[0]]
    names = ("verdict", "loss_D", "loss_G", "kl", *(f"covariance_{e}" for e in _UPPER))
    return {
        "seed": seed_of(row),
        "traced": not cell.history(seed_of(row)).empty,
        **{name: row[name] for name in names if name in row},
    }


def _deceived(cell: CellRows, row: Mapping[str, Any]) -> str:
    """The replicate that the losses pass and the law fails, with its numbers."""
    text = (
        f"Seed {row['seed']} ends with losses {number(row['loss_D'])} and "
        f"{number(row['loss_G'])}, and KL(q‖p) = {number(row['kl'])} nats: {row['verdict']}."
    )
    if cell.config is not None and cell.config.dimension == 2:
        learned = [row[f"covariance_{entry}"] for entry in _UPPER]
        truth = cell.config.truth.covariance
        text += (
            f" Its covariance is {_symmetric(*learned)} where AᵀA is "
            f"{_symmetric(truth[0, 0], truth[0, 1], truth[1, 1])}."
        )
    return text


def _symmetric(a: float, b: float, c: float) -> str:
    return f"[[{number(a)}, {number(b)}], [{number(b)}, {number(c)}]]"


def correlation(cells: Sequence[CellRows]) -> Table:
    """Measure how far the final losses rank the replicates as the exact KL does."""
    rows = []
    for cell in cells:
        entries = [cell.label, *(_in_words(cell, name) for name in ("loss_D", "loss_G"))]
        rows.append((*entries, *(count(n) for n in cell.passed())))
    return Table(
        "Rank correlation (Spearman, with its p-value) of a replicate's final |loss − ln 2| with "
        "its KL(q‖p), and replicates that end at ln 2",
        ("cell", "|loss_D − ln 2|", "|loss_G − ln 2|", "both at ln 2", "of these not converged"),
        rows,
    )


def _in_words(cell: CellRows, loss: str) -> str:
    """Spearman's correlation of a final |loss − ln 2| with KL."""
    distance = np.abs(cell.values(loss) - LN_2)
    coefficient, pvalue, n = _spearman(distance, cell.values("kl"))
    if np.isnan(coefficient):
        return MISSING
    return f"{number(coefficient, 2)} ({p_value(pvalue)}, n = {n})"


def _spearman(loss: NDArray[np.floating], kl: NDArray[np.floating]) -> tuple[float, float, int]:
    """The coefficient, its p-value and n; NaN where there is nothing to rank."""
    kept = ~(np.isnan(loss) | np.isnan(kl))
    n = int(kept.sum())
    if n < 3 or np.ptp(stats.rankdata(loss[kept])) == 0 or np.ptp(stats.rankdata(kl[kept])) == 0:
        return np.nan, np.nan, n
    # Of ranks, since an infinite KL has a rank like any other.
    found: Any = stats.spearmanr(stats.rankdata(loss[kept]), stats.rankdata(kl[kept]))
    return float(found.statistic), float(found.pvalue), n


def of_cell(cell: CellRows, cells: Sequence[CellRows]) -> list[Block]:
    """Give the heading of a cell's part, where there are several cells."""
    return [Heading(cell.label)] if len(cells) > 1 else []


def undrawn(cells: Sequence[CellRows]) -> list[Block]:
    """Say how many cells are not drawn, if any."""
    rest = len(cells) - MOST_DRAWN
    return [Paragraph(f"{plural(rest, 'more cell')} not drawn.")] if rest > 0 else []
