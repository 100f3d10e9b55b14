"""The mass that a smooth generator has within 3 standard deviations of each mode of a target."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gan_eval.distributions.mixture import MixtureTarget
from gan_eval.distributions.modes import WITHIN
from gan_eval.distributions.pushforward.by_mesh.compiled import determinants, value_and_slopes
from gan_eval.distributions.pushforward.by_mesh.discs import Discs
from gan_eval.distributions.pushforward.by_mesh.latent import (
    log_noise,
)
from gan_eval.distributions.pushforward.cubature import (
    Indices,
    areas,
    halves,
    integrate,
)
from gan_eval.distributions.pushforward.network import Network
from gan_eval.distributions.pushforward.work import Work, cost

Array = NDArray[np.floating]

_COARSE = 1.0
"""Images of triangles near a mode are no larger than so many standard deviations."""
_SMALL = float(np.log(1e-8))
"""ln of the mass below which triangles are not cut."""
_LIMIT = 400_000
_EACH, _RULE, _TRIANGLE = 0.012, 0.012, 1.0
"""The work, for each mode, of distances and of the rule, and of measuring a triangle."""
SLIM = 1000.0
"""Triangles are as slim as what the generator makes of the noise asks for."""


def latent_mode_masses(
    network: Network,
    target: MixtureTarget,
    discs: Discs,
    start: Array,
    tolerance: float,
    work: Work,
) -> tuple[Array, float]:
    """Compute the mass of q within 3 deviations of each mode, nearest to it (k,), and an error."""
    k = len(discs.centres)
    each = cost(network) + _EACH * k + _RULE * k
    triangles = near_modes(
        network, discs, start, WITHIN, _COARSE, work=work.part(0.8), ahead=45 * each
    )
    if not len(triangles):
        return np.zeros(k), 1e-9

    def inside(z: Array, _: Indices) -> Array:
        work.spend(len(z) * each)
        squares = discs.squares(value_and_slopes(network, z)[0])
        nearest = squares.argmin(axis=1)
        rows = np.arange(len(z))
        found = np.zeros((len(z), k))
        within = squares[rows, nearest] <= WITHIN**2
        found[rows, nearest] = np.where(within, np.exp(log_noise(z)), 0.0)
        return found

    found = integrate(
        inside,
        triangles,
        tolerance=tolerance,
        limit=45 * len(triangles) + _LIMIT,
        slimmest=SLIM,
        work=work,
    )
    return found.totals, float(found.errors.max())


def near_modes(
    network: Network,
    discs: Discs,
    start: Array,
    radius: float,
    coarse: float,
    of_target: float = -np.inf,
    least: float = _SMALL,
    *,
    work: Work,
    ahead: float = 0.0,
) -> Array:
    """Cut triangles of noise until none steps over a mode, (n, 3, 2).

    Their images come within ``radius`` deviations of a mode, others are left out, and are no larger
    than ``coarse`` of its deviations, or twice that where they are farther than 4 away; but those
    with no mass above e^``least``, of noise, or of the target times e^``of_target``, stay as they
    are. ``ahead`` is what a triangle costs later, of which there must be enough work, too.
    """
    done: list[Array] = []
    while len(start) and not work.over:
        work.spend(len(start) * (3 * cost(network) + _TRIANGLE + 0.1 * len(discs.centres)))
        images, slopes = value_and_slopes(network, start.reshape(-1, 2))
        images, det = images.reshape(-1, 3, 2), np.abs(determinants(slopes)).reshape(-1, 3)
        centres = images.mean(axis=1)
        radii = np.sqrt(((images - centres[:, None]) ** 2).sum(axis=2).max(axis=1))
        reach = 1.5 * radii[:, None] * discs.stretch
        white = np.sqrt(discs.squares(centres))
        away = white - reach
        near = away < radius
        large = near & (reach > np.where(away < 4.0, coarse, 2 * coarse))
        middle = log_noise(start.mean(axis=1))
        there = discs.log_density_bound(centres, radii) + np.log(det.max(axis=1) + 1e-300)
        weight = np.log(areas(start)) + np.maximum(middle, there + of_target)
        cut = large.any(axis=1) & (weight > least)
        done.append(start[near.any(axis=1) & ~cut])
        if (sum(map(len, done)) + 2 * cut.sum()) * ahead > work.left:
            return np.concatenate([*done, start[cut]])
        start = halves(start[cut], _longest(images[cut], white[cut], discs))
    return np.concatenate([*done, start])


def _longest(images: Array, distances: Array, discs: Discs) -> Indices:
    """Find the side of images (n, 3, 2) that is longest in deviations of the nearest mode, (n,)."""
    whitening = discs.whitening[distances.argmin(axis=1)]
    sides = np.einsum("nsi,nij->nsj", np.roll(images, -1, axis=1) - images, whitening)
    return (sides**2).sum(axis=2).argmax(axis=1)
