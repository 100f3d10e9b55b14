"""Fresh discriminators at their best response to frozen generators: the units of work."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gan_eval.distributions.gaussian import Gaussian
from gan_eval.distributions.target import GaussianTarget
from gan_eval.investigations.exercise.fitting import fit, losses
from gan_eval.investigations.exercise.network import Network
from gan_eval.investigations.exercise.population import (
    Game,
    PopulationLoss,
    points,
    population_loss,
)
from gan_eval.runtime.random import generator
from gan_eval.training import draws
from gan_eval.training.config import TrainingConfig
from gan_eval.training.draws import Layer
from gan_eval.training.trained import TrainedGANs

Array = NDArray[np.floating]

LEARNED, TRUTH = "learned", "truth"
"""Kinds of generators: trained ones, and the truth itself, p = q."""

TRAINING, FRESH = "training", "fresh"
"""Real rows that a discriminator is fitted to: those the GAN was trained on, or others."""

POPULATION_POINTS = 2048
"""Quasi-random points of either distribution that stand for the population where a fit is to it."""

_POPULATION_SCRAMBLE = 1000  # far from the scrambles that population_loss takes


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
    *,
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
    network = Network.of(config.dimension, widths)
    d = config.dimension
    normal = np.stack(
        [generator(seed, "exercise", "rows", kind, n).standard_normal((2, n, d)) for seed in seeds]
    )
    z = normal[:, 0]
    if source == TRAINING:
        # The rows are X A + b, which in the target's coordinates is X.
        z = draws.training_rows(np.array(seeds), config.n_examples, d)[:, :n]
    rows = game.rows(z, normal[:, 1])
    start = _starts(network, seeds, restarts, ("exercise", "starts", kind, n), trained)
    fits = fit(network, rows, start).best(start.shape[1])
    population = population_loss(game, network, fits.parameters)
    best = losses(game.best_logits(rows))
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
    start = _starts(network, seeds, restarts, ("exercise", "starts", "population"), None)
    start = np.concatenate([start, np.stack(known, axis=1)], axis=1)
    fits = fit(network, game.rows(z, latent), start).parameters.reshape(start.shape)
    tried = [*known, *np.swapaxes(fits, 0, 1)]
    found = [population_loss(game, network, parameters) for parameters in tried]
    loss, error = (np.stack([getattr(each, name) for each in found]) for name in ("loss", "error"))
    least, every = loss.argmin(axis=0), np.arange(len(seeds))
    return [*found[: len(known)], PopulationLoss(loss[least, every], error[least, every])]


def game_of(target: GaussianTarget, law: Gaussian) -> Game:
    """Make generators of these distributions (G,), in the target's coordinates."""
    mean = target.whiten(law.mean)
    shape = law.factor.shape
    flat = np.linalg.solve(target.A.T, law.factor.reshape(-1, shape[-1]).T).T
    return Game(Gaussian(mean, Gaussian(mean, flat.reshape(shape)).square_factor))


def trained_parameters(trained: TrainedGANs, count: int) -> Array:
    """Take the first discriminators (count, parameters), in the target's coordinates."""
    config, target = trained.config, trained.config.target.build()
    first, *rest = [Layer(w[:count], b[:count]) for w, b in trained.discriminator]
    # x = x′ A + b, so that x W + c = x′ (A W) + (b W + c).
    moved = Layer(target.A @ first.weight, target.b @ first.weight + first.bias)
    return Network.of(config.dimension, config.discriminator_widths).pack([moved, *rest])


def _starts(
    network: Network,
    seeds: list[int],
    restarts: int,
    names: tuple[str | int, ...],
    known: Array | None,
) -> Array:
    """Draw starts (G, restarts, parameters), and put the known ones after them."""
    start = np.stack(
        [network.start(restarts, generator(seed, *names, network.label)) for seed in seeds]
    )
    return start if known is None else np.concatenate([start, known[:, None]], axis=1)
