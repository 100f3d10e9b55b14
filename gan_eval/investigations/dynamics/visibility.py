"""Which errors of its generator a discriminator can see when it has gone flat."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gan_eval.investigations.dynamics.scores import Points, scores

Array = NDArray[np.floating]

UNSEEN = 1e-9
"""The squared correlation up to which a direction counts as invisible."""

_RANK = 1e-13
"""The part of the largest singular value below which one of the features is rounding."""


@dataclass(frozen=True)
class Visibility:
    """A record of what R discriminators of one form see of their generator's S possible errors.

    A discriminator whose logits have gone flat changes, to first order, by its last layer only: it
    answers an error of the generator as far as the scores of the Gaussian's parameters lie in the
    span of its last features. The squared canonical correlations ρ² between the two are 1 where it
    sees all of a direction and 0 where it sees nothing.

    Attributes
    ----------
    correlations : ndarray, shape (R, S)
        ρ², the largest first.
    by_direction : ndarray, shape (R, S)
        The squared multiple correlation of each of the target's ``directions``.
    """

    correlations: Array
    by_direction: Array

    @classmethod
    def of(cls, values: Array, points: Points) -> Visibility:
        """Compute it from features (R, N, K) at points whose ``z`` are whitened."""
        root = np.sqrt(points.weights)[:, None]
        centred = (values - points.mean(values)[:, None]) * root
        size = np.linalg.norm(centred, axis=1, keepdims=True)
        # Features of the same scale: small ones count as much as large ones.
        left, singular, _ = np.linalg.svd(
            centred / np.where(size > 0, size, 1), full_matrices=False
        )
        kept = singular > _RANK * singular[:, :1]
        aligned = (left * kept[:, None]).swapaxes(1, 2) @ (scores(points.z) * root)
        squares = np.linalg.svd(aligned, compute_uv=False) ** 2
        lacking = aligned.shape[2] - squares.shape[1]
        squares = np.pad(squares, ((0, 0), (0, max(lacking, 0))))
        return cls(_whole(squares), _whole((aligned**2).sum(axis=1)))

    @property
    def median(self) -> Array:
        """The median ρ² over discriminators, (S,), the largest first."""
        return np.median(self.correlations, axis=0)

    @property
    def directions(self) -> Array:
        """The median share of each direction that is seen, (S,)."""
        return np.median(self.by_direction, axis=0)

    @property
    def invisible(self) -> int:
        """How many directions are invisible, at the median."""
        return int((self.median <= UNSEEN).sum())

    def bound(self, n: int) -> float:
        """Bound E KL from below by (1/2n) Σ 1/ρ² nats, for n rows; inf where some ρ² is 0.

        It is what the flat phase leaves: an estimate of the parameters from n rows by the seen part
        of the scores alone has no less. Of a discriminator that sees all, S/2n, which is also that
        of maximum likelihood.
        """
        if self.invisible:
            return np.inf
        return float((1 / self.median).sum() / (2 * n))


def _whole(shares: Array) -> Array:
    """Take what is 1 or 0 but for rounding as 1 or 0."""
    return np.where(shares > 1 - 1e-12, 1.0, np.where(shares < 1e-20, 0.0, shares))
