"""The weight of single rows in the Fréchet distance, and the reach of its interval by it."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

Array = NDArray[np.float64]

# Smaller eigenvalues, relative to the largest, do not carry a row's weight.
_SINGULAR = 1e-12


def influence(rows: Array, other: Array) -> Array:
    """Return the derivative of the distance by each row's weight, shape (n,), with mean 0.

    2 (μ₁ − μ₂)ᵀ(x − μ₁) + (x − μ₁)ᵀ(I − T)(x − μ₁) less its mean, where T is the matrix that takes
    N(0, Σ₁) to N(0, Σ₂): I − T is the derivative of tr(Σ₁ + Σ₂ − 2(Σ₁Σ₂)^½) by Σ₁.
    """
    mean = rows.mean(axis=0)
    centred = rows - mean
    first, second = (part.T @ part / len(part) for part in (centred, other - other.mean(axis=0)))
    values, axes = np.linalg.eigh(first)
    kept = values > _SINGULAR * values[-1]
    values, axes = values[kept], axes[:, kept]
    root = axes * np.sqrt(values)
    inverse = axes / np.sqrt(values)
    inner, turned = np.linalg.eigh(root.T @ second @ root)
    middle = (turned * np.sqrt(np.maximum(inner, 0.0))) @ turned.T
    transport = inverse @ middle @ inverse.T
    weight = 2 * centred @ (mean - other.mean(axis=0))
    weight += (centred**2).sum(axis=1) - ((centred @ transport) * centred).sum(axis=1)
    return weight - weight.mean()


def upper_reach(first: Array, second: Array, level: float) -> float:
    """Return the factor that lengthens the upper part of a two-sided interval, at least 1.

    Where few rows carry the distance, as under heavy tails, a sample that lacks some shows too
    small a distance and too small a spread at once. The variance by the influences is taken with
    its standard error on top, and the reach with Hall's correction for their skewness,
    1 + γ (2z² + 1) / (6z) (Hall 1992, §3.10).
    """
    weights = [influence(first, second), influence(second, first)]
    variance = sum(float((w**2).mean()) / len(w) for w in weights)
    if not variance > 0:
        return 1.0
    error = math.sqrt(sum(float((w**2).var()) / len(w) ** 3 for w in weights))
    third = sum(float((w**3).mean()) / len(w) ** 2 for w in weights)
    z = float(ndtri((1 + level) / 2))
    skewness = third / variance**1.5
    longer = 1 + skewness * (2 * z * z + 1) / (6 * z)
    return math.sqrt(1 + error / variance) * max(longer, 1.0)
