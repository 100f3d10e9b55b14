"""The columns that only rows without a closed form have, and which of all theirs are computed."""

from __future__ import annotations

import pandas as pd

from gan_eval.training.config import TrainingConfig

DISTANCES = ("kl", "kl_reverse", "jeffreys", "hellinger", "total_variation", "jensen_shannon")
"""Columns of distances that are computed; ``jeffreys`` is the sum of the first two."""

MASSES = ("uncovered_mass", "singular_mass", "modes_found", "high_quality_mass")
"""Columns of masses and modes that are computed, beside one of each mode's mass."""

ERROR = "computed_error"
"""The column that rows without a closed form have, and no others: the largest error of the rest."""

COMPUTED_BY = "kl_how"
"""The column that says ``computed`` where the law of a replicate is."""

_MOMENTS = ("mahalanobis_error", "covariance_distance")
_ENTRIES = ("mode_mass_", "mean_", "covariance_", "critic_")


HOW = "worth_energy_how"
"""The column that says how worth was measured: ``sampled`` of every row without a closed form."""


def served(config: TrainingConfig) -> str:
    """Say in one sentence why the laws of a cell cannot be computed; empty where they can.

    Examples
    --------
    >>> served(TrainingConfig(generator_widths=(8,), latent_size=3))
    'they are computed of generators that map 2 coordinates of noise to 2 of points, and this one \
maps 3 to 2'
    """
    sizes = (config.latent_size, config.dimension)
    if sizes == (2, 2):
        return ""
    return (
        "they are computed of generators that map 2 coordinates of noise to 2 of points, and this "
        f"one maps {sizes[0]} to {sizes[1]}"
    )


def without_closed_form(rows: pd.DataFrame) -> pd.Series[bool]:
    """Tell which rows of ``judge`` have no closed form: worth decides there, by samples."""
    if ERROR not in rows or HOW not in rows:
        return pd.Series(False, rows.index)
    return rows[HOW].eq("sampled")


def is_text(name: str) -> bool:
    """Say whether a column that only rows without a closed form have holds words."""
    return name in ("modes_lost", "not_measured") or name.endswith("_how")


def filled(rows: pd.DataFrame) -> pd.DataFrame:
    """Put empty texts where rows beside those without a closed form have none."""
    if ERROR not in rows:
        return rows
    words = [str(name) for name in rows if is_text(str(name))]
    return rows.assign(**{name: rows[name].astype(object).fillna("") for name in words})


def mode_names(count: int) -> list[str]:
    """Name the columns of the masses of so many modes."""
    return [f"mode_mass_{number}" for number in range(1, count + 1)]


def is_computed(name: str) -> bool:
    """Say whether a column of rows without a closed form is computed, not sampled.

    Examples
    --------
    >>> [is_computed(name) for name in ("kl", "mode_mass_3", "worth_energy", "mode_share_3")]
    [True, True, False, False]
    """
    known = (*DISTANCES, *MASSES, ERROR, COMPUTED_BY, *_MOMENTS)
    return name in known or name.startswith(_ENTRIES)
