"""A Gaussian truth p, and the paths along which a generated distribution q departs from it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache, partial

import numpy as np
from scipy.special import gammaln, psi

from gan_eval.distributions.target import GaussianTarget
from gan_eval.investigations.certify.path import Array, Path

_POINTS = 4001


@lru_cache(maxsize=64)
def chapter(d: int) -> GaussianTarget:
    """Make the chapter's truth in d dimensions.

    The chapter's target in its first two coordinates (for d = 1: in the first) and standard normal
    coordinates beside them. Principal axes in order: the chapter's major one, those of the standard
    normals, the chapter's minor one; variances 5.16, 1, …, 0.095.
    """
    plane = GaussianTarget.chapter()
    if d == 1:
        return GaussianTarget([[np.sqrt(plane.covariance[0, 0])]], plane.mean[:1])
    A, b = np.eye(d), np.zeros(d)
    A[:2, :2], b[:2] = plane.A, plane.b
    return GaussianTarget(A, b)


def _principal(p: GaussianTarget) -> tuple[Array, Array]:
    """Standard deviations of p from the largest to the smallest, and its axes as rows."""
    _, deviations, axes = np.linalg.svd(p.A)
    return deviations, axes


def _shifted(p: GaussianTarget, t: float, axis: int) -> GaussianTarget:
    deviations, axes = _principal(p)
    return GaussianTarget(p.A, p.b + t * deviations[axis] * axes[axis])


def _narrowed(p: GaussianTarget, t: float) -> GaussianTarget:
    return GaussianTarget(np.exp(-t) * p.A, p.b)


def _rotated(p: GaussianTarget, t: float) -> GaussianTarget:
    """Turn p by t in the plane of its major and its minor axis."""
    major, *_, minor = _principal(p)[1]
    turn = np.eye(p.dimension)
    turn += (np.cos(t) - 1) * (np.outer(major, major) + np.outer(minor, minor))
    turn += np.sin(t) * (np.outer(major, minor) - np.outer(minor, major))
    return GaussianTarget(p.A @ turn, p.b)


def _correlation(p: GaussianTarget) -> float:
    covariance = p.covariance
    return float(covariance[0, 1] / np.sqrt(covariance[0, 0] * covariance[1, 1]))


def _recorrelated(p: GaussianTarget, t: float) -> GaussianTarget:
    """Multiply the correlation of the first two coordinates by 1 − t; at 2 its sign is turned."""
    covariance = p.covariance.copy()
    covariance[0, 1] = covariance[1, 0] = (1 - t) * covariance[0, 1]
    return GaussianTarget(np.linalg.cholesky(covariance).T, p.b)


@dataclass(frozen=True)
class TwoModes:
    """A mixture of two equal modes on p's major axis, with the mean and the covariance of p."""

    p: GaussianTarget
    separation: float
    """Half the distance of the modes, a, in standard deviations of p along the axis: 0 ≤ a < 1."""

    @property
    def width(self) -> float:
        return float(np.sqrt(1 - self.separation**2))

    def sample(self, n: int, rng: np.random.Generator) -> Array:
        deviations, axes = _principal(self.p)
        x = rng.standard_normal((n, self.p.dimension))
        sides = 2 * rng.integers(0, 2, n) - 1
        x[:, 0] = self.separation * sides + self.width * x[:, 0]
        return (x * deviations) @ axes + self.p.b

    def log_density(self, x: Array) -> Array:
        deviations, axes = _principal(self.p)
        along = (x - self.p.b) @ axes[0] / deviations[0]
        return self.p.log_density(x) + self.log_ratio(along)

    def log_ratio(self, along: Array) -> Array:
        """Compute ln q/p at places along the axis, in standard deviations."""
        nearer = -0.5 * ((np.abs(along) - self.separation) / self.width) ** 2
        other = np.log1p(np.exp(-2 * np.abs(along) * self.separation / self.width**2))
        return nearer + other + 0.5 * along**2 - np.log(2 * self.width)

    def divergence(self) -> float:
        """∫ q ln q/p along the axis, by the trapezoid rule over one of the two modes."""
        z = np.linspace(-12.0, 12.0, _POINTS)
        mass = np.exp(-0.5 * z**2) / np.sqrt(2 * np.pi)
        ratios = self.log_ratio(self.separation + self.width * z)
        return float((mass * ratios).sum() * (z[1] - z[0]))


@dataclass(frozen=True)
class HeavyTails:
    """A multivariate t with the mean and the covariance of p."""

    p: GaussianTarget
    degrees: float

    def sample(self, n: int, rng: np.random.Generator) -> Array:
        z = rng.standard_normal((n, self.p.dimension))
        radius = np.sqrt((self.degrees - 2) / rng.chisquare(self.degrees, n))
        return self.p.transform(z * radius[:, None])

    def log_density(self, x: Array) -> Array:
        nu, d = self.degrees, self.p.dimension
        squares = (self.p.whiten(x) ** 2).sum(axis=1) / (nu - 2)
        log_det = np.linalg.slogdet(self.p.A)[1]
        return self._log_constant() - (nu + d) / 2 * np.log1p(squares) - log_det

    def divergence(self) -> float:
        """Subtract q's entropy from p's, since their covariances agree."""
        if np.isinf(self.degrees):
            return 0.0
        nu, d = self.degrees, self.p.dimension
        entropy = (nu + d) / 2 * (psi((nu + d) / 2) - psi(nu / 2)) - self._log_constant()
        return max(d / 2 * np.log(2 * np.pi * np.e) - float(entropy), 0.0)

    def _log_constant(self) -> float:
        """ln of the density at the mean of t with ν degrees of freedom and covariance I."""
        nu, d = self.degrees, self.p.dimension
        return float(gammaln((nu + d) / 2) - gammaln(nu / 2) - d / 2 * np.log(np.pi * (nu - 2)))


def _degrees(t: float) -> float:
    return 1 / t if t else float("inf")


GAUSSIAN_PATHS = {
    "shift_major": Path(
        *("mean shifted along the major axis", "shift in sd", 30.0, partial(_shifted, axis=0))
    ),
    "shift_minor": Path(
        *("mean shifted along the minor axis", "shift in sd", 30.0, partial(_shifted, axis=-1)),
        dimension=2,
    ),
    "scale": Path(
        "all deviations too small", "factor", 8.0, _narrowed, lambda t: float(np.exp(-t))
    ),
    "rotation": Path(
        *("axes turned", "angle in degrees", np.pi / 2, _rotated, lambda t: float(np.degrees(t))),
        dimension=2,
    ),
    "correlation": Path(
        *("correlation lost, then its sign turned", "correlation", 2.0, _recorrelated),
        lambda t: (1 - t) * _correlation(GaussianTarget.chapter()),
        dimension=2,
    ),
    "mixture": Path(
        "two modes, mean and covariance right", "half distance in sd", 0.9999, TwoModes
    ),
    "heavy_tails": Path(
        *("multivariate t, mean and covariance right", "degrees of freedom", 0.4999),
        *(lambda p, t: HeavyTails(p, _degrees(t)), _degrees),
    ),
}
"""Every path of a Gaussian by name."""
