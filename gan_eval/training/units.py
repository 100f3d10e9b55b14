"""The units in which the nets of a replicate work: the user's, or standardised ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gan_eval.training import draws
from gan_eval.training.config import TrainingConfig
from gan_eval.training.draws import Layer
from gan_eval.training.rows import training_rows

Array = NDArray[np.floating]

_NUMBERS = 2**22
"""About how many numbers are drawn at once."""


@dataclass(frozen=True)
class Units:
    """The units of R replicates' nets: a row is x = u @ factor + center, u being what nets see.

    Attributes
    ----------
    center : ndarray, shape (R, d)
        The means of the training rows.
    factor : ndarray, shape (R, d, d)
        Diagonal with the columns' standard deviations (``columns``), or the upper Cholesky factor
        of the covariance (``whiten``); divisor n. Always upper triangular.
    """

    center: Array
    factor: Array

    @classmethod
    def of(cls, config: TrainingConfig, seeds: Sequence[int] | NDArray[np.int64]) -> Units | None:
        """Find the units of seeds from their training rows; None where nets see the user's."""
        if config.standardise == "none":
            return None
        n, d = config.n_examples, config.dimension
        size = max(1, _NUMBERS // (n * d))
        parts = np.array_split(np.asarray(seeds), range(size, len(seeds), size))
        means, covariances = [], []
        mixture = config.target.components is not None
        for part in parts:
            x = training_rows(config, part) if mixture else draws.training_rows(part, n, d)
            mean = x.mean(axis=1)
            rest = x - mean[:, None]
            means.append(mean)
            covariances.append(rest.swapaxes(1, 2) @ rest / n)
        # The moments of x A + b are those of x, turned.
        A = np.eye(d) if mixture else np.array(config.target.A)
        b = np.zeros(d) if mixture else config.target.b
        covariance = A.T @ np.concatenate(covariances) @ A
        factor = standard_factor(covariance, config.standardise)
        # In one order in memory, by which a product with it may round.
        center = np.concatenate(means) @ A + b
        return cls(center, np.ascontiguousarray(factor))

    @classmethod
    def of_rows(cls, config: TrainingConfig, rows: Array) -> Units:
        """Find the units of given training rows (n, d); the user's where nets see those."""
        center, rest = rows.mean(axis=0), rows - rows.mean(axis=0)
        if config.standardise == "none":
            return cls(np.zeros((1, rows.shape[1])), np.eye(rows.shape[1])[None])
        factor = standard_factor(rest.T @ rest / len(rows), config.standardise)
        return cls(center[None], np.ascontiguousarray(factor)[None])

    def affine(self, config: TrainingConfig) -> tuple[Array, Array]:
        """Compute A' (R, d, d) and b' (R, d) of a Gaussian target: standard normal rows become
        u = x A' + b'."""
        A = np.broadcast_to(np.array(config.target.A), self.factor.shape)
        return self.seen_map(A, np.asarray(config.target.b))

    def seen_map(self, factor: Array, mean: Array) -> tuple[Array, Array]:
        """Turn affine maps to rows, z F + m with F (R, k, d) and m (R, d), into maps to what nets
        see."""
        rows = np.concatenate([factor, (mean - self.center)[:, None]], axis=1)
        found = np.linalg.solve(self.factor.swapaxes(1, 2), rows.swapaxes(1, 2)).swapaxes(1, 2)
        return found[:, :-1], found[:, -1]

    def seen(self, x: Array) -> Array:
        """Turn rows (R, n, d) from the user's units into those that nets see."""
        rest = (x - self.center[:, None]).swapaxes(1, 2)
        return np.linalg.solve(self.factor.swapaxes(1, 2), rest).swapaxes(1, 2)

    def generator(self, layer: Layer) -> Layer:
        """Turn generators (R, latent, d), (R, d) into the user's units."""
        # NumPy's product of small matrices has other bits where they lie in another order.
        weight, bias, factor = (np.ascontiguousarray(part) for part in (*layer, self.factor))
        return Layer(weight @ factor, (bias[:, None] @ factor)[:, 0] + self.center)

    def covariance(self, covariance: Array) -> Array:
        """Turn covariances (R, d, d) into the user's units."""
        return self.factor.swapaxes(1, 2) @ covariance @ self.factor

    def take(self, part: slice | NDArray[Any]) -> Units:
        """Take some of the replicates."""
        return Units(self.center[part], self.factor[part])


def standard_factor(covariance: Array, standardise: str) -> Array:
    """Find the upper triangular factor F (…, d, d) of x = u F + m, u being standardised.

    ``columns``: the diagonal of the standard deviations; ``whiten``: FᵀF is the covariance.
    """
    if standardise == "columns":
        deviations = np.sqrt(np.diagonal(covariance, axis1=-2, axis2=-1))
        return deviations[..., None] * np.eye(deviations.shape[-1])
    return np.linalg.cholesky(covariance).swapaxes(-1, -2)


def seen_rows(config: TrainingConfig, seed: int) -> Array:
    """Draw the training rows of a seed as its nets see them, shape (n_examples, d), float64."""
    units = Units.of(config, [seed])
    if units is None:
        return training_rows(config, seed)
    if config.target.components is not None:
        return units.seen(training_rows(config, seed)[None])[0]
    x = draws.training_rows(seed, config.n_examples, config.dimension)
    A, b = units.affine(config)
    return x @ A[0] + b[0]


def features(x: Array) -> Array:
    """Compute the features (n, d + d(d + 1)/2) of the quadratic discriminator at rows (n, d).

    The rows themselves, then h_ij for i ≤ j, row by row of the upper triangle:
    h_ii = (x_i² − 1)/√2 and h_ij = x_i x_j, orthonormal under N(0, I) (Hermite polynomials).
    """
    i, j = np.triu_indices(x.shape[-1])
    products = x[..., i] * x[..., j]
    return np.concatenate([x, np.where(i == j, (products - 1) / np.sqrt(2), products)], axis=-1)
