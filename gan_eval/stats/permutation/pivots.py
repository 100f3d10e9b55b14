"""Greedy pivots of a kernel matrix: the rows on which all the others nearly depend."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import solve_triangular

from gan_eval.runtime.threads import one_thread_each

if TYPE_CHECKING:
    from gan_eval.stats.kernels.kernels import Entries

Array = NDArray[np.float64]

# A mean residual of the diagonal at which float64 has nothing more to give.
ROUNDING_FLOOR = 2.0**-46


@dataclass
class Pivots:
    """A pivoted Cholesky factor of the kernel matrix of some candidate rows, grown on demand.

    Parameters
    ----------
    points : ndarray, shape (N, d)
    entries : Entries
        A kernel of the distance with k(x, x) = 1.
    candidates : ndarray of int
        The rows of ``points`` among which pivots are chosen.
    most : int
        The largest rank.

    Notes
    -----
    Each step takes the candidate whose diagonal entry is explained worst and adds one row to L,
    so that K ≈ LᵀL on the candidates. The residual K − LᵀL is positive semi-definite with a
    diagonal that never grows; its trace bounds its largest eigenvalue (H. Harbrecht, M. Peters,
    R. Schneider, "On the low-rank approximation by the pivoted Cholesky decomposition", Applied
    Numerical Mathematics 62 (2012) 428–440).
    """

    points: Array
    entries: Entries
    candidates: NDArray[np.intp]
    most: int

    def __post_init__(self) -> None:
        self.sampled = len(self.candidates)
        self._columns = np.ascontiguousarray(self.points[self.candidates].T)
        self._factor = np.empty((self.most, self.sampled))
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
        """Return ‖HKH‖_F / N, H the centring matrix, by the candidates that were there at first."""
        import torch

        centred = torch.from_numpy(self.factor[:, : self.sampled])
        centred = centred - centred.mean(1, keepdim=True)
        return float((centred @ centred.T).norm()) / self.sampled

    def trace(self) -> float:
        """Return the trace of the residual over all rows, estimated from the candidates.

        Those of the start stand for all rows, those added later for themselves.
        """
        first = self.residuals[: self.sampled].mean() * len(self.points)
        return float(first + self.residuals[self.sampled :].sum())

    # The steps are short: threads would spend their time waiting for each other.
    @one_thread_each()
    def grow(self, rank: int, floor: float) -> None:
        """Add pivots up to ``rank``, or until ``trace()`` is at most ``floor``."""
        import torch

        row, work = np.empty((2, len(self.residuals)))
        shared, factor = torch.from_numpy(row), torch.from_numpy(self._factor)
        for step in range(self.rank, min(rank, self.most)):
            if step % 4 == 0 and self.trace() <= floor:
                return
            pivot = int(self.residuals.argmax())
            height = float(self.residuals[pivot])
            if height <= ROUNDING_FLOOR:
                return
            row[:] = 0.0
            for coordinate in self._columns:
                np.subtract(coordinate, coordinate[pivot], out=work)
                row += np.square(work, out=work)
            self.entries(shared)
            if step:
                shared.addmv_(factor[:step].T, factor[:step, pivot], alpha=-1)
            np.divide(row, np.sqrt(height), out=self._factor[step])
            self.residuals -= np.square(self._factor[step], out=work)
            np.maximum(self.residuals, 0.0, out=self.residuals)
            self.residuals[pivot] = 0.0
            self._chosen.append(pivot)

    def add_candidates(self, rows: NDArray[np.intp]) -> None:
        """Let further rows of ``points`` be chosen."""
        import torch

        new = np.setdiff1d(rows, self.candidates)
        apart = self.points[self.rows][:, None] - self.points[new]
        kernel = self.entries(torch.from_numpy((apart * apart).sum(axis=2))).numpy()
        columns = solve_triangular(self.triangle, kernel, lower=True)
        grown = np.empty((self.most, len(self.candidates) + len(new)))
        grown[: self.rank] = np.hstack([self.factor, columns])
        self._factor = grown
        self._columns = np.hstack([self._columns, self.points[new].T])
        self.residuals = np.append(self.residuals, np.maximum(1 - (columns**2).sum(axis=0), 0.0))
        self.candidates = np.append(self.candidates, new)
