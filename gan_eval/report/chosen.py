"""The trainings of a cell that are shown one by one: a median, a good and a bad one, everywhere on
the page the same, and the one whose losses deceive most."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from gan_eval.distributions.gaussian import Gaussian
from gan_eval.pages.language import _
from gan_eval.report.cells import CellRows, Positions
from gan_eval.training.config import TrainingConfig

FEW = 3
"""Trainings below which none is called a median, a good or a bad one."""

MANY = 20
"""Trainings from which on a 5 % rank is not simply the best."""


@dataclass(frozen=True)
class Chosen:
    """A training that stands for others.

    Attributes
    ----------
    position : int
        Its row in the cell.
    seed : int
    words : str
        What it stands for: ``median``; empty where it stands for itself.
    colour, dashes : str
        How its ellipse is drawn: a name of ``COLOURS``, an SVG dash pattern (empty: none).
    """

    position: int
    seed: int
    words: str
    colour: str
    dashes: str

    @property
    def name(self) -> str:
        seed = _("seed {seed}").format(seed=self.seed)
        return f"{self.words}: {seed}" if self.words else seed


def chosen(cell: CellRows) -> list[Chosen]:
    """Choose a median, a good and a bad training of a cell by their rank of KL, each once.

    Where epochs are stored of some, those of them that are nearest to the ranks among all. Of
    fewer than ``FEW`` trainings all are taken, as what they are.
    """
    ranked = cell.by_kl()
    stored = _stored(cell, ranked)
    if not stored.size:
        return []
    found: dict[int, Chosen] = {}
    for rank, *how in _roles(len(ranked)):
        nearest = int(np.argmin(np.abs(stored - rank * (len(ranked) - 1))))
        position = int(ranked[stored[nearest]])
        if position not in found:
            seed = int(cell.rows["seed"].iloc[position])
            found[position] = Chosen(position, seed, *how)
    return list(found.values())


def _stored(cell: CellRows, ranked: Positions) -> Positions:
    """The ranks of the trainings whose epochs are stored; all where none are."""
    ranks = np.arange(len(ranked))
    if not cell.traced:
        return ranks
    seeds = cell.rows["seed"].to_numpy()[ranked]
    return ranks[np.isin(seeds, cell.epochs["seed"].unique())]


def _roles(trainings: int) -> Sequence[tuple[float, str, str, str]]:
    """Rank, what the training is called, its colour and its dashes."""
    if trainings < FEW:
        return ((0.0, "", "learned", ""), (1.0, "", "failed", "5 2 1 2"))
    good, bad, end = _("good (5 % rank)"), _("bad (95 % rank)"), 0.05
    if trainings < MANY:
        good, bad, end = _("best"), _("worst"), 0.0
    return (
        (0.5, _("median"), "learned", ""),
        (end, good, "converged", "5 2"),
        (1 - end, bad, "failed", "5 2 1 2"),
    )


def deceiving(cell: CellRows) -> list[Chosen]:
    """Choose the training whose losses end at ln 2 and whose distribution is most wrong, if any."""
    seeds = cell.rows["seed"]
    return [
        Chosen(int(at), int(seeds.iloc[at]), _("losses at ln 2, distribution wrong"), "near", "")
        for at in cell.deceptive()[:1]
    ]


def learned_law(config: TrainingConfig, row: pd.Series) -> Gaussian:
    """Compute the learned distribution of a stored training, from its weights and its mean."""
    d, k = config.dimension, config.latent_size
    mean = [row[f"mean_{j + 1}"] for j in range(d)]
    weights = [[row[f"weight_{i + 1}_{j + 1}"] for j in range(d)] for i in range(k)]
    return Gaussian(np.array(mean, dtype=np.float64), np.array(weights, dtype=np.float64))
