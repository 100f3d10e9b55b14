"""Columns that say nothing beside the others, and would make covariances singular."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import solve_triangular

from gan_eval.runtime.text import plain
from gan_eval.stats.conversion import Exact, in_words
from gan_eval.stats.scaling import KNEE, ColumnScales, constant_columns

Array = NDArray[np.float64]

DEPENDENT = 1e-6
"""A column that others explain up to this share of its spread carries rounding, not news: float32
keeps seven digits, and whitening would blow the last of them up to full size."""


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
