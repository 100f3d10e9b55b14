"""Quadratic logistic regression of many labellings of one pooled sample, side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from torch import Tensor

Array = NDArray[np.float64]

# The penalty is RIDGE / 2 times the squared norm of the coefficients, beside log-losses that are
# summed, not averaged: a prior of standard deviation 1 on each, the weight of about four rows.
RIDGE = 1.0
# A Newton step that would lower the objective by less, in nats, is the last: what then is left is
# of the order of its square.
DECREMENT = 1e-8
LARGEST_STEPS = 100
# An objective that is larger by rounding alone has not risen.
ROUNDING = 1e-13
# About this many products of features are held at a time.
PRODUCT_ENTRIES = 2**23


def quadratic_features(points: Array) -> Array:
    """Return 1, zᵢ, zᵢ² and √2 zᵢzⱼ (i < j) of points (N, r): shape (N, 1 + r + r(r + 1) / 2).

    The logarithm of the ratio of two Gaussian densities is a linear combination of them. With √2
    the norm of the coefficients, hence a ridge, is the same in all rotated coordinates: zᵀMz has
    the norm of the matrix M. The squares are centred, which only changes the intercept.
    """
    rank = points.shape[1]
    first, second = np.triu_indices(rank)
    products = points[:, first] * points[:, second]
    products *= np.where(first == second, 1.0, np.sqrt(2.0))
    products -= products.mean(axis=0)
    return np.concatenate([np.ones((len(points), 1)), points, products], axis=1)


class QuadraticLogistic:
    """Ridge-penalised logistic regressions over the same N rows, each with labels of its own.

    Each minimises Σ_training [ln(1 + e^η) − positive · η] + RIDGE / 2 · ‖β‖², η = features β, the
    first coefficient (the intercept) unpenalised, by Newton's method with steps halved until the
    objective falls.

    Parameters
    ----------
    features : tensor of float64, shape (N, q)
        Its first column 1.
    """

    def __init__(self, features: Tensor) -> None:
        import torch

        self.features = features
        width = features.shape[1]
        self._penalty = torch.full_like(features[0], RIDGE)
        self._penalty[0] = 0.0
        self._first, self._second = torch.triu_indices(width, width, device=features.device)
        self._block_rows = max(1, PRODUCT_ENTRIES // len(self._first))
        # Products xᵢxⱼ of the features of each row, kept if they are few. In float32, because a
        # curvature that is a little off costs no accuracy, only, at times, another step.
        fits = len(features) <= self._block_rows
        self._products = self._row_products(0).float() if fits else None

    def fit(self, positive: Tensor, training: Tensor) -> Tensor:
        """Coefficients (P, q) from ``positive`` and ``training``, both (P, N), 0 or 1, float64.

        ``training`` marks the rows that a fit sees; both classes must be among them.
        """
        import torch

        result = self.features.new_zeros((len(positive), self.features.shape[1]))
        # The fits that have not converged, and their state: where they stand, and a trial ahead.
        active = torch.arange(len(positive), device=result.device)
        here, trial = torch.zeros_like(result), torch.zeros_like(result)
        objective = torch.full_like(result[:, 0], torch.inf)
        for _ in range(LARGEST_STEPS):
            eta = trial @ self.features.T
            loss = torch.nn.functional.softplus(eta) - positive * eta
            value = (training * loss).sum(dim=1) + (self._penalty * trial.square()).sum(dim=1) / 2
            accepted = value <= objective + ROUNDING * (1 + value.abs())

            probability = torch.sigmoid(eta)
            gradient = (training * (positive - probability)) @ self.features
            gradient -= self._penalty * trial
            weights = training * probability * (1 - probability)
            factor = self._factor(weights)
            step = torch.cholesky_solve(gradient[:, :, None], factor)[:, :, 0]

            here = torch.where(accepted[:, None], trial, here)
            objective = torch.where(accepted, value, objective)
            trial = torch.where(accepted[:, None], here + step, (here + trial) / 2)
            result[active] = trial
            moving = ~accepted | ((gradient * step).sum(dim=1) > DECREMENT)
            if not moving.any():
                break
            here, trial, objective = here[moving], trial[moving], objective[moving]
            positive, training, active = positive[moving], training[moving], active[moving]
        return result

    def _row_products(self, start: int) -> Tensor:
        rows = self.features[start : start + self._block_rows]
        return rows[:, self._first] * rows[:, self._second]

    def _factor(self, weights: Tensor) -> Tensor:
        """Cholesky factors of Xᵀ diag(w) X + diag(penalty) for each row w of ``weights``.

        One matrix product with the products of each row's features serves all fits.
        """
        import torch

        if self._products is not None:
            upper = (weights.float() @ self._products).double()
            factor, failed = torch.linalg.cholesky_ex(self._curvature(upper))
            if not failed.any():
                return factor
        upper = weights.new_zeros((len(weights), len(self._first)))
        for start in range(0, len(self.features), self._block_rows):
            some = weights[:, start : start + self._block_rows]
            upper.addmm_(some, self._row_products(start))
        return torch.linalg.cholesky(self._curvature(upper))

    def _curvature(self, upper: Tensor) -> Tensor:
        """Return the lower triangles (P, q, q), which is all that Cholesky reads, with the
        penalty."""
        import torch

        width = self.features.shape[1]
        curvature = upper.new_zeros((len(upper), width, width))
        curvature[:, self._second, self._first] = upper
        return curvature + torch.diag(self._penalty)
