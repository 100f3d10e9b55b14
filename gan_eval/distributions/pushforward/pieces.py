"""The exact law of a generator that is linear, or linear on polygons of the plane of noise."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gan_eval.distributions.mixture import MixtureTarget
from gan_eval.distributions.pushforward.measures import ComputedMeasures
from gan_eval.distributions.pushforward.network import Network

Array = NDArray[np.floating]


def log_density(network: Network, x: Array) -> Array:
    """Compute ln q(x) at rows (n, 2), shape (n,)."""
    raise NotImplementedError


def against(network: Network, target: MixtureTarget, tolerance: float) -> ComputedMeasures:
    """Compute all measures of a generator against a mixture."""
    raise NotImplementedError
