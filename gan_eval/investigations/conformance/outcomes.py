"""The outcome of a training: the learned distribution and its divergence from the truth."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gan_eval.distributions import divergences
from gan_eval.training.trained import TrainedGANs

Array = NDArray[np.floating]


@dataclass(frozen=True)
class Outcomes:
    """A table of the outcomes of R seeds on one backend.

    Attributes
    ----------
    seeds : ndarray of int64, shape (R,)
    log_kl : ndarray, shape (R,)
        ln KL(q‖p), in ln nats; +∞ for a diverged replicate, so that no median leaves it out.
    law : ndarray, shape (R, d + d(d+1)/2)
        The learned mean, then the upper triangle of the covariance, row by row.
    finite : ndarray of bool, shape (R,)
        False for a diverged replicate, whose distribution is not to be used.
    """

    seeds: NDArray[np.int64]
    log_kl: Array
    law: Array
    finite: NDArray[np.bool_]

    @classmethod
    def of(cls, trained: TrainedGANs) -> Outcomes:
        """Compute the outcomes of trained replicates."""
        learned, finite = trained.law(), trained.finite()
        with np.errstate(all="ignore"):
            log_kl = np.log(divergences.kl(learned, trained.config.truth))
            upper = np.triu_indices(learned.dimension)
            law = np.concatenate([learned.mean, learned.covariance[:, *upper]], axis=1)
        finite = finite & np.isfinite(law).all(axis=1)
        return cls(trained.seeds, np.where(finite, log_kl, np.inf), law, finite)

    @classmethod
    def of_rows(cls, rows: pd.DataFrame) -> Outcomes:
        """Read the outcomes from a cell's rows, as ``judge`` makes them, in order of the seeds."""
        rows = rows.sort_values("seed")
        entries = [
            name
            for name in map(str, rows.columns)
            if re.fullmatch(r"mean_\d+|covariance_\d+_\d+", name)
        ]
        law = rows[entries].to_numpy(np.float64)
        finite = (rows["verdict"] != "diverged").to_numpy() & np.isfinite(law).all(axis=1)
        with np.errstate(all="ignore"):
            log_kl = np.log(rows["kl"].to_numpy(np.float64))
        seeds = rows["seed"].to_numpy(np.int64)
        return cls(seeds, np.where(finite, log_kl, np.inf), law, finite)

    @classmethod
    def join(cls, parts: Sequence[Outcomes]) -> Outcomes:
        """Join the outcomes of several calls, in the order of the seeds."""
        seeds, log_kl, law, finite = (
            np.concatenate([getattr(part, name) for part in parts])
            for name in ("seeds", "log_kl", "law", "finite")
        )
        order = np.argsort(seeds)
        return cls(seeds[order], log_kl[order], law[order], finite[order])
