"""The distributions of the data under the null hypothesis."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from gan_eval.distributions.target import GaussianTarget

Array = NDArray[np.floating]

NORMAL, INTEGERS = "normal", "integers"
LAWS = {
    NORMAL: "the chapter's Gaussian",
    INTEGERS: "integers 0, 1, 2 with equal probability: heavy ties",
}
"""The distributions under which tests are held to their level, in words."""


@lru_cache(maxsize=64)
def truth(d: int) -> GaussianTarget:
    """Make the truth in d dimensions.

    The chapter's target in its first two coordinates (for d = 1: in the first) and standard normal
    coordinates beside them. Principal axes in order: the chapter's major one, those of the standard
    normals, the chapter's minor one; variances 5.16, 1, …, 0.095.
    """
    chapter = GaussianTarget.chapter()
    if d == 1:
        return GaussianTarget([[np.sqrt(chapter.covariance[0, 0])]], chapter.mean[:1])
    A, b = np.eye(d), np.zeros(d)
    A[:2, :2], b[:2] = chapter.A, chapter.b
    return GaussianTarget(A, b)


def draw(law: str, n: int, d: int, rng: np.random.Generator) -> Array:
    """Draw n independent rows (n, d) of a distribution in ``LAWS``."""
    if law == INTEGERS:
        return rng.integers(0, 3, (n, d)).astype(np.float64)
    return truth(d).sample(n, rng)
