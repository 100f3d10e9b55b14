"""Machine code that finds which points of a group may lie in the image of which triangle."""

from __future__ import annotations

from typing import Any

from llvmlite import ir

from gan_eval.distributions.pushforward.by_mesh.formulas import Formulas, Mask
from gan_eval.runtime.code_writer import LONG, POINTER, Writer, declared

BOX = 8
"""Numbers of a box that lies askew: of either axis two coordinates and two ends."""
GROUP = 48
"""Points of a group."""


def write_candidates(module: ir.Module, width: int) -> None:
    """Write candidates(x, size, boxes, groups, triangles, pairs, room, state, points, found).

    ``x`` (2, size), in groups of ``GROUP``; ``boxes`` (triangles, ``BOX``), as many pairs of a
    group and a triangle. ``points`` and ``found`` (``room``,) become the pairs of a point of that
    group and the triangle in whose box it lies. ``state`` holds the pair to begin with, and becomes
    the pair to go on with, and how many were found: it stops where there may be no more room.
    """
    w = Writer(module, "candidates", [POINTER, LONG, *[POINTER] * 3, LONG, LONG, *[POINTER] * 3])
    x, size, boxes, groups, triangles, pairs, room, state, points, found = w.arguments
    f, b = Formulas(w, width), w.b
    full = b.sub(room, w.long(GROUP))
    start = w.load(state, w.long(0), LONG)
    with w.carry(
        start, pairs, 1, [w.long(0)], lambda now: b.icmp_signed("<=", now[0], full)
    ) as loop:
        first = b.mul(w.load(groups, loop.index, LONG), w.long(GROUP))
        triangle = w.load(triangles, loop.index, LONG)
        row = b.mul(triangle, w.long(BOX))
        numbers = [f.everywhere(boxes, b.add(row, w.long(k))) for k in range(BOX)]
        with w.carry(w.long(0), w.long(GROUP), width, [loop.now[0]]) as some:
            place = b.add(first, some.index)
            x0, x1 = f.load(x, place), f.load(x, b.add(size, place))
            inside = None
            for a0, a1, low, high in (numbers[:4], numbers[4:]):
                along = x0 * a0 + x1 * a1
                between = (along >= low) & (along <= high)
                inside = between if inside is None else inside & between
            assert inside is not None
            some.then[0] = _append(f, inside, place, triangle, some.now[0], points, found)
        loop.then[0] = some.now[0]
    w.store(loop.index, state, w.long(0), LONG)
    w.store(loop.now[0], state, w.long(1), LONG)
    w.finish()


def _append(
    f: Formulas, inside: Mask, place: Any, triangle: Any, count: Any, points: Any, found: Any
) -> Any:
    """Store a pair for every true place, and return how many there are now."""
    w, b = f.w, f.w.b
    bits = b.zext(b.bitcast(inside.value, ir.IntType(f.width)), LONG)
    lowest = declared(b.module, "llvm.cttz.i64", ir.FunctionType(LONG, [LONG, ir.IntType(1)]))
    with w.carry(
        w.long(0),
        w.long(f.width),
        1,
        [bits, count],
        lambda now: b.icmp_unsigned("!=", now[0], w.long(0)),
    ) as loop:
        left, n = loop.now
        lane = b.call(lowest, [left, ir.Constant(ir.IntType(1), 1)])
        w.store(b.add(place, lane), points, n, LONG)
        w.store(triangle, found, n, LONG)
        loop.then[:] = [b.and_(left, b.sub(left, w.long(1))), b.add(n, w.long(1))]
    return loop.now[1]
