"""Affine-invariant divergences of two Gaussians, as functions of their canonical pair.

Each takes ``offset`` and ``scales`` of :func:`gan_eval.distributions.canonical.canonical_pair`,
shape (..., d), and returns shape (...): a pair is found once and serves all of them.
``gan_eval.distributions.divergences`` has the same under the same names for two laws, with the
conventions and their sources.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gan_eval.distributions.gaussian import Array
from gan_eval.distributions.total_variation import unshared_mass


def kl(offset: Array, scales: Array) -> Array:
    """½ Σ (s² − 1 − ln s²) + ½ |δ|², in nats."""
    with np.errstate(all="ignore"):
        squared_less_one = (scales - 1) * (scales + 1)
        # Near 1 the difference cancels; far from 1 s² − 1 forgets a small s.
        far = squared_less_one - 2 * np.log(scales)
        terms = np.where(np.abs(squared_less_one) < 0.5, log_excess(squared_less_one), far)
        terms = np.where(np.isinf(scales), np.inf, terms)
        return 0.5 * (terms + offset**2).sum(axis=-1)


def mahalanobis(offset: Array, scales: Array) -> Array:
    """|δ|."""
    return np.hypot.reduce(offset, axis=-1)


def affine_invariant_distance(offset: Array, scales: Array) -> Array:
    """√(Σ ln² s²)."""
    with np.errstate(divide="ignore"):
        return np.linalg.norm(2 * np.log(scales), axis=-1)


def hellinger(offset: Array, scales: Array) -> Array:
    """√(1 − BC), BC = Π √(2s/(1+s²)) exp(−¼ Σ δ²/(1+s²)), in [0, 1]."""
    with np.errstate(all="ignore"):
        smaller = np.minimum(scales, 1 / scales)  # 2s/(1+s²) is the same for s and 1/s
        shape = 0.5 * np.log1p((1 - smaller) ** 2 / (2 * smaller))
        place = (offset / np.hypot(1, scales)) ** 2 / 4
        distance = np.sqrt(-np.expm1(-(shape + place).sum(axis=-1)))
    return np.where(_not_equivalent(offset, scales), 1.0, distance)


def total_variation(offset: Array, scales: Array) -> Array:
    """1 − ∫ min(p, q), in [0, 1]."""
    apart = _not_equivalent(offset, scales)
    result = np.array(np.where(apart, 1.0, np.nan))
    equivalent = np.isfinite(scales).all(axis=-1) & ~apart
    result[equivalent] = unshared_mass(offset[equivalent], scales[equivalent])
    return result


def log_excess(x: Array) -> Array:
    """x − ln(1 + x) without cancellation near 0; the convex function behind KL of two scales."""
    with np.errstate(all="ignore"):
        series = x * x * (1 / 2 - x * (1 / 3 - x * (1 / 4 - x * (1 / 5 - x * (1 / 6 - x / 7)))))
        return np.where(np.abs(x) < 2e-3, series, x - np.log1p(x))


def _not_equivalent(offset: Array, scales: Array) -> NDArray[np.bool_]:
    """Where the two laws are mutually singular (a Gaussian dichotomy: that, or equivalent)."""
    return np.asarray((np.isinf(offset) | np.isinf(scales) | (scales == 0)).any(axis=-1))
