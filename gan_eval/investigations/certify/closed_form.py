"""Closed forms: do the statistics estimate, on average, what they say they estimate?"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm

from gan_eval.distributions import distances
from gan_eval.distributions.gaussian import Gaussian
from gan_eval.distributions.target import GaussianTarget
from gan_eval.investigations.certify.gaussian import GAUSSIAN_PATHS, chapter
from gan_eval.investigations.certify.size import FIRST_LOOK, SECOND_LOOK
from gan_eval.runtime.random import generator

Array = NDArray[np.floating]

ALTERNATIVES = {"null": 0.0, "shift_minor": 0.1, "shift_major": 0.1, "rotation": 0.3}
"""Paths and the KL on them, in nats, at which means are compared; ``"null"`` is q = p."""


@dataclass(frozen=True)
class Statistic:
    """A statistic of two samples and its expectation for two Gaussians.

    Attributes
    ----------
    words : str
    value : callable
        (x, y, p) to the statistic; p is the real law, from which a bandwidth may be taken.
    expectation : callable
        (q, p, n, m) to its mean, for n rows of p and m rows of q.
    """

    words: str
    value: Callable[[Array, Array, Gaussian], float]
    expectation: Callable[[Gaussian, Gaussian, int, int], float]


def _mmd2(x: Array, y: Array, p: Gaussian) -> float:
    from gan_eval.stats.twosample import mmd2

    return mmd2(x, y, bandwidth=float(distances.median_distance(p)))


def expected_mmd2(q: Gaussian, p: Gaussian, n: int, m: int) -> float:
    """Compute the mean of the unbiased estimate: the population value, for all n and m."""
    return float(distances.mmd2(q, p))


def _energy(x: Array, y: Array, p: Gaussian) -> float:
    from gan_eval.stats.twosample import energy_distance

    return energy_distance(x, y)


def expected_energy(q: Gaussian, p: Gaussian, n: int, m: int) -> float:
    """Compute the mean of the V-statistic: the population value, E‖X − X'‖/n and E‖Y − Y'‖/m.

    Of the n² pairs within x, the n of a row with itself have distance 0 in place of E‖X − X'‖.
    """
    bias = _mean_distance(p) / n + _mean_distance(q) / m
    return float(distances.energy_distance(q, p)) + bias


def _mean_distance(law: Gaussian) -> float:
    """Compute E‖X − X'‖ for independent X, X' of one Gaussian."""
    from gan_eval.stats.goodness.energy import DistanceKernel

    deviations = np.linalg.svd(law.square_factor, compute_uv=False)
    return -DistanceKernel(tuple(deviations.tolist()), 1.0).grand_mean


STATISTICS: Mapping[str, Statistic] = {
    "mmd2": Statistic("unbiased MMD²", _mmd2, expected_mmd2),
    "energy_distance": Statistic("energy distance (V-statistic)", _energy, expected_energy),
}
"""The statistics behind the tests, by name."""


@dataclass(frozen=True)
class MeanCase:
    """A mean of a statistic over repetitions, beside its expectation.

    Attributes
    ----------
    statistic, path : str
    kl : float
        KL(q‖p) on the path, in nats.
    n, m, dimension : int
    expectation : float
        In closed form.
    repetitions : int
    sum, squares : float
        Over repetitions, of the statistic less its expectation and of the square of that.
    second : MeanCase or None
        The second look, where the first was outside its band.
    """

    statistic: str
    path: str
    kl: float
    n: int
    m: int
    dimension: int
    expectation: float
    repetitions: int
    sum: float
    squares: float
    second: MeanCase | None = None

    @property
    def mean(self) -> float:
        """The mean of the statistic in the last look."""
        last = self.second or self
        return last.expectation + last.sum / last.repetitions

    @property
    def error(self) -> float:
        """The standard error of ``mean``."""
        last = self.second or self
        variance = (last.squares - last.sum**2 / last.repetitions) / (last.repetitions - 1)
        return float(np.sqrt(max(variance, 0.0) / last.repetitions))

    @property
    def deviation(self) -> float:
        """Mean less expectation, in standard errors."""
        return (self.mean - self.expectation) / self.error

    @property
    def passed(self) -> bool:
        """Tell whether the mean lies in the band around its expectation: 99 %, in a second look
        99.9 %, of the normal distribution of a mean."""
        confidence = FIRST_LOOK if self.second is None else SECOND_LOOK
        return bool(abs(self.deviation) <= norm.ppf((1 + confidence) / 2))


def measure(
    name: str,
    path: str,
    n: int,
    m: int,
    d: int,
    repetitions: int,
    seed: int,
    look: str = "first",
    value: Callable[[Array, Array, Gaussian], float] | None = None,
) -> MeanCase | None:
    """Measure one statistic under two distributions, a unit of work; None without such a path.

    ``value``, if given, is checked against the expectation of ``STATISTICS[name]`` in place of the
    package's own function.
    """
    value = value or STATISTICS[name].value
    p, nats = chapter(d), ALTERNATIVES[path]
    q: Any = p
    if path != "null":
        found = GAUSSIAN_PATHS[path].at(nats, p) if d >= GAUSSIAN_PATHS[path].dimension else None
        q = found[1] if found else None
    if not isinstance(q, GaussianTarget):
        return None
    real = p.law
    expectation = STATISTICS[name].expectation(q.law, real, n, m)
    excess = np.empty(repetitions)
    for repetition in range(repetitions):
        rng = generator(seed, "mean", path, n, m, d, look, repetition)
        x, y = p.sample(n, rng), q.sample(m, rng)
        excess[repetition] = value(x, y, real) - expectation
    return MeanCase(
        *(name, path, nats, n, m, d, expectation, repetitions),
        *(float(excess.sum()), float((excess**2).sum())),
    )
