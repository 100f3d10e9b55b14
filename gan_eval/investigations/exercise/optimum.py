"""The power of the best possible test of a known generator, at any number of rows."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.special import chdtri, ndtri

Array = NDArray[np.floating]

_POINTS = 2**14


def optimal_power(offset: Array, scales: Array, n: int, alpha: float) -> Array:
    """Compute the power of Neyman and Pearson's test of p against q, from n rows, at level alpha.

    It knows p and q and rejects for large Σ ln q/p; no test of its level has more power. In
    canonical coordinates Σ ln q/p is linear in the sum and the sum of squares of each coordinate,
    which are a normal and a χ² number: its distributions, central under p and noncentral
    under q, are had from 16,384 points of Sobol's sequence in these, with an error of the power
    below 0.005. :func:`gan_eval.distributions.sample_size.samples_to_detect` is the n at which it
    reaches 80 %.

    Parameters
    ----------
    offset, scales : ndarray, shape (G, d)
        Of :func:`gan_eval.distributions.canonical.canonical_pair`, finite, scales above 0.
    n : int
        At least 2.
    alpha : float
        Inside (0, 1).

    Returns
    -------
    ndarray, shape (G,)
    """
    normal, chi2 = _sums(offset.shape[1], n)
    found = np.empty(len(offset))
    for g, (place, scale) in enumerate(zip(offset, scales, strict=True)):
        # Of rows of p: Σx = √n Z, Σx² = Z² + χ². Those of q are place + scale x.
        total, squares = np.sqrt(n) * normal, normal**2 + chi2
        under_p = _statistic(total, squares, place, scale)
        moved = n * place + scale * total
        spread = n * place**2 + 2 * place * scale * total + scale**2 * squares
        under_q = _statistic(moved, spread, place, scale)
        if np.ptp(under_p) == 0:  # one law: the statistic is constant, and a coin decides
            found[g] = alpha
        else:
            found[g] = (under_q > np.quantile(under_p, 1 - alpha)).mean()
    return found


def _statistic(total: Array, squares: Array, place: Array, scale: Array) -> Array:
    """Σ ln q/p but for a constant, from Σx and Σx² of each coordinate, (points, d)."""
    inverse = 1 / scale**2
    return squares @ (0.5 * (1 - inverse)) + total @ (place * inverse)


@lru_cache(maxsize=32)
def _sums(dimension: int, n: int) -> tuple[Array, Array]:
    from scipy.stats import qmc

    sobol = qmc.Sobol(2 * dimension, scramble=True, rng=np.random.default_rng([11, n]))
    uniform = sobol.random(_POINTS)
    return ndtri(uniform[:, :dimension]), chdtri(n - 1, uniform[:, dimension:])
