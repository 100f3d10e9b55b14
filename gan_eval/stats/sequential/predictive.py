"""Densities for the next row, fitted to the rows before it, and normalised whatever these were.

The predictive density of a Gaussian whose mean and covariance have a normal-inverse-Wishart prior
is a Student t. The product over n rows falls short of the likelihood of the true Gaussian by about
(k/2) ln n nats, k = d + d (d + 1) / 2 its number of parameters, and no density that knows only
earlier rows does better for all Gaussians (Rissanen 1984; Clarke & Barron 1990).

References
----------
K. Murphy, "Conjugate Bayesian analysis of the Gaussian distribution", 2007, §9. J. Rissanen,
"Universal coding, information, prediction, and estimation", IEEE Trans. Inf. Theory 30 (1984).
"""

from __future__ import annotations

from math import log, pi

import numpy as np
from scipy.special import gammaln

from gan_eval.stats.samples import Array
from gan_eval.stats.sequential.process import cumulative

MEAN_WEIGHT = 1.0
"""κ₀: the prior of the mean weighs as one row."""
EXTRA_FREEDOM = 2.0
"""ν₀ − d: the least whole number for which the prior's covariance has a mean."""
FAR = 1e4
"""A row farther off, in deviations, is learned as one at this distance, to keep digits."""


class Moments:
    """The means and covariances of the rows before each row, of k parts, begun at N(0, I).

    Parameters
    ----------
    k, d : int
    mean_weight, scatter_weight : float
        As how many rows the beginning counts.
    """

    def __init__(self, k: int, d: int, mean_weight: float, scatter_weight: float) -> None:
        self._mean_weight = mean_weight
        self._counts, self._sums = np.zeros(k), np.zeros((k, d))
        self._scatter = np.tile(scatter_weight * np.eye(d), (k, 1, 1))

    def learn(self, rows: Array, taken: Array) -> tuple[Array, Array, Array]:
        """Learn rows (n, k, d), each by the parts where ``taken`` (n, k) is 1, not 0.

        Returns the numbers of rows before each row (n, k), each row's differences from the means of
        these (n, k, d), and their scatter matrices (n, k, d, d).
        """
        near = rows * (FAR / np.maximum(np.linalg.norm(rows, axis=2, keepdims=True), FAR))
        counts = cumulative(self._counts, taken)
        sums = cumulative(self._sums, taken[..., None] * near)
        weight = self._mean_weight + counts[:-1]
        means = sums[:-1] / weight[..., None]
        learned = near - means
        squares = learned[..., :, None] * learned[..., None, :]
        shares = taken * weight / (weight + 1)
        scatter = cumulative(self._scatter, shares[..., None, None] * squares)
        self._counts, self._sums, self._scatter = counts[-1], sums[-1], scatter[-1]
        return counts[:-1], rows - means, scatter[:-1]


class GaussianPredictive:
    """The predictive densities of k Gaussians in d dimensions, each of the rows that it was given.

    The prior is about N(0, I), so that rows are to be whitened by what one would expect.

    Examples
    --------
    Before any row it is a Student t of 3 degrees of freedom:

    >>> from scipy.stats import t
    >>> fitted = GaussianPredictive(1, 1)
    >>> found = fitted.log_densities(np.array([[[0.5]]]), np.ones((1, 1)))
    >>> round(float(found[0, 0]), 6), round(float(t(3, scale=(2 / 3) ** 0.5).logpdf(0.5)), 6)
    (-1.033722, -1.033722)
    """

    def __init__(self, k: int, d: int) -> None:
        self._moments = Moments(k, d, MEAN_WEIGHT, EXTRA_FREEDOM - 1)

    def log_densities(self, rows: Array, taken: Array) -> Array:
        """Compute ln q̂ₜ₋₁ of each row by each Gaussian, shape (n, k), and learn the rows.

        Parameters
        ----------
        rows : ndarray, shape (n, k, d)
            Each row in the coordinates of each Gaussian.
        taken : ndarray, shape (n, k)
            1 where the Gaussian learns the row, after its density was taken, else 0.
        """
        d = rows.shape[-1]
        counts, apart, scatter = self._moments.learn(rows, taken)
        solved = np.linalg.solve(scatter, apart[..., None])[..., 0]
        distance = np.maximum(np.einsum("nkd,nkd->nk", apart, solved), 0.0)
        freedom = EXTRA_FREEDOM + counts + 1
        share = (MEAN_WEIGHT + counts) / (MEAN_WEIGHT + counts + 1)
        constant = gammaln((freedom + d) / 2) - gammaln(freedom / 2) - d / 2 * log(pi)
        constant += d / 2 * np.log(share) - np.linalg.slogdet(scatter)[1] / 2
        return constant - (freedom + d) / 2 * np.log1p(share * distance)
