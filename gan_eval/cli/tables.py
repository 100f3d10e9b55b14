"""Tables that several commands print."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from gan_eval.cli.console import print_table
from gan_eval.pages.numbers import MISSING

if TYPE_CHECKING:
    import pandas as pd

    from gan_eval.study.results.results import Results

SHOWN = 40
"""Lines of a list; of more replicates the medians stand for all, of more faults their number."""

_CELL = ("configuration", "backend", "device")


def print_replicates(rows: pd.DataFrame) -> None:
    """Print the losses, the distance and the verdict of each replicate, and its cell where there
    are several."""
    several = [name for name in _CELL if name in rows and rows[name].nunique(dropna=False) > 1]
    # Where KL has no closed form, worth by energy distance decides.
    worth = rows["worth_kl"]
    if "yardstick" in rows and "worth_energy" in rows:
        worth = worth.mask(rows["yardstick"].eq("worth_energy"), rows["worth_energy"])
    print_table(
        (*several, "seed", "loss_D", "loss_G", "KL(q‖p) nats", "worth samples", "verdict"),
        (
            (
                *(str(row[name]) for name in several),
                str(row["seed"]),
                *(_written(row[name], 3) for name in ("loss_D", "loss_G")),
                _written(row["kl"], 4),
                _written(worth_rows, 1),
                str(row["verdict"]),
            )
            for (_, row), worth_rows in zip(rows.iterrows(), worth, strict=True)
        ),
    )


def _written(value: float, digits: int) -> str:
    """Write a number with so many digits behind the point; a dash where there is none."""
    return MISSING if math.isnan(value) else f"{value:.{digits}f}"


def print_entrants(results: Results) -> None:
    """Print the entrants of a study of outside generators side by side."""
    from gan_eval.report.generators import tables
    from gan_eval.report.generators.entrants import entrants_of

    listed = tables.brief(entrants_of(results))
    print_table(listed.head, listed.rows)
