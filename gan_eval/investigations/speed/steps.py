"""Steps in a history: where did a benchmark become slower or faster, and by how much?

The unit is the run: the median of its rounds. Runs of one code differ by more than their rounds do,
since a load or a clock shifts a whole run, so that rounds cannot say whether code has changed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats
from scipy.special import nctdtrinc

from gan_eval.investigations.speed.history import History
from gan_eval.investigations.speed.slowdown import SAME
from gan_eval.runtime.arguments import level

FEWEST_RUNS = 6
"""Runs that a benchmark needs on one machine to be searched: with fewer a step has to be enormous
to be told from what runs differ by."""

FEWEST_BESIDE = 2
"""Runs that a stretch of unchanged code has at least: one run may always have been unlucky."""

DRAWS = 19_999
"""Histories without a step that the statistic is held against."""

STEP_COLUMNS = (
    *("benchmark", "label", "host", "before", "after", "place"),
    *("ratio", "ratio_low", "ratio_high", "pvalue", "runs_before", "runs_after", "versions"),
)
SERIES_COLUMNS = ("benchmark", "label", "host", "runs", "codes", "searched", "steps", "visible")

Arc = tuple[int, int]


@dataclass(frozen=True)
class Steps:
    """The steps of a history.

    ``table`` has a row per step, the largest first, columns ``STEP_COLUMNS``: ``before`` and
    ``after`` are the codes between which it lies, ``place`` that of the latter; ``ratio`` is of
    seconds, 2 is twice as slow, with its interval of confidence 1 − alpha for this step alone, by
    Student's t and the spread of runs around the means of all stretches without a step;
    ``pvalue`` that of the stretch in which it was found, to be held against its share of alpha;
    ``versions`` says what else changed there: packages, Python, threads. ``series`` has a row per
    benchmark and machine, columns ``SERIES_COLUMNS``; ``searched`` is False where runs are too few;
    ``visible`` is the ratio from which on a step in the middle is found with a probability of about
    0.8, NaN where nothing was searched.
    """

    table: pd.DataFrame
    series: pd.DataFrame
    alpha: float

    @property
    def searched(self) -> int:
        """Count the benchmarks, on each machine, that had runs enough."""
        return int(self.series["searched"].sum())


def find_steps(history: History, *, alpha: float = 0.05) -> Steps:
    """Find the steps of every benchmark on every machine.

    Of the runs' medians in the order of the code, in logarithms, the stretch is sought whose mean
    stands out most from what lies before and behind it, as ``stands_out`` says, and tested against
    histories without a step; where it is shown, its ends are steps, and what lies before, in and
    behind it is searched in the same way.

    The probability that any step is named in histories without one is at most alpha, over all
    benchmarks, machines and commits: alpha is shared out evenly over benchmarks and machines, and a
    part's share over the parts that it falls into. It takes runs of one code as independent and
    log-normal: measure commits in turn, not one after another. A step of less than ``SAME`` times,
    or whose interval holds 1, is not named.

    Parameters
    ----------
    history : History
    alpha : float, optional
        Above 0 and below 1.

    Raises
    ------
    UsageError
        For an ``alpha`` out of range.
    """
    level(alpha)
    table = history.table[~history.table["peer"].astype(bool) & history.table["cost"].notna()]
    groups = [group for _, group in table.groupby(["benchmark", "host"], sort=False)]
    able = [len(g) >= FEWEST_RUNS and g["place"].nunique() > 1 for g in groups]
    share = alpha / max(sum(able), 1)
    found, series = [], []
    for group, searched in zip(groups, able, strict=True):
        steps = list(_steps(group, share, alpha)) if searched else []
        found += steps
        last = group.iloc[-1]
        named = [last[name] for name in ("benchmark", "label", "host")]
        visible = _visible(group, [step[5] for step in steps], share) if searched else np.nan
        series.append([*named, len(group), group["place"].nunique(), searched, len(steps), visible])
    steps = pd.DataFrame(found, columns=list(STEP_COLUMNS))
    size = np.abs(np.log(steps["ratio"].to_numpy(dtype=float)))
    steps = steps.iloc[np.argsort(-size, kind="stable")].reset_index(drop=True)
    return Steps(steps, pd.DataFrame(series, columns=list(SERIES_COLUMNS)), alpha)


def stands_out(values: NDArray[np.float64], arcs: tuple[Arc, ...]) -> NDArray[np.float64]:
    """Compute the share of the spread of values that two means explain instead of one.

    The largest over arcs is the statistic of Olshen et al. (2004, circular binary segmentation).

    Parameters
    ----------
    values : ndarray, shape (…, T)
    arcs : tuple of (int, int)
        The stretches ``values[i:j]`` that have a mean of their own.

    Returns
    -------
    ndarray, shape (…, number of arcs)
        Between 0 and 1; 0 where the values do not differ at all.

    Examples
    --------
    >>> stands_out(np.array([1.0, 1.0, 2.0, 2.0]), ((2, 4), (1, 4))).round(2).tolist()
    [1.0, 0.33]
    """
    total = values.shape[-1]
    centred = values - values.mean(axis=-1, keepdims=True)
    sums = np.concatenate([np.zeros_like(centred[..., :1]), centred.cumsum(axis=-1)], axis=-1)
    first, last = np.array(arcs).T
    length = last - first
    between = (sums[..., last] - sums[..., first]) ** 2 * total / (length * (total - length))
    spread = (centred**2).sum(axis=-1, keepdims=True)
    # Equal values have a spread of rounding alone.
    spread = np.where(spread > total * (1e-12 * (1 + np.abs(values).max())) ** 2, spread, np.inf)
    return between / spread


def _steps(group: pd.DataFrame, share: float, alpha: float) -> Iterator[tuple[Any, ...]]:
    """Find the steps of one benchmark on one machine, ``group`` in the order of the code."""
    logs = np.log(group["cost"].to_numpy(dtype=float))
    found = dict(_ends(logs, group["place"].to_numpy(), 0, share))
    cuts = [0, *sorted(found), len(logs)]
    for k, cut in enumerate(cuts[1:-1], 1):
        change, error, freedom = _difference(logs, cuts, k)
        half = float(stats.t.isf(alpha / 2, freedom)) * error
        if abs(change) <= max(np.log(SAME), half):
            continue
        ratios = np.exp(np.array([change, change - half, change + half]))
        old, new = group.iloc[cut - 1], group.iloc[cut]
        yield (
            *(new["benchmark"], group["label"].iloc[-1], new["host"], old["code"], new["code"]),
            *(int(new["place"]), *map(float, ratios), found[cut]),
            *(cut - cuts[k - 1], cuts[k + 1] - cut, _versions(old, new)),
        )


def _visible(group: pd.DataFrame, places: Sequence[int], share: float) -> float:
    """Work out which ratio would be found in the middle, by the spread of runs between steps."""
    logs, total = np.log(group["cost"].to_numpy(dtype=float)), len(group)
    stretch = np.searchsorted(np.sort(places), group["place"].to_numpy(), side="right")
    around = logs - pd.Series(logs).groupby(stretch).transform("mean").to_numpy()
    freedom = total - len(places) - 1
    error = np.sqrt((around**2).sum() / freedom * (1 / (total // 2) + 1 / (total - total // 2)))
    null = _null(_shape(group["place"].to_numpy()))
    least = null[min(int(np.ceil((1 - share) * null.size)), null.size - 1)]
    critical = np.sqrt((total - 2) * least / (1 - least))  # as Student's t of two stretches
    return float(np.exp(nctdtrinc(total - 2, 0.2, critical) * error))


def _difference(logs: NDArray[np.float64], cuts: Sequence[int], k: int) -> tuple[float, float, int]:
    """Take the means of the stretches beside a cut: their difference, its standard error, and the
    degrees of freedom, by the spread of runs around the means of all stretches."""
    parts = [logs[low:high] for low, high in pairwise(cuts)]
    freedom = len(logs) - len(parts)
    variance = sum(((part - part.mean()) ** 2).sum() for part in parts) / freedom
    before, after = parts[k - 1], parts[k]
    error = np.sqrt(variance * (1 / before.size + 1 / after.size))
    return float(after.mean() - before.mean()), float(error), freedom


def _ends(
    logs: NDArray[np.float64], places: NDArray[np.int_], start: int, share: float
) -> Iterator[tuple[int, float]]:
    """Yield where steps lie, counted from ``start``, with the p-value of their stretch."""
    arcs = _arcs(tuple(map(int, places)))
    if not arcs or len(logs) < 2 * FEWEST_BESIDE + 1:
        return
    values = stands_out(logs, arcs)
    pvalue = _pvalue(float(values.max()), _shape(places))
    if pvalue > share:
        return
    ends = [end for end in arcs[int(values.argmax())] if 0 < end < len(logs)]
    if len(ends) == 2:  # of a stretch in the middle, an end that is none by itself is dropped
        cuts = [0, *ends, len(logs)]
        ends = [end for k, end in enumerate(ends, 1) if _by_itself(logs, cuts, k, share)] or ends
    yield from ((start + end, pvalue) for end in ends)
    cuts = [0, *ends, len(logs)]
    for low, high in pairwise(cuts):
        yield from _ends(logs[low:high], places[low:high], start + low, share / (len(cuts) - 1))


def _by_itself(logs: NDArray[np.float64], cuts: Sequence[int], k: int, share: float) -> bool:
    change, error, freedom = _difference(logs, cuts, k)
    return bool(2 * stats.t.sf(abs(change), freedom, scale=max(error, 1e-300)) <= share)


def _shape(places: NDArray[np.int_]) -> tuple[int, ...]:
    """Number the codes from 0, so that histories of one shape share their draws."""
    return tuple(map(int, np.unique(places, return_inverse=True)[1]))


@lru_cache(maxsize=256)
def _arcs(places: tuple[int, ...]) -> tuple[Arc, ...]:
    """List the stretches of whole codes that may stand out, each with enough runs beside it."""
    total = len(places)
    edges = [0, *(i for i in range(1, total) if places[i] != places[i - 1]), total]
    return tuple(
        (i, j)
        for a, i in enumerate(edges)
        for j in edges[a + 1 :]
        # A stretch from the start is the complement of one to the end.
        if i > 0 and all(n == 0 or n >= FEWEST_BESIDE for n in (i, j - i, total - j))
    )


@lru_cache(maxsize=256)
def _null(shape: tuple[int, ...]) -> NDArray[np.float64]:
    """Draw the statistic of histories of this shape without a step, sorted."""
    arcs, generator = _arcs(shape), np.random.default_rng(0)
    # A share of a spread: neither the mean nor the scale of the runs matters.
    parts = [
        stands_out(generator.standard_normal((size, len(shape))), arcs).max(axis=-1)
        for size in [1000] * (DRAWS // 1000) + [DRAWS % 1000]
    ]
    return np.sort(np.concatenate(parts))


def _pvalue(statistic: float, shape: tuple[int, ...]) -> float:
    null = _null(shape)
    at_least = null.size - np.searchsorted(null, statistic, side="left")
    return float((1 + at_least) / (1 + null.size))


def _versions(old: pd.Series, new: pd.Series) -> str:
    """Say what else is not the same in the two runs beside a step."""
    found = []
    for name in ("python", "packages", "threads"):
        values = [row[name] for row in (old, new)]
        if values[0] != values[1] and not all(pd.isna(value) for value in values):
            found.append(_changed(*map(str, values)) if name == "packages" else name)
    return ", ".join(found)


def _changed(old: str, new: str) -> str:
    """Name the packages whose version is not the same.

    Examples
    --------
    >>> _changed("numpy 1.0, torch 2.1", "numpy 1.0, torch 2.2")
    'torch 2.1 → 2.2'
    """
    sides = [
        {one.rpartition(" ")[0]: one.rpartition(" ")[2] for one in text.split(", ")}
        for text in (old, new)
    ]
    names = [name for name in sides[1] | sides[0] if sides[0].get(name) != sides[1].get(name)]
    return ", ".join(f"{n} {sides[0].get(n, '–')} → {sides[1].get(n, '–')}" for n in sorted(names))
