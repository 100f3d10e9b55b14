"""How many real rows a generator is worth, by energy and by MMD, from its samples."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from gan_eval.distributions.gaussian import Gaussian
from gan_eval.distributions.mixture import MixtureTarget
from gan_eval.distributions.target import GaussianTarget
from gan_eval.runtime.arguments import level, one_of, random_generator
from gan_eval.runtime.documents import json_ready
from gan_eval.runtime.errors import CannotTestError, UsageError
from gan_eval.stats.mixed import MixedRows, embed
from gan_eval.stats.pairs import Semimetric, semimetric
from gan_eval.stats.samples import Array, one_sample, sample
from gan_eval.stats.squared_distance import (
    SquaredDistance,
    squared_distance,
    squared_distance_to,
)

BY = ("energy", "mmd")
_LARGEST = {"energy": math.inf, "mmd": 2.0}

FEWEST_ROWS = 4
"""Rows of each sample; the variance of pairs needs four."""

MOST_PAIRS = 4 * 10**7
"""Pairs that one mean is taken over; of more, rows are parted at random into blocks, and paired
within them."""


@dataclass(frozen=True)
class Worth:
    """What a generator is worth in real rows.

    Attributes
    ----------
    by : {"energy", "mmd"}
    value : float
        The number of real rows that are, on average, as far from the truth as the generator's
        distribution is estimated to be; infinite where that estimate is not above 0.
    low, high : float
        The interval: it is worth at least ``low``; ``high`` is infinite where the generator may be
        right.
    distance : float
        D² of real and generated, without bias: it may be below 0.
    distance_low, distance_high : float
        Its interval, from 0.
    spread : float
        E‖X − X′‖ of real rows, or 1 − E k(X, X′): what one real row is worth in D².
    n, m : int
        Real and generated rows; ``n`` is 0 where the target itself is known.
    confidence_level : float
    how : {"sampled"}
        From rows of the generator, not from its distribution.
    """

    by: str
    value: float
    low: float
    high: float
    distance: float
    distance_low: float
    distance_high: float
    spread: float
    n: int
    m: int
    confidence_level: float
    how: str = "sampled"

    def __repr__(self) -> str:
        name = {"energy": "energy", "mmd": "MMD"}[self.by]
        about = f"about {self.value:.3g} real rows" if math.isfinite(self.high) else "real rows:"
        ends = f"[{self.low:.3g}, {self.high:.3g}]"
        if not math.isfinite(self.high):
            about, ends = f"at least {self.low:.3g} real rows", ""
        return f"Worth({about} {ends}".rstrip() + f", by {name}; n = {self.n}, m = {self.m})"

    def to_dict(self) -> dict[str, Any]:
        """Return all figures, ready for JSON; what is infinite is None."""
        return json_ready(asdict(self))


def worth(
    real: Any,
    generated: Any,
    *,
    by: str = "energy",
    whiten: bool = True,
    confidence_level: float = 0.95,
    rng: int | np.random.Generator | None = 0,
) -> Worth:
    """Estimate how many real rows a generator is worth.

    Parameters
    ----------
    real : array of shape (n, d), MixedRows, or GaussianTarget, Gaussian, (mean, covariance), \
MixtureTarget
        Independent rows that the generator has not seen, at least 4; or the target itself, whose
        expectations are then exact.
    generated : array of shape (m, d), or MixedRows
        Independent rows of the generator, at least 4; repeated ones are as good as others.
    by : {"energy", "mmd"}
        The distance; ``"mmd"`` has the Gaussian kernel with the median distance of the real rows
        (of the target) as its bandwidth.
    whiten : bool
        Bring rows to the coordinates in which the real ones have covariance I
        (:func:`~gan_eval.stats.mixed.embed`), or the target. False: the rows are already where
        Euclidean distances mean something.
    confidence_level : float
    rng : None, int or numpy.random.Generator
        Parts rows into blocks where there are more than ``MOST_PAIRS`` pairs.

    Returns
    -------
    Worth

    Raises
    ------
    UsageError
        For arguments that cannot be used; as
        :class:`~gan_eval.runtime.errors.CannotTestError` for fewer than 4 rows.

    Notes
    -----
    A table of N independent real rows is itself D² = E‖X − X′‖ / N from the truth in energy
    distance, and (E k(X, X) − E k(X, X′)) / N in MMD², on average. So the worth is the numerator
    over D² of truth and generator: rows drawn again and again from N₀ real ones read about N₀.
    D² is estimated by means over pairs of different rows, whose expectation is right for every n
    and m, and its interval is valid where D² is 0
    (:func:`~gan_eval.stats.intervals.squared_distance_interval`): the limits of the worth are those
    of D². The error of the numerator, smaller by far, is not counted.

    ``real`` must be rows that the generator has not seen: training rows are nearer to it than the
    truth is, and it would look worth more.

    References
    ----------
    D. Sejdinovic, B. Sriperumbudur, A. Gretton, K. Fukumizu, "Equivalence of distance-based and
    RKHS-based statistics in hypothesis testing", Annals of Statistics 41 (2013) 2263–2291.

    Examples
    --------
    Rows drawn from 50 real ones, and rows of the truth:

    >>> rng = np.random.default_rng(0)
    >>> real, few = rng.normal(size=(1000, 2)), rng.normal(size=(50, 2))
    >>> found = worth(real, few[rng.integers(50, size=1000)])
    >>> 20 < found.low < found.high < 400
    True
    >>> found = worth(real, rng.normal(size=(1000, 2)))
    >>> found.high, found.low > 150
    (inf, True)
    """
    one_of(by, "by", BY)
    confidence_level = level(confidence_level, "confidence_level")
    generator = random_generator(rng)
    options: dict[str, Any] = {"largest": _LARGEST[by], "level": confidence_level}
    options |= {"rng": generator, "most": MOST_PAIRS}
    if isinstance(real, GaussianTarget | Gaussian | tuple):
        rows, n = one_sample(generated, real)[0], 0
        _require_rows(rows)
        found = _to_target(rows, GaussianTarget.of(real), by, whiten, options)
    elif isinstance(real, MixtureTarget):
        rows, n = _of_mixture(generated, real), 0
        _require_rows(rows)
        found = _to_mixture(rows, real, by, whiten, options)
    else:
        points, rows = _points(real, generated, whiten)
        n = len(points)
        _require_rows(points, rows)
        found = squared_distance(points, rows, semimetric(by, points), **options)
    return Worth(
        by,
        _over(found.spread, found.estimate),
        _over(found.spread, found.high),
        _over(found.spread, found.low),
        found.estimate,
        found.low,
        found.high,
        found.spread,
        n,
        len(rows),
        confidence_level,
    )


def _points(real: Any, generated: Any, whiten: bool) -> tuple[Array, Array]:
    """Read both samples, and place them."""
    if not isinstance(real, MixedRows):
        rows = [sample(one, name) for one, name in ((real, "`real`"), (generated, "`generated`"))]
        if rows[0].shape[1] != rows[1].shape[1]:
            raise UsageError(
                "`real` and `generated` must have the same number of columns, got "
                f"{rows[0].shape[1]} and {rows[1].shape[1]}"
            )
        if not whiten:
            return rows[0], rows[1]
        real, generated = (MixedRows.of_numbers(one) for one in rows)
    points = embed(real, generated, by="first")
    return points[0], points[1]


def _require_rows(*samples: Array) -> None:
    fewest = min(map(len, samples))
    if fewest < FEWEST_ROWS:
        raise CannotTestError(
            f"worth needs at least {FEWEST_ROWS} rows of each sample, got {fewest}"
        )


def _to_target(
    rows: Array, target: GaussianTarget, by: str, whiten: bool, options: dict[str, Any]
) -> SquaredDistance:
    """Estimate the squared distance to the target, whose expectations are closed forms."""
    from gan_eval.distributions.distances import median_distance  # with a target alone
    from gan_eval.stats.goodness.bootstrap import principal
    from gan_eval.stats.goodness.energy import DistanceKernel
    from gan_eval.stats.goodness.mmd import GaussianKernel

    placed, deviations, unit = principal(rows, target, whiten)
    if by == "energy":
        kernel, self_similarity, factor = DistanceKernel(deviations, 1.0), 0.0, unit
        rho: Semimetric = semimetric(by, placed)
    else:
        law = Gaussian(np.zeros(len(deviations)), np.diag(deviations))
        width = float(median_distance(law))
        kernel, self_similarity, factor = GaussianKernel(deviations, width), 1.0, 1.0
        # The two points say the bandwidth: their distance is the median.
        rho = semimetric(by, np.array([[0.0], [width]]))
    means = self_similarity - kernel.mean(placed)
    found = squared_distance_to(placed, rho, means, self_similarity - kernel.grand_mean, **options)
    return SquaredDistance(
        *(factor * value for value in (found.estimate, found.low, found.high, found.spread))
    )


def _of_mixture(generated: Any, target: MixtureTarget) -> Array:
    rows = sample(generated, "`generated`")
    if rows.shape[1] != target.dimension:
        raise UsageError(
            f"`generated` must have the {target.dimension} columns of the target, got "
            f"{rows.shape[1]}"
        )
    return rows


def _to_mixture(
    rows: Array, target: MixtureTarget, by: str, whiten: bool, options: dict[str, Any]
) -> SquaredDistance:
    """Estimate the squared distance to a mixture, whose expectations are closed forms, too."""
    from gan_eval.stats.known_mixture import KnownMixture  # with a target alone

    known = KnownMixture.of(target, whiten)
    placed = known.placed(rows)
    if by == "energy":
        means, spread = known.mean_distances(placed), known.spread_energy
        rho: Semimetric = semimetric(by, placed)
    else:
        means, spread = 1 - known.mean_kernels(placed), 1 - known.mean_kernel
        # The two points say the bandwidth: their distance is the median.
        rho = semimetric(by, np.array([[0.0], [known.bandwidth]]))
    return squared_distance_to(placed, rho, means, spread, **options)


def _over(spread: float, squared: float) -> float:
    return spread / squared if squared > 0 else math.inf
