"""Maximum mean discrepancy: its square between two samples, and the permutation test of it."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gan_eval.errors import UsageError
from gan_eval.twosample import validation
from gan_eval.twosample.kernels import PairwiseBlocks, gaussian, median_bandwidth
from gan_eval.twosample.permutation import GroupWeights, observed_statistic, permutation_test
from gan_eval.twosample.quadratic import SymmetricForm
from gan_eval.twosample.result import TestResult

KERNELS = ("gaussian",)
ESTIMATORS = ("unbiased", "biased")


def mmd2(
    x: Any,
    y: Any,
    *,
    kernel: str = "gaussian",
    bandwidth: float | str = "median",
    estimator: str = "unbiased",
    device: str = "cpu",
) -> float:
    """Squared maximum mean discrepancy between two samples.

    Parameters and conventions as in :func:`mmd_test`. The unbiased estimate may be negative.
    """
    first, second = validation.two_samples(x, y)
    form, weights, _ = _prepare(first, second, kernel, bandwidth, estimator, device)
    return observed_statistic(form, weights)


def mmd_test(
    x: Any,
    y: Any,
    *,
    kernel: str = "gaussian",
    bandwidth: float | str = "median",
    estimator: str = "unbiased",
    permutations: int = 999,
    rng: int | np.random.Generator | None = None,
    device: str = "cpu",
) -> TestResult:
    """Test whether two samples come from one law, by MMD² and permutation of the labels.

    Parameters
    ----------
    x, y : array of shape (n, d) and (m, d), or (n,) and (m,)
        NumPy, torch or pandas; at least 2 rows each.
    kernel : {"gaussian"}
        k(x, y) = exp(−‖x − y‖² / (2 h²)), h the bandwidth.
    bandwidth : float or "median"
        h in the units of the data, or the median distance over the pairs i < j of the pooled
        sample (:func:`~gan_eval.twosample.kernels.median_bandwidth`).
    estimator : {"unbiased", "biased"}
        Means over pairs of distinct rows (Gretton et al. 2012, eq. 3), or over all pairs (eq. 5,
        squared).
    permutations : int
        Permutations of the pooled rows, at least 1.
    rng : None, int or numpy.random.Generator
        Source of the permutations; the same seed gives the same p-value.
    device : str
        Torch device that does the arithmetic.

    Returns
    -------
    TestResult
        ``statistic`` and ``estimate`` are both the estimated MMD², without a factor of n or m.

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
    they then differ by an affine map that is the same for all permutations.

    References
    ----------
    A. Gretton, K. Borgwardt, M. Rasch, B. Schölkopf, A. Smola, "A kernel two-sample test", JMLR 13
    (2012) 723–773.
    """
    first, second = validation.two_samples(x, y)
    permutations = validation.permutation_count(permutations)
    generator = validation.random_generator(rng)
    device = validation.torch_device(device)
    start = time.perf_counter()
    form, weights, width = _prepare(first, second, kernel, bandwidth, estimator, device)
    outcome = permutation_test(form, weights, permutations=permutations, generator=generator)
    return TestResult(
        method="MMD permutation test",
        statistic=outcome.statistic,
        pvalue=outcome.pvalue,
        null_distribution=outcome.null_distribution,
        estimate=outcome.statistic,
        n=weights.n,
        m=weights.m,
        dimension=first.shape[1],
        seconds=time.perf_counter() - start,
        parameters={"kernel": kernel, "bandwidth": width, "estimator": estimator},
    )


def _prepare(
    first: NDArray[np.float64],
    second: NDArray[np.float64],
    kernel: str,
    bandwidth: float | str,
    estimator: str,
    device: str,
) -> tuple[SymmetricForm, GroupWeights, float]:
    """The kernel matrix, the weights of the estimator, and the bandwidth used."""
    validation.one_of(kernel, "kernel", KERNELS)
    biased = validation.one_of(estimator, "estimator", ESTIMATORS) == "biased"
    device = validation.torch_device(device)
    if isinstance(bandwidth, str) and bandwidth != "median":
        raise UsageError(f"bandwidth must be a number above 0 or 'median', got {bandwidth!r}")
    pooled = np.concatenate([first, second])
    if isinstance(bandwidth, str):
        width = median_bandwidth(pooled, device)
    else:
        width = validation.positive_number(bandwidth, "bandwidth")
    blocks = PairwiseBlocks(pooled, gaussian(width), device, length=width)
    form = SymmetricForm(blocks, diagonal=biased)
    weights = GroupWeights.difference(len(first), len(second), biased=biased)
    return form, weights, width
