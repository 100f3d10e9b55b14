"""The mass that two Gaussians do not share, 1 − ∫ min(p, q), in canonical coordinates."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from gan_eval.gaussian import Array

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


def _by_contour(offset: Array, scales: Array) -> Array:
    """1 − ∫ min(p, q) for pairs (N, d), by a contour that turns to where the integrand decays.

    On Re t = ½ the integrand is bounded but oscillates with a slow algebraic decay. It is analytic
    off the real axis, so any polygon through the upper half-plane gives the same integral: its
    vertices, one per doubling of the distance from ½, are placed at whichever of a few angles makes
    the integrand smallest, and Gauss–Legendre nodes fill its sides.
    """
    larger = np.maximum(scales, 1.0)
    shifts = np.clip(offset / larger, -1e3, 1e3) ** 2  # at 1e3 nothing is shared
    starts, slopes = (scales / larger) ** 2, (1 - scales) / larger * ((1 + scales) / larger)
    logs, log_larger = np.log(scales), np.log(larger)

    def log_affinity(t: Complex, part: slice) -> Complex:
        lead = (slice(None),) + (None,) * (t.ndim - 1)
        total = np.zeros_like(t)
        product = 0.5 * t * (1 - t)
        for j in range(scales.shape[1]):
            ratio = starts[part, j][lead] + slopes[part, j][lead] * t
            total += (1 - t) * logs[part, j][lead] - log_larger[part, j][lead]
            total -= 0.5 * np.log(ratio) + product * shifts[part, j][lead] / ratio
        return total

    shared = np.empty(len(scales))
    chunk = 500  # laws at a time, about 4 MiB an array
    for start in range(0, len(scales), chunk):
        part = slice(start, start + chunk)
        candidates = np.broadcast_to(_SPOKES, (len(scales[part]), *_SPOKES.shape))
        best = np.argmin(np.real(log_affinity(candidates, part)), axis=-1)
        vertices = np.take_along_axis(candidates, best[..., None], axis=-1)[..., 0]
        sides = (vertices[:, 1:] - vertices[:, :-1])[..., None]
        t = vertices[:, :-1, None] + sides * (_NODES + 1) / 2
        integrand = np.exp(log_affinity(t, part)) / (t * (1 - t)) * sides
        shared[part] = (integrand @ (_WEIGHTS / 2)).sum(axis=-1).imag / np.pi
    return np.clip(1 - shared, 0.0, 1.0)
