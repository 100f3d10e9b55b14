"""The two nets of a lane: forward, and backward with the gradients written out."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from gan_eval.training.fused.functions import ACTIVATIONS, by_slope
from gan_eval.training.fused.machine import Machine, Memory, Place, Table, entry
from gan_eval.training.fused.values import Index, Value, interleave


class Net:
    """Linear layers with an activation between them, their parameters in one memory.

    Parameters lie layer by layer: weight (inputs × outputs, row-major), then bias, from position
    ``first`` on, as ``gan_eval.training.draws.initial_layers`` counts them.
    """

    def __init__(self, sizes: Sequence[int], first: int, activation: str = "tanh") -> None:
        self.activation = activation
        self.shapes = list(pairwise(sizes))
        self.first = first
        self.weights: list[int] = []
        self.biases: list[int] = []
        for inputs, outputs in self.shapes:
            self.weights.append(first)
            self.biases.append(first + inputs * outputs)
            first += (inputs + 1) * outputs
        self.end = first
        self.dimension = sizes[0]

    def place(self, layer: int, i: Index, j: Index) -> Index:
        """Find the place of the weight from input i to output j of a layer."""
        return i * self.shapes[layer][1] + j + self.weights[layer]

    def bias_place(self, layer: int, j: Index) -> Index:
        """Find the place of the bias of output j of a layer."""
        return j + self.biases[layer]

    def forward(
        self, k: Machine, parameters: Memory, examples: Sequence[Table]
    ) -> tuple[list[Table], list[list[Table]]]:
        """The outputs of examples, and every layer's inputs, which ``backward`` needs."""
        inputs = [[x] for x in examples]
        for layer in range(len(self.shapes)):
            found = self.outputs(k, parameters, layer, [own[-1] for own in inputs])
            for own, table in zip(inputs, found, strict=True):
                own.append(table)
        return [own.pop() for own in inputs], inputs

    def outputs(
        self,
        k: Machine,
        parameters: Memory,
        layer: int,
        xs: Sequence[Table],
        *,
        linear: bool = False,
    ) -> list[Table]:
        """A layer's outputs; ``linear``, of its weights alone, without bias and activation."""
        inputs, outputs = self.shapes[layer]
        hidden = layer < len(self.shapes) - 1 and not linear

        def some(places: Sequence[Place]) -> Sequence[Value]:
            def add(totals: list[Value], i: Index) -> list[Value]:
                return [
                    k.fma(entry(xs[own], i), parameters[self.place(layer, i, j)], total)
                    for (own, j), total in zip(places, totals, strict=True)
                ]

            if linear:
                start = [k.real(0.0)] * len(places)
            else:
                start = [parameters[self.bias_place(layer, j)] for _, j in places]
            values = k.fold(inputs, start, add)
            return interleave(k, ACTIVATIONS[self.activation], values) if hidden else values

        return k.tables(len(xs), outputs, some)

    def backward(
        self,
        k: Machine,
        parameters: Memory,
        inputs: Sequence[Sequence[Table]],
        at_output: Sequence[Table],
    ) -> list[list[Table]]:
        """Each example's gradient at the outputs of every layer before its activation, given
        that of the last."""
        found = [[gradient] for gradient in at_output]
        for layer in range(len(self.shapes) - 1, 0, -1):
            values = [tables[layer] for tables in inputs]
            through = self.through(k, parameters, layer, [own[0] for own in found], values)
            for own, table in zip(found, through, strict=True):
                own.insert(0, table)
        return found

    def through(
        self,
        k: Machine,
        parameters: Memory,
        layer: int,
        gradients: Sequence[Table],
        activations: Sequence[Table] = (),
    ) -> list[Table]:
        """Each example's gradient at a layer's inputs, given that at its outputs: before
        the activation whose values are given, where they are."""
        inputs, outputs = self.shapes[layer]

        def some(places: Sequence[Place]) -> Sequence[Value]:
            def weights(j: Index) -> list[Value]:
                return [parameters[self.place(layer, i, j)] for _, i in places]

            def add(totals: list[Value], j: Index) -> list[Value]:
                return [
                    k.fma(entry(gradients[own], j + 1), weight, total)
                    for (own, _), weight, total in zip(places, weights(j + 1), totals, strict=True)
                ]

            start = [
                entry(gradients[own], 0) * weight
                for (own, _), weight in zip(places, weights(0), strict=True)
            ]
            values = k.fold(outputs - 1, start, add)
            if not activations:
                return values
            at = [entry(activations[own], i) for own, i in places]
            return by_slope(k, self.activation, values, at)

        return k.tables(len(gradients), inputs, some)

    def through_rows(
        self, k: Machine, parameters: Memory, rows: Sequence[Table], gradients: Sequence[Table]
    ) -> list[Table]:
        """Each example's gradient at the row itself, given that at the first layer's outputs."""
        return self.through(k, parameters, 0, gradients)

    def moved_rows(
        self, k: Machine, rows: Sequence[Table], moves: Sequence[Table]
    ) -> Sequence[Table]:
        """How the first layer's inputs change as rows move."""
        return moves

    def add_gradients(
        self,
        k: Machine,
        gradients: Memory,
        examples: Sequence[tuple[Sequence[Table], Sequence[Table]]],
        weights_alone: Sequence[tuple[Sequence[Table], Sequence[Table]]] = (),
    ) -> None:
        """Add to the parameters' gradients what examples bring: every layer's inputs, and the
        gradient at its outputs. What comes last adds nothing to biases."""
        for layer, (count, outputs) in enumerate(self.shapes):

            def of_output(j: Index, layer=layer, count=count) -> None:
                slopes = [entry(at[layer], j) for _, at in [*examples, *weights_alone]]

                def of_weight(i: Index) -> None:
                    total = gradients[self.place(layer, i, j)]
                    for (inputs, _), slope in zip([*examples, *weights_alone], slopes, strict=True):
                        total = k.fma(entry(inputs[layer], i), slope, total)
                    gradients[self.place(layer, i, j)] = total

                k.each(count, of_weight)
                bias = self.bias_place(layer, j)
                gradients[bias] = sum(slopes[: len(examples)], gradients[bias])

            k.each(outputs, of_output)
