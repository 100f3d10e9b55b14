"""The edges of regions' images, each drawn once, though two regions share it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gan_eval.distributions.pushforward.by_pieces.regions import Regions

Array = NDArray[np.floating]
Mask = NDArray[np.bool_]
Indices = NDArray[np.intp]

_SAME = 1e-11
"""Corners of the plane of noise are one where they are so near, in parts of their place."""


@dataclass(frozen=True, eq=False)
class Edges:
    """The edges between regions, in the plane of points.

    Attributes
    ----------
    inner : ndarray, shape (n, 2, 2)
        Segments: the edges of regions with an end.
    outer : ndarray, shape (m, 2, 2)
        The other edges: of segments both ends; of rays the end and the direction.
    rays : ndarray of bool, shape (m,)
        Which of these are rays.
    names : ndarray of int, shape (regions, corners)
        Which of the different corners each corner is.
    places : ndarray, shape (names, 2)
        One image of each corner, so that neighbours share their edges to the last bit.
    """

    inner: Array
    outer: Array
    rays: Mask
    names: Indices
    places: Array


def edges_of(regions: Regions) -> Edges:
    """Find the edges of regions and draw each once."""
    # Regions with an end first: what they share with others is theirs.
    order = np.argsort(~regions.inner, kind="stable")
    corners, images = regions.corners[order], regions.images()[order]
    flat = corners.reshape(-1, 3)
    largest = np.maximum(np.abs(flat).max(axis=1, initial=0.0), 1.0)
    keys = np.round(flat / largest[:, None] / _SAME).astype(np.int64)
    _, first, name = np.unique(keys, axis=0, return_index=True, return_inverse=True)
    ideal = flat[first, 2] == 0
    places = images.reshape(-1, 3)[first, :2]
    names = name.reshape(corners.shape[:2])
    sides = np.stack([names, np.roll(names, -1, axis=1)], axis=-1).reshape(-1, 2)
    where = np.arange(len(sides)).reshape(names.shape)
    ends = np.stack([where, np.roll(where, -1, axis=1)], axis=-1).reshape(-1, 2)
    some = (sides[:, 0] != sides[:, 1]) & ~ideal[sides].all(axis=1)
    # The end that is a point first; of two the lower number.
    turn = ideal[sides[:, 0]] | (~ideal[sides[:, 1]] & (sides[:, 0] > sides[:, 1]))
    sides, ends = (np.where(turn[:, None], pair[:, ::-1], pair)[some] for pair in (sides, ends))
    owner = np.flatnonzero(some) // corners.shape[1]
    if len(sides):
        _, kept = np.unique(sides, axis=0, return_index=True)
        sides, ends, owner = sides[kept], ends[kept], owner[kept]
    start = places[sides[:, 0]]
    rays = ideal[sides[:, 1]]
    # A direction has another image on each region.
    ways = images.reshape(-1, 3)[ends[:, 1], :2]
    end = np.where(rays[:, None], ways, places[sides[:, 1]])
    drawn = np.stack([start, end], axis=1)
    inner = regions.inner[order][owner]
    back = np.empty_like(names)
    back[order] = names
    return Edges(drawn[inner], drawn[~inner], rays[~inner], back, places)


def images_of(regions: Regions, edges: Edges) -> Array:
    """The images (n, corners, 2) of regions with an end, by the places that edges have."""
    return edges.places[edges.names[regions.inner]]


def border(box: Array) -> Array:
    """The sides (4, 2, 2) of a box (2, 2) of lowest and highest coordinates."""
    (left, low), (right, high) = box
    ring = np.array([[left, low], [right, low], [right, high], [left, high]])
    return np.stack([ring, np.roll(ring, -1, axis=0)], axis=1)


def clipped(lines: Array, box: Array, rays: Mask | None = None) -> Array:
    """The parts of segments (m, 2, 2), or rays, that lie in a box (2, 2)."""
    endless = np.zeros(len(lines), bool) if rays is None else rays
    start, along = lines[:, 0], lines[:, 1] - np.where(endless[:, None], 0.0, lines[:, 0])
    most = np.where(endless, np.inf, 1.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        at = (box[:, None] - start) / along
    low = np.nan_to_num(np.minimum(*at), nan=-np.inf).max(axis=1)
    high = np.nan_to_num(np.maximum(*at), nan=np.inf).min(axis=1)
    low, high = np.maximum(low, 0.0), np.minimum(high, most)
    some = (high > low) & np.isfinite(high)
    lines, start, along, low, high = (part[some] for part in (lines, start, along, low, high))
    parts = np.stack([start + low[:, None] * along, start + high[:, None] * along], axis=1)
    # An end that is not cut off stays as it is, to the last bit.
    whole = ~endless[some] & (high == 1)
    parts[whole, 1] = lines[whole, 1]
    return parts
