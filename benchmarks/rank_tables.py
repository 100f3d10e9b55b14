"""How often does the ranking of generators err, and how often do its intervals hold?

``python -m benchmarks.rank_tables`` prints the tables of docs/rank/errors.md, in half an hour on
one core; with 1,000 rows a fifth of the repetitions are made. Everything is Gaussian, so that
distances are known in closed form: real rows are N(0, I), generated ones have another mean.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence

import numpy as np

from gan_eval.distributions.distances import energy_distance, median_distance, mmd2
from gan_eval.stats.pairs import between, semimetric, within
from gan_eval.stats.relative import MEASURES, METHODS, Side, difference

CASES = {
    "both are the truth": (0.0, 0.0, False),
    "both equal, 0.2 sd off": (0.2, 0.2, False),
    "both equal, 0.6 sd off": (0.6, 0.6, False),
    "unlike, both 0.6 sd off": (0.6, 0.6, True),
    "the truth, and 0.2 sd off": (0.0, 0.2, True),
    "0.2 and 0.6 sd off": (0.2, 0.6, True),
}
"""How far the means of the two are off, and whether along two axes or one."""
SIZES = {"n": (1.0, 1.0, 1.0), "n, n/2, 2n": (1.0, 0.5, 2.0)}


def closed(measure: str, mean: np.ndarray) -> float:
    """Squared distance of N(mean, I) and N(0, I)."""
    laws = (mean, np.eye(len(mean))), (np.zeros(len(mean)), np.eye(len(mean)))
    if measure == "energy":
        return float(energy_distance(*laws))
    return float(mmd2(*laws, bandwidth=median_distance(laws[1])))


def case(
    name: str, measure: str, d: int, rows: Sequence[int], repetitions: int, seed: int
) -> dict[str, tuple[float, float, float]]:
    """Shares of repetitions that name the first nearer, that name the second, and whose interval
    holds the difference, by method."""
    shifts, rng = CASES[name], np.random.default_rng(seed)
    means = [shifts[0] * np.eye(d)[0], shifts[1] * np.eye(d)[1 if shifts[2] else 0]]
    truth = closed(measure, means[0]) - closed(measure, means[1])
    seen = {method: np.zeros(3) for method in METHODS}
    for _ in range(repetitions):
        real = rng.normal(size=(rows[0], d))
        others = [rng.normal(size=(m, d)) + mean for m, mean in zip(rows[1:], means, strict=True)]
        rho = semimetric(measure, real)
        sides = [Side(between(real, one, rho, rng), within(one, rho, rng)) for one in others]
        for method, counts in seen.items():
            estimate, _, _, low, high, pvalue = difference(sides[0], sides[1], method, 0.05)
            counts += [
                pvalue <= 0.05 and estimate < 0,
                pvalue <= 0.05 and estimate > 0,
                low <= truth <= high,
            ]
    return {method: tuple(100 * counts / repetitions) for method, counts in seen.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repetitions", type=int, default=1000)
    parser.add_argument("--measure", choices=MEASURES, nargs="*", default=MEASURES)
    given = parser.parse_args()
    head = "| two generators | rows | d | n | " + " | ".join(
        f"{method}: first, second, interval" for method in METHODS
    )
    for measure in given.measure:
        print(f"\n{measure}, per cent of repetitions\n\n{head} |")
        print("|---" * (4 + len(METHODS)) + "|")
        for name in CASES:
            for sizes, parts in SIZES.items():
                for d in (2, 10):
                    for n in (100, 300, 1000):
                        rows = [round(n * part) for part in parts]
                        repetitions = given.repetitions // (5 if n == 1000 else 1)
                        found = case(name, measure, d, rows, repetitions, n + d)
                        cells = " | ".join(
                            f"{first:.1f}, {second:.1f}, {held:.1f}"
                            for first, second, held in found.values()
                        )
                        print(f"| {name} | {sizes} | {d} | {n} | {cells} |", flush=True)


if __name__ == "__main__":
    main()
