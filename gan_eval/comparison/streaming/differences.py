"""How each column of two streamed sides differs, from what was kept of it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import chdtrc, ndtr

from gan_eval.comparison.streaming.columns import Column, Numbers, Values
from gan_eval.comparison.streaming.units import BATCH_ROWS
from gan_eval.stats.multiple import adjusted_pvalues

FEWEST_EXPECTED = 5.0
"""Rows of a value that are expected in each side, below which the value is counted among the
others."""

FEWEST_FOR_LIMIT = 50
"""Rows of each side below which the normal limit is not taken for the mean and the variance."""

_FISHER = 10_000  # missing values of both up to which their shares are compared exactly
_GRID = np.linspace(0.0, 1.0, 2049)

SHARES = (0.01, 0.25, 0.5, 0.75, 0.99)
"""The shares of the rows that lie below the quantiles that are listed."""

_COLUMNS = (
    *("column", "kind", "real_mean", "generated_mean", "real_sd", "generated_sd"),
    *("shift", "shift_error", "sd_ratio", "ks", "ks_error", "total_variation"),
    *("total_variation_error", "level", "real_share", "generated_share"),
    *("real_missing", "generated_missing", "pvalue", "missing_pvalue"),
)


def column_differences(
    real: dict[str, Column], generated: dict[str, Column], correction: str
) -> pd.DataFrame:
    """Measure the difference of each column, the one with the smallest p-value first.

    Returns
    -------
    DataFrame
        One row per column. Most are those of
        :func:`~gan_eval.comparison.columns.differences.column_differences`; besides
        ``shift_error``, the standard error of ``shift``; ``ks_error``, within which ``ks`` is that
        of all rows, with a probability of 0.99 for each quantile sketch; and
        ``total_variation_error``, 0 where all values were counted. ``pvalue`` of numbers is of
        their means and variances, each by the normal limit with the moments of both sides pooled,
        the smaller of the two doubled. Where the limit is not near, since rows are few, a few of
        them make most of the variance, or values differ in their last digits alone, it is a bound
        from ``ks``; NaN where there is none. Of categories it is by Pearson's χ², values of fewer
        than five expected rows together, these by Fisher's exact test; NaN where values were not
        all counted. ``missing_pvalue`` is by Fisher's exact test or χ².
    """
    rows = []
    for name, x in real.items():
        y = generated[name]
        if isinstance(x, Numbers) and isinstance(y, Numbers):
            found = {"kind": "number", **_of_numbers(x, y)}
        else:
            assert isinstance(x, Values)
            assert isinstance(y, Values)
            found = {"kind": "category", **_of_values(x, y)}
        rows.append({"column": name, **found, **_of_holes(x, y)})
    frame = pd.DataFrame(rows).reindex(columns=_COLUMNS)
    pvalues = frame[["pvalue", "missing_pvalue"]].to_numpy(np.float64)
    adjusted, given = np.full_like(pvalues, np.nan), np.isfinite(pvalues)
    adjusted[given] = adjusted_pvalues(pvalues[given], correction)
    frame["adjusted"], frame["missing_adjusted"] = adjusted.T
    holes = (frame["generated_missing"] - frame["real_missing"]).abs()
    sizes = pd.concat([frame["ks"], frame["total_variation"], holes, frame["shift"].abs()], axis=1)
    frame["difference"] = sizes.max(axis=1)
    lowest = frame[["adjusted", "missing_adjusted"]].min(axis=1).fillna(1.0)
    order = np.lexsort([-frame["difference"].fillna(0.0), lowest])
    return frame.iloc[order].reset_index(drop=True)


def quantiles(real: dict[str, Column], generated: dict[str, Column]) -> pd.DataFrame:
    """List the quantiles of the number columns: ``column``, ``share`` of the rows below, and the
    quantile of each side, ``real`` and ``generated``, with the ``rank_error`` of both."""
    rows = []
    for name, x in real.items():
        y = generated[name]
        if not (isinstance(x, Numbers) and isinstance(y, Numbers)):
            continue
        if not (x.count and y.count) or x.quantiles is None or y.quantiles is None:
            continue
        pair = [np.asarray(one.quantiles.get_quantiles(list(SHARES))) for one in (x, y)]
        error = max(_rank_error(x), _rank_error(y))
        rows += [
            {"column": name, "share": s, "real": a, "generated": b, "rank_error": error}
            for s, a, b in zip(SHARES, *pair, strict=True)
        ]
    heads = ("column", "share", "real", "generated", "rank_error")
    return pd.DataFrame(rows, columns=pd.Index(heads))


def _rank_error(one: Numbers) -> float:
    """The largest error of rank of all quantiles together, with a probability of 0.99."""
    exact = not one.quantiles.is_estimation_mode()
    return 0.0 if exact else float(one.quantiles.normalized_rank_error(True))


def _of_numbers(x: Numbers, y: Numbers) -> dict[str, Any]:
    if not (x.count and y.count):
        return {}
    sds = [math.sqrt(one.variance) if one.variance > 0 else 0.0 for one in (x, y)]
    apart, scale = y.mean - x.mean, math.hypot(*sds) / math.sqrt(2)
    error = math.hypot(*(sd / math.sqrt(one.count) for sd, one in zip(sds, (x, y), strict=True)))
    with np.errstate(divide="ignore", invalid="ignore"):
        found: dict[str, Any] = {
            "real_mean": x.mean,
            "generated_mean": y.mean,
            "real_sd": sds[0],
            "generated_sd": sds[1],
            "shift": float(np.divide(apart, scale)) if apart else 0.0,
            "shift_error": error / scale if scale else 0.0,
            "sd_ratio": float(np.divide(sds[1], sds[0])),
        }
    if x.quantiles is not None and y.quantiles is not None:
        found["ks"], found["ks_error"] = _kolmogorov_smirnov(x, y)
    found["pvalue"] = _of_moments(x, y, apart)
    if found["pvalue"] is None:
        found["pvalue"] = _of_distance(x.count, y.count, found)
    return found


def _of_moments(x: Numbers, y: Numbers, apart: float) -> float | None:
    """Return the p-value of means and variances by the normal limit; None where it is not near.

    Moments are those of both sides together: one side alone may have none of the rare rows that
    make the variance, and then it would seem to know its mean without error.
    """
    count, _, second, _, fourth = x.merged_moments(y)
    fewest = min(x.count, y.count)
    variance, fourth = second / count, fourth / count
    if not (math.isfinite(fourth) and fewest >= FEWEST_FOR_LIMIT):
        return None
    if not variance:
        return 1.0
    digit = np.finfo(np.float64).eps * max(abs(x.mean), abs(y.mean))
    if fourth > variance**2 * fewest / FEWEST_EXPECTED or math.sqrt(variance) < 1000 * digit:
        return None
    share = 1 / x.count + 1 / y.count
    errors = math.sqrt(variance * share), math.sqrt(max(fourth - variance**2, 0.0) * share)
    # Means of parts are added up, each rounded: what is within that is no difference.
    parts = 1 + max(x.count, y.count) / BATCH_ROWS
    apart = max(abs(apart) - 4 * digit * math.sqrt(parts), 0.0)
    both = _two_sided(apart, errors[0]), _two_sided(y.variance - x.variance, errors[1])
    return min(1.0, 2 * min(both))


def _of_distance(n: int, m: int, found: Mapping[str, float]) -> float:
    """Bound the p-value of the Kolmogorov–Smirnov distance (Wei and Dudley 2012, theorem 1)."""
    if "ks" not in found:
        return math.nan
    least = max(found["ks"] - found["ks_error"], 0.0)
    return min(1.0, math.exp(1 - 2 * least**2 * n * m / (n + m)))


def _two_sided(value: float, error: float) -> float:
    if not error:
        return 1.0  # of two values, half of each, where variances differ by rounding
    return float(2 * ndtr(-abs(value) / error))


def _kolmogorov_smirnov(x: Numbers, y: Numbers) -> tuple[float, float]:
    """Return the largest difference of the two distribution functions, and its error."""
    points = np.unique(
        np.concatenate([np.asarray(one.quantiles.get_quantiles(list(_GRID))) for one in (x, y)])
    )
    below = [np.asarray(one.quantiles.get_cdf(list(points)))[:-1] for one in (x, y)]
    return float(np.abs(below[0] - below[1]).max()), _rank_error(x) + _rank_error(y)


def _of_values(x: Values, y: Values) -> dict[str, Any]:
    if not (x.count and y.count):
        return {}
    names = sorted({*x.frequent(), *y.frequent()})
    bounds = np.array([[one.bounds(name) for name in names] for one in (x, y)], np.float64)
    sizes = np.array([x.count, y.count], np.float64)
    exact = all((bounds[i, :, 1].sum() == sizes[i]) for i in (0, 1))
    middle = bounds.mean(axis=2) / sizes[:, None]
    differences = np.abs(middle[1] - middle[0])
    worst = int(differences.argmax())
    rest = np.maximum(1 - middle.sum(axis=1), 0.0)
    error = 0.0
    if not exact:
        widths = (bounds[:, :, 1] - bounds[:, :, 0]) / 2 / sizes[:, None]
        error = min(1.0, float(widths.sum() / 2 + rest.max()))
    found = {
        "total_variation": float(differences.sum() + abs(rest[1] - rest[0])) / 2,
        "total_variation_error": error,
        "level": names[worst],
        "real_share": float(middle[0, worst]),
        "generated_share": float(middle[1, worst]),
    }
    return found | ({"pvalue": _chi_square(bounds[:, :, 0])} if exact else {})


def _chi_square(counts: np.ndarray) -> float:
    """Return the p-value of Pearson's χ² of counts (2, k), rare values together.

    Where these together are still rare, they are held against all others by Fisher's exact test,
    and the smaller of the two p-values counts twice.
    """
    rare = _expected(counts).min(axis=0) < FEWEST_EXPECTED
    rare[counts.sum(axis=0).argmax()] = False
    together = counts[:, rare].sum(axis=1, keepdims=True)
    others = counts[:, ~rare]
    if not rare.any() or _expected(np.hstack([others, together]))[:, -1].min() >= FEWEST_EXPECTED:
        return _pearson(np.hstack([others, together]) if rare.any() else others)
    sizes = others.sum(axis=1)
    pvalue = _fisher(np.column_stack([together[:, 0], sizes]).astype(np.int64))
    if others.shape[1] < 2 or not sizes.all():
        return pvalue
    return min(1.0, 2 * min(pvalue, _pearson(others)))


def _pearson(counts: np.ndarray) -> float:
    if counts.shape[1] < 2:
        return 1.0
    expected = _expected(counts)
    return float(chdtrc(counts.shape[1] - 1, (np.square(counts - expected) / expected).sum()))


def _expected(counts: np.ndarray) -> np.ndarray:
    return counts.sum(axis=1, keepdims=True) * counts.sum(axis=0) / counts.sum()


def _of_holes(x: Column, y: Column) -> dict[str, Any]:
    rows = [one.count + one.missing for one in (x, y)]
    shares = {
        "real_missing": x.missing / rows[0] if rows[0] else math.nan,
        "generated_missing": y.missing / rows[1] if rows[1] else math.nan,
    }
    if not (x.missing or y.missing):
        return shares
    table = np.array([[x.missing, x.count], [y.missing, y.count]])
    if table.sum(axis=0).min() <= _FISHER:
        return shares | {"missing_pvalue": _fisher(table)}
    return shares | {"missing_pvalue": _chi_square(table.astype(np.float64))}


def _fisher(table: np.ndarray) -> float:
    """Return the p-value of Fisher's exact test of a table (2, 2)."""
    # Here, after the reading: it takes 30 MB.
    from scipy.stats import fisher_exact

    found: Any = fisher_exact(table)
    return float(found.pvalue)
