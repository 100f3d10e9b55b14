"""Fresh discriminators at their best response to frozen generators, and what they are worth on rows
that they have never seen.

Everything is in the target's coordinates, in which the truth p is N(0, I): an affine map of the
rows changes neither the distributions' divergence nor what a discriminator's first layer can do.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from gan_eval.distributions.divergences import canonical_pair
from gan_eval.distributions.gaussian import Gaussian
from gan_eval.distributions.target import GaussianTarget
from gan_eval.investigations.exercise.fitting import Network, fit, losses, one_thread
from gan_eval.runtime.random import generator
from gan_eval.training import draws
from gan_eval.training.config import TrainingConfig
from gan_eval.training.draws import Layer
from gan_eval.training.trained import TrainedGANs

Array = NDArray[np.floating]

LN2 = float(np.log(2.0))
"""The loss of a coin, and the value of the game at its equilibrium, in nats."""

SCRAMBLES = 4
"""Independent point sets of an estimate, whose spread is its error."""

POINTS = 4096
"""Points of each, for either law."""

LEARNED, TRUTH = "learned", "truth"
"""Kinds of generators: trained ones, and the truth itself, p = q."""

TRAINING, FRESH = "training", "fresh"
"""Real rows that a discriminator is fitted to: those the GAN was trained on, or others."""

POPULATION_POINTS = 2048
"""Quasi-random points of either distribution that stand for the population where a fit is to it."""

_POPULATION_SCRAMBLE = 1000  # far from the scrambles that population_loss takes


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


class PopulationLoss(NamedTuple):
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


@dataclass(frozen=True)
class Response:
    """A set of best responses to G generators, from n real and n generated rows each; in nats."""

    parameters: Array
    """(G, parameters), in the target's coordinates."""
    in_sample: Array
    """(G,), the loss on the rows that were fitted."""
    late: Array
    """(G,), what the last rounds of the fit still took off it."""
    optimal_in_sample: Array
    """(G,), the loss of ln p/q, the best possible discriminator, on the same rows."""
    population: PopulationLoss
    """The loss on fresh rows, in expectation."""


def respond(
    game: Game,
    config: TrainingConfig,
    seeds: list[int],
    kind: str,
    source: str,
    n: int,
    widths: tuple[int, ...],
    restarts: int,
    trained: Array | None = None,
) -> Response:
    """Fit a discriminator to n rows of each of G generators, from ``restarts`` random starts.

    ``trained`` (G, parameters) is a further start. The rows of a generator and n are the same for
    all widths.
    """
    d = config.dimension
    network = Network.of(d, widths)
    normal = np.stack(
        [generator(seed, "exercise", "rows", kind, n).standard_normal((2, n, d)) for seed in seeds]
    )
    z = normal[:, 0]
    if source == TRAINING:
        # The rows are X A + b, which in the target's coordinates is X.
        z = draws.training_rows(np.array(seeds), config.n_examples, d)[:, :n]
    rows = game.rows(z, normal[:, 1])
    start = _starts(network, seeds, restarts, (kind, n))
    if trained is not None:
        start = np.concatenate([start, trained[:, None]], axis=1)
    fits = fit(network, rows, start).best(start.shape[1])
    best = losses(game.best_logits(rows))
    population = population_loss(game, network, fits.parameters)
    return Response(fits.parameters, fits.loss, fits.late, best, population)


def best_in_class(
    game: Game, config: TrainingConfig, seeds: list[int], restarts: int, known: list[Array]
) -> list[PopulationLoss]:
    """Compute the population losses of the known networks, and last the least of their class.

    The class is the configuration's. It is fitted to ``POPULATION_POINTS`` quasi-random points of
    either law, from random starts and from every network (G, parameters) that is known; the least
    is that of all these fits and of the known networks themselves, each on the population, so that
    none of them is below it.
    """
    network = Network.of(config.dimension, config.discriminator_widths)
    z, latent = points(config.dimension, POPULATION_POINTS, _POPULATION_SCRAMBLE)
    start = _starts(network, seeds, restarts, ("population",))
    start = np.concatenate([start, np.stack(known, axis=1)], axis=1)
    fits = fit(network, game.rows(z, latent), start).parameters.reshape(start.shape)
    tried = [*known, *np.swapaxes(fits, 0, 1)]
    found = [population_loss(game, network, parameters) for parameters in tried]
    loss, error = map(np.stack, zip(*found, strict=True))
    least, every = loss.argmin(axis=0), np.arange(len(seeds))
    return [*found[: len(known)], PopulationLoss(loss[least, every], error[least, every])]


def game_of(target: GaussianTarget, law: Gaussian) -> Game:
    """Make generators of these distributions (G,), in the target's coordinates."""
    mean = target.whiten(law.mean)
    shape = law.factor.shape
    flat = np.linalg.solve(target.A.T, law.factor.reshape(-1, shape[-1]).T).T
    return Game(Gaussian(mean, Gaussian(mean, flat.reshape(shape)).square_factor))


def trained_parameters(trained: TrainedGANs) -> Array:
    """Take the discriminators (R, parameters), in the target's coordinates."""
    config, target = trained.config, trained.config.target.gaussian()
    first, *rest = trained.discriminator
    # x = x′ A + b, so that x W + c = x′ (A W) + (b W + c); nets in units of their own see
    # x′ A′ + b′.
    A, b = (target.A, target.b) if trained.units is None else trained.units.affine(config)
    offset = (b[..., None, :] @ first.weight)[:, 0]
    moved = Layer(A @ first.weight, offset + first.bias)
    return Network.of(config.dimension, config.discriminator_widths).pack([moved, *rest])


def _starts(
    network: Network, seeds: list[int], restarts: int, case: tuple[str | int, ...]
) -> Array:
    """Draw starts (G, restarts, parameters)."""
    streams = [generator(seed, "exercise", "starts", *case, network.label) for seed in seeds]
    return np.stack([network.start(restarts, rng) for rng in streams])
