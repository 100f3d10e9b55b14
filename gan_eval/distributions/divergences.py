"""Divergences between Gaussians in closed form: how far a learned q is from the truth p.

Every function takes ``(q, p)``, each a ``Gaussian``, a ``GaussianTarget`` or (mean, covariance),
broadcasts over their leading axes and returns a float64 array of the broadcast leading shape. A
distribution that is not finite gives NaN in its place, a singular one the mathematical limit, and
neither raises or warns. All are affine-invariant: they see q and p only through
:func:`~gan_eval.distributions.canonical.canonical_pair`, where p = N(0, I) and q = N(δ, diag s²).

``UsageError`` is raised where q and p differ in dimension or their leading axes do not broadcast.
"""

from __future__ import annotations

from gan_eval.distributions.canonical import canonical_pair
from gan_eval.distributions.gaussian import Array, GaussianLike


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
    (:mod:`gan_eval.distributions.jensen_shannon_integral`); ln 2 where q and p are mutually
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

    integrated as ``gan_eval.distributions.unshared_mass`` says. Absolute error below 1e-11: at
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
