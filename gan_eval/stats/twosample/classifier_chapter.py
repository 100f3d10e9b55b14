"""The chapter's discriminator, trained on many labellings of one pooled sample side by side."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from torch import Tensor

Array = NDArray[np.float64]

HIDDEN = (5, 3)
# Full batches, mean log-loss, and the chapter's learning rate for its discriminator. So few steps
# on purpose: with 100 or 200 the fit follows its training rows, and the power falls.
STEPS = 50
LEARNING_RATE = 0.05
BETA1, BETA2, EPSILON = 0.9, 0.999, 1e-8


def initial_parameters(inputs: int, generator: np.random.Generator) -> list[tuple[Array, Array]]:
    """Weights (outputs, inputs) ~ N(0, 1 / inputs) and zero biases (outputs, 1) of each layer.

    The chapter starts at N(0, 0.02²), and needs many of so few steps to leave that flat start.
    """
    sizes = (inputs, *HIDDEN, 1)
    return [
        (generator.standard_normal((after, before)) / np.sqrt(before), np.zeros((after, 1)))
        for before, after in itertools.pairwise(sizes)
    ]


def fit(
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
    parameters = [
        torch.as_tensor(array).to(points).expand(count, -1, -1).clone()
        for layer in start
        for array in layer
    ]
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
