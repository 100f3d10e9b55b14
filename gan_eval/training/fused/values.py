"""The values that a kernel computes with, and several independent calculations written in turn."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

Kind = Literal["real", "word", "wide", "flag", "index"]
"""``real``: float32 or float64. ``word``, ``wide``: unsigned 32 and 64 bits. ``flag``: true or
false. ``index``: an integer that is the same in every lane, for loops and addresses."""


def _operation(sign: str) -> Callable[[Value, Value | float], Value]:
    """Make the method of a binary operator; a Python number becomes one of the value's kind."""

    def method(self: Value, other: Value | float) -> Value:
        return self.machine.binary(sign, self, self.machine.like(self, other))

    return method


@dataclass(frozen=True)
class Value:
    """One number a lane (or, an index, one for all), as a machine has it."""

    machine: Numbers
    handle: Any
    kind: Kind

    __add__ = __radd__ = _operation("+")
    __sub__ = _operation("-")
    __mul__ = __rmul__ = _operation("*")
    __truediv__ = _operation("/")
    __xor__ = _operation("^")
    __and__ = _operation("&")
    __lshift__ = _operation("<<")
    __rshift__ = _operation(">>")
    """Logical: zeros come in from the left."""

    def __rsub__(self, other: float) -> Value:
        return self.machine.like(self, other) - self

    def __rtruediv__(self, other: float) -> Value:
        return self.machine.like(self, other) / self

    def __lt__(self, other: Value | float) -> Value:
        """False where one is NaN."""
        return self.machine.less(self, self.machine.like(self, other))

    def __gt__(self, other: Value | float) -> Value:
        return self.machine.less(self.machine.like(self, other), self)


Index = int | Value
"""A position: known when the kernel is written, or an ``index`` when it runs."""


class Numbers(ABC):
    """Operations on values, one number a lane; subclasses say what becomes of them."""

    double: bool
    """True where a ``real`` is float64."""

    @abstractmethod
    def constant(self, kind: Kind, number: float) -> Value: ...

    @abstractmethod
    def binary(self, operation: str, a: Value, b: Value) -> Value:
        """``+ - * /`` of reals, rounded once each; ``+ - * & | ^ << >>`` of integers, modulo
        their size; ``+ - * / %`` of indices."""

    @abstractmethod
    def less(self, a: Value, b: Value) -> Value:
        """Of reals or words; false where one is NaN."""

    @abstractmethod
    def fma(self, a: Value, b: Value, c: Value) -> Value:
        """a·b + c of reals, rounded once."""

    def sqrt(self, a: Value) -> Value:
        return self.library("sqrt", a)

    def absolute(self, a: Value) -> Value:
        """|a| of a real; NaN stays NaN."""
        return self.library("fabs", a)

    @abstractmethod
    def odd(self, a: Value) -> Value:
        """Tell whether the last bit of a word is 1."""

    @abstractmethod
    def select(self, where: Value, then: Value, otherwise: Value) -> Value: ...

    @abstractmethod
    def convert(self, a: Value, kind: Kind, *, signed: bool = False) -> Value:
        """A word to a real (rounded) or to a wide, a wide to its low word, an index to a real or
        to a word (modulo 2³²). ``signed`` reads a word as two's complement."""

    def upper(self, a: Value) -> Value:
        """The upper 32 bits of a wide as its lower ones; what then stands above means nothing."""
        return a >> 32

    @abstractmethod
    def bits(self, a: Value) -> Value:
        """The bits of a float32 as a word."""

    @abstractmethod
    def from_bits(self, a: Value) -> Value:
        """The float32 of these bits."""

    @abstractmethod
    def library(self, name: str, *operands: Value) -> Value:
        """``exp``, ``log``, ``sin``, ``cos`` or ``tanh`` of a float64, by the C library; ``sqrt``
        or ``fabs`` of a real."""

    def real(self, number: float) -> Value:
        return self.constant("real", number)

    def word(self, number: int) -> Value:
        return self.constant("word", number)

    def like(self, value: Value, number: Value | float) -> Value:
        """A Python number as a constant of a value's kind."""
        return number if isinstance(number, Value) else self.constant(value.kind, number)

    def index(self, number: Index) -> Value:
        return number if isinstance(number, Value) else self.constant("index", number)

    def at_most(self, a: Value, limit: float) -> Value:
        """The smaller one; NaN stays NaN."""
        return self.select(a > limit, self.real(limit), a)

    def at_least(self, a: Value, limit: float) -> Value:
        return self.select(a < limit, self.real(limit), a)


# --- Several calculations in turn ----------------------------------------------------------------
#
# Most of a function such as tanh is a chain: each operation needs the one before it, and a
# processor takes some five cycles to finish what it could start every cycle. A few independent
# chains written in turn keep it busy. Nothing is rounded otherwise than alone.

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
