"""Tests by a kernel whose expectation over the target is known, with their bootstraps.

For a kernel k and the target P let h(x, y) = k(x, y) − μ(x) − μ(y) + c with μ(x) = E k(x, Y) and
c = E k(Y, Y'), Y and Y' ~ P. Its mean over pairs of rows estimates a squared distance of their law
from P. Energy, MMD and Stein's discrepancy are three choices of k.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol

import numpy as np

from gan_eval.distributions.target import GaussianTarget
from gan_eval.runtime.errors import CannotTestError, UsageError
from gan_eval.stats.permutation.engine import resampled_pvalue
from gan_eval.stats.result import TestResult
from gan_eval.stats.samples import LARGEST_EXPONENT, Array
from gan_eval.stats.scaling import target_units

# Height and width of the blocks in which the matrix of pairs is computed. A block stays below
# 128 KiB, above which the C library asks the system for fresh pages each time.
_HEIGHT, _WIDTH = 96, 160
# Signs of the wild bootstrap that are multiplied at once.
_SIGNS = 256
# Two values this near, relative to the statistic and to the size of the null, are equal but for
# rounding.
_TIE = 1e-10
# Means of a kernel are off by such a share of its size.
ROUNDING = 2.0**-48


class TargetKernel(Protocol):
    """A kernel and a target. Hashable: equal kernels have equal nulls.

    ``entries`` gives k of each row of left (p, c) with each row of right (q, c), shape (p, q);
    ``diagonal`` k(x, x) and ``mean`` μ(x) of each row, shape (n,); ``grand_mean`` is c. ``draw``
    draws rows of the target as the others take them: its ``dimension`` coordinates, and what else
    the kernel knows of each row.
    """

    @property
    def dimension(self) -> int: ...
    def draw(self, n: int, generator: np.random.Generator) -> Array: ...
    def entries(self, left: Array, right: Array) -> Array: ...
    def diagonal(self, rows: Array) -> Array: ...
    def mean(self, rows: Array) -> Array: ...
    @property
    def grand_mean(self) -> float: ...


@dataclass(frozen=True)
class PrincipalTarget:
    """The target N(0, diag deviations²), by its standard deviations, one a coordinate."""

    deviations: tuple[float, ...]

    @property
    def dimension(self) -> int:
        """d, the number of coordinates."""
        return len(self.deviations)

    def draw(self, n: int, generator: np.random.Generator) -> Array:
        """Draw n independent rows (n, d)."""
        return generator.standard_normal((n, self.dimension)) * self.deviations


@dataclass(frozen=True)
class Discrepancy:
    """The means of h over pairs of rows.

    Attributes
    ----------
    unbiased : float
        Over pairs of distinct rows: a U-statistic with mean 0 under the target.
    biased : float
        Over all pairs: a V-statistic, never negative but for rounding.
    diagonal : float
        The mean of h(x, x): what ``biased`` would be, if all rows were one point.
    """

    unbiased: float
    biased: float
    diagonal: float


def principal(
    x: Array, target: GaussianTarget, whiten: bool
) -> tuple[Array, tuple[float, ...], float]:
    """Return x in coordinates in which the target is N(0, diag deviations²), those, and their unit.

    Whitened, all deviations are 1. Otherwise x is moved and turned, which changes no distance, and
    divided by the unit, a power of two near the target's largest deviation.
    """
    scales, truth = target_units(target)
    if whiten:
        turned = np.linalg.solve(truth.factor.T, scales(x).T).T
        deviations, exponent = np.ones(target.dimension), 0
    else:
        exponent = int(scales.exponents.max())
        _, deviations, axes = np.linalg.svd(np.ldexp(target.A, -exponent))
        turned = np.ldexp(x - target.b, -exponent) @ axes.T
    largest = float(np.abs(turned).max())
    if not largest <= 2.0**LARGEST_EXPONENT:
        raise UsageError(
            f"x must lie within 2^{LARGEST_EXPONENT} deviations of the target's mean, "
            f"got {largest:g}"
        )
    turned = np.ascontiguousarray(turned, dtype=np.float64)
    return turned, tuple(deviations.tolist()), 2.0**exponent


def length_in(unit: float, length: float, name: str) -> float:
    """Convert a length that the user gives to this unit; refused where its square would be lost."""
    if abs(math.frexp(length)[1] - math.frexp(unit)[1]) > LARGEST_EXPONENT:
        raise UsageError(
            f"{name} must be within a factor of 2^{LARGEST_EXPONENT} of the target's deviations, "
            f"which are near {unit:.2g}, got {length:g}"
        )
    return length / unit


def discrepancy(kernel: TargetKernel, rows: Array) -> Discrepancy:
    """Return the means of h over the pairs of rows (n, d), by blocks, in O(n) memory."""
    n = len(rows)
    diagonal = float(kernel.diagonal(rows).sum())
    apart = 0.0
    for left, right in _blocks(n):
        block = kernel.entries(rows[left], rows[right])
        if left == right:
            # Not subtracted from the sum: for a row far off it may be larger than all the rest.
            np.fill_diagonal(block, 0.0)
            apart += float(block.sum())
        else:
            apart += 2 * float(block.sum())
    centre = kernel.grand_mean - 2 * float(kernel.mean(rows).mean())
    return Discrepancy(
        apart / (n * (n - 1)) + centre, (apart + diagonal) / n**2 + centre, diagonal / n + centre
    )


def kernel_test(
    method: str,
    kernel: TargetKernel,
    rows: Array,
    start: float,
    *,
    resamples: int,
    rng: int | np.random.Generator | None,
    factor: float = 1.0,
    biased: bool = False,
    wild: bool = False,
    parameters: Mapping[str, str | float],
) -> TestResult:
    """Test rows (n, d), and report it in units of ``factor``; the statistic of the biased mean is
    n times it.

    The null comes by random signs where it is ``wild``, else by samples of n rows of the target
    itself, whose level is exact for every n. Such null values are a function of the kernel, n and
    the random numbers only. For an integer seed they are remembered, so that many samples of one
    size cost one simulation; their p-values then share it.
    """
    n, observed = len(rows), discrepancy(kernel, rows)
    if wild:
        null = _wild_bootstrap(kernel, rows, resamples, np.random.default_rng(rng))
    elif isinstance(rng, int):
        null = _remembered(kernel, n, biased, resamples, rng).copy()
    else:
        null = _simulate(kernel, n, biased, resamples, np.random.default_rng(rng))
    value = observed.biased if biased else observed.unbiased
    # The size of the means of the kernel, which cancel in the value.
    size = abs(kernel.grand_mean)
    if not np.isfinite(value) or np.abs(null - value).max() <= ROUNDING * size:
        raise CannotTestError(
            f"x cannot be put to this test: its statistic is {value:g}, and rounding is as "
            "large as the differences between samples of the target"
        )
    width = _TIE * (abs(value) + float(np.median(np.abs(null))))
    null[np.abs(null - value) <= width] = value
    unit = factor * (n if biased else 1)
    return TestResult(
        method=method,
        statistic=unit * value,
        pvalue=resampled_pvalue(value, null),
        null_distribution=unit * null,
        estimate=factor * value,
        n=n,
        m=None,
        dimension=kernel.dimension,
        seconds=time.perf_counter() - start,
        parameters={**parameters, "null": f"{'wild' if wild else 'parametric'} bootstrap"},
        effect_size=observed.unbiased / observed.diagonal,
    )


def _wild_bootstrap(
    kernel: TargetKernel, rows: Array, resamples: int, generator: np.random.Generator
) -> Array:
    """Draw Σ w_i w_j h(x_i, x_j) / (n(n − 1)), i ≠ j, w random signs: a null of the unbiased mean.

    Its level is right for n → ∞ only (Chwialkowski, Strathmann & Gretton 2016, §4).
    """
    n = len(rows)
    signs = generator.integers(0, 2, size=(resamples, n), dtype=np.int8) * 2 - 1
    means = kernel.mean(rows)
    values = np.zeros(resamples)
    for left, right in _blocks(n):
        block = kernel.entries(rows[left], rows[right])
        block += kernel.grand_mean - means[left, None] - means[right]
        if left == right:
            np.fill_diagonal(block, 0.0)
        else:
            block *= 2
        for start in range(0, resamples, _SIGNS):
            some = signs[start : start + _SIGNS]
            products = some[:, right].astype(np.float64) @ block.T
            values[start : start + _SIGNS] += (products * some[:, left]).sum(axis=1)
    return values / (n * (n - 1))


def squared_distances(left: Array, right: Array) -> Array:
    """Return ‖x − y‖² of each row of left with each row of right, without cancellation."""
    # Imported here: it costs more than all else that this package imports.
    from scipy.spatial.distance import cdist

    return np.asarray(cdist(left, right, "sqeuclidean"), dtype=np.float64)


@lru_cache(maxsize=64)
def _remembered(kernel: TargetKernel, n: int, biased: bool, resamples: int, seed: int) -> Array:
    return _simulate(kernel, n, biased, resamples, np.random.default_rng(seed))


def _simulate(
    kernel: TargetKernel, n: int, biased: bool, resamples: int, generator: np.random.Generator
) -> Array:
    found = (discrepancy(kernel, kernel.draw(n, generator)) for _ in range(resamples))
    return np.array([value.biased if biased else value.unbiased for value in found])


def _blocks(n: int) -> Iterator[tuple[slice, slice]]:
    """Return rows and columns of the upper half of the pairs; square blocks on the diagonal."""
    for top in range(0, n, _HEIGHT):
        bottom = min(top + _HEIGHT, n)
        yield slice(top, bottom), slice(top, bottom)
        for start in range(bottom, n, _WIDTH):
            yield slice(top, bottom), slice(start, min(start + _WIDTH, n))
