"""How each column of two tables differs: its values, the shares of its levels, its holes."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import fisher_exact, ks_2samp

from gan_eval.comparison.columns.kinds import Kind
from gan_eval.stats.conversion import Array, Exact
from gan_eval.stats.mixed import Codes, MixedRows
from gan_eval.stats.multiple import adjusted_pvalues
from gan_eval.stats.permutation.engine import resampled_pvalue
from gan_eval.stats.scaling import ColumnScales

MOST_VALUES = 1000
"""Different values up to which a column whose values tie is tested by permutation."""

FEWEST, MOST, ENTRIES = 999, 9999, 10**6
"""Permutations of a single column: between these, as many as ``ENTRIES`` leaves its values."""

_EXACT_PAIRS = 250_000  # the exact distribution of the Kolmogorov–Smirnov statistic costs n times m


def column_differences(
    real: MixedRows,
    generated: MixedRows,
    correction: str,
    *,
    kinds: Mapping[str, Kind] | None = None,
    origins: Mapping[str, Exact] | None = None,
    rng: np.random.Generator | None = None,
    independent: bool = True,
) -> pd.DataFrame:
    """Measure the difference of each column, the largest first.

    Parameters
    ----------
    real, generated : MixedRows
        n and m rows of the same columns.
    correction : str
        How all p-values together are adjusted: see
        :func:`~gan_eval.stats.multiple.adjusted_pvalues`.
    kinds : mapping of str to Kind, optional
        Of the columns, for the column ``kind``.
    origins : mapping of str to int or Fraction, optional
        What has been taken off columns of both; the means have it again.
    rng : numpy.random.Generator, optional
        Permutes columns whose values tie; seed 0 if not given.
    independent : bool
        Whether rows are independent; the p-values are NaN where they are not.

    Returns
    -------
    DataFrame
        One row per column, ordered by ``difference``, the largest of ``ks``, ``total_variation``
        and the difference of the shares of missing values. ``column``, ``kind``. Of numbers:
        ``real_mean``, ``generated_mean``, ``real_sd``, ``generated_sd``; ``shift``, the difference
        of means (generated − real) over the root of the mean of both variances; ``sd_ratio``,
        generated over real; ``ks``, the largest difference of the two distribution functions
        (Kolmogorov–Smirnov). Of categories: ``total_variation``, half the sum of the absolute
        differences of shares, and ``level``, the level whose share differs most, with
        ``real_share`` and ``generated_share``. Of both: ``real_missing`` and
        ``generated_missing``, the shares of missing values, of which all else is without;
        ``pvalue`` of the values and ``missing_pvalue`` of these shares; ``adjusted`` and
        ``missing_adjusted``. ``shift`` is infinite where both are constant and differ,
        ``sd_ratio`` is infinite where only the real column is constant, NaN where both are.

    Notes
    -----
    A p-value is by the exact distribution or the limit of the Kolmogorov–Smirnov distance where no
    values tie; where they do, by permutation, which draws how many of each value fall into the
    first sample (a multivariate hypergeometric distribution), for up to 1,000 different values.
    Categories are tested by Pearson's χ² in the same way, shares of missing values by Fisher's
    exact test.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> real, generated = rng.normal(size=(200, 2)), rng.normal([0.0, 1.0], 1.0, size=(200, 2))
    >>> rows = [MixedRows.of_numbers(table, ("a", "b")) for table in (real, generated)]
    >>> column_differences(*rows, "holm")[["column", "shift", "ks"]].round(2)
      column  shift    ks
    0      b   0.99  0.40
    1      a   0.05  0.07
    """
    rng = np.random.default_rng(0) if rng is None else rng
    rows = []
    for name, x, y in zip(real.number_names, real.numbers.T, generated.numbers.T, strict=True):
        holes = np.isnan(x), np.isnan(y)
        origin = (origins or {}).get(name, 0)
        rows.append(
            {"column": name, "kind": str((kinds or {}).get(name, Kind.NUMBER))}
            | _of_numbers(x[~holes[0]], y[~holes[1]], origin, rng)
            | _of_holes(*holes)
        )
    for j, (name, levels) in enumerate(zip(real.category_names, real.levels, strict=True)):
        x, y = real.categories[:, j], generated.categories[:, j]
        rows.append(
            {"column": name, "kind": str((kinds or {}).get(name, Kind.CATEGORY))}
            | _of_levels(x[x >= 0], y[y >= 0], levels, rng)
            | _of_holes(x < 0, y < 0)
        )
    frame = pd.DataFrame(rows).reindex(columns=_COLUMNS)
    if not independent:
        frame[["pvalue", "missing_pvalue"]] = np.nan
    pvalues = frame[["pvalue", "missing_pvalue"]].to_numpy(np.float64)
    adjusted, given = np.full_like(pvalues, np.nan), np.isfinite(pvalues)
    adjusted[given] = adjusted_pvalues(pvalues[given], correction)
    frame["adjusted"], frame["missing_adjusted"] = adjusted.T
    holes = (frame["generated_missing"] - frame["real_missing"]).abs()
    sizes = pd.concat([frame["ks"], frame["total_variation"], holes], axis=1)
    frame["difference"] = sizes.max(axis=1)
    return frame.sort_values("difference", ascending=False, kind="stable", ignore_index=True)


_COLUMNS = (
    *("column", "kind", "real_mean", "generated_mean", "real_sd", "generated_sd"),
    *("shift", "sd_ratio", "ks", "total_variation", "level", "real_share", "generated_share"),
    *("real_missing", "generated_missing", "pvalue", "missing_pvalue"),
)


def _of_numbers(
    real: Array, generated: Array, origin: Exact, rng: np.random.Generator
) -> dict[str, Any]:
    if not len(real) or not len(generated):
        return {}
    pooled = np.concatenate([real, generated])
    scales = ColumnScales.of(pooled[:, None])
    x, y = scales(real[:, None])[:, 0], scales(generated[:, None])[:, 0]
    centre, unit = Fraction(scales.centre[0]) + origin, Fraction(2) ** int(scales.exponents[0])
    means, deviations = (x.mean(), y.mean()), (_deviation(x), _deviation(y))
    difference = means[1] - means[0]
    scale = np.hypot(*deviations) / np.sqrt(2)
    ks, pvalue = _kolmogorov_smirnov(real, generated, rng)
    with np.errstate(divide="ignore", invalid="ignore"):
        return {
            "real_mean": float(centre + unit * Fraction(means[0])),
            "generated_mean": float(centre + unit * Fraction(means[1])),
            "real_sd": float(unit * Fraction(deviations[0])),
            "generated_sd": float(unit * Fraction(deviations[1])),
            "shift": float(np.divide(difference, scale)) if difference else 0.0,
            "sd_ratio": float(np.divide(deviations[1], deviations[0])),
            "ks": ks,
            "pvalue": pvalue,
        }


def _deviation(values: Array) -> float:
    """Compute the standard deviation over n − 1; exactly 0 where all values are equal."""
    return float(values.std(ddof=1)) if np.ptp(values) > 0 else 0.0


def _kolmogorov_smirnov(x: Array, y: Array, rng: np.random.Generator) -> tuple[float, float]:
    """Return the distance of the two distribution functions, and its p-value."""
    method = "exact" if len(x) * len(y) <= _EXACT_PAIRS else "asymp"
    with warnings.catch_warnings():
        # Where SciPy cannot compute the distribution exactly it takes the limit, as is wanted.
        warnings.simplefilter("ignore", RuntimeWarning)
        test: Any = ks_2samp(x, y, method=method)
    values, places = np.unique(np.concatenate([x, y]), return_inverse=True)
    if len(values) == len(x) + len(y) or len(values) > MOST_VALUES:
        return float(test.statistic), float(test.pvalue)
    counts = np.bincount(places)
    below, size = np.cumsum(counts), len(places)

    def largest(in_x: NDArray[np.int64]) -> NDArray[np.int64]:
        return np.abs(size * np.cumsum(in_x, axis=-1) - len(x) * below).max(axis=-1)

    observed = largest(np.bincount(places[: len(x)], minlength=len(counts)))
    null = largest(_drawn(counts, len(x), rng))
    return float(test.statistic), resampled_pvalue(int(observed), null)


def _of_levels(
    x: Codes, y: Codes, levels: Sequence[str], rng: np.random.Generator
) -> dict[str, Any]:
    if not len(x) or not len(y):
        return {}
    in_x, in_y = (np.bincount(codes, minlength=len(levels)) for codes in (x, y))
    shares = in_x / len(x), in_y / len(y)
    worst = int(np.abs(shares[0] - shares[1]).argmax())
    counts = (in_x + in_y)[in_x + in_y > 0]
    expected = len(x) / (len(x) + len(y)) * counts
    observed = np.square(in_x[in_x + in_y > 0] - expected) @ (1 / counts)
    null = np.square(_drawn(counts, len(x), rng) - expected) @ (1 / counts)
    null = np.where(np.isclose(null, observed, rtol=1e-9, atol=1e-12), observed, null)
    return {
        "total_variation": float(np.abs(shares[0] - shares[1]).sum() / 2),
        "level": levels[worst],
        "real_share": float(shares[0][worst]),
        "generated_share": float(shares[1][worst]),
        "pvalue": resampled_pvalue(float(observed), null),
    }


def _drawn(counts: NDArray[np.int64], n: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Draw how many of each value are among n of all rows."""
    draws = int(np.clip(ENTRIES // len(counts), FEWEST, MOST))
    return rng.multivariate_hypergeometric(counts, n, size=draws, method="marginals")


def _of_holes(x: NDArray[np.bool_], y: NDArray[np.bool_]) -> dict[str, Any]:
    shares = {"real_missing": float(x.mean()), "generated_missing": float(y.mean())}
    if not (x.any() or y.any()):
        return shares
    table = [[int(x.sum()), int((~x).sum())], [int(y.sum()), int((~y).sum())]]
    found: Any = fisher_exact(table)
    return shares | {"missing_pvalue": float(found.pvalue)}


def missing_patterns(real: MixedRows, generated: MixedRows, correction: str) -> pd.DataFrame:
    """Count which values are missing together, the pattern that differs most first.

    Returns
    -------
    DataFrame
        One row per pattern with missing values: ``missing``, the columns, with commas between;
        ``real_share`` and ``generated_share`` of the rows; ``pvalue`` by Fisher's exact test, and
        ``adjusted`` over the patterns. Empty where nothing is missing.

    Examples
    --------
    >>> rows = np.array([[1.0, np.nan], [2.0, 3.0], [4.0, 5.0], [np.nan, np.nan]])
    >>> one = MixedRows.of_numbers(rows, ("a", "b"))
    >>> other = MixedRows.of_numbers(rows[:3], ("a", "b"))
    >>> missing_patterns(one, other, "holm")[["missing", "real_share", "generated_share"]].round(2)
      missing  real_share  generated_share
    0    a, b        0.25             0.00
    1       b        0.25             0.33
    """
    masks = [np.hstack([np.isnan(rows.numbers), rows.categories < 0]) for rows in (real, generated)]
    patterns, places = np.unique(np.concatenate(masks), axis=0, return_inverse=True)
    places = places.reshape(-1)
    rows = []
    for k, pattern in enumerate(patterns):
        if pattern.any():
            x, y = places[: len(real)] == k, places[len(real) :] == k
            names = ", ".join(name for name, out in zip(real.names, pattern, strict=True) if out)
            found = _of_holes(x, y)
            rows.append(
                {
                    "missing": names,
                    "real_share": found["real_missing"],
                    "generated_share": found["generated_missing"],
                    "pvalue": found["missing_pvalue"],
                }
            )
    heads = ("missing", "real_share", "generated_share", "pvalue")
    frame = pd.DataFrame(rows, columns=pd.Index(heads))
    frame["adjusted"] = adjusted_pvalues(frame["pvalue"], correction) if rows else []
    order = (frame["generated_share"] - frame["real_share"]).abs().sort_values(ascending=False)
    return frame.loc[order.index].reset_index(drop=True)
