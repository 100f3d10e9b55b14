"""The classical statistics of two samples with p-values by permutation, exact for every
distribution.

The laws of Hotelling's T², Box's M and the likelihood ratio are known for Gaussians only. Under
heavier tails the last two reject equal distributions far too often, under lighter ones too rarely.
Their statistics remain good measures of how far means and covariances lie apart, and permutation
tells how large they become by chance.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from gan_eval.runtime.arguments import draw_count, random_generator
from gan_eval.runtime.errors import CannotTestError, UsageError
from gan_eval.stats import samples
from gan_eval.stats.permutation.engine import EXACT_ROWS, NullDistribution
from gan_eval.stats.permutation.labels import Array, Labels
from gan_eval.stats.permutation.null import NullLabels
from gan_eval.stats.permutation.units import Units
from gan_eval.stats.result import TestResult
from gan_eval.stats.samples import LARGEST_EXPONENT
from gan_eval.stats.scaling import ColumnScales, naming, nearest_rows, squeezed
from gan_eval.stats.twosample import classical
from gan_eval.stats.twosample.classical import Scatters, has_tight_groups

# From the means and second moments of group x, n and m.
Statistic = Callable[[Array, Array, int, int], Array]

MOST_COLUMNS = 128
"""Each permutation costs a product of (n + m) d² for the covariances, which grows too dear."""

_CHUNK_ENTRIES = 2**24
# Statistics that agree so far are ties: they are sums of n + m products in float64.
_TIE = 1e-9
# The same where each labelling is evaluated from the rows.
_TIE_DIRECT = 1e-11
# A group's ln |Σ| from which it may be flat, and the ratio of variances at which it is: no group
# is nearly flat without being so (has_tight_groups).
_SMALL, _FLAT = -10.0, 1e-11


def likelihood_ratio_permutation_test(
    x: Any,
    y: Any,
    *,
    groups: Any = None,
    permutations: int = 999,
    rng: int | np.random.Generator | None = None,
) -> TestResult:
    """Test for equal means and covariances by the likelihood ratio, with a permutation p-value.

    The statistic is that of :func:`~gan_eval.stats.twosample.classical.likelihood_ratio_test`.

    Parameters
    ----------
    x, y : array of shape (n, d) and (m, d), or (n,) and (m,)
        NumPy, torch or pandas; n > d, m > d, at most ``MOST_COLUMNS`` columns.
    groups : (list, list), optional
        As in :func:`~gan_eval.stats.twosample.mmd.mmd_test`: whole groups of rows are exchanged,
        and there is no interval. Above 20,000 pooled rows, bundles of rows are permuted
        (:mod:`~gan_eval.stats.permutation.units`).
    permutations : int
    rng : None, int or numpy.random.Generator

    Returns
    -------
    TestResult
        As of the classical test but for ``pvalue``, ``null_distribution`` and ``method``.

    Raises
    ------
    UsageError
        For input that cannot be used, or a singular sample covariance.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> x, y = rng.standard_normal((40, 2)), rng.standard_normal((50, 2)) + 1
    >>> likelihood_ratio_permutation_test(x, y, rng=0).pvalue
    0.001
    """
    return _permuted("likelihood_ratio", x, y, groups, permutations, rng)


def box_m_permutation_test(
    x: Any,
    y: Any,
    *,
    groups: Any = None,
    permutations: int = 999,
    rng: int | np.random.Generator | None = None,
) -> TestResult:
    """Test for equal covariances by Box's M, with a permutation p-value.

    The statistic is that of :func:`~gan_eval.stats.twosample.classical.box_m_test`.

    Parameters and results as of :func:`likelihood_ratio_permutation_test`. What is permuted are the
    rows as they are: the null hypothesis is equal distributions, not equal covariances of laws that
    differ in their means.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> x, y = rng.standard_normal((40, 2)), rng.standard_normal((50, 2)) + 1
    >>> box_m_permutation_test(x, 2 * y, rng=0).pvalue < 0.01
    True
    """
    return _permuted("box_m", x, y, groups, permutations, rng)


def hotelling_permutation_test(
    x: Any,
    y: Any,
    *,
    groups: Any = None,
    permutations: int = 999,
    rng: int | np.random.Generator | None = None,
) -> TestResult:
    """Test for equal means by Hotelling's T², with a permutation p-value.

    The statistic is that of :func:`~gan_eval.stats.twosample.classical.hotelling_test`.

    Parameters and results as of :func:`likelihood_ratio_permutation_test`, for any number of
    columns d < n + m − 1.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> x, y = rng.standard_normal((40, 2)), rng.standard_normal((50, 2)) + 1
    >>> hotelling_permutation_test(x, y, rng=0).pvalue
    0.001
    """
    return _permuted("hotelling", x, y, groups, permutations, rng)


def _permuted(
    name: str,
    x: Any,
    y: Any,
    groups: Any,
    permutations: int,
    rng: int | np.random.Generator | None,
) -> TestResult:
    classical_test, statistic = _STATISTICS[name]
    squares = name != "hotelling"
    pooled, n, m = samples.pooled_rows(x, y)
    draw = NullLabels.of("permutation", n, m, groups)
    permutations = draw_count(permutations, "permutations")
    generator = random_generator(rng)
    start = time.perf_counter()
    d = pooled.shape[1]
    if squares and d > MOST_COLUMNS:
        raise UsageError(
            f"x and y must have at most {MOST_COLUMNS} columns for a permutation test of their "
            f"covariances, got {d}"
        )
    with naming(samples.column_names(x, y, count=d)):
        found = classical_test(pooled[:n], pooled[n:])
    scaled = ColumnScales.of(pooled)(pooled)
    rows = _unit_covariance(scaled)
    tight = has_tight_groups(scaled, min(n, m)) or has_tight_groups(rows, min(n, m))

    bundles = draw.bundles(generator) if n + m > EXACT_ROWS and not tight else None
    sums = None if bundles is None else _unit_sums(rows, bundles, squares)

    def values_of(labels: Labels) -> Array:
        if tight:
            values = np.array([getattr(Scatters(scaled, row), name) for row in labels])
        elif sums is not None:
            values = statistic(*_of_units(sums, labels, n, rows.shape[1]), n, m)
        else:
            values = statistic(*_moments(rows, labels, squares), n, m)
        # Both groups flat: what cannot be weighed counts against rejection.
        return np.where(np.isnan(values), np.inf, values)

    observed = np.arange(n + m)[None] < n if bundles is None else bundles.in_x[None]
    null, first_value = NullDistribution(), values_of(observed)
    vanished = tight and nearest_rows(scaled, pooled) < 2.0**-LARGEST_EXPONENT
    if vanished or not np.isfinite(first_value[0]):
        raise CannotTestError(
            "these samples cannot be put to this test: a covariance is singular but for rounding"
        )
    width = (_TIE_DIRECT if tight else _TIE) * max(1.0, abs(float(first_value[0])))
    step = max(1, _CHUNK_ENTRIES // max(observed.shape[1], d * d))
    for done in range(0, permutations, step):
        labels = draw.of_x(min(step, permutations - done), generator, bundles)
        values = np.append(first_value, values_of(labels))
        null.add(values, np.concatenate([observed, labels]), width)
    outcome = null.outcome(lambda: squeezed(rows, pooled))
    return replace(
        found,
        method=f"{found.method}, by permutation",
        statistic=outcome.statistic,
        pvalue=outcome.pvalue,
        null_distribution=outcome.null_distribution,
        seconds=time.perf_counter() - start,
        parameters={"law": "permutation"},
        confidence_interval=None if draw.grouped else found.confidence_interval,
        rarest_split=(bundles or draw).rarest(pooled),
    )


def _unit_covariance(pooled: Array) -> Array:
    """Bring rows (N, d) of full rank to mean 0 and covariance I, nothing drawn in or refused.

    The classical statistics are the same before and after.
    """
    centred = pooled - pooled.mean(axis=0)
    centred /= np.abs(centred).max(axis=0)
    _, sizes, axes = np.linalg.svd(np.linalg.qr(centred, mode="r"))
    return centred @ (axes.T / sizes) * np.sqrt(len(pooled))


def _moments(rows: Array, labels: Labels, squares: bool) -> tuple[Array, Array]:
    """Return means (k, d) and, on request, second moments (k, d, d) of group x under k
    labellings."""
    weights = labels / labels.sum(axis=1, keepdims=True)
    means = weights @ rows
    d = rows.shape[1]
    if not squares:
        return means, np.empty((len(labels), 0, 0))
    products = np.empty((len(labels), d, d))
    for i in range(d):
        products[:, i, i:] = weights @ (rows[:, i:] * rows[:, i : i + 1])
        products[:, i:, i] = products[:, i, i:]
    return means, products


def _unit_sums(rows: Array, units: Units, squares: bool) -> Array:
    """Add up rows (N, d), and on request their products i ≤ j, over each unit: (units, …)."""
    order = np.argsort(units.of_rows, kind="stable")
    starts = np.cumsum(units.sizes) - units.sizes
    rows = rows[order]
    sums = [np.add.reduceat(rows, starts)]
    for i in range(rows.shape[1] if squares else 0):
        sums.append(np.add.reduceat(rows[:, i:] * rows[:, i : i + 1], starts))
    return np.concatenate(sums, axis=1)


def _of_units(sums: Array, labels: Labels, n: int, d: int) -> tuple[Array, Array]:
    """Return the same moments as :func:`_moments`, from the sums over the units of x."""
    found = labels.astype(np.float64) @ sums / n
    if found.shape[1] == d:
        return found, np.empty((len(labels), 0, 0))
    products, (first, second) = np.empty((len(labels), d, d)), np.triu_indices(d)
    products[:, first, second] = products[:, second, first] = found[:, d:]
    return found[:, :d], products


def _covariances(means: Array, products: Array, n: int, m: int) -> tuple[Array, Array]:
    """Return the covariances of both groups over n and m: together the pooled rows have mean 0 and
    covariance I."""
    outer = means[:, :, None] * means[:, None, :]
    second = ((n + m) * np.eye(means.shape[1]) - n * products) / m
    return products - outer, second - (n / m) ** 2 * outer


def _log_determinant(matrices: Array) -> Array:
    """Return ln |Σ|; −∞ where a group is flat but for rounding."""
    sign, value = np.linalg.slogdet(matrices)
    value[sign <= 0] = -np.inf
    small = np.flatnonzero(np.isfinite(value) & (value < _SMALL))
    if small.size:
        axes = np.linalg.eigvalsh(matrices[small])
        value[small[axes[:, 0] <= _FLAT * axes[:, -1]]] = -np.inf
    return value


def _likelihood_ratio(means: Array, products: Array, n: int, m: int) -> Array:
    first, second = _covariances(means, products, n, m)
    return -n * _log_determinant(first) - m * _log_determinant(second)


def _box_m(means: Array, products: Array, n: int, m: int) -> Array:
    first, second = _covariances(means, products, n, m)
    pooled = (n * first + m * second) / (n + m - 2)
    value = (n + m - 2) * _log_determinant(pooled)
    with np.errstate(invalid="ignore"):
        value -= (n - 1) * _log_determinant(first * n / (n - 1))
        value -= (m - 1) * _log_determinant(second * m / (m - 1))
    return value


def _hotelling(means: Array, products: Array, n: int, m: int) -> Array:
    # With total covariance I, T² = (n + m − 2) h / (1 − h), h = n/m · x̄ᵀx̄.
    h = n / m * (means**2).sum(axis=1)
    with np.errstate(divide="ignore"):
        return (n + m - 2) * h / np.where(1 - h > _FLAT, 1 - h, 0.0)


_STATISTICS: dict[str, tuple[Callable[[Any, Any], TestResult], Statistic]] = {
    "likelihood_ratio": (classical.likelihood_ratio_test, _likelihood_ratio),
    "box_m": (classical.box_m_test, _box_m),
    "hotelling": (classical.hotelling_test, _hotelling),
}
