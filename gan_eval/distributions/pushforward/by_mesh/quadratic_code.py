"""Machine code that inverts the quadratic maps of triangles: where Newton's method starts.

A vector holds one number of several pairs of a point and a triangle. Both functions take ``x``
(points, 2), a ``table`` with a row of numbers for each triangle, and of the pairs ``points`` and
``triangles`` (size,), size a multiple of the width; ``found`` (3, size) becomes barycentric
coordinates 1 and 2, and 1 where the triangle may hold the point, else 0.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir

from gan_eval.distributions.pushforward.by_mesh.formulas import Formulas, Mask, Numbers
from gan_eval.runtime.code_writer import LONG, POINTER, Writer

UNFOLDED, FOLDED = 14, 20
"""Numbers of a triangle in the table of either function."""
NODES = ((0.0, 0.0), (1.0, 0.0), (0.0, 1.0), (0.5, 0.0), (0.5, 0.5), (0.0, 0.5))
"""Barycentric coordinates 1 and 2 of the six points of a triangle."""
_ONE_STEPS, _NODE_STEPS = 3, 7
"""Steps of Newton's method."""
_LONGEST = 0.7
"""A step from a node is no longer, in barycentric coordinates."""
_MARGIN = 0.15
"""So far outside a triangle that may be folded a preimage may seem to lie."""
_PAIRS = [POINTER] * 4


def write_by_one(module: ir.Module, width: int) -> None:
    """Write by_one(x, table, points, triangles, size, found), where quadratic maps are invertible.

    A row of the table: the inverse of the linear map (4) and the image of a corner (2), the bends
    of the three sides (6), and how far outside linear and quadratic coordinates may be.
    """
    w = Writer(module, "by_one", [*_PAIRS, LONG, POINTER])
    x, table, points, triangles, size, found = w.arguments
    f = Formulas(w, width)
    with w.loop(w.long(0), size, width) as p:
        x0, x1 = f.rows(x, points, p, 2)
        row = f.rows(table, triangles, p, UNFOLDED)
        (i00, i01, i10, i11, origin0, origin1), bends, (wide, margin) = row[:6], row[6:12], row[12:]
        away0, away1 = x0 - origin0, x1 - origin1
        to_one, to_two = i00 * away0 + i01 * away1, i10 * away0 + i11 * away1
        one, two = (to.at_least(0.0).at_most(1.0) for to in (to_one, to_two))
        for _ in range(_ONE_STEPS):
            (bulge0, bulge1), (m00, m01, m10, m11) = _bulges(one, two, bends)
            off_one, off_two = one + bulge0 - to_one, two + bulge1 - to_two
            m00, m11 = m00 + 1.0, m11 + 1.0
            det = m00 * m11 - m01 * m10
            one = one - (m11 * off_one - m01 * off_two) / det
            two = two - (m00 * off_two - m10 * off_one) / det
        quadratic = _inside(one, two, margin)
        # Where the quadratic map leads astray, the linear one has the last word.
        plain = _inside(to_one, to_two, f.same(0.0)) & ~quadratic
        kept = _inside(to_one, to_two, wide) & (quadratic | plain)
        f.store(plain.choose(to_one, one), found, p)
        f.store(plain.choose(to_two, two), found, w.b.add(size, p))
        f.store(kept.choose(f.same(1.0), 0.0), found, w.b.add(w.b.add(size, size), p))
    w.finish()


def write_from_nodes(module: ir.Module, width: int) -> None:
    """Write from_nodes(x, table, points, triangles, size, found), of triangles that may be folded.

    The search starts from the one of the six points whose image is nearest to x, unless that is
    too far, and on either side of a fold: ``found`` (9, size) holds three results.

    A row of the table: the sides 01 and 02 of the image (4), that of corner 0 (2), the bulges of
    the three sides (6); how far from x the quadratic map may end; 1 where it tells nothing, and so
    the start itself is kept; the square of how far the nearest image may be; the coordinates of a
    start on either side of a fold (4); and 1 where there is one.
    """
    w = Writer(module, "from_nodes", [*_PAIRS, LONG, POINTER])
    x, table, points, triangles, size, found = w.arguments
    f, b = Formulas(w, width), w.b
    with w.loop(w.long(0), size, width) as p:
        x0, x1 = f.rows(x, points, p, 2)
        row = f.rows(table, triangles, p, FOLDED)
        sides, origin, bulges = row[:4], row[4:6], row[6:12]
        slack, blind, farthest, *folds, folded = row[12:]
        wanted = x0 - origin[0], x1 - origin[1]
        nearest, *start = _nearest(f, wanted, sides, bulges)
        within = nearest <= farthest
        twice = within & (folded > 0.0)
        starts = [(start, within), (folds[:2], twice), (folds[2:], twice)]
        for k, ((one, two), asked) in enumerate(starts):
            for place in range(3):
                row_of = w.b.add(w.b.mul(size, w.long(3 * k + place)), p)
                f.store(f.same(0.0), found, row_of)
            with b.if_then(asked.any):
                place0, place1, close = _searched(f, one, two, wanted, sides, bulges, slack)
                own = blind > 0.0
                kept = asked & (own | close)
                results = [
                    own.choose(one, place0),
                    own.choose(two, place1),
                    kept.choose(f.same(1.0), 0.0),
                ]
                for place, numbers in enumerate(results):
                    row_of = w.b.add(w.b.mul(size, w.long(3 * k + place)), p)
                    f.store(numbers, found, row_of)
    w.finish()


def _nearest(f: Formulas, wanted: Any, sides: Any, bulges: Any) -> tuple[Numbers, ...]:
    """The square of the distance to the nearest of the six images, and that point's coordinates."""
    (e00, e01, e10, e11), (a0, a1, b0, b1, c0, c1) = sides, bulges
    zero = f.same(0.0)
    images = [
        (zero, zero),
        (e00, e01),
        (e10, e11),
        (e00 * 0.5 + a0 * 0.25, e01 * 0.5 + a1 * 0.25),
        ((e00 + e10) * 0.5 + b0 * 0.25, (e01 + e11) * 0.5 + b1 * 0.25),
        (e10 * 0.5 + c0 * 0.25, e11 * 0.5 + c1 * 0.25),
    ]
    least, one, two = f.same(float("inf")), zero, zero
    for (first, second), at in zip(images, NODES, strict=True):
        away0, away1 = wanted[0] - first, wanted[1] - second
        square = away0 * away0 + away1 * away1
        nearer = square < least
        least = nearer.choose(square, least)
        one, two = nearer.choose(f.same(at[0]), one), nearer.choose(f.same(at[1]), two)
    return least, one, two


def _searched(
    f: Formulas, one: Numbers, two: Numbers, wanted: Any, sides: Any, bulges: Any, slack: Numbers
) -> tuple[Numbers, Numbers, Mask]:
    """Where Newton's method ends on the quadratic map, and whether that may be near a preimage."""
    e00, e01, e10, e11 = sides
    off0 = off1 = f.same(0.0)
    for _ in range(_NODE_STEPS):
        (bulge0, bulge1), (m00, m01, m10, m11) = _bulges(one, two, bulges)
        off0 = one * e00 + two * e10 + bulge0 - wanted[0]
        off1 = one * e01 + two * e11 + bulge1 - wanted[1]
        m00, m01, m10, m11 = m00 + e00, m01 + e10, m10 + e01, m11 + e11
        det = m00 * m11 - m01 * m10
        step0 = (m11 * off0 - m01 * off1) / det
        step1 = (m00 * off1 - m10 * off0) / det
        length = (step0 * step0 + step1 * step1).sqrt()
        part = (_LONGEST / length.at_least(1e-300)).at_most(1.0)
        one, two = one - step0 * part, two - step1 * part
    close = (off0 * off0 + off1 * off1).sqrt() <= slack
    return one, two, close & _inside(one, two, f.same(_MARGIN))


def _bulges(one: Numbers, two: Numbers, sides: Any) -> tuple[Any, Any]:
    """Write what the sides' bulges (6,) add to both coordinates, and to their slopes: of the first
    by ``one`` and ``two``, then of the second."""
    a0, a1, b0, b1, c0, c1 = sides
    zero = 1.0 - one - two
    p, q, r = zero * one, one * two, two * zero
    added = p * a0 + q * b0 + r * c0, p * a1 + q * b1 + r * c1
    by_one, by_two = zero - one, zero - two
    slopes = [
        (by_one * a + two * (b - c), by_two * c - one * (a - b))
        for a, b, c in ((a0, b0, c0), (a1, b1, c1))
    ]
    return added, (*slopes[0], *slopes[1])


def _inside(one: Numbers, two: Numbers, margin: Numbers) -> Mask:
    return (one >= -margin) & (two >= -margin) & (one + two <= margin + 1.0)
