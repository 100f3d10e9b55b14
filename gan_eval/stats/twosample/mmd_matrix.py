"""What an MMD² is made of: samples, the matrix of a kernel, and the weights of an estimator."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from gan_eval.runtime import arguments
from gan_eval.runtime.errors import UsageError
from gan_eval.stats.kernels.features import SPECTRA
from gan_eval.stats.kernels.kernels import KERNELS, median_bandwidth
from gan_eval.stats.permutation.dense import SymmetricForm
from gan_eval.stats.permutation.engine import EXACT_ROWS, FLOAT64_ROWS, GroupWeights
from gan_eval.stats.permutation.lowrank import LowRankForm
from gan_eval.stats.permutation.lowrank_path import SMOOTH, low_rank_form
from gan_eval.stats.samples import LARGEST_EXPONENT, Pooled
from gan_eval.stats.scaling import whitened

ESTIMATORS = ("unbiased", "biased")
PATHS = ("auto", "exact", "lowrank", "features")
# Products of values, cubed, squared and added up, stay within float64.
LARGEST_CUBED = 1e24


def read_samples(x: Any, y: Any, whiten: Any, kernel: Any) -> Pooled:
    """Read two samples, whitened if asked for; as they are, a kernel may fix their origin."""
    if whiten is not None:
        return whitened(x, y, whiten)
    fixed = isinstance(kernel, str) and kernel == "polynomial"
    return Pooled.of(x, y, "the polynomial kernel depends on where 0 is" if fixed else None)


def kernel_matrix(
    samples: Pooled,
    name: str,
    bandwidth: float | str,
    estimator: str,
    device: str,
    method: str = "exact",
) -> tuple[SymmetricForm | LowRankForm | None, GroupWeights, float | None]:
    """Return the kernel matrix, the weights of the estimator, and the bandwidth used if there is
    one.

    The matrix is None where random features take its place.
    """
    kernel = KERNELS[arguments.one_of(name, "kernel", tuple(KERNELS))]
    biased = arguments.one_of(estimator, "estimator", ESTIMATORS) == "biased"
    device = arguments.torch_device(device)
    if isinstance(bandwidth, str) and bandwidth != "median":
        raise UsageError(
            f"bandwidth must be a number above 0, 'median', 'fuse' or 'agg', got {bandwidth!r}"
        )
    width, points = None, samples.points
    if not kernel.has_bandwidth:
        # It depends on where 0 is and on the unit, and its squares must add up.
        points = samples.unscaled
        largest = float(np.abs(points).max())
        if largest > LARGEST_CUBED:
            raise UsageError(
                f"x and y must hold values of at most {LARGEST_CUBED:g} in size for the polynomial "
                f"kernel, which cubes their products, got {largest:g}"
            )
        if not isinstance(bandwidth, str):
            raise UsageError(f"the {name} kernel has no bandwidth, got bandwidth={bandwidth!r}")
    elif isinstance(bandwidth, str):
        width = median_bandwidth(points, norm=kernel.argument)
    else:
        width = _within_reach(arguments.positive_number(bandwidth, "bandwidth"), samples)
    blocks = kernel.blocks(points, width, device, samples.coordinate_error)
    form = None
    if method == "lowrank" and name not in SMOOTH:
        raise UsageError(
            f"kernel for method='lowrank' must be one of {', '.join(SMOOTH)}, got {name!r}"
        )
    weights = GroupWeights.difference(samples.n, samples.m, biased=biased)
    large = len(samples.points) > FLOAT64_ROWS
    if method == "lowrank" or (method == "auto" and name in SMOOTH and large):
        form = low_rank_form(kernel.entries(width), blocks, diagonal=biased)
    if form is None and by_features((name,), method, len(samples.points)):
        return None, weights, width
    return form or SymmetricForm(blocks, diagonal=biased), weights, width


def by_features(names: Sequence[str], method: str, rows: int) -> bool:
    """Tell whether random features take the place of the matrices of these kernels."""
    missing = [name for name in names if name not in SPECTRA]
    if method == "features" and missing:
        raise UsageError(
            f"kernel for method='features' must be one of {', '.join(SPECTRA)}, got {missing[0]!r}"
        )
    return method == "features" or (method == "auto" and rows > EXACT_ROWS and not missing)


def _within_reach(bandwidth: float, samples: Pooled) -> float:
    """Return the bandwidth in the units of the points."""
    exponent = math.frexp(bandwidth)[1] - samples.exponent
    if abs(exponent) > LARGEST_EXPONENT:
        raise UsageError(
            f"bandwidth must be within a factor of 2^{LARGEST_EXPONENT} of the distances in the "
            f"data, which are near {samples.unit():.2g}, got {bandwidth:g}"
        )
    return math.ldexp(bandwidth, -samples.exponent)
