"""Why replicates have not converged: what each got most wrong, counted and in words."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from gan_eval.judging.causes import CAUSES, FLAT, sentence
from gan_eval.pages.blocks import Paragraph, Section, Table, TableBlock
from gan_eval.pages.numbers import count, number, percent
from gan_eval.report.cells import CellRows
from gan_eval.runtime.arguments import plain

EXAMPLES = 3
"""Replicates of each page that are told in words."""


def why(cells: Sequence[CellRows]) -> Section | None:
    """Count the causes of each cell; None where all have converged, or rows tell of no cause."""
    wrong = {c.label: c.rows.loc[c.rows["cause"].ne("")] for c in cells if "cause" in c.rows}
    if not any(len(rows) for rows in wrong.values()):
        return None
    table = Table(
        "Replicates that have not converged, by what is wrong in their worst direction",
        ("cell", "not converged", *CAUSES, "that error seen (median)", "flat since epoch (median)"),
        [_entries(label, rows) for label, rows in wrong.items()],
    )
    said = (
        "KL(q‖p) is a sum over directions; the worst one is that with the largest share. “Seen” is "
        "the share of its error that the trained discriminator's last features explain: what they "
        "do not see, no further step can mend. A discriminator is flat where its loss stays within "
        f"{FLAT} nats of ln 2. `gan-eval dynamics` says what a discriminator can see before it is "
        "trained, docs/remedies.md what mends it."
    )
    told = [
        Paragraph(f"Seed {row['seed']} of {plain(cell.label)}: {words}")
        for cell in cells[:1]
        for row in wrong.get(cell.label, pd.DataFrame()).head(EXAMPLES).to_dict("records")
        if cell.config and (words := sentence(row, cell.config.dimension))
    ]
    return Section("why", "Why replicates fail", [Paragraph(said), TableBlock(table), *told])


def _entries(label: str, rows: pd.DataFrame) -> tuple[str, ...]:
    return (
        *(label, count(len(rows))),
        *(count(int((rows["cause"] == cause).sum())) for cause in CAUSES),
        *(percent(rows["worst_seen"].median()), number(rows["flat_from"].median(), 2)),
    )
