"""The variance that each approximation adds to the energy statistic beside that of all pairs.

    python -m benchmarks.energy_variance

One pair of equal samples of normal rows, and 500 permutations that all see: 1/r² − 1, r being the
correlation of an approximation's permuted statistics with those of all pairs, averaged over draws
of lines, frequencies or landmarks; and the seconds of a draw.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable

import numpy as np
import torch

from gan_eval.stats.kernels.features import distance_features
from gan_eval.stats.permutation.engine import GroupWeights
from gan_eval.stats.permutation.landmarks import LandmarkStatistics
from gan_eval.stats.permutation.lines import SlicedForm, direction_groups, projection_constant
from gan_eval.stats.permutation.unit_sums import UnitSums
from gan_eval.stats.permutation.units import Units

PERMUTATIONS, BLOCK, REST = 500, 500, 64
Statistic = Callable[[np.ndarray, np.ndarray, np.random.Generator], np.ndarray]


def all_pairs(points: np.ndarray, labels: np.ndarray, _: np.random.Generator) -> np.ndarray:
    """Return the statistics, up to their scale, by the distances of all rows."""
    rows = torch.from_numpy(points)
    signed = torch.from_numpy(labels - labels.mean(axis=1, keepdims=True))
    parts = [(signed @ torch.cdist(rows, some)) for some in rows.split(BLOCK)]
    return -(torch.cat(parts, 1) * signed).sum(1).numpy()


def sliced(lines: int) -> Statistic:
    """Sort along so many lines."""

    def statistic(points: np.ndarray, labels: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        groups = direction_groups(points.shape[1], lines, rng)
        return -SlicedForm(points, groups, labels[0], "cpu").forms(labels[:0], labels)[1]

    return statistic


def by_frequencies(count: int) -> Statistic:
    """Sum the waves of so many frequencies."""

    def statistic(points: np.ndarray, labels: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        drawn = distance_features(points, projection_constant(points.shape[1]), count, rng)
        rows, sums = torch.from_numpy(points), UnitSums(_units(labels), labels, "cpu")
        found = np.zeros(len(labels))
        for frequencies, shares in zip(drawn.frequencies, drawn.weights[:, :, 0], strict=True):
            waves = torch.from_numpy(frequencies.T)

            def values(some: slice, waves: torch.Tensor = waves) -> torch.Tensor:
                phases = rows[some] @ waves
                return torch.cat([phases.cos(), phases.sin()], 1)

            squares = sums.of(values, 2 * len(shares))[1].square().numpy()
            found += squares @ np.tile(shares, 2)
        return found

    return statistic


def by_landmarks(count: int) -> Statistic:
    """Take the distances to so many rows."""

    def statistic(points: np.ndarray, labels: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        size, units = len(points), _units(labels)
        features = distance_features(points, projection_constant(points.shape[1]), REST, rng)
        weights = GroupWeights.difference(size // 2, size // 2, biased=True, factor=-1.0)
        chosen = rng.choice(size, count, replace=False)
        found = LandmarkStatistics(points, chosen, features, units, labels, weights, "cpu")
        return found.values

    return statistic


def _units(labels: np.ndarray) -> Units:
    return Units.of_rows_alone(labels.shape[1] // 2, labels.shape[1] // 2)


APPROXIMATIONS = {
    "64 lines": sliced(64),
    "512 frequencies": by_frequencies(512),
    "2,048 frequencies": by_frequencies(2048),
    "256 landmarks": by_landmarks(256),
    "512 landmarks": by_landmarks(512),
    "1,024 landmarks": by_landmarks(1024),
}


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=3000)
    parser.add_argument("--columns", type=int, nargs="+", default=[2, 5, 20])
    parser.add_argument("--draws", type=int, default=3)
    given = parser.parse_args()
    print(f"| columns | {' | '.join(APPROXIMATIONS)} |")
    print("|---" * (1 + len(APPROXIMATIONS)) + "|", flush=True)
    for d in given.columns:
        generator = np.random.default_rng([1, d])
        points = generator.normal(size=(2 * given.rows, d))
        labels = Units.of_rows_alone(given.rows, given.rows).draw(PERMUTATIONS, generator)
        exact, cells = all_pairs(points, labels, generator), []
        for approximation in APPROXIMATIONS.values():
            added, start = [], time.perf_counter()
            for draw in range(given.draws):
                found = approximation(points, labels, np.random.default_rng(draw))
                added.append(np.corrcoef(exact[1:], found[1:])[0, 1] ** -2 - 1)
            seconds = (time.perf_counter() - start) / given.draws
            cells.append(f"{100 * np.mean(added):.2f} %, {seconds:.1f} s")
        print(f"| {d} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
