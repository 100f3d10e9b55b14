"""Machine code for sums of a matrix's rows by group labels.

A label is 0 or 1, so a product of labels with a matrix needs additions only, and most of these are
the same for many labels. Of each ``BITS`` rows of the matrix all 2^BITS sums are made once; a label
then adds one of them in the place of BITS rows (the "method of the four Russians": V. Arlazarov,
E. Dinic, M. Kronrod, I. Faradžev, "On economical construction of the transitive closure of an
oriented graph", Soviet Mathematics Doklady 11 (1970) 1209–1210).

Every sum is made in an order that depends neither on the processor nor on its vectors, without
products, so results are the same bits everywhere.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir

from gan_eval.runtime.code_writer import BYTE, DOUBLE, LONG, POINTER, REAL, Writer, size_of
from gan_eval.stats.permutation.label_code import BITS, GROUPS, PANEL

STRIPE_BYTES = 64
"""The size of a row of the table of sums, and so of the columns of a matrix that are worked on at
once."""
TABLE_BYTES = GROUPS * STRIPE_BYTES << BITS


def write_sums(module: ir.Module) -> None:
    """Write the functions into a module."""
    for name, real in (("float32", REAL), ("float64", DOUBLE)):
        _add(module, f"add_{name}", real)
        _add_few(module, f"add_few_{name}", real)
        _close(module, f"close_{name}", real)
    _halves(module)


def _add(module: ir.Module, name: str, real: ir.Type) -> None:
    """add(words, count, matrix, rows, columns, stripes, of_rows, of_columns, scale, table, sums).

    Adds to ``sums`` (stripes, count, C) what Σ_j a_j M_j is for each label a, of which ``words``
    (panels, count) begin at the first of some rows of ``matrix`` (rows, columns), float64. M is
    scale · matrix + (of_rows + of_columns), in ``real``, of which C fill ``STRIPE_BYTES``;
    ``columns`` is at least ``stripes`` C.
    """
    pointers = [POINTER, LONG, POINTER, LONG, LONG, LONG, POINTER, POINTER, DOUBLE]
    w = Writer(module, name, [*pointers, POINTER, POINTER])
    b = w.b
    words, count, matrix, rows, columns, stripes, of_rows, of_columns = w.arguments[:8]
    scale, table, sums = w.arguments[8:]
    size = STRIPE_BYTES // size_of(real)
    entries = _Entries(w, matrix, columns, of_rows, of_columns, real)
    panels = b.sdiv(b.add(rows, w.long(PANEL - 1)), w.long(PANEL))
    with w.loop(w.long(0), stripes) as s:
        own = w.at(sums, b.mul(b.mul(s, count), w.long(size)), real)
        with w.loop(w.long(0), panels) as panel:
            groups = _fill_table(w, entries, s, panel, rows, scale, table)
            _look_up(w, w.at(words, b.mul(panel, count), LONG), count, groups, table, own, real)
    w.finish()


def _add_few(module: ir.Module, name: str, real: ir.Type) -> None:
    """add_few(…): do as ``add``, to the same bits, without a table: for a few labels."""
    pointers = [POINTER, LONG, POINTER, LONG, LONG, LONG, POINTER, POINTER, DOUBLE]
    w = Writer(module, name, [*pointers, POINTER, POINTER])
    b = w.b
    words, count, matrix, rows, columns, stripes, of_rows, of_columns = w.arguments[:8]
    scale, _, sums = w.arguments[8:]
    size = STRIPE_BYTES // size_of(real)
    entries = _Entries(w, matrix, columns, of_rows, of_columns, real)
    zeros = ir.Constant(entries.wide, [0.0] * size)
    panels = b.sdiv(b.add(rows, w.long(PANEL - 1)), w.long(PANEL))
    with w.loop(w.long(0), count) as p, w.loop(w.long(0), stripes) as s:
        place = b.mul(b.add(b.mul(s, count), p), w.long(size))
        with w.carry(w.long(0), panels, 1, [w.load(sums, place, entries.wide, real)]) as panel:
            word = w.load(words, b.add(b.mul(panel.index, count), p), LONG)
            first = b.mul(panel.index, w.long(PANEL))
            with w.carry(w.long(0), w.long(GROUPS), 1, [panel.now[0]]) as g:
                bits, start = b.mul(g.index, w.long(8)), b.mul(g.index, w.long(BITS))
                bits, start = b.lshr(word, bits), b.add(first, start)
                stop = w.least(b.add(start, w.long(BITS)), rows)
                with w.carry(start, stop, 1, [bits, zeros]) as row:
                    chosen = b.trunc(row.now[0], ir.IntType(1))
                    entry = b.select(chosen, entries.at(row.index, s, scale), zeros)
                    row.then = [b.lshr(row.now[0], w.long(1)), b.fadd(row.now[1], entry)]
                g.then = [b.fadd(g.now[0], row.now[1])]
            panel.then = [g.now[0]]
        w.store(panel.now[0], sums, place, real)
    w.finish()


def _halves(module: ir.Module) -> None:
    """halves(words, count, matrix, size, columns, shift (size), scale, labels (count, size), table,
    sums (count, C), forms (count, C)).

    Of a whole symmetric matrix (size, columns), ``columns`` padded, as ``add`` and ``close`` would
    take it with ``shift`` for rows and columns: adds to ``forms``, whose lanes remain to be added
    up, the halves of Σ_i a_i Σ_j a_j M_ij. Of the panels of rows those above the diagonal are left
    out, what stands on it counts by half.
    """
    kinds = [POINTER, LONG, POINTER, LONG, LONG, POINTER, DOUBLE, POINTER]
    w = Writer(module, "halves", [*kinds, POINTER, POINTER, POINTER])
    b = w.b
    words, count, matrix, size, columns, shift, scale, labels, table, sums, forms = w.arguments
    lanes = STRIPE_BYTES // size_of(DOUBLE)
    wide, flags = ir.VectorType(DOUBLE, lanes), ir.VectorType(BYTE, lanes)
    zeros = ir.Constant(wide, [0.0] * lanes)
    entries = _Entries(w, matrix, columns, shift, shift, DOUBLE)
    panels = b.sdiv(b.add(size, w.long(PANEL - 1)), w.long(PANEL))
    half = b.fmul(scale, ir.Constant(DOUBLE, 0.5))
    whole = b.sdiv(size, w.long(lanes))
    with w.loop(w.long(0), b.sdiv(b.add(size, w.long(lanes - 1)), w.long(lanes))) as s:
        left = b.mul(s, w.long(lanes))
        own = b.sdiv(left, w.long(PANEL))
        with w.loop(w.long(0), count) as p:
            w.store(zeros, sums, b.mul(p, w.long(lanes)), DOUBLE)
        with w.loop(own, panels) as panel:
            on = b.icmp_signed("==", panel, own)
            entries.share = b.select(on, ir.Constant(DOUBLE, 0.5), ir.Constant(DOUBLE, 1.0))
            groups = _fill_table(w, entries, s, panel, size, b.select(on, half, scale), table)
            of_panel = w.at(words, b.mul(panel, count), LONG)
            _look_up(w, of_panel, count, groups, table, sums, DOUBLE)
        with b.if_else(b.icmp_signed("<", s, whole)) as (inside, outside):
            with inside, w.loop(w.long(0), count) as p:
                chosen = w.load(labels, b.add(b.mul(p, size), left), flags, BYTE)
                chosen = b.icmp_unsigned("!=", chosen, ir.Constant(flags, [0] * lanes))
                place = b.mul(p, w.long(lanes))
                some = b.select(chosen, w.load(sums, place, wide, DOUBLE), zeros)
                w.store(b.fadd(w.load(forms, place, wide, DOUBLE), some), forms, place, DOUBLE)
            with outside, w.loop(w.long(0), count) as p, w.loop(left, size) as column:
                chosen = w.load(labels, b.add(b.mul(p, size), column), BYTE)
                place = b.add(b.mul(p, w.long(lanes)), b.sub(column, left))
                some = w.load(sums, place, DOUBLE)
                chosen = b.icmp_unsigned("!=", chosen, ir.Constant(BYTE, 0))
                some = b.select(chosen, some, ir.Constant(DOUBLE, 0.0))
                w.store(b.fadd(w.load(forms, place, DOUBLE), some), forms, place, DOUBLE)
    w.finish()


class _Entries:
    """The entries share · (of_rows + of_columns) + scale · matrix, a stripe of a row at once."""

    share: Any = None

    def __init__(
        self, w: Writer, matrix: Any, columns: Any, of_rows: Any, of_columns: Any, real: ir.Type
    ) -> None:
        self.real, self.size = real, STRIPE_BYTES // size_of(real)
        self.wide = ir.VectorType(real, self.size)
        self._w, self._matrix, self._columns = w, matrix, columns
        self._of_rows, self._of_columns = of_rows, of_columns

    def at(self, row: Any, stripe: Any, scale: Any) -> Any:
        """Write the entries of a row in a stripe."""
        w, b = self._w, self._w.b
        given, left = ir.VectorType(DOUBLE, self.size), b.mul(stripe, w.long(self.size))
        level = w.splat(w.load(self._of_rows, row, DOUBLE), given)
        level = b.fadd(w.load(self._of_columns, left, given, DOUBLE), level)
        if self.share is not None:
            level = b.fmul(level, w.splat(self.share, given))
        entry = w.load(self._matrix, b.add(b.mul(row, self._columns), left), given, DOUBLE)
        entry = b.fadd(b.fmul(entry, w.splat(scale, given)), level)
        return entry if self.real == DOUBLE else b.fptrunc(entry, self.wide)


def _fill_table(
    w: Writer, entries: _Entries, stripe: Any, panel: Any, rows: Any, scale: Any, table: Any
) -> Any:
    """Write what makes all sums of the rows of each group of a panel; return how many groups it
    has."""
    b, of_group = w.b, STRIPE_BYTES << BITS
    first = b.mul(panel, w.long(PANEL))
    groups = b.sdiv(b.add(b.sub(rows, first), w.long(BITS - 1)), w.long(BITS))
    groups = w.least(groups, w.long(GROUPS))
    with w.loop(w.long(0), groups) as g:
        start = b.add(first, b.mul(g, w.long(BITS)))
        sub = w.at(table, b.mul(g, w.long(of_group)), BYTE)
        w.store(ir.Constant(entries.wide, [0.0] * entries.size), sub, w.long(0), entries.real)
        with w.loop(start, w.least(b.add(start, w.long(BITS)), rows)) as row:
            filled = b.shl(w.long(1), b.sub(row, start))
            entry = entries.at(row, stripe, scale)
            with w.loop(w.long(0), filled) as t:
                known = w.load(sub, b.mul(t, w.long(entries.size)), entries.wide, entries.real)
                place = b.mul(b.add(t, filled), w.long(entries.size))
                w.store(b.fadd(known, entry), sub, place, entries.real)
    return groups


def _look_up(
    w: Writer, words: Any, count: Any, groups: Any, table: Any, sums: Any, real: ir.Type
) -> None:
    """Write what adds to the sums (count, C) of each label one entry of the table for each group
    of a panel."""
    b, of_group, size = w.b, STRIPE_BYTES << BITS, STRIPE_BYTES // size_of(real)
    wide, stripe_bits = ir.VectorType(real, size), STRIPE_BYTES.bit_length() - 1
    with b.if_else(b.icmp_signed("==", groups, w.long(GROUPS))) as (all_of_them, some_of_them):
        with all_of_them, w.loop(w.long(0), count) as p:
            word, place = w.load(words, p, LONG), b.mul(p, w.long(size))
            total = w.load(sums, place, wide, real)
            for g in range(GROUPS):
                up = stripe_bits - 8 * g
                moved = b.shl(word, w.long(up)) if up > 0 else b.lshr(word, w.long(-up))
                some = b.and_(moved, w.long(of_group - STRIPE_BYTES))
                some = w.at(table, b.add(some, w.long(g * of_group)), BYTE)
                total = b.fadd(total, w.load(some, w.long(0), wide, real))
            w.store(total, sums, place, real)
        with some_of_them, w.loop(w.long(0), count) as p:
            word, place = w.load(words, p, LONG), b.mul(p, w.long(size))
            before = [w.load(sums, place, wide, real)]
            with w.carry(w.long(0), groups, 1, before) as g:
                bits = b.lshr(word, b.mul(g.index, w.long(8)))
                some = b.shl(b.and_(bits, w.long((1 << BITS) - 1)), w.long(stripe_bits))
                some = w.at(table, b.add(some, b.mul(g.index, w.long(of_group))), BYTE)
                g.then = [b.fadd(g.now[0], w.load(some, w.long(0), wide, real))]
            w.store(g.now[0], sums, place, real)


def _close(module: ir.Module, name: str, real: ir.Type) -> None:
    """close(sums (stripes, count, C), count, labels (count, size), size, columns, forms (count)).

    Adds to ``forms``, float64, the Σ_i a_i sums_i of each label; those of the ``columns`` begin at
    the pointer.
    """
    w = Writer(module, name, [POINTER, LONG, POINTER, LONG, LONG, POINTER])
    b = w.b
    sums, count, labels, size, columns, forms = w.arguments
    lanes = STRIPE_BYTES // size_of(real)
    wide, many = ir.VectorType(real, lanes), ir.VectorType(DOUBLE, lanes)
    flags, none = ir.VectorType(BYTE, lanes), ir.Constant(BYTE, 0)
    whole = b.sdiv(columns, w.long(lanes))
    with w.loop(w.long(0), count) as p:
        own = w.at(labels, b.mul(p, size), BYTE)
        zeros = ir.Constant(many, [0.0] * lanes)
        with w.carry(w.long(0), whole, 1, [zeros]) as s:
            chosen = w.load(own, b.mul(s.index, w.long(lanes)), flags, BYTE)
            place = b.mul(b.add(b.mul(s.index, count), p), w.long(lanes))
            some = w.load(sums, place, wide, real)
            some = some if real == DOUBLE else b.fpext(some, many)
            chosen = b.icmp_unsigned("!=", chosen, ir.Constant(flags, [0] * lanes))
            s.then = [b.fadd(s.now[0], b.select(chosen, some, zeros))]
        total = w.load(forms, p, DOUBLE)
        for lane in range(lanes):
            one = b.extract_element(s.now[0], ir.Constant(ir.IntType(32), lane))
            total = b.fadd(total, one)
        last = w.at(sums, b.mul(b.add(b.mul(whole, count), p), w.long(lanes)), real)
        start = b.mul(whole, w.long(lanes))
        with w.carry(start, columns, 1, [total]) as rest:
            some = w.load(last, b.sub(rest.index, start), real)
            some = some if real == DOUBLE else b.fpext(some, DOUBLE)
            chosen = b.icmp_unsigned("!=", w.load(own, rest.index, BYTE), none)
            some = b.select(chosen, some, ir.Constant(DOUBLE, 0.0))
            rest.then = [b.fadd(rest.now[0], some)]
        w.store(rest.now[0], forms, p, DOUBLE)
    w.finish()
