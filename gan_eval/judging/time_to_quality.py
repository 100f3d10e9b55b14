"""Time to quality: seconds and examples until a generator is within ε of the truth."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy import stats

from gan_eval.runtime.arguments import level
from gan_eval.runtime.errors import UsageError
from gan_eval.stats.bootstrap import Array
from gan_eval.stats.shares import share_interval

CELL = ["config_hash", "backend", "device"]
"""The columns that the replicates of a row of ``time_to_quality`` have in common."""

COLUMNS = (
    *(*CELL, "epsilon", "replicates", "reached", "censored", "share_at_end"),
    *("examples", "examples_low", "examples_high", "seconds", "seconds_low", "seconds_high"),
    *("examples_per_second", "within_per_second", "within_low", "within_high"),
)
"""The columns of ``time_to_quality``, in order."""


def first_passages(
    epochs: pd.DataFrame, n_examples: int | Mapping[str, int], *, epsilon: float = 0.1
) -> pd.DataFrame:
    """Find when each replicate first was within ε of the truth.

    Parameters
    ----------
    epochs : DataFrame
        What ``gan_eval.judging.judge.epochs`` returns, or a run's ``epochs.csv``.
    n_examples : int or mapping from ``config_hash`` to int
        Examples of an epoch.
    epsilon : float, optional
        The KL(q‖p), in nats, to be reached.

    Returns
    -------
    DataFrame
        One row per replicate: ``config_hash, backend, device, seed``; ``reached``, whether some
        traced epoch has KL ≤ ε; ``examples`` and ``seconds`` (of training, not of drawing) until
        the first such epoch has ended, or, where there is none, until training ended: the
        observation is then censored; ``total_examples`` and ``total_seconds`` of the whole
        training; ``within``, whether KL ≤ ε after the last epoch. A replicate that diverges never
        reaches ε. Where only some epochs are kept, passages between two traced epochs are not
        seen, and the epochs between them count with the seconds of the traced one that follows.

    Raises
    ------
    UsageError
        Where ``epsilon`` is not above 0, a configuration's ``n_examples`` is missing, or KL is
        known of no cell. Cells without a closed form, which have none, are left out beside others.
    """
    if not (np.isfinite(epsilon) and epsilon > 0):
        raise UsageError(f"`epsilon` must be above 0 and finite, got {epsilon:g}")
    known = with_kl(epochs)
    if len(epochs) and not len(known):
        raise UsageError(
            "`epochs` have no KL(q‖p), which is known at each epoch of linear generators and "
            "Gaussian targets alone: their worth by energy is in the column `worth_energy`"
        )
    frame = known.sort_values([*CELL, "seed", "epoch"], kind="stable").reset_index(drop=True)
    key = [*CELL, "seed"]
    gaps = frame.groupby(key, sort=False)["epoch"].diff().fillna(0)
    frame["spent"] = frame["seconds"].fillna(0.0) * gaps
    frame["spent"] = frame.groupby(key, sort=False)["spent"].cumsum()
    frame["seen"] = frame["epoch"] * frame["config_hash"].map(_examples(frame, n_examples))
    frame["near"] = frame["kl"] <= epsilon
    groups: Any = frame.groupby(key, sort=False)
    last = groups.last().reset_index()
    first = frame[frame["near"]].drop_duplicates(key)
    found = last[[*key, "seen", "spent", "near"]].rename(
        columns={"seen": "total_examples", "spent": "total_seconds", "near": "within"}
    )
    found = found.merge(first[[*key, "seen", "spent"]], on=key, how="left")
    found["reached"] = found["seen"].notna()
    found["examples"] = found["seen"].fillna(found["total_examples"])
    found["seconds"] = found["spent"].fillna(found["total_seconds"])
    return found[
        [*key, "reached", "examples", "seconds", "total_examples", "total_seconds", "within"]
    ]


def with_kl(epochs: pd.DataFrame) -> pd.DataFrame:
    """Take the epochs of cells that have a closed form, whose KL is known."""
    if "worth_energy" not in epochs:
        return epochs
    sampled = epochs.groupby(CELL, sort=False)["worth_energy"].transform("count") > 0
    return epochs[~sampled]


def time_to_quality(
    epochs: pd.DataFrame,
    n_examples: int | Mapping[str, int],
    *,
    epsilon: float = 0.1,
    confidence: float = 0.95,
) -> pd.DataFrame:
    """Compute the median examples and seconds to KL ≤ ε, with examples/sec beside them.

    A fast backend that does not learn has a high ``examples_per_second`` and no median.

    Parameters
    ----------
    epochs, n_examples, epsilon
        As ``first_passages``.
    confidence : float, optional
        Of the intervals, above 0 and below 1.

    Returns
    -------
    DataFrame
        One row per configuration, backend and device, columns ``COLUMNS``: how many ``replicates``,
        how many ``reached`` ε and how many are ``censored`` because their training ended before;
        ``share_at_end`` within ε after the last epoch, since a replicate may leave again; the
        Kaplan–Meier medians of ``examples`` and ``seconds`` with their intervals
        (``median_time``), ∞ where fewer than half were seen to reach ε; ``examples_per_second``,
        all examples over all seconds of training; ``within_per_second``, how many trainings that
        are within ε after the last epoch a second of training gives, from ``within_low`` to
        ``within_high`` by the exact interval of their share, the seconds taken as they were.
        Seconds are a replicate's own: those that train side by side share theirs out.

    Raises
    ------
    UsageError
        As ``first_passages``, and where ``confidence`` is not between 0 and 1.
    """
    passages = first_passages(epochs, n_examples, epsilon=epsilon)
    rows = []
    groups: Any = passages.groupby(CELL, sort=False)
    for cell, group in groups:
        row: dict[str, Any] = dict(zip(CELL, cell, strict=True))
        n, reached = len(group), int(group["reached"].sum())
        row |= {"epsilon": epsilon, "replicates": n, "reached": reached, "censored": n - reached}
        row["share_at_end"] = float(group["within"].mean())
        for name in ("examples", "seconds"):
            found = median_time(group[name], group["reached"], confidence=confidence)
            row |= dict(zip((name, f"{name}_low", f"{name}_high"), found, strict=True))
        seen, spent = (float(group[f"total_{name}"].sum()) for name in ("examples", "seconds"))
        row["examples_per_second"] = seen / spent if spent else np.nan
        within = int(group["within"].sum())
        for name, share in zip(
            ("within_per_second", "within_low", "within_high"),
            (within / n, *share_interval(within, n, confidence)),
            strict=True,
        ):
            row[name] = share * n / spent if spent else np.nan
        rows.append(row)
    return pd.DataFrame(rows, columns=list(COLUMNS))


def median_time(
    times: ArrayLike, reached: ArrayLike, *, confidence: float = 0.95
) -> tuple[float, float, float]:
    """Compute the Kaplan–Meier median of times, some of them censored, and its interval.

    The median is the first time at which the estimated share that has not yet reached is at most
    ½ (Kaplan & Meier 1958), ∞ where there is none. Its interval holds every time at which the
    pointwise log(−log) interval of that share contains ½ (Brookmeyer & Crowley 1982; Greenwood's
    variance), and is open to ∞ where that share stays possible.

    Parameters
    ----------
    times : array_like, shape (R,)
        Times at which a replicate reached ε, or at which it was last looked at.
    reached : array_like of bool, shape (R,)
        Which of the two.
    confidence : float, optional
        Above 0 and below 1.

    Returns
    -------
    tuple of float
        Median, lower and upper end; NaN where there are no times.
    """
    level(1 - confidence)
    when, there = np.asarray(times, dtype=np.float64), np.asarray(reached, dtype=bool)
    if when.size == 0:
        return np.nan, np.nan, np.nan
    if not there.any():
        # None of R reached ε: were the median earlier, that had a probability of at most 2⁻ᴿ.
        sure = 0.5**when.size <= (1 - confidence) / 2
        return np.inf, float(when.min()) if sure else 0.0, np.inf
    survival = stats.ecdf(stats.CensoredData(uncensored=when[there], right=when[~there])).sf
    low, high = _band(survival, confidence)
    at = survival.quantiles
    return _crossing(at, survival.probabilities), _crossing(at, low), _crossing(at, high)


def _band(survival: Any, confidence: float) -> tuple[Array, Array]:
    """The pointwise interval of a survival function, also where Greenwood's formula divides 0 by 0:
    it is 1 before the first event, and after the last of all its upper end stays where it was."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "The confidence interval is undefined", RuntimeWarning)
        warnings.filterwarnings("ignore", category=RuntimeWarning, module="scipy")
        found = survival.confidence_interval(confidence, method="log-log")
    share = survival.probabilities
    low, high = (np.array(end.probabilities) for end in (found.low, found.high))
    for end in (low, high):
        end[share == 1] = 1.0
    low[share == 0] = 0.0
    high[share == 0] = np.nan
    return low, np.asarray(pd.Series(high).ffill().fillna(1.0), dtype=np.float64)


def _crossing(at: Array, share: Array) -> float:
    """The first time at which a falling share is at most ½."""
    below = np.flatnonzero(share <= 0.5)
    return float(at[below[0]]) if below.size else np.inf


def _examples(frame: pd.DataFrame, n_examples: int | Mapping[str, int]) -> dict[str, int]:
    """Examples of an epoch by configuration hash."""
    found: dict[str, int] = {}
    for name in map(str, frame["config_hash"].unique()):
        found[name] = n_examples if isinstance(n_examples, int) else n_examples.get(name, 0)
        if found[name] < 1:
            raise UsageError(f"`n_examples` must be at least 1 for configuration {name!r}")
    return found
