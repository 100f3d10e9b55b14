"""Groups of rows as a battery exchanges them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from gan_eval.runtime.errors import UsageError
from gan_eval.stats.mixed import MixedRows
from gan_eval.stats.permutation.labels import Labels
from gan_eval.stats.permutation.units import Units


@dataclass(frozen=True)
class Grouped:
    """How groups of rows were exchanged: each with groups of as many rows.

    Attributes
    ----------
    x, y : int
        The groups of each sample.
    exchanged : int
        Those, of both, whose number of rows occurs in both samples.
    left_out : int
        Rows that were left out, drawn by the seed, so that more groups have as many rows
        (:meth:`~gan_eval.stats.permutation.units.Units.thinning`).
    """

    x: int
    y: int
    exchanged: int
    left_out: int = 0

    def __str__(self) -> str:
        out = f", after {self.left_out} rows were left out" if self.left_out else ""
        return (
            f"{self.exchanged} of {self.x + self.y} groups have a size that both samples have, and "
            f"were exchanged{out}"
        )


def grouped_samples(
    x: Any, y: Any, target: Any, groups: tuple[Any, Any] | None, drawn: Mapping[str, int]
) -> tuple[Any, Any, tuple[Any, Any] | None, Grouped | None]:
    """Thin groups of many sizes; return the samples, their groups, and how these are exchanged."""
    if groups is None:
        return x, y, None, None
    if target is not None or y is None:
        raise UsageError(
            "`groups` are exchanged between two samples, and cannot be where there is a target"
        )
    x, y = (s if hasattr(s, "shape") or isinstance(s, MixedRows) else np.asarray(s) for s in (x, y))
    n, m = len(x), len(y)
    units = Units.of_groups(groups, n, m)
    # A stream of its own, whichever tests are run.
    kept = units.thinning(np.random.default_rng(list(drawn.values())))
    if kept is not None:
        x, y = _rows(x, kept[:n]), _rows(y, kept[n:])
        of_rows = units.of_rows[kept]
        groups = (of_rows[: kept[:n].sum()], of_rows[kept[:n].sum() :])
        units = Units.of_groups(groups, len(groups[0]), len(groups[1]))
    of_x = int(units.in_x.sum())
    left_out = n + m - len(units.of_rows)
    return x, y, groups, Grouped(of_x, units.count - of_x, units.exchanged, left_out)


def _rows(sample: Any, kept: Labels) -> Any:
    """Take some rows of a table."""
    if isinstance(sample, MixedRows):
        return sample.take(kept)
    return sample.iloc[kept] if hasattr(sample, "iloc") else sample[np.flatnonzero(kept)]
