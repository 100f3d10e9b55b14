"""The polygons of the plane of noise on which a generator of relu is linear."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gan_eval.distributions.pushforward.network import Network

Array = NDArray[np.floating]
Mask = NDArray[np.bool_]
Corner = tuple[float, float, float]
Polygon = list[Corner]

REACH = 9.0
"""Half the side of the square, around 0, that holds all of the noise's mass but 5e-19."""
_ON_LINE = 1e-13
"""A corner is on a line where it is so near, in parts of the terms that are summed."""
_SINGULAR = 1e-12
"""A map flattens a region where it stretches one direction by less than this part of the most that
the generator stretches anything."""


@dataclass(frozen=True, eq=False)
class Regions:
    """The convex regions of the plane of noise on each of which x = z A + b.

    Attributes
    ----------
    corners : ndarray, shape (regions, most corners, 3)
        In homogeneous coordinates: (z, 1) is a point, (z, 0) a direction, where a region has no
        end. Against the clock; the last corner is repeated to fill rows.
    counts : ndarray of int, shape (regions,)
        Corners of each.
    matrices : ndarray, shape (regions, 2, 2)
        A; rows are multiplied from the left.
    shifts : ndarray, shape (regions, 2)
        b.
    inner : ndarray of bool, shape (regions,)
        Whether it lies in the square of half the side ``REACH``, with all of the mass.
    flat : ndarray of bool, shape (regions,)
        Whether A is singular: the region becomes a line, or a point.
    """

    corners: Array
    counts: NDArray[np.intp]
    matrices: Array
    shifts: Array
    inner: Mask
    flat: Mask

    def __len__(self) -> int:
        return len(self.counts)

    def take(self, which: Mask | NDArray[np.intp]) -> Regions:
        """Select regions."""
        return Regions(
            *(
                getattr(self, name)[which]
                for name in ("corners", "counts", "matrices", "shifts", "inner", "flat")
            )
        )

    def images(self) -> Array:
        """Map the corners to x, homogeneous too: (regions, corners, 3)."""
        weights = self.corners[..., 2:]
        return np.concatenate(
            [self.corners[..., :2] @ self.matrices + weights * self.shifts[:, None], weights], -1
        )


def regions_of(network: Network) -> Regions:
    """Cut the plane of noise along the kinks of relu, layer by layer.

    A hidden unit has a kink on a line through each region of the layers before it. The square that
    holds the mass is cut, and the four parts of the plane around it, which have no end.

    Parameters
    ----------
    network : Network
        From the plane to the plane, linear or with relu or leaky relu.

    Examples
    --------
    >>> fold = Network([([[1.0], [0.0]], [0.0]), ([[1.0, 0.0]], [0.0, 0.0])], "leaky_relu")
    >>> regions = regions_of(fold)  # cut at z₁ = 0
    >>> int(regions.inner.sum()), bool(regions.flat.all())
    (2, True)
    """
    cells, maps = _start(), np.tile(np.eye(3, 2), (5, 1, 1))
    inner = np.arange(5) == 0
    for weight, bias in network.layers[:-1]:
        maps = _through(maps, weight, bias)
        cells, parents = _cut(cells, maps)
        maps, inner = maps[parents], inner[parents]
        inside = np.array([_inside(cell) for cell in cells])
        above = np.matmul(inside[:, None], maps)[:, 0] > 0
        maps = maps * np.where(above, 1.0, network.slope_below)[:, None]
    maps = _through(maps, *network.layers[-1])
    matrices, shifts = np.ascontiguousarray(maps[:, :2]), maps[:, 2]
    corners, counts = _padded(cells)
    stretch = np.linalg.svd(matrices, compute_uv=False)
    flat = stretch[:, 1] <= _SINGULAR * stretch[:, 0].max()
    return Regions(corners, counts, matrices, shifts, inner, flat)


def _start() -> list[Polygon]:
    """The square that holds the mass, and what is right, above, left and below of it."""
    r = REACH
    square = [(r, -r, 1.0), (r, r, 1.0), (-r, r, 1.0), (-r, -r, 1.0)]
    ways = [(1.0, -1.0, 0.0), (1.0, 1.0, 0.0), (-1.0, 1.0, 0.0), (-1.0, -1.0, 0.0)]
    around = [[square[i], ways[i], ways[(i + 1) % 4], square[(i + 1) % 4]] for i in range(4)]
    return [square, *around]


def _through(maps: Array, weight: Array, bias: Array) -> Array:
    """Follow maps (regions, 3, inputs) of homogeneous points by a layer."""
    found = maps @ weight
    found[:, 2] += bias
    return found


def _padded(cells: Sequence[Polygon]) -> tuple[Array, NDArray[np.intp]]:
    counts = np.array([len(cell) for cell in cells])
    most = int(counts.max())
    rows = [cell + [cell[-1]] * (most - len(cell)) for cell in cells]
    return np.array(rows), counts


def _inside(cell: Polygon) -> Corner:
    """A point inside, up to a factor above 0."""
    x, y, w = (sum(part) for part in zip(*cell, strict=True))
    return x, y, w


def _cut(cells: list[Polygon], maps: Array) -> tuple[list[Polygon], NDArray[np.intp]]:
    """Cut each region along the lines of the units (regions, 3, units) that cross it.

    Returns the pieces, and for each the region it is of.
    """
    corners, _ = _padded(cells)
    values = corners @ maps
    near = _ON_LINE * (np.abs(corners) @ np.abs(maps))
    crossed = np.asarray((values > near).any(axis=1) & (values < -near).any(axis=1))
    found: list[Polygon] = []
    parents: list[int] = []
    for number, cell in enumerate(cells):
        pieces = [cell]
        for unit in np.flatnonzero(crossed[number]):
            line = tuple(maps[number, :, unit].tolist())
            pieces = [half for piece in pieces for half in halves(piece, line)]
        found += pieces
        parents += [number] * len(pieces)
    return found, np.array(parents)


def halves(cell: Polygon, line: Corner) -> list[Polygon]:
    """Cut a convex polygon along a line a x + b y + c w = 0: where it is above 0, and below.

    One polygon, the whole, where the line does not cross it.
    """
    a, b, c = line
    values = []
    for x, y, w in cell:
        value = a * x + b * y + c * w
        near = _ON_LINE * (abs(a * x) + abs(b * y) + abs(c * w))
        values.append(0.0 if abs(value) <= near else value)
    if max(values) <= 0 or min(values) >= 0:
        return [cell]
    above: Polygon = []
    below: Polygon = []
    last, before = cell[-1], values[-1]
    for corner, value in zip(cell, values, strict=True):
        if before * value < 0:
            cross = _between(last, corner, abs(value), abs(before))
            above.append(cross)
            below.append(cross)
        if value >= 0:
            above.append(corner)
        if value <= 0:
            below.append(corner)
        last, before = corner, value
    return [above, below]


def kept(cell: Polygon, side: Corner) -> Polygon | None:
    """The part of a convex polygon where a x + b y + c w is above 0; None where there is none."""
    parts = halves(cell, side)
    if len(parts) == 2:
        return parts[0]
    middle = [sum(part) for part in zip(*cell, strict=True)]
    return cell if sum(a * b for a, b in zip(side, middle, strict=True)) > 0 else None


def _between(one: Corner, other: Corner, first: float, second: float) -> Corner:
    """Mix two corners by weights above 0: a point has w = 1, a direction the largest entry 1."""
    x, y, w = (first * p + second * q for p, q in zip(one, other, strict=True))
    unit = w if w > 0 else max(abs(x), abs(y))
    return x / unit, y / unit, w / unit
