"""The gradient of a penalty on D's slopes, (γ/2)‖∇D(x)‖², without second derivatives.

Forward over reverse: as the row moves along v = ∇D(x), the activations change by ȧ and the
backward pass from a unit slope, δ, by δ̇. Then the gradient of ½‖v‖² is ȧ ⊗ δ + a ⊗ δ̇ for a
weight and δ̇ for a bias (Pearlmutter 1994, "Fast exact multiplication by the Hessian", section 3).
"""

from __future__ import annotations

from collections.abc import Sequence

from gan_eval.training.fused.machine import Machine, Memory, Place, Table, entry
from gan_eval.training.fused.network import Net
from gan_eval.training.fused.values import Index, Value

Layers = Sequence[Table]
"""A table of each layer of a net, of one example."""
Examples = list[tuple[Layers, Layers]]
"""As ``Net.add_gradients`` takes them: every layer's inputs, and the gradient at its outputs."""


def backward(
    k: Machine,
    net: Net,
    parameters: Memory,
    rows: Sequence[Table],
    inputs: Sequence[Layers],
    slopes: Sequence[Value],
    gammas: Sequence[Value | None],
) -> tuple[Examples, Examples]:
    """The examples that bring the gradient of the loss, of which the slopes at the logits are
    given, and of a penalty at the rows that have a γ/2; the second ones add nothing to biases."""
    found, alone = dict[int, tuple[Layers, Layers]](), list[tuple[Layers, Layers]]()
    plain = [row for row, gamma in enumerate(gammas) if gamma is None]
    halves = {row: gamma for row, gamma in enumerate(gammas) if gamma is not None}
    if plain:
        own = [inputs[row] for row in plain]
        at_outputs = net.backward(k, parameters, own, [[slopes[row]] for row in plain])
        found |= zip(plain, zip(own, at_outputs, strict=True), strict=True)
    if halves:
        both, alone = _penalised(
            *(k, net, parameters, [rows[row] for row in halves], [inputs[row] for row in halves]),
            [slopes[row] for row in halves],
            [*halves.values()],
        )
        found |= zip(halves, both, strict=True)
    return [found[row] for row in sorted(found)], alone


def _penalised(
    k: Machine,
    net: Net,
    parameters: Memory,
    rows: Sequence[Table],
    inputs: Sequence[Layers],
    slopes: Sequence[Value],
    gammas: Sequence[Value],
) -> tuple[Examples, Examples]:
    one = k.real(1.0)
    units = net.backward(k, parameters, inputs, [[one]] * len(rows))
    gradients = net.through_rows(k, parameters, rows, [own[0] for own in units])

    def along(places: Sequence[Place]) -> Sequence[Value]:
        return [gammas[own] * entry(gradients[own], i) for own, i in places]

    moves = net.moved_rows(k, rows, k.tables(len(rows), net.dimension, along))
    changes: list[list[Table]] = [[move] for move in moves]
    # Before the tanh, layer by layer from the first hidden one.
    before: list[Sequence[Table]] = []
    for layer, (_, outputs) in enumerate(net.shapes[:-1]):
        found = net.outputs(k, parameters, layer, [own[-1] for own in changes], linear=True)
        before.append(found)

        def after(places: Sequence[Place], layer=layer, found=found) -> Sequence[Value]:
            return [
                _slope(k, inputs[own][layer + 1], i) * entry(found[own], i) for own, i in places
            ]

        for own, table in zip(changes, k.tables(len(rows), outputs, after), strict=True):
            own.append(table)

    whole: list[list[Table]] = [[[slope]] for slope in slopes]
    bent: list[Table] = []
    for layer in range(len(net.shapes) - 1, 0, -1):
        through = net.through(k, parameters, layer, bent) if bent else []

        def bend(places: Sequence[Place], layer=layer, through=through) -> Sequence[Value]:
            found = []
            for own, i in places:
                a, z = entry(inputs[own][layer], i), entry(before[layer - 1][own], i)
                value = -2.0 * a * z * entry(units[own][layer - 1], i)
                if through:
                    slope = _slope(k, inputs[own][layer], i)
                    value = k.fma(slope, entry(through[own], i), value)
                found.append(value)
            return found

        count = net.shapes[layer][0]
        bent = k.tables(len(rows), count, bend)

        def both(places: Sequence[Place], layer=layer, bent=bent) -> Sequence[Value]:
            return [
                k.fma(slopes[own], entry(units[own][layer - 1], i), entry(bent[own], i))
                for own, i in places
            ]

        for own, table in zip(whole, k.tables(len(rows), count, both), strict=True):
            own.insert(0, table)
    return list(zip(inputs, whole, strict=True)), list(zip(changes, units, strict=True))


def _slope(k: Machine, activations: Table, i: Index) -> Value:
    """The slope of tanh where it has an activation."""
    a = entry(activations, i)
    return k.fma(-1.0 * a, a, k.real(1.0))
