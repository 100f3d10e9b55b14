"""Boxes around the images of triangles, and which points lie in them."""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from gan_eval.distributions.pushforward.by_mesh.candidates_code import GROUP
from gan_eval.distributions.pushforward.cubature import Indices

Array = NDArray[np.floating]


def askew(images: Array, missed: Array) -> Array:
    """Put a box around each image, along its longest side: of both axes two coordinates and two
    ends, (n, 8)."""
    middles = (images[:, :3] + images[:, [1, 2, 0]]) / 2
    away = images - images.mean(axis=1, keepdims=True)
    xx, xy, yy = (away[..., i] * away[..., j] for i, j in ((0, 0), (0, 1), (1, 1)))
    angle = np.arctan2(2 * xy.sum(axis=1), (xx - yy).sum(axis=1)) / 2
    sides = []
    for a0, a1 in ((np.cos(angle), np.sin(angle)), (-np.sin(angle), np.cos(angle))):
        along = images[..., 0] * a0[:, None] + images[..., 1] * a1[:, None]
        off = along[:, 3:] - (middles[..., 0] * a0[:, None] + middles[..., 1] * a1[:, None])
        low, high = along.min(axis=1), along.max(axis=1)
        pad = np.abs(off).max(axis=1) + 3 * missed + 0.05 * (high - low)
        sides += [a0, a1, low - pad, high + pad]
    return np.column_stack(sides)


def upright(boxes: Array) -> Any:
    """Put upright boxes of shapely around boxes that lie askew (n, 8)."""
    a0, a1, low, high = boxes[:, :4].T
    b0, b1, lowest, highest = boxes[:, 4:].T
    middle, half = (low + high) / 2, (high - low) / 2
    other, other_half = (lowest + highest) / 2, (highest - lowest) / 2
    x0, x1 = a0 * middle + b0 * other, a1 * middle + b1 * other
    wide = np.abs(a0) * half + np.abs(b0) * other_half
    tall = np.abs(a1) * half + np.abs(b1) * other_half
    return shapely.box(x0 - wide, x1 - tall, x0 + wide, x1 + tall)


def neighbours(x: Array) -> Indices:
    """Order points (n, 2) so that those that follow each other are near: stripes with as many
    points in each, along which they are sorted."""
    first = np.argsort(x[:, 0], kind="stable")
    stripe = np.empty(len(x), np.intp)
    stripe[first] = np.arange(len(x)) // max(int(np.sqrt(len(x) * GROUP)), 1)
    return np.lexsort((x[:, 1], stripe))
