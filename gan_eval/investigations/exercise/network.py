"""Many discriminators side by side: their logits, and the slopes of these by every parameter.

A batch is a matrix of parameters, one row a network; row-major weights (outputs, inputs) and biases
of one layer after another. All have one shape, d → widths → 1 with tanh between, as the chapter's.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from gan_eval.training.draws import Layer

if TYPE_CHECKING:
    from torch import Tensor

Array = NDArray[np.floating]


@dataclass(frozen=True)
class Network:
    """A form of discriminators: the widths of its layers, from the input to the logit."""

    sizes: tuple[int, ...]

    @classmethod
    def of(cls, dimension: int, widths: Sequence[int]) -> Network:
        """Make the form d → widths → 1; without widths it is logistic regression."""
        return cls((dimension, *widths, 1))

    @property
    def layers(self) -> list[tuple[int, int]]:
        """(inputs, outputs) of each layer."""
        return list(itertools.pairwise(self.sizes))

    @property
    def parameters(self) -> int:
        """The number of parameters of one network."""
        return sum((inputs + 1) * outputs for inputs, outputs in self.layers)

    @property
    def label(self) -> str:
        """``2 → 5 → 3 → 1``."""
        return " → ".join(map(str, self.sizes))

    def start(self, count: int, rng: np.random.Generator) -> Array:
        """Draw parameters (count, parameters): weights N(0, 1/inputs), biases N(0, 1).

        For rows of about unit scale. The chapter's N(0, 0.02²) is so near to a saddle, where all
        units of a layer are one, that a fit would have to find its way out of it first.
        """
        scale = [
            np.concatenate([np.full(inputs * outputs, inputs**-0.5), np.ones(outputs)])
            for inputs, outputs in self.layers
        ]
        scale[-1][-1] = 0.0
        return rng.standard_normal((count, self.parameters)) * np.concatenate(scale)

    def pack(self, layers: Sequence[Layer]) -> Array:
        """Pack weights (R, inputs, outputs) and biases (R, outputs) as (R, parameters)."""
        return np.concatenate(
            [
                part.reshape(len(part), -1)
                for weight, bias in layers
                for part in (np.swapaxes(weight, 1, 2), bias)
            ],
            axis=1,
        ).astype(np.float64)

    def logits(self, parameters: Tensor, rows: Tensor) -> Tensor:
        """Compute logits (B, N) of networks (B, parameters) at rows (B or 1, d, N)."""
        return self.layers_at(parameters, rows)[-1][:, 0]

    def layers_at(self, parameters: Tensor, rows: Tensor) -> list[Tensor]:
        """List the input, each hidden layer after its tanh, and the logits; each (B, width, N)."""
        import torch

        count = len(parameters)
        layers = [rows.expand(count, *rows.shape[-2:])]
        for weight, bias in self._unpack(parameters):
            if len(layers) > 1:
                # tanh η = 2 σ(2η) − 1, faster than torch's own.
                layers[-1].mul_(2).sigmoid_().mul_(2).sub_(1)
            layers.append(torch.baddbmm(bias, weight, layers[-1]))
        return layers

    def slopes(self, parameters: Tensor, below: list[Tensor], weight: Tensor) -> Tensor:
        """Compute derivatives of the logits by every parameter, times a weight of each row.

        ``below`` is what ``layers_at`` gives but for the logits, ``weight`` has shape (B, 1, N),
        the result (B, parameters, N).
        """
        import torch

        count, _, total = weight.shape
        found = torch.empty(count, self.parameters, total, dtype=weight.dtype)
        slope, end = weight, self.parameters
        for (matrix, _), layer in zip(self._unpack(parameters)[::-1], below[::-1], strict=True):
            outputs, inputs = matrix.shape[1:]
            middle, start = end - outputs, end - outputs - outputs * inputs
            found[:, middle:end] = slope
            torch.mul(
                slope[:, :, None],
                layer[:, None],
                out=found[:, start:middle].view(count, outputs, inputs, total),
            )
            end = start
            if start:
                slope = torch.bmm(matrix.mT, slope)
                slope.addcmul_(slope * layer, layer, value=-1)
        return found

    def _unpack(self, parameters: Tensor) -> list[tuple[Tensor, Tensor]]:
        found, start = [], 0
        for inputs, outputs in self.layers:
            middle = start + inputs * outputs
            weight = parameters[:, start:middle].reshape(-1, outputs, inputs)
            found.append((weight, parameters[:, middle : middle + outputs, None]))
            start = middle + outputs
        return found


@contextmanager
def one_thread() -> Iterator[None]:
    """Let torch use one thread: matrices are small, and sums come out the same on any machine."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
