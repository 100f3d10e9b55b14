"""Power: how often a test tells generated rows from true ones, along a path away from the truth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from gan_eval.investigations.certify.alternatives import CHAPTER, PATHS, truth
from gan_eval.investigations.certify.catalogue import Subject
from gan_eval.runtime.random import generator
from gan_eval.stats.bootstrap import percentile_interval
from gan_eval.stats.crossing import first_crossings

Array = NDArray[np.floating]

OPTIMUM = "optimum"
"""The name under which the best possible test stands among the others."""

OPTIMUM_REPETITIONS = 20
"""Times the repetitions of a test: the optimum is cheap, and everything is held against it."""

DOUBLINGS = 10
"""KL times the samples runs over 1, 2, 4, … 512."""

ENOUGH = 100
"""Samples (the harmonic mean of n and m) from which a test must see what it is built to see."""

TOLD_APART = 0.8
"""The power at which a distribution counts as told apart."""

_BOOTSTRAP = 1000
_ROWS = 2**20
_TIE = 1e-9


@dataclass(frozen=True)
class PowerCurve:
    """A curve of one test's rejections along one path.

    Attributes
    ----------
    test : str
        Name of the test, or ``OPTIMUM``.
    path : str
        A name in ``PATHS``.
    n, m, dimension : int
        Real rows, generated rows, columns.
    alpha : float
    repetitions : int
        Of each point.
    kl : tuple of float
        KL(q‖p) of the points, in nats, rising. The curve ends at the first point at which every
        repetition rejects.
    strengths : tuple of float
        The path's own parameter at the points.
    rejections : tuple of int
    """

    test: str
    path: str
    n: int
    m: int
    dimension: int
    alpha: float
    repetitions: int
    kl: tuple[float, ...]
    strengths: tuple[float, ...]
    rejections: tuple[int, ...]

    @property
    def power(self) -> Array:
        """The share of rejections at each point."""
        return np.array(self.rejections) / self.repetitions

    @property
    def falls(self) -> bool:
        """Tell whether a point lies below one before it by more than three standard errors."""
        power, variance = self.power, self._variance
        where = np.array([np.argmax(power[: i + 1]) for i in range(len(power))])
        error = np.sqrt(variance + variance[where])
        return bool((power[where] - power > 3 * error).any())

    @property
    def grows(self) -> bool:
        """Tell whether the last point lies above the first by more than three standard errors."""
        error = np.sqrt(self._variance[0] + self._variance[-1])
        return bool(self.power[-1] - self.power[0] > 3 * error)

    @property
    def oriented(self) -> bool:
        """Tell whether power rises along the path, as it does for a test that is built to see it.

        It never falls, and from ``ENOUGH`` samples on it grows; with fewer the path may end, or
        its distance may saturate, before the test sees it.
        """
        enough = 2 * self.n * self.m / (self.n + self.m) >= ENOUGH
        return not self.falls and (self.grows or not enough)

    @property
    def _variance(self) -> Array:
        power = self.power
        return np.maximum(power * (1 - power), 1 / self.repetitions) / self.repetitions

    def told_apart(self) -> tuple[float, float, float]:
        """Find the smallest KL, in nats, with power ``TOLD_APART``, and its 95 % interval.

        Where power passes the mark between two points, it is interpolated: Φ⁻¹(power) linear in
        ln KL. The interval is a parametric bootstrap of the counts (1,000 draws, seed 0). inf where
        the mark is not reached on the curve.
        """
        draws = np.random.default_rng(0).binomial(
            self.repetitions, self.power, (_BOOTSTRAP, len(self.kl))
        )
        bounds = percentile_interval(self._crossings(draws), method="inverted_cdf")
        return (float(self._crossings(np.array([self.rejections]))[0]), *bounds)

    def _crossings(self, rejections: NDArray[np.integer]) -> Array:
        """Find the KL at which each row of counts first reaches the mark, inf where none does."""
        # A count of none or of all has no Φ⁻¹; half a rejection stands for what was not seen.
        levels = ndtri((rejections + 0.5) / (self.repetitions + 1))
        mark = float(ndtri(TOLD_APART))
        return first_crossings(np.asarray(self.kl), levels, mark, levels >= mark)


def grid(n: int, m: int) -> tuple[float, ...]:
    """List KL in nats: 1, 2, 4, … over the harmonic mean of the sizes, n where they are equal."""
    samples = 2 * n * m / (n + m)
    return tuple(2.0**j / samples for j in range(DOUBLINGS))


def measure(
    subject: Subject | None,
    path: str,
    n: int,
    m: int,
    d: int,
    alpha: float,
    repetitions: int,
    seed: int,
    target: str = CHAPTER,
) -> PowerCurve | None:
    """Measure one test along one path, a unit of work; None where there is no such path in d.

    ``target`` is the truth, which the path leaves.

    Without a subject, the most powerful test (Neyman & Pearson): it knows p and q, and rejects for
    large ln q/p of the m generated rows; the real ones would tell it nothing more. Its threshold
    and its power are simulated with ``OPTIMUM_REPETITIONS`` times the repetitions.
    """
    if d < PATHS[path].dimension:
        return None
    points, p = [], truth(d, target)
    place = (path,) if target == CHAPTER else (target, path)
    if subject is None:
        repetitions *= OPTIMUM_REPETITIONS
    for nats in grid(n, m):
        found = PATHS[path].at(nats, p)
        if found is None:
            break
        strength, law = found
        case = ("power", *place, n, m, d, f"{nats:.6g}")
        if subject is None:
            rejected = _optimum(law, p, m, alpha, repetitions, seed, case)
        else:
            rejected = 0
            for repetition in range(repetitions):
                data = generator(seed, *case, repetition)
                x, y = p.sample(n, data), law.sample(m, data)
                rng = generator(seed, *case, repetition, subject.name)
                # Not `<=` alone: α and a p-value of permutations may differ by rounding.
                rejected += subject.pvalue(x, y, rng, p) <= alpha + 1e-12
        points.append((nats, strength, int(rejected)))
        if rejected == repetitions:
            break
    if not points:
        return None
    name = subject.name if subject else OPTIMUM
    return PowerCurve(name, path, n, m, d, alpha, repetitions, *zip(*points, strict=True))


def _optimum(
    law: Any, p: Any, m: int, alpha: float, repetitions: int, seed: int, case: Sequence[str | int]
) -> int:
    """Count the Neyman–Pearson test's rejections; its threshold is from samples of the truth p.

    Where ln q/p takes few values, as it does where modes are lost, samples tie at the threshold: of
    these it rejects the share that brings it to its level.
    """
    statistics = []
    for source, name in ((p, "truth"), (law, "alternative")):
        rng = generator(seed, *case, OPTIMUM, name)
        sums, step = np.empty(repetitions), max(1, _ROWS // (m * p.dimension))
        for start in range(0, repetitions, step):
            some = sums[start : start + step]
            x = source.sample(len(some) * m, rng)
            some[:] = (law.log_density(x) - p.log_density(x)).reshape(-1, m).sum(axis=1)
        statistics.append(sums)
    null, found = statistics
    threshold = np.quantile(null, 1 - alpha)
    width = _TIE * (1 + abs(threshold))
    (above, ties), (rejected, tied) = (
        ((sums > threshold + width).sum(), (np.abs(sums - threshold) <= width).sum())
        for sums in (null, found)
    )
    share = min(max((alpha * repetitions - above) / ties, 0.0), 1.0) if ties else 0.0
    return int(rejected + round(share * tied))
