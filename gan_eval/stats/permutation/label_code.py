"""Machine code for group labels: their count, their correction to an exact size, and their packing
for sums of rows (:mod:`~gan_eval.stats.permutation.sum_code`)."""

from __future__ import annotations

from typing import Any

from llvmlite import ir

from gan_eval.runtime.code_writer import BYTE, LONG, POINTER, Writer

# Rows of a group, and how many groups one word of packed labels holds.
BITS, GROUPS = 6, 8
PANEL = BITS * GROUPS
"""Rows of a matrix for which one word of packed labels stands."""


def write_labels(module: ir.Module) -> None:
    """Write the functions into a module."""
    _count(module)
    _change_sides(module)
    _pack(module)


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
