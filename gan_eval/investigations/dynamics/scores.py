"""The directions in which a Gaussian can be wrong: the scores of its parameters, at points."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.polynomial.hermite_e import hermegauss
from numpy.typing import NDArray

from gan_eval.distributions.gaussian import Gaussian
from gan_eval.runtime.errors import UsageError
from gan_eval.training.units import features

Array = NDArray[np.floating]

MOST_COLUMNS = 10
"""The largest dimension: the points of the quadrature grow with its power."""

_POINTS = 4096
"""About how many points a quadrature has, where that is enough for degree 5."""


@dataclass(frozen=True)
class Points:
    """A set of N points that stand for N(0, I) in d dimensions, by Gauss–Hermite quadrature.

    Attributes
    ----------
    z : ndarray, shape (N, d)
    weights : ndarray, shape (N,)
        They sum to 1.
    """

    z: Array
    weights: Array

    @classmethod
    def of(cls, dimension: int, count: int = _POINTS) -> Points:
        """Make a grid of about ``count`` points, exact for polynomials up to degree 5 at least.

        Points of weight below 1e-24 are left out. ``UsageError`` above ``MOST_COLUMNS``.
        """
        if dimension > MOST_COLUMNS:
            raise UsageError(
                f"`dynamics` needs a target of at most {MOST_COLUMNS} columns, got {dimension}"
            )
        order = int(np.clip(round(count ** (1 / dimension)), 3, 64))
        nodes, masses = hermegauss(order)
        masses = masses / masses.sum()
        z = np.stack(np.meshgrid(*[nodes] * dimension, indexing="ij"), -1).reshape(-1, dimension)
        weights = np.ones(1)
        for _ in range(dimension):
            weights = (weights[:, None] * masses).ravel()
        kept = weights > 1e-24
        return cls(z[kept], weights[kept])

    def mean(self, values: Array) -> Array:
        """Average values (…, N, K) over the points: (…, K)."""
        return self.weights @ values


def scores(z: Array) -> Array:
    """Compute the scores of a Gaussian's parameters at whitened rows (n, d), orthonormal.

    The d of the mean, z_i, then for i ≤ j, row by row of the upper triangle, those of the
    covariance: (z_i² − 1)/√2 and z_i z_j; shape (n, d + d(d + 1)/2). They are the features of a
    quadratic discriminator of whitened rows. An error τ of the parameters in these directions is a
    KL of ½|τ|² nats to second order.
    """
    return features(z)


@dataclass(frozen=True)
class PrincipalAxes:
    """A target by its principal axes, the longest first: x = b + Σ z_i s_i v_i.

    Attributes
    ----------
    mean : ndarray, shape (d,)
    deviations : ndarray, shape (d,)
        s_i, the standard deviations along the axes.
    axes : ndarray, shape (d, d)
        v_i as rows; the largest entry of each is positive.
    """

    mean: Array
    deviations: Array
    axes: Array

    @classmethod
    def of(cls, law: Gaussian) -> PrincipalAxes:
        """Find the axes of a regular Gaussian."""
        _, deviations, axes = np.linalg.svd(law.factor)
        axes = axes[: len(deviations)]
        largest = np.take_along_axis(axes, np.abs(axes).argmax(1)[:, None], 1)
        return cls(law.mean, deviations, axes * np.sign(largest))

    @property
    def factor(self) -> Array:
        """The factor (d, d) of x = z @ factor + mean."""
        return self.deviations[:, None] * self.axes

    @property
    def names(self) -> tuple[str, ...]:
        """The name of each axis in a sentence: of two, the major and the minor one."""
        d = len(self.mean)
        if d == 1:
            return ("",)
        return ("major axis", "minor axis") if d == 2 else tuple(f"axis {i + 1}" for i in range(d))

    @property
    def directions(self) -> tuple[str, ...]:
        """The name of an error in each of the ``scores``, in words."""
        if len(self.mean) == 1:
            return ("mean", "variance")
        the = [f"the {name}" if name.endswith("axis") else name for name in self.names]
        i, j = np.triu_indices(len(the))
        return (
            *(f"mean along {name}" for name in the),
            *(
                f"variance along {the[a]}"
                if a == b
                else "tilt between the axes"
                if len(the) == 2
                else f"tilt between {the[a]} and {the[b]}"
                for a, b in zip(i, j, strict=True)
            ),
        )
