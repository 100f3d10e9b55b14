"""One sample against a known target: what is accepted."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from gan_eval.errors import UsageError
from gan_eval.gaussian import Gaussian
from gan_eval.target import GaussianTarget
from gan_eval.twosample import validation
from gan_eval.twosample.scaling import ColumnScales

Array = NDArray[np.float64]


def one_sample(x: Any, target: GaussianTarget) -> Array:
    """x of shape (n, d) as float64, n ≥ 2; NumPy, torch or pandas, one dimension means d = 1."""
    if not isinstance(target, GaussianTarget):
        raise UsageError(f"target must be a GaussianTarget, got {type(target).__name__}")
    rows = validation.sample(x, "x")
    if rows.shape[1] != target.dimension:
        raise UsageError(
            f"x must have one column for each of the target's {target.dimension} coordinates, "
            f"got {rows.shape[1]}"
        )
    return rows


def target_units(target: GaussianTarget) -> tuple[ColumnScales, Gaussian]:
    """Columns about the target's mean in units of its size, and the target's law in them."""
    exponents = np.frexp(np.abs(target.A).max(axis=0))[1]
    scales = ColumnScales(
        np.asarray(target.b, np.float64), exponents, np.full(target.dimension, np.inf)
    )
    return scales, Gaussian(np.zeros(target.dimension), np.ldexp(target.A, -exponents))


def principal(x: Array, target: GaussianTarget, whiten: bool) -> tuple[Array, tuple[float, ...]]:
    """x in coordinates in which the target is N(0, diag deviations²), and those deviations.

    Whitened, all deviations are 1. Otherwise x is moved and turned, which changes no distance.
    """
    if whiten:
        whitened = np.ascontiguousarray(target.whiten(x), dtype=np.float64)
        return whitened, (1.0,) * target.dimension
    _, deviations, axes = np.linalg.svd(target.A)
    turned = np.asarray((x - target.mean) @ axes.T, dtype=np.float64)
    return turned, tuple(deviations.tolist())


def resample_count(resamples: Any) -> int:
    """A whole number of bootstrap draws, from 1 to a million."""
    return validation.whole_number(resamples, "resamples", 1, validation.MOST_DRAWS)
