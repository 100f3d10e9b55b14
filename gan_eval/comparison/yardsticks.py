"""What real against real gives: beside each distance, the range of two parts of the real table."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.spatial.distance import cdist

from gan_eval.pages.blocks import Table
from gan_eval.pages.numbers import count, interval, number
from gan_eval.runtime.documents import json_ready
from gan_eval.runtime.errors import CannotTestError
from gan_eval.stats.kernels.kernels import median_bandwidth
from gan_eval.stats.mixed import MixedRows, embed, imputed
from gan_eval.stats.permutation.labels import Labels, permutation_labels
from gan_eval.stats.samples import Array
from gan_eval.stats.scaling import ColumnScales
from gan_eval.stats.twosample.frechet import Moments, distance_of_moments

if TYPE_CHECKING:
    from gan_eval.comparison.distances import Distance

SPLITS = 200
PAIRED_ROWS, COUNTED_ROWS = 2_000, 20_000
"""Real rows that are split for distances of pairs of rows, and of means and covariances; of more,
so many are drawn."""

FEWEST_ROWS = 8
_SINGULAR = 1e-12


@dataclass(frozen=True)
class Range:
    """Where a distance of two real tables of these sizes lies.

    Attributes
    ----------
    median : float
    low, high : float
        Nineteen of twenty are between them. For an estimate without bias ``low`` is below 0.
    """

    median: float
    low: float
    high: float


@dataclass(frozen=True, eq=False)
class Ranges:
    """The ranges of all distances, by the names that :mod:`gan_eval.comparison.distances` has.

    Attributes
    ----------
    ranges : mapping of str to Range
        ``frechet_standardised``, ``frechet``, ``frechet_uncorrected``, ``hotelling``, ``energy``,
        ``mmd``; ``largest_shift``, of any direction; and ``variance_ratio``, the most unequal one
        of any direction, either way round, so that it is at least 1. Those of means and
        covariances are missing where the real rows are too few or dependent.
    n, m : int
        The sizes they are for.
    splits : int
    rows : int
        The real rows that were split, of means and covariances.
    paired_rows : int
        Likewise, of energy and MMD².
    """

    ranges: Mapping[str, Range]
    n: int
    m: int
    splits: int
    rows: int
    paired_rows: int

    def to_dict(self) -> dict[str, Any]:
        """Return the ranges, ready for JSON."""
        sizes = {name: getattr(self, name) for name in ("n", "m", "splits", "rows", "paired_rows")}
        return json_ready(sizes | {name: asdict(one) for name, one in self.ranges.items()})


def real_against_real(
    real: MixedRows | Array, n: int, m: int, *, splits: int = SPLITS, rng: np.random.Generator
) -> Ranges:
    """Find how far apart two real tables of n and m rows are, by splits of one.

    Parameters
    ----------
    real : MixedRows, or ndarray of shape (N, d)
        At least 8 rows; numbers as they are given, in which no column is constant. Distances of
        points are those of :func:`~gan_eval.stats.mixed.embed`, the others of the numbers alone.
    n, m : int
        Rows of the real and of the generated sample.
    splits : int
    rng : numpy.random.Generator
        Of the rows drawn and the splits.

    Returns
    -------
    Ranges

    Raises
    ------
    CannotTestError
        For fewer than 8 real rows.

    Notes
    -----
    Each split parts the real rows at random into two of sizes n₁ : m₁ = n : m, as far as both parts
    stay large enough for covariances. Under equal distributions squared distances are, to first
    order, squares of a mean of noise whose covariance has the factor 1/n + 1/m: so they are
    multiplied by (1/n + 1/m) / (1/n₁ + 1/m₁), and roots and logarithms of variance ratios by its
    root. Splits without replacement have exactly this factor, though the two parts make up one
    table. The Fréchet distance without bias is the one with bias less its mean over the splits.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> found = real_against_real(rng.normal(size=(400, 2)), 400, 400, rng=rng)
    >>> found.ranges["energy"].high < 0.03
    True
    """
    mixed = real if isinstance(real, MixedRows) else MixedRows.of_numbers(real)
    if len(mixed) < FEWEST_ROWS:
        raise CannotTestError(
            f"parts of the real rows need at least {FEWEST_ROWS} of them, got {len(mixed)}"
        )
    counted = _drawn(mixed, COUNTED_ROWS, rng)
    paired = _drawn(counted, PAIRED_ROWS, rng)
    points, numbers = embed(paired)[0], imputed(counted)[0]
    found: dict[str, Array] = {}
    if numbers.shape[1]:
        sizes = _sizes(len(numbers), n, m, numbers.shape[1])
        labels = permutation_labels(*sizes, splits, rng)
        found |= _of_moments(numbers, labels, _factor(n, m, *sizes), (n, m))
    sizes = _sizes(len(points), n, m, points.shape[1])
    labels = permutation_labels(*sizes, splits, rng)
    found |= _of_pairs(points, labels, _factor(n, m, *sizes))
    ranges = {
        name: Range(*map(float, np.quantile(values, (0.5, 0.025, 0.975), method="weibull")))
        for name, values in found.items()
    }
    return Ranges(ranges, n, m, splits, len(counted), len(paired))


def _drawn(rows: MixedRows, most: int, rng: np.random.Generator) -> MixedRows:
    if len(rows) <= most:
        return rows
    return rows.take(np.sort(rng.choice(len(rows), most, replace=False)))


def _sizes(rows: int, n: int, m: int, d: int) -> tuple[int, int]:
    """Part rows as n : m, neither part smaller than its covariance needs, if both can be."""
    least = min(rows // 2, 2 * d + 10)
    first = min(max(round(rows * n / (n + m)), least), rows - least)
    return first, rows - first


def _factor(n: int, m: int, first: int, second: int) -> float:
    return (1 / n + 1 / m) / (1 / first + 1 / second)


def _of_pairs(points: Array, labels: Labels, factor: float) -> dict[str, Array]:
    """Find energy (over all pairs) and MMD² (over pairs of different rows), as the tests do."""
    squared = np.asarray(cdist(points, points, "sqeuclidean"), np.float64)
    width = median_bandwidth(points)
    within, within_other, across, sizes = _means(np.sqrt(squared), labels)
    energy = 2 * across - within * (1 - 1 / sizes[0]) - within_other * (1 - 1 / sizes[1])
    squared *= -0.5 / width**2
    within, within_other, across, _ = _means(-np.expm1(squared, out=squared), labels)
    return {
        "energy": factor * energy,
        "mmd": factor * (2 * across - within - within_other),
    }


def _means(apart: Array, labels: Labels) -> tuple[Array, Array, Array, tuple[int, int]]:
    """Average a matrix (N, N) with diagonal 0 over pairs within both groups, and across."""
    chosen = labels.astype(np.float64)
    n = int(labels[0].sum())
    m = len(apart) - n
    rows = apart.sum(axis=1)
    inner = ((chosen @ apart) * chosen).sum(axis=1)
    across = chosen @ rows - inner
    outer = rows.sum() - 2 * across - inner
    return inner / (n * (n - 1)), outer / (m * (m - 1)), across / (n * m), (n, m)


def _of_moments(
    numbers: Array, labels: Labels, factor: float, given: tuple[int, int]
) -> dict[str, Array]:
    """Find the distances of means and covariances."""
    scales = ColumnScales.of(numbers)
    rows = scales(numbers)
    rows -= rows.mean(axis=0)
    deviations = rows.std(axis=0)
    units = np.where(deviations > 0, deviations, 1.0)
    rows /= units
    both = _moments(rows, labels)
    d = rows.shape[1]
    biased = distance_of_moments(*both)
    with np.errstate(over="ignore", under="ignore"):
        original = units * np.ldexp(1.0, scales.exponents)
        plain = distance_of_moments(*(_scaled(one, original) for one in both))
    found = {
        "frechet_standardised": factor * (biased - biased.mean()),
        "frechet": factor * (plain - plain.mean()),
        "frechet_uncorrected": factor * plain,
    }
    if not np.isfinite(plain).all():
        del found["frechet"], found["frechet_uncorrected"]
    n, m = int(labels[0].sum()), int((~labels[0]).sum())
    spread = np.linalg.eigvalsh(rows.T @ rows)
    if min(n, m) <= d + 1 or spread[0] <= _SINGULAR * spread[-1]:
        return found
    (mean, covariance), (other, second) = both  # whose sizes are n and m
    shift = (other - mean)[:, :, None]
    within = ((n - 1) * covariance + (m - 1) * second) / (n + m - 2)
    squared = (shift * np.linalg.solve(within, shift)).sum(axis=(1, 2))
    # Without bias, as the estimate of the test, whose own bias is that of its sizes.
    unbiased = (n + m - d - 3) / (n + m - 2) * squared * n * m / (n + m) - d
    found["hotelling"] = np.sqrt(np.maximum(unbiased, 0.0) * (1 / given[0] + 1 / given[1]))
    middle = np.linalg.solve((covariance + second) / 2, shift)
    found["largest_shift"] = np.sqrt(factor * (shift * middle).sum(axis=(1, 2)))
    lower = np.linalg.inv(np.linalg.cholesky(covariance))
    ratios = np.linalg.eigvalsh(lower @ second @ np.swapaxes(lower, 1, 2))
    logarithms = np.abs(np.log(np.maximum(ratios, np.finfo(np.float64).tiny))).max(axis=1)
    found["variance_ratio"] = np.exp(math.sqrt(factor) * logarithms)
    return found


def _scaled(moments: Moments, units: Array) -> Moments:
    return moments[0] * units, moments[1] * (units[:, None] * units)


def _moments(rows: Array, labels: Labels) -> tuple[Moments, Moments]:
    """Return means (k, d) and covariances (k, d, d) of both groups; the rows (N, d) have mean 0."""
    chosen = labels.astype(np.float64)
    d, n = rows.shape[1], int(labels[0].sum())
    m = len(rows) - n
    sums = chosen @ rows
    products = np.empty((len(labels), d, d))
    for i in range(d):
        products[:, i, i:] = chosen @ (rows[:, i:] * rows[:, i : i + 1])
        products[:, i:, i] = products[:, i, i:]
    rest = rows.T @ rows - products
    products -= sums[:, :, None] * sums[:, None, :] / n
    rest -= sums[:, :, None] * sums[:, None, :] / m
    return (sums / n, products / (n - 1)), (-sums / m, rest / (m - 1))


def sentence(found: Range, estimate: float) -> str:
    """Set a distance beside its range.

    Examples
    --------
    >>> sentence(Range(0.3, 0.2, 0.4), 1.11).replace(chr(160), " ")
    '1.11, where two such parts of the real table are 0.20 to 0.40 apart'
    """
    return (
        f"{number(max(estimate, 0.0))}, where two such parts of the real table are "
        f"{ends(found)} apart"
    )


def table(found: Ranges, distances: Sequence[Distance]) -> Table:
    """Set each distance beside what real against real gives."""
    rows = [
        (
            one.words,
            number(max(one.estimate, 0.0)),
            ends(found.ranges[one.name]),
            _place(found.ranges[one.name], one.estimate),
        )
        for one in distances
        if one.name in found.ranges and not math.isnan(one.estimate)
    ]
    caption = (
        f"Distances beside those of two parts of the real table (95 % of {found.splits} splits of "
        f"{count(found.rows)} rows, brought to {count(found.n)} and {count(found.m)} rows)"
    )
    return Table(caption, ("distance", "estimate", "real against real", "which is"), rows)


def ends(found: Range) -> str:
    """Write where such a distance lies; no distance is below 0."""
    return interval(max(found.low, 0.0), max(found.high, 0.0), 2)


def _place(found: Range, estimate: float) -> str:
    if estimate > found.high:
        return "more"
    return "less" if estimate < found.low else "no more"
