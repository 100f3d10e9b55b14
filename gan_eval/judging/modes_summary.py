"""The summary of the replicates of a cell that has no closed form, over its seeds."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy import special

from gan_eval.judging.computed_columns import COMPUTED_BY
from gan_eval.stats.shares import share_interval

MEDIANS = (
    *(("kl", math.inf), ("kl_reverse", math.inf), ("jensen_shannon", math.log(2))),
    *(("total_variation", 1.0), ("worth_energy", 0.0), ("worth_mmd", 0.0)),
)
"""Measures of which the median is told, with what a diverged replicate counts as."""

MEANS = ("modes_found", "high_quality_mass")
"""Measures of which the mean is told, beside that of each mode's mass; a diverged replicate counts
as 0."""


def computed_rows(group: pd.DataFrame) -> pd.DataFrame:
    """Take the replicates of a cell whose distances are computed, those that diverged among
    them."""
    return group[group[COMPUTED_BY].eq("computed")]


def mode_columns(group: pd.DataFrame) -> list[str]:
    """List the columns of modes' masses that a cell has; a frame of several cells may have more."""
    names = [str(name) for name in group if str(name).startswith("mode_mass_")]
    return [name for name in names if group[name].notna().any()]


def modes_summary(group: pd.DataFrame, confidence: float = 0.95) -> dict[str, Any]:
    """Average what is computed of a cell's modes, over its computed replicates.

    Returns
    -------
    dict
        ``computed``, how many those are; ``modes_found_mean``, ``high_quality_mass_mean`` and each
        ``mode_mass_i_mean``, with ``_low`` and ``_high`` (:func:`mean_interval`); and
        ``all_modes_share``, of the replicates that have every mode, with its Clopper–Pearson
        interval. NaN where none is computed; of a Gaussian target, which has one mode, nothing is
        counted, and ``modes_found_mean`` and ``all_modes_share`` are NaN too.
    """
    some = computed_rows(group)
    diverged, modes = some["verdict"].eq("diverged"), mode_columns(group)
    row: dict[str, Any] = {"computed": len(some)}
    for name in (*MEANS, *modes):
        values = some[name].mask(diverged, 0.0).dropna() if modes else some[name].iloc[:0]
        if name == "modes_found" and len(modes) < 2:
            values = values.iloc[:0]
        row[f"{name}_mean"] = float(values.mean()) if len(values) else math.nan
        top = float(len(modes)) if name == "modes_found" else 1.0
        ends = mean_interval(values, top, confidence) if len(values) else (math.nan, math.nan)
        row |= _bounds(f"{name}_mean", ends)
    found = some["modes_found"].mask(diverged, 0.0).dropna() if len(modes) > 1 else some.iloc[:0]
    every, ends = math.nan, (math.nan, math.nan)
    if len(found):
        times = int(np.sum(found.to_numpy() == len(modes)))
        every, ends = times / len(found), share_interval(times, len(found), confidence)
    return row | {"all_modes_share": every} | _bounds("all_modes_share", ends)


def mean_interval(values: ArrayLike, top: float, confidence: float = 0.95) -> tuple[float, float]:
    """Compute an interval for the mean of values between 0 and ``top``.

    Student's, cut to the range. Where all values are equal that would have no width: then it is
    what is known of how often others come, by Clopper and Pearson's interval of that share, and
    that those may be as far off as the range goes. The whole range of fewer than two.

    Examples
    --------
    >>> low, high = mean_interval([8.0] * 30, 8.0)
    >>> round(low, 2), high
    (7.07, 8.0)
    """
    found = np.asarray(values, dtype=np.float64)
    n = found.size
    if n < 2:
        return 0.0, top
    mean = float(found.mean())
    if np.ptp(found) == 0:
        same = share_interval(n, n, confidence)[0]
        return mean * same, mean + (top - mean) * (1 - same)
    width = float(special.stdtrit(n - 1, (1 + confidence) / 2))
    half = width * float(found.std(ddof=1)) / math.sqrt(n)
    return max(mean - half, 0.0), min(mean + half, top)


def _bounds(name: str, interval: tuple[float, float]) -> dict[str, float]:
    return {f"{name}_low": interval[0], f"{name}_high": interval[1]}
