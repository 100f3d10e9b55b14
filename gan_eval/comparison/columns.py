"""The columns of two tables: matched with each other, and how much each differs."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import ks_2samp

from gan_eval.comparison.reading import Table, some
from gan_eval.runtime.errors import UsageError
from gan_eval.runtime.text import nearest, plain
from gan_eval.stats.conversion import Exact
from gan_eval.stats.multiple import adjusted_pvalues
from gan_eval.stats.scaling import ColumnScales

Array = NDArray[np.float64]

MOST_COLUMNS = 4096
"""Columns of one comparison, whose time grows with their third power: 16 s of a processor for
2,048 columns, some minutes for these."""

_INDEX = ("", "Unnamed: 0")  # the names of a saved index, in a file and in a frame read from it
_EXACT_PAIRS = 250_000  # the exact distribution of the Kolmogorov–Smirnov statistic costs n times m


def common_columns(
    real: Table, generated: Table, chosen: Sequence[str] | None
) -> tuple[Table, Table]:
    """Give both tables the same columns in the same order: the chosen ones, or all.

    Columns are matched by name, in the order of ``real``. A table without names is matched by
    position and takes the other's names. Raises ``UsageError`` where they cannot be matched.

    Examples
    --------
    >>> from gan_eval.comparison.reading import table_of
    >>> named = table_of(pd.DataFrame({"b": [1, 2, 3], "a": [4, 5, 6]}), "real")
    >>> turned = table_of(pd.DataFrame({"a": [4, 5, 6], "b": [1, 2, 3]}), "generated")
    >>> [list(table.frame.columns) for table in common_columns(named, turned, None)]
    [['b', 'a'], ['b', 'a']]
    """
    apart = set(real.frame.columns) != set(generated.frame.columns)
    if apart and not (real.named and generated.named):
        widths = real.frame.shape[1], generated.frame.shape[1]
        if widths[0] != widths[1]:
            raise UsageError(
                f"{real.source!r} has {widths[0]} columns and {generated.source!r} has "
                f"{widths[1]}: one of them has no names, so their columns can only be matched "
                "by position"
            )
        names = (generated if generated.named else real).frame.columns
        real = replace(real, frame=real.frame.set_axis(names, axis=1))
        generated = replace(generated, frame=generated.frame.set_axis(names, axis=1))
    columns = list(real.frame.columns) if chosen is None else list(chosen)
    for table, other in ((real, generated), (generated, real)):
        wanted = other.frame.columns if chosen is None else columns
        absent = [c for c in wanted if c not in table.frame.columns]
        if absent:
            raise UsageError(_absent(table, other, absent, chosen is not None))
    if len(columns) > MOST_COLUMNS:
        raise UsageError(
            f"at most {MOST_COLUMNS} columns can be compared, got {len(columns)} in "
            f"{real.source!r}: choose some with `columns`"
        )
    repeated = [column for column, count in Counter(columns).items() if count > 1]
    if repeated or not columns:
        found = f"{plain(min(repeated))!r} more than once" if repeated else "none"
        raise UsageError(f"`columns` must name different columns, got {found}")
    if "" in columns:
        raise UsageError(
            f"{real.source!r} has a column without a name, as pandas saves its index: save it with "
            "index=False, or choose the others with `columns`"
        )
    return replace(real, frame=real.frame[columns]), replace(
        generated, frame=generated.frame[columns]
    )


def _absent(table: Table, other: Table, absent: Sequence[str], chosen: bool) -> str:
    if not chosen and absent[0] in _INDEX and absent[0] == other.frame.columns[0]:
        return (
            f"{other.source!r} has a column more than {table.source!r}, the first, which looks "
            "like an index that pandas saved: save it with index=False, or choose the others with "
            "`columns`"
        )
    names = [plain(name) for name in table.frame.columns[:20]]
    hint = nearest(absent[0], names) if chosen else "name the common ones with `columns`"
    return f"{table.source!r} lacks the {some('column', absent)}: {hint}"


def counting(real: Array, generated: Array, names: Sequence[str]) -> list[str]:
    """Name the columns that count the rows of both, from 0 or 1, as a saved index does.

    Examples
    --------
    >>> rows = np.array([[0.0, 3.1], [1.0, 2.7], [2.0, 3.3]])
    >>> counting(rows, rows[:2], ["Unnamed: 0", "height"])
    ['Unnamed: 0']
    """
    return [
        name
        for j, name in enumerate(names)
        if real[0, j] in (0, 1)
        and all(
            np.array_equal(rows[:, j], real[0, j] + np.arange(len(rows)))
            for rows in (real, generated)
        )
    ]


def column_differences(
    real: Array,
    generated: Array,
    names: Sequence[str],
    correction: str,
    origins: Mapping[str, Exact] | None = None,
) -> pd.DataFrame:
    """Measure the difference of each column, the largest first.

    Parameters
    ----------
    real, generated : ndarray, shapes (n, d) and (m, d)
    names : sequence of str, length d
    correction : str
        How the d p-values are adjusted: see :func:`~gan_eval.stats.multiple.adjusted_pvalues`.
    origins : mapping of str to int or Fraction, optional
        What has been taken off columns of both; the means have it again.

    Returns
    -------
    DataFrame
        One row per column, ordered by ``ks``: ``column``; ``real_mean``, ``generated_mean``,
        ``real_sd``, ``generated_sd``; ``shift``, the difference of means (generated − real) over
        the root of the mean of both variances; ``sd_ratio``, generated over real; ``ks``, the
        largest difference of the two
        distribution functions (Kolmogorov–Smirnov); its ``pvalue``, which is conservative where
        values tie; and ``adjusted``. ``shift`` is infinite where both are constant and differ,
        ``sd_ratio`` is infinite where only the real column is constant, NaN where both are.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> real, generated = rng.normal(size=(200, 2)), rng.normal([0.0, 1.0], 1.0, size=(200, 2))
    >>> found = column_differences(real, generated, ["a", "b"], "holm")
    >>> found[["column", "shift", "ks"]].round(2)
      column  shift    ks
    0      b   0.99  0.40
    1      a   0.05  0.07
    """
    scales = ColumnScales.of(np.concatenate([real, generated]))
    rows = []
    method = "exact" if len(real) * len(generated) <= _EXACT_PAIRS else "asymp"
    for j, (name, x, y) in enumerate(zip(names, scales(real).T, scales(generated).T, strict=True)):
        centre = Fraction(scales.centre[j]) + (origins or {}).get(name, 0)
        unit = Fraction(2) ** int(scales.exponents[j])
        means, deviations = (x.mean(), y.mean()), (_deviation(x), _deviation(y))
        difference = means[1] - means[0]
        scale = np.hypot(*deviations) / np.sqrt(2)
        with warnings.catch_warnings():
            # Where SciPy cannot compute the distribution exactly it takes the limit, as is wanted.
            warnings.simplefilter("ignore", RuntimeWarning)
            test: Any = ks_2samp(real[:, j], generated[:, j], method=method)
        with np.errstate(divide="ignore", invalid="ignore"):
            rows.append(
                {
                    "column": name,
                    "real_mean": float(centre + unit * Fraction(means[0])),
                    "generated_mean": float(centre + unit * Fraction(means[1])),
                    "real_sd": float(unit * Fraction(deviations[0])),
                    "generated_sd": float(unit * Fraction(deviations[1])),
                    "shift": float(np.divide(difference, scale)) if difference else 0.0,
                    "sd_ratio": float(np.divide(deviations[1], deviations[0])),
                    "ks": float(test.statistic),
                    "pvalue": float(test.pvalue),
                }
            )
    frame = pd.DataFrame(rows)
    frame["adjusted"] = adjusted_pvalues(frame["pvalue"], correction)
    return frame.sort_values("ks", ascending=False, kind="stable", ignore_index=True)


def _deviation(values: Array) -> float:
    """Compute the standard deviation over n − 1; exactly 0 where all values are equal."""
    return float(values.std(ddof=1)) if np.ptp(values) > 0 else 0.0
