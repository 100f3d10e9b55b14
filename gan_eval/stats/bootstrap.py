"""The bootstrap: resamples, their statistics, and the percentile interval of these.

A resample of n values can be kept as how often each was drawn. Statistics of sorted values are then
sums of weights, so that B resamples cost one sort and B · n additions, and infinite values, which a
diverged replicate has, need no care.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]
Counts = NDArray[np.integer]


@lru_cache(maxsize=4)
def resamples(n: int, count: int, seed: int) -> Counts:
    """Resample n values ``count`` times with replacement, and remember how often each is drawn.

    Returns
    -------
    ndarray of int32, shape (count + 1, n)
        Read-only. Row 0 is the sample itself, all ones; each row sums to n.

    Examples
    --------
    >>> counts = resamples(4, 100, 0)
    >>> counts.shape, counts[0].tolist(), bool((counts.sum(axis=1) == 4).all())
    ((101, 4), [1, 1, 1, 1], True)
    """
    counts = np.ones((count + 1, n), np.int32)
    counts[1:] = draw_counts(n, count, np.random.default_rng(seed))
    counts.flags.writeable = False
    return counts


def draws(n: int, count: int, rng: int | np.random.Generator) -> NDArray[np.int64]:
    """Draw ``count`` resamples of n rows with replacement, as row numbers of shape (count, n).

    Examples
    --------
    >>> import numpy as np
    >>> rows = np.array([1.0, 2.0, 4.0])
    >>> means = rows[draws(3, 500, 0)].mean(axis=1)
    >>> means.shape, bool(means.min() >= 1.0), bool(means.max() <= 4.0)
    ((500,), True, True)
    """
    return np.random.default_rng(rng).integers(n, size=(count, n))


def draw_counts(n: int, count: int, rng: int | np.random.Generator) -> Counts:
    """Count how often each of n rows is in each of ``draws``, shape (count, n).

    Examples
    --------
    >>> draw_counts(3, 5, 0).sum(axis=1).tolist()
    [3, 3, 3, 3, 3]
    """
    drawn = draws(n, count, rng) + n * np.arange(count)[:, None]
    return np.bincount(drawn.ravel(), minlength=count * n).reshape(count, n)


def quantiles(values: ArrayLike, counts: Counts, q: float) -> Array:
    """Return a quantile of every resample, shape (B,), by linear interpolation (Hyndman & Fan's
    type 7, NumPy's default); between a finite value and ∞ it is ∞.

    ``values`` has shape (n,), ``counts`` (B, n); no value may be NaN.

    Examples
    --------
    >>> medians = quantiles([1.0, 2.0, 4.0], resamples(3, 100, 0), 0.5)
    >>> float(medians[0]), bool(medians.max() <= 4)
    (2.0, True)
    """
    ordered, passed = _sorted(values, counts)
    position = q * (passed[:, -1] - 1)
    low = np.floor(position).astype(np.int64)
    part = position - low
    # The value of rank k (from 0) is the first that is passed by more than k draws.
    below, above = (
        ordered[(passed <= rank[:, None]).sum(axis=1)]
        for rank in (low, np.minimum(low + 1, passed[:, -1] - 1))
    )
    with np.errstate(invalid="ignore"):  # ∞ − ∞ and 0 · ∞, which are not used
        between = below + part * (above - below)
    return np.where((part == 0) | (below == above), below, between)


def interquartile_means(values: ArrayLike, counts: Counts) -> Array:
    """Return the interquartile mean of every resample, shape (B,): without the lowest and the
    highest ⌊n/4⌋ of its n draws (Agarwal et al. 2021; SciPy's ``trim_mean`` at 0.25).

    ``values`` has shape (n,), ``counts`` (B, n). It is infinite where infinite values remain.

    Examples
    --------
    >>> float(interquartile_means([1.0, 2.0, 4.0, 100.0], resamples(4, 100, 0))[0])
    3.0
    """
    ordered, passed = _sorted(values, counts)
    n = passed[:, -1:]
    cut = n // 4
    # How many draws of each value are neither among the lowest nor the highest.
    kept = np.diff(np.clip(passed, cut, n - cut), axis=1, prepend=cut)
    finite = np.isfinite(ordered)
    total = kept[:, finite] @ ordered[finite]
    reached = (kept[:, ~finite] > 0).any(axis=1)
    return np.where(reached, np.inf, total / (n - 2 * cut)[:, 0])


def wins(first: ArrayLike, second: ArrayLike, counts: Counts) -> Array:
    """P(a value of ``first`` is below one of ``second``) of every resample, shape (B,), ties half.

    Every value against every other, as the probability of improvement takes independent runs
    (Agarwal et al. 2021, section 4.3; the Mann–Whitney statistic by n²). Both have shape (n,) and
    are resampled together, by the same ``counts``.

    Examples
    --------
    >>> float(wins([1.0, 2.0], [2.0, 3.0], resamples(2, 100, 0))[0])
    0.875
    """
    a, b = np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)
    ordered, passed = _sorted(b, counts)
    passed = np.hstack([np.zeros((len(counts), 1), np.int64), passed])
    below, upto = (passed[:, np.searchsorted(ordered, a, side)] for side in ("left", "right"))
    n = passed[:, -1:]
    above = n - (below + upto) / 2
    return (counts * above).sum(axis=1) / (n[:, 0].astype(np.float64) ** 2)


def shares_within(values: ArrayLike, counts: Counts, thresholds: ArrayLike) -> Array:
    """Return the share of every resample's draws that are at most each threshold, shape (B, t).

    Examples
    --------
    >>> shares_within([1.0, 2.0, 4.0, 9.0], resamples(4, 100, 0), [2.0, 5.0])[0].tolist()
    [0.5, 0.75]
    """
    ordered, passed = _sorted(values, counts)
    passed = np.hstack([np.zeros((len(counts), 1), np.int64), passed])
    return passed[:, np.searchsorted(ordered, thresholds, "right")] / passed[:, -1:]


def with_bounds(name: str, statistics: ArrayLike, confidence: float = 0.95) -> dict[str, float]:
    """Return the sample's own statistic, and ``_low`` and ``_high`` by percentiles of the
    resamples'.

    Examples
    --------
    >>> import numpy as np
    >>> with_bounds("median", np.arange(101.0), 0.9)
    {'median': 0.0, 'median_low': 6.0, 'median_high': 95.0}
    """
    found = np.asarray(statistics, dtype=np.float64)
    low, high = percentile_interval(found[1:], (1 - confidence) / 2)
    return {name: float(found[0]), f"{name}_low": low, f"{name}_high": high}


def percentile_interval(
    statistics: ArrayLike,
    tail: float = 0.025,
    method: Literal["occurred", "linear", "inverted_cdf"] = "occurred",
) -> tuple[float, float]:
    """Return the bootstrap's percentile interval; NaN bounds where a resample has no statistic.

    Parameters
    ----------
    statistics : array_like, shape (B,)
        Of the resamples, in any order; infinite values are allowed, but for ``"linear"``.
    tail : float
        The share of the resamples to leave out on each side: 0.025 for 95 %.
    method : {"occurred", "linear", "inverted_cdf"}
        ``"occurred"`` leaves out ⌊tail · B⌋ values on each side, so that a bound is a value that
        occurred. The others are those of ``numpy.quantile``.

    Examples
    --------
    >>> import numpy as np
    >>> percentile_interval(range(100), 0.05)
    (5.0, 94.0)
    >>> percentile_interval([1.0, np.inf, np.inf])
    (1.0, inf)
    >>> percentile_interval(range(101), 0.05, "linear")
    (5.0, 95.0)
    """
    found = np.sort(np.asarray(statistics, dtype=np.float64))
    if found.size == 0 or np.isnan(found[-1]):
        return (np.nan, np.nan)
    if method != "occurred":
        low, high = np.quantile(found, [tail, 1 - tail], method=method)
        return (float(low), float(high))
    # The small number is against a product such as 4.999…, which is meant to be 5.
    outside = int(np.floor(tail * found.size + 1e-9))
    return (float(found[outside]), float(found[-1 - outside]))


def _sorted(values: ArrayLike, counts: Counts) -> tuple[Array, Counts]:
    """Return the sorted values (n,), and how many draws each resample has up to each of them (B,
    n)."""
    flat = np.asarray(values, dtype=np.float64)
    order = np.argsort(flat, kind="stable")
    return flat[order], np.cumsum(counts[:, order], axis=1)
