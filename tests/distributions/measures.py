"""The divergences, by what they are invariant to."""

from __future__ import annotations

from gan_eval.distributions.distances import bures_wasserstein, energy_distance, mmd2
from gan_eval.distributions.divergences import (
    affine_invariant_distance,
    hellinger,
    jeffreys,
    kl,
    mahalanobis,
    total_variation,
)

INVARIANT = [kl, jeffreys, mahalanobis, affine_invariant_distance, hellinger, total_variation]
METRIC = [bures_wasserstein, mmd2, energy_distance]
EVERY = INVARIANT + METRIC
