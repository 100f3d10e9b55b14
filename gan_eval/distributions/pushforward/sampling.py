"""Estimates by random points, as many as there is work for."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from gan_eval.distributions.pushforward.cubature import Integral
from gan_eval.distributions.pushforward.preimages import Preimages
from gan_eval.distributions.pushforward.work import Work

Array = NDArray[np.floating]

PROBE = 256
"""Points that tell what others cost; from fewer nothing is estimated."""
_MOST = 4096
_ROOM = 0.8
"""The part of the work that the first round of an integral may take."""


def estimate(draw: Callable[[int], Array], unknown: Array, work: Work) -> Integral:
    """Estimate means by as many random points as there is work for.

    Parameters
    ----------
    draw : callable
        A number of points to their values, (at most as many, k); it spends the work.
    unknown : ndarray, shape (k,)
        The totals where there are too few points, with infinite errors.
    work : Work

    Returns
    -------
    Integral
        Each error is 4 standard deviations.
    """
    step = PROBE
    found: list[Array] = [np.zeros((0, len(unknown)))]
    while not work.over:
        before = work.spent
        found.append(draw(step))
        step = int(np.clip(work.left / 2 / ((work.spent - before) / step), 1, _MOST))
    values = np.concatenate(found)
    n = max(len(values), 1)
    if len(values) < PROBE:
        return Integral(unknown, np.full(len(unknown), np.inf), n)
    return Integral(values.mean(axis=0), 4 * values.std(axis=0) / np.sqrt(n) + 8 / n, n)


def room_of(preimages: Preimages, probe: Array, work: Work) -> float:
    """Say of how many triangles the first round is to be, by what some points (n, 2) cost."""
    before = work.spent
    preimages.shares(probe, work)
    return _ROOM * max(work.left, 0.0) / (45 * (work.spent - before) / len(probe))
