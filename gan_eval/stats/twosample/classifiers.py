"""The classifiers that tell samples apart, fitted to many labellings of pooled rows side by side.

Quadratic logistic regression, and the chapter's discriminator.
"""

from __future__ import annotations

import itertools
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

# The hidden layers of the chapter's discriminator.
HIDDEN = (5, 3)
# Full batches, mean log-loss, and the chapter's learning rate for its discriminator. So few steps
# on purpose: with 100 or 200 the fit follows its training rows, and the power falls.
STEPS = 50
LEARNING_RATE = 0.05
BETA1, BETA2, EPSILON = 0.9, 0.999, 1e-8


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


def initial_parameters(inputs: int, generator: np.random.Generator) -> list[tuple[Array, Array]]:
    """Weights (outputs, inputs) ~ N(0, 1 / inputs) and zero biases (outputs, 1) of each layer.

    The chapter starts at N(0, 0.02²), and needs many of so few steps to leave that flat start.
    """
    sizes = (inputs, *HIDDEN, 1)
    return [
        (generator.standard_normal((after, before)) / np.sqrt(before), np.zeros((after, 1)))
        for before, after in itertools.pairwise(sizes)
    ]


def fit_chapter(
    points: Tensor, positive: Tensor, training: Tensor, start: list[tuple[Array, Array]]
) -> Tensor:
    """Logits of P discriminators at all N rows, each trained on its own labels from one start.

    Layers d → 5 → 3 → 1 with tanh between them; Adam (Kingma & Ba 2015, algorithm 1) on the mean
    over the training rows of the log-loss ln(1 + e^η) − positive · η, all of them in every step.

    Parameters
    ----------
    points : tensor of float64, shape (N, d)
    positive : tensor of float64, shape (P, N), 0 or 1
    training : tensor of float64, shape (P, N), 0 or 1
        The rows that each discriminator sees.
    start : list of (weight, bias)
        As from :func:`initial_parameters`.

    Returns
    -------
    tensor of float64, shape (P, N)
    """
    import torch

    count = len(positive)
    rows = points.T.expand(count, -1, -1)
    share = (training / training.sum(dim=1, keepdim=True))[:, None, :]
    target = share * positive[:, None, :]
    initial = (torch.as_tensor(array).to(points) for layer in start for array in layer)
    parameters = [array.expand(count, -1, -1).clone() for array in initial]
    first = [torch.zeros_like(parameter) for parameter in parameters]
    second = [torch.zeros_like(parameter) for parameter in parameters]
    for step in range(1, STEPS + 1):
        layers = _forward(rows, parameters)
        slope = torch.sigmoid(layers[-1]).mul_(share).sub_(target)
        rate = LEARNING_RATE / (1 - BETA1**step)
        for index, gradient in _gradients(layers, parameters, slope):
            first[index].lerp_(gradient, 1 - BETA1)
            second[index].lerp_(gradient.square_(), 1 - BETA2)
            spread = (second[index] / (1 - BETA2**step)).sqrt_().add_(EPSILON)
            parameters[index].addcdiv_(first[index], spread, value=-rate)
    return _forward(rows, parameters)[-1][:, 0]


def _forward(rows: Tensor, parameters: list[Tensor]) -> list[Tensor]:
    """Return the input, each hidden layer after its tanh, and the logits; shapes (P, width, N)."""
    import torch

    layers = [rows]
    for weight, bias in zip(parameters[::2], parameters[1::2], strict=True):
        if len(layers) > 1:
            # tanh η = 2 σ(2η) − 1, several times faster than torch's own in float64.
            layers[-1].mul_(2).sigmoid_().mul_(2).sub_(1)
        layers.append(torch.baddbmm(bias, weight, layers[-1]))
    return layers


def _gradients(
    layers: list[Tensor], parameters: list[Tensor], slope: Tensor
) -> list[tuple[int, Tensor]]:
    """Return the index and the gradient of every parameter, by the chain rule from the last
    layer."""
    import torch

    gradients = []
    for index in range(len(parameters) - 2, -1, -2):
        below = layers[index // 2]
        gradients.append((index, torch.bmm(slope, below.transpose(1, 2))))
        gradients.append((index + 1, slope.sum(dim=2, keepdim=True)))
        if index:
            slope = torch.bmm(parameters[index].transpose(1, 2), slope)
            slope.mul_(below.square_().neg_().add_(1))
    return gradients
