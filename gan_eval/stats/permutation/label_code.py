"""Machine code for group labels: their correction to an exact size, and sums of a matrix's rows by
them.

A label is 0 or 1, so a product of labels with a matrix needs additions only, and most of these are
the same for many labels. Of each ``BITS`` rows of the matrix all 2^BITS sums are made once; a label
then adds one of them in the place of BITS rows (the "method of the four Russians": V. Arlazarov,
E. Dinic, M. Kronrod, I. Faradžev, "On economical construction of the transitive closure of an
oriented graph", Soviet Mathematics Doklady 11 (1970) 1209–1210).

Every sum is made in an order that depends neither on the processor nor on its vectors, without
products, so results are the same bits everywhere.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from llvmlite import ir

# Rows of which all sums are kept, and how many such groups one word of packed labels holds.
BITS, GROUPS = 6, 8
PANEL = BITS * GROUPS
"""Rows of a matrix for which one word of packed labels stands."""
STRIPE_BYTES = 64
"""Of a row of the table of sums, and so of the columns of a matrix that are worked on at once."""
TABLE_BYTES = GROUPS * STRIPE_BYTES << BITS

_LONG, _BYTE, _POINTER = ir.IntType(64), ir.IntType(8), ir.PointerType()
_REAL, _DOUBLE = ir.FloatType(), ir.DoubleType()


def label_module() -> ir.Module:
    """Return the module."""
    module = ir.Module("gan_eval_labels")
    _count(module)
    _change_sides(module)
    _pack(module)
    for name, real in (("float32", _REAL), ("float64", _DOUBLE)):
        _add(module, f"add_{name}", real)
        _close(module, f"close_{name}", real)
    return module


@dataclass
class _Sum:
    """A loop's index, what its total is at the start of a step, and what the step makes of it."""

    index: Any
    total: Any
    next: Any = None

    def __post_init__(self) -> None:
        self.next = self.total

    def add(self, value: Any) -> None:
        """Let the next step begin with this total."""
        self.next = value

    @property
    def result(self) -> Any:
        """The total after the last step."""
        return self.total


class _Writer:
    """Writes one function; ``self.b`` is LLVM's builder."""

    def __init__(self, module: ir.Module, name: str, arguments: list[ir.Type]) -> None:
        function = ir.Function(module, ir.FunctionType(ir.VoidType(), arguments), name)
        self.entry = function.append_basic_block("entry")
        self.b = ir.IRBuilder(self.entry)
        self.arguments = function.args
        for argument in function.args:
            if isinstance(argument.type, ir.PointerType):
                argument.add_attribute("noalias")

    def long(self, value: int) -> ir.Constant:
        return ir.Constant(_LONG, value)

    @contextmanager
    def loop(self, start: Any, stop: Any, step: int = 1) -> Iterator[Any]:
        """For index in range(start, stop, step)."""
        with self.sum(start, stop, step, self.long(0)) as found:
            yield found.index

    @contextmanager
    def sum(self, start: Any, stop: Any, step: int, total: Any) -> Iterator[_Sum]:
        """For index in range(start, stop, step), with a total that goes from step to step."""
        b = self.b
        before = b.block
        head, body, after = (b.append_basic_block(name) for name in ("head", "body", "after"))
        b.branch(head)
        b.position_at_end(head)
        found = _Sum(b.phi(_LONG), b.phi(total.type))
        found.index.add_incoming(start, before)
        found.total.add_incoming(total, before)
        b.cbranch(b.icmp_signed("<", found.index, stop), body, after)
        b.position_at_end(body)
        yield found
        found.index.add_incoming(b.add(found.index, self.long(step)), b.block)
        found.total.add_incoming(found.next, b.block)
        b.branch(head)
        b.position_at_end(after)

    def at(self, pointer: Any, index: Any, kind: ir.Type) -> Any:
        return self.b.gep(pointer, [index], source_etype=kind)

    def load(self, pointer: Any, index: Any, kind: ir.Type, of: ir.Type | None = None) -> Any:
        """Load ``kind`` from where the numbers of type ``of`` begin at an index."""
        unit = kind if of is None else of
        return self.b.load(self.at(pointer, index, unit), typ=kind, align=_bytes(unit))

    def store(self, value: Any, pointer: Any, index: Any, of: ir.Type) -> None:
        self.b.store(value, self.at(pointer, index, of), align=_bytes(of))

    def splat(self, value: Any, kind: ir.VectorType) -> Any:
        undefined = ir.Constant(kind, ir.Undefined)
        one = self.b.insert_element(undefined, value, ir.Constant(ir.IntType(32), 0))
        mask = ir.Constant(ir.VectorType(ir.IntType(32), kind.count), [0] * kind.count)
        return self.b.shuffle_vector(one, undefined, mask)

    def least(self, first: Any, second: Any) -> Any:
        return self.b.select(self.b.icmp_signed("<", first, second), first, second)

    def finish(self) -> None:
        self.b.ret_void()


def _bytes(kind: ir.Type) -> int:
    return {_LONG: 8, _DOUBLE: 8, _REAL: 4, _BYTE: 1}[kind]


def _count(module: ir.Module) -> None:
    """count(labels (count, size), count, size, counts (count)): how many are true in each row."""
    w = _Writer(module, "count", [_POINTER, _LONG, _LONG, _POINTER])
    b = w.b
    labels, count, size, counts = w.arguments
    whole = b.and_(size, w.long(-8))
    ones = w.long(sum(1 << 8 * k for k in range(8)))
    with w.loop(w.long(0), count) as p:
        own = w.at(labels, b.mul(p, size), _BYTE)
        with w.sum(w.long(0), whole, 8, w.long(0)) as s:
            eight = w.load(own, s.index, _LONG, _BYTE)
            s.add(b.add(s.total, b.lshr(b.mul(eight, ones), w.long(56))))
        with w.sum(whole, size, 1, s.result) as rest:
            rest.add(b.add(rest.total, b.zext(w.load(own, rest.index, _BYTE), _LONG)))
        w.store(rest.result, counts, p, _LONG)
    w.finish()


def _change_sides(module: ir.Module) -> None:
    """change_sides(labels (count, size), missing (count), some (k), k, where (k, draws), draws,
    size).

    Rows are named by ``where``; each changes sides if it does not stand on the side that lacks rows
    and rows are lacking still.
    """
    w = _Writer(module, "change_sides", [*[_POINTER] * 3, _LONG, _POINTER, _LONG, _LONG])
    b = w.b
    labels, missing, some, count, where, draws, size = w.arguments
    with w.loop(w.long(0), count) as k:
        row = w.load(some, k, _LONG)
        lacking = w.load(missing, row, _LONG)
        adding = b.icmp_signed(">", lacking, w.long(0))
        own = w.at(labels, b.mul(row, size), _BYTE)
        drawn = w.at(where, b.mul(k, draws), _LONG)
        target = b.zext(adding, _BYTE)
        step = b.select(adding, w.long(-1), w.long(1))
        before = b.block
        head, body, after = (b.append_basic_block(name) for name in ("head", "body", "after"))
        b.branch(head)
        b.position_at_end(head)
        j, left = b.phi(_LONG), b.phi(_LONG)
        j.add_incoming(w.long(0), before)
        left.add_incoming(lacking, before)
        going = b.and_(b.icmp_signed("<", j, draws), b.icmp_signed("!=", left, w.long(0)))
        b.cbranch(going, body, after)
        b.position_at_end(body)
        place = w.load(drawn, j, _LONG)
        moves = b.icmp_signed("!=", w.load(own, place, _BYTE), target)
        w.store(target, own, place, _BYTE)
        j.add_incoming(b.add(j, w.long(1)), body)
        left.add_incoming(b.add(left, b.select(moves, step, w.long(0))), body)
        b.branch(head)
        b.position_at_end(after)
        w.store(left, missing, row, _LONG)
    w.finish()


def _pack(module: ir.Module) -> None:
    """pack(labels (count, size), count, size, rows, words (panels, count)): the labels of so many
    rows, of which the first begin at the pointer.

    Byte g of a word holds the labels of the rows BITS g … BITS g + BITS − 1 of its panel.
    """
    w = _Writer(module, "pack", [_POINTER, _LONG, _LONG, _LONG, _POINTER])
    b = w.b
    labels, count, size, rows, words = w.arguments
    whole = b.sdiv(rows, w.long(PANEL))
    mask = w.long(sum(1 << 8 * k for k in range(BITS)))
    # Gathers the lowest bits of 8 bytes in the highest byte, without a carry.
    gather = w.long(sum(1 << (56 - 7 * k) for k in range(8)))
    with w.loop(w.long(0), count) as p:
        own = w.at(labels, b.mul(p, size), _BYTE)
        with w.loop(w.long(0), whole) as panel:
            start = b.mul(panel, w.long(PANEL))
            word = w.long(0)
            for g in range(GROUPS):
                # Never beyond the last row of the panel.
                offset = min(BITS * g, PANEL - 8)
                eight = w.load(own, b.add(start, w.long(offset)), _LONG, _BYTE)
                eight = b.and_(b.lshr(eight, w.long(8 * (BITS * g - offset))), mask)
                high = b.lshr(b.mul(eight, gather), w.long(56))
                word = b.or_(word, b.shl(high, w.long(8 * g)))
            w.store(word, words, b.add(b.mul(panel, count), p), _LONG)
        start = b.mul(whole, w.long(PANEL))
        with b.if_then(b.icmp_signed("<", start, rows)):
            place = b.add(b.mul(whole, count), p)
            w.store(w.long(0), words, place, _LONG)
            with w.loop(start, rows) as row:
                bit = b.zext(w.load(own, row, _BYTE), _LONG)
                inside = b.sub(row, start)
                group = b.udiv(inside, w.long(BITS))
                shift = b.add(b.mul(group, w.long(8)), b.urem(inside, w.long(BITS)))
                word = b.or_(w.load(words, place, _LONG), b.shl(bit, shift))
                w.store(word, words, place, _LONG)
    w.finish()


def _add(module: ir.Module, name: str, real: ir.Type) -> None:
    """add(words, count, matrix, rows, columns, stripes, of_rows, of_columns, scale, table, sums).

    Adds to ``sums`` (stripes, count, C) what Σ_j a_j M_j is for each label a, of which ``words``
    (panels, count) begin at the first of some rows of ``matrix`` (rows, columns), float64. M is
    scale · matrix + (of_rows + of_columns), in ``real``, of which C fill ``STRIPE_BYTES``;
    ``columns`` is at least ``stripes`` C.
    """
    pointers = [_POINTER, _LONG, _POINTER, _LONG, _LONG, _LONG, _POINTER, _POINTER, _DOUBLE]
    w = _Writer(module, name, [*pointers, _POINTER, _POINTER])
    b = w.b
    words, count, matrix, rows, columns, stripes, of_rows, of_columns = w.arguments[:8]
    scale, table, sums = w.arguments[8:]
    size = STRIPE_BYTES // _bytes(real)
    wide, given = ir.VectorType(real, size), ir.VectorType(_DOUBLE, size)
    of_group = STRIPE_BYTES << BITS
    scales = w.splat(scale, given)
    panels = b.sdiv(b.add(rows, w.long(PANEL - 1)), w.long(PANEL))
    with w.loop(w.long(0), stripes) as s:
        left = b.mul(s, w.long(size))
        own = w.at(sums, b.mul(b.mul(s, count), w.long(size)), real)
        with w.loop(w.long(0), panels) as panel:
            # All sums of the rows of each group.
            with w.loop(w.long(0), w.long(GROUPS)) as g:
                first = b.add(b.mul(panel, w.long(PANEL)), b.mul(g, w.long(BITS)))
                sub = w.at(table, b.mul(g, w.long(of_group)), _BYTE)
                w.store(ir.Constant(wide, [0.0] * size), sub, w.long(0), real)
                with w.loop(first, w.least(b.add(first, w.long(BITS)), rows)) as row:
                    filled = b.shl(w.long(1), b.sub(row, first))
                    level = w.splat(w.load(of_rows, row, _DOUBLE), given)
                    level = b.fadd(w.load(of_columns, left, given, _DOUBLE), level)
                    entry = w.load(matrix, b.add(b.mul(row, columns), left), given, _DOUBLE)
                    entry = b.fadd(b.fmul(entry, scales), level)
                    entry = entry if real == _DOUBLE else b.fptrunc(entry, wide)
                    with w.loop(w.long(0), filled) as t:
                        known = w.load(sub, b.mul(t, w.long(size)), wide, real)
                        place = b.mul(b.add(t, filled), w.long(size))
                        w.store(b.fadd(known, entry), sub, place, real)
            # One of them for each group of each label.
            of_panel = w.at(words, b.mul(panel, count), _LONG)
            with w.loop(w.long(0), count) as p:
                word, place = w.load(of_panel, p, _LONG), b.mul(p, w.long(size))
                total = w.load(own, place, wide, real)
                for g in range(GROUPS):
                    up = STRIPE_BYTES.bit_length() - 1 - 8 * g
                    moved = b.shl(word, w.long(up)) if up > 0 else b.lshr(word, w.long(-up))
                    some = b.and_(moved, w.long(of_group - STRIPE_BYTES))
                    some = w.at(table, b.add(some, w.long(g * of_group)), _BYTE)
                    total = b.fadd(total, w.load(some, w.long(0), wide, real))
                w.store(total, own, place, real)
    w.finish()


def _close(module: ir.Module, name: str, real: ir.Type) -> None:
    """close(sums (stripes, count, C), count, labels (count, size), size, columns, forms (count)).

    Adds to ``forms``, float64, the Σ_i a_i sums_i of each label; those of the ``columns`` begin at
    the pointer.
    """
    w = _Writer(module, name, [_POINTER, _LONG, _POINTER, _LONG, _LONG, _POINTER])
    b = w.b
    sums, count, labels, size, columns, forms = w.arguments
    lanes = STRIPE_BYTES // _bytes(real)
    wide, many = ir.VectorType(real, lanes), ir.VectorType(_DOUBLE, lanes)
    flags, none = ir.VectorType(_BYTE, lanes), ir.Constant(_BYTE, 0)
    whole = b.sdiv(columns, w.long(lanes))
    with w.loop(w.long(0), count) as p:
        own = w.at(labels, b.mul(p, size), _BYTE)
        zeros = ir.Constant(many, [0.0] * lanes)
        with w.sum(w.long(0), whole, 1, zeros) as s:
            chosen = w.load(own, b.mul(s.index, w.long(lanes)), flags, _BYTE)
            place = b.mul(b.add(b.mul(s.index, count), p), w.long(lanes))
            some = w.load(sums, place, wide, real)
            some = some if real == _DOUBLE else b.fpext(some, many)
            chosen = b.icmp_unsigned("!=", chosen, ir.Constant(flags, [0] * lanes))
            s.add(b.fadd(s.total, b.select(chosen, some, zeros)))
        total = w.load(forms, p, _DOUBLE)
        for lane in range(lanes):
            one = b.extract_element(s.result, ir.Constant(ir.IntType(32), lane))
            total = b.fadd(total, one)
        last = w.at(sums, b.mul(b.add(b.mul(whole, count), p), w.long(lanes)), real)
        start = b.mul(whole, w.long(lanes))
        with w.sum(start, columns, 1, total) as rest:
            some = w.load(last, b.sub(rest.index, start), real)
            some = some if real == _DOUBLE else b.fpext(some, _DOUBLE)
            chosen = b.icmp_unsigned("!=", w.load(own, rest.index, _BYTE), none)
            rest.add(b.fadd(rest.total, b.select(chosen, some, ir.Constant(_DOUBLE, 0.0))))
        w.store(rest.result, forms, p, _DOUBLE)
    w.finish()
