"""The spread of a configuration's replicates: quantiles and performance profiles."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import chain

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gan_eval.stats import bootstrap

QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)

THRESHOLDS = 40
"""The number of thresholds of a profile, where none are named."""

Task = tuple[str, str]
"""Backend and device."""

Tasks = dict[Task, pd.DataFrame]
"""Each a table of a measure, seeds by configurations; NaN where a seed was not trained."""


def quantile_table(
    tasks: Tasks, names: Sequence[str], resamples: int, confidence: float, seed: int
) -> pd.DataFrame:
    """Quantiles of each configuration on each backend and device, with bootstrap intervals.

    Columns: ``configuration, backend, device, replicates, quantile, value, value_low,
    value_high``; one row for each of ``QUANTILES``.
    """
    found = []
    for name in names:
        for (backend, device), table in tasks.items():
            values = table[name].dropna() if name in table else pd.Series(dtype=np.float64)
            if values.empty:
                continue
            counts = bootstrap.resamples(len(values), resamples, seed)
            for q in QUANTILES:
                of_resamples = bootstrap.quantiles(values, counts, q)
                found.append(
                    {
                        "configuration": name,
                        "backend": backend,
                        "device": device,
                        "replicates": len(values),
                        "quantile": q,
                        **bootstrap.with_bounds("value", of_resamples, confidence),
                    }
                )
    return pd.DataFrame(found)


def performance_profiles(
    tasks: Tasks,
    names: Sequence[str],
    thresholds: Sequence[float] | None,
    resamples: int,
    confidence: float,
    seed: int,
    more: bool = False,
) -> pd.DataFrame:
    """Compute the share of each configuration's runs within each threshold, over all tasks.

    Score distributions of Agarwal et al. (2021, section 4.2): the share that has at most so much
    of a measure, or, where ``more`` is better, at least. Each task is resampled for itself; the
    band is pointwise. Columns: ``configuration, threshold, share, share_low, share_high``.
    """
    pooled = {
        name: [table[name].dropna().to_numpy() for table in tasks.values() if name in table]
        for name in names
    }
    marks = _thresholds(pooled.values()) if thresholds is None else np.array(thresholds, np.float64)
    found = []
    for name, parts in pooled.items():
        parts = [part for part in parts if part.size]
        if not parts:
            continue
        counts = np.hstack([bootstrap.resamples(part.size, resamples, seed) for part in parts])
        values = np.concatenate(parts)
        if more:  # all but those that are below
            below = np.nextafter(marks, -np.inf)
            shares = 1 - bootstrap.shares_within(values, counts, below)
        else:
            shares = bootstrap.shares_within(values, counts, marks)
        found += [
            {
                "configuration": name,
                "threshold": float(threshold),
                **bootstrap.with_bounds("share", shares[:, i], confidence),
            }
            for i, threshold in enumerate(marks)
        ]
    return pd.DataFrame(
        found, columns=["configuration", "threshold", "share", "share_low", "share_high"]
    )


def _thresholds(pooled: Iterable[Sequence[NDArray[np.float64]]]) -> NDArray[np.float64]:
    every = np.concatenate([np.empty(0), *chain.from_iterable(pooled)])
    kept = every[np.isfinite(every) & (every > 0)]
    if not kept.size:
        return kept
    low, high = np.quantile(kept, [0.01, 0.99])
    return np.geomspace(low, high, THRESHOLDS)
