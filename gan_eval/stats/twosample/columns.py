"""The columns of two samples: those that say nothing, and a test by the one that differs most."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import solve_triangular

from gan_eval.runtime.arguments import draw_count, plain, random_generator
from gan_eval.runtime.errors import CannotTestError
from gan_eval.runtime.threads import in_order
from gan_eval.stats import samples
from gan_eval.stats.conversion import Exact, in_words
from gan_eval.stats.permutation.engine import resampled_pvalue
from gan_eval.stats.permutation.labels import Array, Labels, rarest_split
from gan_eval.stats.permutation.null import NullLabels
from gan_eval.stats.result import TestResult
from gan_eval.stats.scaling import KNEE, ColumnScales, constant_columns

# Labels that are drawn at a time, and those that one thread sums at a time, in entries.
_DRAWN_ENTRIES = 2**23
_SUMMED_ENTRIES = 2**17
_COUNTED_ROWS = 1000

DEPENDENT = 1e-6
"""A column that others explain up to this share of its spread carries rounding, not news: float32
keeps seven digits, and whitening would blow the last of them up to full size."""


def columns_test(
    x: Any,
    y: Any,
    *,
    groups: Any = None,
    permutations: int = 999,
    rng: int | np.random.Generator | None = None,
) -> TestResult:
    """Test whether two samples come from one distribution, by the column that differs most.

    Parameters
    ----------
    x, y : array of shape (n, d) and (m, d), or (n,) and (m,)
        NumPy, torch or pandas; at least 2 rows each.
    groups : (list, list), optional
        As in :func:`~gan_eval.stats.twosample.mmd.mmd_test`: whole groups of rows are exchanged.
    permutations : int
        Permutations of the pooled rows, at least 1.
    rng : None, int or numpy.random.Generator
        Source of the permutations; the same seed gives the same p-value.

    Returns
    -------
    TestResult
        ``statistic``, ``estimate`` and ``effect_size`` are all the largest of the d Kolmogorov–
        Smirnov distances D = sup |F_x − F_y| of single columns, F the share of a sample's rows up
        to a value: between 0 and 1. ``parameters["column"]`` is the column that has it, by its
        name in a data frame, else ``x1``, ``x2``, …

    Raises
    ------
    UsageError
        For input that cannot be used; as :class:`~gan_eval.runtime.errors.CannotTestError` where no
        column varies.

    Notes
    -----
    The largest of d statistics is compared with the largest under each permutation of whole rows,
    so that the p-value is exact for all columns together, whatever their number and dependence
    (Westfall & Young 1993). Only the order of the values in a column counts: any increasing map of
    a column changes nothing, and one wild value moves D by no more than 1/n. D is a whole number
    over nm, so that ties are exact.

    ``scipy.stats.ks_2samp(...).statistic`` is D of one column.

    References
    ----------
    P. Westfall, S. Young, "Resampling-based multiple testing", Wiley 1993, §2.3. F. Massey, "The
    Kolmogorov–Smirnov test for goodness of fit", Journal of the American Statistical Association
    46 (1951) 68–78.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> x, y = rng.standard_normal((40, 2)), rng.standard_normal((50, 2)) + 1
    >>> from gan_eval.stats.twosample import columns_test
    >>> y[:, 0] -= 1
    >>> result = columns_test(x, y, rng=0)
    >>> result.pvalue, result.parameters["column"]
    (0.005, 'x2')
    """
    names = getattr(x, "columns", None)
    pooled, n, m = samples.pooled_rows(x, y)
    draw = NullLabels.of("permutation", n, m, groups)
    permutations = draw_count(permutations, "permutations")
    generator = random_generator(rng)
    start = time.perf_counter()
    columns = [_Column(values, n) for values in pooled.T]
    if not any(column.varies for column in columns):
        raise CannotTestError("x and y hold one and the same row, again and again")
    observed = np.concatenate([column(np.arange(n + m)[None] < n) for column in columns])
    worst, largest = int(observed.argmax()), int(observed.max())
    step = max(1, _DRAWN_ENTRIES // (n + m))
    null = []
    for done in range(0, permutations, step):
        labels = draw.of_x(min(step, permutations - done), generator)
        parts = in_order(
            lambda column, _, labels=labels: column(labels), columns, lambda: None, device="cpu"
        )
        null.append(np.max(list(parts), axis=0))
    whole, statistic = np.concatenate(null), largest / (n * m)
    return TestResult(
        method="largest column difference, permutation test",
        statistic=statistic,
        pvalue=resampled_pvalue(largest, whole),
        null_distribution=whole / (n * m),
        estimate=statistic,
        n=n,
        m=m,
        dimension=len(columns),
        seconds=time.perf_counter() - start,
        parameters={"column": f"x{worst + 1}" if names is None else str(names[worst])},
        effect_size=statistic,
        rarest_split=draw.rarest(pooled) if draw.grouped else _rarest(pooled, n),
    )


class _Column:
    """nm sup |F_x − F_y| of one column of the pooled rows (N,), under any labels."""

    def __init__(self, values: Array, n: int) -> None:
        size = len(values)
        self._order = np.argsort(values, kind="stable")
        # Both functions are read after the last of equal values only.
        ends = np.flatnonzero(np.diff(values[self._order]))
        self._places = ends if ends.size < size - 1 else slice(size - 1)
        self.varies, self._size = ends.size > 0, size
        # N · (labels so far) − n · rank is nm (F_x − F_y): whole numbers, up to N²/4.
        self._counts = np.int32 if size**2 < 2**31 else np.int64
        self._expected = (n * (ends + 1)).astype(self._counts)
        # Of two values, the rows of the rarer one are all that need be counted.
        self._rarer, self._n = None, n
        if ends.size == 1:
            low, high = self._order[: ends[0] + 1], self._order[ends[0] + 1 :]
            self._rarer = min((low, high), key=len)

    def __call__(self, labels: Labels) -> NDArray[np.int64]:
        """Take the largest difference under labels (k, N), True where a row stands in x: shape
        (k,)."""
        largest = np.zeros(len(labels), dtype=np.int64)
        if not self.varies:
            return largest
        if self._rarer is not None:
            counted = np.count_nonzero(labels.take(self._rarer, axis=1), axis=1)
            return np.abs(self._size * counted - self._n * len(self._rarer))
        step = max(1, _SUMMED_ENTRIES // self._size)
        for start in range(0, len(labels), step):
            some = labels[start : start + step].take(self._order, axis=1)
            so_far = np.cumsum(some, axis=1, dtype=self._counts)[:, self._places]
            so_far *= self._size
            so_far -= self._expected
            largest[start : start + step] = np.maximum(so_far.max(axis=1), -so_far.min(axis=1))
        return largest


def _rarest(pooled: Array, n: int) -> float:
    """Return the least p-value: the share of labels that reach D = 1, which puts x below y in a
    column.

    Where no column has a place to cut, or there are many rows, that of any test.
    """
    size = len(pooled)
    furthest = set()
    for values in pooled.T if size <= _COUNTED_ROWS else ():
        order = np.argsort(values, kind="stable")
        for low in (n, size - n):
            if values[order[low - 1]] < values[order[low]]:
                furthest.add(frozenset((order[:low] if low == n else order[low:]).tolist()))
                if 2 * n == size:
                    furthest.add(frozenset(order[low:].tolist()))
    if furthest:
        return min(1.0, len(furthest) / math.comb(size, n))
    return rarest_split(pooled, n)


def set_aside(
    real: Array, fake: Array, names: Sequence[str], origins: Mapping[str, Exact] | None = None
) -> dict[str, str]:
    """Find the columns that would make covariances singular, each with the reason.

    Parameters
    ----------
    real, fake : ndarray, shapes (n, d) and (m, d)
    names : sequence of str, length d
    origins : mapping of str to int or Fraction, optional
        What has been taken off columns of both.

    Returns
    -------
    dict of str to str
        A column that is constant and equal in both; one that is the same as an earlier one in
        both; and, where there are more rows than columns, one that is a linear combination of
        earlier ones over the rows of both, up to ``DEPENDENT`` of its spread. Nothing is lost with
        them: the columns kept determine them in both files. A column that is constant, or
        dependent, in one file only is kept: that is a difference.

    Examples
    --------
    >>> import numpy as np
    >>> real = np.array([[1.0, 5.0], [2.0, 5.0], [4.0, 5.0]])
    >>> set_aside(real, real + [[1.0, 0.0]], ["height", "unit"])
    {'unit': 'constant at 5 in both'}
    """
    pooled = np.concatenate([real, fake])
    constant = constant_columns(pooled)
    found: dict[str, str] = {}
    seen: dict[bytes, str] = {}
    for j, name in enumerate(names):
        values = pooled[:, j].tobytes()
        if constant[j]:
            found[name] = f"constant at {_original(pooled[0, j], name, origins)} in both"
        elif values in seen:
            found[name] = f"the same as {plain(seen[values])!r} in both"
        else:
            seen[values] = name
    left = [j for j, name in enumerate(names) if name not in found]
    if not left or len(pooled) <= len(left) + 1:
        return found
    pooled = pooled[:, left]
    scales = ColumnScales.of(pooled)
    scaled = scales(pooled)
    # A row far off must not outweigh all others; weighing a row keeps what depends dependent.
    weights = 1 / np.maximum(1.0, np.abs(scaled).max(axis=1) / KNEE)
    scaled *= weights[:, None]
    ones = weights / np.linalg.norm(weights)
    scaled -= np.outer(ones, ones @ scaled)
    sizes = np.linalg.norm(scaled, axis=0)
    rounding = np.linalg.norm(scales.rounding(pooled) * weights[:, None], axis=0) / sizes
    basis = np.empty((len(pooled), 0))
    triangle, kept = np.empty((0, 0)), []
    for j, name in enumerate([names[k] for k in left]):
        column = scaled[:, j] / sizes[j]
        along = basis.T @ column
        rest = column - basis @ along
        again = basis.T @ rest
        rest, along = rest - basis @ again, along + again
        size = np.linalg.norm(rest)
        # What the rounding of this column and of those that explain it could leave.
        shares = solve_triangular(triangle, along) if kept else along
        rounded = np.hypot(rounding[j], np.linalg.norm(shares * rounding[kept]))
        if size <= max(DEPENDENT, 2 * rounded):
            found[name] = "a linear combination of the columns before it in both"
        else:
            basis = np.column_stack([basis, rest / size])
            triangle = np.block([[triangle, along[:, None]], [np.zeros(len(kept)), size]])
            kept.append(j)
    return found


def _original(value: float, name: str, origins: Mapping[str, Exact] | None) -> str:
    origin = (origins or {}).get(name, 0)
    return in_words(Fraction(value) + origin) if origin else f"{value:g}"
