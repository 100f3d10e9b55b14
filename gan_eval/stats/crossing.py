"""The place where a measured curve first reaches a mark."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.floating]


def first_crossings(x: Array, levels: Array, mark: float, reached: NDArray[np.bool_]) -> Array:
    """Find where curves first reach a mark, their levels taken as linear in ln x between points.

    Parameters
    ----------
    x : ndarray, shape (points,)
        Rising, above 0.
    levels : ndarray, shape (curves, points)
    mark : float
    reached : ndarray of bool, shape (curves, points)
        True at the points that count as having reached it.

    Returns
    -------
    ndarray, shape (curves,)
        The first point where a curve has reached the mark there, inf where it never does.

    Examples
    --------
    >>> import numpy as np
    >>> x = np.array([1.0, 4.0, 16.0])
    >>> levels = np.array([[0.0, 2.0, 3.0], [2.0, 3.0, 4.0], [0.0, 0.0, 0.0]])
    >>> first_crossings(x, levels, 1.0, levels >= 1.0).round(6).tolist()
    [2.0, 1.0, inf]
    """
    after = reached.argmax(axis=1)
    before, curves = np.maximum(after - 1, 0), np.arange(len(levels))
    low, high = levels[curves, before], levels[curves, after]
    part = np.where(high > low, (mark - low) / np.where(high > low, high - low, 1.0), 1.0)
    logs = np.log(x)
    between = np.exp(logs[before] + np.clip(part, 0, 1) * (logs[after] - logs[before]))
    return np.where(reached.any(axis=1), between, np.inf)
