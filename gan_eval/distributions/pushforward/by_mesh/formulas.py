"""Formulas of vectors of float64, written as machine code by Python's operators."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from llvmlite import ir

from gan_eval.runtime.code_writer import DOUBLE, LONG, Writer, declared

_FARTHEST = 20.0
"""tanh is 1 beyond."""
_DEGREE = 13
_LOG_2 = (6.93147180369123816490e-01, 1.90821492927058770002e-10)
"""ln 2 in two parts, the first with zeros at its end."""
_ROUNDING = 1.5 * 2.0**52
"""Added to a small number, its last bits are that number, rounded to an integer."""
_FUSED = ("contract",)
"""A product and a sum may be rounded once, where the processor can."""


@dataclass(frozen=True, eq=False)
class Mask:
    """A truth value in each place of a vector."""

    b: ir.IRBuilder
    value: Any

    def __and__(self, other: Mask) -> Mask:
        return Mask(self.b, self.b.and_(self.value, other.value))

    def __or__(self, other: Mask) -> Mask:
        return Mask(self.b, self.b.or_(self.value, other.value))

    def __invert__(self) -> Mask:
        ones = ir.Constant(self.value.type, [1] * self.value.type.count)
        return Mask(self.b, self.b.xor(self.value, ones))

    @property
    def any(self) -> Any:
        """Say whether any is true, in one bit."""
        bits = ir.IntType(self.value.type.count)
        return self.b.icmp_unsigned("!=", self.b.bitcast(self.value, bits), ir.Constant(bits, 0))

    def choose(self, first: Numbers | float, second: Numbers | float) -> Numbers:
        """Take ``first`` where it is true, else ``second``."""
        some = first if isinstance(first, Numbers) else second
        assert isinstance(some, Numbers)
        parts = [some.like(part).value for part in (first, second)]
        return Numbers(self.b, self.b.select(self.value, *parts))


@dataclass(frozen=True, eq=False)
class Numbers:
    """A vector of float64 with the operators of one."""

    b: ir.IRBuilder
    value: Any

    def like(self, other: Numbers | float) -> Numbers:
        """Return a number as a vector of as many of it."""
        if isinstance(other, Numbers):
            return other
        return Numbers(self.b, ir.Constant(self.value.type, [other] * self.value.type.count))

    def __add__(self, other: Numbers | float) -> Numbers:
        return self._by(self.b.fadd, other)

    def __sub__(self, other: Numbers | float) -> Numbers:
        return self._by(self.b.fsub, other)

    def __mul__(self, other: Numbers | float) -> Numbers:
        return self._by(self.b.fmul, other)

    def __truediv__(self, other: Numbers | float) -> Numbers:
        return self._by(self.b.fdiv, other)

    def __rsub__(self, other: float) -> Numbers:
        return self.like(other) - self

    def __rtruediv__(self, other: float) -> Numbers:
        return self.like(other) / self

    __radd__, __rmul__ = __add__, __mul__

    def __neg__(self) -> Numbers:
        return -0.0 - self

    def __abs__(self) -> Numbers:
        return self._call("fabs")

    def __lt__(self, other: Numbers | float) -> Mask:
        return self._compared("<", other)

    def __le__(self, other: Numbers | float) -> Mask:
        return self._compared("<=", other)

    def __gt__(self, other: Numbers | float) -> Mask:
        return self._compared(">", other)

    def __ge__(self, other: Numbers | float) -> Mask:
        return self._compared(">=", other)

    def at_most(self, other: Numbers | float) -> Numbers:
        """Return the smaller of two; ``other`` where this one is no number."""
        return (self < other).choose(self, other)

    def at_least(self, other: Numbers | float) -> Numbers:
        """Return the larger of two; ``other`` where this one is no number."""
        return (self > other).choose(self, other)

    def sqrt(self) -> Numbers:
        """Compute the square root."""
        return self._call("sqrt")

    def tanh(self) -> Numbers:
        """Compute the hyperbolic tangent by e^(−2|x|) − 1, to the last bits."""
        b, below = self.b, self < 0.0
        y = abs(self).at_most(_FARTHEST) * -2.0
        shifted = y * (1 / math.log(2)) + _ROUNDING
        n = Numbers(b, b.fsub(shifted.value, self.like(_ROUNDING).value))
        rest = n * -_LOG_2[0] + y
        rest = n * -_LOG_2[1] + rest
        power = self.like(1 / math.factorial(_DEGREE))
        for k in range(_DEGREE - 1, 0, -1):
            power = power * rest + 1 / math.factorial(k)
        whole = ir.VectorType(LONG, self.value.type.count)
        places = ir.Constant(whole, [52] * whole.count)
        exponent = b.shl(b.bitcast(shifted.value, whole), places)
        one = b.bitcast(self.like(1.0).value, whole)
        two_to_n = Numbers(b, b.bitcast(b.add(exponent, one), self.value.type))
        less_one = two_to_n * (power * rest) + (two_to_n - 1.0)
        found = -less_one / (less_one + 2.0)
        return below.choose(-found, found)

    def _by(self, operation: Any, other: Numbers | float) -> Numbers:
        return Numbers(self.b, operation(self.value, self.like(other).value, flags=_FUSED))

    def _compared(self, sign: str, other: Numbers | float) -> Mask:
        return Mask(self.b, self.b.fcmp_ordered(sign, self.value, self.like(other).value))

    def _call(self, name: str) -> Numbers:
        kind = self.value.type
        full = f"llvm.{name}.v{kind.count}f64"
        function = declared(self.b.module, full, ir.FunctionType(kind, [kind]))
        return Numbers(self.b, self.b.call(function, [self.value]))


@dataclass(frozen=True, eq=False)
class Formulas:
    """Reads and writes the vectors of a function.

    Attributes
    ----------
    w : Writer
        Of the function.
    width : int
        Numbers of a vector.
    """

    w: Writer
    width: int

    @property
    def kind(self) -> ir.VectorType:
        """The type of a vector."""
        return ir.VectorType(DOUBLE, self.width)

    def same(self, value: float) -> Numbers:
        """Return a vector of one number."""
        return Numbers(self.w.b, ir.Constant(self.kind, [value] * self.width))

    def load(self, pointer: Any, index: Any) -> Numbers:
        """Load the numbers that begin at an index."""
        return Numbers(self.w.b, self.w.load(pointer, index, self.kind, DOUBLE))

    def store(self, numbers: Numbers, pointer: Any, index: Any) -> None:
        """Store numbers from an index on."""
        self.w.store(numbers.value, pointer, index, DOUBLE)

    def everywhere(self, pointer: Any, index: Any) -> Numbers:
        """Load one number into all places of a vector."""
        return Numbers(self.w.b, self.w.splat(self.w.load(pointer, index, DOUBLE), self.kind))

    def rows(self, table: Any, numbers: Any, index: Any, size: int) -> list[Numbers]:
        """Load rows of a table (rows, size), one for each place of a vector: those whose numbers
        stand from an index on."""
        w, last = self.w, ir.IntType(32)
        starts = [
            w.b.mul(w.load(numbers, w.b.add(index, w.long(lane)), LONG), w.long(size))
            for lane in range(self.width)
        ]
        found = []
        for k in range(size):
            value: Any = ir.Constant(self.kind, ir.Undefined)
            for lane, start in enumerate(starts):
                one = w.load(table, w.b.add(start, w.long(k)), DOUBLE)
                value = w.b.insert_element(value, one, ir.Constant(last, lane))
            found.append(Numbers(w.b, value))
        return found
