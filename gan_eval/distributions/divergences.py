"""Divergences between Gaussians in closed form: how far a learned q is from the truth p.

Every function takes ``(q, p)``, each a ``Gaussian``, a ``GaussianTarget`` or (mean, covariance),
broadcasts over their leading axes and returns a float64 array of the broadcast leading shape. A
distribution that is not finite gives NaN in its place, a singular one the mathematical limit, and
neither raises or warns. All are affine-invariant: they see q and p only through
:func:`canonical_pair`, where p = N(0, I) and q = N(δ, diag s²).

``UsageError`` is raised where q and p differ in dimension or their leading axes do not broadcast.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

import gan_eval.distributions.affinity as affinity
from gan_eval.distributions.gaussian import Array, GaussianLike, Mask, finite_pair


class CanonicalPair(NamedTuple):
    """A pair of Gaussians p = N(0, I) and q = N(offset, diag scales²), and their divergences.

    Attributes
    ----------
    offset, scales : ndarray, shape (..., d), float64

    Notes
    -----
    Each method returns shape (...): a pair is found once and serves all of them.
    The functions below have the same under the same names for two Gaussians, with the conventions
    and their sources.

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
            near = affinity.log_excess(squared_less_one)
            terms = np.where(np.abs(squared_less_one) < 0.5, near, far)
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
        offset, scales = self.offset[equivalent], self.scales[equivalent]
        result[equivalent] = affinity.unshared_mass(offset, scales)
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
        offset = np.clip(offset[regular], -1e70, 1e70)
        scales = np.clip(scales[regular], 1e-70, 1e70)
        result[regular] = affinity.jensen_shannon_integral(offset, scales)
        return result

    @property
    def mutually_singular(self) -> Mask:
        """True where no event has a chance under both; else they are equivalent."""
        return affinity.mutually_singular(*self)


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
    q, p, finite = finite_pair(q, p)
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
        np.where(finite[..., None], offset, np.nan), np.where(finite[..., None], scales, np.nan)
    )


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


def kl(q: GaussianLike, p: GaussianLike) -> Array:
    """Compute the Kullback–Leibler divergence KL(q‖p) = ∫ q ln(q/p), in nats.

    ½ Σ (s² − 1 − ln s²) + ½ |δ|², equal to ½ [tr(Σ_p⁻¹Σ_q) − d + (m_p−m_q)ᵀΣ_p⁻¹(m_p−m_q) +
    ln |Σ_p|/|Σ_q|] (Kullback & Leibler 1951; Kullback 1959, ch. 9). The reverse is ``kl(p, q)``.
    inf where q is singular or leaves the support of a singular p.

    Parameters
    ----------
    q, p : Gaussian, GaussianTarget or (mean, covariance)
        In d dimensions. q is what was learned, p the truth. Either may be a stack with leading
        axes, such as the ``law()`` of trained GANs.

    Returns
    -------
    ndarray
        One divergence per Gaussian of the stack, a number where neither is one; at least 0.

    Examples
    --------
    >>> from gan_eval.distributions import GaussianTarget, kl
    >>> truth = GaussianTarget.chapter()
    >>> dead = [0.0, 0.0], [[0.0004, 0.0], [0.0, 0.0004]]
    >>> float(kl(dead, truth).round(3)), float(kl(truth, truth).round(12))
    (6.97, 0.0)
    """
    return canonical_pair(q, p).kl()


def jeffreys(q: GaussianLike, p: GaussianLike) -> Array:
    """Compute Jeffreys' divergence KL(q‖p) + KL(p‖q), in nats: the sum, which some halve.

    ½ Σ [(s − 1/s)² + δ² + (δ/s)²] (Jeffreys 1946; Pardo 2006, §1.2), evaluated as that sum, each
    part from its own canonical pair: with s near 0 the error of s would rule the terms in 1/s.

    Examples
    --------
    >>> from gan_eval.distributions import jeffreys, kl
    >>> q, p = ([0.0], [[4.0]]), ([0.0], [[1.0]])
    >>> float(jeffreys(q, p)), float((kl(q, p) + kl(p, q)))
    (1.125, 1.125)
    """
    return kl(q, p) + kl(p, q)


def jensen_shannon(q: GaussianLike, p: GaussianLike) -> Array:
    """Compute the Jensen–Shannon divergence ½ KL(p‖m) + ½ KL(q‖m), m = (p + q)/2, in nats.

    In [0, ln 2], and symmetric. Not its root, which is a metric (Lin 1991; Endres & Schindelin
    2003). ln 2 less this is the chapter's loss of the best possible discriminator of p from q
    (Goodfellow et al. 2014, th. 1). By quadrature, to 1e-15 absolute
    (:mod:`gan_eval.distributions.affinity`); ln 2 where q and p are mutually
    singular.

    Examples
    --------
    >>> from gan_eval.distributions import Gaussian, jensen_shannon
    >>> truth = Gaussian([1.0, 2.0], [[1.0, 2.0], [-0.1, 0.5]])
    >>> shifted = Gaussian([2.0, 4.0], [[1.0, 2.0], [-0.1, 0.5]])
    >>> float(jensen_shannon(shifted, truth).round(6)), float(jensen_shannon(truth, truth))
    (0.111421, 0.0)
    """
    return canonical_pair(q, p).jensen_shannon()


def mahalanobis(q: GaussianLike, p: GaussianLike) -> Array:
    """Compute the length of m_q − m_p in standard deviations of p, |δ|.

    √[(m_q−m_p)ᵀ Σ_p⁻¹ (m_q−m_p)]: the distance, not its square (Mahalanobis 1936). Not symmetric:
    p's covariance is the yardstick.

    Examples
    --------
    >>> from gan_eval.distributions import mahalanobis
    >>> float(mahalanobis(([3.0], [[1.0]]), ([1.0], [[16.0]])))
    0.5
    """
    return canonical_pair(q, p).mahalanobis()


def affine_invariant_distance(q: GaussianLike, p: GaussianLike) -> Array:
    """Compute the distance of the covariances, √(Σ ln² λ) over the eigenvalues λ = s² of Σ_p⁻¹Σ_q.

    Förstner & Moonen (1999), eq. 2; Rao's geodesic distance between N(0, Σ_q) and N(0, Σ_p) is
    this over √2. The means play no part. inf where one of q and p is singular and the other not.

    Examples
    --------
    >>> from gan_eval.distributions import affine_invariant_distance
    >>> q, p = ([0.0, 0.0], [[8.0, 0.0], [0.0, 1.0]]), ([0.0, 0.0], [[1.0, 0.0], [0.0, 1.0]])
    >>> float(affine_invariant_distance(q, p).round(3))  # ln 8
    2.079
    """
    return canonical_pair(q, p).affine_invariant_distance()


def hellinger(q: GaussianLike, p: GaussianLike) -> Array:
    """Compute the Hellinger distance √(1 − BC), in [0, 1].

    BC = ∫ √(p q), the Bhattacharyya coefficient, is Π √(2s/(1+s²)) exp(−¼ Σ δ²/(1+s²)) (Pardo
    2006, §1.2; Bhattacharyya 1943). The convention with the factor ½ under the root:
    H² = ½ ∫ (√p − √q)². 1 where q and p are mutually singular.

    Examples
    --------
    >>> from gan_eval.distributions import hellinger
    >>> float(hellinger(([2.0], [[1.0]]), ([0.0], [[1.0]])).round(3))  # √(1 − e^−½)
    0.627
    """
    return canonical_pair(q, p).hellinger()


def total_variation(q: GaussianLike, p: GaussianLike) -> Array:
    """Compute the total variation distance ½ ∫ |q − p| = sup |q(B) − p(B)| in [0, 1].

    One coordinate: exact, from the two roots of ln q/p. More: 1 − ∫ min(p, q), with
    min(p, q) = p^½ q^½ exp(−½ |ln p/q|), and exp(−½|·|) written as a Fourier integral, so that

        ∫ min(p, q) = 1/(2πi) ∫ e^{K(t)} / (t (1−t)) dt  over  Re t = ½,
        K(t) = ln ∫ p^{1−t} q^t = Σ (1−t) ln s − ½ ln v − ½ t(1−t) δ²/v,   v = s² + t(1−s²),

    integrated as ``gan_eval.distributions.affinity`` says. Absolute error below 1e-11: at
    most 3e-12 measured, over scales from 1e-4 to 1e4 and 2 to 20 coordinates, against the exact
    form of one coordinate and against four times the nodes on another contour. 1 where q and p are
    mutually singular.

    Examples
    --------
    >>> from gan_eval.distributions import total_variation
    >>> float(total_variation(([2.0], [[1.0]]), ([0.0], [[1.0]])).round(3))  # 2 Φ(1) − 1
    0.683
    """
    return canonical_pair(q, p).total_variation()
