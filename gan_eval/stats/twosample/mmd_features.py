"""The MMD test by random features in place of the kernels' matrices, for large tables."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gan_eval.stats.kernels.features import kernel_features
from gan_eval.stats.kernels.kernels import KERNELS
from gan_eval.stats.permutation.dense import lost_in_rounding
from gan_eval.stats.permutation.engine import (
    GroupWeights,
    PermutationOutcome,
    permutation_outcome,
    rounding_widths,
    tie_width,
)
from gan_eval.stats.permutation.features import (
    AGGREGATE_FREQUENCIES,
    MMD_FREQUENCIES,
    FeatureRows,
    FeatureStatistics,
)
from gan_eval.stats.permutation.labels import Array
from gan_eval.stats.permutation.null import NullLabels
from gan_eval.stats.samples import Pooled
from gan_eval.stats.twosample.mmd_aggregated import Aggregate, Candidate

Path = dict[str, float | str]


def test_by_features(
    samples: Pooled,
    name: str,
    width: float,
    weights: GroupWeights,
    draw: NullLabels,
    permutations: int,
    generator: np.random.Generator,
    device: str,
) -> tuple[PermutationOutcome, FeatureRows, Path, float]:
    """Test by one kernel; return the sums of rows, the path and the rarest split beside."""
    points, error = samples.points, samples.coordinate_error
    features = kernel_features([(name, width)], samples.dimension, MMD_FREQUENCIES, generator)
    units = draw.bundles(generator)
    labels = units.draw(permutations, generator)
    biased = weights.within_x == 1 / samples.n**2
    found = FeatureStatistics(
        features, points, units, labels, weights, diagonal=biased, device=device
    )
    values = found.values[0]
    widths = rounding_widths(len(points), 1.0, 2 * error / width, weights)
    blocks = KERNELS[name].blocks(points, width, device, error)
    outcome = permutation_outcome(
        values, labels, tie_width(*widths, values), lambda: lost_in_rounding(blocks, 1.0)
    )
    path: Path = {"path": "features", "features": features.count}
    path["standard_error"] = found.standard_error
    rows = FeatureRows(features, points, samples.in_x, device)
    return outcome, rows, path, units.rarest(samples.given)


def aggregate_by_features(
    samples: Pooled,
    kernels: Sequence[Candidate],
    draw: NullLabels,
    count: int,
    generator: np.random.Generator,
    device: str,
) -> tuple[Aggregate, Path, float]:
    """Return all kernels' statistics by features that they share, the path and the rarest
    split."""
    points = samples.points
    laws = [(kernel.name, kernel.bandwidth) for kernel in kernels]
    features = kernel_features(laws, samples.dimension, AGGREGATE_FREQUENCIES, generator)
    units = draw.bundles(generator)
    labels = units.draw(count, generator)
    weights = GroupWeights.difference(samples.n, samples.m, biased=False)
    found = FeatureStatistics(
        features, points, units, labels, weights, diagonal=False, device=device
    )
    means = features.mean_squares(points)
    statistics = [
        _Statistics(
            values,
            tie_width(*rounding_widths(len(points), 1.0, kernel.rounding, weights), values),
            float(1 / np.sqrt(mean)) if mean > 0 else 0.0,
        )
        for values, kernel, mean in zip(found.values, kernels, means, strict=True)
    ]
    path: Path = {"path": "features", "features": features.count}
    path["standard_error"] = found.standard_error
    aggregate = Aggregate(statistics, kernels, min(samples.n, samples.m), labels)
    return aggregate, path, units.rarest(samples.given)


@dataclass
class _Statistics:
    """One kernel's MMD² under all labels; all by float64, so that nothing is refined."""

    values: Array
    tie_width: float
    scale: float
    error: float = 0.0
    normalised_error: float = 0.0

    def refine(self, some: NDArray[np.intp]) -> None:
        """Leave the values as they are."""

    def refine_neighbours(self) -> None:
        """Leave the values as they are."""
