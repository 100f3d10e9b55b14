"""A discriminator that has gone flat sees its last features alone: these, at the points of a
Gaussian, and their moments."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gan_eval.investigations.dynamics.scores import Points, scores
from gan_eval.training.draws import Layer

Array = NDArray[np.floating]


@dataclass(frozen=True)
class Features:
    """The K last features of a discriminator at N points, and their slopes by what it sees.

    Attributes
    ----------
    values : ndarray, shape (N, K)
    slopes : ndarray, shape (N, K, d)
    """

    values: Array
    slopes: Array

    @classmethod
    def quadratic(cls, x: Array) -> Features:
        """Compute the quadratic form's at rows (N, d): x_i, (x_i² − 1)/√2 and x_i x_j."""
        d = x.shape[1]
        i, j = np.triu_indices(d)
        unit = np.eye(d)
        of_products = x[:, i, None] * unit[j] + x[:, j, None] * unit[i]
        of_products[:, i == j] /= np.sqrt(2)
        linear = np.broadcast_to(unit, (len(x), d, d))
        return cls(scores(x), np.concatenate([linear, of_products], axis=1))

    @classmethod
    def hidden(cls, x: Array, layers: Sequence[Layer]) -> Features:
        """Compute those after hidden tanh layers, (inputs, outputs), (outputs,), at rows (N, d)."""
        d = x.shape[1]
        values, slopes = x, np.broadcast_to(np.eye(d), (len(x), d, d))
        for weight, bias in layers:
            values = np.tanh(values @ weight + bias)
            slopes = (1 - values**2)[:, :, None] * (weight.T @ slopes)
        return cls(values, slopes)


@dataclass(frozen=True)
class Moments:
    """The moments under the target of K features and the constant 1, which stands last.

    Attributes
    ----------
    second : ndarray, shape (K + 1, K + 1)
        E φφᵀ.
    seen : ndarray, shape (K + 1, S)
        E φ sᵀ with the S ``scores``: how the features' means move when the generator errs.
    slopes : ndarray, shape (K + 1, K + 1)
        E ∇φ·∇φᵀ by what the discriminator sees: the gradient penalties.
    """

    second: Array
    seen: Array
    slopes: Array

    @classmethod
    def of(cls, features: Features, points: Points) -> Moments:
        """Average over the points, whose ``z`` are whitened."""
        count, total = features.values.shape
        weights = points.weights
        values = np.concatenate([features.values, np.ones((count, 1))], axis=1)
        weighted = values * weights[:, None]
        slopes = np.zeros((total + 1, total + 1))
        # As one product over points and coordinates.
        flat = features.slopes.swapaxes(0, 1) * np.sqrt(weights)[:, None]
        flat = flat.reshape(total, -1)
        slopes[:total, :total] = flat @ flat.T
        seen = weighted.T @ scores(points.z)
        seen[-1] = 0.0
        return cls(weighted.T @ values, seen, slopes)
