"""The equivalence claim: that the distribution of a sample is near the target."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from scipy.special import chndtr
from scipy.stats import ncx2

from gan_eval.distributions.divergences import canonical_pair
from gan_eval.distributions.gaussian import Gaussian, GaussianLike
from gan_eval.distributions.likelihood_ratio import BoxLaw
from gan_eval.runtime.arguments import positive_number
from gan_eval.runtime.errors import UsageError
from gan_eval.stats import goodness
from gan_eval.stats.goodness.moments import excess_variance, log_ratio, log_ratio_variance
from gan_eval.stats.goodness.stein import shape_test
from gan_eval.stats.intervals import least_expected
from gan_eval.stats.result import Scalars, TestResult, p_in_words
from gan_eval.stats.samples import one_sample

ACCEPTABLE = 0.05
"""The share of cases in which a model exactly at the target may fail before its sample counts as
too small."""

SHAPE_ALPHA = 0.01
"""The share of samples of Gaussian rows that the test of shape may reject."""

# Samples in the simulation of how often the target fails, and rows above which its bound is as good
# as that of the exact law.
_SAMPLES = 4000
_MOST_ROWS = 5000
_CHUNK_ENTRIES = 2**21


@dataclass(frozen=True, eq=False)
class Equivalence(Scalars):
    """The distance from the target within which a sample is shown to be.

    Attributes
    ----------
    estimate, lower, upper : float
        KL(x‖target) in nats: estimated, and its one-sided confidence bounds, each at
        ``confidence_level``.
    margin : float
        The divergence, in nats, up to which a distribution counts as converged.
    confidence_level : float
    test : TestResult
        The likelihood-ratio test behind it.
    shape : TestResult or None
        The test of whether x has the shape of a Gaussian; None where it was not asked for.
    shape_alpha : float or None
        Its level.
    """

    estimate: float
    lower: float
    upper: float
    margin: float
    confidence_level: float
    test: TestResult
    shape: TestResult | None
    shape_alpha: float | None

    def __repr__(self) -> str:
        lines = [
            f"{self.title} {self.estimate:.4g} nats [{self.lower:.4g}, {self.upper:.4g}], each "
            f"bound at {self.confidence_level:g}; n = {self.test.n}, d = {self.test.dimension}",
            f"within the margin of {self.margin:g} nats: {'yes' if self.passed else 'not shown'}",
        ]
        if self.shape is not None:
            held = "not that of a Gaussian" if self.misshapen else "not rejected"
            lines.append(f"shape {held}: {p_in_words(self.shape.pvalue)}")
        return "\n".join(lines)

    @property
    def title(self) -> str:
        """The divergence that is bounded."""
        return "KL(x‖target)"

    def to_dict(self) -> dict[str, Any]:
        """Return the bounds, the margin, the answer and the p-values, flat."""
        own = ("estimate", "lower", "upper", "margin", "confidence_level", "passed")
        return {name: getattr(self, name) for name in own} | {
            "pvalue": self.test.pvalue,
            "shape_pvalue": None if self.shape is None else self.shape.pvalue,
            "shape_alpha": self.shape_alpha,
            "n": self.test.n,
            "dimension": self.test.dimension,
        }

    @property
    def passed(self) -> bool:
        """True where the upper bound lies within the margin, and no other shape is shown."""
        return self.upper <= self.margin and not self.misshapen

    @property
    def misshapen(self) -> bool:
        """True where the test of shape rejects."""
        return self.shape is not None and self.shape.pvalue <= (self.shape_alpha or 0.0)

    @property
    def failure(self) -> float:
        """The probability that a sample of this size from the target itself is not shown."""
        return self._failure(self.test.n)

    def rows_needed(self) -> int:
        """Return the least number of rows with which the target itself fails in at most
        ``ACCEPTABLE`` of samples."""

        low = high = self.test.dimension + 1
        while self._failure(high) > ACCEPTABLE:
            low, high = high, 2 * high
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (low, middle) if self._failure(middle) <= ACCEPTABLE else (middle, high)
        return high

    def _failure(self, n: int) -> float:
        return failure_probability(
            n, self.test.dimension, self.margin, self.confidence_level, self.shape_alpha
        )


def equivalence(
    x: Any,
    target: GaussianLike,
    *,
    margin: float = 0.1,
    confidence_level: float = 0.95,
    shape_alpha: float | None = SHAPE_ALPHA,
) -> Equivalence:
    """Bound the divergence of x's distribution from the target, and hold it against a margin.

    Parameters
    ----------
    x : array of shape (n, d), or (n,)
        NumPy, torch or pandas; n > d.
    target : GaussianTarget, Gaussian, or (mean, covariance)
    margin : float
        In nats, above 0.
    confidence_level : float
        Of each one-sided bound, above 0.5 and below 1. A Gaussian whose divergence is the
        margin, or more, is shown to be within it with probability at most about
        1 − ``confidence_level``.
    shape_alpha : float or None
        Level of the test of shape, above 0 and at most 0.1: how often it rejects rows that are
        Gaussian. None leaves the shape untested.

    Raises
    ------
    UsageError
        For input that cannot be used, or a singular sample covariance.

    Notes
    -----
    The bounds are the ends of the interval of
    :func:`~gan_eval.stats.goodness.likelihood_ratio_test` at level 2c − 1. What is bounded is the
    divergence of the Gaussian with x's mean and covariance. For a distribution that is not Gaussian
    KL(x‖target) is larger by the divergence of x from that Gaussian. Of that nothing is bounded:
    a test looks for other shapes (:func:`~gan_eval.stats.goodness.stein.shape_test`), and that it
    does not reject is no evidence that there is none. With many rows it rejects shapes that differ
    by little; the bound alone is ``upper``.

    Heavier tails than a Gaussian's make the bound wider, as far as the rows show them. Few rows do
    not: docs/convergence/sample.md has the measured rates.

    Examples
    --------
    >>> import numpy as np
    >>> from gan_eval import GaussianTarget
    >>> target = GaussianTarget(A=((1.0, 0.0), (0.0, 2.0)), b=(0.0, 0.0))
    >>> near = target.sample(50, np.random.default_rng(0))
    >>> found = equivalence(target.sample(2000, np.random.default_rng(0)), target)
    >>> found.passed, found.upper < 0.1
    (True, True)
    """
    margin = positive_number(margin, "margin")
    level = positive_number(confidence_level, "confidence_level")
    if not 0.5 < level < 1:
        raise UsageError(
            f"confidence_level must be above 0.5 and below 1, got {confidence_level!r}"
        )
    if shape_alpha is not None:
        shape_alpha = positive_number(shape_alpha, "shape_alpha")
        if shape_alpha > 0.1:
            raise UsageError(f"shape_alpha must be at most 0.1, or None, got {shape_alpha!r}")
    rows, target = one_sample(x, target)
    test = goodness.likelihood_ratio_test(x, target, confidence_level=2 * level - 1)
    assert test.confidence_interval is not None
    lower, upper = test.confidence_interval
    shape = None if shape_alpha is None else shape_test(np.asarray(target.whiten(rows), np.float64))
    return Equivalence(test.estimate, lower, upper, margin, level, test, shape, shape_alpha)


@lru_cache(maxsize=128)
def failure_probability(
    n: int, d: int, margin: float, confidence_level: float, shape_alpha: float | None = SHAPE_ALPHA
) -> float:
    """Return the probability that n rows from the target itself are not shown to be within the
    margin.

    1 − (1 − f)(1 − ``shape_alpha``), with f the probability that the upper bound is above the
    margin: under a Gaussian the test of shape is independent of the bound's mean and covariance.
    Were the bound's variance always that of a Gaussian, it would be above the margin where the
    likelihood-ratio statistic L exceeds the lower (1 − ``confidence_level``) quantile of
    ρL ~ χ²_k(2nρ margin), with Bartlett's ρ, and the law of L at the target is exact. How much
    more often it is with the variance that the rows have is simulated, with 4,000 samples of a
    fixed seed, for up to 5,000 rows; the standard error is at most 0.008.

    Examples
    --------
    >>> failure_probability(10, 2, 0.1, 0.95) > 0.5
    True
    >>> round(failure_probability(20000, 2, 0.1, 0.95), 3)
    0.01
    """
    law = BoxLaw.one_sample(n, d, mean_known=True)
    f, bartlett = law.degrees_of_freedom, law.degrees_of_freedom / law.mean
    noncentrality = 2 * n * bartlett * margin
    quantile = float(ncx2.ppf(1 - confidence_level, f, noncentrality))
    if quantile < least_expected(f):
        return 1.0
    failure = law.sf(quantile / bartlett)
    if n <= _MOST_ROWS:
        failure += _simulated_excess(n, d, f, bartlett, noncentrality, confidence_level, quantile)
    return float(1 - (1 - min(failure, 1.0)) * (1 - (shape_alpha or 0.0)))


def _simulated_excess(
    n: int, d: int, f: float, bartlett: float, noncentrality: float, level: float, quantile: float
) -> float:
    """Return the share of the target's samples that fail by the bound and would not by the χ²
    alone, less the share the other way round."""
    generator = np.random.default_rng([n, d])
    truth = Gaussian(np.zeros(d), np.eye(d))
    excess = 0
    step = max(1, _CHUNK_ENTRIES // (n * d))
    for done in range(0, _SAMPLES, step):
        rows = generator.standard_normal((min(step, _SAMPLES - done), n, d))
        shift = rows.mean(axis=1)
        offset, scales = pair = canonical_pair(Gaussian.fit(rows), truth)
        plugged = pair.kl()
        statistic = np.maximum(2 * n * bartlett * plugged, least_expected(f))
        spread = log_ratio(rows - shift[:, None], shift)
        own = excess_variance(spread, offset, scales, 2 * level - 1)[1]
        ratio = own * log_ratio_variance(offset, scales) / (2 * plugged)
        rest = statistic - (1 - ratio) * noncentrality
        below = chndtr(np.maximum(rest, 0.0), f, ratio * noncentrality)
        fails = (rest > 0) & (below > 1 - level)
        excess += int(np.count_nonzero(fails)) - int(np.count_nonzero(statistic > quantile))
    return excess / _SAMPLES
