"""KL(q‖p) of a smooth generator by integrals over all noise."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from gan_eval.distributions.mixture import MixtureTarget
from gan_eval.distributions.pushforward.by_mesh.compiled import determinants, value_and_slopes
from gan_eval.distributions.pushforward.by_mesh.latent import Mesh, latent_mesh, log_noise
from gan_eval.distributions.pushforward.by_mesh.latent_masses import SLIM
from gan_eval.distributions.pushforward.by_mesh.preimages import Preimages
from gan_eval.distributions.pushforward.by_mesh.sampling import PROBE, estimate, normal, room_of
from gan_eval.distributions.pushforward.cubature import Indices, Integral, integrate
from gan_eval.distributions.pushforward.network import Network
from gan_eval.distributions.pushforward.work import Work, cost

Array = NDArray[np.floating]

_INNER = 8.5
"""Noise farther from 0 has a mass of 2e-16."""
RELATIVE = 0.01
"""The part of ``tolerance`` that is aimed at for a divergence above 100, beside its size."""
_SATURATED = 1e-6
"""The mass of noise of which slopes may be lost to rounding."""
ANY = 1e300
"""The aim where an error does not matter."""
EACH, EACH_MODE = 0.15, 0.05
"""The work, at a point, of the rule and of the target's density, by modes."""
_COARSEST = 64.0
_FLAT = 1e-13
"""|det J| below this part of its terms is rounding."""
UNSEEN = 1e-9
"""The mass that preimages may lack: of noise far out and triangles left out."""


def inner_mesh(network: Network, coarse: float, work: Work) -> Mesh:
    """Cut the part of the plane that holds all noise, for integrals over it."""
    return latent_mesh(
        network,
        reach=_INNER,
        bent=2.0,
        mass=1e-3 * coarse,
        folded=3e-2 * coarse,
        first=0.6 * coarse,
        crowd=1.0,
        work=work,
    )


def is_flat(network: Network, mesh: Mesh) -> bool:
    """Say whether det J is 0 everywhere, but for rounding."""
    _, slopes = value_and_slopes(network, mesh.corners.reshape(-1, 2))
    return bool((np.abs(determinants(slopes)) <= _FLAT * _terms(slopes)).all())


def kl_over_noise(
    network: Network,
    target: MixtureTarget,
    preimages: Preimages,
    start: Mesh,
    tolerance: float,
    work: Work,
) -> tuple[tuple[float, float], float]:
    """Compute KL(q‖p), with its error, and the mass of noise that the search does not find again.

    NaN where slopes are lost to rounding.

    E ln q(G(z)) = E ln φ − E ln |det J| + E ln S, S the sum over all preimages of G(z) in parts of
    z's own term, 1 where there is no other.
    """

    k, cheap = len(target.weights), work.part(0.2)

    def own(z: Array, _: Indices) -> Array:
        cheap.spend(len(z) * (cost(network) + EACH))
        slopes = value_and_slopes(network, z)[1]
        noise, det = np.exp(log_noise(z)), np.abs(determinants(slopes))
        with np.errstate(divide="ignore"):
            log_det = np.maximum(np.log(det), -700.0)
        return np.column_stack([noise * log_det, noise * (det <= _FLAT * _terms(slopes))])

    def truth(z: Array, _: Indices) -> Array:
        cheap.spend(len(z) * (cost(network) + EACH + EACH_MODE * k))
        log_p = target.log_density(value_and_slopes(network, z)[0])
        return (np.exp(log_noise(z)) * np.maximum(log_p, -1e300))[:, None]

    def others(z: Array, _: Indices) -> Array:
        found = preimages.shares(z, work, parted=False)
        return np.column_stack([found.mixing, np.exp(log_noise(z)) * found.lost])

    entropy = -1.0 - np.log(2 * np.pi)
    few: dict[str, Any] = {"relative": RELATIVE * tolerance, "slimmest": SLIM}
    both = np.array([tolerance / 3, ANY])
    log_det = integrate(own, start.corners, tolerance=both, work=cheap, **few)
    cheap = work.part(0.4)
    log_p = integrate(truth, start.corners, tolerance=tolerance / 3, work=cheap, **few)
    some = np.random.default_rng(0).integers(len(start), size=PROBE)
    probe = start.corners[some].mean(axis=1)
    room, coarse = room_of(preimages, probe, work), 1.0
    while len(start) > 0.7 * room and coarse < _COARSEST:
        coarse *= 2
        start = inner_mesh(network, coarse, work.part(0.05))
    if len(start) > 0.7 * room:
        log_s = _by_noise(preimages, work)
    else:
        log_s = integrate(others, start.corners, tolerance=both, work=work, **few)
    parts = [part.totals[0] for part in (log_det, log_p, log_s)]
    error = sum(float(part.errors[0]) for part in (log_det, log_p, log_s))
    lost = float(2 * log_s.totals[1])
    value = float(entropy - parts[0] + parts[2] - parts[1])
    error += 10 * UNSEEN + lost
    if log_det.totals[1] > _SATURATED or not np.isfinite([value, error]).all():
        value = error = np.nan
    return (value, error), lost


def _by_noise(preimages: Preimages, work: Work) -> Integral:
    """Estimate E ln S, and the mass that is not found again, by random points of noise."""

    def draw(u: Array) -> Array:
        z = normal(u)
        shares = preimages.shares(z, work, parted=False)
        with np.errstate(divide="ignore"):
            log_det = np.log(np.abs(determinants(value_and_slopes(preimages.network, z)[1])))
        own = np.clip(log_noise(z) - log_det, -1e4, 1e4)
        return np.column_stack([shares.log_q - own, shares.lost.astype(float)])

    return estimate(draw, 2, np.array([0.0, 1.0]), work)


def _terms(slopes: Array) -> Array:
    """The size of the two terms of det J, (n,)."""
    return np.abs(slopes[:, 0, 0] * slopes[:, 1, 1]) + np.abs(slopes[:, 0, 1] * slopes[:, 1, 0])
