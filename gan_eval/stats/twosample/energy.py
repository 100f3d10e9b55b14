"""Energy distance between two samples, and the permutation test of it."""

from __future__ import annotations

import math
import time
from typing import Any

import numpy as np

from gan_eval.runtime import arguments
from gan_eval.runtime.errors import UsageError
from gan_eval.stats.kernels.features import distance_features
from gan_eval.stats.kernels.kernels import PairwiseBlocks, distance
from gan_eval.stats.permutation.dense import SymmetricForm
from gan_eval.stats.permutation.engine import (
    ENTRY_ROUNDING,
    EXACT_ROWS,
    LOST_SHARE,
    GroupWeights,
    PermutationOutcome,
    labels_test,
    observed_statistic,
    permutation_outcome,
    rounding_widths,
    tie_width,
)
from gan_eval.stats.permutation.landmarks import LANDMARKS, REST_FREQUENCIES, LandmarkStatistics
from gan_eval.stats.permutation.lines import SlicedForm, direction_groups, projection_constant
from gan_eval.stats.permutation.null import NULLS, NullLabels
from gan_eval.stats.result import TestResult
from gan_eval.stats.samples import Pooled
from gan_eval.stats.scaling import nearest_rows, whitened

METHODS = ("auto", "exact", "sliced", "landmarks")


def energy_distance(
    x: Any, y: Any, *, exponent: float = 1.0, whiten: Any = None, device: str = "cpu"
) -> float:
    """Return the energy distance 2E‖x − y‖^α − E‖x − x'‖^α − E‖y − y'‖^α between two samples.

    Parameters and conventions as in :func:`energy_test`, of which this is the ``estimate``.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> x, y = rng.standard_normal((40, 2)), rng.standard_normal((50, 2)) + 1
    >>> from gan_eval.stats.twosample import energy_distance
    >>> round(energy_distance(x, y), 3), round(energy_distance(3 * x, 3 * y) / 3, 3)
    (0.645, 0.645)
    """
    samples = Pooled.of(x, y) if whiten is None else whitened(x, y, whiten)
    form = _distances(samples, exponent, device)
    return observed_statistic(form, _weights(samples, 1.0)) * samples.unit(exponent)


def energy_test(
    x: Any,
    y: Any,
    *,
    exponent: float = 1.0,
    whiten: Any = None,
    null: str = "permutation",
    method: str = "auto",
    projections: int = 64,
    groups: Any = None,
    permutations: int = 999,
    rng: int | np.random.Generator | None = None,
    device: str = "cpu",
) -> TestResult:
    """Test whether two samples come from one distribution, by energy distance and permutation.

    Parameters
    ----------
    x, y : array of shape (n, d) and (m, d), or (n,) and (m,)
        NumPy, torch or pandas; at least 2 rows each.
    exponent : float
        α in ‖x − y‖^α, between 0 and 2, both excluded: at 2 only means would be compared.
    whiten : None, "pooled", GaussianTarget, Gaussian, or (mean, covariance)
        Whether the rows are made to have mean 0 and covariance I first, as in
        :func:`~gan_eval.stats.twosample.mmd.mmd_test`.
    null : {"permutation", "wild"}
        Permute all labels, or exchange x_i with y_i where a fair coin says so, as in
        :func:`~gan_eval.stats.twosample.mmd.mmd_test`: for n = m, exact also for dependent pairs.
    method : {"auto", "exact", "sliced", "landmarks"}
        All pairs of rows, by blocks; or, for exponent 1, ‖x − y‖ by its mean over projections to
        random lines, where sorting replaces the pairs (:mod:`~gan_eval.stats.permutation.lines`),
        or by the distances to 1,024 random rows (:mod:`~gan_eval.stats.permutation.landmarks`),
        where bundles of rows are permuted (:mod:`~gan_eval.stats.permutation.units`). ``"auto"`` is
        exact up to 20,000 pooled rows and for any other exponent; above, it takes the one line of
        one column, or landmarks.
    projections : int
        For slices: at least so many lines, at least 1. They come in groups, whose size is the
        number of columns (8 for two columns; one line is all there is for one).
    groups : (list, list), optional
        As in :func:`~gan_eval.stats.twosample.mmd.mmd_test`: whole groups of rows are exchanged.
    permutations : int
        Permutations of the pooled rows, or exchanges, at least 1.
    rng : None, int or numpy.random.Generator
        Source of the permutations; the same seed gives the same p-value.
    device : str
        Torch device that does the arithmetic.

    Returns
    -------
    TestResult
        ``estimate`` is the energy distance as a V-statistic, never negative: means over all pairs,
        also of a row with itself. ``statistic`` is nm / (n + m) times it (Székely & Rizzo 2013,
        eq. 6.1). ``effect_size`` is the estimate by 2E‖x − y‖^α, its largest possible value: the
        coefficient of inhomogeneity, between 0 and 1. ``parameters["path"]`` is the path taken;
        with ``"sliced"`` and ``"landmarks"``, ``standard_error`` is that of ``statistic`` as an
        estimate of the exact one, over groups of lines or of random frequencies. The permuted
        statistics use the same lines or landmarks: the p-value needs no correction for them. What
        landmarks lack of ``statistic`` is added to the permuted ones alike, so that their mean is
        above that of all pairs where the samples differ in it.

    Raises
    ------
    UsageError
        For input or options that cannot be used.

    Notes
    -----
    ‖z‖ = √π Γ((d + 1)/2) / Γ(d/2) · E|uᵀz| for u uniform on the unit sphere, so the energy distance
    is that factor times the mean of its one-dimensional values along u.

    The conventions are those of ``dcor.energy_distance`` and ``dcor.homogeneity.energy_test``.
    ``scipy.stats.energy_distance`` is for d = 1 and is the root of this ``estimate``;
    ``hyppo.ksample.Energy(bias=True)`` is (n + m)² / (nm) times the root of its half.

    References
    ----------
    G. Székely, M. Rizzo, "Energy statistics: a class of statistics based on distances", Journal of
    Statistical Planning and Inference 143 (2013) 1249–1272.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> x, y = rng.standard_normal((40, 2)), rng.standard_normal((50, 2)) + 1
    >>> from gan_eval.stats.twosample import energy_test
    >>> result = energy_test(x, y, rng=0)
    >>> result.pvalue, round(result.estimate, 3)
    (0.001, 0.645)
    """
    samples = Pooled.of(x, y) if whiten is None else whitened(x, y, whiten)
    draw = NullLabels.of(null, samples.n, samples.m, groups)
    permutations = arguments.draw_count(permutations, "permutations")
    generator = arguments.random_generator(rng)
    device = arguments.torch_device(device)
    start = time.perf_counter()
    n, m = samples.n, samples.m
    coefficient = n * m / (n + m)
    weights = _weights(samples, coefficient)
    path: dict[str, float | str] = {"path": _path(samples, method, exponent)}
    projections = arguments.draw_count(projections, "projections")
    if path["path"] == "landmarks":
        outcome, between, found, rarest = _by_landmarks(
            samples, weights, draw, permutations, generator, device
        )
        estimate, path = outcome.statistic / coefficient, path | found
    else:
        if path["path"] == "sliced":
            lines = direction_groups(samples.dimension, projections, generator)
            error = samples.coordinate_error
            form = SlicedForm(samples.points, lines, samples.in_x, device, error)
            path["projections"] = lines[:, :, 0].size
            path["standard_error"] = abs(weights.quadratic) * form.standard_error * samples.unit()
        else:
            form = _distances(samples, exponent, device)
        outcome = labels_test(form, weights, draw(permutations, generator))
        estimate, rarest = outcome.statistic / coefficient, draw.rarest(samples.given)
        between = _mean_between(estimate, float(form.row_sums[:n].sum()), form.total, n, m)
    unit = samples.unit(exponent)
    return TestResult(
        method=f"energy {NULLS[null]} test",
        statistic=outcome.statistic * unit,
        pvalue=outcome.pvalue,
        null_distribution=outcome.null_distribution * unit,
        estimate=estimate * unit,
        n=n,
        m=m,
        dimension=samples.dimension,
        seconds=time.perf_counter() - start,
        parameters={"exponent": float(exponent), "whiten": samples.whitened} | path,
        effect_size=estimate / (2 * between) if between > 0 else math.nan,
        rarest_split=rarest,
    )


def _path(samples: Pooled, method: str, exponent: float) -> str:
    """Return the path that the method takes."""
    arguments.one_of(method, "method", METHODS)
    if method in ("sliced", "landmarks") and exponent != 1:
        raise UsageError(f"exponent must be 1 for method={method!r}, got {exponent}")
    if method != "auto":
        return method
    if samples.n + samples.m <= EXACT_ROWS or exponent != 1:
        return "exact"
    return "sliced" if samples.dimension == 1 else "landmarks"


def _by_landmarks(
    samples: Pooled,
    weights: GroupWeights,
    draw: NullLabels,
    permutations: int,
    generator: np.random.Generator,
    device: str,
) -> tuple[PermutationOutcome, float, dict[str, float | str], float]:
    """Test by landmarks; return the mean distance between the samples, the path's parameters and
    the rarest split beside."""
    points = samples.points
    constant = projection_constant(samples.dimension)
    features = distance_features(points, constant, REST_FREQUENCIES, generator)
    chosen = generator.choice(len(points), min(LANDMARKS, len(points)), replace=False)
    units = draw.bundles(generator)
    labels = units.draw(permutations, generator)
    found = LandmarkStatistics(points, chosen, features, units, labels, weights, device)
    peak = 2 * float(np.sqrt(np.square(points - np.median(points, axis=0)).sum(axis=1).max()))
    arithmetic, inherited = rounding_widths(
        len(points), peak, 2 * samples.coordinate_error, weights
    )

    def lost() -> bool:
        """Tell whether the rounding of the farthest row hides that rows differ."""
        error = ENTRY_ROUNDING * len(points) ** 0.5 * peak
        return error > LOST_SHARE * nearest_rows(points, samples.given) / len(points)

    width = tie_width(max(arithmetic, found.rounding * peak), inherited, found.values)
    outcome = permutation_outcome(found.values, labels, width, lost)
    path: dict[str, float | str] = {"landmarks": len(chosen)}
    path["standard_error"] = found.standard_error * samples.unit()
    return outcome, found.between, path, units.rarest(samples.given)


def _mean_between(estimate: float, from_x: float, total: float, n: int, m: int) -> float:
    """Return the mean distance of a row of x and one of y, from the sums that the test has anyway.

    With S the sum between, the sums within x and y are ``from_x`` − S and total − ``from_x`` − S.
    """
    weighted = estimate + from_x / n**2 + (total - from_x) / m**2
    return weighted / (1 / n + 1 / m) ** 2 / (n * m)


def _distances(samples: Pooled, exponent: float, device: str) -> SymmetricForm:
    alpha = arguments.positive_number(exponent, "exponent")
    if alpha >= 2:
        raise UsageError(f"exponent must be between 0 and 2, both excluded, got {exponent}")
    device, error = arguments.torch_device(device), samples.coordinate_error
    # The points vary by about 1, where the slope of a distance to the power α is α.
    blocks = PairwiseBlocks(samples.points, distance(alpha), device, 1 / alpha, error)
    return SymmetricForm(blocks, diagonal=True)


def _weights(samples: Pooled, coefficient: float) -> GroupWeights:
    """Minus the kernel's signs: between counts for, within against."""
    return GroupWeights.difference(samples.n, samples.m, biased=True, factor=-coefficient)
