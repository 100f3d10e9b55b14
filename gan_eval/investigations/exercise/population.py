"""Losses on the population: what a discriminator is worth on rows that it has never seen.

Everything is in the target's coordinates, in which the truth p is N(0, I): an affine map of the
rows changes neither the distributions' divergence nor what a discriminator's first layer can do.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from gan_eval.distributions.canonical import canonical_pair
from gan_eval.distributions.gaussian import Gaussian
from gan_eval.investigations.exercise.network import Network, one_thread

Array = NDArray[np.floating]

LN2 = float(np.log(2.0))
"""The loss of a coin, and the value of the game at its equilibrium, in nats."""

SCRAMBLES = 4
"""Independent point sets of an estimate, whose spread is its error."""

POINTS = 4096
"""Points of each, for either law."""


@dataclass(frozen=True)
class Game:
    """A set of G frozen generators, each against the truth N(0, I).

    Attributes
    ----------
    law : Gaussian
        Their distributions, in the target's coordinates: mean (G, d), factor (G, d, d), regular.
    """

    law: Gaussian

    @property
    def divergence(self) -> Array:
        """Jensen–Shannon divergences from the truth, (G,), in nats."""
        truth = Gaussian(np.zeros(self.law.dimension), np.eye(self.law.dimension))
        return canonical_pair(self.law, truth).jensen_shannon()

    @property
    def floor(self) -> Array:
        """ln 2 − JSD, (G,): the loss of the best possible discriminator, in nats."""
        return LN2 - self.divergence

    def rows(self, z: Array, latent: Array) -> Array:
        """Put real rows z (…, n, d) before those that latent (…, n, d) generates: (G, 2n, d)."""
        fake = latent @ self.law.factor + self.law.mean[:, None]
        return np.concatenate([np.broadcast_to(z, fake.shape), fake], axis=1)

    def best_logits(self, rows: Array) -> Array:
        """Compute ln p/q at rows (G, N, d), shape (G, N): the logit of the best discriminator."""
        factor, mean = self.law.factor, self.law.mean
        z = np.linalg.solve(np.swapaxes(factor, 1, 2), np.swapaxes(rows - mean[:, None], 1, 2))
        volume = np.linalg.slogdet(factor)[1]
        return 0.5 * ((z**2).sum(axis=1) - (rows**2).sum(axis=2)) + volume[:, None]


@dataclass(frozen=True)
class PopulationLoss:
    """A set of losses on the population, in nats, with the errors of the quadrature."""

    loss: Array
    """(G,)."""
    error: Array
    """(G,), one standard error."""


def population_loss(game: Game, network: Network, parameters: Array) -> PopulationLoss:
    """Compute the chapter's loss of one network per generator, parameters (G, P), on p and q.

    It is the floor plus the mean over (p + q)/2 of the divergence KL(σ(ln p/q)‖σ(logit)) of the
    two answers, an identity: so the part that has a closed form is not estimated, and no
    discriminator can come out below the floor. The mean is taken over ``SCRAMBLES`` independent
    scrambles of ``POINTS`` points of Sobol's sequence in either law.
    """
    import torch

    tensor = torch.as_tensor(parameters)
    parts = []
    for scramble in range(SCRAMBLES):
        z, latent = points(game.law.dimension, POINTS, scramble)
        rows = game.rows(z, latent)
        best = game.best_logits(rows)
        columns = torch.as_tensor(np.ascontiguousarray(np.swapaxes(rows, 1, 2)))
        with one_thread():
            logits = np.stack(
                [
                    network.logits(one[None], own[None])[0].numpy()
                    for one, own in zip(tensor, columns, strict=True)
                ]
            )
        parts.append(_divergence(best, logits).mean(axis=1))
    excess = np.stack(parts)
    error = excess.std(axis=0, ddof=1) / np.sqrt(SCRAMBLES)
    return PopulationLoss(game.floor + excess.mean(axis=0), error)


@lru_cache(maxsize=16)
def points(dimension: int, count: int, scramble: int) -> tuple[Array, Array]:
    """Draw two sets of quasi-random normal rows (count, dimension), count a power of two."""
    from scipy.stats import qmc

    sobol = qmc.Sobol(2 * dimension, scramble=True, rng=np.random.default_rng([7, scramble]))
    normal = ndtri(sobol.random(count))
    return normal[:, :dimension], normal[:, dimension:]


def _divergence(best: Array, logits: Array) -> Array:
    """KL(σ(best)‖σ(logits)) of two coins, never negative."""
    share = np.exp(-np.logaddexp(0.0, -best))
    rest = np.exp(-np.logaddexp(0.0, best))
    real = np.logaddexp(0.0, -logits) - np.logaddexp(0.0, -best)
    fake = np.logaddexp(0.0, logits) - np.logaddexp(0.0, best)
    return np.maximum(share * real + rest * fake, 0.0)
