"""Where a mixture's density turns: around its modes, and on the lines between them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gan_eval.distributions.mixture import MixtureTarget

Array = NDArray[np.floating]
Mask = NDArray[np.bool_]

REACH = 9.0
"""Beyond so many standard deviations a mode has a mass of 3e-18."""
_SIDES = 8
_BANDS = (0.0, 3.0, 10.0, 40.0)
"""How far beside a line between two modes strips end, in lengths on which the densities' ratio
changes by e: ln p bends from one mode's parabola into the other's across them."""


def octagons(target: MixtureTarget) -> Array:
    """Draw an octagon around each mode, (k, 8, 2), that holds all of its mass but 3e-18."""
    angle = 2 * np.pi * (np.arange(_SIDES) + 0.5) / _SIDES
    circle = np.column_stack([np.cos(angle), np.sin(angle)]) * (REACH / np.cos(np.pi / _SIDES))
    return target.means[:, None] + circle @ np.swapaxes(_factors(target), 1, 2)


def in_octagons(target: MixtureTarget, x: Array) -> Array:
    """Say in which modes' octagons points (n, 2) lie, (n, k)."""
    angle = 2 * np.pi * np.arange(_SIDES) / _SIDES
    normals = np.column_stack([np.cos(angle), np.sin(angle)])
    white = np.einsum("nkj,kij->nki", x[:, None] - target.means, np.linalg.inv(_factors(target)))
    return (white @ normals.T).max(axis=-1) <= REACH * (1 + 1e-9)


def window_of(target: MixtureTarget) -> Array:
    """The lowest and the highest coordinates (2, 2) of the octagons."""
    corners = octagons(target).reshape(-1, 2)
    return np.array([corners.min(axis=0), corners.max(axis=0)])


def creases(target: MixtureTarget, window: Array) -> Array:
    """Draw segments (m, 2, 2) along which it pays to cut before integrating.

    The octagons; and of modes with one covariance the lines on which two of them are equally
    likely and no other is likelier, with strips beside them, inside a window (2, 2).
    """
    rings = octagons(target)
    found = [np.stack([rings, np.roll(rings, -1, axis=1)], axis=2).reshape(-1, 2, 2)]
    k = len(target.weights)
    if k > 1 and np.ptp(target.covariances, axis=0).max() == 0:
        found.append(_between(target, window))
    return np.concatenate(found)


def _factors(target: MixtureTarget) -> Array:
    """Matrices F (k, 2, 2) with F Fᵀ the covariances."""
    return np.linalg.cholesky(target.covariances)


def _between(target: MixtureTarget, window: Array) -> Array:
    """The lines between modes of one covariance, each as far as its two modes are the likeliest.

    ln w_i N(x; m_i, C) − ln w_j N(x; m_j, C) = g·x + c is linear.
    """
    inverse = np.linalg.inv(target.covariances[0])
    means, middle = target.means, target.means.mean(axis=0)
    slopes = (means - middle) @ inverse
    levels = np.log(target.weights) - 0.5 * (slopes * (means - middle)).sum(axis=1)
    first, second = np.triu_indices(len(means), 1)
    normal, level = slopes[first] - slopes[second], levels[first] - levels[second]
    steep = np.linalg.norm(normal, axis=1)
    apart = steep > 0
    first, normal, level, steep = first[apart], normal[apart], level[apart], steep[apart]
    along = np.column_stack([-normal[:, 1], normal[:, 0]]) / steep[:, None]
    foot = -(level / steep**2)[:, None] * normal
    # On the line foot + t along, mode i is likelier than mode l where rise t + start ≥ 0.
    rise = np.einsum("pd,pld->pl", along, slopes[first][:, None] - slopes)
    start = np.einsum("pd,pld->pl", foot, slopes[first][:, None] - slopes)
    start += levels[first][:, None] - levels
    low, high = _box(foot, along, window - middle)
    slack = 1e-9 * np.abs(start).max() + 1e-9
    with np.errstate(divide="ignore", invalid="ignore"):
        at = -start / rise
    flat = np.abs(rise) <= 1e-12 * np.abs(rise).max()
    low = np.maximum(low, np.where(~flat & (rise > 0), at, -np.inf).max(axis=1))
    high = np.minimum(high, np.where(~flat & (rise < 0), at, np.inf).min(axis=1))
    seen = (high > low + 1e-12 * (1 + np.abs(low))) & ~(flat & (start < -slack)).any(axis=1)
    ends = np.stack([low, high], axis=1)[seen]
    foot, along, normal, steep = foot[seen], along[seen], normal[seen], steep[seen]
    segments = middle + foot[:, None] + ends[..., None] * along[:, None]
    beside = (normal / steep[:, None] ** 2)[:, None]
    shifts = sorted({sign * band for band in _BANDS for sign in (1, -1)})
    return np.concatenate([segments + shift * beside for shift in shifts])


def _box(foot: Array, along: Array, window: Array) -> tuple[Array, Array]:
    """From where to where lines foot + t along run inside a window."""
    with np.errstate(divide="ignore", invalid="ignore"):
        at = (window[:, None] - foot) / along
    low, high = np.minimum(*at), np.maximum(*at)
    return np.nan_to_num(low, nan=-np.inf).max(axis=1), np.nan_to_num(high, nan=np.inf).min(axis=1)
