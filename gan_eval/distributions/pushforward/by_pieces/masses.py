"""The mass of normal noise in polygons and in their parts near modes: Green's theorem, exact."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import owens_t

Array = NDArray[np.floating]
Mask = NDArray[np.bool_]
Indices = NDArray[np.intp]

_PANELS = 8
"""An arc is integrated over in so many parts, of so many nodes each."""
_NODES = 24
_CLOSE = 1e-13
_REACH = 18.0
"""The width of the square that holds the mass."""
_BEND = 1e-13


def polygon_masses(corners: Array) -> Array:
    """Compute the mass of N(0, I) in polygons (..., corners, 2), shape (...).

    Above 0 where corners run against the clock. A corner may be repeated.

    Examples
    --------
    >>> quadrant = np.array([[0.0, 0.0], [50.0, 0.0], [50.0, 50.0], [0.0, 50.0]])
    >>> polygon_masses(quadrant).round(12).item()
    0.25
    """
    return edge_masses(corners, np.roll(corners, -1, axis=-2)).sum(axis=-1)


def edge_masses(start: Array, end: Array) -> Array:
    """Compute the mass of N(0, I) in triangles (0, start, end), signed, of points (..., 2).

    The angle at 0 over 2π less Owen's T at both ends (Owen 1956, "Tables for computing bivariate
    normal probabilities", Annals of Mathematical Statistics 27, 1075–1090).
    """
    along = end - start
    length = np.hypot(along[..., 0], along[..., 1])
    cross = start[..., 0] * end[..., 1] - start[..., 1] * end[..., 0]
    some = np.abs(cross) > _CLOSE * length * (np.abs(start).max(-1) + np.abs(end).max(-1))
    with np.errstate(divide="ignore", invalid="ignore"):
        unit = along / length[..., None]
        height = np.where(some, np.abs(cross / length), 1.0)
        first, last = (np.where(some, (at * unit).sum(-1) / height, 0.0) for at in (start, end))
    angle = np.arctan2(cross, (start * end).sum(-1)) / (2 * np.pi)
    tails = np.sign(cross) * (owens_t(height, last) - owens_t(height, first))
    return np.where(some, angle - tails, 0.0)


def disc_masses(
    corners: Array, noise: Array, matrices: Array, centres: Array
) -> tuple[Array, Array]:
    """Compute the mass of noise in parts of convex polygons, those that lie in ellipses.

    Parameters
    ----------
    corners : ndarray, shape (n, corners, 2)
        Convex polygons of the plane of u, against the clock in the plane of z; the ellipse is
        |u| ≤ 1 there.
    noise : ndarray, shape (n, corners, 2)
        The same corners in the plane of z.
    matrices, centres : ndarray, shape (n, 2, 2) and (n, 2)
        z = u K + c.

    Returns
    -------
    (ndarray, ndarray), shape (n,)
        The masses, and how far each may be from the truth.
    """
    turned = np.linalg.det(matrices) < 0
    corners, noise = (
        np.where(turned[:, None, None], given[:, ::-1], given) for given in (corners, noise)
    )
    ends, noise_ends = np.roll(corners, -1, axis=1), np.roll(noise, -1, axis=1)
    low, high, inside = _in_disc(corners, ends)
    enter, leave = (corners + at[..., None] * (ends - corners) for at in (low, high))
    from_z, to_z = (noise + at[..., None] * (noise_ends - noise) for at in (low, high))
    masses = np.where(inside, edge_masses(from_z, to_z), 0.0).sum(axis=1)
    polygon, out, back = _ways_out(inside, low, high)
    straight = _straight(matrices)[polygon]
    chords, thin = polygon[straight], (polygon[straight], out[straight])
    np.add.at(masses, chords, edge_masses(to_z[thin], from_z[chords, back[straight]]))
    polygon, out, back = polygon[~straight], out[~straight], back[~straight]
    first, last = _angle(leave[polygon, out]), _angle(enter[polygon, back])
    whole = np.flatnonzero(~inside.any(axis=1) & _holds_origin(corners, ends))
    polygon = np.concatenate([polygon, whole])
    turn = np.concatenate([(last - first) % (2 * np.pi), np.full(len(whole), 2 * np.pi)])
    first = np.concatenate([first, np.zeros(len(whole))])
    arcs = [
        _arc_masses(matrices[polygon], centres[polygon], first, turn, nodes)
        for nodes in (_NODES, _NODES // 2)
    ]
    errors = np.zeros(len(masses))
    np.add.at(masses, polygon, arcs[0])
    np.add.at(errors, polygon, np.abs(arcs[0] - arcs[1]))
    return np.where(turned, -masses, masses), errors


def _in_disc(start: Array, end: Array) -> tuple[Array, Array, Mask]:
    """From which to which part, from 0 to 1, of a side it lies in the unit disc, and whether."""
    along = end - start
    a, b = (along**2).sum(-1), (start * along).sum(-1)
    # The distance of the line from 0, not the small difference of large squares.
    cross = start[..., 0] * along[..., 1] - start[..., 1] * along[..., 0]
    with np.errstate(divide="ignore", invalid="ignore"):
        length = np.sqrt(a)
        # Not by squares of the cross product, which of far corners are no numbers.
        reach = np.sqrt(np.maximum((length - np.abs(cross)) * (length + np.abs(cross)), 0.0))
        low, high = np.maximum((-b - reach) / a, 0.0), np.minimum((-b + reach) / a, 1.0)
    inside = (a > 0) & (length > np.abs(cross)) & (low < high)
    return np.where(inside, low, 0.0), np.where(inside, high, 0.0), inside


def _ways_out(inside: Mask, low: Array, high: Array) -> tuple[Indices, Indices, Indices]:
    """Find where the border of polygons leaves the disc: the polygon, the side, and the side on
    which it next comes back, which may be the same one."""
    polygon, side = np.nonzero(inside & (high < 1))
    sides = inside.shape[1]
    ahead = (side[:, None] + 1 + np.arange(sides)) % sides
    entries = (inside & (low > 0))[polygon[:, None], ahead]
    return polygon, side, ahead[np.arange(len(side)), entries.argmax(axis=1)]


def _straight(matrices: Array) -> Mask:
    """Say of which maps u → z arcs across a polygon are as good as straight: its width in u is the
    mass's reach over the stretch to z, so the arc bends by the square of that."""
    stretch = np.linalg.svd(matrices, compute_uv=False)
    return np.asarray((_REACH / stretch[:, 0]) ** 2 / 8 * stretch[:, 1] < _BEND)


def _angle(u: Array) -> Array:
    return np.arctan2(u[:, 1], u[:, 0])


def _holds_origin(start: Array, end: Array) -> Mask:
    cross = start[..., 0] * end[..., 1] - start[..., 1] * end[..., 0]
    return np.asarray((cross >= 0).all(axis=1) & (cross > 0).any(axis=1))


def _arc_masses(matrices: Array, centres: Array, first: Array, turn: Array, count: int) -> Array:
    """Integrate z × dz (1 − exp(−|z|²/2)) / (2π |z|²) along arcs: its curl is the density."""
    nodes, weights = np.polynomial.legendre.leggauss(count)
    parts = (np.arange(_PANELS)[:, None] + (nodes + 1) / 2).ravel() / _PANELS
    angle = first[:, None] + turn[:, None] * parts
    u = np.stack([np.cos(angle), np.sin(angle)], axis=-1)
    slope = np.stack([-u[..., 1], u[..., 0]], axis=-1)
    z = np.einsum("nqi,nij->nqj", u, matrices) + centres[:, None]
    dz = np.einsum("nqi,nij->nqj", slope, matrices)
    square = np.maximum((z**2).sum(-1), 1e-300)
    field = -np.expm1(-square / 2) / (2 * np.pi * square)
    along = field * (z[..., 0] * dz[..., 1] - z[..., 1] * dz[..., 0])
    return turn * (along @ np.tile(weights, _PANELS)) / (2 * _PANELS)
