"""What every e-process has: ln e now, its running maximum, and what these say.

References
----------
J. Ville, "Étude critique de la notion de collectif", 1939. A. Ramdas, P. Grünwald, V. Vovk,
G. Shafer, "Game-theoretic statistics and safe anytime-valid inference", Statistical Science 2023.
"""

from __future__ import annotations

from enum import StrEnum
from math import exp, log
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from gan_eval.runtime.arguments import SMALLEST_PVALUE, level
from gan_eval.runtime.errors import UsageError
from gan_eval.stats.samples import LARGEST_VALUE, Array


class State(StrEnum):
    """What an e-process says at a level."""

    TOLD_APART = "told_apart"
    """The hypothesis is rejected. This never changes again."""
    NOT_TOLD_APART_YET = "not_told_apart_yet"
    """Not rejected so far; more rows may tell."""
    COULD_NOT_TELL = "could_not_tell"
    """Not rejected, and there are no more rows to bet on."""


class EProcess(Protocol):
    """A test that may be looked at after every row."""

    @property
    def log_e(self) -> float:
        """ln e now; 0 before the first row."""
        ...

    @property
    def log_e_max(self) -> float:
        """The largest ln e after any row so far, at least 0."""
        ...

    @property
    def rows(self) -> int:
        """The rows taken so far."""
        ...

    @property
    def exhausted(self) -> bool:
        """True where no further row can be bet on."""
        ...

    @property
    def pvalue(self) -> float:
        """The anytime-valid p-value, min(1, 1 / the largest e so far)."""
        ...

    def update(self, rows: Any) -> float:
        """Take one row (d,) or several (n, d) in their order; return ln e after the last."""
        ...

    def rejected(self, alpha: float = 0.05) -> bool:
        """Tell whether e has ever reached 1/alpha."""
        ...

    def state(self, alpha: float = 0.05) -> State:
        """Return what this says at a level."""
        ...


class Running:
    """A path of ln e with its running maximum, and what can be said of it; see :class:`EProcess`.

    Examples
    --------
    >>> process = Running()
    >>> process.follow(np.log([0.5, 40.0, 3.0]))
    1.0986122886681098
    >>> process.rejected(0.05), round(process.pvalue, 3), process.state(0.01).value
    (True, 0.025, 'not_told_apart_yet')
    >>> process.stopped_at(0.05)
    2
    """

    def __init__(self) -> None:
        self._log_e = self._log_e_max = 0.0
        self._rows = 0
        self._path: list[Array] = []

    @property
    def log_e(self) -> float:
        """ln e now; 0 before the first row."""
        return self._log_e

    @property
    def log_e_max(self) -> float:
        """The largest ln e after any row so far, at least 0."""
        return self._log_e_max

    @property
    def rows(self) -> int:
        """The rows taken so far."""
        return self._rows

    @property
    def path(self) -> Array:
        """ln e after each row so far, shape (rows,)."""
        return np.concatenate([np.empty(0), *self._path])

    @property
    def exhausted(self) -> bool:
        """True where no further row can be bet on."""
        return False

    @property
    def pvalue(self) -> float:
        """The anytime-valid p-value, min(1, 1 / the largest e so far); at least 1e-300."""
        return max(SMALLEST_PVALUE, exp(-self._log_e_max))

    def rejected(self, alpha: float = 0.05) -> bool:
        """Tell whether e has ever reached 1/alpha; ``UsageError`` where that is no level."""
        return self._log_e_max >= -log(level(alpha, "`alpha`"))

    def stopped_at(self, alpha: float = 0.05) -> int | None:
        """Return after how many rows e first reached 1/alpha, None where it has not."""
        if not self.rejected(alpha):
            return None
        return int(np.argmax(self.path >= -log(alpha))) + 1

    def state(self, alpha: float = 0.05) -> State:
        """Return what this says at a level."""
        if self.rejected(alpha):
            return State.TOLD_APART
        return State.COULD_NOT_TELL if self.exhausted else State.NOT_TOLD_APART_YET

    def follow(self, path: Array) -> float:
        """Take ln e after each of the next rows, shape (n,); return the last."""
        if len(path):
            self._log_e = float(path[-1])
            self._log_e_max = max(self._log_e_max, float(path.max()))
            self._rows += len(path)
            self._path.append(path)
        return self._log_e


def rows_of(values: Any, dimension: int, name: str = "rows") -> Array:
    """Read one row (d,), or several (n, d) with n ≥ 0, as a float64 array (n, d).

    Where d = 1, a vector is a column of rows. Raises ``UsageError`` where the shape is another, or
    where a value is no finite number of at most 1e150 in size.

    Examples
    --------
    >>> rows_of([1, 2], 2).shape, rows_of([1, 2], 1).shape
    ((1, 2), (2, 1))
    """
    if hasattr(values, "detach"):  # a tensor of torch, wherever it is
        values = values.detach().cpu()
    try:
        rows = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError):
        raise UsageError(f"`{name}` must be a table of numbers") from None
    if rows.ndim <= 1:
        rows = rows.reshape(-1, 1) if dimension == 1 else rows[None]
    if rows.ndim != 2 or rows.shape[1] != dimension:
        raise UsageError(
            f"`{name}` must be one row ({dimension},) or several (n, {dimension}), "
            f"got shape {np.shape(values)}"
        )
    wrong = ~(np.abs(rows) <= LARGEST_VALUE)
    if wrong.any():
        row, column = map(int, np.argwhere(wrong)[0])
        raise UsageError(
            f"`{name}` must hold finite numbers of at most {LARGEST_VALUE:g} in size, "
            f"got {rows[row, column]} in row {row}, column {column}"
        )
    return rows


def cumulative(start: NDArray[Any], steps: NDArray[Any]) -> NDArray[Any]:
    """Return the sums before each step and after the last, shape (n + 1, …).

    Added one by one from the start, so that blocks of rows and single rows give the same bits.

    Examples
    --------
    >>> cumulative(np.array(1.0), np.array([2.0, 3.0])).tolist()
    [1.0, 3.0, 6.0]
    """
    return np.cumsum(np.concatenate([np.asarray(start)[None], steps]), axis=0)
