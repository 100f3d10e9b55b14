"""Random generators and targets, and integrals of known densities beside them."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gan_eval.distributions.mixture import MixtureTarget
from gan_eval.distributions.pushforward.pushforward import Pushforward
from gan_eval.distributions.target import GaussianTarget

Array = NDArray[np.floating]
Layers = list[tuple[Array, Array]]

CHAPTER = GaussianTarget.chapter()
RING, GRID = MixtureTarget.ring(), MixtureTarget.grid()
THREE = MixtureTarget([0.2, 0.3, 0.5], [[0, 0], [3, 0], [1.0, 4]], [[1.0, 0.3], [0.3, 0.5]])
"""Modes of one shape that overlap."""


def layers_of(sizes: tuple[int, ...], seed: int, scale: float = 1.0) -> Layers:
    """Draw layers whose outputs have about the size of ``scale`` times their inputs."""
    rng = np.random.default_rng(seed)
    return [
        (scale * rng.normal(size=(i, o)) / np.sqrt(i), 0.5 * rng.normal(size=o))
        for i, o in pairwise(sizes)
    ]


def linear(matrix: Any, shift: Any) -> Pushforward:
    """A linear generator x = z A + b."""
    return Pushforward([(np.asarray(matrix, float), np.asarray(shift, float))])


def shares_counted(rows: Array, target: MixtureTarget) -> Array:
    """The share of rows within 3 deviations of each mode, where that is the nearest."""
    distances = target.mahalanobis(rows)
    near = distances.min(axis=1) <= 3
    return np.bincount(distances.argmin(1)[near], minlength=distances.shape[1]) / len(rows)


def on_grid(log_q: Any, log_p: Any, low: float, high: float, count: int) -> dict[str, float]:
    """Integrate smooth densities over a square by equal steps, which for such functions is exact
    to rounding."""
    line, step = np.linspace(low, high, count, retstep=True)
    points = np.stack(np.meshgrid(line, line, indexing="ij"), -1).reshape(-1, 2)
    a, b = log_q(points), log_p(points)
    q, p = np.exp(a), np.exp(b)
    middle = np.logaddexp(a, b) - np.log(2)
    area = float(step) ** 2
    return {
        "kl": float((q * (a - b)).sum() * area),
        "kl_reverse": float((p * (b - a)).sum() * area),
        "jensen_shannon": float((q * (a - middle) + p * (b - middle)).sum() * area / 2),
        "hellinger": float(np.sqrt(1 - np.sqrt(q * p).sum() * area)),
    }
