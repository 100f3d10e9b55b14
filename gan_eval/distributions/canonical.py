"""The canonical form of two Gaussians, on which every affine-invariant divergence depends."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from gan_eval.distributions.gaussian import Array, Gaussian, GaussianLike
from gan_eval.distributions.jensen_shannon_integral import jensen_shannon_integral
from gan_eval.distributions.unshared_mass import unshared_mass
from gan_eval.runtime.errors import UsageError

Mask = NDArray[np.bool_]


class CanonicalPair(NamedTuple):
    """A pair of Gaussians p = N(0, I) and q = N(offset, diag scales²), and their divergences.

    Attributes
    ----------
    offset, scales : ndarray, shape (..., d), float64

    Notes
    -----
    Each method returns shape (...): a pair is found once and serves all of them.
    :mod:`gan_eval.distributions.divergences` has the same under the same names for two Gaussians,
    with the conventions and their sources.

    Examples
    --------
    >>> from gan_eval.distributions import CanonicalPair
    >>> pair = CanonicalPair(np.array([1.0, 0.0]), np.array([2.0, 1.0]))
    >>> float(pair.kl().round(6)), float(pair.mahalanobis())
    (1.306853, 1.0)
    """

    offset: Array
    scales: Array

    def kl(self) -> Array:
        """Compute ½ Σ (s² − 1 − ln s²) + ½ |δ|², in nats."""
        offset, scales = self
        with np.errstate(all="ignore"):
            squared_less_one = (scales - 1) * (scales + 1)
            # Near 1 the difference cancels; far from 1 s² − 1 forgets a small s.
            far = squared_less_one - 2 * np.log(scales)
            terms = np.where(np.abs(squared_less_one) < 0.5, log_excess(squared_less_one), far)
            terms = np.where(np.isinf(scales), np.inf, terms)
            return 0.5 * (terms + offset**2).sum(axis=-1)

    def mahalanobis(self) -> Array:
        """Compute |δ|."""
        return np.hypot.reduce(self.offset, axis=-1)

    def affine_invariant_distance(self) -> Array:
        """Compute √(Σ ln² s²)."""
        with np.errstate(divide="ignore"):
            return np.linalg.norm(2 * np.log(self.scales), axis=-1)

    def hellinger(self) -> Array:
        """Compute √(1 − BC), BC = Π √(2s/(1+s²)) exp(−¼ Σ δ²/(1+s²)), in [0, 1]."""
        offset, scales = self
        with np.errstate(all="ignore"):
            smaller = np.minimum(scales, 1 / scales)  # 2s/(1+s²) is the same for s and 1/s
            shape = 0.5 * np.log1p((1 - smaller) ** 2 / (2 * smaller))
            place = (offset / np.hypot(1, scales)) ** 2 / 4
            distance = np.sqrt(-np.expm1(-(shape + place).sum(axis=-1)))
        return np.where(self.mutually_singular, 1.0, distance)

    def total_variation(self) -> Array:
        """Compute 1 − ∫ min(p, q), in [0, 1]."""
        apart = self.mutually_singular
        result = np.array(np.where(apart, 1.0, np.nan))
        equivalent = np.isfinite(self.scales).all(axis=-1) & ~apart
        result[equivalent] = unshared_mass(self.offset[equivalent], self.scales[equivalent])
        return result

    def jensen_shannon(self) -> Array:
        """Compute ½ KL(p‖m) + ½ KL(q‖m), m = (p + q)/2, in nats, in [0, ln 2].

        ln 2 where p and q are mutually singular, NaN where one is not finite.
        """
        offset, scales = self
        unknown = np.isnan(offset).any(axis=-1) | np.isnan(scales).any(axis=-1)
        regular = ~(self.mutually_singular | unknown)
        result = np.where(unknown, np.nan, np.log(2.0))
        # Beyond 1e±70 they share nothing that a double can hold; within, no square overflows.
        places = np.clip(offset[regular], -1e70, 1e70)
        result[regular] = jensen_shannon_integral(places, np.clip(scales[regular], 1e-70, 1e70))
        return result

    @property
    def mutually_singular(self) -> Mask:
        """True where no event has a chance under both; else they are equivalent."""
        offset, scales = self
        return np.asarray((np.isinf(offset) | np.isinf(scales) | (scales == 0)).any(axis=-1))


def log_excess(x: Array) -> Array:
    """Compute x − ln(1 + x) without cancellation near 0: the convex function behind KL's scales.

    Examples
    --------
    >>> log_excess(np.array([1e-9, 1.0]))
    array([5.00000000e-19, 3.06852819e-01])
    """
    with np.errstate(all="ignore"):
        series = x * x * (1 / 2 - x * (1 / 3 - x * (1 / 4 - x * (1 / 5 - x * (1 / 6 - x / 7)))))
        return np.where(np.abs(x) < 2e-3, series, x - np.log1p(x))


def canonical_pair(q: GaussianLike, p: GaussianLike) -> CanonicalPair:
    """Reduce a pair of Gaussians to an offset and scales, by an affine map.

    There is an affine map after which p = N(0, I) and q = N(offset, diag scales²). With
    F_p = P diag(σ) Vᵀ and F_q V / σ = U diag(scales) Wᵀ it is x ↦ (x − m_p) (V / σ) W, so that no
    covariance is formed and nothing is inverted but the singular values σ. Coordinates are first
    divided by p's standard deviations: units of measure cost no digits.

    Parameters
    ----------
    q, p : Gaussian, GaussianTarget, or (mean, covariance)
        Leading axes broadcast; typically q is a stack (R,) of learned distributions and p the
        truth.

    Returns
    -------
    CanonicalPair
        ``offset`` is the whitened m_q − m_p, whose length is the Mahalanobis distance; ``scales``
        are the square roots of the generalised eigenvalues of (Σ_q, Σ_p), largest first.

    Raises
    ------
    UsageError
        Where q and p differ in dimension or their leading axes do not broadcast.

    Notes
    -----
    - NaN throughout where a mean or a factor is not finite.
    - A law counts as singular where, in units of its own standard deviations, a singular value is
      below ``8 d`` units of rounding of the largest. Where q lives on less than p's support, the
      last scale is exactly 0. Where q leaves the support of a singular p, the first scale is inf,
      and so is the offset's first entry where q's mean leaves it. Where both are flat in the same
      direction and at the same place, they agree there: scale 1, offset 0.
    - The relative error of a scale is about cond(F_p) units of rounding of the largest scale.

    Examples
    --------
    >>> from gan_eval.distributions import Gaussian, canonical_pair
    >>> q, p = Gaussian([3.0, 0.0], np.diag([4.0, 1.0])), Gaussian([1.0, 0.0], np.diag([2.0, 1.0]))
    >>> offset, scales = canonical_pair(q, p)
    >>> np.abs(offset), scales
    (array([1., 0.]), array([2., 1.]))
    """
    (q, q_finite), (p, p_finite) = finite_square(q), finite_square(p)
    finite = require_same_space(q, p, q_finite, p_finite)
    with np.errstate(all="ignore"):
        unit = _column_norms(p.factor)
        axes, deviations, flat = _principal_axes(p.factor, unit)
        q_flat = _principal_axes(q.factor, _column_norms(q.factor))[2]
        shift = _rows(q.mean / unit - p.mean / unit, axes)
        spread = (q.factor / unit[..., None, :]) @ axes

        size = deviations[..., :1] + np.abs(spread).max(axis=(-2, -1))[..., None]
        places = (np.abs(q.mean / unit) + np.abs(p.mean / unit)).max(axis=-1)[..., None]
        spread_leaves = flat & (np.abs(spread).max(axis=-2) > _rounding(q.dimension) * size)
        mean_leaves = flat & (np.abs(shift) > _rounding(q.dimension) * (size + places))

        divisor = np.where(flat, np.inf, deviations)
        shift, spread = shift / divisor, spread / divisor[..., None, :]
        # A direction in which both laws are flat gets a row of its own: scale 1, offset 0.
        agreed = np.where(flat & ~spread_leaves, 1.0, 0.0)
        if agreed.any():
            rows = agreed[..., None, :] * np.eye(q.dimension)
            spread = np.concatenate(np.broadcast_arrays(spread, rows), axis=-2)
        overflown = np.asarray(~np.isfinite(spread).all(axis=(-2, -1)))
        spread = np.where(overflown[..., None, None], 0.0, spread)
        _, scales, turned = np.linalg.svd(spread, full_matrices=False)
        offset = _rows(shift, np.swapaxes(turned, -1, -2))

    thinner = np.count_nonzero(q_flat, axis=-1) > np.count_nonzero(flat, axis=-1)
    scales[..., -1] = np.where(thinner, 0.0, scales[..., -1])
    scales[..., 0] = np.where(spread_leaves.any(axis=-1) | overflown, np.inf, scales[..., 0])
    offset[..., 0] = np.where(mean_leaves.any(axis=-1), np.inf, offset[..., 0])
    return CanonicalPair(
        np.where(finite[..., None], offset, np.nan),
        np.where(finite[..., None], scales, np.nan),
    )


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


def require_same_space(q: Gaussian, p: Gaussian, q_finite: Mask, p_finite: Mask) -> Mask:
    """Find where both are finite, after checking that they can be compared at all."""
    if q.dimension != p.dimension:
        raise UsageError(
            f"two Gaussians must have one dimension, got {q.dimension} and {p.dimension}"
        )
    try:
        return np.asarray(q_finite & p_finite)
    except ValueError:
        raise UsageError(
            f"the leading axes of two Gaussians must broadcast, "
            f"got {q_finite.shape} and {p_finite.shape}"
        ) from None


def _column_norms(factor: Array) -> Array:
    """Standard deviations of the coordinates, 1 where a coordinate is constant."""
    largest = np.abs(factor).max(axis=-2)  # taken out, so that no square overflows
    largest = np.where(largest > 0, largest, 1.0)
    norms = np.linalg.norm(factor / largest[..., None, :], axis=-2)
    return largest * np.where(norms > 0, norms, 1.0)


def _rounding(dimension: int) -> float:
    return 8 * dimension * float(np.finfo(np.float64).eps)


def _principal_axes(factor: Array, unit: Array) -> tuple[Array, Array, Mask]:
    """Find the axes (columns), the deviations, and the ones that are zero but for rounding."""
    _, deviations, axes = np.linalg.svd(factor / unit[..., None, :])
    flat = deviations <= _rounding(factor.shape[-1]) * deviations[..., :1]
    return np.swapaxes(axes, -1, -2), deviations, flat


def _rows(vectors: Array, matrices: Array) -> Array:
    return (vectors[..., None, :] @ matrices)[..., 0, :]
