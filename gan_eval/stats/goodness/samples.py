"""One sample against a known target: what is accepted."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gan_eval.distributions.gaussian import GaussianLike
from gan_eval.distributions.target import GaussianTarget
from gan_eval.runtime.errors import UsageError
from gan_eval.stats import samples
from gan_eval.stats.samples import LARGEST_EXPONENT
from gan_eval.stats.scaling import target_units

Array = NDArray[np.float64]


def one_sample(x: Any, target: GaussianLike) -> tuple[Array, GaussianTarget]:
    """Take x of shape (n, d) as float64, n ≥ 2, and a target of d coordinates.

    x is NumPy's, torch's or pandas'; one dimension means d = 1.
    """
    target = GaussianTarget.of(target)
    rows = samples.sample(x, "x")
    if rows.shape[1] != target.dimension:
        raise UsageError(
            f"x must have one column for each of the target's {target.dimension} coordinates, "
            f"got {rows.shape[1]}"
        )
    return rows, target


def principal(
    x: Array, target: GaussianTarget, whiten: bool
) -> tuple[Array, tuple[float, ...], float]:
    """Return x in coordinates in which the target is N(0, diag deviations²), those, and their unit.

    Whitened, all deviations are 1. Otherwise x is moved and turned, which changes no distance, and
    divided by the unit, a power of two near the target's largest deviation.
    """
    scales, truth = target_units(target)
    if whiten:
        turned = np.linalg.solve(truth.factor.T, scales(x).T).T
        deviations, exponent = np.ones(target.dimension), 0
    else:
        exponent = int(scales.exponents.max())
        _, deviations, axes = np.linalg.svd(np.ldexp(target.A, -exponent))
        turned = np.ldexp(x - target.b, -exponent) @ axes.T
    largest = float(np.abs(turned).max())
    if not largest <= 2.0**LARGEST_EXPONENT:
        raise UsageError(
            f"x must lie within 2^{LARGEST_EXPONENT} deviations of the target's mean, "
            f"got {largest:g}"
        )
    turned = np.ascontiguousarray(turned, dtype=np.float64)
    return turned, tuple(deviations.tolist()), 2.0**exponent


def length_in(unit: float, length: float, name: str) -> float:
    """Convert a length that the user gives to this unit; refused where its square would be lost."""
    if abs(math.frexp(length)[1] - math.frexp(unit)[1]) > LARGEST_EXPONENT:
        raise UsageError(
            f"{name} must be within a factor of 2^{LARGEST_EXPONENT} of the target's deviations, "
            f"which are near {unit:.2g}, got {length:g}"
        )
    return length / unit
