"""The affinity ∫ p^{1−t} q^t of two Gaussians, and what follows from it by a number.

p = N(0, I) and q = N(offset, diag scales²): see
:func:`~gan_eval.distributions.divergences.canonical_pair`. Of the affinity follow the mass that
they do not share, 1 − ∫ min(p, q), and the Jensen–Shannon divergence, each by one integral in any
dimension, and how many samples tell them apart.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from gan_eval.distributions.gaussian import Array, Mask

Complex = NDArray[np.complexfloating]


def mutually_singular(offset: Array, scales: Array) -> Mask:
    """Find the pairs under which no event has a chance under both."""
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


def unshared_mass(offset: Array, scales: Array) -> Array:
    """1 − ∫ min(N(0, I), N(offset, diag scales²)) for pairs (N, d); scales positive and finite."""
    return (_on_the_line if scales.shape[-1] == 1 else _by_contour)(offset, scales)


def _on_the_line(offset: Array, scales: Array) -> Array:
    """1 − ∫ min(p, q) on the line: p and q differ by the signs between the roots of ln q/p."""
    shift, scale = np.abs(offset[:, 0]), scales[:, 0]
    with np.errstate(all="ignore"):
        leading = (scale - 1) * (scale + 1)
        root = scale * np.hypot(shift, np.sqrt(2 * leading * np.log(scale)))
        outer = -(shift + root) / leading
        inner = (shift**2 + 2 * scale**2 * np.log(scale)) / (shift + root)
        outer, inner = np.where(leading == 0, -np.inf, outer), np.where(root == 0, 0.0, inner)
        learned = ndtr((inner - shift) / scale) - ndtr((outer - shift) / scale)
        deficit = np.abs(learned - (ndtr(inner) - ndtr(outer)))
    return np.where(root == 0, 0.0, deficit)


# Beyond the last radius, 1.4e11, the integral is below 3e-12 whatever the laws.
_RADII = np.concatenate([[0.0], 2.0 ** np.arange(-3, 38)])
_TURNS = np.pi / 16 * np.array([0, 1, -1, 2, -2])
_SPOKES: Complex = np.asarray(0.5 + 1j * _RADII[:, None] * np.exp(1j * _TURNS))
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(12)
_NEGLIGIBLE = 1e-18


def _by_contour(offset: Array, scales: Array) -> Array:
    """1 − ∫ min(p, q) for pairs (N, d), by a contour that turns to where the integrand decays.

    On Re t = ½ the integrand is bounded but oscillates with a slow algebraic decay. It is analytic
    off the real axis, so any polygon through the upper half-plane gives the same integral: its
    vertices, one per doubling of the distance from ½, are placed at whichever of a few angles makes
    the integrand smallest, and Gauss–Legendre nodes fill its sides. Sides from the first vertex on
    beyond which nothing that counts is left are not drawn.
    """
    shared = np.empty(len(scales))
    laws = _Laws.of(offset, scales)
    sides, turns = (np.empty((len(scales), *shape), dtype=int) for shape in ((), _RADII.shape))
    chunk = 64  # laws at a time, whose arrays stay in a core's cache
    for start in range(0, len(scales), chunk):
        part = slice(start, start + chunk)
        sides[part], turns[part] = _polygons(laws[part])
    order = np.argsort(sides, kind="stable")  # laws of like many sides together
    for start in range(0, len(scales), chunk):
        part = order[start : start + chunk]
        corners = slice(0, sides[part].max() + 1)
        vertices = _SPOKES[np.arange(len(_RADII))[corners], turns[part, corners]]
        shared[part] = _integral(laws[part], vertices)
    return np.clip(1 - shared, 0.0, 1.0)


@dataclass(frozen=True)
class _Laws:
    """The parts of K(t) of N pairs; v / larger² = start + slope t is its only pole."""

    starts: Array
    slopes: Array
    shifts: Array
    """Squared offsets in the larger deviation, each of the three (N, d)."""
    logs: Array
    largest: Array
    """Σ ln s and Σ ln larger, each (N, 1)."""

    @classmethod
    def of(cls, offset: Array, scales: Array) -> _Laws:
        larger = np.maximum(scales, 1.0)
        return cls(
            starts=(scales / larger) ** 2,
            slopes=(1 - scales) / larger * ((1 + scales) / larger),
            shifts=np.clip(offset / larger, -1e3, 1e3) ** 2,  # at 1e3 nothing is shared
            logs=np.log(scales).sum(axis=-1, keepdims=True),
            largest=np.log(larger).sum(axis=-1, keepdims=True),
        )

    def __getitem__(self, part: slice | NDArray[np.integer]) -> _Laws:
        return _Laws(*(getattr(self, field.name)[part] for field in fields(self)))

    def poles(self, t: Complex) -> Iterator[tuple[Array, Array, Array, Array]]:
        """For each coordinate v's real and imaginary part, |v|², and the squared offset, in turn,
        at t of shape (1 or N, points)."""
        for start, slope, shift in zip(self.starts.T, self.slopes.T, self.shifts.T, strict=True):
            real = start[:, None] + slope[:, None] * t.real
            imaginary = slope[:, None] * t.imag
            yield real, imaginary, real * real + imaginary * imaginary, shift[:, None]


def _polygons(laws: _Laws) -> tuple[NDArray[np.integer], NDArray[np.integer]]:
    """Count the sides of the polygon that matter, (N,), and turn each radius, (N, radii)."""
    t = _SPOKES.reshape(1, -1)
    product = t * (1 - t)
    size = (1 - t.real) * laws.logs - laws.largest  # the logarithm of the integrand's modulus
    for real, imaginary, square, shift in laws.poles(t):
        size -= 0.25 * np.log(square)
        size -= 0.5 * shift * (product.real * real + product.imag * imaginary) / square
    size = size.reshape(-1, *_SPOKES.shape)
    turns = size.argmin(axis=-1)
    best = np.take_along_axis(size, turns[..., None], axis=-1)[..., 0]
    at_vertices = np.exp(best) * _RADII / (0.25 + _RADII**2)
    left = np.cumsum(at_vertices[:, ::-1], axis=-1)[:, ::-1] > _NEGLIGIBLE
    left[:, :2] = True  # the first vertex has radius 0, and no weight
    return np.minimum(left.sum(axis=-1), len(_RADII) - 1), turns


def _integral(laws: _Laws, vertices: Complex) -> Array:
    """1/π Im ∫ e^{K(t)} / (t (1−t)) dt along polygons (N, corners), shape (N,).

    In real arithmetic: a complex logarithm costs several real ones. In the wedge of the contour
    the argument of v stays within ±5π/8, far from where its root branches.
    """
    sides = (vertices[:, 1:] - vertices[:, :-1])[..., None]
    t = (vertices[:, :-1, None] + sides * ((_NODES + 1) / 2)).reshape(len(vertices), -1)
    product = t * (1 - t)
    exponent = (1 - t.real) * laws.logs - laws.largest
    angle = -t.imag * laws.logs
    # The factor beside the exponential: side · weight / (t (1 − t)) / Π √v.
    real_part, imaginary_part = np.ones(t.shape), np.zeros(t.shape)
    for real, imaginary, square, shift in laws.poles(t):
        halved = 0.5 * shift / square
        exponent -= halved * (product.real * real + product.imag * imaginary)
        angle -= halved * (product.imag * real - product.real * imaginary)
        modulus = np.sqrt(square)
        root = np.sqrt(0.5 * (modulus + real))
        across = imaginary / (2 * root)
        root, across = root / modulus, across / modulus
        real_part, imaginary_part = (
            real_part * root + imaginary_part * across,
            imaginary_part * root - real_part * across,
        )
    factor = ((sides * (_WEIGHTS / 2)).reshape(t.shape)) / product
    cosine, sine = np.cos(angle), np.sin(angle)
    integrand = (cosine * real_part - sine * imaginary_part) * factor.imag
    integrand += (cosine * imaginary_part + sine * real_part) * factor.real
    return (np.exp(exponent) * integrand).sum(axis=-1) / np.pi


# The trapezoid rule on the frequencies: 2 π 0.45 / 0.0625 is 45, so that its error is some e⁻⁴⁵
# (Trefethen & Weideman 2014, th. 5.1), and beyond the last frequency e^(−π ω) leaves less.
_FREQUENCIES = 0.0625 * np.arange(193)
_FREQUENCY_WEIGHTS = 0.0625 / ((0.25 + _FREQUENCIES**2) * np.cosh(np.pi * _FREQUENCIES))
_FREQUENCY_WEIGHTS[1:] *= 2
_FREQUENCY_WEIGHTS /= 4


def jensen_shannon_integral(offset: Array, scales: Array) -> Array:
    """Compute ½ KL(p‖m) + ½ KL(q‖m), m = (p + q)/2, of canonical pairs (N, d) that are regular.

    With C(t) = ∫ p^{1−t} q^t in closed form, and because softplus has an elementary Fourier
    transform, the divergence is

        JSD = ¼ ∫ [1 − C(½ + iω)] / [(¼ + ω²) cosh πω] dω

    over the whole line. The integrand is analytic for |Im ω| < ½, where |C| ≤ 1, and the real part
    of 1 − C is not negative: the trapezoid rule errs by less than 1e-17, and nothing cancels in its
    sum. What is left is rounding, 1e-15 absolute.

    Offsets and scales must be finite, and the scales positive; no square may overflow.
    """
    shared = np.zeros((len(offset), _FREQUENCIES.size), dtype=np.complex128)
    for place, scale in zip(offset.T, scales.T, strict=True):
        shared += _log_affinity(place[:, None], scale[:, None])
    return np.clip(-np.real(np.expm1(shared)) @ _FREQUENCY_WEIGHTS, 0.0, np.log(2.0))


def _log_affinity(place: Array, scale: Array) -> NDArray[np.complexfloating]:
    """ln ∫ p^{1−t} q^t at t = ½ + iω of p = N(0, 1) and q = N(place, scale²).

    (1 − t) ln s − ½ ln v − ½ t (1 − t) δ²/v with v = s² (1 − t) + t, whose real part is positive.
    """
    t = 0.5 + 1j * _FREQUENCIES
    excess = (scale - 1) * (scale + 1)
    with np.errstate(all="ignore"):
        # Near s = 1 both logarithms are of s² − 1 and cancel to its square.
        near = 0.5 * ((1 - t) * np.log1p(excess) - np.log1p(excess * (1 - t)))
        v = scale**2 * (1 - t) + t
        far = (1 - t) * np.log(scale) - 0.5 * np.log(v)
        moved = 0.5 * t * (1 - t) * (place**2 / v)
    return np.where(np.abs(excess) < 0.5, near, far) - moved


def samples_of_pair(
    offset: Array, scales: Array, *, alpha: float = 0.05, power: float = 0.8
) -> Array:
    """Compute ``samples_to_detect`` of a canonical pair, offset and scales of shape (..., d).

    Examples
    --------
    >>> samples_of_pair(np.array([[0.5], [2.0]]), np.array([[1.0], [1.0]]))
    array([25.,  2.])
    """
    unknown = np.isnan(scales).any(axis=-1)
    singular = mutually_singular(offset, scales)
    # Beyond 1e±70 one sample decides; within, no square overflows.
    scales, offset = np.clip(scales, 1e-70, 1e70), np.clip(offset, -1e70, 1e70)
    low, high = np.zeros(unknown.shape), np.ones(unknown.shape)
    size, root = high, None
    with np.errstate(all="ignore"):
        for _ in range(50):
            saddle = (low + high) / 2
            from_p, from_q, curvature = _tilted(saddle, offset, scales)
            ratio = saddle * np.sqrt(curvature / (2 * from_p))
            root = _root_of_size(ratio, alpha, root)
            size = root**2 / (2 * from_p)
            ratio = (1 - saddle) * np.sqrt(curvature / (2 * from_q))
            strong = 1 - _tail(np.sqrt(2 * size * from_q), ratio) >= power
            low, high = np.where(strong, saddle, low), np.where(strong, high, saddle)
    # Past 1e26 samples the difference is the rounding of the canonical pair.
    size = np.where(size < 1e26, np.maximum(np.ceil(size), 1.0), np.inf)
    return np.where(unknown, np.nan, np.where(singular, 1.0, size))


def _tilted(saddle: Array, offset: Array, scales: Array) -> tuple[Array, Array, Array]:
    """KL of the law ∝ p^{1−t} q^t from p and from q, and K''(t), at t = saddle.

    In each coordinate that law is N(tδ/v, s²/v) with v = s²(1−t) + t.
    """
    t = saddle[..., None]
    difference = (scales - 1) * (scales + 1)
    mixed = scales**2 * (1 - t) + t
    from_p = _scale_excess(difference * t / mixed, scales**2 / mixed)
    from_q = _scale_excess(-difference * (1 - t) / mixed, 1 / mixed)
    from_p += (t * offset / mixed) ** 2
    from_q += ((1 - t) * offset * (scales / mixed)) ** 2
    curvature = 0.5 * (difference / mixed) ** 2 + (offset * (scales / mixed)) ** 2 / mixed
    return from_p.sum(axis=-1) / 2, from_q.sum(axis=-1) / 2, curvature.sum(axis=-1)


def _scale_excess(less_one: Array, ratio: Array) -> Array:
    """ratio − 1 − ln ratio, given both ratio − 1 and ratio to full relative accuracy."""
    return np.where(np.abs(less_one) < 0.5, log_excess(less_one), less_one - np.log(ratio))


def _tail(root: Array, ratio: Array) -> Array:
    """Lugannani and Rice's upper tail, Φ(−w) + φ(w) (1/z − 1/w), with w = root and z = ratio w."""
    density = np.exp(-0.5 * root**2) / np.sqrt(2 * np.pi)
    return ndtr(-root) + density * (1 / ratio - 1) / root


def _root_of_size(ratio: Array, alpha: float, near: Array | None = None) -> Array:
    """Solve for the w at which the tail is alpha; the ratio z/w does not depend on the sample size.

    For ratio > 1 the tail has its maximum at √(ratio − 1). Where even that is below alpha, which
    takes a fraction of one sample, the maximum is returned. Newton's steps from ``near``, the root
    of a ratio nearby, where they stay inside the bracket; bisection elsewhere.
    """
    low, high = np.sqrt(np.maximum(ratio - 1, 0.0)), np.full(ratio.shape, 40.0)
    peak, rootless = low, (ratio > 1) & (_tail(low, ratio) <= alpha)
    excess = 1 / ratio - 1
    root = (low + high) / 2 if near is None else np.clip(near, low, high)
    for _ in range(60):
        density = np.exp(-0.5 * root**2) / np.sqrt(2 * np.pi)
        over = ndtr(-root) + density * excess / root - alpha
        low, high = np.where(over > 0, root, low), np.where(over > 0, high, root)
        step = root + over / (density * (1 + excess * (1 + 1 / root**2)))
        inside = (step >= low) & (step <= high)
        before, root = root, np.where(inside, step, (low + high) / 2)
        # A last step of 1e-9 leaves an error of its square.
        if not ((np.abs(root - before) > 1e-9 * before) & ~rootless).any():
            break
    return np.where(rootless, peak, root)
