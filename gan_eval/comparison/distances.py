"""Distances between two samples, with intervals where there are some."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from gan_eval.distributions.distances import bures_wasserstein
from gan_eval.distributions.gaussian import Gaussian
from gan_eval.stats.battery.battery import BatteryResult
from gan_eval.stats.scaling import Array, ColumnScales
from gan_eval.stats.twosample.frechet import SMALLEST_RANGE, frechet_distance

INTERVAL_COLUMNS = 64
"""The number of columns above which no interval is given: the jackknife and the bootstrap of the
Fréchet distance take minutes."""

_DISTANCES = {
    "frechet_standardised": "Fréchet distance, columns in standard deviations of the real rows",
    "frechet": "Fréchet distance, columns as they are",
    "frechet_uncorrected": "the same by FID's formula, biased upwards",
    "hotelling": "distance of the means, in standard deviations (Mahalanobis)",
    "energy": "energy distance, whitened",
    "mmd": "MMD², whitened, unbiased",
}


@dataclass(frozen=True)
class Distance:
    """A distance in one measure, with its 95 % interval, or None where there is none."""

    name: str
    words: str
    estimate: float
    interval: tuple[float, float] | None


def distances(
    x: Array, y: Array, found: BatteryResult, stream: np.random.Generator
) -> tuple[Distance, ...]:
    """Estimate each distance, with its interval where there is one.

    Those of the battery are the estimates of its tests ``found``, of whole rows; Fréchet's are of
    the numbers x (n, d) and y (m, d).
    """
    seed = int(stream.integers(2**62))
    numbers: dict[str, tuple[float, tuple[float, float] | None]] = {}
    if x.shape[1]:
        numbers = _frechet_distances(x, y, seed)
    numbers |= {
        name: (test.estimate, test.confidence_interval) for name, test in found.results.items()
    }
    return tuple(
        Distance(name, words, *numbers[name])
        for name, words in _DISTANCES.items()
        if name in numbers
    )


def _frechet_distances(
    x: Array, y: Array, seed: int
) -> dict[str, tuple[float, tuple[float, float] | None]]:
    scales = ColumnScales.of(np.concatenate([x, y]))
    units = scales(x).std(axis=0)
    units = np.where(units > 0, units, 1.0)
    standardised = _frechet(scales(x) / units, scales(y) / units, seed)
    vanish = squares_vanish(x, y)
    plain = (math.nan, math.nan, None) if vanish else _frechet(x, y, seed)
    return {
        "frechet_standardised": standardised[1:],
        "frechet": plain[1:],
        "frechet_uncorrected": (plain[0], None),
    }


def squares_vanish(x: Array, y: Array) -> bool:
    """Say whether the columns vary, but so little that float64 rounds the squares to nothing."""
    return 0 < np.ptp(np.concatenate([x, y]), axis=0).max(initial=0.0) < SMALLEST_RANGE


def _frechet(x: Array, y: Array, seed: int) -> tuple[float, float, tuple[float, float] | None]:
    """By FID's formula; with the bias taken off, and its interval, where there are few columns."""
    if x.shape[1] > INTERVAL_COLUMNS:
        return float(bures_wasserstein(Gaussian.fit(x), Gaussian.fit(y))) ** 2, math.nan, None
    small = x.shape[1] <= 32 and len(x) + len(y) <= 20_000
    found = frechet_distance(x, y, bootstrap=999 if small else 199, rng=seed)
    return found.estimate, found.corrected, found.confidence_interval
