"""Machine code for the squared distances of pairs of points.

Products and sums are rounded one by one, in the order of the coordinates, so results are the same
bits everywhere.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir

from gan_eval.runtime.code_writer import DOUBLE, LONG, POINTER, Writer

# Numbers of float64 in a vector.
LANES = 8


def write_pairs(module: ir.Module) -> None:
    """Write the functions into a module."""
    _some_pairs(module)
    _pairs_between(module)


def _some_pairs(module: ir.Module) -> None:
    """some_pairs(columns (dimension, size), size, dimension, step, some).

    Writes the squared distance of every ``step``-th of the pairs i < j, in their order.
    """
    w = Writer(module, "some_pairs", [POINTER, LONG, LONG, LONG, POINTER])
    b = w.b
    columns, size, dimension, step, some = w.arguments
    with w.carry(w.long(0), size, 1, [w.long(1), w.long(0)]) as row:
        # Where the next pair stands in the row, and how many there are before it.
        count = b.sub(size, row.index)
        ahead = b.sub(b.add(count, b.sub(step, w.long(1))), row.now[0])
        taken = b.sdiv(ahead, step)
        taken = b.select(b.icmp_signed("<", row.now[0], count), taken, w.long(0))
        with w.loop(w.long(0), taken) as k:
            column = b.add(row.index, b.add(row.now[0], b.mul(k, step)))
            squared = squared_distance(w, columns, size, dimension, row.index, column, DOUBLE)
            w.store(squared, some, b.add(row.now[1], k), DOUBLE)
        beyond = b.sub(b.add(row.now[0], b.mul(taken, step)), b.sub(count, w.long(1)))
        row.then = [beyond, b.add(row.now[1], taken)]
    w.finish()


def _pairs_between(module: ir.Module) -> None:
    """pairs_between(columns (dimension, size), size, dimension, least, most, inside, room, found).

    Of the squared distances of the pairs i < j: counts into ``found[0]`` those below ``least``, and
    into ``found[1]`` those from there to ``most``, of which the first ``room`` − LANES are written.
    """
    kinds = [POINTER, LONG, LONG, DOUBLE, DOUBLE, POINTER, LONG, POINTER]
    w = Writer(module, "pairs_between", kinds)
    b = w.b
    columns, size, dimension, least, most, inside, room, found = w.arguments
    wide, places = ir.VectorType(DOUBLE, LANES), ir.VectorType(LONG, LANES)
    last = b.sub(room, w.long(LANES))
    none = ir.Constant(places, [0] * LANES)

    def put(flag: Any, value: Any, held: Any) -> Any:
        w.store(value, inside, w.least(held, last), DOUBLE)
        return b.add(held, b.zext(flag, LONG))

    with w.carry(w.long(0), size, 1, [none, w.long(0), w.long(0)]) as row:
        first = b.add(row.index, w.long(1))
        stop = b.add(first, b.and_(b.sub(size, first), w.long(-LANES)))
        with w.carry(first, stop, LANES, [row.now[0], row.now[2]]) as column:
            values = squared_distance(w, columns, size, dimension, row.index, column.index, wide)
            below = b.fcmp_ordered("<", values, w.splat(least, wide))
            within = b.fcmp_ordered("<=", values, w.splat(most, wide))
            within = b.and_(within, b.fcmp_ordered(">=", values, w.splat(least, wide)))
            any_of_them = b.icmp_unsigned(
                "!=", b.bitcast(within, ir.IntType(LANES)), ir.Constant(ir.IntType(LANES), 0)
            )
            before = b.block
            with b.if_then(any_of_them):
                held = column.now[1]
                for lane in range(LANES):
                    at = ir.Constant(ir.IntType(32), lane)
                    flag, value = (b.extract_element(v, at) for v in (within, values))
                    held = put(flag, value, held)
                wrote = b.block
            after = b.phi(LONG)
            after.add_incoming(column.now[1], before)
            after.add_incoming(held, wrote)
            column.then = [b.add(column.now[0], b.zext(below, places)), after]
        with w.carry(stop, size, 1, [row.now[1], column.now[1]]) as rest:
            value = squared_distance(w, columns, size, dimension, row.index, rest.index, DOUBLE)
            below = b.fcmp_ordered("<", value, least)
            flag = b.fcmp_ordered("<=", value, most)
            flag = b.and_(flag, b.fcmp_ordered(">=", value, least))
            held = put(flag, value, rest.now[1])
            rest.then = [b.add(rest.now[0], b.zext(below, LONG)), held]
        row.then = [column.now[0], *rest.now]
    below = row.now[1]
    for lane in range(LANES):
        below = b.add(below, b.extract_element(row.now[0], ir.Constant(ir.IntType(32), lane)))
    w.store(below, found, w.long(0), LONG)
    w.store(row.now[2], found, w.long(1), LONG)
    w.finish()


def squared_distance(
    w: Writer, columns: Any, size: Any, dimension: Any, row: Any, column: Any, kind: ir.Type
) -> Any:
    """Write the squared distances of a point from that, or those, that begin at a column."""
    b = w.b
    with w.carry(w.long(0), dimension, 1, [w.splat(ir.Constant(DOUBLE, 0.0), kind)]) as d:
        before = b.mul(d.index, size)
        own = w.splat(w.load(columns, b.add(before, row), DOUBLE), kind)
        apart = b.fsub(own, w.load(columns, b.add(before, column), kind, DOUBLE))
        d.then = [b.fadd(d.now[0], b.fmul(apart, apart))]
    return d.now[0]
