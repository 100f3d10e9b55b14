"""The history that a backend's loop keeps of every epoch: the generator, the losses and both
clocks."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import ArrayLike

from gan_eval.training.config import TrainingConfig
from gan_eval.training.draws import Layer
from gan_eval.training.trained import (
    AdamState,
    Array,
    Averaging,
    Discriminators,
    EpochEnd,
    OnEpoch,
    TrainedGANs,
)
from gan_eval.training.units import Units

Generator = Layer | Sequence[Layer]
"""Generators: the one layer, or all of those that have hidden ones."""


class History:
    """The epochs of R replicates that are trained side by side; R = 1 in a loop over seeds.

        history = History(config, "mine", device, seeds, generator, on_epoch)
        for epoch in history.epochs():
            …                                  # all updates of the epoch
            history.end(losses, generator)     # once they are done, also on a device
        return history.trained(discriminator)

    Parameters
    ----------
    config : TrainingConfig
    backend, device : str
    seeds : sequence of int, R of them
    generator : Layer or sequence of Layer
        As it is before the first epoch, in the units that nets see (``units.Units``): weight
        (R, latent, d) and bias (R, d); all its layers where it has hidden ones.
    on_epoch : callable, optional
        Told of each epoch's end, between the two clocks.
    units : Units, optional
        Those of the nets, where the rows are not the seeds' own.
    """

    def __init__(
        self,
        config: TrainingConfig,
        backend: str,
        device: str,
        seeds: Sequence[int],
        generator: Generator,
        on_epoch: OnEpoch | None = None,
        units: Units | None = None,
    ) -> None:
        self.config, self.backend, self.device = config, backend, device
        self.seeds, self.on_epoch = np.array(seeds), on_epoch
        self.units = units or Units.of(config, seeds)
        self._generators = [self._told(generator)]
        self._losses: list[Array] = []
        self._clocks: list[tuple[float, float]] = []
        self._began = 0.0

    def epochs(self) -> Iterator[int]:
        """0, 1, … epochs − 1. The clocks of an epoch begin where it is handed out."""
        for epoch in range(self.config.epochs):
            self._began = time.perf_counter()
            yield epoch

    def end(
        self, losses: ArrayLike, generator: Generator, discriminator: Discriminators | None = None
    ) -> None:
        """End an epoch.

        ``losses`` are D's and G's, shape (2, R), nats per example, mean over the epoch; NaN where
        there are none. ``generator`` is as it is now. What it takes to fetch them from a device is
        the training's. ``discriminator`` is called by ``on_epoch`` only, where that needs it.
        """
        self._losses.append(np.array(losses, dtype=np.float64))
        self._generators.append(self._told(generator))
        seconds, chapter_seconds = self._elapsed(), np.nan
        if self.on_epoch is not None:
            *hidden, output = self._generators[-1]
            self.on_epoch(
                EpochEnd(
                    *(self.seeds, len(self._losses), self.config.epochs),
                    *(*self._losses[-1], *output),
                    discriminator=discriminator,
                    hidden=hidden,
                )
            )
            chapter_seconds = self._elapsed()
        self._clocks.append((seconds, chapter_seconds))

    def trained(
        self,
        discriminator: Sequence[Layer],
        adam: AdamState | None = None,
        averaging: Averaging | None = None,
    ) -> TrainedGANs:
        """Make the backend's result, with the final discriminators, Adam's moments, and what an
        averaged generator is the average of."""
        *hidden, (weights, biases) = (
            Layer(*(np.stack(part, axis=1) for part in zip(*layers, strict=True)))
            for layers in zip(*self._generators, strict=True)
        )
        losses = np.stack(self._losses, axis=2)
        # Replicates side by side share their time out evenly.
        clocks = np.array(self._clocks).T[:, None].repeat(self.seeds.size, axis=1)
        return TrainedGANs(
            *(self.config, self.backend, self.device, self.seeds, weights, biases),
            list(discriminator),
            *(*losses, *clocks),
            adam=adam,
            units=self.units,
            averaging=averaging and averaging.in_units(self.units),
            hidden=hidden,
        )

    def _elapsed(self) -> float:
        return (time.perf_counter() - self._began) / self.seeds.size

    def _told(self, generator: Generator) -> list[Layer]:
        """Copy the layers of generators, what they make in the user's units."""
        layers = [generator] if isinstance(generator, Layer) else generator
        # A backend may hand over a view of what goes on changing.
        copied = [Layer(*(np.array(part, dtype=np.float64) for part in one)) for one in layers]
        if self.units is not None:
            copied[-1] = self.units.generator(copied[-1])
        return copied
