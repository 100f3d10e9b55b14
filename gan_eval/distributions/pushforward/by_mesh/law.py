"""The law of what a smooth generator (tanh) makes of normal noise in the plane, by integrals."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gan_eval.distributions.mixture import MixtureTarget
from gan_eval.distributions.modes import LOST_SHARE
from gan_eval.distributions.pushforward.by_mesh.discs import Discs
from gan_eval.distributions.pushforward.by_mesh.latent import latent_mesh
from gan_eval.distributions.pushforward.by_mesh.latent_masses import latent_mode_masses
from gan_eval.distributions.pushforward.by_mesh.over_modes import DECIDED, over_modes
from gan_eval.distributions.pushforward.by_mesh.over_noise import (
    UNSEEN,
    inner_mesh,
    is_flat,
    kl_over_noise,
)
from gan_eval.distributions.pushforward.by_mesh.preimages import Preimages
from gan_eval.distributions.pushforward.by_pieces.mode_masses import target_masses
from gan_eval.distributions.pushforward.cubature import Integral
from gan_eval.distributions.pushforward.measures import ComputedMeasures
from gan_eval.distributions.pushforward.network import Network
from gan_eval.distributions.pushforward.work import Work

Array = NDArray[np.floating]
Mask = NDArray[np.bool_]

TOLERANCE = 1e-4
"""The default aim for every error."""
_WORK, _WORK_PER_MODE = 6e5, 4e4
"""The work of a default computation, and what each mode of the target adds."""
_MASS = 1e-5
"""The mesh is cut to triangles of that mass of noise, and finer for smaller tolerances."""
_ADDED = 3.0
"""Preimages that add less than e^−3 of the tolerance to a density are left out."""
_BOUNDED = ("total_variation", "jensen_shannon", "hellinger")
_AGAIN = ((3.0, 0.02), (9.0, 0.1))
"""Where the error of one of these is above the second number, all is computed again, with so many
times the work."""
_MORE = 100.0
"""A smaller tolerance may take as many times that."""
_DENSITY_WORK = 8e6
"""The work of densities at points."""
_MOST = {
    **dict.fromkeys(("total_variation", "hellinger", "uncovered_mass", "mode_masses"), 1.0),
    "jensen_shannon": float(np.log(2)),
    "high_quality_share": 1.0,
}
"""No error of these is larger."""


@np.errstate(over="ignore", invalid="ignore")
def log_density(network: Network, x: Array) -> Array:
    """Compute ln q(x) at rows (n, 2), shape (n,): over all z that map to x.

    The work is bounded: NaN at some rows where a generator folds so often that it does not do.
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

    The work is bounded: by default to what takes about 1 s, or 2 s where there are 25 modes. Where
    an error is above 0.02 then, all is computed again with thrice that, and where one is above 0.1
    still, with nine times as much. A smaller ``tolerance`` allows more of it, in proportion to the
    root, at most 100 times. So ``tolerance`` is met only by generators that hardly fold; otherwise
    ``errors`` says how far it came.
    """
    more = min(max((TOLERANCE / tolerance) ** 0.5, 1.0), _MORE)
    found = _within(network, target, tolerance, more)
    for times, poor in _AGAIN:
        if found.singular_mass or max(found.errors[name] for name in _BOUNDED) <= poor:
            break
        found = _within(network, target, tolerance, times * more)
    return found


def _within(
    network: Network, target: MixtureTarget, tolerance: float, more: float
) -> ComputedMeasures:
    """Compute them within so many times the default work."""
    work = Work(more * (_WORK + _WORK_PER_MODE * len(target.weights)))
    discs = Discs.of(target)
    mesh = latent_mesh(
        network, discs, work=work.part(0.4), mass=_MASS * min(tolerance / TOLERANCE, 1.0)
    )
    start = inner_mesh(network, 1.0, work.part(0.05))
    masses, masses_error = latent_mode_masses(
        network, target, discs, start.corners, tolerance, work.part(0.2)
    )
    if is_flat(network, mesh):
        return _gathered(target, 1.0, (np.inf, 0.0), None, masses, masses_error)
    preimages = Preimages(network, mesh, max(_ADDED - np.log(tolerance), 0.0))
    kl, lost = kl_over_noise(network, target, preimages, start, tolerance, work.part(0.4))
    over = over_modes(network, target, discs, preimages, tolerance, work)
    return _gathered(target, 0.0, kl, over, masses, masses_error, lost)


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
    errors = (np.zeros(7) if over is None else over.errors) + UNSEEN
    unfound = 2 * totals[5]
    errors[:5] += [unfound, unfound + lost, unfound + lost, unfound, 2 * totals[6]]
    squared = max(1.0 - float(totals[1]), 0.0)
    hellinger = float(np.sqrt(squared))
    uncovered = float(np.clip(1.0 - totals[3], 0.0, 1.0))
    reverse, reverse_error = totals[4], errors[4] + UNSEEN * abs(totals[4])
    if uncovered > errors[3]:
        reverse, reverse_error = np.inf, 0.0
    elif errors[3] > DECIDED or not np.isfinite(reverse):
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
