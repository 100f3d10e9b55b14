"""The two densities, in logs, on the faces of an overlay, and what is integrated of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gan_eval.distributions.mixture import MixtureTarget
from gan_eval.distributions.pushforward.by_pieces.faces import Faces
from gan_eval.distributions.pushforward.by_pieces.masses import polygon_masses
from gan_eval.distributions.pushforward.by_pieces.regions import Regions

Array = NDArray[np.floating]
Indices = NDArray[np.intp]

_NOTHING = 45.0
"""A component of e⁻⁴⁵ of another is nothing beside it."""
_LOG_2PI = float(np.log(2 * np.pi))


@dataclass(frozen=True, eq=False)
class Inverses:
    """The maps from points back to noise, of regions that are not flat.

    Attributes
    ----------
    matrices : ndarray, shape (regions, 2, 2)
        z = (x − shift) times it.
    shifts : ndarray, shape (regions, 2)
    constants : ndarray, shape (regions,)
        ln of the density at z = 0: −ln 2π − ln |det A|.
    """

    matrices: Array
    shifts: Array
    constants: Array

    @classmethod
    def of(cls, regions: Regions) -> Inverses:
        """Invert the maps of regions."""
        (a, b), (c, d) = np.moveaxis(regions.matrices, 0, -1)
        det = a * d - b * c
        adjoint = np.moveaxis(np.array([[d, -b], [-c, a]]), -1, 0)
        return cls(adjoint / det[:, None, None], regions.shifts, -_LOG_2PI - np.log(np.abs(det)))

    def log_terms(self, x: Array, y: Array, numbers: Indices) -> Array:
        """Compute ln of the densities that regions make, as if they had no end.

        ``x``, ``y`` and ``numbers`` broadcast against one another.
        """
        first, second = self.noise(x, y, numbers)
        return self.constants[numbers] - 0.5 * (first**2 + second**2)

    def noise(self, x: Array, y: Array, numbers: Indices) -> tuple[Array, Array]:
        """Map points back to noise, as if the regions had no end."""
        x, y = x - self.shifts[numbers, 0], y - self.shifts[numbers, 1]
        matrices = self.matrices[numbers]
        return (
            x * matrices[..., 0, 0] + y * matrices[..., 1, 0],
            x * matrices[..., 0, 1] + y * matrices[..., 1, 1],
        )


class Overlaid:
    """ln q and ln p at points of triangles, which lie in a known face each."""

    def __init__(self, inverses: Inverses, faces: Faces, target: MixtureTarget) -> None:
        self._inverses, self._faces = inverses, faces
        self._counts = np.diff(faces.starts)
        self._factors = np.linalg.inv(np.linalg.cholesky(target.covariances))
        self._means, self._weights = target.means, target.weights
        self._constants = (
            np.log(target.weights) - _LOG_2PI + np.log(np.abs(np.linalg.det(self._factors)))
        )
        self._near_starts, self._near = self._components(target)

    def log_q(self, points: Array, triangles: Indices, noise: Array, number: Indices) -> Array:
        """Compute ln q at points (n, 2) of triangles (n,), where points of one lie together.

        ``noise`` (n, 2) is what the region ``number`` (n,), where it is not −1, maps to the points:
        of a very thin image it cannot be found from them to all digits.
        """
        together = _together(triangles)
        rows = points.reshape(-1, together, 2)
        faces = self._faces.face[triangles[::together]]
        counts = self._counts[faces]
        number = number[::together]
        squares = (noise**2).sum(axis=1).reshape(-1, together)
        found = np.full(rows.shape[:2], -np.inf)
        for count in np.unique(counts[counts > 0]):
            mine = np.flatnonzero(counts == count)
            numbers = self._faces.over[self._faces.starts[faces[mine]] + np.arange(count)[:, None]]
            x, y = rows[mine, :, 0], rows[mine, :, 1]
            terms = self._inverses.log_terms(x, y, numbers[..., None])
            which, thin = np.nonzero(numbers == number[mine])
            constants = self._inverses.constants[numbers[which, thin], None]
            terms[which, thin] = constants - 0.5 * squares[mine[thin]]
            found[mine] = log_sum(terms)
        return found.ravel()

    def log_p(self, points: Array, triangles: Indices) -> Array:
        """Compute ln p at points (n, 2) of triangles (n,), where points of one lie together."""
        together = _together(triangles)
        rows = points.reshape(-1, together, 2)
        counts = np.diff(self._near_starts)[triangles[::together]]
        found = np.empty(rows.shape[:2])
        for count in np.unique(counts):
            mine = np.flatnonzero(counts == count)
            starts = self._near_starts[triangles[::together][mine]]
            modes = self._near[starts + np.arange(count)[:, None]][..., None]
            found[mine] = log_sum(self._mode_terms(rows[mine, :, 0], rows[mine, :, 1], modes))
        return found.ravel()

    def _mode_terms(self, x: Array, y: Array, modes: Indices) -> Array:
        """Compute ln of the densities of components, weighted; the arguments broadcast."""
        factors = self._factors[modes]
        x, y = x - self._means[modes, 0], y - self._means[modes, 1]
        first = factors[..., 0, 0] * x
        second = factors[..., 1, 0] * x + factors[..., 1, 1] * y
        return self._constants[modes] - 0.5 * (first**2 + second**2)

    def _components(self, target: MixtureTarget) -> tuple[Indices, Indices]:
        """Find which components matter on each triangle (starts and numbers).

        Of one shape, ln of the ratio of two is linear: what is _NOTHING below another at three
        corners is so on the triangle.
        """
        n, k = len(self._faces.triangles), len(self._means)
        kept = np.ones((n, k), bool)
        if np.ptp(target.covariances, axis=0).max() == 0 and n:
            corners = self._faces.triangles
            terms = self._mode_terms(corners[..., 0, None], corners[..., 1, None], np.arange(k))
            best = np.take_along_axis(
                terms, terms.sum(axis=1).argmax(axis=1)[:, None, None], axis=2
            )
            # Far off 45 is nothing beside them: the best itself stays.
            kept = (terms >= best - _NOTHING).any(axis=1)
        return np.append(0, np.cumsum(kept.sum(axis=1))), np.nonzero(kept)[1]

    def uncovered(self) -> float:
        """Compute the mass of p in the triangles over which no region lies, exactly."""
        bare = self._faces.triangles[self._counts[self._faces.face] == 0]
        masses = [
            weight * np.abs(polygon_masses((bare - mean) @ factor.T)).sum()
            for weight, mean, factor in zip(self._weights, self._means, self._factors, strict=True)
        ]
        return float(sum(masses))


def _together(triangles: Indices) -> int:
    """How many points, at least, lie together in one triangle, of triangles (n,)."""
    ends = np.flatnonzero(np.diff(triangles)) + 1
    return int(np.gcd.reduce(ends, initial=len(triangles))) or 1


def log_sum(terms: Array) -> Array:
    """Compute ln Σ exp along the first axis, of finite terms."""
    if len(terms) == 1:
        return terms[0]
    largest = terms.max(axis=0)
    return largest + np.log(np.exp(terms - largest).sum(axis=0))


def integrands(log_q: Array, log_p: Array) -> Array:
    """Compute what is integrated over the plane, (n, 7).

    In columns: KL(q‖p), KL(p‖q), (√q − √p)²/2, JSD, |q − p|/2, q and p. KL(q‖p) is
    ∫ q ln(q/p) − q + p, nowhere below 0, which is the same where both masses are 1.
    """
    q, p = np.exp(log_q), np.exp(log_p)
    covered = log_q > -np.inf
    d = np.where(covered, log_q, log_p) - log_p
    # Of q and p, whichever is larger is written in terms of itself.
    with np.errstate(over="ignore"):
        fall, rise = np.expm1(-np.abs(d)), np.abs(d)
    up = d > 0
    forward = np.where(up, q * (d + fall), p - q * (1 + rise))
    reverse = np.where(up, q - p * (1 + rise), p * (rise + fall))
    bend = np.log1p(np.exp(-rise))
    log_share_q = np.log(2) - bend - np.where(up, 0.0, rise)
    log_share_p = np.log(2) - bend - np.where(up, rise, 0.0)
    jsd = 0.5 * (q * log_share_q + p * log_share_p)
    forward, reverse = np.where(covered, forward, p), np.where(covered, reverse, 0.0)
    jsd = np.where(covered, jsd, 0.5 * np.log(2) * p)
    # √ of the larger, and 1 − √ of the ratio.
    apart = np.maximum(q, p) * np.expm1(-0.5 * rise) ** 2 / 2
    apart = np.where(covered, apart, p / 2)
    columns = (forward, reverse, apart, jsd, np.abs(q - p) / 2, q, p)
    found = np.empty((len(q), len(columns)))
    for number, column in enumerate(columns):
        found[:, number] = column
    return found
