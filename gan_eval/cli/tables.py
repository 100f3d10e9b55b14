"""Tables that several commands print."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gan_eval.cli.console import print_table

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
    # Where KL has no closed form, worth is by energy distance alone.
    worth = "worth_energy" if rows["worth_kl"].isna().all() else "worth_kl"
    print_table(
        (*several, "seed", "loss_D", "loss_G", "KL(q‖p) nats", "worth samples", "verdict"),
        (
            (
                *(str(row[name]) for name in several),
                str(row["seed"]),
                *(f"{row[name]:.3f}" for name in ("loss_D", "loss_G")),
                f"{row['kl']:.4f}",
                f"{row[worth]:.1f}",
                str(row["verdict"]),
            )
            for _, row in rows.iterrows()
        ),
    )


def print_entrants(results: Results) -> None:
    """Print the entrants of a study of outside generators side by side."""
    from gan_eval.report.generators import tables
    from gan_eval.report.generators.entrants import entrants_of

    listed = tables.brief(entrants_of(results))
    print_table(listed.head, listed.rows)
