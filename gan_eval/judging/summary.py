"""The summary of many seeds: medians, quantiles and shares, each with its interval."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy import special

from gan_eval.judging.computed_columns import without_closed_form
from gan_eval.judging.evaluation import axes_of
from gan_eval.judging.modes_summary import MEDIANS as COMPUTED_MEDIANS
from gan_eval.judging.modes_summary import computed_rows, modes_summary
from gan_eval.judging.verdicts import OUTSIDE_VERDICTS, SAMPLED_VERDICTS, VERDICTS
from gan_eval.runtime.arguments import instance_of
from gan_eval.runtime.errors import UsageError
from gan_eval.stats.shares import share_interval

CELL = ["configuration", "backend", "device"]
"""The columns that identify a cell of a study: all its rows differ by seed only."""

_NEEDED = ("config_hash", "backend", "device", "verdict", "kl", "worth_kl", "efficiency")
_NEEDED += ("samples_to_detect", "loss_D", "loss_G", "examples_per_second")
_MEDIANS = (*_NEEDED[-4:], "chapter_examples_per_second")

OUTSIDE = "failure"
"""A column that rows of generators from outside have, and those of the built-in one have not."""

_OUTSIDE_NEEDED = ("config_hash", "backend", "device", "verdict")
_OUTSIDE_MEDIANS = (("worth_energy", 0.0), ("worth_mmd", 0.0), ("worth_kl", 0.0), ("kl", np.inf))
"""Measures that are summarised, with what a replicate without a result counts as."""


def by_cell(rows: pd.DataFrame) -> Iterator[tuple[tuple[Any, ...], pd.DataFrame]]:
    """Yield each cell, in the order of its first row, with its rows in their order.

    Where the rows of each cell stand together, as a study's do, these are views: pandas' own
    grouping copies the whole frame.
    """
    groups: Any = rows.groupby(CELL, sort=False, dropna=False)
    number = groups.ngroup().to_numpy()
    starts = np.flatnonzero(np.diff(number, prepend=-1))
    if len(starts) > groups.ngroups:
        yield from groups
        return
    for start, end in zip(starts, [*starts[1:], len(rows)], strict=False):
        part = rows.iloc[start:end]
        yield tuple(part[name].iloc[0] for name in CELL), part


def median_interval(values: ArrayLike, confidence: float = 0.95) -> tuple[float, float]:
    """Compute the distribution-free interval of a median from order statistics.

    The ranks (k, n + 1 − k) whose binomial coverage is at least ``confidence`` (David & Nagaraja,
    Order Statistics, 2003, section 7.1): exact for any law, no resampling, never narrower than
    asked. Infinite values count as values. (−∞, ∞) where n is too small for any such pair (n < 6
    at 95 %); NaN where a value is NaN or none is there.
    """
    ordered = np.sort(np.asarray(values, dtype=np.float64))
    n = ordered.size
    if n == 0 or np.isnan(ordered).any():
        return (np.nan, np.nan)
    # The smallest k with P(X ≤ k) ≥ α/2 for X ~ Bin(n, ½): ranks k and n + 1 − k keep the coverage.
    tail = (1 - confidence) / 2
    below = int(np.ceil(special.bdtrik(tail, n, 0.5)))
    below -= below > 0 and special.bdtr(below - 1, n, 0.5) >= tail
    if below < 1:
        return (-np.inf, np.inf)
    return (float(ordered[below - 1]), float(ordered[n - below]))


def summarise(rows: pd.DataFrame, *, confidence: float = 0.95) -> pd.DataFrame:
    """Summarise replicates: one row per cell, with shares, medians and their intervals.

    A cell is one configuration on one backend and device; its rows differ by their seed only.

    Parameters
    ----------
    rows : DataFrame
        From ``gan_eval.judge`` or ``gan_eval.load``. Rows of ``judge`` are of no study and have no
        label: their ``configuration`` is its hash.
    confidence : float
        Of every interval.

    Returns
    -------
    DataFrame
        ``configuration``, a column for each axis of the study, ``backend``, ``device`` and
        ``replicates``; a count for each verdict; ``converged_share`` with ``_low`` and ``_high``
        (Clopper–Pearson); the medians ``kl`` (nats), ``worth_kl`` (real rows) and ``efficiency``
        with ``_low`` and ``_high`` (order statistics; −∞ and ∞ with fewer than 6 replicates at
        95 %); ``kl_q05`` and ``kl_q95``; the medians ``samples_to_detect``, ``loss_D``,
        ``loss_G``, ``examples_per_second``, and ``chapter_examples_per_second`` where it was
        measured. A diverged replicate counts as an infinite KL and a worth of 0, so it is never
        dropped from a median.

        Of cells without a closed form (generators with hidden layers, mixtures as targets) also
        the count ``could_not_tell``; the medians ``kl``, ``kl_reverse``, ``jensen_shannon`` and
        ``total_variation`` of the replicates that are ``computed``, and ``worth_energy`` and
        ``worth_mmd`` of all, with ``_low`` and ``_high``; means of what is computed of the modes
        (``modes_found_mean``, ``high_quality_mass_mean``, ``mode_mass_i_mean``) and
        ``all_modes_share``, with theirs. ``worth_kl`` and ``efficiency`` are NaN.

        Of generators from outside: counts of ``OUTSIDE_VERDICTS``, the share converged, and the
        medians ``worth_energy``, ``worth_mmd``, ``worth_kl`` and ``kl`` with ``_low`` and
        ``_high`` (NaN where a measure was not computed; of estimates no narrower than the typical
        replicate's own interval), ``seconds`` and ``sample_seconds``. A
        replicate that diverged or gave no result counts as above.

    Examples
    --------
    >>> import gan_eval as ge
    >>> gans = ge.train(ge.TrainingConfig(epochs=2), seeds=range(8), backend="fused_cpu")
    >>> cells = ge.summarise(ge.judge(gans, permutations=0))
    >>> cells[["backend", "replicates", "converged", "failed"]].values.tolist()
    [['fused_cpu', 8, 0, 8]]
    >>> bool((cells["kl_low"] <= cells["kl"]).all() and (cells["kl"] <= cells["kl_high"]).all())
    True
    """
    instance_of(rows, "rows", pd.DataFrame, "from `judge` or `load`")
    outside, sampled = OUTSIDE in rows, without_closed_form(rows)
    needed = _OUTSIDE_NEEDED if outside else _NEEDED
    if missing := [name for name in needed if name not in rows]:
        raise UsageError(
            f"`rows` must have the columns of `judge` or `load`, lacks {', '.join(missing)}"
        )
    if "configuration" not in rows:
        rows = rows.assign(configuration=rows["config_hash"])
    cells, axes = [], axes_of(rows.columns)
    for (configuration, *place), group in by_cell(rows):
        verdicts = group["verdict"].value_counts()
        converged, n = int(verdicts.get("converged", 0)), len(group)
        names = OUTSIDE_VERDICTS if outside else SAMPLED_VERDICTS if sampled.any() else VERDICTS
        row: dict[str, Any] = {"configuration": configuration}
        row |= {name: group[name].iloc[0] for name in axes}
        row |= zip(CELL[1:], place, strict=True)
        row |= {"replicates": n} | {verdict: int(verdicts.get(verdict, 0)) for verdict in names}
        row["converged_share"] = converged / n
        row |= _bounds("converged_share", share_interval(converged, n, confidence))
        if without_closed_form(group).any():
            row |= _computed(group, confidence)
        else:
            row |= (_measured if outside else _exact)(group, confidence)
            row |= _worths(group, confidence) if sampled.any() else {}
        cells.append(row)
    return pd.DataFrame(cells)


def _exact(group: pd.DataFrame, confidence: float) -> dict[str, Any]:
    """Medians of the built-in generator's replicates, whose distributions are known exactly."""
    diverged, row = group["verdict"] == "diverged", {}
    for name, worst in (("kl", np.inf), ("worth_kl", 0.0), ("efficiency", 0.0)):
        values = group[name].mask(diverged, worst)
        row[name] = quantile(values, 0.5)
        row |= _bounds(name, median_interval(values, confidence))
        if name == "kl":
            row |= {"kl_q05": quantile(values, 0.05), "kl_q95": quantile(values, 0.95)}
    return row | {name: group[name].median() for name in _MEDIANS}


def _computed(group: pd.DataFrame, confidence: float) -> dict[str, Any]:
    """Medians and means of replicates of the built-in generator that have no closed form."""
    diverged, some = group["verdict"] == "diverged", computed_rows(group)
    row: dict[str, Any] = {}
    for name, worst in COMPUTED_MEDIANS:
        # Of all where every replicate has it, else of those that are computed.
        of = group if name.startswith("worth") else some
        values = of[name].mask(diverged.loc[of.index], worst).dropna()
        row[name] = quantile(values, 0.5) if len(values) else np.nan
        row |= _bounds(name, median_interval(values, confidence))
        row |= _widened(of[~diverged.loc[of.index]], name, row)
        if name == "kl":
            ends = [quantile(values, q) if len(values) else np.nan for q in (0.05, 0.95)]
            row |= dict(zip(("kl_q05", "kl_q95"), ends, strict=True))
    for name in ("worth_kl", "efficiency"):
        row |= {name: np.nan} | _bounds(name, (np.nan, np.nan))
    row |= {name: group[name].median() for name in _MEDIANS}
    return row | modes_summary(group, confidence)


def _worths(group: pd.DataFrame, confidence: float) -> dict[str, Any]:
    """Median worths by samples' measures of replicates with a closed form, beside those without."""
    row: dict[str, Any] = {}
    for name in ("worth_energy", "worth_mmd"):
        values = group[name].mask(group["verdict"] == "diverged", 0.0)
        row |= {name: quantile(values, 0.5)} | _bounds(name, median_interval(values, confidence))
    return row


def _measured(group: pd.DataFrame, confidence: float) -> dict[str, Any]:
    """Medians of an outside generator's replicates, over those that a measure was computed of and
    those without a result; NaN where it was computed of none."""
    nothing = group["verdict"].isin(["diverged", "no_result"])
    row: dict[str, Any] = {}
    for name, worst in _OUTSIDE_MEDIANS:
        found = group[name] if name in group else pd.Series(np.nan, group.index)
        values = found.mask(nothing, worst).dropna()
        known = bool(found[~nothing].notna().any())
        row[name] = quantile(values, 0.5) if known else np.nan
        row |= _bounds(name, median_interval(values if known else [], confidence))
        row |= _widened(group[~nothing], name, row)
    for name in ("seconds", "sample_seconds"):
        row[name] = group[name].median() if name in group else np.nan
    return row


def _widened(group: pd.DataFrame, name: str, row: dict[str, Any]) -> dict[str, Any]:
    """Widen the interval of a median to the typical replicate's own, where that is estimated.

    The median of estimates is not the estimate of a median: where replicates are near the truth
    their worths are mostly noise, on one side of it.
    """
    ends = [f"{name}_low", f"{name}_high"]
    if not set(ends) <= set(group) or not group[ends].notna().any().all():
        return {}
    low, high = (quantile(group[end].dropna(), 0.5) for end in ends)
    return _bounds(name, (min(low, row[ends[0]]), max(high, row[ends[1]])))


def quantile(values: ArrayLike, q: float) -> float:
    """Compute a quantile by linear interpolation that an infinite value does not turn into NaN."""
    ordered = np.sort(np.asarray(values, dtype=np.float64))
    position = q * (ordered.size - 1)
    low, high = ordered[int(np.floor(position))], ordered[int(np.ceil(position))]
    part = position - np.floor(position)
    return float(low if part == 0 or low == high else low + part * (high - low))


def _bounds(name: str, interval: tuple[float, float]) -> dict[str, float]:
    return {f"{name}_low": interval[0], f"{name}_high": interval[1]}
