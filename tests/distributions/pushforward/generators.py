"""Random generators, and laws that are known in closed form beside them."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.floating]


def layers_of(sizes: tuple[int, ...], seed: int, scale: float = 1.0) -> list[tuple[Array, Array]]:
    """Draw layers whose outputs have about the size of ``scale`` times their inputs."""
    rng = np.random.default_rng(seed)
    return [
        (scale * rng.normal(size=(i, o)) / np.sqrt(i), 0.5 * rng.normal(size=o))
        for i, o in pairwise(sizes)
    ]
