"""How sure a speed is: intervals of a median of rounds, and of a ratio to the chapter's loop."""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import bdtr

from gan_eval.stats.ratio import RankRatio, Times
from gan_eval.training.config import TrainingConfig

CONFIDENCE = 0.95
"""The confidence of the intervals of rates, and of ratios to the loop."""

BLOCKS = 12
"""The most blocks of consecutive rounds that a file's rounds are summed up in."""

FEWEST_ROUNDS = 6
"""Rounds from which on a median has an interval: of 5, the least and the largest hold it with a
probability of 94 %."""

TRAINING, LOOP = "training examples", "pytorch"
"""The unit of a benchmark of training, and the backend that is the chapter's loop."""


def blocks(seconds: Times) -> NDArray[np.float64]:
    """Take the medians of at most ``BLOCKS`` blocks of consecutive rounds.

    Rounds that follow each other are alike, blocks less so.

    Examples
    --------
    >>> blocks(np.arange(24.0))[:3].tolist()
    [0.5, 2.5, 4.5]
    """
    parts = np.array_split(np.asarray(seconds), min(len(seconds), BLOCKS))
    return np.array([np.median(part) for part in parts])


def median_interval(seconds: Times) -> tuple[float, float]:
    """Bound the median of rounds at ``CONFIDENCE``, by order statistics of their blocks.

    It asks of the blocks only to be independent and of one law. What shifts a whole run, as another
    load, is not in it. NaN of fewer than ``FEWEST_ROUNDS`` rounds.

    Examples
    --------
    >>> low, high = median_interval(np.arange(1.0, 11.0))
    >>> float(low), float(high)
    (2.0, 9.0)
    """
    if len(seconds) < FEWEST_ROUNDS:
        return math.nan, math.nan
    found, median = np.sort(blocks(seconds)), float(np.median(seconds))
    left_out = max(k for k in range(found.size) if k == 0 or _below(k, found.size))
    low, high = float(found[left_out]), float(found[found.size - 1 - left_out])
    return min(low, median), max(high, median)


def _below(k: int, n: int) -> bool:
    """Tell whether the k + 1 least of n may be cut off: fewer than k + 1 lie below the median with
    a probability of at most half of what the interval may miss."""
    return float(bdtr(k, n, 0.5)) <= (1 - CONFIDENCE) / 2


def add_rates(table: pd.DataFrame, rounds: list[Times | None]) -> pd.DataFrame:
    """Add the intervals of rates, and the ratios to the chapter's loop, to one file's benchmarks.

    Parameters
    ----------
    table : DataFrame
        Of ``benchmarks.read``, without the columns that are added here.
    rounds : list of (ndarray or None)
        The raw rounds of its rows in seconds, None where the file has none.

    Returns
    -------
    DataFrame
        With ``rate_low`` and ``rate_high`` (``median_interval``), ``times_the_loop``, which is the
        ratio of a training's examples/sec to those of the chapter's loop, and its interval
        ``times_low`` to ``times_high``. The loop is backend ``pytorch`` with one replicate on the
        CPU in the same configuration, of which the number of epochs does not matter. NaN for what
        is no training, and where the file has no such loop.
    """
    ends = [median_interval(r) if r is not None else (math.nan, math.nan) for r in rounds]
    examples = pd.to_numeric(table["examples"], errors="coerce").to_numpy(dtype=float)
    low, high = np.array(ends, dtype=float).reshape(-1, 2).T
    families = [_family(value) for value in table["config_hash"]]
    is_loop = (table["backend"] == LOOP) & (table["replicates"] == 1) & (table["device"] == "cpu")
    trains = ((table["unit"] == TRAINING) & table["examples_per_second"].notna()).to_numpy()
    is_loop = is_loop.to_numpy() & trains
    ratios = np.full((len(table), 3), math.nan)
    rates = pd.to_numeric(table["examples_per_second"], errors="coerce").to_numpy(dtype=float)
    for i in np.flatnonzero(trains):
        loops = [j for j in np.flatnonzero(is_loop) if families[j] == families[i]]
        if not loops:
            continue
        same = [j for j in loops if table["config_hash"].iloc[j] == table["config_hash"].iloc[i]]
        loop = i if i in loops else max(same or loops, key=lambda j: table["rounds"].iloc[j])
        ratios[i, 0] = rates[i] / rates[loop]
        ours, theirs = rounds[i], rounds[loop]
        if loop != i and ours is not None and theirs is not None:
            ratios[i, 1:] = _ratio_interval(
                ours / examples[i], theirs / examples[loop], ratios[i, 0]
            )
    with np.errstate(divide="ignore", invalid="ignore"):
        return table.assign(
            rate_low=examples / high,
            rate_high=examples / low,
            times_the_loop=ratios[:, 0],
            times_low=ratios[:, 1],
            times_high=ratios[:, 2],
        )


def _ratio_interval(ours: Times, loop: Times, ratio: float) -> tuple[float, float]:
    low, high = RankRatio(blocks(ours), blocks(loop)).interval(1 - CONFIDENCE)
    if not math.isfinite(high):
        return math.nan, math.nan
    return min(low, ratio), max(high, ratio)


def is_chapters(config_hash: object) -> bool:
    """Tell whether a training is of the chapter's configuration, with any number of epochs."""
    return config_hash in _chapters()


def _family(config_hash: object) -> str:
    """Name what a training shares with those of another number of epochs, as far as we know it."""
    text = config_hash if isinstance(config_hash, str) else ""
    return "the chapter's" if is_chapters(text) else text


@lru_cache
def _chapters() -> frozenset[str]:
    """Hash the chapter's configuration at numbers of epochs that benchmarks have."""
    chapter = TrainingConfig()
    return frozenset(chapter.model_copy(update={"epochs": epochs}).hash for epochs in range(1, 101))
