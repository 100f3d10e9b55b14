"""The energy test of one sample against the known target."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import gamma

from gan_eval.distributions.protocol import TargetLike
from gan_eval.distributions.target import GaussianTarget
from gan_eval.runtime.arguments import draw_count, positive_number, random_generator
from gan_eval.runtime.errors import UsageError
from gan_eval.stats.goodness.bootstrap import (
    PrincipalTarget,
    TargetKernel,
    kernel_test,
    principal,
    squared_distances,
)
from gan_eval.stats.goodness.reference import given_distance
from gan_eval.stats.result import TestResult
from gan_eval.stats.samples import Array, against

# Step of the trapezoid rule in ln t; its relative error is e^{−π²/step}.
_STEP = 0.28
# Rows whose expectations are computed at once: their exponents stay below 128 KiB.
_ROWS = 64


def energy_test(
    x: Any,
    target: TargetLike,
    *,
    exponent: float = 1.0,
    whiten: bool = True,
    resamples: int = 999,
    rng: int | np.random.Generator | None = None,
) -> TestResult:
    """Test whether x comes from the target, by the energy distance to the target itself.

    Parameters
    ----------
    x : array of shape (n, d), or (n,)
        NumPy, torch or pandas; at least 2 rows.
    target : GaussianTarget, Gaussian, (mean, covariance), or any other target
        Expectations over one that is not Gaussian are means over a fixed draw of 1,000 of its rows.
    exponent : float
        α in ‖x − y‖^α, between 0 and 2, both excluded.
    whiten : bool
        Measure distances in coordinates in which the target has covariance I: the test is then the
        same for every invertible affine map of x and target, and sees errors along a minor axis. A
        target that does not tell a covariance is centred and scaled by medians of a fixed draw of
        it, coordinate by coordinate.
    resamples : int
        Samples drawn from the target, at least 1.
    rng : None, int or numpy.random.Generator
        Source of the draws; the same seed gives the same p-value.

    Returns
    -------
    TestResult
        ``estimate`` is 2 mean_i E‖x_i − Y‖^α − E‖Y − Y'‖^α − mean_ij ‖x_i − x_j‖^α with Y, Y' drawn
        from the target: the squared distance as a V-statistic, never negative of a Gaussian target,
        in whitened coordinates where ``whiten``. ``statistic`` is n times it (Székely & Rizzo 2005,
        eq. 3).
        ``effect_size`` is the unbiased version over its largest possible value, E h(x, x): at
        most 1, near 0 under the target (:mod:`gan_eval.stats.goodness.bootstrap`).

    Raises
    ------
    UsageError
        For input or options that cannot be used.

    Notes
    -----
    The null distribution is a parametric bootstrap: samples of the same size from the target. The
    target has no parameter to be fitted, so that the level is exact for every n.

    References
    ----------
    G. Székely, M. Rizzo, "A new test for multivariate normality", Journal of Multivariate Analysis
    93 (2005) 58–80.

    Examples
    --------
    >>> import numpy as np
    >>> from gan_eval import GaussianTarget
    >>> target = GaussianTarget(A=((1.0, 0.0), (0.0, 2.0)), b=(0.0, 0.0))
    >>> near = target.sample(50, np.random.default_rng(0))
    >>> from gan_eval.stats import goodness
    >>> goodness.energy_test(near, target, resamples=99, rng=0).pvalue > 0.05
    True
    >>> goodness.energy_test(near + 1, target, resamples=99, rng=0).pvalue
    0.01
    """
    rows, truth = against(x, target)
    resamples = draw_count(resamples, "resamples")
    alpha = positive_number(exponent, "exponent")
    if alpha >= 2:
        raise UsageError(f"exponent must be between 0 and 2, both excluded, got {exponent}")
    random_generator(rng)
    start = time.perf_counter()
    kernel: TargetKernel
    if isinstance(truth, GaussianTarget):
        rows, deviations, unit = principal(rows, truth, whiten)
        kernel = DistanceKernel(deviations, alpha)
    else:
        kernel, unit = given_distance(truth, alpha, bool(whiten)), 1.0
        rows = kernel.rows(rows)
    return kernel_test(
        "one-sample energy test", kernel, rows, start,
        resamples=resamples, rng=rng, factor=unit**alpha, biased=True,
        parameters={"exponent": alpha, "whiten": str(whiten)},
    )  # fmt: skip


@dataclass(frozen=True)
class DistanceKernel(PrincipalTarget):
    """−‖x − y‖^exponent; see :class:`~gan_eval.stats.goodness.bootstrap.TargetKernel`.

    Notes
    -----
    E‖Z‖^α = α / (2Γ(1 − α/2)) ∫ t^{−1−α/2} (1 − E e^{−t‖Z‖²}) dt. With t = e^y the integrand is
    analytic and bounded for |Im y| < π/2: the trapezoid rule converges exponentially, and its
    tails are geometric series. For Z = x − Y and one target the transform is the exponential of a
    product of matrices, which is why this is not ``divergence.energy_distance``'s own.
    """

    exponent: float

    def entries(self, left: Array, right: Array) -> Array:
        squared = squared_distances(left, right)
        if self.exponent == 1.0:
            np.sqrt(squared, out=squared)
        else:
            squared **= self.exponent / 2
        return np.negative(squared, out=squared)

    def diagonal(self, rows: Array) -> Array:
        return np.zeros(len(rows))

    def mean(self, rows: Array) -> Array:
        return -mean_distance(rows, np.array(self.deviations), self.exponent)

    @property
    def grand_mean(self) -> float:
        deviations = np.sqrt(2) * np.array(self.deviations)
        return -float(mean_distance(np.zeros((1, len(deviations))), deviations, self.exponent)[0])


def mean_distance(rows: Array, deviations: Array, exponent: float) -> Array:
    """E‖x − Y‖^exponent for each row x, Y ~ N(0, diag deviations²), to 1e-13 relative."""
    d = len(deviations)
    squares = rows**2
    unit = float(max(squares.max(), (deviations**2).max()))
    variances, squares = deviations**2 / unit, squares / unit
    half = exponent / 2
    low = -37 / (2 - half) - np.log(3 * d)  # below: 1 − transform is linear in t
    # Above: the transform is below rounding, even for a row that stands at the mean.
    high = min(
        74 / (1 + exponent) - np.log(variances.max()), 74 / (d + exponent) - np.log(variances.min())
    )
    nodes = np.exp(np.arange(low, high + _STEP, _STEP))
    weights = _STEP * nodes**-half
    weights[0] /= -np.expm1(-(1 - half) * _STEP)
    weights[-1] /= -np.expm1(-half * _STEP)
    growth = 2 * variances[:, None] * nodes
    decay = nodes / (1 + growth)
    constant = 0.5 * np.log1p(growth).sum(axis=0)
    result = np.empty(len(rows))
    for start in range(0, len(rows), _ROWS):
        exponents = squares[start : start + _ROWS] @ decay
        exponents += constant
        np.negative(exponents, out=exponents)
        result[start : start + _ROWS] = np.expm1(exponents, out=exponents) @ weights
    return -result * unit**half * exponent / (2 * gamma(1 - half))
