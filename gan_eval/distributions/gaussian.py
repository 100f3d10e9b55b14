"""A Gaussian held by its factor, so that a nearly singular covariance loses no digits."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gan_eval.runtime.arguments import shown
from gan_eval.runtime.errors import UsageError

Array = NDArray[np.floating]
Mask = NDArray[np.bool_]

RADIUS = math.sqrt(-2 * math.log1p(-0.95))
"""The Mahalanobis radius that holds 95 % of a Gaussian in two dimensions."""


class HasLaw(Protocol):
    """A distribution that is Gaussian and says so, as a ``GaussianTarget`` does."""

    @property
    def law(self) -> Gaussian: ...


@dataclass(frozen=True, eq=False)
class Gaussian:
    """A Gaussian distribution, or a stack of them with leading axes.

    It is kept as ``x = z @ factor + mean`` with z ~ N(0, I_k): the form in which a linear
    generator holds it. The covariance is ``factorᵀ factor``; forming it squares the condition
    number, so the divergences work on the factor.

    Attributes
    ----------
    mean : ndarray, shape (..., d), float64
    factor : ndarray, shape (..., k, d), float64
        Any k ≥ 1; with k < d it is singular. Its leading axes and the mean's broadcast.

    Raises
    ------
    UsageError
        Where the shapes do not fit. Values are not checked: a diverged GAN's may be NaN.

    Examples
    --------
    >>> from gan_eval.distributions import Gaussian
    >>> Gaussian([1.0, 2.0], [[1.0, 2.0], [-0.1, 0.5]]).covariance
    array([[1.01, 1.95],
           [1.95, 4.25]])
    """

    mean: Array
    factor: Array

    def __post_init__(self) -> None:
        mean = np.asarray(self.mean, dtype=np.float64)
        factor = np.asarray(self.factor, dtype=np.float64)
        if mean.ndim < 1 or factor.ndim < 2 or factor.shape[-1] != mean.shape[-1]:
            raise UsageError(
                f"a Gaussian needs a mean of shape (..., d) and a factor of shape (..., k, d), "
                f"got {mean.shape} and {factor.shape}"
            )
        try:
            np.broadcast_shapes(mean.shape[:-1], factor.shape[:-2])
        except ValueError:
            raise UsageError(
                f"the leading axes of a Gaussian's mean and factor must broadcast, "
                f"got {mean.shape} and {factor.shape}"
            ) from None
        object.__setattr__(self, "mean", mean)
        object.__setattr__(self, "factor", factor)

    def __repr__(self) -> str:
        if self.mean.ndim == 1 and self.dimension <= 4:
            moments = (
                np.array2string(part, precision=4, separator=", ").replace("\n", "")
                for part in (self.mean, self.covariance)
            )
            return "Gaussian with mean {} and covariance {}".format(*moments)
        shape = " × ".join(f"{size:,}" for size in self.mean.shape[:-1])
        return f"{shape or 'one'} Gaussian in {self.dimension:,} dimensions"

    @classmethod
    def from_moments(cls, mean: ArrayLike, covariance: ArrayLike) -> Gaussian:
        """Make the Gaussian with this mean (..., d) and positive definite covariance (..., d, d).

        The factor is the transposed Cholesky factor. Raises ``UsageError`` where the shapes do not
        fit, or the covariance is not symmetric, to 1e-8 of the deviations' product, or not positive
        definite.

        Examples
        --------
        >>> Gaussian.from_moments([0.0, 0.0], [[4.0, 2.0], [2.0, 2.0]]).factor
        array([[2., 1.],
               [0., 1.]])
        """
        covariance, mean = as_numbers(covariance, "covariance"), as_numbers(mean, "mean")
        if covariance.ndim < 2 or covariance.shape[-1] != covariance.shape[-2]:
            raise UsageError(f"a covariance is a square matrix, got shape {covariance.shape}")
        if mean.shape[-1:] != covariance.shape[-1:]:
            raise UsageError(
                f"a mean has one entry per column of the covariance ({covariance.shape[-1]}), got "
                f"shape {mean.shape}"
            )
        if not np.isfinite(covariance).all():
            raise UsageError("the covariance is not finite")
        transposed = np.swapaxes(covariance, -1, -2)
        deviations = np.sqrt(np.abs(np.diagonal(covariance, axis1=-2, axis2=-1)))
        allowed = 1e-8 * deviations[..., None] * deviations[..., None, :]
        if (np.abs(covariance - transposed) > allowed).any():
            raise UsageError("the covariance is not symmetric")
        try:
            lower = np.linalg.cholesky(covariance)
        except np.linalg.LinAlgError:
            raise UsageError("the covariance is not positive definite") from None
        return cls(mean, np.swapaxes(lower, -1, -2))

    @classmethod
    def fit(cls, rows: ArrayLike) -> Gaussian:
        """Fit rows (..., n, d) by maximum likelihood: sample mean, covariance with 1/n.

        The factor is the centred rows over √n, so that nothing is squared. Raises ``UsageError``
        where there is no row.

        Examples
        --------
        >>> fitted = Gaussian.fit([[0.0, 0.0], [2.0, 0.0], [1.0, 3.0]])
        >>> fitted.mean, fitted.covariance.round(3)
        (array([1., 1.]), array([[0.667, 0.   ],
               [0.   , 2.   ]]))
        """
        rows = np.asarray(rows, dtype=np.float64)
        if rows.ndim < 2 or rows.shape[-2] < 1:
            raise UsageError(f"a fit needs rows of shape (..., n ≥ 1, d), got {rows.shape}")
        mean = rows.mean(axis=-2)
        return cls(mean, (rows - mean[..., None, :]) / np.sqrt(rows.shape[-2]))

    @classmethod
    def of(cls, value: GaussianLike, name: str = "distribution") -> Gaussian:
        """Take a Gaussian, a ``GaussianTarget`` or a pair (mean, covariance) as a Gaussian.

        Raises ``UsageError`` for anything else, which ``name`` names, and as :meth:`from_moments`.

        Examples
        --------
        >>> Gaussian.of(([0.0, 1.0], [[4.0, 2.0], [2.0, 2.0]])).covariance
        array([[4., 2.],
               [2., 2.]])
        """
        law = getattr(value, "law", value)
        if isinstance(law, Gaussian):
            return law
        if isinstance(value, tuple | list) and len(value) == 2:
            return cls.from_moments(*value)
        raise UsageError(
            f"a {name} must be a GaussianTarget, a Gaussian or (mean, covariance), got "
            f"{type(value).__name__}"
        )

    @property
    def dimension(self) -> int:
        """d, the number of coordinates."""
        return int(self.mean.shape[-1])

    @property
    def covariance(self) -> Array:
        """``factorᵀ factor``, shape (..., d, d)."""
        return np.swapaxes(self.factor, -1, -2) @ self.factor

    @property
    def square_factor(self) -> Array:
        """A factor of shape (..., d, d) with the same covariance.

        QR where k > d (backward stable, no squaring), zero rows where k < d.
        """
        *lead, k, d = self.factor.shape
        if k > d:
            return np.asarray(np.linalg.qr(self.factor, mode="r"))
        if k < d:
            return np.concatenate([self.factor, np.zeros((*lead, d - k, d))], axis=-2)
        return self.factor


GaussianLike = Gaussian | HasLaw | tuple[ArrayLike, ArrayLike] | list[Any]
"""Anything that may stand for a Gaussian: one, a ``GaussianTarget``, or (mean, covariance)."""


def factor_of(covariance: Array) -> Array:
    """Find a factor F (..., d, d) of covariances FᵀF (..., d, d) that may be singular.

    By the eigenvalues, of which those that rounding has brought below 0 count as 0.

    Examples
    --------
    >>> F = factor_of(np.array([[4.0, 4.0], [4.0, 4.0]]))
    >>> (F.T @ F).round(12).tolist()
    [[4.0, 4.0], [4.0, 4.0]]
    """
    sizes, axes = np.linalg.eigh(covariance)
    return np.sqrt(np.maximum(sizes, 0.0))[..., None] * np.swapaxes(axes, -1, -2)


def as_numbers(value: ArrayLike, name: str) -> Array:
    """Copy numbers into a float64 array; ``UsageError`` that names them where they are none."""
    try:
        return np.array(value, dtype=np.float64)
    except (TypeError, ValueError):
        raise UsageError(f"`{name}` must be an array of numbers, got {shown(value)}") from None


def lengths(rows: Array) -> Array:
    """Compute the length of each row (..., d), shape (...), also where its square would overflow.

    Examples
    --------
    >>> lengths(np.array([[3.0, 4.0], [3e200, 4e200], [0.0, 0.0]]))
    array([5.e+000, 5.e+200, 0.e+000])
    """
    largest = np.abs(rows).max(axis=-1)
    unit = np.where((largest > 0) & (largest < np.inf), largest, 1.0)
    return unit * np.sqrt(((rows / unit[..., None]) ** 2).sum(axis=-1))


def finite_square(given: GaussianLike) -> tuple[Gaussian, Mask]:
    """Take a Gaussian with a square factor, and a mask (...) of the places where it is finite.

    Elsewhere it is N(0, I), because LAPACK raises on NaN; the caller puts NaN into its result.
    """
    law = Gaussian.of(given)
    finite_mean = np.isfinite(law.mean).all(axis=-1)
    finite = np.asarray(finite_mean & np.isfinite(law.factor).all(axis=(-2, -1)))
    mean = np.where(finite[..., None], law.mean, 0.0)
    factor = np.where(finite[..., None, None], law.factor, np.eye(*law.factor.shape[-2:]))
    return Gaussian(mean, Gaussian(mean, factor).square_factor), finite


def finite_pair(q: GaussianLike, p: GaussianLike) -> tuple[Gaussian, Gaussian, Mask]:
    """Give two Gaussians of one dimension, whose leading axes broadcast, by :func:`finite_square`,
    and where both are finite."""
    (q, q_finite), (p, p_finite) = finite_square(q), finite_square(p)
    if q.dimension != p.dimension:
        raise UsageError(
            f"two Gaussians must have one dimension, got {q.dimension} and {p.dimension}"
        )
    try:
        return q, p, np.asarray(q_finite & p_finite)
    except ValueError:
        raise UsageError(
            f"the leading axes of two Gaussians must broadcast, "
            f"got {q_finite.shape} and {p_finite.shape}"
        ) from None


def ellipse(law: Gaussian, share: float = 0.95, points: int = 121) -> Array:
    """Draw the outline (points, 2) that holds ``share`` of a Gaussian's first two coordinates.

    The circle of radius √χ²₂(share) = √(−2 ln(1 − share)) through a factor of the two coordinates'
    covariance; a singular Gaussian gives the segment that it lives on, one that is not finite NaN.

    Examples
    --------
    >>> outline = ellipse(Gaussian([1.0, 2.0], [[3.0, 0.0], [0.0, 1.0]]), share=0.95)
    >>> outline.shape, outline.max(axis=0).round(3)  # 2.448 deviations from the mean
    ((121, 2), array([8.343, 4.448]))
    """
    angle = np.linspace(0, 2 * np.pi, points)
    circle = np.sqrt(-2 * np.log1p(-share)) * np.column_stack([np.cos(angle), np.sin(angle)])
    with np.errstate(invalid="ignore", over="ignore"):
        plane = Gaussian(law.mean[:2], law.factor[:, :2])
        if not np.isfinite(plane.factor).all():
            return np.full((points, 2), np.nan)
        return circle @ plane.square_factor + plane.mean
