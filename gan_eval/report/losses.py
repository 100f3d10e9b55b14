"""The sections of losses: beside the exact KL over epochs, and the trainings that they pass
wrongly."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd

from gan_eval.pages.blocks import Block, Heading, Paragraph, Section, Table, TableBlock, gallery
from gan_eval.pages.language import _, n_
from gan_eval.pages.numbers import MISSING, count, number, p_value
from gan_eval.pages.picture import Picture
from gan_eval.report import curves, words
from gan_eval.report.cells import LN_2, NEAR_LN_2, CellRows
from gan_eval.stats.rank_correlation import rank_correlation

MOST_DRAWN = 4
"""Cells whose samples and curves are drawn; beyond, a page would grow past reading."""


def losses(lead: CellRows) -> Section:
    """Write the lesson of the chapter: what the losses of the leading cell say, and what is so."""
    said = _(
        "A perfect generator leaves the discriminator nothing to tell by, so both losses read "
        "ln 2 = 0.693 nats. But a discriminator that answers 1/2 to everything reads the same, "
        "whatever the generator does."
    )
    none = "" if lead.at_ln_2().size else f" {words.losses(lead)}"
    blocks: list[Block] = [Paragraph(f"{said}{none}")]
    if lead.traced:
        blocks += gallery(*_of_all(lead, "fig-curves-1"))
    else:
        blocks.append(Paragraph(_("No epochs are stored.")))
    if (found := lead.deceptive()).size:
        blocks.append(Paragraph(_deceived(lead, lead.rows.iloc[found[0]])))
    return Section("losses", _("The losses do not tell"), blocks)


def more_losses(cells: Sequence[CellRows], lead: CellRows) -> Section:
    """Write what else there is of losses: their rank correlation with KL, the curves of other
    cells, and of the trainings that they pass most wrongly."""
    blocks: list[Block] = [TableBlock(correlation(cells))]
    for position, cell in enumerate(cells[:MOST_DRAWN]):
        blocks += of_cell(cell, cells)
        blocks += _curves(cell, f"fig-curves-{position + 1}", cell is lead)
    blocks += left_out(cells)
    return Section("losses-more", _("More on losses beside KL"), blocks, folded=True)


def _of_all(cell: CellRows, identity: str) -> tuple[Callable[[], Picture], ...]:
    return (
        lambda: curves.losses_of_all(cell, identity),
        lambda: curves.kl_of_all(cell, identity),
    )


def _curves(cell: CellRows, identity: str, shown: bool) -> list[Block]:
    """The curves of a cell, of which those of all trainings and the worst one may be shown
    elsewhere."""
    if not cell.traced:
        return [Paragraph(_("No epochs are stored."))]
    blocks: list[Block] = [] if shown else gallery(*_of_all(cell, identity))
    found = cell.deceptive()
    if not found.size:
        why = _(
            "No training ended with both losses within {near} of ln 2 without having learned the "
            "distribution."
        )
        return [*blocks, Paragraph(why.format(near=NEAR_LN_2))]
    row = cell.rows.iloc[found[0]]
    seed = int(row.loc["seed"])
    if not shown:
        blocks.append(Paragraph(_deceived(cell, row)))
    if not cell.history(seed).empty:
        blocks += gallery(
            lambda: curves.losses_of_one(cell, seed, identity),
            lambda: curves.kl_of_one(cell, seed, identity),
        )
    return blocks


def _deceived(cell: CellRows, row: pd.Series) -> str:
    """The training that the losses pass most wrongly and the law fails, with its numbers."""
    text = _(
        "Seed {seed} ended with losses {loss_D} and {loss_G}, and KL(q‖p) = {kl} nats: {verdict}."
    ).format(
        seed=int(row.loc["seed"]),
        loss_D=number(row["loss_D"]),
        loss_G=number(row["loss_G"]),
        kl=number(row["kl"]),
        verdict=_(str(row["verdict"])),
    )
    if cell.config is not None and cell.config.dimension == 2:
        learned = [row[f"covariance_{entry}"] for entry in ("1_1", "1_2", "2_2")]
        truth = cell.config.truth.covariance
        text += _(" Its covariance is {learned} where the true one is {truth}.").format(
            learned=_symmetric(*learned),
            truth=_symmetric(truth[0, 0], truth[0, 1], truth[1, 1]),
        )
    return text


def _symmetric(a: float, b: float, c: float) -> str:
    return f"[[{number(a)}, {number(b)}], [{number(b)}, {number(c)}]]"


def correlation(cells: Sequence[CellRows]) -> Table:
    """Measure how far the final losses rank the trainings as the exact KL does."""
    return Table(
        _(
            "Trainings that ended with both losses at ln 2, and the rank correlation (Spearman) of "
            "a training’s final |loss − ln 2| with its KL"
        ),
        (
            *(_("trained"), _("both at ln 2"), _("of these not learned")),
            *(_("|loss_D − ln 2|"), _("|loss_G − ln 2|")),
        ),
        [
            (
                *(cell.label, *map(count, cell.passed())),
                *(_in_words(cell, name) for name in ("loss_D", "loss_G")),
            )
            for cell in cells
        ],
    )


def _in_words(cell: CellRows, loss: str) -> str:
    """Spearman's correlation of a final |loss − ln 2| with KL, where there is something to rank."""
    distance, kl = np.abs(cell.values(loss) - LN_2), cell.values("kl")
    kept = ~(np.isnan(distance) | np.isnan(kl))
    found = rank_correlation(distance[kept], kl[kept])
    if found is None:
        return MISSING
    return f"{number(found[0], 2)} ({p_value(found[1])}, n = {kept.sum()})"


def of_cell(cell: CellRows, cells: Sequence[CellRows]) -> list[Block]:
    """Give the heading of a cell's part, where there are several cells."""
    return [Heading(cell.label)] if len(cells) > 1 else []


def left_out(cells: Sequence[CellRows], most: int = MOST_DRAWN) -> list[Block]:
    """Say how many cells are beyond the first ``most``, if any."""
    rest = len(cells) - most
    text = n_("{count} more is left out here.", "{count} more are left out here.", rest)
    return [Paragraph(text.format(count=count(rest)))] if rest > 0 else []
