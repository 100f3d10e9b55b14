"""Columns that tell nothing, because they are constant or others determine them, in all rows."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from gan_eval.stats.conversion import Exact
from gan_eval.stats.mixed import MixedRows
from gan_eval.stats.twosample.columns import set_aside


def redundant(
    x: MixedRows, y: MixedRows, origins: Mapping[str, Exact] | None = None
) -> dict[str, str]:
    """Find the columns that tell nothing in these rows, each with the reason.

    Of numbers only columns without missing values are looked at
    (:func:`~gan_eval.stats.twosample.columns.set_aside`).
    """
    complete = np.flatnonzero(~np.isnan(np.concatenate([x.numbers, y.numbers])).any(axis=0))
    names = [x.number_names[j] for j in complete]
    found = set_aside(x.numbers[:, complete], y.numbers[:, complete], names, origins)
    codes = np.concatenate([x.categories, y.categories])
    return found | {
        name: f"constant at {levels[column[0]]!r} in both"
        for name, levels, column in zip(x.category_names, x.levels, codes.T, strict=True)
        if (column == column[0]).all()
    }
