"""The mass that a generator of relu puts near each mode of a mixture, exact."""

from __future__ import annotations

from functools import lru_cache
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from gan_eval.distributions.mixture import MixtureTarget
from gan_eval.distributions.modes import WITHIN
from gan_eval.distributions.pushforward.by_pieces.masses import disc_masses, polygon_masses
from gan_eval.distributions.pushforward.by_pieces.regions import Corner, Polygon, Regions, kept
from gan_eval.distributions.pushforward.cubature import integrate

Array = NDArray[np.floating]
Mask = NDArray[np.bool_]

_OCTAGON = np.array([[np.cos(a), np.sin(a)] for a in np.pi / 4 * np.arange(8)])
_JUMPS = 1e-5
_LIMIT = 500_000
_BLOCK = 20_000
"""Pairs of a region and a mode that are computed at once."""


def mode_masses(regions: Regions, target: MixtureTarget) -> tuple[Array, float]:
    """Compute the mass of noise that regions bring within 3 deviations of their nearest mode.

    Parameters
    ----------
    regions : Regions
        Those with an end, flat ones too.
    target : MixtureTarget

    Returns
    -------
    (ndarray of shape (k,), float)
        The masses, and how far each may be from the truth.

    Notes
    -----
    Near a mode is an ellipse, and where ellipses of equal shape overlap, what is cut off by the
    lines between them. Ellipses of other shapes that overlap are parted by a curve: there the mass
    is found by quadrature, to 1e-5 or 1e-4.
    """
    inverses = np.linalg.inv(np.linalg.cholesky(target.covariances)) / WITHIN
    flat = regions.take(regions.flat)
    masses, error = _of_full(regions.take(~regions.flat), target, inverses)
    masses += _of_flat(flat, target, inverses)
    if curved := _curved(target):
        masses[curved] = 0.0
        parts, jumps = _by_quadrature(regions, target, inverses, curved)
        masses, error = masses + parts, error + jumps
    return masses, error


@lru_cache(maxsize=16)
def target_masses(target: MixtureTarget) -> Array:
    """Compute the target's own mass within 3 deviations of its modes, (k,): its components are
    linear generators."""
    square = 9.0 * np.array([[1.0, -1.0], [1.0, 1.0], [-1.0, 1.0], [-1.0, -1.0]])
    k = len(target.weights)
    corners = np.tile(np.column_stack([square, np.ones(4)]), (k, 1, 1))
    matrices = np.swapaxes(np.linalg.cholesky(target.covariances), 1, 2)
    whole = np.ones(k, bool)
    components = Regions(corners, np.full(k, 4), matrices, target.means, whole, ~whole)
    return np.array(
        [
            weight * mode_masses(components.take(np.array([j])), target)[0]
            for j, weight in enumerate(target.weights)
        ]
    ).sum(axis=0)


def _curved(target: MixtureTarget) -> list[int]:
    """Find modes whose ellipse overlaps one of another shape: a curve parts them."""
    found = {
        mode
        for i, j in _pairs(target)
        if (target.covariances[i] != target.covariances[j]).any() and _meet(target, i, j)
        for mode in (i, j)
    }
    return sorted(found)


def _by_quadrature(
    regions: Regions, target: MixtureTarget, inverses: Array, modes: list[int]
) -> tuple[Array, float]:
    """The masses near these modes (of k, others 0), by quadrature of a function that jumps."""
    triangles, owners, columns = [], [], []
    for mode in modes:
        normals = _OCTAGON @ inverses[mode]
        levels = 1 + normals @ target.means[mode]
        sides = [(-a, -b, c) for (a, b), c in zip(normals.tolist(), levels.tolist(), strict=True)]
        for number in range(len(regions)):
            cell = _own(regions, number, sides)
            if cell is not None:
                corners = np.array(cell)
                corners = corners[:, :2] / corners[:, 2:]
                fan = [[corners[0], *pair] for pair in pairwise(corners[1:])]
                triangles += fan
                owners += [number] * len(fan)
                columns += [mode] * len(fan)
    masses = np.zeros(len(inverses))
    if not triangles:
        return masses, 0.0
    owner, column = np.array(owners), np.array(columns)

    def inside(z: Array, triangle: NDArray[np.intp]) -> Array:
        number, mode = owner[triangle], column[triangle]
        x = np.einsum("ni,nij->nj", z, regions.matrices[number]) + regions.shifts[number]
        white = np.einsum("nki,kji->nkj", x[:, None] - target.means, inverses)
        squares = (white**2).sum(axis=2)
        mine = squares[np.arange(len(z)), mode]
        within = (mine <= 1) & (squares.argmin(axis=1) == mode)
        values = np.zeros((len(z), len(inverses)))
        density = np.exp(-(z**2).sum(axis=1) / 2) / (2 * np.pi)
        values[np.arange(len(z)), mode] = np.where(within, density, 0.0)
        return values

    integral = integrate(inside, np.array(triangles), tolerance=_JUMPS, limit=_LIMIT)
    return integral.totals, float(integral.errors.max())


def _pairs(target: MixtureTarget) -> list[tuple[int, int]]:
    """Pairs of modes whose circles around their ellipses overlap."""
    reach = WITHIN * np.sqrt(np.linalg.eigvalsh(target.covariances)[:, -1])
    apart = np.linalg.norm(target.means[:, None] - target.means, axis=2)
    near = np.triu(apart < reach[:, None] + reach, 1)
    return [(int(i), int(j)) for i, j in np.argwhere(near)]


def _meet(target: MixtureTarget, i: int, j: int) -> bool:
    """Say whether two ellipses of 3 deviations may overlap: no direction tried parts them."""
    apart = target.means[j] - target.means[i]
    first, second = target.covariances[i], target.covariances[j]
    for to in (apart, np.linalg.solve(first + second, apart)):
        reach = WITHIN * (np.sqrt(to @ first @ to) + np.sqrt(to @ second @ to))
        if reach < to @ apart:
            return False
    return True


def _neighbours(target: MixtureTarget) -> dict[int, list[Corner]]:
    """Lines beyond which another mode is nearer, of modes whose ellipses of one shape overlap: of
    each mode j (a, b, c), and a x + b y + c is above 0 on its side."""
    lines: dict[int, list[Corner]] = {}
    for i, j in _pairs(target):
        if _meet(target, i, j) and (target.covariances[i] == target.covariances[j]).all():
            apart = target.means[j] - target.means[i]
            a, b = np.linalg.solve(target.covariances[i], apart)
            if a == b == 0:  # one place: the first has all
                lines.setdefault(j, []).append((0.0, 0.0, -1.0))
                continue
            c = -(a * (target.means[i, 0] + apart[0] / 2) + b * (target.means[i, 1] + apart[1] / 2))
            lines.setdefault(i, []).append((-a, -b, -c))
            lines.setdefault(j, []).append((a, b, c))
    return lines


def _of_full(regions: Regions, target: MixtureTarget, inverses: Array) -> tuple[Array, float]:
    """The masses of regions that are not flat."""
    masses = np.zeros(len(inverses))
    if not len(regions):
        return masses, 0.0
    images = regions.images()[..., :2]
    low, high = images.min(axis=1)[:, None], images.max(axis=1)[:, None]
    reach = WITHIN * np.sqrt(np.diagonal(target.covariances, axis1=1, axis2=2))
    near = ((low <= target.means + reach) & (high >= target.means - reach)).all(axis=2)
    lines = _neighbours(target)
    straight = near & ~np.isin(np.arange(len(masses)), list(lines))
    region, mode = np.nonzero(straight)
    parts = [(regions.corners[region, :, :2], region, mode)]
    for number, other in np.argwhere(near & ~straight):
        cell = _own(regions, int(number), lines[int(other)])
        if cell is not None:
            at = np.array(cell)
            parts.append(((at[:, :2] / at[:, 2:])[None], np.array([number]), np.array([other])))
    error = 0.0
    for corners, region, mode in parts:
        for start in range(0, len(region), _BLOCK):
            part = slice(start, start + _BLOCK)
            found, errors = _in_ellipses(
                corners[part],
                regions.take(region[part]),
                target.means[mode[part]],
                inverses[mode[part]],
            )
            np.add.at(masses, mode[part], found)
            error += float(errors.sum())
    return masses, error


def _in_ellipses(
    corners: Array, regions: Regions, means: Array, inverses: Array
) -> tuple[Array, Array]:
    """The masses of polygons of noise (n, corners, 2), each of a region and near a mode."""
    # x = z A + b and u = (x − m) Lᵀ, so z = u K + c.
    to_u = regions.matrices @ np.swapaxes(inverses, 1, 2)
    back = np.linalg.inv(to_u)
    at = np.einsum("ni,nji->nj", regions.shifts - means, inverses)
    centres = -np.einsum("ni,nij->nj", at, back)
    return disc_masses(corners @ to_u + at[:, None], corners, back, centres)


def _of_flat(regions: Regions, target: MixtureTarget, inverses: Array) -> Array:
    """The masses of regions that become lines or points: strips of the plane of noise."""
    masses = np.zeros(len(inverses))
    lines = _neighbours(target)
    for number in range(len(regions)):
        left, stretch, _ = np.linalg.svd(regions.matrices[number])
        for mode, inverse in enumerate(inverses):
            at = inverse @ (regions.shifts[number] - target.means[mode])
            way = inverse @ (left[:, 0] @ regions.matrices[number])
            sides = _strip(at, way, left[:, 0]) if stretch[0] > 0 else _all_or_none(at)
            if sides is None:
                continue
            cell: Polygon | None = _own(regions, number, lines.get(mode, []))
            for side in sides:
                cell = kept(cell, side) if cell is not None else None
            if cell is not None:
                corners = np.array(cell)
                masses[mode] += polygon_masses(corners[:, :2] / corners[:, 2:])
    return masses


def _strip(at: Array, way: Array, direction: Array) -> list[Corner] | None:
    """The two sides of the strip of z where |at + (z · direction) way| ≤ 1; None if nowhere."""
    a, b = way @ way, at @ way
    cross = at[0] * way[1] - at[1] * way[0]
    if a <= cross**2:
        return None
    low, high = (-b - np.sqrt(a - cross**2)) / a, (-b + np.sqrt(a - cross**2)) / a
    x, y = direction.tolist()
    return [(x, y, -float(low)), (-x, -y, float(high))]


def _all_or_none(at: Array) -> list[Corner] | None:
    return [] if at @ at <= 1 else None


def _own(regions: Regions, number: int, lines: list[Corner]) -> Polygon | None:
    """The part of a region of noise whose image is on one side of lines (a, b, c); or None."""
    corners = regions.corners[number, : regions.counts[number]].tolist()
    cell: Polygon | None = [(x, y, w) for x, y, w in corners]
    matrix, shift = regions.matrices[number], regions.shifts[number]
    for a, b, c in lines:
        if cell is None:
            break
        x, y = matrix @ (a, b)
        cell = kept(cell, (float(x), float(y), float(shift @ (a, b)) + c))
    return cell
