"""Whether a sample shows that its law is near the target: an equivalence claim."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from scipy.stats import ncx2

from gan_eval import goodness
from gan_eval.errors import UsageError
from gan_eval.target import GaussianTarget
from gan_eval.twosample import validation
from gan_eval.twosample.boxlaw import BoxLaw
from gan_eval.twosample.result import TestResult

ACCEPTABLE = 0.05
"""How often a model exactly at the target may fail before its sample counts as too small."""


@dataclass(frozen=True, eq=False)
class Equivalence:
    """How near to the target a sample is shown to be.

    Attributes
    ----------
    estimate, lower, upper : float
        KL(x‖target) in nats: estimated, and its one-sided confidence bounds, each at
        ``confidence_level``.
    margin : float
        The divergence, in nats, up to which a law counts as converged.
    confidence_level : float
    failure : float
        The probability that a sample of this size from the target itself is not shown to be
        within the margin.
    test : TestResult
        The likelihood-ratio test behind it.
    """

    estimate: float
    lower: float
    upper: float
    margin: float
    confidence_level: float
    failure: float
    test: TestResult

    @property
    def shown(self) -> bool:
        """Whether the upper bound lies within the margin."""
        return self.upper <= self.margin

    def rows_needed(self) -> int:
        """The least number of rows with which the target itself fails in at most
        ``ACCEPTABLE`` of samples."""

        def enough(n: int) -> bool:
            found = failure_probability(n, self.test.dimension, self.margin, self.confidence_level)
            return found <= ACCEPTABLE

        low = high = self.test.dimension + 1
        while not enough(high):
            low, high = high, 2 * high
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (low, middle) if enough(middle) else (middle, high)
        return high


def equivalence(
    x: Any, target: GaussianTarget, *, margin: float = 0.1, confidence_level: float = 0.95
) -> Equivalence:
    """Bound the divergence of x's law from the target, and hold it against a margin.

    Parameters
    ----------
    x : array of shape (n, d), or (n,)
        NumPy, torch or pandas; n > d.
    target : GaussianTarget
    margin : float
        In nats, above 0.
    confidence_level : float
        Of each one-sided bound, above 0.5 and below 1. A law whose divergence is the margin, or
        more, is shown to be within it with probability at most about 1 − ``confidence_level``.

    Raises
    ------
    UsageError
        For input that cannot be used, or a singular sample covariance.

    Notes
    -----
    The bounds are the ends of the interval of
    :func:`~gan_eval.goodness.likelihood_ratio_test` at level 2c − 1. What is bounded is the
    divergence of the Gaussian with x's mean and covariance. For a law that is not Gaussian
    KL(x‖target) is larger by the divergence of x from that Gaussian, of which nothing is claimed:
    a test of shape, as :func:`~gan_eval.battery.battery`, has to stand beside it.
    """
    margin = validation.positive_number(margin, "margin")
    level = validation.positive_number(confidence_level, "confidence_level")
    if not 0.5 < level < 1:
        raise UsageError(
            f"confidence_level must be above 0.5 and below 1, got {confidence_level!r}"
        )
    test = goodness.likelihood_ratio_test(x, target, confidence_level=2 * level - 1)
    assert test.confidence_interval is not None
    lower, upper = test.confidence_interval
    failure = failure_probability(test.n, test.dimension, margin, level)
    return Equivalence(test.estimate, lower, upper, margin, level, failure, test)


def failure_probability(n: int, d: int, margin: float, confidence_level: float) -> float:
    """The probability that n rows from the target itself leave the upper bound above the margin.

    The bound is above the margin where the likelihood-ratio statistic L exceeds the lower
    (1 − ``confidence_level``) quantile of its law at the margin, ρL ~ χ²_k(2nρ margin) with
    Bartlett's ρ (the law of the interval for small divergences); the law of L at the target is
    exact.
    """
    law = BoxLaw.one_sample(n, d, mean_known=True)
    bartlett = law.degrees_of_freedom / law.mean
    noncentrality = 2 * n * bartlett * margin
    threshold = ncx2.ppf(1 - confidence_level, law.degrees_of_freedom, noncentrality) / bartlett
    return float(law.sf(float(threshold)))
