"""The quadratic maps that stand for a smooth generator on the triangles of its mesh, inverted."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from gan_eval.distributions.pushforward.by_mesh import compiled
from gan_eval.distributions.pushforward.by_mesh.latent import Mesh
from gan_eval.distributions.pushforward.by_mesh.quadratic_code import NODES
from gan_eval.distributions.pushforward.cubature import Indices

Array = NDArray[np.floating]
Mask = NDArray[np.bool_]


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
    def bends(self) -> Array:
        """Four times how far the sides' middles are off, in barycentric coordinates, (n, 3, 2)."""
        images = self.mesh.images
        middles = (images[:, :3] + images[:, [1, 2, 0]]) / 2
        return 4 * np.einsum("nij,nkj->nki", self.inverses, images[:, 3:] - middles)

    @cached_property
    def _unfolded(self) -> Array:
        """The table of ``by_one``."""
        mesh, bends = self.mesh, self.bends.reshape(-1, 6)
        margins = np.column_stack([2 * mesh.bent + 0.05, 5 * mesh.rough + 0.02])
        inverses = self.inverses.reshape(-1, 4)
        return np.hstack([inverses, mesh.images[:, 0], bends, margins])

    @cached_property
    def _folded(self) -> Array:
        """The table of ``from_nodes``."""
        images = self.mesh.images
        sides = (images[:, 1:3] - images[:, :1]).reshape(-1, 4)
        bulges = 4 * images[:, 3:] - 2 * (images[:, :3] + images[:, [1, 2, 0]])
        slack = 3 * self.mesh.missed + 1e-3 * np.sqrt(self.mesh.spacings)
        folds = np.array(NODES)[self.mesh.sides].reshape(-1, 4)
        return np.column_stack(
            [
                *(sides, images[:, 0], bulges.reshape(-1, 6)),
                *(slack, self.mesh.blind.astype(float), self.mesh.spacings),
                *(folds, self.mesh.folded.astype(float)),
            ]
        )

    def by_one(self, x: Array, points: Indices, t: Indices) -> tuple[Indices, Array]:
        """Solve for points (n,) of x (m, 2) by the quadratic maps of triangles t (n,), where these
        are invertible.

        Returns the numbers of the pairs that may hold z, (k,), and barycentric coordinates 1 and 2
        (k, 2).
        """
        return compiled.by_one(x, self._unfolded, points, t)

    def from_nodes(self, x: Array, points: Indices, t: Indices) -> tuple[Indices, Array]:
        """Solve the same of triangles that may be folded."""
        return compiled.from_nodes(x, self._folded, points, t)
