"""Size and power of the tests against targets that are not Gaussian (docs/targets/power.md).

python -m benchmarks.target_certificates [--repetitions 400] prints them as Markdown; a minute on
one core. Seeds are fixed. Exit status 1 where a size lies outside of its band.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable

import numpy as np
from scipy.stats import betabinom

from benchmarks.goodness_tables import print_table
from gan_eval.distributions.gaussian import Array
from gan_eval.distributions.mixture import MixtureTarget
from gan_eval.distributions.presets import preset
from gan_eval.distributions.protocol import Target
from gan_eval.distributions.student_t import StudentTTarget
from gan_eval.stats.goodness import one_sample_tests

N = 200
RESAMPLES = 999
LEVEL = 0.05
TESTS = ("mode_shares", "log_density", "energy", "kernel_stein")
Draw = Callable[[int, np.random.Generator], Array]

RING = MixtureTarget.ring()
ONE = RING.covariances[0]
TARGETS: dict[str, Target] = {
    "ring8": preset("ring8"),
    "grid25": preset("grid25"),
    "Student t, ν = 3": StudentTTarget(3, [0.0, 0.0], [[2.0, 1.0], [1.0, 1.0]]),
    "Student t, ν = 1": StudentTTarget(1, [0.0, 0.0], [[2.0, 1.0], [1.0, 1.0]]),
}
WRONG: dict[str, Draw] = {
    "a mode lost": MixtureTarget(np.full(7, 1 / 7), RING.means[1:], ONE).sample,
    "a mode with half its share": MixtureTarget(
        np.array([0.5, *[7.5 / 7] * 7]) / 8, RING.means, ONE
    ).sample,
    "modes 1.15 times as wide": MixtureTarget.ring(standard_deviation=0.0115).sample,
    "all moved by a third of a mode's sd": MixtureTarget(
        RING.weights, RING.means + np.array([0.01 / 3, 0.0]), ONE
    ).sample,
    "a tenth of the rows between the modes": MixtureTarget(
        [*[0.9 / 8] * 8, 0.1], [*RING.means, np.zeros(2)], [*RING.covariances, np.eye(2) / 4]
    ).sample,
}


def rates(target: Target, draw: Draw, repetitions: int, seed: int) -> dict[str, float]:
    """Return the share of samples in which each test rejects, all by one null."""
    generator = np.random.default_rng(seed)
    counts: dict[str, int] = {}
    for _ in range(repetitions):
        found = one_sample_tests(draw(N, generator), target, resamples=RESAMPLES, rng=0)
        for name, result in found.items():
            counts[name] = counts.get(name, 0) + (result.pvalue <= LEVEL)
    return {name: count / repetitions for name, count in counts.items()}


def _row(name: str, found: dict[str, float]) -> list[str]:
    return [name, *(f"{found[test]:.3f}" if test in found else "–" for test in TESTS)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repetitions", type=int, default=400)
    repetitions = parser.parse_args().repetitions
    # All samples share one null, so that a rate is beta-binomial.
    least = round(LEVEL * (RESAMPLES + 1))
    law = betabinom(repetitions, least, RESAMPLES + 1 - least)
    low, high = law.ppf([0.005, 0.995]) / repetitions
    head = [*(f"`{name}`" for name in TESTS)]
    print(f"Size at {LEVEL:g}, n = {N}, {repetitions} samples; 99 % band {low:.3f}–{high:.3f}.\n")
    sizes = {name: rates(one, one.sample, repetitions, 1) for name, one in TARGETS.items()}
    print_table(["target", *head], [_row(name, found) for name, found in sizes.items()])
    print(f"Power at {LEVEL:g} against ring8, n = {N}, {repetitions} samples.\n")
    print_table(
        ["what is wrong", *head],
        [_row(name, rates(RING, draw, repetitions, 2)) for name, draw in WRONG.items()],
    )
    outside = [
        f"{test} on {name}: {size:.3f}"
        for name, found in sizes.items()
        for test, size in found.items()
        if not low <= size <= high
    ]
    if outside:
        sys.exit(f"outside of the band: {'; '.join(outside)}")


if __name__ == "__main__":
    main()
