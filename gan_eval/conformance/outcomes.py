"""What a training comes to: the divergence of the learned law from the truth, and the law."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gan_eval import divergence
from gan_eval.trained import TrainedGANs

Array = NDArray[np.floating]


@dataclass(frozen=True)
class Outcomes:
    """Outcomes of R seeds on one backend.

    Attributes
    ----------
    seeds : ndarray of int64, shape (R,)
    log_kl : ndarray, shape (R,)
        ln KL(q‖p), in ln nats; +∞ for a diverged replicate, so that no median leaves it out.
    law : ndarray, shape (R, d + d(d+1)/2)
        The learned mean, then the upper triangle of the covariance, row by row.
    finite : ndarray of bool, shape (R,)
        False for a diverged replicate, whose law is not to be used.
    """

    seeds: NDArray[np.int64]
    log_kl: Array
    law: Array
    finite: NDArray[np.bool_]

    @classmethod
    def of(cls, trained: TrainedGANs) -> Outcomes:
        """The outcomes of trained replicates."""
        learned, finite = trained.law(), trained.finite()
        with np.errstate(all="ignore"):
            log_kl = np.log(divergence.kl(learned, trained.config.truth))
            upper = np.triu_indices(learned.dimension)
            law = np.concatenate([learned.mean, learned.covariance[:, *upper]], axis=1)
        finite = finite & np.isfinite(law).all(axis=1)
        return cls(trained.seeds, np.where(finite, log_kl, np.inf), law, finite)

    @classmethod
    def join(cls, parts: Sequence[Outcomes]) -> Outcomes:
        """Outcomes of several calls as one, in the order of the seeds."""
        seeds, log_kl, law, finite = (
            np.concatenate([getattr(part, name) for part in parts])
            for name in ("seeds", "log_kl", "law", "finite")
        )
        order = np.argsort(seeds)
        return cls(seeds[order], log_kl[order], law[order], finite[order])
