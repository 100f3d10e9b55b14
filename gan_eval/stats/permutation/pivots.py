"""The rows on which all others nearly depend: a pivoted Cholesky factor of a kernel matrix."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import get_blas_funcs, solve_triangular

from gan_eval.runtime.threads import one_blas_thread, one_thread_each
from gan_eval.stats.kernels.kernels import ArrayEntries, Entries, of_arrays
from gan_eval.stats.permutation.compiled import COMPILED_ROWS, Array, LabelCode, compiled_code

ROUNDING_FLOOR = 2.0**-46
"""A mean residual of the diagonal at which float64 has nothing more to give."""
FACTOR_ERROR = 1e-10
"""How far entries may be off on average where a factor takes the place of a matrix."""
# The spread is taken from about so many of them.
SPREAD_ROWS = 512
# y + a A x, in the memory of y, in float64.
_ADD_PRODUCT: Any = get_blas_funcs("gemv", dtype=np.float64)


class Pivots:
    """A pivoted Cholesky factor of the kernel matrix of some candidate rows, grown on demand.

    Parameters
    ----------
    points : ndarray, shape (N, d)
    entries : ArrayEntries
        A kernel of the distance with k(x, x) = 1, of squared distances in an array.
    candidates : ndarray of int
        The rows of ``points`` among which pivots are chosen.
    most : int
        The largest rank.
    compiled : bool
        Whether steps of many rows are compiled: of 4,096 candidates, 60 pivots are found in three
        quarters of the time, and 1,024 in twice the time.

    Notes
    -----
    Each step takes the candidate whose diagonal entry is explained worst and adds one row to L,
    so that K ≈ LᵀL on the candidates. The residual K − LᵀL is positive semi-definite with a
    diagonal that never grows; its trace bounds its largest eigenvalue (H. Harbrecht, M. Peters,
    R. Schneider, "On the low-rank approximation by the pivoted Cholesky decomposition", Applied
    Numerical Mathematics 62 (2012) 428–440).
    """

    def __init__(
        self,
        points: Array,
        entries: ArrayEntries,
        candidates: NDArray[np.intp],
        most: int,
        compiled: bool = True,
    ) -> None:
        self.points, self.candidates, self.sampled = points, candidates, len(candidates)
        self._entries, self._most, self._compiled = entries, most, compiled
        self._columns = np.ascontiguousarray(points[candidates].T)
        self._factor = np.empty((most, self.sampled))
        self.residuals: Array = np.ones(self.sampled)
        self._chosen: list[int] = []

    @property
    def rank(self) -> int:
        """Pivots so far."""
        return len(self._chosen)

    @property
    def rows(self) -> NDArray[np.intp]:
        """The pivots, as rows of ``points``, in their order."""
        return self.candidates[self._chosen]

    @property
    def factor(self) -> Array:
        """L of shape (rank, candidates)."""
        return self._factor[: self.rank]

    @property
    def triangle(self) -> Array:
        """C of shape (rank, rank), lower triangular, with K = CCᵀ between the pivots."""
        return np.tril(self.factor[:, self._chosen].T)

    @one_thread_each()
    def spread(self) -> float:
        """Return ‖HKH‖_F / N, H the centring matrix, by some of the candidates that were there at
        first."""
        import torch

        step = max(1, self.sampled // SPREAD_ROWS)
        centred = torch.from_numpy(self.factor[:, : self.sampled : step])
        centred = centred - centred.mean(1, keepdim=True)
        return float((centred @ centred.T).norm()) / centred.shape[1]

    def trace(self) -> float:
        """Return the trace of the residual over all rows, estimated from the candidates.

        Those of the start stand for all rows, those added later for themselves.
        """
        first = self.residuals[: self.sampled].mean() * len(self.points)
        return float(first + self.residuals[self.sampled :].sum())

    # The steps are short: threads would spend their time waiting for each other.
    @one_blas_thread()
    def grow(self, rank: int, floor: float) -> None:
        """Add pivots up to ``rank``, or until ``trace()`` is at most ``floor``."""
        row, rank = np.empty(len(self.residuals)), min(rank, self._most)
        code = compiled_code() if self._compiled and row.size >= COMPILED_ROWS else None
        steps = _Steps if code is None else partial(_CompiledSteps, code)
        step = steps(self._columns, self._factor, self.residuals, row)
        while self.rank < rank:
            height = float(self.residuals[step.pivot])
            # The trace is no less than the largest residual.
            enough = self.rank % 4 == 0 and height <= floor and self.trace() <= floor
            if enough or height <= ROUNDING_FLOOR:
                return
            self._chosen.append(step.pivot)
            self._entries(row)
            step.eliminate(self.rank - 1, height)

    def add_candidates(self, rows: NDArray[np.intp]) -> None:
        """Let further rows of ``points`` be chosen."""
        new = np.setdiff1d(rows, self.candidates)
        apart = self.points[self.rows][:, None] - self.points[new]
        kernel = (apart * apart).sum(axis=2)
        self._entries(kernel)
        columns = solve_triangular(self.triangle, kernel, lower=True)
        grown = np.empty((self._most, len(self.candidates) + len(new)))
        grown[: self.rank] = np.hstack([self.factor, columns])
        self._factor = grown
        self._columns = np.hstack([self._columns, self.points[new].T])
        self.residuals = np.append(self.residuals, np.maximum(1 - (columns**2).sum(axis=0), 0.0))
        self.candidates = np.append(self.candidates, new)


def factor_of(points: Array, entries: Entries, most: int) -> Array | None:
    """Return L (rank, N) with LᵀL the matrix of a kernel with k(x, x) = 1 between points (N, d).

    Its entries are off by less than ``FACTOR_ERROR`` on average; None where that takes a rank above
    ``most``.
    """
    size = len(points)
    pivots = Pivots(points, of_arrays(entries), np.arange(size), most)
    pivots.grow(most // 2, FACTOR_ERROR * size)
    # Where half of the rank explains little, all of it will not do.
    if pivots.trace() > FACTOR_ERROR**0.4 * size:
        return None
    pivots.grow(most, FACTOR_ERROR * size)
    return pivots.factor if pivots.trace() <= FACTOR_ERROR * size else None


class _Steps:
    """The steps of a factor: ``pivot`` is the candidate that is explained worst, and ``row`` holds
    its squared distances from all, which its entries of the kernel replace before it is eliminated.

    Parameters
    ----------
    columns : ndarray, shape (d, candidates)
    factor : ndarray, shape (most, candidates)
    residuals : ndarray, shape (candidates,)
    row : ndarray, shape (candidates,)
    """

    def __init__(self, columns: Array, factor: Array, residuals: Array, row: Array) -> None:
        self._columns, self._factor = columns, factor
        self._residuals, self._row, self._work = residuals, row, np.empty_like(row)
        self._find()

    def eliminate(self, step: int, height: float) -> None:
        """Make row ``step`` of the factor; ``height`` is the pivot's residual."""
        if step:
            before = self._factor[:step]
            _ADD_PRODUCT(-1.0, before.T, before[:, self.pivot], 1.0, self._row, overwrite_y=True)
        np.divide(self._row, np.sqrt(height), out=self._factor[step])
        self._residuals -= np.square(self._factor[step], out=self._work)
        np.maximum(self._residuals, 0.0, out=self._residuals)
        self._residuals[self.pivot] = 0.0
        self._find()

    def _find(self) -> None:
        self.pivot = int(self._residuals.argmax())
        self._row[:] = 0.0
        for coordinate in self._columns:
            np.subtract(coordinate, coordinate[self.pivot], out=self._work)
            self._row += np.square(self._work, out=self._work)


class _CompiledSteps:
    """The same, compiled."""

    def __init__(
        self, code: LabelCode, columns: Array, factor: Array, residuals: Array, row: Array
    ) -> None:
        self._found = np.zeros(1, dtype=np.int64)
        self._kept = columns, factor, residuals, row
        self._eliminate, pointer = code.call["eliminate"], row.ctypes.data
        self._first = pointer, row.size, factor.ctypes.data
        self._last = (
            residuals.ctypes.data,
            columns.ctypes.data,
            len(columns),
            self._found.ctypes.data,
        )
        code.call["worst"](pointer, row.size, *self._last)

    @property
    def pivot(self) -> int:
        return int(self._found[0])

    def eliminate(self, step: int, height: float) -> None:
        self._eliminate(*self._first, step, self.pivot, height**-0.5, *self._last)
