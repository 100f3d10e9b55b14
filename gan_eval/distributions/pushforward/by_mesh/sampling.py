"""Estimates by points that fill the unit square evenly, as many as there is work for."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from gan_eval.distributions.pushforward.by_mesh.preimages import Preimages
from gan_eval.distributions.pushforward.cubature import Integral
from gan_eval.distributions.pushforward.work import Work

Array = NDArray[np.floating]

PROBE = 256
"""Points that tell what others cost."""
_SETS = 16
"""Sets of points, each moved by itself, whose means tell the error: at least so many."""
_DEVIATIONS = 5.0
"""The stated error, in standard errors of the mean over sets. Student's t with 15 degrees of
freedom is as large by chance once in 6,000 times."""
_ROOM = 0.8
"""The part of the work that the first round of an integral may take."""


def estimate(
    draw: Callable[[Array], Array], coordinates: int, unknown: Array, work: Work
) -> Integral:
    """Estimate means over the unit cube by as many points as there is work for.

    Parameters
    ----------
    draw : callable
        Computes the values (n, k) at points (n, coordinates) of the cube, NaN in the first column
        where they are not known; it spends the work.
    coordinates : int
    unknown : ndarray, shape (k,)
        The totals where there is no work for 256 points, with infinite errors.
    work : Work

    Returns
    -------
    Integral

    Notes
    -----
    Sobol's points (1967), moved by a random vector modulo 1 (Cranley and Patterson 1976), in 16
    sets or more: each set's mean is unbiased, and closer to the truth than that of as many random
    points.
    """
    from scipy.stats import qmc

    rng = np.random.default_rng(0)
    before = work.spent
    probe = draw(rng.random((PROBE, coordinates)))
    room = work.left / max((work.spent - before) / PROBE, 1e-6)
    if np.isnan(probe[:, 0]).any():
        return Integral(unknown, np.full(len(unknown), np.inf), PROBE)
    means, each = list(probe), 1  # as plain random points, where there is no work for more
    if room >= PROBE:
        points = qmc.Sobol(coordinates, scramble=False).random_base2(int(np.log2(room / _SETS)))
        sets: list[Array] = []
        while len(sets) < 2 * _SETS and not (work.over and len(sets) >= 2):
            values = draw((points + rng.random(coordinates)) % 1.0)
            if np.isnan(values[:, 0]).any():
                break
            sets.append(values.mean(axis=0))
        if len(sets) >= _SETS:
            means, each = sets, len(points)
    n = each * len(means)
    error = _DEVIATIONS * np.std(means, axis=0, ddof=1) / np.sqrt(len(means))
    return Integral(np.mean(means, axis=0), error + 8 / n, n)


def normal(u: Array) -> Array:
    """Map points of the unit cube to independent standard normal coordinates."""
    from scipy.special import ndtri

    return ndtri(np.clip(u, 1e-17, 1 - 1e-16))


def room_of(preimages: Preimages, probe: Array, work: Work) -> float:
    """Say of how many triangles the first round is to be, by what some points (n, 2) cost."""
    before = work.spent
    preimages.shares(probe, work)
    return _ROOM * max(work.left, 0.0) / (45 * (work.spent - before) / len(probe))
