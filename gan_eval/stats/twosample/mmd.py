"""Maximum mean discrepancy: its square between two samples, and the permutation test of it."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np

from gan_eval.runtime import arguments
from gan_eval.runtime.errors import UsageError
from gan_eval.stats import intervals
from gan_eval.stats.kernels.kernels import KERNELS
from gan_eval.stats.permutation.engine import GroupWeights, labels_test, observed_statistic
from gan_eval.stats.permutation.lowrank import LowRankForm
from gan_eval.stats.permutation.lowrank_path import low_rank_test
from gan_eval.stats.permutation.null import NULLS, NullLabels
from gan_eval.stats.result import TestResult
from gan_eval.stats.twosample.mmd_aggregated import AGGREGATIONS, Aggregate, candidates
from gan_eval.stats.twosample.mmd_features import aggregate_by_features, test_by_features
from gan_eval.stats.twosample.mmd_matrix import (
    ESTIMATORS,
    PATHS,
    by_features,
    kernel_matrix,
    read_samples,
)

METHODS = {"fuse": "MMD-FUSE", "agg": "MMDAgg"}


def mmd2(
    x: Any,
    y: Any,
    *,
    kernel: str = "gaussian",
    bandwidth: float | str = "median",
    estimator: str = "unbiased",
    whiten: Any = None,
    device: str = "cpu",
) -> float:
    """Return the squared maximum mean discrepancy between two samples.

    Parameters and conventions as in :func:`mmd_test`, for one kernel and one bandwidth. The
    unbiased estimate may be negative; with ``kernel="polynomial"`` it is KID.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> x, y = rng.standard_normal((40, 2)), rng.standard_normal((50, 2)) + 1
    >>> from gan_eval.stats.twosample import mmd2
    >>> round(mmd2(x, y), 3), mmd2(x, y, estimator="biased") >= 0
    (0.15, True)
    """
    if isinstance(bandwidth, str) and bandwidth in AGGREGATIONS:
        raise UsageError(f"bandwidth of one MMD² must be a number or 'median', got {bandwidth!r}")
    samples = read_samples(x, y, whiten, kernel)
    form, weights, _ = kernel_matrix(samples, kernel, bandwidth, estimator, device)
    assert form is not None
    return observed_statistic(form, weights)


def mmd_test(
    x: Any,
    y: Any,
    *,
    kernel: str | Sequence[str] | None = None,
    bandwidth: float | str = "median",
    estimator: str = "unbiased",
    whiten: Any = None,
    null: str = "permutation",
    method: str = "auto",
    groups: Any = None,
    permutations: int = 999,
    rng: int | np.random.Generator | None = None,
    device: str = "cpu",
) -> TestResult:
    """Test whether two samples come from one distribution, by MMD² and permutation of the labels.

    Parameters
    ----------
    x, y : array of shape (n, d) and (m, d), or (n,) and (m,)
        NumPy, torch or pandas; at least 2 rows each.
    kernel : str, or sequence of str with an aggregated bandwidth
        With h the bandwidth:

        - ``"gaussian"``: exp(−‖x − y‖² / (2 h²)); the default.
        - ``"laplace"``: exp(−‖x − y‖₂ / h), of the Euclidean norm.
        - ``"laplace_l1"``: exp(−‖x − y‖₁ / h), of the sum of absolute differences.
        - ``"inverse_multiquadric"``: (1 + ‖x − y‖² / h²)^(−1/2).
        - ``"rational_quadratic"``: 1 / (1 + ‖x − y‖² / (2 h²)), of exponent 1 (Rasmussen &
          Williams 2006, eq. 4.19, α = 1).
        - ``"polynomial"``: (xᵀy / d + 1)³, without a bandwidth; its unbiased MMD² is the kernel
          inception distance (Bińkowski et al. 2018), here of the columns as given. It sees the
          first three moments and nothing else.

        An aggregated bandwidth takes one or several, by default ``("gaussian", "laplace")``.
    bandwidth : float, "median", "fuse" or "agg"
        h in the units of the (whitened) data, or the median distance over the pairs i < j of the
        pooled sample (:func:`~gan_eval.stats.kernels.kernels.median_bandwidth`; of sums of
        absolute differences for ``"laplace_l1"``). ``"fuse"`` and ``"agg"`` take 10 bandwidths for
        each kernel (:func:`~gan_eval.stats.twosample.mmd_aggregated.candidates`): MMD-FUSE, the
        soft maximum of the normalised MMD²
        (:meth:`~gan_eval.stats.twosample.mmd_aggregated.Aggregate.fuse`), and MMDAgg, the smallest
        of their p-values, corrected
        (:meth:`~gan_eval.stats.twosample.mmd_aggregated.Aggregate.agg`).
    estimator : {"unbiased", "biased"}
        Means over pairs of distinct rows (Gretton et al. 2012, eq. 3), or over all pairs (eq. 5,
        squared). Aggregated bandwidths use the unbiased one.
    whiten : None, "pooled", GaussianTarget, Gaussian, or (mean, covariance)
        Whether the rows are made to have mean 0 and covariance I first: by the covariance of the
        pooled rows, or by the target's. The test stays exact, and its p-value is the same after
        any invertible affine map of both samples (and the target).
    null : {"permutation", "wild"}
        Permute all labels, or exchange x_i with y_i where a fair coin says so: the wild bootstrap,
        whose signs are the coins, for n = m. It is exact also where x_i and y_i are dependent, as
        long as they are exchangeable.
    method : {"auto", "exact", "lowrank", "features"}
        How a kernel's matrix is worked with. Whole, by blocks. Or, for one of the smooth kernels
        (``SMOOTH``), by a pivoted Cholesky factor with a computed bound, whose cost grows with
        n + m and not with its square (:mod:`~gan_eval.stats.permutation.lowrank`); the p-value is
        the same. A factor whose bound exceeds 1/1000 of the null's spread is dropped. Or, for
        ``"gaussian"`` and ``"laplace"``, by random features in its place
        (:mod:`~gan_eval.stats.kernels.features`), which make another kernel, near it, and by
        permutation of bundles of rows (:mod:`~gan_eval.stats.permutation.units`); the p-value is
        exact as well. ``"auto"`` tries the factor for one smooth kernel above 1024 pooled rows,
        and takes features above 20,000 where there is none.
    groups : (list, list), optional
        The group of each row of x, and of y: rows of one group, as of one person, may depend on
        each other. Whole groups are then exchanged, with groups of as many rows
        (:mod:`~gan_eval.stats.permutation.units`).
    permutations : int
        Permutations of the pooled rows, or exchanges, at least 1. ``"agg"`` draws twice as many,
        the second half for the p-values of the single kernels.
    rng : None, int or numpy.random.Generator
        Source of the permutations; the same seed gives the same p-value.
    device : str
        Torch device that does the arithmetic.

    Returns
    -------
    TestResult
        ``statistic`` and ``estimate`` are both the estimated MMD², without a factor of n or m;
        aggregated, ``estimate`` is the MMD² of the mean of the kernels. ``effect_size`` is
        √max(MMD², 0), which lies between 0 and √2 where k(x, x) = 1; NaN for the polynomial kernel
        of rows that are not whitened, which has units. ``confidence_interval``, for one kernel and
        the unbiased estimate of at least 4 rows each, is for the MMD² of the distributions with the
        kernel as used, never negative and never above 2 where k(x, x) = 1
        (:func:`~gan_eval.stats.intervals.squared_distance_interval`). It takes the two
        samples, and the rows of each, to be independent, so that there is none with
        ``null="wild"`` or ``groups``. ``parameters["path"]`` is the path taken. With
        ``"features"``, ``features`` is their number and ``standard_error`` that of ``estimate`` as
        an estimate of the kernel's own, over 16 independent draws of frequencies. With
        ``"lowrank"``, ``rank`` is the factor's, ``bound`` the most by which the statistic, observed
        or permuted, may be off, and ``undecided`` the number of permutations that the bound left
        open and that were counted as if they had reached the observed statistic: 0 for up to
        131,072 pooled rows, where the whole matrix decides.

    Raises
    ------
    UsageError
        For input or options that cannot be used.

    Notes
    -----
    Other conventions: some write the kernel as exp(−γ‖x − y‖²), with γ = 1 / (2 h²).
    ``hyppo.ksample.MMD`` is not MMD² but a correlation of the pooled kernel matrix K with the
    labels: with ``bias=True`` it is 2n²m² / N⁴ · √(nm MMD² / (N ‖HKH‖_F)), where N = n + m, H
    centres, and MMD² is our biased one.

    Under permutation the biased and unbiased estimates give the same p-value where n = m, because
    they then differ by an affine map that is the same for all permutations. The same holds of the
    wild bootstrap and of the estimate that leaves out the pairs (x_i, y_i).

    References
    ----------
    A. Gretton, K. Borgwardt, M. Rasch, B. Schölkopf, A. Smola, "A kernel two-sample test", JMLR 13
    (2012) 723–773.

    M. Bińkowski, D. Sutherland, M. Arbel, A. Gretton, "Demystifying MMD GANs", ICLR 2018.

    F. Biggs, A. Schrab, A. Gretton, "MMD-FUSE: learning and combining kernels for two-sample
    testing without data splitting", NeurIPS 2023.

    A. Schrab, I. Kim, M. Albert, B. Laurent, B. Guedj, A. Gretton, "MMD aggregated two-sample
    test", JMLR 24 (2023) 194.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> x, y = rng.standard_normal((40, 2)), rng.standard_normal((50, 2)) + 1
    >>> from gan_eval.stats.twosample import mmd_test
    >>> result = mmd_test(x, y, rng=0)
    >>> result.pvalue, round(result.statistic, 3)
    (0.001, 0.15)
    >>> mmd_test(x[::2], x[1::2], rng=0).pvalue > 0.05
    True
    """
    samples = read_samples(x, y, whiten, kernel)
    draw = NullLabels.of(null, samples.n, samples.m, groups)
    permutations = arguments.draw_count(permutations, "permutations")
    generator = arguments.random_generator(rng)
    device = arguments.torch_device(device)
    arguments.one_of(method, "method", PATHS)
    start = time.perf_counter()
    interval, rarest = None, None
    path: dict[str, float | str] = {}
    if isinstance(bandwidth, str) and bandwidth in AGGREGATIONS:
        if method == "lowrank":
            raise UsageError(
                f"method with bandwidth={bandwidth!r} must be 'exact', 'features' or 'auto'"
            )
        names = _aggregated_kernels(kernel, bandwidth, estimator)
        kernels = candidates(samples.points, names, bandwidth, device, samples.coordinate_error)
        count = permutations * (2 if bandwidth == "agg" else 1)
        if by_features(names, method, len(samples.points)):
            aggregate, path, rarest = aggregate_by_features(
                samples, kernels, draw, count, generator, device
            )
        else:
            weights = GroupWeights.difference(samples.n, samples.m, biased=False)
            aggregate = Aggregate.of_pairs(kernels, weights, draw(count, generator))
        outcome = aggregate.fuse() if bandwidth == "fuse" else aggregate.agg()
        estimate = aggregate.estimate
        title, has_units = METHODS[bandwidth], False
        parameters: dict[str, float | str] = {"kernel": "+".join(names), "bandwidth": bandwidth}
        parameters |= path
    else:
        name = "gaussian" if kernel is None else kernel
        if not isinstance(name, str):
            raise UsageError(
                f"kernel must be one name unless bandwidth is 'fuse' or 'agg', got {kernel!r}"
            )
        form, weights, width = kernel_matrix(samples, name, bandwidth, estimator, device, method)
        if form is None:
            assert width is not None
            outcome, form, path, rarest = test_by_features(
                samples, name, width, weights, draw, permutations, generator, device
            )
        elif isinstance(form, LowRankForm):
            outcome = low_rank_test(form, weights, partial(draw, generator=generator), permutations)
            path = {"path": "lowrank", "rank": form.rank, "bound": form.bound(weights)}
            path["undecided"] = outcome.undecided
        else:
            outcome = labels_test(form, weights, draw(permutations, generator))
            path = {"path": "exact"}
        estimate = outcome.statistic
        title, has_units = "MMD", width is None and whiten is None
        used = {} if width is None else {"bandwidth": width * samples.unit()}
        parameters = {"kernel": name} | used | path
        independent = null == "permutation" and draw.grouped is None
        enough = min(samples.n, samples.m) >= intervals.FEWEST_ROWS
        if estimator == "unbiased" and independent and enough:
            interval = intervals.mmd_interval(form, KERNELS[name], samples, width)
            parameters |= {"confidence_level": intervals.LEVEL}
    return TestResult(
        method=f"{title} {NULLS[null]} test",
        statistic=outcome.statistic,
        pvalue=outcome.pvalue,
        null_distribution=outcome.null_distribution,
        estimate=estimate,
        n=samples.n,
        m=samples.m,
        dimension=samples.dimension,
        seconds=time.perf_counter() - start,
        parameters=parameters | {"estimator": estimator, "whiten": samples.whitened},
        confidence_interval=interval,
        effect_size=math.nan if has_units else math.sqrt(max(estimate, 0.0)),
        rarest_split=draw.rarest(samples.given) if rarest is None else rarest,
    )


def _aggregated_kernels(kernel: Any, aggregation: str, estimator: str) -> tuple[str, ...]:
    choices = tuple(name for name, entry in KERNELS.items() if entry.has_bandwidth)
    names = ("gaussian", "laplace") if kernel is None else kernel
    names = (names,) if isinstance(names, str) else tuple(names)
    unknown = [name for name in names if name not in choices]
    if unknown:
        raise UsageError(
            f"kernel with bandwidth={aggregation!r} must be of {', '.join(choices)}, "
            f"got {unknown[0]!r}"
        )
    if not names or len(set(names)) < len(names):
        raise UsageError(f"kernel must name at least one kernel, each once, got {list(names)}")
    if arguments.one_of(estimator, "estimator", ESTIMATORS) == "biased":
        raise UsageError(
            f"estimator must be 'unbiased' with bandwidth={aggregation!r}, got 'biased'"
        )
    return names
