"""Where the middle of a cell's trainings lies: medians and ranges of many, of few the values."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gan_eval.pages.language import _
from gan_eval.pages.numbers import MISSING, interval, number, spread
from gan_eval.report.cells import CellRows
from gan_eval.report.chosen import FEW


def many(cells: Sequence[CellRows]) -> bool:
    """Tell whether any of these cells has trainings enough to speak of a median."""
    return any(cell.replicates >= FEW for cell in cells)


def middle(values: ArrayLike, digits: int = 3) -> str:
    """Write the median of the values that are not NaN; of fewer than ``FEW`` the values."""
    kept = _known(values)
    if 0 < kept.size < FEW:
        return _(" and ").join(number(value, digits) for value in kept)
    return number(spread(kept, 0.5), digits)


def ends(values: ArrayLike, digits: int = 3) -> str:
    """Write the 5 % and 95 % quantiles of the values that are not NaN; ``MISSING`` of fewer than
    ``FEW``."""
    kept = _known(values)
    return interval(spread(kept, 0.05), spread(kept, 0.95), digits) if kept.size >= FEW else MISSING


def medians(cells: Sequence[CellRows], name: str) -> str:
    """Head a column of ``middle``: with the word median where a cell has enough trainings."""
    return _("median {name}").format(name=name) if many(cells) else name


def bounded(cell: CellRows, name: str, digits: int = 3) -> str:
    """Write a summarised median with its 95 % interval, where there is one; of fewer than ``FEW``
    trainings their values."""
    if cell.replicates < FEW:
        values = np.where(
            cell.rows["verdict"] == "diverged", _WORST.get(name, 0.0), cell.values(name)
        )
        return middle(values, digits)
    low, high = cell.summary[f"{name}_low"], cell.summary[f"{name}_high"]
    known = low != -np.inf and not np.isnan(low)
    text = number(cell.summary[name], digits)
    return f"{text} ({interval(low, high, digits)})" if known else text


_WORST = {"kl": np.inf}
"""What a diverged training counts as; 0 elsewhere."""


def _known(values: ArrayLike) -> NDArray[np.float64]:
    found = np.sort(np.asarray(values, dtype=np.float64))
    return found[~np.isnan(found)]
