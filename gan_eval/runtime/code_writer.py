"""A writer of small functions in LLVM's language: loops, sums, and memory by index."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from llvmlite import ir

LONG, BYTE, POINTER = ir.IntType(64), ir.IntType(8), ir.PointerType()
REAL, DOUBLE = ir.FloatType(), ir.DoubleType()


@dataclass
class Loop:
    """A loop that is being written.

    ``now`` are the values that go from step to step, as a step finds them, and after the loop what
    the last step left; ``then`` are those with which the next step begins.
    """

    index: Any
    now: list[Any]
    then: list[Any]


class Writer:
    """Writes one function; ``self.b`` is LLVM's builder."""

    def __init__(self, module: ir.Module, name: str, arguments: list[ir.Type]) -> None:
        function = ir.Function(module, ir.FunctionType(ir.VoidType(), arguments), name)
        self.function = function
        self.b = ir.IRBuilder(function.append_basic_block("entry"))
        self.arguments = function.args
        for argument in function.args:
            if isinstance(argument.type, ir.PointerType):
                argument.add_attribute("noalias")

    def long(self, value: int) -> ir.Constant:
        """Return a whole number."""
        return ir.Constant(LONG, value)

    @contextmanager
    def loop(self, start: Any, stop: Any, step: int = 1) -> Iterator[Any]:
        """For index in range(start, stop, step)."""
        with self.carry(start, stop, step, []) as found:
            yield found.index

    @contextmanager
    def carry(
        self,
        start: Any,
        stop: Any,
        step: int,
        values: list[Any],
        going: Callable[[list[Any]], Any] | None = None,
    ) -> Iterator[Loop]:
        """For index in range(start, stop, step), with values that go from step to step, as long as
        ``going`` of them is true."""
        b = self.b
        before = b.block
        head, body, after = (b.append_basic_block(name) for name in ("head", "body", "after"))
        b.branch(head)
        b.position_at_end(head)
        index, now = b.phi(LONG), [b.phi(value.type) for value in values]
        found = Loop(index, now, list(now))
        for phi, value in zip((index, *now), (start, *values), strict=True):
            phi.add_incoming(value, before)
        more = b.icmp_signed("<", index, stop)
        b.cbranch(b.and_(more, going(now)) if going else more, body, after)
        b.position_at_end(body)
        yield found
        moved = b.add(index, self.long(step))
        for phi, value in zip((index, *now), (moved, *found.then), strict=True):
            phi.add_incoming(value, b.block)
        b.branch(head)
        b.position_at_end(after)

    def each(
        self, size: Any, lanes: int, write: Callable[[Any, ir.Type], None], vectors: int = 1
    ) -> None:
        """Write what is done to the float64 numbers 0 … size − 1: to some vectors of them from an
        index on, and to one after the other of the rest."""
        whole = self.b.and_(size, self.long(-lanes * vectors))
        with self.loop(self.long(0), whole, lanes * vectors) as some:
            write(some, ir.VectorType(DOUBLE, lanes))
        with self.loop(whole, size) as one:
            write(one, DOUBLE)

    def at(self, pointer: Any, index: Any, kind: ir.Type) -> Any:
        """Return the pointer to what stands at an index."""
        return self.b.gep(pointer, [index], source_etype=kind)

    def load(self, pointer: Any, index: Any, kind: ir.Type, of: ir.Type | None = None) -> Any:
        """Load ``kind`` from where the numbers of type ``of`` begin at an index."""
        unit = kind if of is None else of
        return self.b.load(self.at(pointer, index, unit), typ=kind, align=size_of(unit))

    def store(self, value: Any, pointer: Any, index: Any, of: ir.Type) -> None:
        """Store what begins where the numbers of type ``of`` have an index."""
        self.b.store(value, self.at(pointer, index, of), align=size_of(of))

    def splat(self, value: Any, kind: ir.Type) -> Any:
        """Return a vector of copies; the number itself where the kind is no vector."""
        if not isinstance(kind, ir.VectorType):
            return value
        undefined = ir.Constant(kind, ir.Undefined)
        one = self.b.insert_element(undefined, value, ir.Constant(ir.IntType(32), 0))
        mask = ir.Constant(ir.VectorType(ir.IntType(32), kind.count), [0] * kind.count)
        return self.b.shuffle_vector(one, undefined, mask)

    def least(self, first: Any, second: Any) -> Any:
        """Return the smaller of two whole numbers."""
        return self.b.select(self.b.icmp_signed("<", first, second), first, second)

    def finish(self) -> None:
        """End the function."""
        self.b.ret_void()


def declared(module: ir.Module, name: str, kind: ir.FunctionType) -> ir.Function:
    """Return a function that LLVM has by itself, such as ``llvm.sqrt.v8f64``; declared once."""
    return module.globals.get(name) or ir.Function(module, kind, name)


def size_of(kind: ir.Type) -> int:
    """Return the bytes of a number."""
    return {LONG: 8, DOUBLE: 8, REAL: 4, BYTE: 1}[kind]
