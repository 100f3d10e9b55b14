"""The median of the distances of pairs, which are many: found near that of some of them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from gan_eval.stats.kernels.pairs import Array, compiled_pairs

# The median of more than twice as many numbers is looked for near that of so many of them.
MIDDLE_VALUES = 2**13
# Of fewer points all distances are taken.
FEWEST_POINTS = 64


def median_distance(points: Array) -> float | None:
    """Return the median Euclidean distance between points (N, d), without keeping all pairs.

    None where it is not found that way: of few points, where nothing is compiled, where many
    distances are the same, and by a chance far below one in a thousand.
    """
    if len(points) < FEWEST_POINTS or (code := compiled_pairs()) is None:
        return None
    columns, count = np.ascontiguousarray(points.T), len(points) * (len(points) - 1) // 2
    some = code.some(columns, max(1, count // min(int(2 * count ** (2 / 3)), MIDDLE_VALUES)))
    least, most, share = _about_the_middle(some)
    below, inside = code.between(columns, least, most, int(2 * share * count))
    low, high = (count - 1) // 2 - below, count // 2 - below
    if inside is None or low < 0 or high >= inside.size:
        return None
    return float(np.sqrt(np.partition(inside, [low, high])[[low, high]]).mean())


def median_of(pairs: Array, root: Callable[[Array], Array]) -> float:
    """Return the median distance, without taking all the roots."""
    high = pairs.size // 2
    low = high if pairs.size % 2 else high - 1
    return float(root(_middle(pairs, low, high)).mean())


def _middle(values: Array, low: int, high: int) -> Array:
    """Return the values of ranks ``low`` and ``high`` in the middle of all.

    Of many values, those between two quantiles of some are looked at if both ranks are there, as
    they are but for a chance far below one in a thousand.
    """
    if values.size > 2 * MIDDLE_VALUES:
        least, most, _ = _about_the_middle(values[:: values.size // MIDDLE_VALUES])
        below = int(np.count_nonzero(values < least))
        inside = values[(values >= least) & (values <= most)]
        if below <= low and high < below + inside.size:
            values, low, high = inside, low - below, high - below
    return np.partition(values, [low, high])[[low, high]]


def _about_the_middle(some: Array) -> tuple[float, float, float]:
    """Return two values of a sample between which the median of all is, with the share of the
    sample between them."""
    reach, middle = int(2 * len(some) ** 0.5), len(some) // 2
    ends = np.partition(some, [middle - reach, middle + reach])
    return float(ends[middle - reach]), float(ends[middle + reach]), 2 * reach / len(some)
