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

from typing import Any

from llvmlite import ir

from gan_eval.runtime.code_writer import BYTE, DOUBLE, LONG, POINTER, REAL, Writer, size_of

# Rows of which all sums are kept, and how many such groups one word of packed labels holds.
BITS, GROUPS = 6, 8
PANEL = BITS * GROUPS
"""Rows of a matrix for which one word of packed labels stands."""
STRIPE_BYTES = 64
"""The size of a row of the table of sums, and so of the columns of a matrix that are worked on at
once."""
TABLE_BYTES = GROUPS * STRIPE_BYTES << BITS


def write_labels(module: ir.Module) -> None:
    """Write the functions into a module."""
    _count(module)
    _change_sides(module)
    _pack(module)
    for name, real in (("float32", REAL), ("float64", DOUBLE)):
        _add(module, f"add_{name}", real)
        _close(module, f"close_{name}", real)


def _count(module: ir.Module) -> None:
    """count(labels (count, size), count, size, counts (count)): how many are true in each row."""
    w = Writer(module, "count", [POINTER, LONG, LONG, POINTER])
    b = w.b
    labels, count, size, counts = w.arguments
    whole = b.and_(size, w.long(-8))
    ones = w.long(sum(1 << 8 * k for k in range(8)))
    with w.loop(w.long(0), count) as p:
        own = w.at(labels, b.mul(p, size), BYTE)
        with w.carry(w.long(0), whole, 8, [w.long(0)]) as s:
            eight = w.load(own, s.index, LONG, BYTE)
            s.then = [b.add(s.now[0], b.lshr(b.mul(eight, ones), w.long(56)))]
        with w.carry(whole, size, 1, s.now) as rest:
            one = b.zext(w.load(own, rest.index, BYTE), LONG)
            rest.then = [b.add(rest.now[0], one)]
        w.store(rest.now[0], counts, p, LONG)
    w.finish()


def _change_sides(module: ir.Module) -> None:
    """change_sides(labels (count, size), missing (count), some (k), k, where (k, draws), draws,
    size).

    Rows are named by ``where``; each changes sides if it does not stand on the side that lacks rows
    and rows are lacking still.
    """
    w = Writer(module, "change_sides", [*[POINTER] * 3, LONG, POINTER, LONG, LONG])
    b = w.b
    labels, missing, some, count, where, draws, size = w.arguments
    with w.loop(w.long(0), count) as k:
        row = w.load(some, k, LONG)
        lacking = w.load(missing, row, LONG)
        adding = b.icmp_signed(">", lacking, w.long(0))
        own = w.at(labels, b.mul(row, size), BYTE)
        drawn = w.at(where, b.mul(k, draws), LONG)
        target = b.zext(adding, BYTE)
        step = b.select(adding, w.long(-1), w.long(1))

        def lacks(now: list[Any]) -> Any:
            return b.icmp_signed("!=", now[0], w.long(0))

        with w.carry(w.long(0), draws, 1, [lacking], lacks) as j:
            place = w.load(drawn, j.index, LONG)
            moves = b.icmp_signed("!=", w.load(own, place, BYTE), target)
            w.store(target, own, place, BYTE)
            j.then = [b.add(j.now[0], b.select(moves, step, w.long(0)))]
        w.store(j.now[0], missing, row, LONG)
    w.finish()


def _pack(module: ir.Module) -> None:
    """pack(labels (count, size), count, size, rows, words (panels, count)): the labels of so many
    rows, of which the first begin at the pointer.

    Byte g of a word holds the labels of the rows BITS g … BITS g + BITS − 1 of its panel.
    """
    w = Writer(module, "pack", [POINTER, LONG, LONG, LONG, POINTER])
    b = w.b
    labels, count, size, rows, words = w.arguments
    whole = b.sdiv(rows, w.long(PANEL))
    mask = w.long(sum(1 << 8 * k for k in range(BITS)))
    # Gathers the lowest bits of 8 bytes in the highest byte, without a carry.
    gather = w.long(sum(1 << (56 - 7 * k) for k in range(8)))
    with w.loop(w.long(0), count) as p:
        own = w.at(labels, b.mul(p, size), BYTE)
        with w.loop(w.long(0), whole) as panel:
            start = b.mul(panel, w.long(PANEL))
            word = w.long(0)
            for g in range(GROUPS):
                # Never beyond the last row of the panel.
                offset = min(BITS * g, PANEL - 8)
                eight = w.load(own, b.add(start, w.long(offset)), LONG, BYTE)
                eight = b.and_(b.lshr(eight, w.long(8 * (BITS * g - offset))), mask)
                high = b.lshr(b.mul(eight, gather), w.long(56))
                word = b.or_(word, b.shl(high, w.long(8 * g)))
            w.store(word, words, b.add(b.mul(panel, count), p), LONG)
        start = b.mul(whole, w.long(PANEL))
        with b.if_then(b.icmp_signed("<", start, rows)):
            place = b.add(b.mul(whole, count), p)
            w.store(w.long(0), words, place, LONG)
            with w.loop(start, rows) as row:
                bit = b.zext(w.load(own, row, BYTE), LONG)
                inside = b.sub(row, start)
                group = b.udiv(inside, w.long(BITS))
                shift = b.add(b.mul(group, w.long(8)), b.urem(inside, w.long(BITS)))
                word = b.or_(w.load(words, place, LONG), b.shl(bit, shift))
                w.store(word, words, place, LONG)
    w.finish()


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
    wide, given = ir.VectorType(real, size), ir.VectorType(DOUBLE, size)
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
                sub = w.at(table, b.mul(g, w.long(of_group)), BYTE)
                w.store(ir.Constant(wide, [0.0] * size), sub, w.long(0), real)
                with w.loop(first, w.least(b.add(first, w.long(BITS)), rows)) as row:
                    filled = b.shl(w.long(1), b.sub(row, first))
                    level = w.splat(w.load(of_rows, row, DOUBLE), given)
                    level = b.fadd(w.load(of_columns, left, given, DOUBLE), level)
                    entry = w.load(matrix, b.add(b.mul(row, columns), left), given, DOUBLE)
                    entry = b.fadd(b.fmul(entry, scales), level)
                    entry = entry if real == DOUBLE else b.fptrunc(entry, wide)
                    with w.loop(w.long(0), filled) as t:
                        known = w.load(sub, b.mul(t, w.long(size)), wide, real)
                        place = b.mul(b.add(t, filled), w.long(size))
                        w.store(b.fadd(known, entry), sub, place, real)
            # One of them for each group of each label.
            of_panel = w.at(words, b.mul(panel, count), LONG)
            with w.loop(w.long(0), count) as p:
                word, place = w.load(of_panel, p, LONG), b.mul(p, w.long(size))
                total = w.load(own, place, wide, real)
                for g in range(GROUPS):
                    up = STRIPE_BYTES.bit_length() - 1 - 8 * g
                    moved = b.shl(word, w.long(up)) if up > 0 else b.lshr(word, w.long(-up))
                    some = b.and_(moved, w.long(of_group - STRIPE_BYTES))
                    some = w.at(table, b.add(some, w.long(g * of_group)), BYTE)
                    total = b.fadd(total, w.load(some, w.long(0), wide, real))
                w.store(total, own, place, real)
    w.finish()


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
