"""The reference of a stream: which number columns MMD is of, and how well points hold its kernel.

As many columns as can be are held to 10⁻⁷ of the kernel. Of more columns fewer digits are asked
for: the p-value is exact all the same, since the kernel that the points hold is a kernel too; MMD²
and worth allow for what is left out.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gan_eval.pages.numbers import plural
from gan_eval.runtime.child import Child
from gan_eval.runtime.errors import CannotTestError, UsageError
from gan_eval.stats.samples import LARGEST_VALUE
from gan_eval.stats.sketch import Reference
from gan_eval.stats.twosample.columns import set_aside

TOLERANCES = (1e-7, 1e-5, 1e-3, 1e-2)
"""Mean shares of the kernel that the points may leave out, the first one that they reach."""

FINE = 1e-5
"""The share up to which MMD² and worth are as good as those of the whole kernel."""

FEWEST_ROWS = 4


class CannotStreamError(UsageError):
    """Columns whose MMD no sums at few points hold."""


def reference_of(
    rows: NDArray[np.float64], names: Sequence[str], tolerance: float, apart: bool
) -> Reference:
    """Make the reference of the columns that vary and that no others determine, by the rows that
    miss none of their numbers; columns that miss all of them are left out.

    Parameters
    ----------
    rows : ndarray, shape (k, d)
    names : sequence of str, length d
    tolerance : float
        The largest of ``TOLERANCES`` that is accepted.
    apart : bool
        Whether to work in a process that ends then, since choosing the points takes more memory
        than all the rest.

    Raises
    ------
    CannotTestError
        For too few rows, or where nothing varies.
    CannotStreamError
        Where the tolerance is not reached.

    Examples
    --------
    >>> rows = np.random.default_rng(0).normal(size=(500, 2))
    >>> twice = np.column_stack([rows, rows[:, 0]])
    >>> reference_of(twice, ["a", "b", "again"], 1e-7, apart=False).columns
    ('a', 'b')
    """
    # What is infinite or too large is refused in the second pass, by file and column.
    usable = np.less_equal(np.abs(rows), LARGEST_VALUE)
    given = np.atleast_1d(usable.any(axis=0))
    names = [name for name, some in zip(names, given, strict=True) if some]
    rows = rows[usable[:, given].all(axis=1)][:, given]
    if len(rows) < FEWEST_ROWS or not names:
        raise CannotTestError(
            f"MMD needs at least {FEWEST_ROWS} real rows with a number in every column to choose "
            f"its kernel by, got {len(rows) if names else 0} of those drawn"
        )
    aside = set_aside(rows, rows[:0], names)
    kept = [name for name in names if name not in aside]
    if not kept:
        raise CannotTestError("all columns of numbers are constant in the real rows")
    frame = pd.DataFrame(rows[:, [names.index(name) for name in kept]], columns=pd.Index(kept))
    if not apart:
        return _first(frame, tolerance)
    child = Child()
    try:
        return child.call(_first, frame, tolerance, seconds=None)
    finally:
        child.end()


def _first(frame: pd.DataFrame, most: float) -> Reference:
    """Make the reference of the smallest tolerance that is reached."""
    last: UsageError | None = None
    for tolerance in [one for one in TOLERANCES if one <= most] or [most]:
        try:
            return Reference.of(frame, tolerance=tolerance)
        except CannotTestError:
            raise
        except UsageError as error:
            last = error
    raise CannotStreamError(
        f"MMD of {plural(frame.shape[1], 'column')} of numbers cannot be streamed: choose fewer "
        f"`columns`, or compare a part of the rows in memory ({last})"
    )
