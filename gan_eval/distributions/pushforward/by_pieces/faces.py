"""The plane of points, cut so that on each face the same regions of noise lie over every point."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gan_eval.distributions.pushforward.by_pieces.edges import (
    Edges,
    border,
    clipped,
    edges_of,
    images_of,
)
from gan_eval.distributions.pushforward.by_pieces.regions import Corner, Polygon, Regions, kept

Array = NDArray[np.floating]
Indices = NDArray[np.intp]


TINY = 1e-5
"""An image is tiny where it is that part of the window, and a window of an image."""
_POINT = 1e-12
"""A window that is so small a part of an image is as good as a point of it."""


@dataclass(frozen=True, eq=False)
class Faces:
    """Triangles of the plane of points, and the regions of noise whose images hold each.

    Attributes
    ----------
    triangles : ndarray, shape (n, 3, 2)
    face : ndarray of int, shape (n,)
        The face that a triangle is of.
    starts : ndarray of int, shape (faces + 1,)
        Face i lies in the images of the regions ``over[starts[i] : starts[i + 1]]``.
    over : ndarray of int
        Numbers of regions, as they were given.
    """

    triangles: Array
    face: Indices
    starts: Indices
    over: Indices


def faces_of(regions: Regions, window: Array, lines: Array) -> Faces:
    """Lay the images of regions over one another, and triangulate the faces between their edges.

    Parameters
    ----------
    regions : Regions
        None of them flat. Images of regions without an end are cut off at the window.
    window : ndarray, shape (2, 2)
        The lowest and the highest coordinates that matter where only such regions reach.
    lines : ndarray, shape (m, 2, 2)
        Segments along which to cut as well.
    """
    edges = edges_of(regions)
    places = images_of(regions, edges)
    inner = np.flatnonzero(regions.inner)
    span = np.ptp(window, axis=0).max()
    box = np.array([places.min(axis=(0, 1)), places.max(axis=(0, 1))]) if len(inner) else window
    size = np.ptp(box, axis=0).max()
    # Lines that meet are found to some 1e-12 of all of them: what is tiny is laid out by itself.
    if len(inner) and span <= TINY * size:
        near = faces_within(regions, window, lines)
        far = _overlay(regions, window, lines[:0], edges, places, inner)
        return _joined(near, far, window)
    if len(inner) == 0 or size > TINY * span:
        return _overlay(regions, window, lines, edges, places, inner)
    box = box + np.array([[-0.01], [0.01]]) * size
    near = _overlay(regions, box, clipped(lines, box), edges, places, inner)
    far = _overlay(
        regions, window, np.concatenate([lines, border(box)]), edges, places[:0], inner[:0]
    )
    return _joined(near, far, box)


def faces_within(regions: Regions, window: Array, lines: Array) -> Faces:
    """Lay out a window that is tiny beside the images, or beside how far off they are."""
    edges, images = edges_of(regions), regions.take(regions.inner).images()[..., :2]
    point = np.ptp(window, axis=0).max() <= _POINT * np.abs(images - window.mean(axis=0)).max()
    outer, rays = np.concatenate([edges.inner, edges.outer]), np.zeros(len(edges.inner), bool)
    endless, nowhere = replace(regions, inner=np.zeros(len(regions), bool)), np.zeros(0, np.intp)
    drawn, lines = (
        replace(edges, outer=outer, rays=np.append(rays, edges.rays)),
        clipped(lines, window),
    )
    if not point:
        return _overlay(endless, window, lines, drawn, edges.places[:0, None], nowhere)
    drawn = replace(edges, outer=outer[:0], rays=rays[:0])
    bare = _overlay(endless.take(nowhere), window, lines, drawn, edges.places[:0, None], nowhere)
    over, count = np.flatnonzero(_hold(regions, window.mean(axis=0))), len(bare.starts) - 1
    starts = len(over) * np.arange(count + 1)
    return Faces(bare.triangles, bare.face, starts, np.tile(over, count))


def _hold(regions: Regions, x: Array) -> NDArray[np.bool_]:
    """Say in which regions' images, none of them flat, a point lies."""
    images = regions.images()
    sides = np.cross(images, np.roll(images, -1, axis=1)) @ np.append(x, 1.0)
    return np.asarray((sides * np.sign(np.linalg.det(regions.matrices))[:, None] >= 0).all(axis=1))


def _joined(near: Faces, far: Faces, box: Array) -> Faces:
    """Put the faces of a box in the place of those that others have there."""
    middle = far.triangles.mean(axis=1)
    out = ((middle < box[0]) | (middle > box[1])).any(axis=1)
    count = len(near.starts) - 1
    return Faces(
        np.concatenate([near.triangles, far.triangles[out]]),
        np.concatenate([near.face, far.face[out] + count]),
        np.concatenate([near.starts, near.starts[-1] + far.starts[1:]]),
        np.concatenate([near.over, far.over]),
    )


def _overlay(
    regions: Regions, window: Array, lines: Array, edges: Edges, places: Array, inner: Indices
) -> Faces:
    """Lay images of inner regions, what lies in a window of the others, and lines together."""
    import shapely

    numbers, rings = _outer(regions, window)
    # Beyond the border, so that lines cross it.
    wide = window + np.array([[-1e-6], [1e-6]]) * np.ptp(window, axis=0)
    outer = clipped(edges.outer, wide, rays=edges.rays)
    drawn = [edges.inner if len(inner) else edges.inner[:0], outer, border(window), lines]
    network = shapely.unary_union(shapely.linestrings(np.concatenate(drawn)))
    shapes = np.array(shapely.get_parts(shapely.polygonize(shapely.get_parts(network))))
    polygons = np.array(shapely.polygons(places)) if len(inner) else []
    over = np.array([*polygons, *(shapely.polygons(ring) for ring in rings)], dtype=object)
    owners = np.concatenate([inner, numbers]).astype(np.intp)
    points = shapely.point_on_surface(shapes)
    face, polygon = shapely.STRtree(over).query(points, predicate="within")
    order = np.argsort(face, kind="stable")
    starts = np.searchsorted(face[order], np.arange(len(shapes) + 1))
    triangles, which = _triangulate(shapes)
    return Faces(triangles, which, starts, owners[polygon[order]])


def _outer(regions: Regions, window: Array) -> tuple[list[int], list[Array]]:
    """The images of regions without an end as far as they lie in a window."""
    (left, low), (right, high) = window
    sides: list[Corner] = [
        *((1.0, 0.0, -left), (-1.0, 0.0, right), (0.0, 1.0, -low), (0.0, -1.0, high))
    ]
    images = regions.images()
    numbers: list[int] = []
    rings: list[Array] = []
    for number in np.flatnonzero(~regions.inner):
        count = regions.counts[number]
        cell: Polygon | None = [tuple(corner) for corner in images[number, :count].tolist()]
        for side in sides:
            cell = kept(cell, side)
            if cell is None:
                break
        else:
            ring = np.array(cell)
            numbers.append(int(number))
            rings.append(ring[:, :2] / ring[:, 2:])
    return numbers, rings


def _triangulate(shapes: Any) -> tuple[Array, Indices]:
    """Cut polygons into triangles (n, 3, 2), with the number of the polygon of each."""
    import shapely

    points, owner = shapely.get_coordinates(shapely.get_exterior_ring(shapes), return_index=True)
    starts = np.searchsorted(owner, np.arange(len(shapes) + 1))
    counts = np.diff(starts) - 1
    after = np.roll(points, -1, axis=0) - points
    before = points - np.roll(points, 1, axis=0)
    last = starts[1:] - 1
    before[starts[:-1]] = points[starts[:-1]] - points[last - 1]
    turn = before[:, 0] * after[:, 1] - before[:, 1] * after[:, 0]
    turn[last] = turn[starts[:-1]]
    low, high = np.minimum.reduceat(turn, starts[:-1]), np.maximum.reduceat(turn, starts[:-1])
    convex = ((low >= 0) | (high <= 0)) & (shapely.get_num_interior_rings(shapes) == 0)
    found, numbers = [np.empty((0, 3, 2))], [np.empty(0, np.intp)]
    for count in np.unique(counts[convex]):
        which = np.flatnonzero(convex & (counts == count))
        rings = points[starts[which][:, None] + np.arange(count)]
        for corner in range(1, count - 1):
            found.append(rings[:, [0, corner, corner + 1]])
            numbers.append(which)
    rest = np.flatnonzero(~convex)
    if len(rest):
        parts, of = shapely.get_parts(
            np.array([_delaunay(shape) for shape in shapes[rest]]), return_index=True
        )
        found.append(shapely.get_coordinates(parts).reshape(-1, 4, 2)[:, :3])
        numbers.append(rest[of])
    return np.concatenate(found), np.concatenate(numbers)


def _delaunay(shape: Any) -> Any:
    """Cut a polygon into triangles.

    One that rounding has bent into a line has none, and one that cannot be cut is left out: the
    masses that the integrals then miss are added to the errors that are stated.
    """
    import shapely

    for polygon in (shape, shapely.make_valid(shape)):
        try:
            return shapely.constrained_delaunay_triangles(polygon)
        except shapely.GEOSException:
            continue
    return shapely.GeometryCollection()
