"""The mean and covariance of what a generator of relu makes of normal noise in the plane, exact."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from gan_eval.distributions.pushforward.by_pieces.masses import polygon_masses
from gan_eval.distributions.pushforward.by_pieces.regions import regions_of
from gan_eval.distributions.pushforward.network import Network

Array = NDArray[np.floating]


def moments(network: Network) -> tuple[Array, Array]:
    """Compute E x and the covariance of x = G(z), z ~ N(0, I).

    Parameters
    ----------
    network : Network
        From the plane to the plane, linear or with relu or leaky relu.

    Returns
    -------
    (ndarray of shape (2,), ndarray of shape (2, 2))
        To rounding: in parts of 1e-12 of the largest deviation, and of its square.

    Examples
    --------
    >>> fold = Network(
    ...     [([[1.0, -1.0, 0.0], [0.0, 0.0, 1.0]], [0.0, 0.0, 50.0]),
    ...      ([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]], [0.0, -50.0])], "relu")
    >>> mean, covariance = moments(fold)  # of (|z₁|, z₂)
    >>> bool(abs(mean[0] - np.sqrt(2 / np.pi)) < 1e-12), covariance.round(12).tolist()
    (True, [[0.363380227632, 0.0], [0.0, 1.0]])
    """
    regions = regions_of(network)
    regions = regions.take(regions.inner)
    corners = regions.corners[..., :2] / regions.corners[..., 2:]
    mass, first, second = polygon_moments(corners)
    matrices, shifts = regions.matrices, regions.shifts
    mean = (first[:, None] @ matrices)[:, 0].sum(axis=0) + mass @ shifts
    apart = shifts - mean
    mixed = (first[:, None] @ matrices)[:, 0, :, None] * apart[:, None]
    parts = np.swapaxes(matrices, 1, 2) @ second @ matrices + mixed + np.swapaxes(mixed, 1, 2)
    parts += mass[:, None, None] * apart[:, :, None] * apart[:, None]
    covariance = parts.sum(axis=0)
    return mean, (covariance + covariance.T) / 2


def polygon_moments(corners: Array) -> tuple[Array, Array, Array]:
    """Compute ∫ φ, ∫ z φ and ∫ z zᵀ φ over polygons, φ the density of N(0, I).

    Parameters
    ----------
    corners : ndarray, shape (n, corners, 2)
        Against the clock; a corner may be repeated.

    Returns
    -------
    (ndarray, ndarray, ndarray), shapes (n,), (n, 2) and (n, 2, 2)

    Notes
    -----
    As ∇φ = −z φ, Gauss's theorem makes the second −∮ n φ ds and the third I ∫ φ − ∮ n zᵀ φ ds, n
    pointing outwards: sums over edges, on which φ is a normal density along a line.

    Examples
    --------
    >>> quadrant = np.array([[[0.0, 0.0], [40.0, 0.0], [40.0, 40.0], [0.0, 40.0]]])
    >>> mass, first, second = polygon_moments(quadrant)
    >>> (first * np.sqrt(8 * np.pi)).round(9).tolist(), (second * 2 * np.pi).round(9).tolist()
    ([[1.0, 1.0]], [[[1.570796327, 1.0], [1.0, 1.570796327]]])
    """
    along = np.roll(corners, -1, axis=1) - corners
    length = np.hypot(along[..., 0], along[..., 1])
    along = along / np.where(length > 0, length, 1.0)[..., None]
    outward = np.stack([along[..., 1], -along[..., 0]], axis=-1)
    height, start = (corners * outward).sum(axis=-1), (corners * along).sum(axis=-1)
    end = start + length
    density = np.exp(-(height**2) / 2) / np.sqrt(2 * np.pi)
    # Where both ends lie on the far side, their mirror images have the difference to all digits.
    turned = start > 0
    low, high = np.where(turned, -end, start), np.where(turned, -start, end)
    whole = density * (ndtr(high) - ndtr(low))
    slope = density * (np.exp(-(start**2) / 2) - np.exp(-(end**2) / 2)) / np.sqrt(2 * np.pi)
    mass = polygon_masses(corners)
    first = -(outward * whole[..., None]).sum(axis=1)
    line = outward * (height * whole)[..., None] + along * slope[..., None]
    second = mass[:, None, None] * np.eye(2) - np.swapaxes(outward, 1, 2) @ line
    return mass, first, (second + np.swapaxes(second, 1, 2)) / 2
