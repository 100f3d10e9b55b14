"""Sliced Wasserstein distance: between two samples, and the permutation test of it."""

from __future__ import annotations

import math
import time
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from gan_eval.runtime.arguments import draw_count, random_generator, torch_device
from gan_eval.runtime.errors import UsageError
from gan_eval.runtime.threads import in_order
from gan_eval.stats.permutation.engine import LOST_SHARE, permutation_outcome, tie_width
from gan_eval.stats.permutation.labels import Array, Labels
from gan_eval.stats.permutation.null import NullLabels
from gan_eval.stats.result import TestResult
from gan_eval.stats.samples import Pooled
from gan_eval.stats.scaling import nearest_rows

if TYPE_CHECKING:
    from torch import Tensor


# About this many entries of (rows, labellings) are worked on at a time: what a cache holds. For
# order 1 they are of so many labellings.
CHUNK_ENTRIES = 2**16
WIDTH = 64
# Sums in float64 are off by such a share.
ROUNDING = 2.0**-50


def sliced_wasserstein(
    x: Any,
    y: Any,
    *,
    order: int = 1,
    projections: int = 100,
    rng: int | np.random.Generator | None = None,
    device: str = "cpu",
) -> float:
    """Return the sliced Wasserstein distance between two samples.

    Parameters and conventions as in :func:`sliced_wasserstein_test`, of which this is the
    ``statistic`` for the same seed.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> x, y = rng.standard_normal((40, 2)), rng.standard_normal((50, 2)) + 1
    >>> from gan_eval.stats.twosample import sliced_wasserstein
    >>> round(sliced_wasserstein(x, x + 1, projections=1000, rng=0), 1)
    0.9
    >>> sliced_wasserstein([0.0, 1.0], [2.0, 3.0])
    2.0
    """
    samples = Pooled.of(x, y)
    order, projections = _order(order), draw_count(projections, "projections")
    generator = random_generator(rng)
    device = torch_device(device)
    directions = random_directions(samples.dimension, projections, generator)
    rows = samples.points - np.median(samples.points, axis=0)
    powers = _powers(rows, directions, samples.in_x[None], order, device)
    return float(powers.mean() ** (1 / order)) * samples.unit()


def sliced_wasserstein_test(
    x: Any,
    y: Any,
    *,
    order: int = 1,
    projections: int = 100,
    groups: Any = None,
    permutations: int = 999,
    rng: int | np.random.Generator | None = None,
    device: str = "cpu",
) -> TestResult:
    """Test whether two samples come from one distribution, by sliced Wasserstein distance and
    permutation.

    Parameters
    ----------
    x, y : array of shape (n, d) and (m, d), or (n,) and (m,)
        NumPy, torch or pandas; at least 2 rows each.
    order : {1, 2}
        p of the Wasserstein distances.
    projections : int
        Random directions, at least 1, uniform on the sphere; with d = 1 there is but one.
    groups : (list, list), optional
        As in :func:`~gan_eval.stats.twosample.mmd.mmd_test`: whole groups of rows are exchanged.
    permutations : int
        Permutations of the pooled rows, at least 1.
    rng : None, int or numpy.random.Generator
        Source of the directions and then of the permutations; the same seed gives the same p-value.
    device : str
        Torch device that does the arithmetic.

    Returns
    -------
    TestResult
        ``statistic`` and ``estimate`` are both SW_p = (mean over directions θ of W_p(θx, θy)^p)^1/p
        in the units of the data, W_p the exact distance between the projected samples.
        ``parameters["projection_error"]`` is its standard error from drawing finitely many
        directions, for these two samples: 0 with d = 1, NaN with a single direction.
        ``effect_size`` is SW_p in units of the projections' standard deviation within the samples
        (root of the mean variance over directions), NaN where that is 0.

    Raises
    ------
    UsageError
        For input or options that cannot be used.

    Notes
    -----
    The directions do not depend on the labels, so the p-value is exact for any number of them.
    Each projection of the pooled sample is sorted once. For order 1 the distance under any labels
    is ∫ |F_x − F_y|, a sum over the gaps between sorted values of running sums of the labels; for
    order 2 it is ∫ (Q_x − Q_y)² du over the exact steps of both quantile functions, also where
    n ≠ m.

    Other conventions: ``ot.sliced_wasserstein_distance`` (POT) takes p = 2 by default and the same
    root of the mean. Under order 1 ``scipy.stats.wasserstein_distance`` is this with d = 1.

    References
    ----------
    N. Bonneel, J. Rabin, G. Peyré, H. Pfister, "Sliced and Radon Wasserstein barycenters of
    measures", Journal of Mathematical Imaging and Vision 51 (2015) 22–45.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> x, y = rng.standard_normal((40, 2)), rng.standard_normal((50, 2)) + 1
    >>> from gan_eval.stats.twosample import sliced_wasserstein_test
    >>> sliced_wasserstein_test(x, y, rng=0).pvalue
    0.001
    """
    samples = Pooled.of(x, y)
    draw = NullLabels.of("permutation", samples.n, samples.m, groups)
    order, projections = _order(order), draw_count(projections, "projections")
    permutations = draw_count(permutations, "permutations")
    generator = random_generator(rng)
    device = torch_device(device)
    start = time.perf_counter()
    n, m, d = samples.n, samples.m, samples.dimension
    directions = random_directions(d, projections, generator)
    labels = np.vstack([samples.in_x, draw.of_x(permutations, generator)])
    # Taken about the medians, because a common offset would take digits of the projections.
    rows = samples.points - np.median(samples.points, axis=0)
    powers = _powers(rows, directions, labels, order, device)
    means = powers.mean(axis=0)
    rounding = _rounding(rows, means, order)
    inherited = order * means.max() ** (1 - 1 / order) * 4 * samples.coordinate_error
    width = tie_width(rounding, inherited, means)

    def lost() -> bool:
        """Tell whether rounding hides that rows differ."""
        return rounding > LOST_SHARE * nearest_rows(rows, samples.given) ** order / len(rows)

    outcome = permutation_outcome(means, labels, width, lost)
    values = np.append(outcome.statistic, outcome.null_distribution) ** (1 / order)
    statistic, unit = float(values[0]), samples.unit()
    return TestResult(
        method="sliced Wasserstein permutation test",
        statistic=statistic * unit,
        pvalue=outcome.pvalue,
        null_distribution=values[1:] * unit,
        estimate=statistic * unit,
        n=n,
        m=m,
        dimension=d,
        seconds=time.perf_counter() - start,
        parameters={
            "order": float(order),
            "projections": float(len(directions)),
            "projection_error": _projection_error(powers[:, 0], order, d) * unit,
        },
        effect_size=_in_deviations(statistic, rows[:n], rows[n:], directions),
        rarest_split=draw.rarest(samples.given),
    )


def random_directions(dimension: int, count: int, generator: np.random.Generator) -> Array:
    """Draw ``count`` unit vectors, uniform on the sphere, shape (count, dimension).

    With ``dimension`` 1 the single direction [[1]], and nothing is drawn.

    Examples
    --------
    >>> import numpy as np
    >>> directions = random_directions(3, 5, np.random.default_rng(0))
    >>> directions.shape, bool(np.allclose((directions**2).sum(axis=1), 1))
    ((5, 3), True)
    """
    if dimension == 1:
        return np.ones((1, 1))
    normal = generator.standard_normal((count, dimension))
    return normal / np.linalg.norm(normal, axis=1, keepdims=True)


def _order(order: Any) -> int:
    if isinstance(order, bool) or order not in (1, 2):
        raise UsageError(f"order must be 1 or 2, got {order!r}")
    return int(order)


def _powers(pooled: Array, directions: Array, labels: Labels, order: int, device: str) -> Array:
    """W_p^p of each projection under each labelling, shape (directions, labellings)."""
    import torch

    rows = torch.as_tensor(pooled, device=device)
    axes = torch.as_tensor(directions, device=device)
    powers = _OrderOne(labels, device) if order == 1 else _OrderTwo(labels, device)

    def work(index: int, space: Tensor) -> Array:
        values, ranking = torch.sort(rows @ axes[index])
        return powers(values, ranking, space).cpu().numpy()

    chunk = partial(rows.new_empty, CHUNK_ENTRIES)
    return np.stack(list(in_order(work, range(len(directions)), chunk, device=device)))


class _OrderOne:
    """∫ |F_x − F_y| under each of some labellings (L, N)."""

    def __init__(self, labels: Labels, device: str) -> None:
        import torch

        size, n = labels.shape[1], int(np.count_nonzero(labels[0]))
        # One column a labelling: to put them in the order of a projection then moves whole rows.
        self._strips = [
            torch.as_tensor(np.ascontiguousarray(labels[left : left + WIDTH].T), device=device)
            for left in range(0, len(labels), WIDTH)
        ]
        ranks = torch.arange(1, size + 1, dtype=torch.float64, device=device)
        self._size, self._expected, self._scale = size, n * ranks[:, None], 1 / (n * (size - n))

    def __call__(self, values: Tensor, ranking: Tensor, space: Tensor) -> Tensor:
        import torch

        height = CHUNK_ENTRIES // WIDTH
        gaps = torch.diff(values, append=values[-1:]) * self._scale
        results = []
        for strip in self._strips:
            result = gaps.new_zeros(strip.shape[1])
            before = torch.zeros_like(result)
            for top in range(0, self._size, height):
                rows = slice(top, top + height)
                some = strip.index_select(0, ranking[rows])
                running = space[: some.numel()].view(some.shape)
                running.copy_(some)
                running[0] += before
                torch.cumsum(running, dim=0, out=running)
                before.copy_(running[-1])
                # F_x − F_y is (N · labels so far − n · rank) / (nm): whole numbers up to the gaps.
                running.mul_(self._size).sub_(self._expected[rows]).abs_()
                result += gaps[rows] @ running
            results.append(result)
        return torch.cat(results)


class _OrderTwo:
    """∫ (Q_x − Q_y)² du under each of some labellings (L, N)."""

    def __init__(self, labels: Labels, device: str) -> None:
        import torch

        size, n = labels.shape[1], int(np.count_nonzero(labels[0]))
        self._labels, self._n, self._m = torch.as_tensor(labels, device=device), n, size - n
        # Both quantile functions are constant between these whole multiples of 1 / (nm).
        steps = np.union1d(np.arange(n + 1) * self._m, np.arange(self._m + 1) * n)
        self._of_x = torch.as_tensor(steps[:-1] // self._m, device=device)
        self._of_y = torch.as_tensor(steps[:-1] // n, device=device)
        self._lengths = torch.as_tensor(np.diff(steps) / (n * self._m), device=device)

    def __call__(self, values: Tensor, ranking: Tensor, space: Tensor) -> Tensor:
        import torch

        count, size = self._labels.shape
        height = max(1, CHUNK_ENTRIES // size)
        every = values.repeat(min(height, count))
        parts = []
        for top in range(0, count, height):
            in_x = self._labels[top : top + height].index_select(1, ranking)
            quantiles_x = every.index_select(0, _positions(in_x)).view(-1, self._n)
            quantiles_y = every.index_select(0, _positions(~in_x)).view(-1, self._m)
            if self._n != self._m:
                quantiles_x = quantiles_x.index_select(1, self._of_x)
                quantiles_y = quantiles_y.index_select(1, self._of_y)
            parts.append(quantiles_x.sub_(quantiles_y).square_() @ self._lengths)
        return torch.cat(parts)


def _positions(mask: Tensor) -> Tensor:
    """Return where a table is true, as positions in its rows laid end to end."""
    import torch

    if mask.device.type == "cpu":
        # Ten times faster than torch's own.
        return torch.from_numpy(np.flatnonzero(mask.numpy()))
    return mask.flatten().nonzero()[:, 0]


def _rounding(rows: Array, means: Array, order: int) -> float:
    """Return how far two equal means of W_p^p may differ by rounding.

    Sums of positive terms are off by a share of themselves, and by what the projections are off.
    """
    largest, (count, d) = float(means.max()), rows.shape
    size = float(np.linalg.norm(rows, axis=1).mean() if order == 1 else np.linalg.norm(rows))
    size *= math.sqrt(d / (1 if order == 1 else count))
    moved = order * largest ** (1 - 1 / order) * size
    return ROUNDING * (math.sqrt(len(rows)) * largest + moved)


def _projection_error(powers: Array, order: int, dimension: int) -> float:
    """Return the standard error of (mean of W_p^p)^(1/p) over directions, by the delta method."""
    if dimension == 1:
        return 0.0
    if len(powers) == 1:
        return math.nan
    # In units of the largest, so that no square overflows.
    peak = float(powers.max())
    if peak == 0:
        return 0.0
    scaled = powers / peak
    error = float(scaled.std(ddof=1)) / math.sqrt(len(powers))
    return peak * error if order == 1 else error * math.sqrt(peak / float(scaled.mean())) / 2


def _in_deviations(statistic: float, first: Array, second: Array, directions: Array) -> float:
    n, m = len(first), len(second)
    within = np.zeros((first.shape[1], first.shape[1]))
    for sample in (first, second):
        centred = sample - sample.mean(axis=0)
        within += centred.T @ centred / (n + m - 2)
    variance = float(np.einsum("pi,ij,pj->p", directions, within, directions).mean())
    return statistic / math.sqrt(variance) if variance > 0 else math.nan
