"""Summaries of a column while its rows stream by: moments, quantiles, counts of its values.

Quantiles and frequent values are those of the library ``datasketches`` (KLL of Karnin, Lang and
Liberty 2016; frequent items of Misra and Gries 1982, merged as by Agarwal et al. 2012), each within
an error that the sketch itself states. Without the library there are moments alone.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray

from gan_eval.runtime.errors import UsageError
from gan_eval.runtime.installing import advice_here
from gan_eval.stats.samples import LARGEST_VALUE

if TYPE_CHECKING:
    import pyarrow as pa

KLL_K = 4096
"""The size of a quantile sketch: an error of rank below 0.001 in 95 KB."""

LOG_VALUES = 14
"""The size of a sketch of values, as a power of 2: up to 12,288 different ones are counted
exactly."""

_LARGEST_WHOLE = 2.0**53

Array = NDArray[np.float64]


@cache
def library() -> Any:
    """Return the library of sketches; None where it is not installed."""
    try:
        import datasketches
    except ImportError:
        return None
    return datasketches


def lacking() -> str:
    """Say what installs the library, and what is left out without it."""
    return advice_here(
        "Quantiles and categories are left out, since the package datasketches is not installed: "
        "pip install 'gan-eval[sketch]'."
    )


@dataclass
class Numbers:
    """A column of numbers: how many, their central moments, their smallest and largest, quantiles.

    ``moments`` has the count, the mean, and the sums of (x − mean)², (x − mean)³, (x − mean)⁴.

    Examples
    --------
    >>> halves = [Numbers().update(np.array([1.0, 2.0])), Numbers().update(np.array([3.0, 6.0]))]
    >>> both = halves[0].merge(halves[1])
    >>> both.count, both.mean, both.variance, both.low, both.high
    (4, 3.0, 4.666666666666667, 1.0, 6.0)
    """

    moments: Array = field(default_factory=lambda: np.zeros(5))
    missing: int = 0
    low: float = math.inf
    high: float = -math.inf
    quantiles: Any = field(
        default_factory=lambda: library() and library().kll_doubles_sketch(KLL_K)
    )

    @property
    def count(self) -> int:
        """The number of numbers, without the missing ones."""
        return int(self.moments[0])

    @property
    def mean(self) -> float:
        return float(self.moments[1]) if self.count else math.nan

    @property
    def variance(self) -> float:
        """The variance over n − 1."""
        return float(self.moments[2]) / (self.count - 1) if self.count > 1 else math.nan

    @property
    def inexact(self) -> bool:
        """True where there may be whole numbers that float64 rounds."""
        return max(abs(self.low), abs(self.high)) > _LARGEST_WHOLE if self.count else False

    def update(self, values: Array) -> Self:
        """Take in numbers, shape (n,); NaN is a missing one.

        Raises ``UsageError`` where any is infinite, or beyond what can be squared.
        """
        holes = np.isnan(values)
        missing = int(np.count_nonzero(holes))
        if missing:
            self.missing += missing
            values = values[~holes]
        if not len(values):
            return self
        low, high = float(values.min()), float(values.max())
        if max(-low, high) > LARGEST_VALUE:
            largest = max(-low, high)
            what = "infinite" if np.isinf(largest) else f"beyond {LARGEST_VALUE:g} in size"
            raise UsageError(f"has numbers that are {what}, such as {largest:g},")
        self.low, self.high = min(self.low, low), max(self.high, high)
        # From the first one on: the mean of a constant is that constant, to the last digit.
        mean = float(values[0] + (values - values[0]).mean())
        apart = values - mean
        with np.errstate(over="ignore", invalid="ignore"):  # fourth powers, of numbers above 1e75
            squares = apart * apart
            sums = float(squares.sum()), float(squares @ apart), float(squares @ squares)
            self.moments = _joined(self.moments, np.array([len(values), mean, *sums]))
        if self.quantiles is not None:
            self.quantiles.update(values)
        return self

    def merged_moments(self, other: Numbers) -> Array:
        """Return ``moments`` of the numbers of both."""
        with np.errstate(over="ignore", invalid="ignore"):
            return _joined(self.moments, other.moments)

    def merge(self, other: Numbers) -> Self:
        """Take in what another has seen."""
        self.moments = self.merged_moments(other)
        self.missing += other.missing
        self.low, self.high = min(self.low, other.low), max(self.high, other.high)
        if self.quantiles is not None and other.quantiles is not None:
            self.quantiles.merge(other.quantiles)
        return self

    def packed(self) -> dict[str, Array | bytes]:
        """Return all of it as arrays and bytes."""
        scalars = np.array([*self.moments, self.missing, self.low, self.high])
        return {"scalars": scalars, "sketch": self.quantiles.serialize() if self.quantiles else b""}

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self).unpacked, (self.packed(),)

    @classmethod
    def unpacked(cls, packed: Mapping[str, Any]) -> Self:
        """Undo :meth:`packed`."""
        *moments, missing, low, high = packed["scalars"].tolist()
        made = cls(np.array(moments), int(missing), low, high)
        if packed["sketch"] and library() is not None:
            made.quantiles = library().kll_doubles_sketch.deserialize(packed["sketch"])
        return made


def _joined(a: Array, b: Array) -> Array:
    """Merge counts, means and sums of central powers (Pébay 2008, equations 2.1 and 3.1)."""
    if not a[0] or not b[0]:
        return b.copy() if b[0] else a.copy()
    n_a, n_b = a[0], b[0]
    n, apart = n_a + n_b, b[1] - a[1]
    step = apart / n
    mean = a[1] + n_b * step
    second = a[2] + b[2] + apart * step * n_a * n_b
    third = (
        a[3] + b[3] + apart * step**2 * n_a * n_b * (n_a - n_b)
        + 3 * step * (n_a * b[2] - n_b * a[2])
    )  # fmt: skip
    fourth = (
        a[4] + b[4] + apart * step**3 * n_a * n_b * (n_a**2 - n_a * n_b + n_b**2)
        + 6 * step**2 * (n_a**2 * b[2] + n_b**2 * a[2]) + 4 * step * (n_a * b[3] - n_b * a[3])
    )  # fmt: skip
    return np.array([n, mean, second, third, fourth])


@dataclass
class Values:
    """A column of categories: how many rows have each value, and how many have none.

    Examples
    --------
    >>> import pyarrow as pa
    >>> column = Values().update(pa.array(["red", None, "red", "blue"]))
    >>> column.count, column.missing, column.frequent(), column.bounds("red")
    (3, 1, ['blue', 'red'], (2, 2))
    """

    missing: int = 0
    counts: Any = field(default_factory=lambda: library().frequent_strings_sketch(LOG_VALUES))

    @property
    def count(self) -> int:
        """The number of values, without the missing ones."""
        return int(self.counts.total_weight)

    def update(self, values: pa.Array) -> Self:
        """Take in values, which are compared as texts; null is a missing one."""
        from pyarrow import compute

        found: Any = compute.value_counts(values)  # pyright: ignore[reportAttributeAccessIssue]
        texts = found.field("values").cast("string").to_pylist()
        for text, count in zip(texts, found.field("counts").to_pylist(), strict=True):
            if text is None:
                self.missing += count
            else:
                self.counts.update(text, count)
        return self

    def merge(self, other: Values) -> Self:
        """Take in what another has seen."""
        self.missing += other.missing
        self.counts.merge(other.counts)
        return self

    def frequent(self) -> list[str]:
        """Return the values that may be frequent, in order: all, where all were counted."""
        kind = library().frequent_items_error_type.NO_FALSE_NEGATIVES
        return sorted(one[0] for one in self.counts.get_frequent_items(kind))

    def bounds(self, value: str) -> tuple[int, int]:
        """Return the fewest and the most rows that may have a value."""
        return self.counts.get_lower_bound(value), self.counts.get_upper_bound(value)

    def packed(self) -> dict[str, Array | bytes]:
        """Return all of it as arrays and bytes."""
        return {"scalars": np.array([float(self.missing)]), "sketch": self.counts.serialize()}

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self).unpacked, (self.packed(),)

    @classmethod
    def unpacked(cls, packed: Mapping[str, Any]) -> Self:
        """Undo :meth:`packed`."""
        sketch = library().frequent_strings_sketch.deserialize(packed["sketch"])
        return cls(int(packed["scalars"][0]), sketch)


Column = Numbers | Values


def empty(numbers: Sequence[str], categories: Sequence[str]) -> dict[str, Column]:
    """Return columns that have seen nothing."""
    return {**{name: Numbers() for name in numbers}, **{name: Values() for name in categories}}


def merged(into: Mapping[str, Column], other: Mapping[str, Column]) -> None:
    """Take in what the same columns of other rows have seen."""
    for name, column in into.items():
        column.merge(other[name])  # type: ignore[arg-type]
