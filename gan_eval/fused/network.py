"""The two nets of a lane: forward, and backward with the gradients written out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise

from gan_eval.fused.functions import tanh
from gan_eval.fused.machine import Index, Machine, Memory, Table, Value, entry

Layers = list[Table]
"""The input of every layer, first the net's own."""


class Net:
    """Linear layers with tanh between them, their parameters in one memory.

    Parameters lie layer by layer: weight (inputs × outputs, row-major), then bias, from position
    ``first`` on, as ``gan_eval.draws.initial_layers`` counts them.
    """

    def __init__(self, sizes: Sequence[int], first: int) -> None:
        self.shapes = list(pairwise(sizes))
        self.weights: list[int] = []
        self.biases: list[int] = []
        for inputs, outputs in self.shapes:
            self.weights.append(first)
            self.biases.append(first + inputs * outputs)
            first += (inputs + 1) * outputs
        self.end = first

    def weight(self, parameters: Memory, layer: int, i: Index, j: Index) -> Value:
        """Weight from input i to output j of a layer."""
        return parameters[self._weight_at(layer, i, j)]

    def _weight_at(self, layer: int, i: Index, j: Index) -> Index:
        return i * self.shapes[layer][1] + j + self.weights[layer]

    def forward(self, k: Machine, parameters: Memory, x: Table) -> tuple[Table, Layers]:
        """The outputs, and what ``backward`` needs."""
        layers: Layers = []
        for layer, (inputs, outputs) in enumerate(self.shapes):
            layers.append(x)
            x = k.table(outputs, self._output(k, parameters, layer, inputs, x))
        return x, layers

    def _output(
        self, k: Machine, parameters: Memory, layer: int, inputs: int, x: Table
    ) -> Callable[[Index], Value]:
        hidden = layer < len(self.shapes) - 1

        def output(j: Index) -> Value:
            def add(total: Value, i: Index) -> Value:
                return k.fma(entry(x, i), self.weight(parameters, layer, i, j), total)

            value = k.fold(inputs, parameters[j + self.biases[layer]], add)
            return tanh(k, value) if hidden else value

        return output

    def backward(self, k: Machine, parameters: Memory, layers: Layers, at_output: Table) -> Layers:
        """The gradient at the outputs of every layer before its tanh, given that of the last."""
        found = [at_output]
        for layer in range(len(self.shapes) - 1, 0, -1):
            through = self.at_input(k, parameters, layer, found[0])
            activation = layers[layer]

            def slope(i: Index, activation=activation, through=through) -> Value:
                value = entry(activation, i)
                return through(i) * k.fma(-1.0 * value, value, k.real(1.0))

            found.insert(0, k.table(self.shapes[layer][0], slope))
        return found

    def at_input(
        self, k: Machine, parameters: Memory, layer: int, gradient: Table
    ) -> Callable[[Index], Value]:
        """The gradient at a layer's inputs, given that at its outputs."""

        def at(i: Index) -> Value:
            def add(total: Value, j: Index) -> Value:
                return k.fma(entry(gradient, j), self.weight(parameters, layer, i, j), total)

            first = entry(gradient, 0) if not isinstance(gradient, Memory) else gradient[0]
            start = first * self.weight(parameters, layer, i, 0)
            return k.fold(self.shapes[layer][1] - 1, start, lambda total, j: add(total, j + 1))

        return at

    def add_gradients(
        self, k: Machine, gradients: Memory, examples: Sequence[tuple[Layers, Layers]]
    ) -> None:
        """Add to the parameters' gradients what examples bring: their layers' inputs, and the
        gradients at their layers' outputs."""
        for layer, (inputs, outputs) in enumerate(self.shapes):

            def of_output(j: Index, layer=layer, inputs=inputs) -> None:
                slopes = [entry(at_outputs[layer], j) for _, at_outputs in examples]

                def of_weight(i: Index) -> None:
                    at = self._weight_at(layer, i, j)
                    total = gradients[at]
                    for (layers, _), slope in zip(examples, slopes, strict=True):
                        total = k.fma(entry(layers[layer], i), slope, total)
                    gradients[at] = total

                k.each(inputs, of_weight)
                bias_at = j + self.biases[layer]
                gradients[bias_at] = sum(slopes, gradients[bias_at])

            k.each(outputs, of_output)
