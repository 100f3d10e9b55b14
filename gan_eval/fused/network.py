"""The two nets of a lane: forward, and backward with the gradients written out."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from gan_eval.fused.functions import tanh
from gan_eval.fused.machine import Index, Machine, Memory, Table, Value, entry


class Net:
    """Linear layers with tanh between them, their parameters in one memory.

    Parameters lie layer by layer: weight (inputs × outputs, row-major), then bias, from position
    ``first`` on, as ``gan_eval.draws.initial_layers`` counts them.
    """

    def __init__(self, sizes: Sequence[int], first: int) -> None:
        self.shapes = list(pairwise(sizes))
        self.first = first
        self.weights: list[int] = []
        self.biases: list[int] = []
        for inputs, outputs in self.shapes:
            self.weights.append(first)
            self.biases.append(first + inputs * outputs)
            first += (inputs + 1) * outputs
        self.end = first

    def _at(self, layer: int, i: Index, j: Index) -> Index:
        """Where the weight from input i to output j of a layer lies."""
        return i * self.shapes[layer][1] + j + self.weights[layer]

    def forward(self, k: Machine, parameters: Memory, x: Table) -> tuple[Table, list[Table]]:
        """The outputs, and every layer's inputs, which ``backward`` needs."""
        tables = [x]
        for layer in range(len(self.shapes)):
            tables.append(self._outputs(k, parameters, layer, tables[-1]))
        return tables[-1], tables[:-1]

    def _outputs(self, k: Machine, parameters: Memory, layer: int, x: Table) -> Table:
        inputs, outputs = self.shapes[layer]
        hidden = layer < len(self.shapes) - 1

        def output(j: Index) -> Value:
            def add(total: Value, i: Index) -> Value:
                return k.fma(entry(x, i), parameters[self._at(layer, i, j)], total)

            value = k.fold(inputs, parameters[j + self.biases[layer]], add)
            return tanh(k, value) if hidden else value

        return k.table(outputs, output)

    def backward(
        self, k: Machine, parameters: Memory, inputs: Sequence[Table], at_output: Table
    ) -> list[Table]:
        """The gradient at the outputs of every layer before its tanh, given that of the last."""
        found = [at_output]
        for layer in range(len(self.shapes) - 1, 0, -1):
            through = self.through(k, parameters, layer, found[0])

            def before_tanh(i: Index, layer=layer, through=through) -> Value:
                activation = entry(inputs[layer], i)
                return entry(through, i) * k.fma(-1.0 * activation, activation, k.real(1.0))

            found.insert(0, k.table(self.shapes[layer][0], before_tanh))
        return found

    def through(self, k: Machine, parameters: Memory, layer: int, gradient: Table) -> Table:
        """The gradient at a layer's inputs, given that at its outputs."""
        inputs, outputs = self.shapes[layer]

        def at(i: Index) -> Value:
            def add(total: Value, j: Index) -> Value:
                return k.fma(entry(gradient, j + 1), parameters[self._at(layer, i, j + 1)], total)

            start = entry(gradient, 0) * parameters[self._at(layer, i, 0)]
            return k.fold(outputs - 1, start, add)

        return k.table(inputs, at)

    def add_gradients(
        self,
        k: Machine,
        gradients: Memory,
        examples: Sequence[tuple[Sequence[Table], Sequence[Table]]],
    ) -> None:
        """Add to the parameters' gradients what examples bring: every layer's inputs, and the
        gradient at its outputs."""
        for layer, (count, outputs) in enumerate(self.shapes):

            def of_output(j: Index, layer=layer, count=count) -> None:
                slopes = [entry(at[layer], j) for _, at in examples]

                def of_weight(i: Index) -> None:
                    total = gradients[self._at(layer, i, j)]
                    for (inputs, _), slope in zip(examples, slopes, strict=True):
                        total = k.fma(entry(inputs[layer], i), slope, total)
                    gradients[self._at(layer, i, j)] = total

                k.each(count, of_weight)
                bias = j + self.biases[layer]
                gradients[bias] = sum(slopes, gradients[bias])

            k.each(outputs, of_output)
