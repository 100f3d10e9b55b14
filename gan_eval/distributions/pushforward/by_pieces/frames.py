"""Coordinates in which triangles on very thin images of regions are not thin."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gan_eval.distributions.pushforward.by_pieces.faces import Faces
from gan_eval.distributions.pushforward.by_pieces.regions import Regions

Array = NDArray[np.floating]
Indices = NDArray[np.intp]

_THIN = 1e-3
"""A map is thin where it stretches one direction by less than this part of the other."""


@dataclass(frozen=True, eq=False)
class Frames:
    """For each triangle x = y M + o, with M and o those of the thinnest region over it, or 1 and 0.

    Attributes
    ----------
    number : ndarray of int, shape (n,)
        The thin region whose coordinates a triangle has; −1 for x itself.
    matrices, shifts : ndarray, shape (regions, 2, 2) and (regions, 2)
    """

    number: Indices
    matrices: Array
    shifts: Array

    @classmethod
    def of(cls, faces: Faces, regions: Regions) -> Frames:
        """Choose coordinates for triangles on faces."""
        number = np.full(len(faces.triangles), -1)
        if len(regions):
            stretch = np.linalg.svd(regions.matrices, compute_uv=False)
            # What has no end is not thin across: the target's mass lies in it as in the plane.
            ratio = np.where(regions.inner, stretch[:, 1] / stretch[:, 0], 1.0)
            thinnest = np.full(len(faces.starts) - 1, -1)
            owner = np.repeat(np.arange(len(thinnest)), np.diff(faces.starts))
            # The last written stays: the thinnest.
            order = np.argsort(-ratio[faces.over], kind="stable")
            order = order[ratio[faces.over[order]] < _THIN]
            thinnest[owner[order]] = faces.over[order]
            number = thinnest[faces.face]
        return cls(number, regions.matrices, regions.shifts)

    def triangles(self, triangles: Array) -> Array:
        """Map triangles (n, 3, 2) of x to those of y."""
        found = triangles.copy()
        thin = np.flatnonzero(self.number >= 0)
        number = self.number[thin]
        found[thin] = (triangles[thin] - self.shifts[number][:, None]) @ np.linalg.inv(
            self.matrices[number]
        )
        return found

    def points(self, y: Array, triangles: Indices) -> Array:
        """Map points (m, 2) of these triangles (m,) back to x."""
        number = self.number[triangles]
        thin = np.flatnonzero(number >= 0)
        if not len(thin):
            return y
        x = y.copy()
        number = number[thin]
        x[thin] = np.einsum("mi,mij->mj", y[thin], self.matrices[number]) + self.shifts[number]
        return x

    def scaled(self, values: Array, triangles: Indices) -> Array:
        """Multiply values (m, k) by the area of x per area of y."""
        number = self.number[triangles]
        thin = np.flatnonzero(number >= 0)
        if len(thin):
            values[thin] *= np.abs(np.linalg.det(self.matrices))[number[thin], None]
        return values
