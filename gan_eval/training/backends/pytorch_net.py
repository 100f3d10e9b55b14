"""R nets side by side, with their gradients written out."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import leaky_relu

from gan_eval.distributions.pushforward.network import LEAKY_SLOPE
from gan_eval.training.draws import Layer


class Net:
    """R nets of linear layers with an activation between them, parameters in one array (R, P).

    A quadratic net, of one layer, sees the features of its rows (``gan_eval.training.units``).
    """

    def __init__(
        self,
        layers: Sequence[Sequence[Layer]],
        where: torch.device,
        dtype: torch.dtype,
        quadratic: int = 0,
        activation: str = "tanh",
    ) -> None:
        self.activation = activation
        stacked = [
            np.concatenate([part.reshape(-1) for layer in one for part in layer]) for one in layers
        ]
        self.sizes = [layers[0][0].weight.shape[0], *(layer.bias.size for layer in layers[0])]
        self.parameters = torch.as_tensor(np.stack(stacked)).to(where, dtype)
        self.first = torch.zeros_like(self.parameters)
        self.second = torch.zeros_like(self.parameters)
        self.previous = torch.zeros_like(self.parameters)
        self.views = self.split(self.parameters)
        # ∂ feature f / ∂ x_k = Σ_l bends[f, k, l] x_l, of the features of a quadratic net in d
        # coordinates beyond x itself.
        self.bends = _bends(quadratic).to(where, dtype) if quadratic else None

    def split(self, array: Tensor) -> list[tuple[Tensor, Tensor]]:
        """Weights (R, inputs, outputs) and biases (R, 1, outputs) of each layer, as views."""
        views, at = [], 0
        for inputs, outputs in pairwise(self.sizes):
            middle, end = at + inputs * outputs, at + (inputs + 1) * outputs
            weight = array[:, at:middle].unflatten(1, (inputs, outputs))
            views.append((weight, array[:, middle:end].unsqueeze(1)))
            at = end
        return views

    def forward(self, x: Tensor) -> tuple[Tensor, list[Tensor]]:
        """The outputs (R, n, last) and the input of every layer."""
        inputs = []
        if self.bends is not None:
            d = self.bends.shape[1]
            i, j = torch.triu_indices(d, d, device=x.device)
            products = x[..., i] * x[..., j]
            x = torch.cat([x, torch.where(i == j, (products - 1) / 2**0.5, products)], 2)
        for position, (weight, bias) in enumerate(self.views):
            inputs.append(self._activate(x) if position else x)
            x = torch.baddbmm(bias, inputs[-1], weight)
        return x, inputs

    def backward(self, inputs: list[Tensor], gradient: Tensor) -> Tensor:
        """The gradient (R, P) of the parameters, given that of the outputs."""
        found = []
        for position in reversed(range(len(inputs))):
            weight_gradient = inputs[position].mT @ gradient
            found[:0] = [weight_gradient.flatten(1), gradient.sum(1)]
            if position:
                gradient = self.through(position, inputs[position], gradient)
        return torch.cat(found, 1)

    def backward_to_input(self, inputs: list[Tensor], gradient: Tensor) -> Tensor:
        """The gradient (R, n, first) of the input, given that of the outputs."""
        for position in reversed(range(1, len(inputs))):
            gradient = self.through(position, inputs[position], gradient)
        return self._to_rows(inputs, gradient @ self.views[0][0].mT)

    def _to_rows(self, inputs: list[Tensor], gradient: Tensor) -> Tensor:
        """From the first layer's input to the rows: back through a quadratic net's features."""
        if self.bends is None:
            return gradient
        d = self.bends.shape[1]
        bent = torch.einsum("rnf,fkl,rnl->rnk", gradient[..., d:], self.bends, inputs[0][..., :d])
        return gradient[..., :d] + bent

    def penalty(self, inputs: list[Tensor], half: Tensor) -> Tensor:
        """The gradient (R, P) of Σ half · |∇D|² / 2 over rows of a tanh net, ``half`` being (n, 1).

        Forward over reverse: with v = ∇D held fixed, it is the tangent along v of D's own gradient
        (Pearlmutter 1994, "Fast exact multiplication by the Hessian", applied to the rows).
        """
        deltas = [torch.ones_like(inputs[0][..., :1])]
        for position in reversed(range(1, len(inputs))):
            deltas.insert(0, self.through(position, inputs[position], deltas[0]))
        tangent = self._to_rows(inputs, deltas[0] @ self.views[0][0].mT)
        if self.bends is not None:
            rows = inputs[0][..., : self.bends.shape[1]]
            bent = torch.einsum("fkl,rnk,rnl->rnf", self.bends, tangent, rows)
            tangent = torch.cat([tangent, bent], 2)
        tangents = [tangent]
        for (weight, _), activation in zip(self.views[:-1], inputs[1:], strict=True):
            tangents.append((1 - activation * activation) * (tangents[-1] @ weight))
        found = []
        delta_tangent = torch.zeros_like(deltas[-1])
        for position in reversed(range(len(inputs))):
            both = tangents[position].mT @ (half * deltas[position])
            both = both + inputs[position].mT @ (half * delta_tangent)
            found[:0] = [both.flatten(1), (half * delta_tangent).sum(1)]
            if position:
                a, weight = inputs[position], self.views[position][0]
                bend = 2 * a * tangents[position] * (deltas[position] @ weight.mT)
                delta_tangent = self.through(position, a, delta_tangent) - bend
        return torch.cat(found, 1)

    def through(self, position: int, activation: Tensor, gradient: Tensor) -> Tensor:
        """From the output of a layer to that of the layer below it, back through its activation."""
        return gradient @ self.views[position][0].mT * self._slope(activation)

    def _activate(self, x: Tensor) -> Tensor:
        match self.activation:
            case "relu":
                return x.relu()
            case "leaky_relu":
                return leaky_relu(x, LEAKY_SLOPE)
        return x.tanh()

    def _slope(self, after: Tensor) -> Tensor:
        """The derivative of the activation, given what it has made."""
        if self.activation == "tanh":
            return 1 - after * after
        below = LEAKY_SLOPE if self.activation == "leaky_relu" else 0.0
        return torch.where(after > 0, torch.ones_like(after), below)

    def layers(self, array: Tensor) -> list[Layer]:
        """An array (R, P) such as the parameters as layers, NumPy float64."""
        return [Layer(to_numpy(weight), to_numpy(bias)[:, 0]) for weight, bias in self.split(array)]


def _bends(d: int) -> Tensor:
    i, j = torch.triu_indices(d, d)
    found = torch.zeros(i.numel(), d, d, dtype=torch.float64)
    found[torch.arange(i.numel()), i, j] = found[torch.arange(i.numel()), j, i] = 1.0
    found[i == j] *= 2**0.5
    return found


def to_numpy(array: Tensor) -> np.ndarray:
    # A copy: `.numpy()` of a CPU tensor is a view of what goes on changing.
    return np.array(array.cpu().numpy(), dtype=np.float64)
