"""A machine that writes the source of a CUDA kernel in Python, for Numba: one thread a replicate.

The parameters of short nets are only ever asked for at positions that are numbers in the source,
so that the compiler keeps them in registers.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from gan_eval.training.fused.cuda_program import CUDADraws, CUDATraining
from gan_eval.training.fused.machine import Machine, Memory, Variable
from gan_eval.training.fused.shape import INDICES, REALS, Arguments, Shape
from gan_eval.training.fused.values import Index, Kind, Value

GLOBAL: dict[str, Kind] = {
    "rows": "real",
    "order": "word",
    "trace": "real",
    "affine": "real",
    "state": "real",
}
"""Memory of all threads, position by position, the threads of a position side by side; of ``rows``,
row by row (``RowMemory``). ``state`` holds ``Shape.state`` between calls."""
BLOCK = 64
"""Threads of a block."""
FEW = 128
"""Registers of a thread with which a multiprocessor of 65,536 has 16 warps."""
ARGUMENTS = ("seed_low", "seed_high", *GLOBAL, "steps", *REALS, *INDICES, "threads")
_CASTS: dict[Kind, str] = {"word": "u32", "wide": "u64"}


class Source(Machine):
    """Writes the body of one function, with the names that ``cuda_compile.py`` defines."""

    def __init__(self, *, double: bool) -> None:
        self.double = double
        self.casts = {**_CASTS, "real": "f64" if double else "f32", "index": "i64"}
        self.lines: list[str] = []
        self.local: list[str] = []
        self.depth, self.count = 1, 0

    def write(self, line: str) -> None:
        self.lines.append("    " * self.depth + line)

    def named(self, expression: str, kind: Kind) -> Value:
        """A new name for an expression."""
        self.count += 1
        name = f"v{self.count}"
        self.write(f"{name} = {expression}")
        return Value(self, name, kind)

    # --- Numbers -------------------------------------------------------------------------------

    def constant(self, kind: Kind, number: float) -> Value:
        if kind == "index":
            return Value(self, repr(int(number)), kind)
        exact = float(number) if kind == "real" else int(number)
        return Value(self, f"{self.casts[kind]}({exact!r})", kind)

    def binary(self, operation: str, a: Value, b: Value) -> Value:
        if operation == "/" and a.kind == "real" and not self.double:
            return self.quotient(a, b)
        if a.kind == "index" and operation == "/":
            operation = "//"
        expression = f"{a.handle} {operation} {b.handle}"
        if a.kind in _CASTS:
            # Numba widens 32 bits to 64, and Python's integers have no end.
            expression = f"{_CASTS[a.kind]}({expression})"
        return self.named(expression, a.kind)

    def quotient(self, a: Value, b: Value) -> Value:
        """a / b of float32 to 1 ulp, for |b| from 2⁻¹²⁶ to 2¹²⁶; beyond it counts as 0 or as ∞.

        A division that is rounded right takes three times as many instructions and a branch, over
        which nothing else is moved. Where b = ∞ the rest is NaN, of which ``smaller_of`` makes a
        number, times 0.
        """
        x, y = a.handle, b.handle
        inverse = self.named(f"reciprocal({y})", "real").handle
        near = self.named(f"{x} * {inverse}", "real").handle
        rest = self.named(f"smaller_of(fma(-{near}, {y}, {x}), f32(3e38))", "real").handle
        return self.named(f"fma({rest}, {inverse}, {near})", "real")

    def less(self, a: Value, b: Value) -> Value:
        return self.named(f"{a.handle} < {b.handle}", "flag")

    def same(self, a: Value, b: Value) -> Value:
        """Tell whether two words are equal."""
        return self.named(f"{a.handle} == {b.handle}", "flag")

    def fma(self, a: Value, b: Value, c: Value) -> Value:
        return self.library("fma", a, b, c)

    def library(self, name: str, *operands: Value) -> Value:
        return self.named(f"{name}({', '.join(o.handle for o in operands)})", "real")

    def odd(self, a: Value) -> Value:
        return self.named(f"({a.handle} & u32(1)) != u32(0)", "flag")

    def select(self, where: Value, then: Value, otherwise: Value) -> Value:
        return self.named(f"{then.handle} if {where.handle} else {otherwise.handle}", then.kind)

    def convert(self, a: Value, kind: Kind, *, signed: bool = False) -> Value:
        inner = f"i32({a.handle})" if signed else a.handle
        return self.named(f"{self.casts[kind]}({inner})", kind)

    def bits(self, a: Value) -> Value:
        return self.named(f"u32(as_integer({a.handle}))", "word")

    def from_bits(self, a: Value) -> Value:
        return self.named(f"as_float(i32({a.handle}))", "real")

    def smaller(self, a: Value, b: Value) -> Value:
        return self.named(f"min({a.handle}, {b.handle})", "index")

    # --- Memory and loops ------------------------------------------------------------------------

    def scratch(self, size: int) -> Memory:
        name = f"m{len(self.local)}"
        self.local.append(f"{name} = cuda.local.array({size}, {self.casts['real']})")
        return SourceMemory(self, name, "real", "{}")

    def shared(self, size: int) -> Memory:
        """Scratch memory of each thread in what a multiprocessor's threads share."""
        name = f"m{len(self.local)}"
        self.local.append(f"{name} = cuda.shared.array({size * BLOCK}, {self.casts['real']})")
        return SourceMemory(self, name, "real", f"({{}}) * {BLOCK} + lane")

    def loop(self, start: Index, stop: Index, body: Callable[[Value], None]) -> None:
        self.count += 1
        i = Value(self, f"turn{self.count}", "index")
        first, last = self.index(start).handle, self.index(stop).handle
        self.write(f"for {i.handle} in range({first}, {last}):")
        self.depth += 1
        body(i)
        self.depth -= 1

    def variable(self, value: Value) -> Variable:
        return SourceVariable(self, value)


class SourceVariable(Variable):
    """A name that is assigned again."""

    def __init__(self, k: Source, value: Value) -> None:
        self.k, self.value = k, k.named(value.handle, value.kind)

    def get(self) -> Value:
        # Under a name of its own: this one may be assigned before that is read.
        return self.k.named(self.value.handle, self.value.kind)

    def set(self, value: Value) -> None:
        self.k.write(f"{self.value.handle} = {value.handle}")


class SourceMemory(Memory):
    """An array; ``where`` is its index for a position."""

    def __init__(self, k: Source, name: str, kind: Kind, where: str) -> None:
        self.k, self.name, self.kind, self.where = k, name, kind, where

    def _place(self, position: str) -> str:
        # Unsigned: of a signed one Numba asks whether it counts from the end.
        return f"{self.name}[u64({self.where.format(position)})]"

    def _read(self, position: str) -> Value:
        return self.k.named(f"{self.k.casts[self.kind]}({self._place(position)})", self.kind)

    def __getitem__(self, index: Index) -> Value:
        return self._read(self.k.index(index).handle)

    def __setitem__(self, index: Index, value: Value) -> None:
        self.k.write(f"{self._place(self.k.index(index).handle)} = {value.handle}")

    def gather(self, index: Value, offset: Index = 0) -> Value:
        return self._read(f"(i64({index.handle}) + {self.k.index(offset).handle})")

    def scatter(self, index: Value, value: Value) -> None:
        self.k.write(f"{self._place(f'i64({index.handle})')} = {value.handle}")

    def exchange(self, index: Value, value: Value, offset: Index = 0) -> Value:
        found = self.gather(index, offset)
        self.scatter(index + self.k.convert(self.k.index(offset), "word"), value)
        return found


class RowMemory(SourceMemory):
    """The training rows: the coordinates of one row of one thread side by side, because threads
    read rows in orders of their own, and what lies within 32 bytes is fetched at once."""

    def __init__(self, k: Source, name: str, dimension: int) -> None:
        d = dimension
        # Of a position row · d + coordinate.
        super().__init__(k, name, "real", f"(({{0}}) // {d} * threads + t) * {d} + ({{0}}) % {d}")
        self.dimension = d

    def gather(self, index: Value, offset: Index = 0) -> Value:
        """``index`` is where a row begins."""
        start = f"i64({index.handle}) * threads + t * {self.dimension}"
        place = f"{self.name}[u64({start} + {self.k.index(offset).handle})]"
        return self.k.named(f"{self.k.casts['real']}({place})", "real")


def kernel_source(shape: Shape, batch_size: int, prologue: Sequence[str] = ()) -> str:
    """The source of two kernels, ``start`` and ``train``, of the arguments ``ARGUMENTS``.

    ``start`` makes the training rows. ``train`` takes the state from memory, trains the epochs and
    leaves the state there. The room for a batch's latent numbers is a part of the source;
    ``prologue`` is what each thread does first.
    """
    return "\n".join(_function(shape, batch_size, name, prologue) for name in ("start", "train"))


def shared_moments(shape: Shape) -> bool:
    """Whether Adam's moments have room in the 48 KiB that a block's threads share.

    Only its steps need them. In registers they would leave none for a second thread.
    """
    size = 8 if shape.double else 4
    return shape.optimizer != "sgd" and 2 * shape.parameters * BLOCK * size <= 48 * 1024


def registers(shape: Shape) -> int | None:
    """How many registers a thread may have; None where the compiler decides.

    With 128, twice as many threads run at once as with 255, so that there is something to start
    while one waits. They hold both nets of the chapter and D's gradients, and 48 numbers beside
    these: nothing in the loop over batches is put aside (``benchmarks/cuda_listing.py``).
    """
    D = shape.discriminator
    needed = shape.parameters + D.end - D.first
    return FEW if not shape.double and shared_moments(shape) and needed + 48 <= FEW else None


def _function(shape: Shape, batch_size: int, name: str, prologue: Sequence[str]) -> str:
    k = Source(double=shape.double)
    memories: dict[str, SourceMemory] = {
        pointer: SourceMemory(k, pointer, kind, "({}) * threads + t")
        for pointer, kind in GLOBAL.items()
    }
    memories["rows"] = RowMemory(k, "rows", shape.dimension)
    state = memories.pop("state")
    each = (k.shared if shared_moments(shape) else k.scratch, k.scratch)
    local = {
        pointer: each[pointer not in ("first", "second")](size)
        for pointer, size in shape.state.items()
    }
    unused = dict.fromkeys(("before", "average", "moved"), state)
    seeds = (k.named(f"u32({word}[t])", "word") for word in ("seed_low", "seed_high"))
    numbers: dict[str, Any] = {
        argument: Value(k, argument, "real" if argument in REALS else "index")
        for argument in (*REALS, *INDICES)
    }
    arguments = Arguments(
        CUDADraws(k, *seeds),
        **memories,
        **(unused | local),
        **numbers,
        steps=SourceMemory(k, "steps", "real", "{}"),
        gradients=k.scratch(shape.parameters),
        noise=k.scratch(batch_size * shape.latent + 16),
    )
    training = CUDATraining(k, shape, arguments, batch_size, memories["rows"], memories["order"])
    if name == "start":
        training.make_rows()
    else:
        _move(k, shape, local, state, into_registers=True)
        training.train()
        _move(k, shape, local, state, into_registers=False)
    head = [f"def {name}({', '.join(ARGUMENTS)}):", "    t = i64(cuda.grid(1))"]
    head += ["    lane = i64(cuda.threadIdx.x)", "    if t >= threads:", "        return"]
    return "\n".join([*head, *(f"    {line}" for line in (*prologue, *k.local)), *k.lines, ""])


def _move(
    k: Source, shape: Shape, local: dict[str, Memory], state: Memory, *, into_registers: bool
) -> None:
    start = 0
    for pointer, size in shape.state.items():

        def one(i: Index, pointer=pointer, start=start) -> None:
            if into_registers:
                local[pointer][i] = state[i + start]
            else:
                state[i + start] = local[pointer][i]

        # An index that runs would keep a short net's parameters out of the registers.
        if size <= 256:
            for i in range(size):
                one(i)
        else:
            k.each(size, one)
        start += size
