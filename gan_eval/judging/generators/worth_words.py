"""The worth of the trainings of one cell in sentences."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import special

from gan_eval.judging.generators.parts import DISTANCES
from gan_eval.judging.summary import median_interval, quantile
from gan_eval.pages.numbers import count, interval, number

Array = NDArray[np.float64]

BY = {"energy": "energy", "mmd": "MMD"}
"""What sentences call the distances."""

_FEWEST = 4  # replicates from which on there is an interval over them


def worths(rows: pd.DataFrame) -> list[str]:
    """Say how many real rows the generator is worth, by energy and by MMD.

    By the mean distance over the replicates, which has no bias where single ones may be estimated
    below 0; its 95 % interval is Student's over trainings, its lower end no higher than the
    trainings' own intervals have it together. With it the median training's worth, with the
    interval of order statistics, no narrower than the typical training's own.
    """
    found: list[str] = []
    for by in BY:
        if said := _worth(rows, by, first=not found):
            found.append(said)
    return found


def _worth(rows: pd.DataFrame, by: str, *, first: bool) -> str:
    values = values_of(rows, f"worth_{by}")
    low, high = (values_of(rows, f"worth_{by}_{end}") for end in ("low", "high"))
    known = ~np.isnan(values)
    if not (n := int(known.sum())):
        return ""
    values, low, high = values[known], low[known], high[known]
    if n == 1:
        if math.isinf(high[0]):
            return f"By {BY[by]} it is worth at least {number(low[0])} real rows."
        ends = f" (95 % interval {interval(low[0], high[0])})" if low[0] < high[0] else ""
        return f"By {BY[by]} it is worth {number(values[0])} real rows{ends}."
    shares = _shares(rows[known], by, values, low)
    mean = float(shares.mean())
    ends = (math.nan, math.nan)
    if n >= _FEWEST:
        half_width = special.stdtrit(n - 1, 0.975) * float(shares.std(ddof=1)) / math.sqrt(n)
        # Few skewed estimates may lie close together by chance; each says how sure it is itself.
        own = float(np.sqrt(np.sum(np.maximum(1 / low - shares, 0.0) ** 2))) / n
        ends = _over(max(mean, 0.0) + max(half_width, own)), _over(mean - half_width)
        if math.isinf(ends[0]):  # all lie below 0: what a single replicate shows
            ends = float(np.median(low)), math.inf
    typical, middle = quantile(values, 0.5), median_interval(values)
    if math.isfinite(middle[0]):  # no narrower than the typical training's own
        middle = min(middle[0], float(np.median(low))), max(middle[1], quantile(high, 0.5))
    if math.isfinite(typical):
        half = f"the median training is worth {number(typical)}"
        half += f" ({interval(*middle)})" if math.isfinite(middle[0]) else ""
    else:
        least = number(middle[0]) if math.isfinite(middle[0]) else "more than can be told"
        half = f"the median training is worth at least {least}"
    over = ""
    if first:
        trained = values_of(rows, "n_train")[known]
        each = f", fitted to {count(trained[0])} rows each" if np.ptp(trained) == 0 else ""
        over = f"by the mean distance of {count(n)} trainings{each}"
    known_ends = not math.isnan(ends[0])
    if math.isinf(_over(mean)) or math.isinf(ends[1]):
        size = f"at least {number(ends[0])} real rows" if known_ends else "more than can be told"
        told = [f"By {BY[by]} it is worth {size}", over]
        return f"{', '.join(filter(None, told))}; {half}."
    told = [f"95 % interval {interval(*ends)}" if known_ends else "", over]
    brackets = "; ".join(filter(None, told))
    brackets = f" ({brackets})" if brackets else ""
    return f"By {BY[by]} it is worth {number(_over(mean))} real rows{brackets}; {half}."


def _shares(rows: pd.DataFrame, by: str, values: Array, low: Array) -> Array:
    """The squared distances over what one real row is worth; of sampled ones below 0, too."""
    with np.errstate(divide="ignore", invalid="ignore"):
        shares = np.where(np.isinf(values), 0.0, 1 / values)
        # low = spread / distance_high
        spread = low * values_of(rows, f"{DISTANCES[by]}_high")
        signed = values_of(rows, DISTANCES[by]) / spread
    sampled = np.array([text == "sampled" for text in texts_of(rows, f"worth_{by}_how")])
    return np.where(sampled & np.isfinite(signed) & np.isinf(values), signed, shares)


def _over(share: float) -> float:
    return 1 / share if share > 0 else math.inf


def values_of(rows: pd.DataFrame, name: str) -> Array:
    """Return a column of numbers (n,), NaN where there is none."""
    if name not in rows:
        return np.full(len(rows), np.nan)
    return rows[name].to_numpy(dtype=np.float64, na_value=np.nan)


def texts_of(rows: pd.DataFrame, name: str) -> list[str]:
    """Return a column of texts, "" where there is none."""
    if name not in rows:
        return [""] * len(rows)
    return [text if isinstance(text, str) else "" for text in rows[name]]
