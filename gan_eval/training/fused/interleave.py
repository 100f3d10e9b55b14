"""Several independent calculations, written in turn, so that none waits for its own last result.

Most of a function such as tanh is a chain: each operation needs the one before it, and a processor
takes some five cycles to finish what it could start every cycle. A few independent chains written
in turn keep it busy. Nothing is rounded otherwise than alone.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from gan_eval.training.fused.values import Kind, Numbers, Value

Function = Callable[[Numbers, Value], Value]


def _of_each(name: str) -> Callable[..., Value]:
    """Make the method that does an operation of ``k`` to each of several values."""

    def method(self: Interleaved, *operands: Value) -> Value:
        return self._each(getattr(self.k, name), *operands)

    return method


class Interleaved(Numbers):
    """Emit the same operation for several independent values in a row, so that the processor can
    overlap them.

    A value's handle is a tuple of values of ``k``: several, or one that serves all.
    """

    def __init__(self, k: Numbers) -> None:
        self.k, self.double = k, k.double

    def pack(self, values: Sequence[Value]) -> Value:
        return Value(self, tuple(values), values[0].kind)

    def _each(self, operation: Callable[..., Value], *operands: Value) -> Value:
        count = max(len(operand.handle) for operand in operands)
        rows = (o.handle if len(o.handle) == count else o.handle * count for o in operands)
        return self.pack([operation(*row) for row in zip(*rows, strict=True)])

    def constant(self, kind: Kind, number: float) -> Value:
        return self.pack([self.k.constant(kind, number)])

    def binary(self, operation: str, a: Value, b: Value) -> Value:
        return self._each(lambda a, b: self.k.binary(operation, a, b), a, b)

    def convert(self, a: Value, kind: Kind, *, signed: bool = False) -> Value:
        return self._each(lambda a: self.k.convert(a, kind, signed=signed), a)

    def library(self, name: str, *operands: Value) -> Value:
        return self._each(lambda *row: self.k.library(name, *row), *operands)

    less, fma, sqrt, absolute, odd, select, upper, bits, from_bits = map(
        _of_each, ("less", "fma", "sqrt", "absolute", "odd", "select", "upper", "bits", "from_bits")
    )


def interleave(
    k: Numbers, function: Callable[..., Value], values: Sequence[Value]
) -> tuple[Value, ...]:
    """Compute ``function(k, value)`` for each value, interleaved."""
    several = Interleaved(k)
    return function(several, several.pack(values)).handle
