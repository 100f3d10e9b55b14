"""All points of noise that a smooth generator maps to a given point, and so its density."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from gan_eval.distributions.pushforward.by_mesh.boxes import askew, neighbours, upright
from gan_eval.distributions.pushforward.by_mesh.candidates_code import GROUP
from gan_eval.distributions.pushforward.by_mesh.compiled import (
    candidates,
    determinants,
    newton,
    value_and_slopes,
)
from gan_eval.distributions.pushforward.by_mesh.latent import (
    LOG_2PI,
    RARE,
    REACH,
    Mesh,
    log_noise,
)
from gan_eval.distributions.pushforward.by_mesh.quadratic import QuadraticMaps
from gan_eval.distributions.pushforward.cubature import Indices, areas
from gan_eval.distributions.pushforward.network import Network
from gan_eval.distributions.pushforward.work import Work, cost

Array = NDArray[np.floating]
Mask = NDArray[np.bool_]

_HARD = 0.7
"""Bent as far, a triangle may hold several preimages or none."""
_STEPS = 4
_PARTED = 22.0
"""Whose part of a density is smaller than e to the minus this has no share in an integral."""
_FIRST = 4
"""Groups of points whose preimages are sought first: then it is known how many triangles each
has."""
_PAIRS = 1 << 16
"""Pairs of a group and a triangle at a time, about."""
_ASKED, _PAIR, _CANDIDATE, _QUADRATIC, _FROM_NODES, _STEP, _SHARE = (
    20.0,
    0.06,
    0.05,
    0.05,
    0.1,
    0.1,
    0.5,
)
"""The work of asking for a group's triangles, and of testing one; of a candidate, of starts by
either way, of Newton's method beside the generator, and of adding up for a point."""


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
    negligible : float
        What adds less than e to the minus this to a density, at a guess, is not sought.
    """

    network: Network
    mesh: Mesh
    negligible: float = _PARTED

    @cached_property
    def _maps(self) -> QuadraticMaps:
        return QuadraticMaps(self.mesh)

    @cached_property
    def _boxes(self) -> Array:
        return askew(self.mesh.images, self.mesh.missed)

    @cached_property
    def _trees(self) -> list[tuple[shapely.STRtree, Indices, float]]:
        """Trees of the upright boxes around those, their triangles' numbers, and the most that one
        gives to ln q: one tree where noise is likely, one where it is not."""
        boxes = upright(self._boxes)
        far = self.mesh.nearest > RARE
        parts = [np.flatnonzero(part) for part in (~far, far) if part.any()]
        return [(shapely.STRtree(boxes[n]), n, float(self._bounds[n].max())) for n in parts]

    def _pairs(self, x: Array, known: Array) -> tuple[Indices, Indices]:
        """Groups of points x (2, groups, GROUP) and triangles whose upright boxes meet theirs."""
        low, high = x.min(axis=2), x.max(axis=2)
        boxes = shapely.box(low[0], low[1], high[0], high[1])
        least = known.min(axis=1) - self.negligible
        found = []
        for tree, numbers, bound in self._trees:
            rows = np.flatnonzero(bound > least)
            group, box = tree.query(boxes[rows])
            group, triangle = rows[group], numbers[box]
            keep = self._bounds[triangle] > least[group]
            found.append((group[keep], triangle[keep]))
        groups, triangles = zip(*found, strict=True)
        return np.concatenate(groups), np.concatenate(triangles)

    def find(self, x: Array, known: Array | None = None) -> tuple[Indices, Array, Array]:
        """Find all z with G(z) = x for points x (n, 2).

        Those may be left out that are ``negligible`` beside what is ``known`` of ln q(x), (n,).

        Returns
        -------
        point : ndarray of int, shape (m,)
            To which x each belongs, ascending.
        z : ndarray, shape (m, 2)
        log_det : ndarray, shape (m,)
            ln |det J(z)|.
        """
        return self._find(x, known, Work())[:3]

    def _find(
        self, x: Array, known: Array | None, work: Work
    ) -> tuple[Indices, Array, Array, Mask]:
        """The same of as many points as there is work for, and which those are, (n,)."""
        asked = np.flatnonzero(np.isfinite(x).all(axis=1))
        order = asked[neighbours(x[asked])]
        order = np.append(order, np.repeat(order[-1:], -len(order) % GROUP)).reshape(-1, GROUP)
        least = np.full(order.shape, -np.inf) if known is None else known[order]
        searched = np.ones(len(x), bool)
        start, step = 0, _FIRST
        found: list[tuple[Indices, Array, Array]] = []
        found.append((np.zeros(0, np.intp), np.zeros((0, 2)), np.zeros(0)))
        while start < len(order) and not work.far_over:
            groups, some = order[start : start + step], least[start : start + step]
            points = np.ascontiguousarray(x[groups.ravel()].T)
            pairs = self._pairs(points.reshape(2, -1, GROUP), some)
            work.spend(len(groups) * _ASKED + len(pairs[0]) * _PAIR)
            rows, bound = np.ascontiguousarray(points.T), some.ravel() - self.negligible
            for point, triangle in candidates(points, self._boxes, *pairs):
                keep = self._bounds[triangle] > bound[point]
                work.spend(len(point) * _CANDIDATE)
                point, z, size = self._starts(rows, point[keep], triangle[keep], work)
                point, z, log_det = self._solve(rows, point, z, size, work)
                found.append((groups.ravel()[point], z, log_det))
            start += len(groups)
            step = int(np.clip(_PAIRS * len(groups) / max(len(pairs[0]), 1), 1, _PAIRS))
        searched[order[start:]] = False
        point, z, log_det = (np.concatenate(part) for part in zip(*found, strict=True))
        return *_distinct(point, z, log_det), searched

    def log_density(self, x: Array, work: Work, known: Array | None = None) -> Array:
        """Compute ln q(x), the sum over all z with G(z) = x of φ(z)/|det J(z)|, (n,).

        NaN of points for which there is no work left. What is negligible beside ``known`` (n,) is
        sought only where there is nothing else.
        """
        point, z, log_det, searched = self._find(x, known, work)
        found = log_sums(point, log_noise(z) - log_det, len(x))
        if known is not None and (none := np.flatnonzero(searched & ~np.isfinite(found))).size:
            found[none] = self.log_density(x[none], work)
        found[~searched] = np.nan
        return found

    def shares(self, z: Array, work: Work, *, parted: bool = True) -> Shares:
        """Compare what points z (n, 2) give to the density at G(z) with what other preimages do.

        Those for which there is no work left are ``lost``. Where integrals are not ``parted`` by
        ``log_size``, what is negligible is left out; else it may have a share, and is not.
        """
        work.spend(len(z) * (cost(self.network) + _SHARE))
        x, slopes = value_and_slopes(self.network, z)
        with np.errstate(divide="ignore"):
            log_det = np.log(np.abs(determinants(slopes)))
        own = np.clip(log_noise(z) - log_det, -1e4, 1e4)
        known = own - max(_PARTED - self.negligible, 0.0) if parted else own
        point, others, log_dets, _ = self._find(x, known, work)
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
        kept, linear = self._maps.by_one(x, p, t)
        p, t = p[kept], t[kept]
        # Elsewhere from the nearest of six images, and at a fold from both of its sides.
        hard_p, hard_t = point[~easy], triangle[~easy]
        work.spend(len(kept) * _QUADRATIC + len(hard_p) * _FROM_NODES)
        kept, places = self._maps.from_nodes(x, hard_p, hard_t)
        p, t = np.concatenate([p, hard_p[kept]]), np.concatenate([t, hard_t[kept]])
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
        """Newton's method from every start; those that come to none within the mesh fall away."""
        work.spend(len(z) * (_STEPS * cost(self.network) + _STEP))
        ends, det = newton(self.network, x[point], z, 4 * size)
        done = np.flatnonzero((det >= 0) & (_largest(ends) <= REACH))
        with np.errstate(divide="ignore"):
            return point[done], ends[done], np.log(det[done])


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
