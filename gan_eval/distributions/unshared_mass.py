"""The mass that two Gaussians do not share, 1 − ∫ min(p, q), in canonical coordinates."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from gan_eval.distributions.gaussian import Array

Complex = NDArray[np.complexfloating]


def unshared_mass(offset: Array, scales: Array) -> Array:
    """1 − ∫ min(N(0, I), N(offset, diag scales²)) for pairs (N, d); scales positive and finite."""
    if scales.shape[-1] == 1:
        return _on_the_line(offset, scales)
    return _by_contour(offset, scales)


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
