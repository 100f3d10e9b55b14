"""Laws that the divergences are tried on."""

from __future__ import annotations

import numpy as np

from gan_eval.distributions.gaussian import Gaussian

CHAPTER = Gaussian(np.array([1.0, 2.0]), np.array([[1.0, 2.0], [-0.1, 0.5]]))


def line(mean: float, deviation: float) -> Gaussian:
    return Gaussian(np.array([mean]), np.array([[deviation]]))


def diagonal(mean, deviations) -> Gaussian:
    deviations = np.asarray(deviations, dtype=float)
    return Gaussian(
        np.asarray(mean, dtype=float), deviations[..., None] * np.eye(deviations.shape[-1])
    )


def random_law(rng: np.random.Generator, d: int) -> Gaussian:
    return Gaussian(0.5 * rng.normal(size=d), np.eye(d) + 0.4 * rng.normal(size=(d, d)))
