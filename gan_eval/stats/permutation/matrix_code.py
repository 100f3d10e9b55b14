"""Machine code for a pivoted Cholesky factor, and for the first look at a block of a matrix."""

from __future__ import annotations

from typing import Any

from llvmlite import ir

from gan_eval.runtime.code_writer import DOUBLE, LONG, POINTER, Writer
from gan_eval.stats.kernels.pair_code import squared_distance

# Numbers of float64 in a vector, and how many vectors of a row are worked on at once.
LANES, VECTORS = 8, 4
# Rows added up before their sum is added to that of those before.
GATHERED_ROWS = 48


def write_matrices(module: ir.Module) -> None:
    """Write the functions into a module."""
    _eliminate(module, _worst(module))
    _survey(module)


def _eliminate(module: ir.Module, worst: ir.Function) -> None:
    """eliminate(row (size), size, factor (…, size), step, pivot, inverse, residuals (size), …).

    Row ``step`` of the factor is what ``row``, the pivot's in the matrix, has beyond the rows
    before it, times ``inverse``; its squares are taken from the residuals, which stay at least 0,
    and the pivot's becomes 0. Then it goes on as ``worst``, with its other arguments.
    """
    kinds = [POINTER, LONG, POINTER, LONG, LONG, DOUBLE, POINTER, POINTER, LONG, POINTER]
    w = Writer(module, "eliminate", kinds)
    b = w.b
    row, size, factor, step, pivot, inverse, residuals = w.arguments[:7]

    def write(column: Any, kind: ir.Type) -> None:
        vectors = VECTORS if isinstance(kind, ir.VectorType) else 1
        places = [b.add(column, w.long(v * LANES)) for v in range(vectors)]
        with w.carry(w.long(0), step, 1, [w.load(row, p, kind, DOUBLE) for p in places]) as s:
            before = b.mul(s.index, size)
            share = w.splat(w.load(factor, b.add(before, pivot), DOUBLE), kind)
            for v, place in enumerate(places):
                entry = w.load(factor, b.add(before, place), kind, DOUBLE)
                s.then[v] = b.fsub(s.now[v], b.fmul(share, entry))
        scale, start = w.splat(inverse, kind), b.mul(step, size)
        zero = w.splat(ir.Constant(DOUBLE, 0.0), kind)
        for rest, place in zip(s.now, places, strict=True):
            entry = b.fmul(rest, scale)
            w.store(entry, factor, b.add(start, place), DOUBLE)
            left = b.fsub(w.load(residuals, place, kind, DOUBLE), b.fmul(entry, entry))
            left = b.select(b.fcmp_ordered(">", left, zero), left, zero)
            w.store(left, residuals, place, DOUBLE)

    w.each(size, LANES, write, VECTORS)
    w.store(ir.Constant(DOUBLE, 0.0), residuals, pivot, DOUBLE)
    b.call(worst, [row, size, *w.arguments[6:]])
    w.finish()


def _worst(module: ir.Module) -> ir.Function:
    """worst(row (size), size, residuals (size), columns (dimension, size), dimension, found (1)).

    Finds the place of the largest residual, the first of them, and writes the squared distances of
    all points from the one there into ``row``.
    """
    w = Writer(module, "worst", [POINTER, LONG, POINTER, POINTER, LONG, POINTER])
    b = w.b
    row, size, residuals, columns, dimension, found = w.arguments
    wide, places = ir.VectorType(DOUBLE, LANES), ir.VectorType(LONG, LANES)
    whole = b.and_(size, w.long(-LANES))
    lowest = w.splat(ir.Constant(DOUBLE, -1.0), wide)
    with w.carry(w.long(0), whole, LANES, [lowest, ir.Constant(places, [0] * LANES)]) as s:
        values = w.load(residuals, s.index, wide, DOUBLE)
        larger = b.fcmp_ordered(">", values, s.now[0])
        index = w.splat(s.index, places)
        s.then = [b.select(larger, values, s.now[0]), b.select(larger, index, s.now[1])]
    best, where = ir.Constant(DOUBLE, -1.0), w.long(0)
    for lane in range(LANES):
        at = ir.Constant(ir.IntType(32), lane)
        value = b.extract_element(s.now[0], at)
        place = b.add(b.extract_element(s.now[1], at), w.long(lane))
        first = b.and_(b.fcmp_ordered("==", value, best), b.icmp_signed("<", place, where))
        larger = b.or_(b.fcmp_ordered(">", value, best), first)
        best, where = b.select(larger, value, best), b.select(larger, place, where)
    with w.carry(whole, size, 1, [best, where]) as s:
        value = w.load(residuals, s.index, DOUBLE)
        larger = b.fcmp_ordered(">", value, s.now[0])
        s.then = [b.select(larger, value, s.now[0]), b.select(larger, s.index, s.now[1])]
    pivot = s.now[1]
    w.store(pivot, found, w.long(0), LONG)

    def write(column: Any, kind: ir.Type) -> None:
        squared = squared_distance(w, columns, size, dimension, pivot, column, kind)
        w.store(squared, row, column, DOUBLE)

    w.each(size, LANES, write)
    w.finish()
    return w.function


def _survey(module: ir.Module) -> None:
    """survey(block (rows, columns), rows, columns, width, within, across (rows), down (2, width),
    found (2)).

    Of the first ``width`` columns: writes the sums of the rows, adds the rows to ``down[0]``, some
    at a time by way of ``down[1]``, so that roundings stay few, and to ``found`` the sum of
    squares, twice in rows from ``within`` on, with the largest size beside it.
    """
    kinds = [POINTER, LONG, LONG, LONG, LONG, POINTER, POINTER, POINTER]
    w = Writer(module, "survey", kinds)
    b = w.b
    block, rows, columns, width, within, across, down, found = w.arguments
    whole = b.and_(width, w.long(-LANES))
    squares, peak = w.load(found, w.long(0), DOUBLE), w.load(found, w.long(1), DOUBLE)

    some_down = w.at(down, width, DOUBLE)

    def larger(first: Any, second: Any) -> Any:
        return b.select(b.fcmp_ordered(">", first, second), first, second)

    def step(first: Any, now: list[Any], column: Any, kind: ir.Type) -> list[Any]:
        entry = w.load(block, b.add(first, column), kind, DOUBLE)
        w.store(b.fadd(w.load(some_down, column, kind, DOUBLE), entry), some_down, column, DOUBLE)
        size = larger(entry, b.fneg(entry))
        square = b.fmul(entry, entry)
        return [b.fadd(now[0], entry), b.fadd(now[1], square), larger(size, now[2])]

    def empty(column: Any, kind: ir.Type) -> None:
        w.store(w.splat(ir.Constant(DOUBLE, 0.0), kind), some_down, column, DOUBLE)

    def gather(column: Any, kind: ir.Type) -> None:
        before, some = (w.load(sums, column, kind, DOUBLE) for sums in (down, some_down))
        w.store(b.fadd(before, some), down, column, DOUBLE)

    def survey_rows(start: Any, stop: Any, now: list[Any]) -> list[Any]:
        with w.carry(start, stop, 1, now) as row:
            first = b.mul(row.index, columns)
            zeros = w.splat(ir.Constant(DOUBLE, 0.0), ir.VectorType(DOUBLE, LANES))
            with w.carry(w.long(0), whole, LANES, [zeros] * 3) as some:
                some.then = step(first, some.now, some.index, ir.VectorType(DOUBLE, LANES))
            found_here = [ir.Constant(DOUBLE, 0.0), ir.Constant(DOUBLE, 0.0), row.now[1]]
            for lane in range(LANES):
                at = ir.Constant(ir.IntType(32), lane)
                lanes = [b.extract_element(value, at) for value in some.now]
                found_here = [
                    b.fadd(found_here[0], lanes[0]),
                    b.fadd(found_here[1], lanes[1]),
                    larger(lanes[2], found_here[2]),
                ]
            with w.carry(whole, width, 1, found_here) as one:
                one.then = step(first, one.now, one.index, DOUBLE)
            w.store(one.now[0], across, row.index, DOUBLE)
            once = b.icmp_signed("<", row.index, within)
            weight = b.select(once, ir.Constant(DOUBLE, 1.0), ir.Constant(DOUBLE, 2.0))
            row.then = [b.fadd(row.now[0], b.fmul(weight, one.now[1])), one.now[2]]
        return row.now

    with w.carry(w.long(0), rows, GATHERED_ROWS, [squares, peak]) as group:
        w.each(width, LANES, empty)
        stop = w.least(b.add(group.index, w.long(GATHERED_ROWS)), rows)
        group.then = survey_rows(group.index, stop, group.now)
        w.each(width, LANES, gather)
    w.store(group.now[0], found, w.long(0), DOUBLE)
    w.store(group.now[1], found, w.long(1), DOUBLE)
    w.finish()
