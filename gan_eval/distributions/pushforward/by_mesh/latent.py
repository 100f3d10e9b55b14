"""A mesh of the plane of noise, finer where a smooth generator is far from a linear map."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from gan_eval.distributions.pushforward.by_mesh.boxes import askew, neighbours, upright
from gan_eval.distributions.pushforward.by_mesh.candidates_code import GROUP
from gan_eval.distributions.pushforward.by_mesh.compiled import (
    candidates,
    determinants,
    value_and_slopes,
)
from gan_eval.distributions.pushforward.by_mesh.discs import Discs
from gan_eval.distributions.pushforward.cubature import Indices, areas, halves
from gan_eval.distributions.pushforward.network import Network
from gan_eval.distributions.pushforward.work import Work, cost

Array = NDArray[np.floating]
Mask = NDArray[np.bool_]

REACH = 37.0
"""Beyond it normal noise has a density below 1e-297."""
LOG_2PI = float(np.log(2 * np.pi))

_BENT = 0.35
"""A triangle is cut while the generator departs from a linear map by this part of it."""
_NONE = 1e-12
"""Triangles with less of the target than this are left out where noise is ``RARE`` too."""
_TARGET = 1e-4
"""The weight of a mass of the target beside one of noise."""
RARE = 6.6
"""Noise is as far from 0 as this with probability 3e-10."""
_FIRST = 0.3
"""Within that distance triangles are no larger than this area."""
_MASS = 1e-8
"""Triangles with less mass than this are left as they are."""
_FOLDED = 3e-5
"""The same where the generator folds, and so departs from every linear map."""
_ROUGH = 0.06
"""As much of ``bent`` is allowed for ``rough``."""
_INSIDE = np.full((3, 3), 1 / 6) + np.eye(3) / 2
_BULGES = 4 * _INSIDE * np.roll(_INSIDE, -1, axis=1)
_WIDE = 0.02
"""The square of the longest side that is left folded: many points lie near the image of more."""
_SEEN = 42 * GROUP
"""Generated points that tell near how many a triangle's image lies."""
_CROWD = 0.0015
"""Where more than this part of them lie in the box of its image, a triangle that is not nearly
linear is cut."""
_MOST = 400_000
"""Triangles of a mesh."""
_LEAST = 1e-3
"""The mass that triangles are first cut to; then to an eighth of it, and so on."""
_EACH = 4.0
"""The work of measuring a triangle, beside that of the generator."""
_SLIM = 16.0
"""The square of a triangle's longest side is at most so many of its areas, or that is cut."""


def log_noise(z: Array) -> Array:
    """Compute ln φ(z) of standard normal noise in the plane, (n,)."""
    return -0.5 * (z**2).sum(axis=1) - LOG_2PI


@dataclass(frozen=True, eq=False)
class Mesh:
    """Triangles that cover the plane of noise, with what the generator makes of them.

    Attributes
    ----------
    corners : ndarray, shape (n, 3, 2)
        Of each triangle, in the plane of noise.
    images : ndarray, shape (n, 6, 2)
        Of the corners, and of the middles of the sides 01, 12, 20.
    folded : ndarray of bool, shape (n,)
        Where det J changes its sign among these points and three inside.
    bent : ndarray, shape (n,)
        How far the images of the middles lie from the middles of the images, in barycentric
        coordinates of the image; infinite where that is flat.
    rough : ndarray, shape (n,)
        The same of the images of three points inside from where the map that is quadratic, and
        right at those six points, has them.
    missed : ndarray, shape (n,)
        The same as a distance between points x.
    bendiest : ndarray of int, shape (n,)
        The side whose middle is farthest off.
    sides : ndarray of int, shape (n, 2)
        Which of the six points have the smallest and the largest det J.
    largest, typical : ndarray, shape (n,)
        |det J|, the largest and in the mean, at these points and three inside.
    """

    corners: Array
    images: Array
    folded: Mask
    bent: Array
    rough: Array
    missed: Array
    bendiest: Indices
    sides: Indices
    largest: Array
    typical: Array

    def __len__(self) -> int:
        return len(self.corners)

    @classmethod
    def of(cls, network: Network, corners: Array) -> Mesh:
        """Measure triangles (n, 3, 2)."""
        middles = (corners + np.roll(corners, -1, axis=1)) / 2
        nine = np.concatenate([corners, middles, _INSIDE @ corners], axis=1)
        images, slopes = value_and_slopes(network, nine.reshape(-1, 2))
        det = determinants(slopes).reshape(-1, 9)
        sides = np.column_stack([det[:, :6].argmin(axis=1), det[:, :6].argmax(axis=1)])
        signs = np.sign(det)
        images = images.reshape(-1, 9, 2)
        folded = (signs != signs[:, :1]).any(axis=1) | (signs[:, 0] == 0)
        size = np.abs(det)
        return cls(
            corners,
            images[:, :6],
            folded,
            *_departures(images),
            sides,
            size.max(axis=1),
            size.mean(axis=1),
        )

    @property
    def spacings(self) -> Array:
        """The square of the longest way from a corner's image to that of a side's middle, (n,)."""
        images = self.images
        first = ((images[:, 3:] - images[:, :3]) ** 2).sum(axis=2)
        second = ((images[:, 3:] - images[:, [1, 2, 0]]) ** 2).sum(axis=2)
        return np.maximum(first, second).max(axis=1)

    @property
    def blind(self) -> Mask:
        """Where the quadratic map tells nothing of what the generator does, (n,)."""
        return self.missed**2 > 0.01 * self.spacings

    @property
    def nearest(self) -> Array:
        """How near to 0 noise in each triangle may be, (n,)."""
        centres, radii = _circles(self.corners)
        return np.maximum(np.hypot(*centres.T) - radii, 0.0)

    def take(self, which: Mask) -> Mesh:
        """Return some of the triangles."""
        return Mesh(*(part[which] for part in vars(self).values()))

    def join(self, *others: Mesh) -> Mesh:
        """Return these triangles and others."""
        parts = zip(*(vars(mesh).values() for mesh in (self, *others)), strict=True)
        return Mesh(*(np.concatenate(part) for part in parts))


def _departures(images: Array) -> tuple[Array, Array, Array, Indices]:
    """How far maps are from linear, and from quadratic, in barycentric coordinates, (n,)
    each; the latter also as a distance between images; and which side bends most."""
    a, b, c = images[:, 0], images[:, 1], images[:, 2]
    middles = (images[:, :3] + np.roll(images[:, :3], -1, axis=1)) / 2
    away = images[:, 3:6] - middles
    quadratic = _INSIDE @ images[:, :3] + _BULGES @ away
    off = images[:, 6:] - quadratic
    away = np.concatenate([away, off], axis=1)
    first, second = b - a, c - a
    with np.errstate(divide="ignore", invalid="ignore"):
        det = (first[:, 0] * second[:, 1] - first[:, 1] * second[:, 0])[:, None]
        along = (away[..., 0] * second[:, None, 1] - away[..., 1] * second[:, None, 0]) / det
        across = (first[:, None, 0] * away[..., 1] - first[:, None, 1] * away[..., 0]) / det
        both = along + across
    size = np.nan_to_num(np.abs([along, across, both]).max(axis=0), nan=np.inf)
    flat = ~np.isfinite(size[:, :3]).all(axis=1)
    bends = np.where(flat[:, None], (away[:, :3] ** 2).sum(axis=2), size[:, :3])
    missed = np.sqrt((off**2).sum(axis=2).max(axis=1))
    return size[:, :3].max(axis=1), size[:, 3:].max(axis=1), missed, bends.argmax(axis=1)


def start_triangles(reach: float, cells: int) -> Array:
    """Cut the square [−reach, reach]² into triangles (2 cells², 3, 2)."""
    steps = np.linspace(-reach, reach, cells + 1)
    x, y = (side.ravel() for side in np.meshgrid(steps, steps, indexing="ij"))
    corner = np.arange(len(x)).reshape(cells + 1, cells + 1)
    a, b, c, d = (
        part.ravel()
        for part in (corner[:-1, :-1], corner[1:, :-1], corner[1:, 1:], corner[:-1, 1:])
    )
    index = np.concatenate([np.column_stack([a, b, c]), np.column_stack([a, c, d])])
    return np.column_stack([x, y])[index]


def latent_mesh(
    network: Network,
    discs: Discs | None = None,
    *,
    reach: float = REACH,
    bent: float = _BENT,
    mass: float = _MASS,
    folded: float = _FOLDED,
    first: float = _FIRST,
    crowd: float = _CROWD,
    work: Work | None = None,
) -> Mesh:
    """Cut the plane of noise into triangles on which the generator is nearly linear.

    Triangles are cut in two while ``bent`` exceeds its limit and they hold a mass of noise, or
    their images one of the target (``discs``), above ``mass`` (above ``folded`` where they fold),
    those with most of it first, and while there is ``work`` left.
    """
    seen = _Seen(network)
    work = work or Work()

    def measured(corners: Array) -> tuple[Mesh, Array]:
        """Measure triangles, leave out those that hold next to nothing, and say how much mass asks
        for each to be cut."""
        work.spend(len(corners) * (9 * cost(network) + _EACH))
        mesh = Mesh.of(network, corners)
        weights, empty = _weights(mesh, discs)
        far = mesh.folded | (mesh.bent > bent) | (mesh.rough > bent * _ROUGH)
        fine = mesh.folded & ~mesh.blind & (_sides(corners).max(axis=1) < _WIDE)
        asked = np.where(far, weights * np.where(fine, mass / folded, 1.0), 0.0)
        left = np.flatnonzero(far & mesh.blind & (asked <= mass) & ~empty)
        asked[left[seen.counts(mesh.images[left], mesh.missed[left]) > crowd * _SEEN]] = np.inf
        asked[(areas(corners) > first) & (np.hypot(*corners.mean(axis=1).T) < RARE)] = np.inf
        keep = ~empty | (asked > mass)
        return mesh.take(keep), asked[keep]

    mesh, asked = measured(start_triangles(reach, 16))
    least = max(mass, _LEAST)
    while not work.over:
        cut = asked > least
        if not cut.any():
            if least <= mass:
                break
            least = max(mass, least / 8)
        elif len(mesh) + cut.sum() > _MOST:
            break
        else:
            some = mesh.take(cut)
            parts, asked_of_parts = measured(halves(some.corners, _cuts(some)))
            mesh = mesh.take(~cut).join(parts)
            asked = np.concatenate([asked[~cut], asked_of_parts])
    return mesh


class _Seen:
    """Generated points, to tell how many lie in a triangle's image."""

    def __init__(self, network: Network) -> None:
        z = np.random.default_rng(0).standard_normal((_SEEN, 2))
        x = value_and_slopes(network, z)[0]
        self._x = np.ascontiguousarray(x[neighbours(x)].T)
        groups = self._x.reshape(2, -1, GROUP)
        (low0, low1), (high0, high1) = groups.min(axis=2), groups.max(axis=2)
        self._tree = shapely.STRtree(shapely.box(low0, low1, high0, high1))

    def counts(self, images: Array, missed: Array) -> Indices:
        """Count those in the boxes around images (n, 6, 2), (n,)."""
        boxes = askew(images, missed)
        triangle, group = self._tree.query(upright(boxes))
        found = np.zeros(len(images), np.intp)
        for _, triangles in candidates(self._x, boxes, group, triangle):
            found += np.bincount(triangles, minlength=len(found))
        return found


def _cuts(mesh: Mesh) -> Indices:
    """Choose the side to cut: that which bends most, so that along a fold triangles stay long; the
    longest of those that are very slim."""
    sides = _sides(mesh.corners)
    slim = sides.max(axis=1) > _SLIM * areas(mesh.corners)
    slim |= mesh.bent < mesh.rough
    return np.where(slim, sides.argmax(axis=1), mesh.bendiest)


def _sides(corners: Array) -> Array:
    """The squares of the sides' lengths, (n, 3)."""
    return ((corners[:, [1, 2, 0]] - corners) ** 2).sum(axis=2)


def _weights(mesh: Mesh, discs: Discs | None) -> tuple[Array, Mask]:
    """Bound the mass of noise in each triangle, or part of that of the target in its image, (n,);
    and say which hold next to nothing of either."""
    nearest = mesh.nearest
    size = areas(mesh.corners)
    noise = size * np.exp(-(nearest**2) / 2 - LOG_2PI)
    target = np.zeros(len(mesh))
    if discs is not None:
        there = discs.log_density_bound(*_circles(mesh.images))
        with np.errstate(over="ignore"):
            target = np.exp(there) * size * mesh.largest
    return np.maximum(noise, _TARGET * target), (nearest > RARE) & (target < _NONE)


def _circles(points: Array) -> tuple[Array, Array]:
    """Centres (n, 2) and radii (n,) of circles that hold points (n, m, 2)."""
    centres = points.mean(axis=1)
    away = points - centres[:, None]
    return centres, np.sqrt((away**2).sum(axis=2).max(axis=1))
