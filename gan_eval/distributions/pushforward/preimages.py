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
_MARGIN = 0.15
_NODES = np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0], [0.5, 0.0], [0.5, 0.5], [0.0, 0.5]])
"""Barycentric coordinates 1 and 2 of the six points of a triangle."""
_NEGLIGIBLE = 22.0
"""Where less than e to the minus this is added to a density, at a guess, nothing is sought."""


@dataclass(frozen=True, eq=False)
class Shares:
    """What is integrated over noise z, (n,), where other points z' may map to the same x.

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
    def _trees(self) -> list[tuple[shapely.STRtree, Indices, float]]:
        """Of the boxes around images, with the triangles' numbers, and the most that one gives to
        ln q: one tree where noise is likely, one where it is not."""
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

    @cached_property
    def _inverses(self) -> Array:
        """Of the linear maps from barycentric coordinates 1 and 2 to x, (n, 2, 2)."""
        images = self.mesh.images
        first, second = images[:, 1] - images[:, 0], images[:, 2] - images[:, 0]
        with np.errstate(divide="ignore", invalid="ignore"):
            det = first[:, 0] * second[:, 1] - first[:, 1] * second[:, 0]
            rows = [second[:, 1], -second[:, 0], -first[:, 1], first[:, 0]]
            return np.stack([row / det for row in rows], axis=1).reshape(-1, 2, 2)

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

    @cached_property
    def _spacings(self) -> Array:
        """The square of the longest way from a corner's image to that of a side's middle, (n,)."""
        images = self.mesh.images
        first = ((images[:, 3:] - images[:, :3]) ** 2).sum(axis=2)
        second = ((images[:, 3:] - images[:, [1, 2, 0]]) ** 2).sum(axis=2)
        return np.maximum(first, second).max(axis=1)

    @cached_property
    def _bends(self) -> Array:
        """Four times how far the sides' middles are off, in barycentric coordinates, (n, 3, 2)."""
        images = self.mesh.images
        middles = (images[:, :3] + images[:, [1, 2, 0]]) / 2
        return 4 * np.einsum("nij,nkj->nki", self._inverses, images[:, 3:] - middles)

    def _by_quadratic(self, x: Array, t: Indices) -> tuple[Array, Indices, Indices]:
        """Solve for x (n, 2) by the quadratic maps of triangles t (n,), where these are invertible.

        Returns barycentric coordinates (n, 2), those of the triangles that may hold z, and which.
        """
        inverse, away = self._inverses[t], x - self.mesh.images[t, 0]
        to_one = inverse[:, 0, 0] * away[:, 0] + inverse[:, 0, 1] * away[:, 1]
        to_two = inverse[:, 1, 0] * away[:, 0] + inverse[:, 1, 1] * away[:, 1]
        margin = 2 * self.mesh.bent[t] + 0.05
        near = np.flatnonzero(
            (to_one >= -margin) & (to_two >= -margin) & (to_one + to_two <= 1 + margin)
        )
        t, to_one, to_two = t[near], to_one[near], to_two[near]
        ((a0, a1), (b0, b1), (c0, c1)) = self._bends[t].transpose(1, 2, 0)
        one, two = np.clip(to_one, 0.0, 1.0), np.clip(to_two, 0.0, 1.0)
        with np.errstate(all="ignore"):
            for _ in range(3):
                zero = 1 - one - two
                p, q, r = zero * one, one * two, two * zero
                off_one = one + p * a0 + q * b0 + r * c0 - to_one
                off_two = two + p * a1 + q * b1 + r * c1 - to_two
                m00 = 1 + (zero - one) * a0 + two * (b0 - c0)
                m01 = -one * (a0 - b0) + (zero - two) * c0
                m10 = (zero - one) * a1 + two * (b1 - c1)
                m11 = 1 - one * (a1 - b1) + (zero - two) * c1
                det = m00 * m11 - m01 * m10
                one = one - (m11 * off_one - m01 * off_two) / det
                two = two - (m00 * off_two - m10 * off_one) / det
        margin = 5 * self.mesh.rough[t] + 0.02
        inside = (one >= -margin) & (two >= -margin) & (one + two <= 1 + margin)
        # Where the quadratic map leads astray, the linear one has the last word.
        plain = ~inside & (to_one >= 0) & (to_two >= 0) & (to_one + to_two <= 1)
        one, two = np.where(plain, to_one, one), np.where(plain, to_two, two)
        inside |= plain
        return np.column_stack([one, two])[inside], t[inside], near[inside]

    def _starts(
        self, x: Array, point: Indices, triangle: Indices, work: Work
    ) -> tuple[Indices, Array, Array]:
        """Candidates: the point's number, where to start, how far a step may go."""
        mesh = self.mesh
        # Where the map is nearly linear: one start, by the quadratic map through six points.
        easy = ~mesh.folded[triangle] & (mesh.bent[triangle] < _HARD) & (mesh.rough[triangle] < 0.1)
        p, t = point[easy], triangle[easy]
        linear, t, inside = self._by_quadratic(x[p], t)
        p = p[inside]
        # Elsewhere from the nearest of six images, and at a fold from both of its sides.
        hard_p, hard_t = point[~easy], triangle[~easy]
        apart = mesh.images[hard_t] - x[hard_p, None]
        apart = apart[..., 0] ** 2 + apart[..., 1] ** 2
        within = apart.min(axis=1) <= self._spacings[hard_t]
        hard_p, hard_t, nearest = hard_p[within], hard_t[within], apart[within].argmin(axis=1)
        two_sided = mesh.folded[hard_t]
        fold_p, fold_t = hard_p[two_sided], hard_t[two_sided]
        node = np.concatenate([nearest, *mesh.sides[fold_t].T])
        p_hard = np.concatenate([hard_p, fold_p, fold_p])
        t_hard = np.concatenate([hard_t, fold_t, fold_t])
        work.spend(len(p) * _QUADRATIC + len(p_hard) * _FROM_NODES)
        places, kept = self._from_nodes(x[p_hard], t_hard, node)
        p, t = np.concatenate([p, p_hard[kept]]), np.concatenate([t, t_hard[kept]])
        linear = np.concatenate([linear, places])
        corners = mesh.corners[t]
        z = (
            corners[:, 0]
            + linear[:, :1] * (corners[:, 1] - corners[:, 0])
            + linear[:, 1:] * (corners[:, 2] - corners[:, 0])
        )
        return p, z, np.sqrt(areas(corners))

    def _from_nodes(self, x: Array, t: Indices, node: Indices) -> tuple[Array, Mask]:
        """Solve for x (n, 2) by the quadratic maps of triangles t (n,) that may be folded, from one
        of their six points: barycentric coordinates, and which may be near a preimage."""
        images = self.mesh.images[t]
        e0, e1 = images[:, 1] - images[:, 0], images[:, 2] - images[:, 0]
        bulge = 4 * images[:, 3:] - 2 * (images[:, :3] + images[:, [1, 2, 0]])
        (a0, a1), (b0, b1), (c0, c1) = bulge.transpose(1, 2, 0)
        x0, x1 = (x - images[:, 0]).T
        one, two = _NODES[node].T
        off0 = off1 = np.zeros(len(x))
        slack = 3 * self.mesh.missed[t] + 1e-3 * np.sqrt(self._spacings[t])
        with np.errstate(all="ignore"):
            for _ in range(7):
                zero = 1 - one - two
                p, q, r = zero * one, one * two, two * zero
                off0 = one * e0[:, 0] + two * e1[:, 0] + p * a0 + q * b0 + r * c0 - x0
                off1 = one * e0[:, 1] + two * e1[:, 1] + p * a1 + q * b1 + r * c1 - x1
                m00 = e0[:, 0] + (zero - one) * a0 + two * (b0 - c0)
                m01 = e1[:, 0] - one * (a0 - b0) + (zero - two) * c0
                m10 = e0[:, 1] + (zero - one) * a1 + two * (b1 - c1)
                m11 = e1[:, 1] - one * (a1 - b1) + (zero - two) * c1
                det = m00 * m11 - m01 * m10
                step0 = (m11 * off0 - m01 * off1) / det
                step1 = (m00 * off1 - m10 * off0) / det
                ratio = np.minimum(1.0, 0.7 / np.maximum(np.hypot(step0, step1), 1e-300))
                one, two = one - step0 * ratio, two - step1 * ratio
            close = np.hypot(off0, off1) <= slack
            inside = (one >= -_MARGIN) & (two >= -_MARGIN) & (one + two <= 1 + _MARGIN)
            blind = self.mesh.missed[t] ** 2 > 0.01 * self._spacings[t]
        # Where no quadratic map tells what the generator does, the point itself is the start.
        one, two = np.where(blind, _NODES[node, 0], one), np.where(blind, _NODES[node, 1], two)
        return np.column_stack([one, two])[(close & inside) | blind], (close & inside) | blind

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
