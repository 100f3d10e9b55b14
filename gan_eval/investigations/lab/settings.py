"""The settings of a lab: its controls, its seeds, and the grid of configurations that they make."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from gan_eval.investigations.lab.controls import Control, controls
from gan_eval.runtime.arguments import whole_number
from gan_eval.runtime.errors import UsageError
from gan_eval.runtime.random import MAX_SEED
from gan_eval.training.config import TrainingConfig

REPLICATES = 48
QUICK_REPLICATES = 24
FEWEST = 20
"""Trainings of a setting below which neither its share nor its 5 % rank says anything."""
MOST = 1000

_FIELDS = ("replicates", "first_seed", "epochs", "quick")
_MOST_EPOCHS = 1000
_CURVE, _LAWS = 21, 11
"""The most epochs at which KL and losses, and at which the learned distributions are kept."""


@dataclass(frozen=True)
class Settings:
    """A set of the settings of one lab; make it with ``of``, which checks them.

    A *place* is the number of a combination of choices, in the order of ``itertools.product``.
    """

    replicates: int
    first_seed: int
    epochs: int
    quick: bool

    @classmethod
    def of(
        cls,
        *,
        replicates: int | None = None,
        first_seed: int = 0,
        epochs: int = 20,
        quick: bool = False,
    ) -> Settings:
        """Fill in what is not given; ``UsageError`` for what cannot be used."""
        if replicates is None:
            replicates = QUICK_REPLICATES if quick else REPLICATES
        whole_number(replicates, "`replicates`", FEWEST, MOST)
        whole_number(first_seed, "`seed`", 0, MAX_SEED - replicates)
        whole_number(epochs, "`epochs`", 2, _MOST_EPOCHS)
        return cls(replicates, first_seed, epochs, bool(quick))

    @classmethod
    def from_document(cls, found: Mapping[str, Any]) -> Settings:
        """Read what ``document`` gives; ``UsageError`` where it is something else."""
        try:
            named = {name: found[name] for name in _FIELDS}
        except (KeyError, TypeError):
            raise UsageError("the file has no settings of a lab") from None
        return cls.of(**named)

    def document(self) -> dict[str, Any]:
        """Give the settings, ready for JSON."""
        return {name: getattr(self, name) for name in _FIELDS}

    @property
    def seeds(self) -> range:
        """The seeds, the same at every place."""
        return range(self.first_seed, self.first_seed + self.replicates)

    @cached_property
    def controls(self) -> tuple[Control, ...]:
        """The controls of the page, each with its values."""
        return controls(quick=self.quick)

    @cached_property
    def shape(self) -> tuple[int, ...]:
        """The number of choices of each control."""
        return tuple(len(control.choices) for control in self.controls)

    @property
    def places(self) -> int:
        """The number of combinations."""
        return math.prod(self.shape)

    @property
    def trainings(self) -> int:
        """The number of GANs that are trained."""
        return self.places * self.replicates

    @cached_property
    def chapter(self) -> int:
        """The place of the chapter's configuration, at which the page starts."""
        return self.place(**{control.name: control.start for control in self.controls})

    def place(self, **chosen: int) -> int:
        """Find a place by the choices of some controls; the others stand as in the chapter.

        Examples
        --------
        >>> settings = Settings.of()
        >>> settings.place() == settings.chapter
        True
        >>> settings.config(settings.place(form=1)).discriminator_widths
        (16,)
        """
        at = [chosen.get(control.name, control.start) for control in self.controls]
        return int(np.ravel_multi_index(at, self.shape))

    def chosen(self, place: int) -> tuple[int, ...]:
        """Give the choice of each control at a place."""
        return tuple(int(one) for one in np.unravel_index(place, self.shape))

    def config(self, place: int) -> TrainingConfig:
        """Make the configuration of a place."""
        sets: dict[str, Any] = {"epochs": self.epochs}
        for control, at in zip(self.controls, self.chosen(place), strict=True):
            sets |= control.choices[at].sets
        return TrainingConfig(**sets)

    @cached_property
    def curve_epochs(self) -> tuple[int, ...]:
        """The epochs at which KL and losses are kept, from 0, the start, to the last."""
        found = np.linspace(0, self.epochs, min(self.epochs + 1, _CURVE)).round()
        return tuple(int(epoch) for epoch in found)

    @cached_property
    def law_epochs(self) -> tuple[int, ...]:
        """The epochs at which the learned distributions are kept, for the slider."""
        count = len(self.curve_epochs)
        found = np.linspace(0, count - 1, min(count, _LAWS)).round()
        return tuple(self.curve_epochs[int(at)] for at in found)
