"""A machine that writes LLVM's vector instructions: one SIMD lane a replicate.

Every operation is one IEEE operation on each lane, with no licence to reorder or to contract, so a
lane's bits do not depend on how many lanes there are or on what stands in the others.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from llvmlite import ir

from gan_eval.runtime.code_writer import declared
from gan_eval.training.fused.machine import Machine, Memory, Variable
from gan_eval.training.fused.values import Index, Kind, Value

_INDEX = ir.IntType(64)
_REAL = {"+": "fadd", "-": "fsub", "*": "fmul", "/": "fdiv"}
_INTEGER = {"+": "add", "-": "sub", "*": "mul", "/": "sdiv"}
_INTEGER |= {"&": "and_", "|": "or_", "^": "xor", "<<": "shl", ">>": "lshr"}


class Lanes(Machine):
    """Writes one function of ``width`` lanes into an LLVM module.

    ``fused`` says whether the processor has a fused multiply-add; without one, it is a product and
    a sum, rounded twice.
    """

    pairs = True
    in_a_turn = 8

    def __init__(
        self,
        module: ir.Module,
        name: str,
        width: int,
        arguments: Sequence[ir.Type],
        *,
        double: bool,
        fused: bool,
    ) -> None:
        self.module, self.width, self.double, self.fused = module, width, double, fused
        self.scalar: dict[Kind, Any] = {
            "real": ir.DoubleType() if double else ir.FloatType(),
            "word": ir.IntType(32),
            "wide": ir.IntType(64),
            "flag": ir.IntType(1),
        }
        self.types: dict[Kind, Any] = {
            kind: ir.VectorType(t, width) for kind, t in self.scalar.items()
        }
        self.types["index"] = _INDEX
        # No pointer is `noalias`: LLVM would copy weights and gradients to the stack at every step,
        # because registers cannot hold them.
        function = ir.Function(module, ir.FunctionType(ir.VoidType(), arguments), name)
        self.arguments = function.args
        self.entry = function.append_basic_block("entry")
        self.builder = ir.IRBuilder(function.append_basic_block("body"))
        self.first_block = self.builder.block
        self.scratch_size = 0
        self.scratch_pointer: Any = None

    def finish(self) -> None:
        """End the function."""
        self.builder.ret_void()
        ir.IRBuilder(self.entry).branch(self.first_block)

    # --- Arguments -----------------------------------------------------------------------------

    def memory(self, position: int, kind: Kind, *, shared: bool = False) -> LaneMemory:
        """The memory that an argument points to; ``shared``: one number for all lanes."""
        return LaneMemory(self, self.arguments[position], kind, shared=shared)

    def scalar_argument(self, position: int, kind: Kind) -> Value:
        """A number for all lanes."""
        argument = self.arguments[position]
        return self._value(argument if kind == "index" else self._splat(argument, kind), kind)

    # --- Numbers -------------------------------------------------------------------------------

    def constant(self, kind: Kind, number: float) -> Value:
        if kind == "index":
            return self._value(ir.Constant(_INDEX, int(number)), kind)
        real = kind == "real"
        entry = float(number) if real else int(number) % 2 ** self.scalar[kind].width
        return self._value(ir.Constant(self.types[kind], [entry] * self.width), kind)

    def binary(self, operation: str, a: Value, b: Value) -> Value:
        names = _REAL if a.kind == "real" else _INTEGER
        return self._value(getattr(self.builder, names[operation])(a.handle, b.handle), a.kind)

    def less(self, a: Value, b: Value) -> Value:
        compare = self.builder.fcmp_ordered if a.kind == "real" else self.builder.icmp_unsigned
        return self._value(compare("<", a.handle, b.handle), "flag")

    def fma(self, a: Value, b: Value, c: Value) -> Value:
        return self.library("fma", a, b, c) if self.fused else a * b + c

    def odd(self, a: Value) -> Value:
        # The last bit as a sign, which blending instructions read.
        top = (a << 31).handle
        return self._value(self.builder.icmp_signed("<", top, self.word(0).handle), "flag")

    def select(self, where: Value, then: Value, otherwise: Value) -> Value:
        chosen = self.builder.select(where.handle, then.handle, otherwise.handle)
        return self._value(chosen, then.kind)

    def convert(self, a: Value, kind: Kind, *, signed: bool = False) -> Value:
        target = self.types[kind]
        if a.kind == "index":
            scalar = self.scalar[kind]
            convert = self.builder.sitofp if kind == "real" else self.builder.trunc
            return self._value(self._splat(convert(a.handle, scalar), kind), kind)
        if kind == "real":
            convert = self.builder.sitofp if signed else self.builder.uitofp
        elif kind == "wide":
            convert = self.builder.zext
        else:
            convert = self.builder.trunc
        return self._value(convert(a.handle, target), kind)

    def upper(self, a: Value) -> Value:
        # A permutation of halves: many processors can start fewer shifts of 64 bits a cycle.
        count = 2 * self.width
        halves = ir.VectorType(ir.IntType(32), count)
        split = self.builder.bitcast(a.handle, halves)
        places = ir.Constant(halves, [i | 1 for i in range(count)])
        found = self.builder.shuffle_vector(split, ir.Constant(halves, ir.Undefined), places)
        return self._value(self.builder.bitcast(found, self.types["wide"]), "wide")

    def bits(self, a: Value) -> Value:
        return self._value(self.builder.bitcast(a.handle, self.types["word"]), "word")

    def from_bits(self, a: Value) -> Value:
        return self._value(self.builder.bitcast(a.handle, self.types["real"]), "real")

    def smaller(self, a: Value, b: Value) -> Value:
        less = self.builder.icmp_signed("<", a.handle, b.handle)
        return self._value(self.builder.select(less, a.handle, b.handle), "index")

    def _value(self, handle: Any, kind: Kind) -> Value:
        return Value(self, handle, kind)

    def _splat(self, scalar: Any, kind: Kind) -> Any:
        vector = self.types[kind]
        nothing = ir.Constant(vector, ir.Undefined)
        one = self.builder.insert_element(nothing, scalar, ir.Constant(ir.IntType(32), 0))
        zeros = ir.Constant(ir.VectorType(ir.IntType(32), self.width), [0] * self.width)
        return self.builder.shuffle_vector(one, nothing, zeros)

    def library(self, name: str, *operands: Value) -> Value:
        vector = self.types["real"]
        full = f"llvm.{name}.v{self.width}{'f64' if self.double else 'f32'}"
        function = declared(self.module, full, ir.FunctionType(vector, [vector] * len(operands)))
        return self._value(self.builder.call(function, [o.handle for o in operands]), "real")

    # --- Memory and loops ------------------------------------------------------------------------

    def scratch(self, size: int) -> Memory:
        offset = ir.Constant(_INDEX, self.scratch_size)
        self.scratch_size += size
        vector = self.types["real"]
        start = self.builder.gep(self.scratch_pointer, [offset], source_etype=vector)
        return LaneMemory(self, start, "real")

    def loop(self, start: Index, stop: Index, body: Callable[[Value], None]) -> None:
        b = self.builder
        first, last = self.index(start).handle, self.index(stop).handle
        before = b.block
        head, inside, after = (b.append_basic_block(n) for n in ("head", "inside", "after"))
        b.branch(head)
        b.position_at_end(head)
        i = b.phi(_INDEX)
        i.add_incoming(first, before)
        b.cbranch(b.icmp_signed("<", i, last), inside, after)
        b.position_at_end(inside)
        body(self._value(i, "index"))
        i.add_incoming(b.add(i, ir.Constant(_INDEX, 1)), b.block)
        b.branch(head)
        b.position_at_end(after)

    def variable(self, value: Value) -> Variable:
        return LaneVariable(self, value)


class LaneVariable(Variable):
    """A place on the stack, which LLVM turns into a register."""

    def __init__(self, k: Lanes, value: Value) -> None:
        self.k = k
        self.kind: Kind = value.kind
        self.place = ir.IRBuilder(k.entry).alloca(k.types[value.kind])
        self.set(value)

    def get(self) -> Value:
        loaded = self.k.builder.load(self.place, typ=self.k.types[self.kind])
        return Value(self.k, loaded, self.kind)

    def set(self, value: Value) -> None:
        self.k.builder.store(value.handle, self.place)


class LaneMemory(Memory):
    """Vectors of all lanes one after another, or single numbers that all lanes share."""

    def __init__(self, k: Lanes, pointer: Any, kind: Kind, *, shared: bool = False) -> None:
        self.k, self.pointer, self.kind, self.shared = k, pointer, kind, shared

    def __getitem__(self, index: Index) -> Value:
        k = self.k
        loaded = k.builder.load(self._place(index), typ=self._entry)
        handle = k._splat(loaded, self.kind) if self.shared else loaded
        return Value(k, handle, self.kind)

    def __setitem__(self, index: Index, value: Value) -> None:
        self.k.builder.store(value.handle, self._place(index))

    def exchange(self, index: Value, value: Value, offset: Index = 0) -> Value:
        k, b = self.k, self.k.builder
        found = ir.Constant(k.types[self.kind], ir.Undefined)
        # Lane by lane, so that no address is kept for later.
        for lane, place in enumerate(self._lane_places(index, offset)):
            at = ir.Constant(ir.IntType(32), lane)
            found = b.insert_element(found, b.load(place, typ=k.scalar[self.kind]), at)
            b.store(b.extract_element(value.handle, at), place)
        return Value(k, found, self.kind)

    @property
    def _entry(self) -> Any:
        return (self.k.scalar if self.shared else self.k.types)[self.kind]

    def _place(self, index: Index) -> Any:
        at = self.k.index(index).handle
        return self.k.builder.gep(self.pointer, [at], source_etype=self._entry)

    def _lane_places(self, index: Value, offset: Index) -> Iterator[Any]:
        k, b = self.k, self.k.builder
        start, scalar = self._place(offset), k.scalar[self.kind]
        scaled = (index * k.width).handle
        for lane in range(k.width):
            one = b.extract_element(scaled, ir.Constant(ir.IntType(32), lane))
            own = b.gep(start, [ir.Constant(_INDEX, lane)], source_etype=scalar)
            yield b.gep(own, [b.zext(one, _INDEX)], source_etype=scalar)
