"""A known target, tested row by row: ∏ q̂ₜ₋₁(xₜ) / p(xₜ), the likelihood ratio that learns.

H₀: the rows come from the target, whose density p is known. Whatever density q̂ₜ₋₁ is chosen with
the rows before xₜ, the expectation of q̂ₜ₋₁(xₜ) / p(xₜ) under p is 1, and so the product is an
e-process, as long as q̂ₜ₋₁ integrates to 1.

References
----------
H. Robbins, D. Siegmund, "The expected sample size of some tests of power one", Annals of
Statistics 2 (1974). L. Wasserman, A. Ramdas, S. Balakrishnan, "Universal inference", PNAS 2020.
"""

from __future__ import annotations

from math import log, pi
from typing import Any, Protocol, cast

import numpy as np
from numpy.typing import NDArray
from scipy.special import logsumexp

from gan_eval.distributions.protocol import as_target
from gan_eval.distributions.target import GaussianTarget
from gan_eval.runtime.arguments import one_of
from gan_eval.runtime.errors import UsageError
from gan_eval.stats.samples import Array
from gan_eval.stats.sequential.predictive import GaussianPredictive, Moments
from gan_eval.stats.sequential.process import Running, cumulative, rows_of

FAMILIES = ("auto", "gaussian", "moved", "weights", "modes")
BLOCK_VALUES = 2**18
"""Numbers in one array of a block of rows."""
MOMENT_ROWS = 10_000
"""Rows drawn to learn a target's moments where it does not state them."""
MOVED_WEIGHT = 10.0
"""As how many rows the target counts where its own shape is moved and stretched."""


class Density(Protocol):
    """A distribution whose density is known."""

    def log_density(self, x: Any, /) -> NDArray[np.floating]:
        """Compute ln p of rows (n, d) in nats, shape (n,)."""
        ...


class Alternative(Protocol):
    """A density for each next row that knows the rows before it."""

    def log_densities(self, rows: Array) -> Array:
        """Compute ln q̂ₜ₋₁ of each row (n, d), shape (n,), and learn the rows."""
        ...


class LikelihoodEProcess(Running):
    """A test, valid after every row, that rows come from a target whose density is known.

    Parameters
    ----------
    target : GaussianTarget, MixtureTarget, StudentTTarget, or any target
        The law p of the hypothesis: what ``as_target`` takes.
    q : object with ``log_density``, optional
        The alternative, where it is known. It must be normalised, and must not be fitted to rows
        that are given here. By default an alternative is learned from the rows.
    family : {"auto", "gaussian", "moved", "weights", "modes"}
        What is learned. ``"gaussian"``: a Gaussian, begun at the target's mean and covariance.
        ``"moved"``: the target itself, moved, stretched and turned. ``"weights"``: the weights of
        the target's known modes. ``"modes"``: their weights, means and covariances. ``"auto"``: a
        Gaussian where the target is one; else the mean of the e-processes of all families that
        there are, which is one and lies at most ln 4 below the best of them.

    Raises
    ------
    UsageError
        Where an argument cannot be used, and where the target has no modes to learn.

    Notes
    -----
    With a known q, e reaches 1/α after about ln(1/α) / KL(q‖p) rows; with a learned Gaussian after
    about (ln(1/α) + (k/2) ln n) / KL rows, k = d + d (d + 1) / 2.

    Only these families are learned: a generator of another shape, with the right moments, may never
    be told from a Gaussian target. It costs power, never the level.
    :class:`~gan_eval.stats.sequential.witness.WitnessEProcess` looks for any difference.

    Examples
    --------
    >>> from gan_eval.distributions.target import GaussianTarget
    >>> truth = GaussianTarget.chapter()
    >>> process = LikelihoodEProcess(truth)
    >>> _ = process.update(truth.sample(2000, rng=0))
    >>> process.state(0.05).value
    'not_told_apart_yet'
    >>> process = LikelihoodEProcess(truth)
    >>> shifted = GaussianTarget(truth.A, [1.0, 2.5])
    >>> _ = process.update(shifted.sample(100, rng=0))
    >>> process.stopped_at(0.05), process.state(0.05).value
    (17, 'told_apart')
    """

    def __init__(self, target: Any, q: Any = None, *, family: str = "auto") -> None:
        super().__init__()
        self._target = as_target(target)
        self._dimension = self._target.dimension
        one_of(family, "`family`", FAMILIES)
        if q is None:
            self._alternatives = _alternatives(self._target, self._dimension, family)
        else:
            known = hasattr(q, "log_density")
            self._alternatives = [_Known(q if known else as_target(q, "q"))]
        self._logs = np.zeros(len(self._alternatives))

    def update(self, rows: Any) -> float:
        """Take one row (d,) or several (n, d) in their order; return ln e after the last.

        Raises ``UsageError`` where the rows have another shape or are not finite.
        """
        table = rows_of(rows, self._dimension)
        width = self._dimension**2 * max(
            len(getattr(a, "weights", " ")) for a in self._alternatives
        )
        size = max(1, BLOCK_VALUES // width)
        for start in range(0, len(table), size):
            self._take(table[start : start + size])
        return self.log_e

    def _take(self, rows: Array) -> None:
        with np.errstate(over="ignore", invalid="ignore"):  # of rows far off, where ln p is −∞
            below = np.asarray(self._target.log_density(rows), np.float64)
            ratios = np.stack([a.log_densities(rows) - below for a in self._alternatives], axis=1)
            # A row that the target cannot give decides for ever.
            ratios[np.isneginf(below)] = np.inf
            paths = cumulative(self._logs, ratios)[1:]
            paths[np.isnan(paths)] = np.inf
        if np.isnan(below).any():
            raise UsageError("the target's `log_density` must be a number for every row, got NaN")
        self._logs = paths[-1]
        self.follow(np.asarray(logsumexp(paths, axis=1)) - log(len(self._logs)))


class _Known:
    """An alternative that is known beforehand."""

    def __init__(self, q: Density) -> None:
        self._q = q

    def log_densities(self, rows: Array) -> Array:
        found = np.asarray(self._q.log_density(rows), np.float64)
        if np.isnan(found).any():
            raise UsageError("the `log_density` of `q` must be a number for every row, got NaN")
        return found


class _Gaussian:
    """A Gaussian that is learned from the rows, begun at a mean and a covariance."""

    def __init__(self, mean: Array, covariance: Array) -> None:
        self._whitening = _Whitening(mean[None], covariance[None])
        self._predictive = GaussianPredictive(1, len(mean))

    def log_densities(self, rows: Array) -> Array:
        white = self._whitening(rows)
        found = self._predictive.log_densities(white, np.ones((len(rows), 1)))
        return found[:, 0] - self._whitening.log_determinants[0]


class _Moved:
    """The target, moved and stretched so that it has the moments of the rows before.

    Its density is p(T(x)) |det T|, where T maps the moments of the rows to those of the target.
    """

    def __init__(self, target: Density, mean: Array, covariance: Array) -> None:
        self._target = target
        self._whitening = _Whitening(mean[None], covariance[None])
        self._moments = Moments(1, len(mean), MOVED_WEIGHT, MOVED_WEIGHT)

    def log_densities(self, rows: Array) -> Array:
        white = self._whitening(rows)
        counts, apart, scatter = self._moments.learn(white, np.ones((len(rows), 1)))
        factors = np.linalg.cholesky(scatter / (MOVED_WEIGHT + counts)[..., None, None])[:, 0]
        moved = np.asarray(np.linalg.solve(factors, apart[:, 0, :, None])[..., 0], np.float64)
        stretched = np.log(np.diagonal(factors, axis1=1, axis2=2)).sum(axis=1)
        return np.asarray(self._target.log_density(self._whitening.back(moved))) - stretched


class _Modes:
    """A mixture at known modes: its weights are learned and, with ``shapes``, each mode's Gaussian.

    A row counts for each mode by the share in which the target would have it from there; a mode's
    Gaussian learns the rows that are most likely its own.
    """

    def __init__(self, modes: Any, shapes: bool) -> None:
        self.weights = np.asarray(modes.weights, np.float64)
        self.weights = self.weights / self.weights.sum()
        k, d = np.shape(modes.means)
        self._whitening = _Whitening(
            np.asarray(modes.means, np.float64), np.asarray(modes.covariances, np.float64)
        )
        self._predictive = GaussianPredictive(k, d) if shapes else None
        # As if each mode had been seen once, on average.
        self._counts = k * self.weights

    def log_densities(self, rows: Array) -> Array:
        white, (k, d) = self._whitening(rows), self._whitening.means.shape
        known = -np.square(white).sum(axis=2) / 2 - d / 2 * log(2 * pi)
        known -= self._whitening.log_determinants
        joint = known + np.log(self.weights)
        share = np.exp(joint - np.asarray(logsumexp(joint, axis=1, keepdims=True)))
        densities = known
        if self._predictive is not None:
            taken = (np.arange(k) == joint.argmax(axis=1)[:, None]).astype(np.float64)
            densities = self._predictive.log_densities(white, taken)
            densities = densities - self._whitening.log_determinants
        counts = cumulative(self._counts, share)
        self._counts = counts[-1]
        weights = np.log(counts[:-1]) - np.log(counts[:-1].sum(axis=1, keepdims=True))
        return np.asarray(logsumexp(weights + densities, axis=1))


class _Whitening:
    """The maps of rows (n, d) to the coordinates of k Gaussians, (n, k, d), where each is N(0, I).

    ``log_determinants`` (k,) are of the maps back.
    """

    def __init__(self, means: Array, covariances: Array) -> None:
        try:
            factors = np.linalg.cholesky(covariances)
        except np.linalg.LinAlgError:
            raise UsageError(
                "the `target` must have covariances that are positive definite"
            ) from None
        self.means, self._factors = means, factors
        self._inverses = np.linalg.inv(factors)
        self.log_determinants = np.log(np.diagonal(factors, axis1=1, axis2=2)).sum(axis=1)

    def __call__(self, rows: Array) -> Array:
        return np.einsum("kij,nkj->nki", self._inverses, rows[:, None] - self.means)

    def back(self, white: Array) -> Array:
        """Map coordinates (n, d) of the first Gaussian to rows."""
        return white @ self._factors[0].T + self.means[0]


def _alternatives(target: Any, d: int, family: str) -> list[Alternative]:
    modes = getattr(target, "modes", None)
    several = modes is not None and len(modes.weights) > 1
    if family in ("weights", "modes") and not several:
        raise UsageError(f"`family` {family} needs a target of several known modes: take gaussian")
    if modes is not None and (np.asarray(modes.weights) <= 0).any():
        raise UsageError("the `target` must have modes of weights above 0")
    found: list[Alternative] = []
    if family in ("auto", "gaussian"):
        found.append(_Gaussian(*_moments(target, modes, d)))
    if family == "moved" or (family == "auto" and not isinstance(target, GaussianTarget)):
        found.append(_Moved(target, *_moments(target, modes, d)))
    if several and family in ("auto", "weights"):
        found.append(_Modes(modes, shapes=False))
    if several and family in ("auto", "modes"):
        found.append(_Modes(modes, shapes=True))
    return found


def _moments(target: Any, modes: Any, d: int) -> tuple[Array, Array]:
    """Return a target's mean (d,) and covariance (d, d): as it states them, else of its modes, else
    its location and scale, else of rows that are drawn from it."""
    mean, covariance = getattr(target, "mean", None), getattr(target, "covariance", None)
    if np.shape(cast(Any, mean)) == (d,) and np.shape(cast(Any, covariance)) == (d, d):
        mean, covariance = np.asarray(mean, np.float64), np.asarray(covariance, np.float64)
        if np.isfinite(mean).all() and np.isfinite(covariance).all():
            return mean, covariance
    if modes is not None:
        weights, means = np.asarray(modes.weights), np.asarray(modes.means, np.float64)
        mean = weights @ means
        within = np.einsum("k,kij->ij", weights, np.asarray(modes.covariances, np.float64))
        return mean, within + (means - mean).T @ ((means - mean) * weights[:, None])
    # Of a Student t without moments.
    location, scale = getattr(target, "location", None), getattr(target, "scale", None)
    if np.shape(cast(Any, location)) == (d,) and np.shape(cast(Any, scale)) == (d, d):
        return np.asarray(location, np.float64), np.asarray(scale, np.float64)
    drawn = np.asarray(target.sample(MOMENT_ROWS, 0), np.float64)
    return drawn.mean(axis=0), np.atleast_2d(np.cov(drawn.T))
