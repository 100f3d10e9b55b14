"""The canonical form of two Gaussians, on which every affine-invariant divergence depends."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gan_eval.distributions.gaussian import Array, Gaussian
from gan_eval.runtime.errors import UsageError

Mask = NDArray[np.bool_]


def canonical_pair(q: Gaussian, p: Gaussian) -> tuple[Array, Array]:
    """Offset and scales to which an affine map reduces a pair of Gaussians.

    There is an affine map after which p = N(0, I) and q = N(offset, diag scales²). With
    F_p = P diag(σ) Vᵀ and F_q V / σ = U diag(scales) Wᵀ it is x ↦ (x − m_p) (V / σ) W, so that no
    covariance is formed and nothing is inverted but the singular values σ. Coordinates are first
    divided by p's standard deviations: units of measure cost no digits.

    Parameters
    ----------
    q, p : Gaussian
        Leading axes broadcast; typically q is a stack (R,) of learned laws and p the truth.

    Returns
    -------
    offset : ndarray, shape (..., d), float64
        The whitened m_q − m_p; its length is the Mahalanobis distance.
    scales : ndarray, shape (..., d), float64
        Square roots of the generalised eigenvalues of (Σ_q, Σ_p), largest first.

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
    return (
        np.where(finite[..., None], offset, np.nan),
        np.where(finite[..., None], scales, np.nan),
    )


def finite_square(law: Gaussian) -> tuple[Gaussian, Mask]:
    """The law with a square factor and a mask (...) of the places where it is finite.

    Elsewhere it is N(0, I), because LAPACK raises on NaN; the caller puts NaN into its result.
    """
    finite_mean = np.isfinite(law.mean).all(axis=-1)
    finite = np.asarray(finite_mean & np.isfinite(law.factor).all(axis=(-2, -1)))
    mean = np.where(finite[..., None], law.mean, 0.0)
    factor = np.where(finite[..., None, None], law.factor, np.eye(*law.factor.shape[-2:]))
    return Gaussian(mean, Gaussian(mean, factor).square_factor), finite


def require_same_space(q: Gaussian, p: Gaussian, q_finite: Mask, p_finite: Mask) -> Mask:
    """Where both laws are finite, after checking that they can be compared at all."""
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
    """Axes (columns), deviations, and which of them are zero but for rounding, in these units."""
    _, deviations, axes = np.linalg.svd(factor / unit[..., None, :])
    flat = deviations <= _rounding(factor.shape[-1]) * deviations[..., :1]
    return np.swapaxes(axes, -1, -2), deviations, flat


def _rows(vectors: Array, matrices: Array) -> Array:
    return (vectors[..., None, :] @ matrices)[..., 0, :]
