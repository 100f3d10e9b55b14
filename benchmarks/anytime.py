"""How e-processes keep their level, when they stop, and what a row costs.

``python -m benchmarks.anytime`` prints four tables as Markdown, in under 2 minutes on one core:
(1) the share of null streams that are ever rejected at α = 0.05, looked at after every row;
(2) the rows until a known target is rejected at α = 1e-6, beside what theory says;
(3) the rows until errors of a generator are found at α = 0.05, by likelihood and by witness;
(4) the seconds for 10,000 rows.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from math import inf, log
from time import perf_counter
from typing import Any

import numpy as np

from gan_eval.distributions.divergences import kl
from gan_eval.distributions.mixture import MixtureTarget
from gan_eval.distributions.target import GaussianTarget
from gan_eval.stats.samples import Array
from gan_eval.stats.sequential import BinomialEProcess, LikelihoodEProcess, WitnessEProcess
from gan_eval.stats.sequential.process import Running

CHAPTER, RING = GaussianTarget.chapter(), MixtureTarget.ring()
ALPHA, SMALL = 0.05, 1e-6


def main() -> None:
    """Print the four tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--streams", type=int, default=2000, help="of each line of (1)")
    parser.add_argument("--repetitions", type=int, default=300, help="of each line of (2)")
    arguments = parser.parse_args()
    print_levels(arguments.streams)
    print_stopping_times(arguments.repetitions)
    print_errors(max(1, arguments.repetitions // 15))
    print_costs()


def print_table(head: str, lines: list[tuple[Any, ...]]) -> None:
    """Print a table; numbers as they are told."""
    names = head.split(" | ")
    print(f"\n| {head} |\n|{'---|' * len(names)}")
    for line in lines:
        print("| " + " | ".join(str(cell) for cell in line) + " |")


def print_levels(streams: int) -> None:
    """Print (1)."""

    def known(seed: int) -> Running:
        process = LikelihoodEProcess(CHAPTER, q=GaussianTarget(CHAPTER.A, [1.1, 2.1]))
        process.update(CHAPTER.sample(2000, seed))
        return process

    def learned(seed: int) -> Running:
        process = LikelihoodEProcess(CHAPTER)
        process.update(CHAPTER.sample(2000, seed))
        return process

    def modes(seed: int) -> Running:
        process = LikelihoodEProcess(RING)
        process.update(RING.sample(300, seed))
        return process

    def witness(seed: int) -> Running:
        rows = np.asarray(CHAPTER.sample(550, seed))
        process = WitnessEProcess(rows[:300], reserved=50, frequencies=64, rng=seed)
        process.update(rows[300:])
        return process

    def share(seed: int) -> Running:
        process = BinomialEProcess(0.25)
        process.update(np.random.default_rng(seed).random(1000) < 0.25)
        return process.above

    lines: list[tuple[Any, ...]] = []
    kinds: dict[str, Callable[[int], Running]] = {
        "likelihood, q known": known,
        "likelihood, a Gaussian learned": learned,
        "likelihood, eight modes learned": modes,
        "witness": witness,
        "binomial, one side": share,
    }
    for name, stream in kinds.items():
        found = [stream(seed) for seed in range(streams)]
        ever = np.mean([one.rejected(ALPHA) for one in found])
        lines.append((name, streams, found[0].rows, f"{ever:.4f}"))
    print_table("e-process | null streams | rows of each | ever rejected at 0.05", lines)


def print_stopping_times(repetitions: int) -> None:
    """Print (2)."""
    others = {
        "mean moved by (0.2, 0.2)": GaussianTarget(CHAPTER.A, [1.2, 2.2]),
        "deviations × 1.17": GaussianTarget(CHAPTER.A * 1.17, CHAPTER.b),
        "turned": GaussianTarget(CHAPTER.A @ [[1.0, 0.15], [0.0, 1.0]], CHAPTER.b),
    }
    lines: list[tuple[Any, ...]] = []
    for name, other in others.items():
        divergence = float(kl(other, CHAPTER))
        times = np.empty((repetitions, 2))
        for seed in range(repetitions):
            rows = other.sample(4000, seed)
            for column, q in enumerate((other, None)):
                process = LikelihoodEProcess(CHAPTER, q=q)
                process.update(rows)
                times[seed, column] = process.stopped_at(SMALL) or inf
        known, learned = times.mean(axis=0)
        theory = -log(SMALL) / divergence
        bound = (-log(SMALL) + 5 / 2 * log(learned)) / divergence
        cells = (
            f"{known:.0f}",
            f"{known / theory:.3f}",
            f"{learned:.0f}",
            f"{learned / bound:.3f}",
        )
        lines.append((name, f"{divergence:.4f}", *cells))
    print_table(
        "generator | KL(q‖p) | rows, q known | of ln(1/α) / KL | rows, q learned "
        "| of (ln(1/α) + (k/2) ln n) / KL",
        lines,
    )


def print_errors(repetitions: int) -> None:
    """Print (3)."""
    half = CHAPTER.covariance * [[1.0, 0.5], [0.5, 1.0]]
    shares = np.array([0.0, *np.ones(7)]) + 1e-12
    means, noise = RING.means, RING.covariances[0]
    errors: dict[str, tuple[Any, Any]] = {
        "chapter, mean moved by (0.2, 0.2)": (
            CHAPTER, GaussianTarget(CHAPTER.A, CHAPTER.b + 0.2),
        ),
        "chapter, deviations × 1.2": (CHAPTER, GaussianTarget(CHAPTER.A * 1.2, CHAPTER.b)),
        "chapter, correlation halved": (CHAPTER, GaussianTarget.from_moments(CHAPTER.b, half)),
        "chapter, narrow direction lost": (
            CHAPTER, GaussianTarget(CHAPTER.A * [[1.0], [0.1]], CHAPTER.b),
        ),
        "ring8, a mode lost": (RING, MixtureTarget(shares / shares.sum(), means, noise)),
        "ring8, radius + 1 %": (RING, MixtureTarget(RING.weights, 1.01 * means, noise)),
        "ring8, modes half as wide": (RING, MixtureTarget(RING.weights, means, noise / 4)),
    }  # fmt: skip
    lines: list[tuple[Any, ...]] = []
    for name, (truth, generator) in errors.items():
        times: list[tuple[float, float]] = []
        for seed in range(repetitions):
            rows = np.asarray(generator.sample(6000, seed))
            one = LikelihoodEProcess(truth)
            two = WitnessEProcess(truth.sample(8000, seed + 10_000), rng=seed)
            times.append((_until(one, rows), _until(two, rows)))
        lines.append((name, *(_in_words(found) for found in np.median(times, axis=0))))
    print_table("generator | rows, likelihood | rows, witness", lines)


def _until(process: Any, rows: Array) -> float:
    for part in np.split(rows, len(rows) // 100):
        process.update(part)
        if process.rejected(ALPHA):
            return process.stopped_at(ALPHA) or inf
    return inf


def _in_words(rows: float) -> str:
    return f"{rows:.0f}" if rows < inf else "more than 6000"


def print_costs() -> None:
    """Print (4)."""
    rows = CHAPTER.sample(10_000, 1)
    witness = WitnessEProcess(CHAPTER.sample(14_000, 0))
    kinds: dict[str, Any] = {
        "likelihood, a Gaussian": LikelihoodEProcess(CHAPTER),
        "likelihood, eight modes": LikelihoodEProcess(RING),
        "witness": witness,
        "witness, the real rows known": witness.anew(),
        "binomial": BinomialEProcess(0.25),
    }
    lines: list[tuple[Any, ...]] = []
    for name, process in kinds.items():
        given = rows[:, 0] > 1 if name == "binomial" else rows
        start = perf_counter()
        process.update(given)
        lines.append((name, f"{perf_counter() - start:.3f}"))
    print_table("e-process | seconds for 10,000 rows", lines)


if __name__ == "__main__":
    main()
