"""Machine code for a tanh generator: its values, its slopes, and the noise behind a point.

A vector holds one number of several points. Layer by layer, each unit has three: its value, and its
derivatives by both coordinates of the noise.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir

from gan_eval.distributions.pushforward.by_mesh.formulas import Formulas, Numbers
from gan_eval.runtime.code_writer import DOUBLE, LONG, POINTER, Writer

TOGETHER = 4
"""Units of a layer that are summed side by side: widths are given up to a multiple of it."""
STEPS = 16
"""Steps of Newton's method, at most."""
NETWORK = [LONG, POINTER, POINTER, POINTER]
"""What names a network: the number of layers; (layers, 2), of each its inputs and outputs, up to a
multiple of ``TOGETHER``; of each layer and ``TOGETHER`` outputs the biases, then the weights of
every input; and scratch, (2, most, 3, width), where ``most``, the most outputs or inputs of a
layer, stands behind the sizes."""


def write_slopes(module: ir.Module, width: int) -> None:
    """Write slopes(z, size, *network, found): the values of a network and their derivatives.

    ``z`` (2, size), size a multiple of ``width``; ``found`` (2, 3, size): of both coordinates the
    value and its two derivatives.
    """
    w = Writer(module, "slopes", [POINTER, LONG, *NETWORK, POINTER])
    f = Formulas(w, width)
    z, size, *network, found = w.arguments
    with w.loop(w.long(0), size, width) as p:
        noise = [f.load(z, p), f.load(z, w.b.add(size, p))]
        for k, numbers in enumerate(_value_and_slopes(f, network, *noise)):
            f.store(numbers, found, w.b.add(w.b.mul(size, w.long(k)), p))
    w.finish()


def write_newton(module: ir.Module, width: int) -> None:
    """Write newton(x, reach, size, *network, z, found): Newton's method for z with G(z) = x.

    ``x`` (2, size); ``reach`` (size,), how far from where it starts z may come, twice as far as it
    may go in a step; ``z`` (2, size), where it starts, becomes where it ends; ``found`` (size,)
    becomes |det J| there, and below 0 where it came to no end.
    """
    w = Writer(module, "newton", [POINTER, POINTER, LONG, *NETWORK, POINTER, POINTER])
    f, b = Formulas(w, width), w.b
    x, reach, size, *network, z, found = w.arguments
    with w.loop(w.long(0), size, width) as p:
        second = b.add(size, p)
        wanted = [f.load(x, p), f.load(x, second)]
        origin = [f.load(z, p), f.load(z, second)]
        far = f.load(reach, p)
        # Going on: 1, came to an end: 0.
        start = [*origin, f.same(1.0), f.same(-1.0)]
        values = [numbers.value for numbers in start]
        with w.carry(
            w.long(0), w.long(STEPS), 1, values, lambda now: (Numbers(b, now[2]) > 0.0).any
        ) as loop:
            z0, z1, going, size_of_det = (Numbers(b, value) for value in loop.now)
            x0, x1, s00, s10, s01, s11 = _ordered(_value_and_slopes(f, network, z0, z1))
            det = s00 * s11 - s01 * s10
            off0, off1 = wanted[0] - x0, wanted[1] - x1
            step0 = (off0 * s11 - off1 * s10) / det
            step1 = (off1 * s00 - off0 * s01) / det
            length = (step0 * step0 + step1 * step1).sqrt()
            part = (far * 0.5 / length.at_least(1e-300)).at_most(1.0)
            moved0, moved1 = z0 + step0 * part, z1 + step1 * part
            on = going > 0.0
            done = on & (length <= 1e-9 * (1.0 + abs(z0).at_least(abs(z1))))
            near = abs(moved0 - origin[0]).at_least(abs(moved1 - origin[1])) <= far
            loop.then[:] = [
                on.choose(moved0, z0).value,
                on.choose(moved1, z1).value,
                (on & near & ~done).choose(f.same(1.0), 0.0).value,
                done.choose(abs(det), size_of_det).value,
            ]
        ends = [Numbers(b, value) for value in loop.now]
        for numbers, place in zip(ends[:2], (p, second), strict=True):
            f.store(numbers, z, place)
        f.store(ends[3], found, p)
    w.finish()


def _ordered(six: list[Numbers]) -> tuple[Numbers, ...]:
    """x_0, x_1, ∂x_0/∂z_0, ∂x_1/∂z_0 … as s_ij = ∂x_j/∂z_i: s00, s10, s01, s11."""
    x0, s00, s10, x1, s01, s11 = six
    return x0, x1, s00, s10, s01, s11


def _value_and_slopes(f: Formulas, network: list[Any], z0: Numbers, z1: Numbers) -> list[Numbers]:
    """Write a value and its derivatives by both of the noise, of both coordinates: six vectors."""
    w, b, three = f.w, f.w.b, 3 * f.width
    layers, sizes, weights, scratch = network
    one, zero = f.same(1.0), f.same(0.0)
    for k, numbers in enumerate([z0, one, zero, z1, zero, one]):
        f.store(numbers, scratch, w.long(k * f.width))
    last = b.sub(layers, w.long(1))
    half = b.mul(w.load(sizes, b.mul(layers, w.long(2)), LONG), w.long(three))
    there = w.at(scratch, half, DOUBLE)
    with w.carry(w.long(0), layers, 1, [weights, scratch, there]) as loop:
        own, source, target = loop.now
        place = b.mul(loop.index, w.long(2))
        inputs = w.load(sizes, place, LONG)
        outputs = w.load(sizes, b.add(place, w.long(1)), LONG)
        with w.carry(w.long(0), outputs, TOGETHER, [own]) as units:
            units.then[0] = _sums(f, units.now[0], source, inputs, target, units.index)
        hidden = b.icmp_signed("<", loop.index, last)
        with b.if_then(hidden), w.loop(w.long(0), outputs) as j:
            first = b.mul(j, w.long(three))
            value = f.load(target, first).tanh()
            slope = 1.0 - value * value
            f.store(value, target, first)
            for k in (1, 2):
                along = b.add(first, w.long(k * f.width))
                f.store(slope * f.load(target, along), target, along)
        loop.then[:] = [units.now[0], target, source]
    final = loop.now[1]
    return [f.load(final, w.long(k * f.width)) for k in range(6)]


def _sums(f: Formulas, mine: Any, source: Any, inputs: Any, target: Any, j: Any) -> Any:
    """Sum over the inputs of ``TOGETHER`` units from j on; returns where weights go on."""
    w, b, three = f.w, f.w.b, 3 * f.width
    starts: list[Any] = []
    for k in range(TOGETHER):
        starts += [f.everywhere(mine, w.long(k)).value, *[f.same(0.0).value] * 2]
    rows = w.at(mine, w.long(TOGETHER), DOUBLE)
    with w.carry(w.long(0), inputs, 1, starts) as loop:
        first = b.mul(loop.index, w.long(three))
        parts = [f.load(source, b.add(first, w.long(k * f.width))) for k in range(3)]
        row = b.mul(loop.index, w.long(TOGETHER))
        sums = [Numbers(b, value) for value in loop.now]
        for k in range(TOGETHER):
            weight = f.everywhere(rows, b.add(row, w.long(k)))
            for i, part in enumerate(parts, 3 * k):
                loop.then[i] = (weight * part + sums[i]).value
    first = b.mul(j, w.long(three))
    for k, total in enumerate(loop.now):
        f.store(Numbers(b, total), target, b.add(first, w.long(k * f.width)))
    return w.at(rows, b.mul(inputs, w.long(TOGETHER)), DOUBLE)
