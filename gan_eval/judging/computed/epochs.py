"""The epochs of trainings that have no closed form: worth by energy and modes, from few rows."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.distance import pdist

from gan_eval.distributions.mixture import MixtureTarget, as_mixture
from gan_eval.distributions.modes import LOST_SHARE, mode_counts
from gan_eval.distributions.pushforward.network import forward
from gan_eval.stats.known_mixture import KnownMixture
from gan_eval.training import draws
from gan_eval.training.config import TrainingConfig
from gan_eval.training.trained import Array, TrainedGANs

ROWS = 300
"""Generated rows of an epoch: a millisecond. The latent is the same in every epoch of a replicate,
so that epochs differ by their generators alone."""

MOST_EPOCHS = 21
"""Epochs of a replicate that are measured, evenly spaced, the start and the end among them."""


def columns(config: TrainingConfig) -> list[str]:
    """Name the columns of an epoch's measures.

    Examples
    --------
    >>> columns(TrainingConfig(generator_widths=(8,)))
    ['worth_energy', 'energy_distance', 'modes_found', 'high_quality_share', 'mode_share_1']
    """
    count = len(as_mixture(config.target.build()).weights)
    shares = [f"mode_share_{k + 1}" for k in range(count)]
    return ["worth_energy", "energy_distance", "modes_found", "high_quality_share", *shares]


def epoch_columns(trained: TrainedGANs) -> dict[str, NDArray[Any]]:
    """Measure kept epochs, by column name, each (R × kept,), a replicate after another.

    ``energy_distance`` is an estimate without bias, in coordinates in which the target's covariance
    is I, and may lie below 0; ``worth_energy`` is the real rows that it makes, ∞ there. A mode is
    found where its share of the rows is more than a tenth of the expected one. NaN in epochs that
    are not measured, and where a weight is not finite.
    """
    config, target = trained.config, as_mixture(trained.config.target.build())
    known, names = KnownMixture.of(target), columns(config)
    expected = target.modes.expected
    kept = len(trained.traced)
    chosen = np.unique(np.linspace(0, kept - 1, min(kept, MOST_EPOCHS)).round().astype(np.intp))
    found = np.full((len(trained), kept, len(names)), np.nan)
    for r, seed in enumerate(trained.seeds):
        z = draws.evaluation_latent(int(seed), ROWS, config.latent_size)
        for epoch in chosen:
            with np.errstate(all="ignore"):
                rows = forward(z, trained.generator(r, int(epoch)), config.generator_activation)
                if np.isfinite(rows).all():
                    found[r, epoch] = _measures(rows, target, known, expected)
    return {name: found[..., at].ravel() for at, name in enumerate(names)}


def _measures(rows: Array, target: MixtureTarget, known: KnownMixture, expected: Array) -> Array:
    placed = known.placed(rows)
    spread = known.spread_energy
    squared = 2 * known.mean_distances(placed).mean() - spread - pdist(placed).mean()
    shares = mode_counts(rows, target.modes)[:-1] / len(rows)
    worth = spread / squared if squared > 0 else np.inf
    modes = np.count_nonzero(shares > LOST_SHARE * expected)
    return np.array([worth, squared, modes, shares.sum(), *shares])
