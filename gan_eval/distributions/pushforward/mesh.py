"""The law of what a smooth generator (tanh) makes of normal noise in the plane, by integrals."""

from __future__ import annotations

from typing import Any

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
from gan_eval.distributions.pushforward.work import Work, cost

Array = NDArray[np.floating]
Mask = NDArray[np.bool_]

_INNER = 8.5
"""Noise farther from 0 has a mass of 2e-16."""
_RELATIVE = 0.01
"""Of a divergence above 100 the error that is aimed at is that part of ``tolerance``."""
TOLERANCE = 1e-4
"""What is aimed at by default."""
_WORK, _WORK_PER_MODE = 2.0e6, 1.2e5
"""The work of a default computation, and what each mode of the target adds."""
_MORE = 100.0
"""A smaller tolerance may take as many times that."""
_DENSITY_WORK = 2e7
"""That of densities at points."""
_DECIDED = 1e-5
"""Where the error of the mass that is not covered is larger, it does not tell whether that is 0."""
_SATURATED = 1e-6
"""Of so much mass of noise the slopes may be lost to rounding."""
_ANY = 1e300
_LARGEST = 600.0
"""ln q is taken for that where it is larger, which is no more than rounding."""
_COARSE = 3.5
"""Images of triangles of the first round are no larger than so many standard deviations."""
_LEAST = (1e-7, 1e-6, 1e-5, 1e-4, 1e-3, 1e-2)
"""The first triangles around modes are cut to size where they hold that mass, of noise or of the
target: the least of which there is work for as many."""
_NEAR, _NEARLY = 6.0, 1e-6
"""Beyond so many deviations of a mode nothing counts, but where so small an error is aimed at."""
_START = {"mass": 1e-3, "folded": 3e-2, "first": 0.6}
_BENT = {"bent": 2.0, "crowd": 1.0}
"""How fine triangles are in the first round."""
_EACH, _EACH_MODE = 0.15, 0.05
"""The work, at a point, of the rule and of the target's density, by modes."""
_MOST = {
    **dict.fromkeys(("total_variation", "hellinger", "uncovered_mass", "mode_masses"), 1.0),
    "jensen_shannon": float(np.log(2)),
    "high_quality_share": 1.0,
}
"""No error of these is larger."""
_PROBE, _ROOM, _COARSEST = 256, 0.8, 64.0
"""Points that tell what others cost, and the part of the work that the first round may take."""
_FLAT = 1e-13
"""|det J| below this part of its terms is rounding."""
_UNSEEN = 1e-9
"""The mass that preimages may lack: of noise far out and triangles left out."""


@np.errstate(over="ignore", invalid="ignore")
def log_density(network: Network, x: Array) -> Array:
    """Compute ln q(x) at rows (n, 2), shape (n,): over all z that map to x.

    The work is bounded: NaN at the last rows where a generator folds so often that it does not do.
    """
    finite = np.isfinite(x).all(axis=1)
    found = np.full(len(x), -np.inf)
    if finite.any():
        rows = x[finite]
        work = Work(_DENSITY_WORK)
        mesh = latent_mesh(network, Discs.around(rows), work=work.part(0.3))
        found[finite] = Preimages(network, mesh).log_density(rows, work)
    return found


@np.errstate(over="ignore", invalid="ignore")
def against(
    network: Network, target: MixtureTarget, tolerance: float = TOLERANCE
) -> ComputedMeasures:
    """Compute all measures of a generator against a mixture.

    The work is bounded: by default to what takes about 2 s, or 5 s where there are 25 modes, and a
    smaller ``tolerance`` allows more of it, in proportion to the root, at most 100 times. So
    ``tolerance`` is met only by generators that hardly fold. Where a generator folds much, errors
    are 1e-5 to 1e-2, and ``errors`` says which.
    """
    more = min(max((TOLERANCE / tolerance) ** 0.5, 1.0), _MORE)
    work = Work(more * (_WORK + _WORK_PER_MODE * len(target.weights)))
    discs = Discs.of(target)
    mesh = latent_mesh(network, discs, work=work.part(0.25))
    start = _inner(network, 1.0, work.part(0.05))
    masses, masses_error = latent_mode_masses(
        network, target, discs, start.corners, tolerance, work.part(0.3)
    )
    if _is_flat(network, mesh):
        return _gathered(target, 1.0, (np.inf, 0.0), None, masses, masses_error)
    preimages = Preimages(network, mesh)
    kl, lost = _kl(network, target, preimages, start, tolerance, work.part(0.35))
    over = _over_modes(network, target, discs, preimages, tolerance, work)
    return _gathered(target, 0.0, kl, over, masses, masses_error, lost)


def _inner(network: Network, coarse: float, work: Work) -> Mesh:
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


def _room(preimages: Preimages, probe: Array, work: Work) -> float:
    """Say of how many triangles the first round is to be, by what some points (n, 2) cost."""
    before = work.spent
    preimages.shares(probe, work)
    return _ROOM * max(work.left, 0.0) / (45 * (work.spent - before) / len(probe))


def _is_flat(network: Network, mesh: Mesh) -> bool:
    """Say whether det J is 0 everywhere, but for rounding."""
    _, slopes = value_and_slopes(network, mesh.corners.reshape(-1, 2))
    return bool((np.abs(determinants(slopes)) <= _FLAT * _terms(slopes)).all())


def _kl(
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

    k, cheap = len(target.weights), work.part(0.15)

    def own(z: Array, _: Indices) -> Array:
        cheap.spend(len(z) * (cost(network) + _EACH))
        slopes = value_and_slopes(network, z)[1]
        noise, det = np.exp(log_noise(z)), np.abs(determinants(slopes))
        with np.errstate(divide="ignore"):
            log_det = np.maximum(np.log(det), -700.0)
        return np.column_stack([noise * log_det, noise * (det <= _FLAT * _terms(slopes))])

    def truth(z: Array, _: Indices) -> Array:
        cheap.spend(len(z) * (cost(network) + _EACH + _EACH_MODE * k))
        log_p = target.log_density(value_and_slopes(network, z)[0])
        return (np.exp(log_noise(z)) * np.maximum(log_p, -1e300))[:, None]

    def others(z: Array, _: Indices) -> Array:
        found = preimages.shares(z, work)
        return np.column_stack([found.mixing, np.exp(log_noise(z)) * found.lost])

    entropy = -1.0 - np.log(2 * np.pi)
    few: dict[str, Any] = {"relative": _RELATIVE * tolerance, "slimmest": SLIM}
    both = np.array([tolerance / 3, _ANY])
    log_det = integrate(own, start.corners, tolerance=both, work=cheap, **few)
    cheap = work.part(0.2)
    log_p = integrate(truth, start.corners, tolerance=tolerance / 3, work=cheap, **few)
    some = np.random.default_rng(0).integers(len(start), size=_PROBE)
    probe = start.corners[some].mean(axis=1)
    room, coarse = _room(preimages, probe, work), 1.0
    while len(start) > 0.7 * room and coarse < _COARSEST:
        coarse *= 2
        start = _inner(network, coarse, work.part(0.05))
    if len(start) > 0.7 * room:
        log_s = _by_noise(preimages, work)
    else:
        log_s = integrate(others, start.corners, tolerance=both, work=work, **few)
    parts = [part.totals[0] for part in (log_det, log_p, log_s)]
    error = sum(float(part.errors[0]) for part in (log_det, log_p, log_s))
    lost = float(2 * log_s.totals[1])
    value = float(entropy - parts[0] + parts[2] - parts[1])
    error += 10 * _UNSEEN + lost
    if log_det.totals[1] > _SATURATED or not np.isfinite([value, error]).all():
        value = error = np.nan
    return (value, error), lost


def _by_noise(preimages: Preimages, work: Work) -> Integral:
    """Estimate E ln S, and the mass that is not found again, by as many random points of noise as
    there is work for; an error is 4 standard deviations."""
    rng, step, found = np.random.default_rng(1), _PROBE, [np.zeros((0, 2))]
    while not work.over:
        before = work.spent
        z = rng.standard_normal((step, 2))
        shares = preimages.shares(z, work)
        with np.errstate(divide="ignore"):
            log_det = np.log(np.abs(determinants(value_and_slopes(preimages.network, z)[1])))
        own = np.clip(log_noise(z) - log_det, -1e4, 1e4)
        found.append(np.column_stack([shares.log_q - own, shares.lost.astype(float)]))
        step = int(np.clip(work.left / 2 / ((work.spent - before) / step), 1, 4096))
    values = np.concatenate(found)
    n = max(len(values), 1)
    if len(values) < _PROBE:
        return Integral(np.array([0.0, 1.0]), np.full(2, np.inf), n)
    return Integral(values.mean(axis=0), 4 * values.std(axis=0) / np.sqrt(n) + 8 / n, n)


def _terms(slopes: Array) -> Array:
    """The size of the two terms of det J, (n,)."""
    return np.abs(slopes[:, 0, 0] * slopes[:, 1, 1]) + np.abs(slopes[:, 0, 1] * slopes[:, 1, 0])


def _over_modes(
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
        return _by_rows(target, preimages, work)
    k = len(target.weights)

    def f(z: Array, _: Indices) -> Array:
        work.spend(len(z) * (_EACH + _EACH_MODE * k))
        found = preimages.shares(z, work)
        each = _integrands(found.log_q, target.log_density(found.x), found.lost)
        return np.exp(found.log_size)[:, None] * each

    def aimed(totals: Array, errors: Array) -> Array:
        # Of KL(p‖q) nothing needs to be known until it is known to be finite.
        finite = 1.0 - totals[3] <= errors[3] <= 10 * _DECIDED
        return np.array([tolerance / 2] * 4 + [tolerance / 2 if finite else _ANY] + [_ANY] * 2)

    if not len(triangles):
        return None
    return integrate(
        f,
        triangles,
        tolerance=aimed,
        relative=_RELATIVE * tolerance,
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
            some = np.random.default_rng(0).integers(len(triangles), size=_PROBE)
            room = _room(preimages, triangles[some].mean(axis=1), work)
        if cutting.over:
            break
        if len(triangles) <= room:
            return triangles
    return None


def _by_rows(target: MixtureTarget, preimages: Preimages, work: Work) -> Integral:
    """Estimate the same integrals as means over random rows of the target, as many as there is work
    for; an error is 4 standard deviations."""
    rng, step = np.random.default_rng(0), _PROBE
    found = [np.zeros((0, 7))]
    while not work.over:
        before = work.spent
        x = target.sample(step, rng)
        log_p = target.log_density(x)
        log_q = preimages.log_density(x, work)
        usable = ~np.isnan(log_q)
        covered = usable & np.isfinite(log_q)
        each = np.zeros((step, 7))
        each[covered] = _integrands(log_q[covered], log_p[covered], np.zeros(covered.sum(), bool))
        found.append((each * np.exp(-log_p)[:, None])[usable])
        price = (work.spent - before) / step
        step = int(np.clip(work.left / 2 / price, 1, 4096))
    values = np.concatenate(found)
    n = max(len(values), 1)
    if len(values) < _PROBE:
        return Integral(np.zeros(7), np.full(7, np.inf), n)
    return Integral(values.mean(axis=0), 4 * values.std(axis=0) / np.sqrt(n) + 8 / n, n)


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


def _gathered(
    target: MixtureTarget,
    singular: float,
    kl: tuple[float, float],
    over: Integral | None,
    masses: Array,
    masses_error: float,
    lost: float = 0.0,
) -> ComputedMeasures:
    """Name the integrals, and say how far each may be from the truth.

    ``lost`` is the mass of noise that the search for it did not find again.
    """
    totals = np.zeros(7) if over is None else over.totals
    errors = (np.zeros(7) if over is None else over.errors) + _UNSEEN
    unfound = 2 * totals[5]
    errors[:5] += [unfound, unfound + lost, unfound + lost, unfound, 2 * totals[6]]
    squared = max(1.0 - float(totals[1]), 0.0)
    hellinger = float(np.sqrt(squared))
    uncovered = float(np.clip(1.0 - totals[3], 0.0, 1.0))
    reverse, reverse_error = totals[4], errors[4] + _UNSEEN * abs(totals[4])
    if uncovered > errors[3]:
        reverse, reverse_error = np.inf, 0.0
    elif errors[3] > _DECIDED or not np.isfinite(reverse):
        reverse = reverse_error = np.nan
    found = {
        "kl": kl[0],
        "kl_reverse": reverse,
        "total_variation": np.clip(1.0 - totals[0], 0.0, 1.0),
        "jensen_shannon": np.clip(np.log(2) - totals[2] / 2, 0.0, np.log(2)),
        "hellinger": hellinger,
        "uncovered_mass": uncovered,
        "singular_mass": singular,
        "high_quality_share": masses.sum(),
    }
    stated = {
        "kl": kl[1],
        "kl_reverse": reverse_error,
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
        errors={
            name: float(np.nan_to_num(min(error, _MOST.get(name, np.inf)), nan=np.inf))
            for name, error in stated.items()
        },
        route="mesh",
    )
