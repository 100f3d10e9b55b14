"""Integrals over a smooth generator's image of what vanishes where the target's density does."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gan_eval.distributions.mixture import MixtureTarget
from gan_eval.distributions.pushforward.by_mesh.discs import RADIUS, Discs
from gan_eval.distributions.pushforward.by_mesh.latent import latent_mesh
from gan_eval.distributions.pushforward.by_mesh.latent_masses import SLIM, near_modes
from gan_eval.distributions.pushforward.by_mesh.over_noise import ANY, EACH, EACH_MODE, RELATIVE
from gan_eval.distributions.pushforward.by_mesh.preimages import Preimages
from gan_eval.distributions.pushforward.by_mesh.sampling import PROBE, estimate, normal, room_of
from gan_eval.distributions.pushforward.cubature import Indices, Integral, integrate
from gan_eval.distributions.pushforward.network import Network
from gan_eval.distributions.pushforward.work import Work

Array = NDArray[np.floating]
Mask = NDArray[np.bool_]

DECIDED = 1e-5
"""Where the error of the mass that is not covered is larger, it does not tell whether that is 0."""
_LARGEST = 600.0
"""ln q is taken for that where it is larger, which is no more than rounding."""
_COARSE = 3.5
"""Images of triangles of the first round are no larger than so many standard deviations."""
_LEAST = (1e-7, 1e-6, 1e-5, 1e-4, 1e-3, 1e-2)
"""The first triangles around modes are cut to size where they hold that mass, of noise or of the
target: the least of which there is work for as many."""
_HOPELESS = 50.0
"""With so many times the triangles that there is room for, no coarser cut will do."""
_NEAR, _NEARLY = 6.0, 1e-6
"""Beyond so many deviations of a mode nothing counts, but where so small an error is aimed at."""
_START = {"mass": 1e-3, "folded": 3e-2, "first": 0.6}


def over_modes(
    network: Network,
    target: MixtureTarget,
    discs: Discs,
    preimages: Preimages,
    tolerance: float,
    work: Work,
) -> Integral | None:
    """Integrate over the image what vanishes where p does."""
    triangles = _first_triangles(network, discs, preimages, tolerance, work)
    if triangles is None:
        return _by_rows(target, discs, preimages, work)
    k = len(target.weights)

    def f(z: Array, _: Indices) -> Array:
        work.spend(len(z) * (EACH + EACH_MODE * k))
        found = preimages.shares(z, work)
        each = _integrands(found.log_q, target.log_density(found.x), found.lost)
        return np.exp(found.log_size)[:, None] * each

    def aimed(totals: Array, errors: Array) -> Array:
        # Of KL(p‖q) nothing needs to be known until it is known to be finite.
        finite = 1.0 - totals[3] <= errors[3] <= 10 * DECIDED
        return np.array([tolerance / 2] * 4 + [tolerance / 2 if finite else ANY] + [ANY] * 2)

    if not len(triangles):
        return None
    return integrate(
        f,
        triangles,
        tolerance=aimed,
        relative=RELATIVE * tolerance,
        slimmest=SLIM,
        work=work,
    )


def _first_triangles(
    network: Network,
    discs: Discs,
    preimages: Preimages,
    tolerance: float,
    work: Work,
) -> Array | None:
    """Cut triangles around modes, (n, 3, 2), as finely as there is work for; None where there is
    not enough for triangles over which the target's mass would not be missed."""
    cutting, room = work.part(0.25), np.inf
    start = latent_mesh(network, discs, **_START, work=cutting.part(0.5)).corners
    radius = _NEAR if tolerance >= _NEARLY else RADIUS
    for least in _LEAST[max(0, min(int(np.log10(tolerance)) + 7, 4)) :]:
        triangles = near_modes(
            network, discs, start, radius, _COARSE, 0.0, float(np.log(least)), work=cutting
        )
        if np.isinf(room) and len(triangles):
            some = np.random.default_rng(0).integers(len(triangles), size=PROBE)
            room = room_of(preimages, triangles[some].mean(axis=1), work)
        if cutting.over or len(triangles) > _HOPELESS * room:
            break
        if len(triangles) <= room:
            return triangles
    return None


def _by_rows(target: MixtureTarget, discs: Discs, preimages: Preimages, work: Work) -> Integral:
    """Estimate the same integrals as means over evenly spread rows of the target."""
    shares = np.cumsum(target.weights)

    def draw(u: Array) -> Array:
        mode = np.searchsorted(shares[:-1], u[:, 0], side="right")
        x = target.means[mode] + np.einsum("ni,nij->nj", normal(u[:, 1:]), discs.factors[mode])
        log_p = target.log_density(x)
        log_q = preimages.log_density(x, work, log_p)
        covered = np.isfinite(log_q)
        each = np.zeros((len(x), 7))
        each[covered] = _integrands(log_q[covered], log_p[covered], np.zeros(covered.sum(), bool))
        each[np.isnan(log_q), 0] = np.nan
        return each * np.exp(-log_p)[:, None]

    return estimate(draw, 3, np.zeros(7), work)


def _integrands(log_q: Array, log_p: Array, lost: Mask) -> Array:
    """Compute min(p, q), √(p q), p ln(1 + q/p) + q ln(1 + p/q), p, and p ln(p/q), and the last two,
    in size, where preimages may lack, (n, 7)."""
    log_q = np.minimum(log_q, _LARGEST)
    p, q = np.exp(log_p), np.exp(log_q)
    d = log_q - log_p
    bend = np.log1p(np.exp(-np.abs(d)))
    both = p * (np.maximum(d, 0.0) + bend) + q * (np.maximum(-d, 0.0) + bend)
    root = np.exp(0.5 * (log_p + log_q))
    return np.column_stack(
        [np.minimum(p, q), root, both, p, -p * d, p * lost, p * np.abs(d) * lost]
    )
