"""The noise of a difference of two mean embeddings: the power sums of its spectrum."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import get_blas_funcs

from gan_eval.runtime.threads import one_blas_thread

SPECTRUM_ROWS = 200
"""Rows of each sample whose kernel matrix gives the spectrum of the noise."""

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Noise:
    """The noise of a difference of two mean embeddings, by the power sums of its spectrum.

    Attributes
    ----------
    first, second, third : float
        tr Σ, tr Σ², tr Σ³ with Σ = C_x/n + C_y/m the covariance operator of the noise.
    """

    first: float
    second: float
    third: float

    def over(self, unit: float) -> Noise:
        """Return the noise of the difference in units of √``unit``; an infinite tr Σ³ becomes the
        largest that it can be."""
        second, third = self.second / unit / unit, self.third / unit / unit / unit
        return Noise(self.first / unit, second, min(third, second**1.5))

    @classmethod
    @one_blas_thread()
    def of(cls, kernel: Array, k: int, n: float, m: float, first: float) -> Noise:
        """Take a kernel matrix between the first k rows, of x, and the others, of y.

        ``n`` and ``m`` are the sizes of the whole samples, ``first`` is tr Σ, known from all rows.
        tr Σ² is free of bias for every distribution (Chen, Zhang & Zhong 2010; Himeno & Yamada
        2014); tr Σ³ is the sum over cycles of three different rows, kept within Hölder's bounds.
        """
        groups, sizes = (slice(0, k), slice(k, len(kernel))), (k, len(kernel) - k)
        inside = np.zeros((len(kernel), 2))
        inside[:k, 0] = inside[k:, 1] = 1.0
        means = kernel @ inside / sizes
        levels = inside.T @ means / np.array(sizes)[:, None]
        means -= inside @ levels / 2
        centred = kernel - np.hstack([means, inside]) @ np.hstack([inside, means]).T
        across = centred[groups[0], groups[1]]
        within = [centred[group, group] for group in groups]
        squares = _inner(within[0], within[0]), _inner(within[1], within[1]), _inner(across, across)
        diagonals = [np.diag(part).copy() for part in within]
        scale = np.repeat(_cycle_scales(*sizes, n, m), sizes)
        centred *= scale[:, None]
        centred *= scale
        np.fill_diagonal(centred, 0.0)
        # One triangle of the square is enough, as the diagonal of the other factor is 0.
        (half_of_square,) = get_blas_funcs(("syrk",), dtype=np.float64)
        third = 2 * _inner(half_of_square(1.0, centred.T).T, centred)
        return cls._of_sums(squares, diagonals, n, m, first, third)

    @classmethod
    @one_blas_thread()
    def of_factor(cls, factor: Array, k: int, n: float, m: float, first: float) -> Noise:
        """Take the factor L (rank, rows) of a kernel matrix LᵀL; all else as in :meth:`of`."""
        parts = [factor[:, :k], factor[:, k:]]
        parts = [part - part.mean(axis=1, keepdims=True) for part in parts]
        of_x, of_y = (part @ part.T for part in parts)
        squares = _inner(of_x, of_x), _inner(of_y, of_y), _inner(of_x, of_y)
        diagonals = [np.square(part).sum(axis=0) for part in parts]
        # With G the sum of all f fᵀ, all cycles of three rows are tr G³; those in which rows come
        # twice or three times are taken out.
        scales = np.square(_cycle_scales(k, factor.shape[1] - k, n, m))
        gram = scales[0] * of_x + scales[1] * of_y
        third = _inner(gram @ gram, gram)
        for part, own, scale in zip(parts, diagonals, scales, strict=True):
            twice = scale * own @ (gram @ part * part).sum(axis=0)
            third += float(scale * (2 * scale**2 * (own**3).sum() - 3 * twice))
        return cls._of_sums(squares, diagonals, n, m, first, third)

    @classmethod
    def _of_sums(
        cls,
        squares: tuple[float, float, float],
        diagonals: Sequence[Array],
        n: float,
        m: float,
        first: float,
        third: float,
    ) -> Noise:
        """Take the sums of the squared entries of the centred matrix within x, within y and
        between, its diagonal in x and in y, and the sum over cycles."""
        second = 2 * squares[2] / (n * m)
        second /= (len(diagonals[0]) - 1) * (len(diagonals[1]) - 1)
        for own, square, whole in zip(diagonals, squares, (n, m), strict=False):
            second += _square_trace(square, own) / whole**2
        # No spectrum of so many rows is flatter, and none is steeper than one eigenvalue.
        # As products, which overflow to infinity where a power of floats is an error.
        most = first * first
        second = float(min(max(second, most / max(n + m - 2, 1)), most))
        return cls(
            first,
            second,
            min(max(third, second * (second / first)), second * math.sqrt(second)),
        )


def _cycle_scales(k: int, others: int, n: float, m: float) -> Array:
    return np.array([1 / math.sqrt(n * (k - 1)), 1 / math.sqrt(m * (others - 1))])


def _inner(first: Array, second: Array) -> float:
    """Return the sum of the products of the entries of two matrices."""
    return float(np.vdot(first, second))


def _square_trace(squares: float, diagonal: Array) -> float:
    """Return tr C² without bias, from the centred kernel matrix of k rows: the sum of its squared
    entries, and its diagonal."""
    k = len(diagonal)
    trace = float(diagonal.sum()) / (k - 1)
    fourth = float((diagonal**2).sum()) / (k - 1)
    found = (k - 1) * (k - 2) * squares / (k - 1) ** 2 + trace**2 - k * fourth
    return found * (k - 1) / (k * (k - 2) * (k - 3))
