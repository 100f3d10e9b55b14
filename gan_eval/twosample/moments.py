"""The Gaussian fitted to a sample, where the sample can carry one."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gan_eval.errors import UsageError
from gan_eval.gaussian import Gaussian

Array = NDArray[np.float64]

# What is left of a column that is constant, or of one that depends on others, relative to the size
# of its values.
_ROUNDING = 32 * np.finfo(np.float64).eps


def fit(x: Array, name: str) -> Gaussian:
    """The maximum-likelihood Gaussian of x (n, d), held by the centred rows over √n.

    Raises ``UsageError`` where n ≤ d or where the sample covariance is singular but for the
    rounding of the values as they were given.
    """
    n, d = x.shape
    if n <= d:
        raise UsageError(
            f"{name} must have more rows than columns for a test of its covariance, "
            f"got {n} rows and {d} columns"
        )
    law = Gaussian.fit(x)
    require_full_rank(law, np.abs(x).max(axis=0), name)
    return law


def require_full_rank(law: Gaussian, largest: Array, name: str) -> None:
    """Raise ``UsageError`` where the columns of the law's factor are linearly dependent.

    ``largest`` (d,) holds the largest absolute value of each column before it was centred: centring
    leaves a rounding of that size, which looks like spread.
    """
    rows, d = law.factor.shape
    spreads = np.abs(law.factor).max(axis=0)
    constant = np.flatnonzero(spreads * np.sqrt(rows) <= _ROUNDING * largest)
    if constant.size:
        raise UsageError(f"{name} must vary in every column, got constant column {constant[0]}")
    norms = np.linalg.norm(law.factor / spreads, axis=0)
    values = np.linalg.svd(law.square_factor / spreads / norms, compute_uv=False)
    noise = (largest / spreads / norms).max()
    if values[-1] <= _ROUNDING * d * max(1.0, noise):
        raise UsageError(
            f"{name} must have a covariance of full rank, got columns that are linearly dependent"
        )
