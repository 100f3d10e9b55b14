"""Machine code for the values and slopes of a tanh generator, in float64.

A vector holds one number of several points of noise. Layer by layer, each unit has three: its
value, and its derivatives by both coordinates of the noise.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from llvmlite import ir

DOUBLE, LONG = ir.DoubleType(), ir.IntType(64)
POINTER = DOUBLE.as_pointer()
TOGETHER = 4
"""Units of a layer that are summed side by side: widths are given up to a multiple of it."""
_FARTHEST = 20.0
"""tanh is 1 beyond."""
_DEGREE = 13
_LOG_2 = (6.93147180369123816490e-01, 1.90821492927058770002e-10)
"""ln 2 in two parts, the first with zeros at its end."""
_ROUNDING = 1.5 * 2.0**52
"""Added to a small number, its last bits are that number, rounded to an integer."""


class _Code:
    """A function that is being written, of vectors of ``width`` numbers."""

    def __init__(self, module: ir.Module, name: str, kinds: list[Any], width: int) -> None:
        self.function = ir.Function(module, ir.FunctionType(ir.VoidType(), kinds), name)
        self.b = ir.IRBuilder(self.function.append_basic_block())
        self.width = width
        self.vector = ir.VectorType(DOUBLE, width)
        self.whole = ir.VectorType(LONG, width)
        kind = ir.FunctionType(self.vector, [self.vector] * 3)
        self._fma = ir.Function(module, kind, f"llvm.fmuladd.v{width}f64")

    def same(self, value: float) -> ir.Constant:
        return ir.Constant(self.vector, [value] * self.width)

    def bits(self, value: int) -> ir.Constant:
        return ir.Constant(self.whole, [value] * self.width)

    def fma(self, a: Any, b: Any, c: Any) -> Any:
        return self.b.call(self._fma, [a, b, c])

    def at(self, base: Any, index: Any) -> Any:
        return self.b.gep(base, [index])

    def load(self, base: Any, index: Any) -> Any:
        place = self.b.bitcast(self.at(base, index), self.vector.as_pointer())
        return self.b.load(place, align=8)

    def store(self, value: Any, base: Any, index: Any) -> None:
        place = self.b.bitcast(self.at(base, index), self.vector.as_pointer())
        self.b.store(value, place, align=8)

    def everywhere(self, base: Any, index: Any) -> Any:
        """Load one number into all places of a vector."""
        one = self.b.load(self.at(base, index))
        first = self.b.insert_element(ir.Constant(self.vector, ir.Undefined), one, _int(0))
        mask = ir.Constant(ir.VectorType(ir.IntType(32), self.width), [0] * self.width)
        return self.b.shuffle_vector(first, first, mask)

    @contextmanager
    def loop(self, count: Any, step: int, carried: list[Any]) -> Iterator[tuple[Any, list, list]]:
        """Count from 0 while below ``count``, which is above 0: gives the index, what is carried,
        and a list to be filled with what is carried on, which at the end holds the last of it."""
        b, before = self.b, self.b.block
        inside, after = self.function.append_basic_block(), self.function.append_basic_block()
        b.branch(inside)
        b.position_at_end(inside)
        phis = [b.phi(value.type) for value in (_int(0), *carried)]
        for phi, value in zip(phis, (_int(0), *carried), strict=True):
            phi.add_incoming(value, before)
        then: list[Any] = []
        yield phis[0], phis[1:], then
        following = b.add(phis[0], _int(step))
        for phi, value in zip(phis, (following, *then), strict=True):
            phi.add_incoming(value, b.block)
        b.cbranch(b.icmp_signed("<", following, count), inside, after)
        b.position_at_end(after)

    def tanh(self, x: Any) -> Any:
        """Compute tanh x by e^(−2|x|) − 1, to the last bits of float64."""
        b = self.b
        below = b.fcmp_ordered("<", x, self.same(0.0))
        size = b.select(below, b.fsub(self.same(-0.0), x), x)
        size = b.select(b.fcmp_ordered("<", size, self.same(_FARTHEST)), size, self.same(_FARTHEST))
        y = b.fmul(size, self.same(-2.0))
        shifted = self.fma(y, self.same(1 / math.log(2)), self.same(_ROUNDING))
        n = b.fsub(shifted, self.same(_ROUNDING))
        rest = self.fma(n, self.same(-_LOG_2[0]), y)
        rest = self.fma(n, self.same(-_LOG_2[1]), rest)
        power = self.same(1 / math.factorial(_DEGREE))
        for k in range(_DEGREE - 1, 0, -1):
            power = self.fma(power, rest, self.same(1 / math.factorial(k)))
        less_one = b.fmul(power, rest)
        exponent = b.shl(b.bitcast(shifted, self.whole), self.bits(52))
        two_to_n = b.bitcast(b.add(exponent, b.bitcast(self.same(1.0), self.whole)), self.vector)
        whole = self.fma(two_to_n, less_one, b.fsub(two_to_n, self.same(1.0)))
        found = b.fdiv(b.fsub(self.same(-0.0), whole), b.fadd(self.same(2.0), whole))
        return b.select(below, b.fsub(self.same(-0.0), found), found)


def _int(value: int) -> ir.Constant:
    return ir.Constant(LONG, value)


def write_slopes(module: ir.Module, width: int) -> None:
    """Write slopes(z, size, layers, sizes, weights, here, there, found).

    ``z`` (2, size), size a multiple of ``width``; ``sizes`` (layers, 2), of each its inputs and
    outputs, up to a multiple of ``TOGETHER``; ``weights``: of each layer and ``TOGETHER`` outputs
    the biases, then the weights of every input; ``here`` and ``there`` are scratch, (outputs, 3,
    width); ``found`` (2, 3, size): of both coordinates the value and its two derivatives.
    """
    sizes_of = LONG.as_pointer()
    kinds = [POINTER, LONG, LONG, sizes_of, POINTER, POINTER, POINTER, POINTER]
    w = _Code(module, "slopes", kinds, width)
    z, size, layers, sizes, weights, here, there, found = w.function.args
    b = w.b
    last = b.sub(layers, _int(1))
    with w.loop(size, width, []) as (p, _, _):
        noise = [w.load(z, p), w.load(z, b.add(size, p))]
        one, zero = w.same(1.0), w.same(0.0)
        for k, value in enumerate([noise[0], one, zero, noise[1], zero, one]):
            w.store(value, here, _int(k * width))
        with w.loop(layers, 1, [weights, here, there]) as (layer, (own, source, target), onward):
            place = b.mul(layer, _int(2))
            inputs = b.load(b.gep(sizes, [place]))
            outputs = b.load(b.gep(sizes, [b.add(place, _int(1))]))
            with w.loop(outputs, TOGETHER, [own]) as (j, (mine,), next_own):
                next_own.append(_sums(w, mine, source, inputs, target, j))
            end = next_own[0]
            hidden = b.icmp_signed("<", layer, last)
            with b.if_then(hidden), w.loop(outputs, 1, []) as (j, _, _):
                first = b.mul(j, _int(3 * width))
                value = w.tanh(w.load(target, first))
                slope = w.fma(b.fsub(w.same(-0.0), value), value, w.same(1.0))
                w.store(value, target, first)
                for k in (1, 2):
                    along = b.add(first, _int(k * width))
                    w.store(b.fmul(slope, w.load(target, along)), target, along)
            onward += [end, target, source]
        final = onward[1]
        for k in range(6):
            w.store(w.load(final, _int(k * width)), found, b.add(b.mul(size, _int(k)), p))
    b.ret_void()


def _sums(w: _Code, mine: Any, source: Any, inputs: Any, target: Any, j: Any) -> Any:
    """Sum over the inputs of ``TOGETHER`` units from j on; returns where weights go on."""
    b = w.b
    starts: list[Any] = []
    for k in range(TOGETHER):
        starts += [w.everywhere(mine, _int(k)), w.same(0.0), w.same(0.0)]
    rows = w.at(mine, _int(TOGETHER))
    with w.loop(inputs, 1, starts) as (i, sums, then):
        first = b.mul(i, _int(3 * w.width))
        three = [w.load(source, b.add(first, _int(k * w.width))) for k in range(3)]
        row = b.mul(i, _int(TOGETHER))
        for k in range(TOGETHER):
            weight = w.everywhere(rows, b.add(row, _int(k)))
            then += [
                w.fma(weight, part, total)
                for part, total in zip(three, sums[3 * k : 3 * k + 3], strict=True)
            ]
    first = b.mul(j, _int(3 * w.width))
    for k, total in enumerate(then):
        w.store(total, target, b.add(first, _int(k * w.width)))
    return w.at(rows, b.mul(inputs, _int(TOGETHER)))
