"""Random Fourier features: kernels, and the Euclidean distance, as means over random frequencies.

A kernel of the difference of two rows is k(x − y) = E cos(wᵀ(x − y)), w drawn from its spectral law
(Rahimi & Recht 2007), and ‖x − y‖ is a weighted mean of 1 − cos(wᵀ(x − y)). With finitely many
frequencies that is a kernel, or a distance, again, so that a permutation test with it is exact; and
it costs a pass over the rows, not over their pairs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import lgamma, log, pi

import numpy as np
from scipy.special import betaincinv, gammaincinv, logsumexp

from gan_eval.stats.kernels.kernels import median_bandwidth, some_rows
from gan_eval.stats.samples import Array

GROUPS = 16
"""Independent draws of frequencies, whose spread gives the error of their mean."""


# Rows between which the size of kernels is measured.
SQUARED_ROWS = 512


@dataclass(frozen=True, eq=False)
class Features:
    """Frequencies, and the weights by which one or several kernels are made of them.

    Attributes
    ----------
    frequencies : ndarray, shape (groups, size, d)
    weights : ndarray, shape (groups, size, kernels)
        Of cos(wᵀ(x − y)); those of a kernel add up to k(x, x) = 1, in each group to its share. Of a
        distance, of 1 − cos(wᵀ(x − y)).
    """

    frequencies: Array
    weights: Array

    @property
    def count(self) -> int:
        """Return the number of features: a cosine and a sine of each frequency."""
        return 2 * self.weights.shape[0] * self.weights.shape[1]

    def mean_squares(self, points: Array) -> list[float]:
        """Return the mean of each kernel's squared entries between distinct rows of some points.

        Of these kernels, not of those they stand for: what frequencies are too few for a narrow
        kernel is noise, which must not be divided by the little that the narrow kernel has.
        """
        rows = some_rows(points, SQUARED_ROWS)
        phases = (rows - np.median(rows, axis=0)) @ self.frequencies.reshape(-1, points.shape[1]).T
        cosines, sines, found = np.cos(phases), np.sin(phases), []
        for weights in self.weights.reshape(phases.shape[1], -1).T:
            entries = (cosines * weights) @ cosines.T + (sines * weights) @ sines.T
            squares = np.square(entries).sum() - np.square(np.diag(entries)).sum()
            found.append(float(squares) / max(1, len(rows) * (len(rows) - 1)))
        return found


@dataclass(frozen=True)
class _Spectrum:
    """The law of the length r of the frequencies of a kernel with bandwidth 1, in d dimensions.

    ``quantile(share, d)``, and ``log_density(r, d)`` without what depends on r and d alike for all.
    """

    quantile: Callable[[Array, int], Array]
    log_density: Callable[[Array, int], Array]


def _cauchy_quantile(share: Array, d: int) -> Array:
    """Of a multivariate Cauchy law: r² = χ²_d / χ²_1."""
    part = betaincinv(d / 2, 0.5, share)
    # Where the share is nearly 1, what it lacks has the digits.
    rest = betaincinv(0.5, d / 2, 1 - share)
    return np.sqrt(np.where(share < 0.5, part, 1 - rest) / np.where(share < 0.5, 1 - part, rest))


SPECTRA: Mapping[str, _Spectrum] = {
    "gaussian": _Spectrum(
        lambda share, d: np.sqrt(2 * np.asarray(gammaincinv(d / 2, share))),
        lambda r, d: log(2) - d / 2 * log(2) - lgamma(d / 2) - np.square(r) / 2,
    ),
    "laplace": _Spectrum(
        _cauchy_quantile,
        lambda r, d: log(2) + lgamma((d + 1) / 2) - log(pi) / 2 - lgamma(d / 2)
        - (d + 1) / 2 * np.log1p(np.square(r)),
    ),
}  # fmt: skip
"""The kernels that features can be drawn for."""


def kernel_features(
    kernels: Sequence[tuple[str, float]], d: int, frequencies: int, generator: np.random.Generator
) -> Features:
    """Draw frequencies that all these kernels share.

    Parameters
    ----------
    kernels : sequence of (str, float)
        Names in ``SPECTRA``, each with its bandwidth.
    d : int
        Columns of the rows.
    frequencies : int
        At least so many, in all.
    generator : numpy.random.Generator

    Notes
    -----
    Frequencies are drawn from the mixture of all spectral laws, and weigh p_k / mean p in kernel k
    (the balance heuristic, Veach & Guibas 1995): none weighs more than the number of kernels.
    Lengths are drawn one from each of equal shares of the mixture, directions orthogonal (Yu et al.
    2016), so that their mean varies less.

    References
    ----------
    A. Rahimi, B. Recht, "Random features for large-scale kernel machines", NeurIPS 2007. F. Yu, A.
    Suresh, K. Choromanski, D. Holtmann-Rice, S. Kumar, "Orthogonal random features", NeurIPS 2016.

    Examples
    --------
    >>> drawn = kernel_features([("gaussian", 1.0)], 2, 512, np.random.default_rng(0))
    >>> found = (drawn.weights[:, :, 0] * np.cos(drawn.frequencies @ [0.6, 0.8])).sum()
    >>> drawn.count, round(float(found), 1), round(float(np.exp(-0.5)), 1)
    (1024, 0.6, 0.6)
    """
    size = -(-frequencies // GROUPS)
    place = len(kernels) * _shares(size, generator)
    which = np.minimum(place.astype(np.intp), len(kernels) - 1)
    lengths = np.empty(place.shape)
    for k, (name, bandwidth) in enumerate(kernels):
        some = which == k
        lengths[some] = SPECTRA[name].quantile(place[some] - k, d) / bandwidth
    logs = np.stack(
        [SPECTRA[name].log_density(h * lengths, d) + d * log(h) for name, h in kernels], axis=2
    )
    weights = np.exp(logs - np.asarray(logsumexp(logs, axis=2, keepdims=True)))
    weights /= GROUPS * weights.sum(axis=1, keepdims=True)
    return Features(lengths[:, :, None] * _directions(d, size, generator), weights)


def distance_features(
    points: Array, constant: float, frequencies: int, generator: np.random.Generator
) -> Features:
    """Draw frequencies for the distance between rows of these ``points`` (N, d).

    Parameters
    ----------
    points : ndarray, shape (N, d)
        The median distance of some of them sets the scale of the frequencies.
    constant : float
        c in ‖z‖ = c E|uᵀz|, u uniform on the sphere
        (:func:`~gan_eval.stats.permutation.lines.projection_constant`).
    frequencies : int
    generator : numpy.random.Generator

    Notes
    -----
    |s| = (2/π) ∫ (1 − cos ts) / t² dt over t > 0. With t from a half-Cauchy law of scale a,
    |s| = E (1 − cos ts) (a / t² + 1 / a), in which the large weights of small t meet differences
    that are small as well.

    Examples
    --------
    >>> points = np.random.default_rng(0).normal(size=(100, 2))
    >>> drawn = distance_features(points, np.pi / 2, 1024, np.random.default_rng(0))
    >>> found = (drawn.weights[:, :, 0] * (1 - np.cos(drawn.frequencies @ [0.6, 0.8]))).sum()
    >>> bool(abs(found - 1) < 0.05)
    True
    """
    d, size = points.shape[1], -(-frequencies // GROUPS)
    scale = constant / median_bandwidth(points)
    lengths = scale * np.tan(pi / 2 * _shares(size, generator))
    weights = constant * (scale / np.square(lengths) + 1 / scale) / (GROUPS * size)
    return Features(lengths[:, :, None] * _directions(d, size, generator), weights[:, :, None])


def _shares(size: int, generator: np.random.Generator) -> Array:
    """Draw numbers in (0, 1), shape (GROUPS, size): in each group one from each of equal shares."""
    order = generator.permuted(np.tile(np.arange(size), (GROUPS, 1)), axis=1)
    # Never quite 0 or 1, where a length would be 0 or infinite.
    return (order + np.clip(generator.random((GROUPS, size)), 1e-9, 1 - 1e-9)) / size


def _directions(d: int, size: int, generator: np.random.Generator) -> Array:
    """Draw unit vectors, shape (GROUPS, size, d): in each group, orthogonal frames."""
    if d == 1:
        return np.ones((GROUPS, size, 1))
    most = min(d, size)
    frames = -(-size // most)
    drawn = np.linalg.qr(generator.standard_normal((GROUPS * frames, d, most)))[0]
    # QR leaves the signs to the algorithm; a cosine and a sine do not see them.
    return drawn.transpose(0, 2, 1).reshape(GROUPS, -1, d)[:, :size]
