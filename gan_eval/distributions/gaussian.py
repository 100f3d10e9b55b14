"""A Gaussian law held by its factor, so that a nearly singular covariance loses no digits."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gan_eval.runtime.errors import UsageError

Array = NDArray[np.floating]


@dataclass(frozen=True, eq=False)
class Gaussian:
    """One Gaussian law, or a stack of them with leading axes.

    A law is kept as ``x = z @ factor + mean`` with z ~ N(0, I_k): the form in which a linear
    generator holds it. The covariance is ``factorᵀ factor``; forming it squares the condition
    number, so the divergences work on the factor.

    Attributes
    ----------
    mean : ndarray, shape (..., d), float64
    factor : ndarray, shape (..., k, d), float64
        Any k ≥ 1; with k < d the law is singular. Its leading axes and the mean's broadcast.

    Raises
    ------
    UsageError
        Where the shapes do not fit. Values are not checked: a diverged law may hold NaN.
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

    @classmethod
    def from_moments(cls, mean: ArrayLike, covariance: ArrayLike) -> Gaussian:
        """The Gaussian with this mean (..., d) and positive definite covariance (..., d, d).

        The factor is the transposed Cholesky factor. Raises ``UsageError`` where the covariance is
        not symmetric, to 1e-8 of the deviations' product, or not positive definite.
        """
        covariance = np.asarray(covariance, dtype=np.float64)
        mean = np.asarray(mean, dtype=np.float64)
        if covariance.ndim < 2 or covariance.shape[-1] != covariance.shape[-2]:
            raise UsageError(f"a covariance is a square matrix, got shape {covariance.shape}")
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
        """The maximum-likelihood Gaussian of rows (..., n, d): sample mean, covariance with 1/n.

        The factor is the centred rows over √n, so that nothing is squared. Raises ``UsageError``
        where there is no row.
        """
        rows = np.asarray(rows, dtype=np.float64)
        if rows.ndim < 2 or rows.shape[-2] < 1:
            raise UsageError(f"a fit needs rows of shape (..., n ≥ 1, d), got {rows.shape}")
        mean = rows.mean(axis=-2)
        return cls(mean, (rows - mean[..., None, :]) / np.sqrt(rows.shape[-2]))

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
