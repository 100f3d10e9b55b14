"""The law of what a smooth generator (tanh) makes of normal noise in the plane, by integrals."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gan_eval.distributions.mixture import MixtureTarget
from gan_eval.distributions.modes import LOST_SHARE
from gan_eval.distributions.pushforward.cubature import Indices, Integral, integrate
from gan_eval.distributions.pushforward.discs import RADIUS, Discs
from gan_eval.distributions.pushforward.latent import (
    Mesh,
    latent_mesh,
    log_noise,
)
from gan_eval.distributions.pushforward.latent_masses import SLIM, latent_mode_masses, near_modes
from gan_eval.distributions.pushforward.measures import ComputedMeasures
from gan_eval.distributions.pushforward.mode_masses import target_masses
from gan_eval.distributions.pushforward.network import Network
from gan_eval.distributions.pushforward.preimages import Preimages
from gan_eval.distributions.pushforward.slopes import determinants, value_and_slopes

Array = NDArray[np.floating]

_INNER = 8.5
"""Noise farther from 0 has a mass of 2e-16."""
_RELATIVE = 1e-9
"""Of a divergence above 100 the error is that part of it."""
_CHEAP = 1_500_000
"""Points at most of integrals that need the generator alone."""
_LIMIT = 50_000
"""Points at most, beside those of the first round, at which all preimages are sought."""
_COARSE = 3.5
"""Images of triangles of the first round are no larger than so many standard deviations."""
_OF_TARGET = float(np.log(1e-4))
"""A mass of the target counts so much of one of noise where the first triangles are cut."""
_LEAST = (1e-7, 1e-6, 1e-5, 1e-4, 1e-3, 1e-2)
_TRIANGLES = 2500
"""Triangles of the first round around modes: where there are more, those with less mass than the
next of ``_LEAST`` stay as large as they are."""
_START = {"bent": 2.0, "mass": 1e-3, "folded": 3e-2, "first": 0.6, "crowd": 1.0}
"""How fine triangles are in the first round."""
_FLAT = 1e-13
"""|det J| below this part of its terms is rounding."""
_UNSEEN = 1e-9
"""The mass that preimages may lack: of noise far out and triangles left out."""


def log_density(network: Network, x: Array) -> Array:
    """Compute ln q(x) at rows (n, 2), shape (n,): over all z that map to x."""
    finite = np.isfinite(x).all(axis=1)
    found = np.full(len(x), -np.inf)
    if finite.any():
        rows = x[finite]
        mesh = latent_mesh(network, Discs.around(rows))
        found[finite] = Preimages(network, mesh).log_density(rows)
    return found


def against(network: Network, target: MixtureTarget, tolerance: float) -> ComputedMeasures:
    """Compute all measures of a generator against a mixture.

    The work is bounded, so ``tolerance`` is met only by generators that hardly fold. Where a
    generator folds much, errors are 1e-5 to 1e-2, and ``errors`` says which.
    """
    discs = Discs.of(target)
    mesh = latent_mesh(network, discs)
    start = latent_mesh(
        network, reach=_INNER, bent=2.0, mass=1e-3, folded=3e-2, first=0.6, crowd=1.0
    )
    masses, masses_error = latent_mode_masses(network, target, discs, start.corners, tolerance)
    if _is_flat(network, mesh):
        return _gathered(target, 1.0, (np.inf, 0.0), None, masses, masses_error)
    preimages = Preimages(network, mesh)
    kl = _kl(network, target, preimages, start, tolerance)
    return _gathered(
        target,
        0.0,
        kl,
        _over_modes(network, target, discs, preimages, tolerance),
        masses,
        masses_error,
    )


def _is_flat(network: Network, mesh: Mesh) -> bool:
    """Say whether det J is 0 everywhere, but for rounding."""
    _, slopes = value_and_slopes(network, mesh.corners.reshape(-1, 2))
    terms = np.abs(slopes[:, 0, 0] * slopes[:, 1, 1]) + np.abs(slopes[:, 0, 1] * slopes[:, 1, 0])
    return bool((np.abs(determinants(slopes)) <= _FLAT * terms).all())


def _kl(
    network: Network, target: MixtureTarget, preimages: Preimages, start: Mesh, tolerance: float
) -> tuple[float, float]:
    """Compute KL(q‖p), and its error.

    E ln q(G(z)) = E ln φ − E ln |det J| + E ln S, S the sum over all preimages of G(z) in parts of
    z's own term, 1 where there is no other.
    """

    def own(z: Array, _: Indices) -> Array:
        slopes = value_and_slopes(network, z)[1]
        with np.errstate(divide="ignore"):
            log_det = np.log(np.abs(determinants(slopes)))
        return (np.exp(log_noise(z)) * np.maximum(log_det, -700.0))[:, None]

    def truth(z: Array, _: Indices) -> Array:
        log_p = target.log_density(network.values(z))
        return (np.exp(log_noise(z)) * np.maximum(log_p, -1e300))[:, None]

    def others(z: Array, _: Indices) -> Array:
        return preimages.shares(z).mixing[:, None]

    entropy = -1.0 - np.log(2 * np.pi)
    few = {"tolerance": tolerance / 3, "relative": _RELATIVE, "slimmest": SLIM}
    parts = [
        integrate(own, start.corners, limit=_CHEAP, **few),
        integrate(truth, start.corners, limit=_CHEAP, **few),
        integrate(others, start.corners, limit=_room(start.corners), **few),
    ]
    log_det, log_p, log_s = (float(part.totals[0]) for part in parts)
    error = sum(float(part.errors[0]) for part in parts)
    return entropy - log_det + log_s - log_p, error + 10 * _UNSEEN


def _room(triangles: Array) -> int:
    return 45 * len(triangles) + _LIMIT


def _over_modes(
    network: Network,
    target: MixtureTarget,
    discs: Discs,
    preimages: Preimages,
    tolerance: float,
) -> Integral:
    """Integrate over the image what vanishes where p does."""
    start = latent_mesh(network, discs, **_START)
    triangles = _first_triangles(network, discs, start.corners)

    def f(z: Array, _: Indices) -> Array:
        found = preimages.shares(z)
        return np.exp(found.log_size)[:, None] * _integrands(
            found.log_q, target.log_density(found.x)
        )

    if not len(triangles):
        return Integral(np.zeros(5), np.zeros(5), 0)
    return integrate(
        f,
        triangles,
        tolerance=tolerance / 2,
        relative=_RELATIVE,
        limit=_room(triangles),
        slimmest=SLIM,
    )


def _first_triangles(network: Network, discs: Discs, start: Array) -> Array:
    """Cut triangles around modes, (n, 3, 2), as finely as their number allows."""
    triangles = start
    for least in _LEAST:
        small = float(np.log(least))
        triangles = near_modes(network, discs, start, RADIUS, _COARSE, _OF_TARGET, small)
        if len(triangles) <= _TRIANGLES:
            break
    return triangles


def _integrands(log_q: Array, log_p: Array) -> Array:
    """Compute min(p, q), √(p q), p ln(1 + q/p) + q ln(1 + p/q), p, and p ln(p/q), (n, 5)."""
    p, q = np.exp(log_p), np.exp(log_q)
    d = log_q - log_p
    bend = np.log1p(np.exp(-np.abs(d)))
    both = p * (np.maximum(d, 0.0) + bend) + q * (np.maximum(-d, 0.0) + bend)
    return np.column_stack([np.minimum(p, q), np.exp(0.5 * (log_p + log_q)), both, p, -p * d])


def _gathered(
    target: MixtureTarget,
    singular: float,
    kl: tuple[float, float],
    over: Integral | None,
    masses: Array,
    masses_error: float,
) -> ComputedMeasures:
    """Name the integrals, and say how far each may be from the truth."""
    totals = np.zeros(5) if over is None else over.totals
    errors = (np.zeros(5) if over is None else over.errors) + _UNSEEN
    squared = max(1.0 - float(totals[1]), 0.0)
    hellinger = float(np.sqrt(squared))
    uncovered = float(np.clip(1.0 - totals[3], 0.0, 1.0))
    hidden = uncovered > errors[3]
    found = {
        "kl": kl[0],
        "kl_reverse": np.inf if hidden else totals[4],
        "total_variation": np.clip(1.0 - totals[0], 0.0, 1.0),
        "jensen_shannon": np.clip(np.log(2) - totals[2] / 2, 0.0, np.log(2)),
        "hellinger": hellinger,
        "uncovered_mass": uncovered,
        "singular_mass": singular,
        "high_quality_share": masses.sum(),
    }
    stated = {
        "kl": kl[1],
        "kl_reverse": errors[4] + _UNSEEN * abs(totals[4]),
        "total_variation": errors[0],
        "jensen_shannon": errors[2],
        "hellinger": max(
            np.sqrt(squared + errors[1]) - hellinger,
            hellinger - np.sqrt(max(squared - errors[1], 0.0)),
        ),
        "uncovered_mass": errors[3],
        "singular_mass": 0.0,
        "high_quality_share": masses_error * np.sqrt(len(masses)),
        "mode_masses": masses_error,
    }
    return ComputedMeasures(
        **{name: float(value) for name, value in found.items()},
        mode_masses=masses,
        modes_found=int((masses > LOST_SHARE * target_masses(target)).sum()),
        errors={name: float(error) for name, error in stated.items()},
        route="mesh",
    )
