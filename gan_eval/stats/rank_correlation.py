"""How far two measures put the same things in the same order."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import stdtr


def rank_correlation(x: NDArray[np.float64], y: NDArray[np.float64]) -> tuple[float, float] | None:
    """Compute Spearman's correlation of x (n,) and y (n,), and its two-sided p-value.

    The p-value is by Student's t with n − 2 degrees of freedom, as SciPy's ``spearmanr`` has it,
    which takes half a second to import. An infinite value has a rank like any other.

    Returns
    -------
    (correlation, p-value), or None of fewer than 3 values, or where all of one side are the same

    Examples
    --------
    >>> x, y = np.array([1.0, 2.0, 3.0, np.inf]), np.array([1.0, 3.0, 2.0, 9.0])
    >>> correlation, pvalue = rank_correlation(x, y)
    >>> round(correlation, 6), round(pvalue, 6)
    (0.8, 0.2)
    """
    ranks = [pd.Series(values).rank().to_numpy() for values in (x, y)]
    if len(x) < 3 or any(np.ptp(each) == 0 for each in ranks):
        return None
    correlation = float(np.corrcoef(ranks[0], ranks[1])[0, 1])
    freedom = len(x) - 2
    with np.errstate(divide="ignore"):
        t = abs(correlation) * np.sqrt(np.divide(freedom, max(1 - correlation**2, 0.0)))
    return correlation, float(2 * stdtr(freedom, -t))
