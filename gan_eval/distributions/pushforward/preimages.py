"""All points of noise that a smooth generator maps to a given point, and so its density."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from gan_eval.distributions.pushforward.cubature import Indices, areas
from gan_eval.distributions.pushforward.latent import (
    LOG_2PI,
    RARE,
    Mesh,
    log_noise,
)
from gan_eval.distributions.pushforward.network import Network
from gan_eval.distributions.pushforward.quadratic import QuadraticMaps
from gan_eval.distributions.pushforward.slopes import determinants, value_and_slopes
from gan_eval.distributions.pushforward.work import Work, cost

Array = NDArray[np.floating]
Mask = NDArray[np.bool_]

_HARD = 0.7
"""Bent as far, a triangle may hold several preimages or none."""
_STEPS = 16
_FIRST = 16
"""Points whose preimages are sought first: then it is known how many triangles each has."""
_PAIRS = 1 << 13
"""Pairs of a point and a triangle at a time, about, so that they fit the processor's cache."""
_ASKED, _SHARE, _PAIR, _QUADRATIC, _FROM_NODES, _STEP = 1.5, 0.5, 0.2, 0.2, 0.8, 0.3
"""The work of asking for a point's triangles and of adding up, of testing a pair, of a start by
either way, and of a step of Newton's method beside that of the generator."""
_NEGLIGIBLE = 22.0
"""Where less than e to the minus this is added to a density, at a guess, nothing is sought."""


@dataclass(frozen=True, eq=False)
class Shares:
    """A set of integrands over noise z, (n,), where other points z' may map to the same x.

    An integral over x is shared out among the preimages of x, as 1/|det J|⁴, but little to those so
    far out that there is no noise. So where others fold over a regular point, whose q jumps there
    to infinity, nothing that is integrated jumps: the others then have all of the share, and that
    of the regular point goes to 0 as the square of the distance.

    Attributes
    ----------
    x : ndarray, shape (n, 2)
        G(z).
    log_q : ndarray
        ln q(x).
    log_size : ndarray
        ln of the share times |det J|: ∫ f(x) dx over the image is ∫ f(G(z)) exp(log_size) dz.
    mixing : ndarray
        The share of ∫ Σ q_i ln(q/q_i) dx, q_i = φ/|det J|: of E ln(q/q_i).
    lost : ndarray of bool
        Where the search did not find z itself, and so may lack other preimages too.
    """

    x: Array
    log_q: Array
    log_size: Array
    mixing: Array
    lost: Mask


@dataclass(frozen=True, eq=False)
class Preimages:
    """The points of noise behind any point x, by a mesh of the plane of noise.

    Attributes
    ----------
    network : Network
        With tanh, from 2 coordinates to 2.
    mesh : Mesh
    """

    network: Network
    mesh: Mesh

    @cached_property
    def _maps(self) -> QuadraticMaps:
        return QuadraticMaps(self.mesh)

    @cached_property
    def _trees(self) -> list[tuple[shapely.STRtree, Indices, float]]:
        """Trees of the boxes around images, their triangles' numbers, and the most that one gives
        to ln q: one tree where noise is likely, one where it is not."""
        images = self.mesh.images
        middles = (images[:, :3] + np.roll(images[:, :3], -1, axis=1)) / 2
        pad = 1.5 * np.abs(images[:, 3:] - middles).max(axis=(1, 2))[:, None]
        low, high = images.min(axis=1) - pad, images.max(axis=1) + pad
        boxes = shapely.box(low[:, 0], low[:, 1], high[:, 0], high[:, 1])
        far = self.mesh.nearest > RARE
        parts = [np.flatnonzero(part) for part in (~far, far) if part.any()]
        return [(shapely.STRtree(boxes[n]), n, float(self._bounds[n].max())) for n in parts]

    def _pairs(self, x: Array, known: Array | None) -> tuple[Indices, Indices]:
        """Points (their numbers) and the triangles in whose images' boxes they lie."""
        asked = np.isfinite(x).all(axis=1)
        found = []
        for tree, numbers, bound in self._trees:
            mine = asked if known is None else asked & (bound > known - _NEGLIGIBLE)
            rows = np.flatnonzero(mine)
            point, box = tree.query(shapely.points(x[rows]))
            found.append((rows[point], numbers[box]))
        points, triangles = zip(*found, strict=True)
        point, triangle = np.concatenate(points), np.concatenate(triangles)
        if known is not None:
            keep = self._bounds[triangle] > known[point] - _NEGLIGIBLE
            point, triangle = point[keep], triangle[keep]
        return point, triangle

    def find(self, x: Array, known: Array | None = None) -> tuple[Indices, Array, Array]:
        """Find all z with G(z) = x for points x (n, 2).

        Those may be left out that add less than e^−22 to what is ``known`` of ln q(x), (n,).

        Returns
        -------
        point : ndarray of int, shape (m,)
            To which x each belongs, ascending.
        z : ndarray, shape (m, 2)
        log_det : ndarray, shape (m,)
            ln |det J(z)|.
        """
        return self._find(x, known, Work())[:3]

    def _find(self, x: Array, known: Array | None, work: Work) -> tuple[Indices, Array, Array, int]:
        """The same of as many of the first points as there is work for, and how many those are."""
        start, step = 0, _FIRST
        found: list[tuple[Indices, Array, Array]] = []
        found.append((np.zeros(0, np.intp), np.zeros((0, 2)), np.zeros(0)))
        while start < len(x) and not work.over:
            rows = slice(start, start + step)
            asked = x[rows]
            pairs = self._pairs(asked, None if known is None else known[rows])
            work.spend(len(asked) * _ASKED + len(pairs[0]) * _PAIR)
            point, z, size = self._starts(asked, *pairs, work)
            point, z, log_det = _distinct(*self._solve(asked, point, z, size, work))
            found.append((point + start, z, log_det))
            start += len(asked)
            step = int(np.clip(_PAIRS * len(asked) / max(len(pairs[0]), 1), 1, _PAIRS))
        point, z, log_det = (np.concatenate(part) for part in zip(*found, strict=True))
        return point, z, log_det, start

    def log_density(self, x: Array, work: Work) -> Array:
        """Compute ln q(x), the sum over all z with G(z) = x of φ(z)/|det J(z)|, (n,).

        NaN of points for which there is no work left.
        """
        point, z, log_det, searched = self._find(x, None, work)
        found = log_sums(point, log_noise(z) - log_det, len(x))
        found[searched:] = np.nan
        return found

    def shares(self, z: Array, work: Work) -> Shares:
        """Compare what points z (n, 2) give to the density at G(z) with what other preimages do.

        Those for which there is no work left are ``lost``.
        """
        work.spend(len(z) * (cost(self.network) + _SHARE))
        x, slopes = value_and_slopes(self.network, z)
        with np.errstate(divide="ignore"):
            log_det = np.log(np.abs(determinants(slopes)))
        own = np.clip(log_noise(z) - log_det, -1e4, 1e4)
        point, others, log_dets, _ = self._find(x, own, work)
        new = _largest(others - z[point]) > 1e-7 * (1 + _largest(others))
        lost = np.bincount(point[~new], minlength=len(z)) == 0
        point, logs = point[new], (log_noise(others) - log_dets)[new]
        n = len(z)
        largest = own.copy()
        np.maximum.at(largest, point, logs)
        mine, parts = np.exp(own - largest), np.exp(logs - largest[point])
        total = mine + np.bincount(point, parts, n)
        # Σ t ln(T/t), T the sum of all t, is how far ln q is above ln q_i in the mean over i.
        mixing = _mixing(mine, total) + np.bincount(point, _mixing(parts, total[point]), n)
        claim, claims = _claims(z, log_det), _claims(others[new], log_dets[new])
        most = claim.copy()
        np.maximum.at(most, point, claims)
        rest = np.bincount(point, np.exp(claims - most[point]), n)
        log_share = claim - most - np.log(np.exp(claim - most) + rest)
        size = np.exp(largest + log_share + log_det) * mixing
        return Shares(x, largest + np.log(total), log_share + log_det, size, lost)

    @cached_property
    def _bounds(self) -> Array:
        """About the most that each triangle may give to ln q, (n,)."""
        with np.errstate(divide="ignore"):
            return -0.5 * self.mesh.nearest**2 - np.log(self.mesh.typical) - LOG_2PI

    def _starts(
        self, x: Array, point: Indices, triangle: Indices, work: Work
    ) -> tuple[Indices, Array, Array]:
        """Candidates: the point's number, where to start, how far a step may go."""
        mesh = self.mesh
        # Where the map is nearly linear: one start, by the quadratic map through six points.
        easy = ~mesh.folded[triangle] & (mesh.bent[triangle] < _HARD) & (mesh.rough[triangle] < 0.1)
        p, t = point[easy], triangle[easy]
        linear, t, inside = self._maps.by_one(x[p], t)
        p = p[inside]
        # Elsewhere from the nearest of six images, and at a fold from both of its sides.
        hard_p, hard_t = point[~easy], triangle[~easy]
        apart = mesh.images[hard_t] - x[hard_p, None]
        apart = apart[..., 0] ** 2 + apart[..., 1] ** 2
        within = apart.min(axis=1) <= self._maps.spacings[hard_t]
        hard_p, hard_t, nearest = hard_p[within], hard_t[within], apart[within].argmin(axis=1)
        two_sided = mesh.folded[hard_t]
        fold_p, fold_t = hard_p[two_sided], hard_t[two_sided]
        node = np.concatenate([nearest, *mesh.sides[fold_t].T])
        p_hard = np.concatenate([hard_p, fold_p, fold_p])
        t_hard = np.concatenate([hard_t, fold_t, fold_t])
        work.spend(len(p) * _QUADRATIC + len(p_hard) * _FROM_NODES)
        places, kept = self._maps.from_nodes(x[p_hard], t_hard, node)
        p, t = np.concatenate([p, p_hard[kept]]), np.concatenate([t, t_hard[kept]])
        linear = np.concatenate([linear, places])
        corners = mesh.corners[t]
        z = (
            corners[:, 0]
            + linear[:, :1] * (corners[:, 1] - corners[:, 0])
            + linear[:, 1:] * (corners[:, 2] - corners[:, 0])
        )
        return p, z, np.sqrt(areas(corners))

    def _solve(
        self, x: Array, point: Indices, z: Array, size: Array, work: Work
    ) -> tuple[Indices, Array, Array]:
        """Newton's method from every start; those that come to no preimage fall away."""
        found: list[tuple[Indices, Array, Array]] = []
        wanted = x[point]
        origin = z
        for _ in range(_STEPS):
            work.spend(len(z) * (cost(self.network) + _STEP))
            value, slopes = value_and_slopes(self.network, z)
            det = determinants(slopes)
            x0, x1 = (wanted - value).T
            with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
                step0 = (x0 * slopes[:, 1, 1] - x1 * slopes[:, 1, 0]) / det
                step1 = (x1 * slopes[:, 0, 0] - x0 * slopes[:, 0, 1]) / det
                length = np.hypot(step0, step1)
                # No farther than twice the triangle's size at a time.
                ratio = np.minimum(1.0, 2 * size / np.maximum(length, 1e-300))
                moved = np.column_stack([z[:, 0] + step0 * ratio, z[:, 1] + step1 * ratio])
                done = length <= 1e-9 * (1 + _largest(z))
                near = _largest(moved - origin) <= 4 * size
            found.append((point[done], moved[done], np.log(np.abs(det[done]))))
            go = np.flatnonzero(near & ~done)
            if not len(go):
                break
            point, z, size = point[go], moved[go], size[go]
            origin, wanted = origin[go], wanted[go]
        points, places, logs = zip(*found, strict=True)
        return np.concatenate(points), np.concatenate(places), np.concatenate(logs)


def _largest(v: Any) -> Array:
    """The larger of the two absolute values in each row (n, 2)."""
    return np.maximum(np.abs(v[:, 0]), np.abs(v[:, 1]))


def _claims(z: Array, log_det: Array) -> Array:
    """ln of what the shares are in proportion to."""
    return -4.0 * np.maximum(log_det, -1e4) - (np.hypot(z[:, 0], z[:, 1]) / 5.5) ** 12


def _mixing(part: Array, total: Any) -> Array:
    return part * np.log(total / np.maximum(part, 1e-200))


def _distinct(point: Indices, z: Array, log_det: Array) -> tuple[Indices, Array, Array]:
    """Leave out preimages that were found twice; sorted by the point."""
    order = np.lexsort((z[:, 0], point))
    point, z, log_det = point[order], z[order], log_det[order]
    new = np.ones(len(point), bool)
    close = 1e-7 * (1 + _largest(z[1:]))
    new[1:] = (point[1:] != point[:-1]) | (_largest(z[1:] - z[:-1]) > close)
    return point[new], z[new], log_det[new]


def log_sums(group: Indices, logs: Array, n: int) -> Array:
    """Compute ln Σ exp of each of n groups (sorted), −∞ of an empty one, (n,)."""
    largest = np.full(n, -np.inf)
    np.maximum.at(largest, group, logs)
    shift = np.where(np.isfinite(largest), largest, 0.0)
    sums = np.bincount(group, weights=np.exp(logs - shift[group]), minlength=n)
    with np.errstate(divide="ignore"):
        return shift + np.log(sums)
