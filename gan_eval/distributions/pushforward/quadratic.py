"""The quadratic maps that stand for a smooth generator on the triangles of its mesh, inverted."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from gan_eval.distributions.pushforward.cubature import Indices
from gan_eval.distributions.pushforward.latent import Mesh

Array = NDArray[np.floating]
Mask = NDArray[np.bool_]

_MARGIN = 0.15
_NODES = np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0], [0.5, 0.0], [0.5, 0.5], [0.0, 0.5]])
"""Barycentric coordinates 1 and 2 of the six points of a triangle."""


@dataclass(frozen=True, eq=False)
class QuadraticMaps:
    """The quadratic map through six images of each triangle: of its corners and its sides' middles.

    Attributes
    ----------
    mesh : Mesh
    """

    mesh: Mesh

    @cached_property
    def inverses(self) -> Array:
        """The inverses of the linear maps from barycentric coordinates 1 and 2 to x, (n, 2, 2)."""
        images = self.mesh.images
        first, second = images[:, 1] - images[:, 0], images[:, 2] - images[:, 0]
        with np.errstate(divide="ignore", invalid="ignore"):
            det = first[:, 0] * second[:, 1] - first[:, 1] * second[:, 0]
            rows = [second[:, 1], -second[:, 0], -first[:, 1], first[:, 0]]
            return np.stack([row / det for row in rows], axis=1).reshape(-1, 2, 2)

    @cached_property
    def spacings(self) -> Array:
        """The square of the longest way from a corner's image to that of a side's middle, (n,)."""
        images = self.mesh.images
        first = ((images[:, 3:] - images[:, :3]) ** 2).sum(axis=2)
        second = ((images[:, 3:] - images[:, [1, 2, 0]]) ** 2).sum(axis=2)
        return np.maximum(first, second).max(axis=1)

    @cached_property
    def bends(self) -> Array:
        """Four times how far the sides' middles are off, in barycentric coordinates, (n, 3, 2)."""
        images = self.mesh.images
        middles = (images[:, :3] + images[:, [1, 2, 0]]) / 2
        return 4 * np.einsum("nij,nkj->nki", self.inverses, images[:, 3:] - middles)

    def by_one(self, x: Array, t: Indices) -> tuple[Array, Indices, Indices]:
        """Solve for x (n, 2) by the quadratic maps of triangles t (n,), where these are invertible.

        Returns barycentric coordinates (n, 2), those of the triangles that may hold z, and which.
        """
        inverse, away = self.inverses[t], x - self.mesh.images[t, 0]
        to_one = inverse[:, 0, 0] * away[:, 0] + inverse[:, 0, 1] * away[:, 1]
        to_two = inverse[:, 1, 0] * away[:, 0] + inverse[:, 1, 1] * away[:, 1]
        margin = 2 * self.mesh.bent[t] + 0.05
        near = np.flatnonzero(
            (to_one >= -margin) & (to_two >= -margin) & (to_one + to_two <= 1 + margin)
        )
        t, to_one, to_two = t[near], to_one[near], to_two[near]
        ((a0, a1), (b0, b1), (c0, c1)) = self.bends[t].transpose(1, 2, 0)
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

    def from_nodes(self, x: Array, t: Indices, node: Indices) -> tuple[Array, Mask]:
        """Solve for x (n, 2) by the quadratic maps of triangles t (n,) that may be folded, from one
        of their six points: barycentric coordinates, and which may be near a preimage."""
        images = self.mesh.images[t]
        e0, e1 = images[:, 1] - images[:, 0], images[:, 2] - images[:, 0]
        bulge = 4 * images[:, 3:] - 2 * (images[:, :3] + images[:, [1, 2, 0]])
        (a0, a1), (b0, b1), (c0, c1) = bulge.transpose(1, 2, 0)
        x0, x1 = (x - images[:, 0]).T
        one, two = _NODES[node].T
        off0 = off1 = np.zeros(len(x))
        slack = 3 * self.mesh.missed[t] + 1e-3 * np.sqrt(self.spacings[t])
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
            blind = self.mesh.missed[t] ** 2 > 0.01 * self.spacings[t]
        # Where no quadratic map tells what the generator does, the point itself is the start.
        one, two = np.where(blind, _NODES[node, 0], one), np.where(blind, _NODES[node, 1], two)
        return np.column_stack([one, two])[(close & inside) | blind], (close & inside) | blind
