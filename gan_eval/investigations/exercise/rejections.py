"""The tests of the exercise: does each tell a generator from the truth, and could the best one?"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.special import chdtri, ndtri

from gan_eval.distributions.gaussian import Gaussian
from gan_eval.distributions.target import GaussianTarget
from gan_eval.runtime.random import generator
from gan_eval.stats.battery.catalogue import ALL_TESTS, TARGET, Test

Array = NDArray[np.floating]

PERMUTATIONS = 99
"""The permutations of MMD, energy and columns, or as many as a level needs; a p-value of
permutations is exact for any number of them."""

REFITS = 39
"""Permutations of the classifier test, each of which fits five classifiers; likewise."""

TESTS: Mapping[str, Test] = {
    "likelihood_ratio": ALL_TESTS["target_likelihood_ratio"],
    "covariance": ALL_TESTS["target_covariance"],
    "hotelling": ALL_TESTS["target_hotelling"],
    "mmd": ALL_TESTS["mmd_by_target"],
    "energy": ALL_TESTS["energy_by_target"],
    "classifier": ALL_TESTS["classifier"],
    "columns": ALL_TESTS["columns"],
}
"""The tests of the exercise, by the names in its files."""

OPTIMUM = "optimum"
"""The name under which the best possible test stands among the others."""

_POINTS = 2**14


def rejections(
    target: GaussianTarget,
    law: Gaussian,
    seeds: list[int],
    kind: str,
    n: int,
    alpha: float,
    names: Sequence[str] = tuple(TESTS),
) -> NDArray[np.bool_]:
    """Test each of G generators by n generated rows: which tests reject, shape (tests, G).

    Every test sees the same n generated rows of a generator; those of two samples see n fresh real
    rows beside them. ``law`` has the G generators' distributions; ``kind`` and ``seeds`` name the
    random numbers. A test has its own, so that its answer does not depend on which others are run.
    """
    found = np.empty((len(names), len(seeds)), dtype=bool)
    for g, seed in enumerate(seeds):
        case = (seed, "exercise", "tests", kind, n)
        data = generator(*case)
        real = target.sample(n, data)
        latent = data.standard_normal((n, law.factor.shape[-2]))
        fake = latent @ law.factor[g] + law.mean[g]
        for i, name in enumerate(names):
            test, few = TESTS[name], REFITS if name == "classifier" else PERMUTATIONS
            pvalue = test.run(
                *((fake,) if test.needs == TARGET else (real, fake)),
                target=target,
                # As many more as a p-value needs to come down to α.
                permutations=max(few, math.ceil((1 - 1e-12) / alpha) - 1),
                rng=generator(*case, name),
            ).pvalue
            # Not `<=` alone: α and a p-value of permutations may differ by rounding.
            found[i, g] = pvalue <= alpha + 1e-12
    return found


def optimal_power(offset: Array, scales: Array, n: int, alpha: float) -> Array:
    """Compute the power of Neyman and Pearson's test of p against q, from n rows, at level alpha.

    It knows p and q and rejects for large Σ ln q/p; no test of its level has more power. In
    canonical coordinates Σ ln q/p is linear in the sum and the sum of squares of each coordinate,
    which are a normal and a χ² number: its distributions, central under p and noncentral
    under q, are had from 16,384 points of Sobol's sequence in these, with an error of the power
    below 0.005. :func:`gan_eval.distributions.likelihood_ratio.samples_to_detect` is the n at
    which it reaches 80 %.

    Parameters
    ----------
    offset, scales : ndarray, shape (G, d)
        Of :func:`gan_eval.distributions.divergences.canonical_pair`, finite, scales above 0.
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
