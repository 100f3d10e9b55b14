"""The data of a certification: the truth p, other null distributions, and every path along which a
generated distribution q departs from p."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

import numpy as np

from gan_eval.distributions.presets import preset
from gan_eval.distributions.protocol import Target
from gan_eval.investigations.certify.gaussian import GAUSSIAN_PATHS, chapter
from gan_eval.investigations.certify.mixtures import MIXTURE_PATHS
from gan_eval.investigations.certify.path import Array, Path

CHAPTER, RING, GRID = "chapter", "ring8", "grid25"
"""The truths that tests are certified against, by the names of their presets."""

NORMAL, INTEGERS = "normal", "integers"
LAWS = {
    NORMAL: "the chapter's Gaussian",
    INTEGERS: "integers 0, 1, 2 with equal probability: heavy ties",
    RING: "8 narrow Gaussians on a ring",
    GRID: "25 narrow Gaussians on a grid",
}
"""The distributions under which tests are held to their level, in words."""

LAWS_OF: Mapping[str, tuple[str, ...]] = {
    CHAPTER: (NORMAL, INTEGERS),
    RING: (RING,),
    GRID: (GRID,),
}
"""Those that go with each truth."""

PATHS: Mapping[str, Path] = {**GAUSSIAN_PATHS, **MIXTURE_PATHS}
"""Every path by name."""


def paths_of(target: str) -> tuple[str, ...]:
    """Name the paths that leave a truth.

    Examples
    --------
    >>> paths_of("ring8")
    ('modes_lost', 'weights', 'wide', 'narrow', 'moved', 'scattered')
    """
    return tuple(GAUSSIAN_PATHS if target == CHAPTER else MIXTURE_PATHS)


def target_of(law: str) -> str:
    """Name the truth that goes with a distribution: what a test that needs one is given there."""
    return next(target for target, laws in LAWS_OF.items() if law in laws)


@lru_cache(maxsize=64)
def truth(d: int, target: str) -> Target:
    """Make the truth of a name in d dimensions; the same object for the same arguments.

    Of ``"chapter"`` it is :func:`~gan_eval.investigations.certify.gaussian.chapter`, of the others
    the preset, which has its own dimension.
    """
    return chapter(d) if target == CHAPTER else preset(target)


def draw(law: str, n: int, d: int, rng: np.random.Generator) -> Array:
    """Draw n independent rows (n, d) of a distribution in ``LAWS``."""
    if law == INTEGERS:
        return rng.integers(0, 3, (n, d)).astype(np.float64)
    return truth(d, target_of(law)).sample(n, rng)
