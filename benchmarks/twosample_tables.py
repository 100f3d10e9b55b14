"""What whitening and several bandwidths are worth: the measured tables of docs/tests.md.

python -m benchmarks.twosample_tables [whitening | mixture | coverage | cost] [--repetitions N]
prints one of them as Markdown. Seeds are fixed.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from gan_eval.distributions import distances
from gan_eval.distributions.gaussian import Array, Gaussian
from gan_eval.distributions.target import GaussianTarget
from gan_eval.stats.twosample import energy_test, mmd_test

LEVEL = 0.05
PERMUTATIONS = 199
Pair = tuple[Array, Array]


def power(
    draw: Callable[[np.random.Generator], Pair],
    tests: dict[str, tuple[Callable[..., Any], dict[str, Any]]],
    repetitions: int,
    permutations: int = PERMUTATIONS,
) -> dict[str, float]:
    """The share of repetitions in which each test rejects; all tests see the same samples."""
    rejected = dict.fromkeys(tests, 0)
    for repetition in range(repetitions):
        rng = np.random.default_rng([7, repetition])
        x, y = draw(rng)
        for name, (test, options) in tests.items():
            result = test(x, y, permutations=permutations, rng=rng, **options)
            rejected[name] += result.pvalue <= LEVEL
    return {name: count / repetitions for name, count in rejected.items()}


def whitening(repetitions: int) -> Iterator[str]:
    """The chapter's target, 500 rows each, the mean of one moved by 0.15 standard deviations."""
    target = GaussianTarget.chapter()
    variances, axes = np.linalg.eigh(target.covariance)
    tests = {
        f"{name}, {words}": (test, {"whiten": by})
        for name, test in (("MMD", mmd_test), ("energy", energy_test))
        for words, by in (("raw", None), ("pooled", "pooled"), ("target", target))
    }
    yield "| mean moved along | " + " | ".join(tests) + " |"
    yield "|---|" + "---|" * len(tests)
    for words, axis in (("nothing", None), ("the minor axis", 0), ("the major axis", 1)):
        shift = np.zeros(2)
        if axis is not None:
            shift = 0.15 * np.sqrt(variances[axis]) * axes[:, axis]

        def draw(rng: np.random.Generator, shift: Array = shift) -> Pair:
            return target.sample(500, rng), target.sample(500, rng) + shift

        found = power(draw, tests, repetitions)
        yield f"| {words} | " + " | ".join(f"{share:.3f}" for share in found.values()) + " |"


def mixture(repetitions: int) -> Iterator[str]:
    """Four Gaussians at (±20, ±20), the last with another standard deviation in y: 500 rows each.

    Biggs, Schrab & Gretton 2023, §5; their code prints the published power, of 200 repetitions.
    """
    centres = 20.0 * np.array([[1, 1], [-1, 1], [1, -1], [-1, -1]])
    published = {0.7: (0.030, 0.510, 0.460), 1.6: (0.030, 0.635, 0.675)}
    tests: dict[str, tuple[Callable[..., Any], dict[str, Any]]] = {
        f'`bandwidth="{bandwidth}"`': (mmd_test, {"bandwidth": bandwidth})
        for bandwidth in ("median", "fuse", "agg")
    }
    yield "| last deviation | " + " | ".join(f"{name} | published" for name in tests) + " |"
    yield "|---|" + "---|---|" * len(tests)

    def rows(rng: np.random.Generator, deviation: float) -> Array:
        which = rng.integers(0, 4, 500)
        noise = rng.standard_normal((500, 2)) * np.where(which == 3, deviation, 1.0)[:, None]
        return centres[which] + noise

    for deviation, theirs in published.items():

        def draw(rng: np.random.Generator, deviation: float = deviation) -> Pair:
            return rows(rng, 1.0), rows(rng, deviation)

        ours = power(draw, tests, repetitions, permutations=499)
        cells = zip(ours.values(), theirs, strict=True)
        yield f"| {deviation} | " + " | ".join(f"{a:.3f} | {b:.3f}" for a, b in cells) + " |"


def coverage(repetitions: int) -> Iterator[str]:
    """How often the interval of MMD² holds its value: one law against the same law moved, a
    Gaussian kernel of h = 1.5 √d."""
    shifts = (0.0, 0.1, 0.3, 1.0, 2.0)
    yield "| law | rows | " + " | ".join(f"moved by {shift:g}" for shift in shifts) + " |"
    yield "|---|---|" + "---|" * len(shifts)
    for law, d in (
        ("Gaussian", 1),
        ("Gaussian", 5),
        ("Student t, 3 df", 1),
        ("Student t, 3 df", 5),
    ):
        moves = [np.full(d, shift / np.sqrt(d)) for shift in shifts]
        truths = [_mmd2_of_a_move(law, move, 1.5 * np.sqrt(d)) for move in moves]
        for n, m in ((20, 20), (50, 50), (200, 200), (20, 200)):
            cells = []
            for move, truth in zip(moves, truths, strict=True):
                low = high = 0
                for repetition in range(repetitions):
                    rng = np.random.default_rng([11, n, m, repetition])
                    x, y = _draw(law, rng, (n, d)) + move, _draw(law, rng, (m, d))
                    found = mmd_test(x, y, bandwidth=1.5 * np.sqrt(d), permutations=1)
                    assert found.confidence_interval is not None
                    low += found.confidence_interval[1] < truth
                    high += found.confidence_interval[0] > truth
                cells.append(f"{1 - (low + high) / repetitions:.3f}")
            yield f"| {law}, d = {d} | {n} and {m} | " + " | ".join(cells) + " |"


def _draw(law: str, rng: np.random.Generator, shape: tuple[int, int]) -> Array:
    return rng.standard_normal(shape) if law == "Gaussian" else rng.standard_t(3, shape)


def _mmd2_of_a_move(law: str, move: Array, h: float) -> float:
    """2 E [k(Z) − k(Z + move)], Z the difference of two draws: closed, or by a million draws."""
    d = len(move)
    if law == "Gaussian":
        moved, still = Gaussian(move, np.eye(d)), Gaussian(0 * move, np.eye(d))
        return float(distances.mmd2(moved, still, h))
    rng = np.random.default_rng(5)
    z = _draw(law, rng, (1_000_000, d)) - _draw(law, rng, (1_000_000, d))
    here, there, back = (
        np.exp(-((z + step) ** 2).sum(axis=1) / (2 * h**2)).mean() for step in (0.0, move, -move)
    )
    return float(2 * here - there - back)


def cost(repetitions: int) -> Iterator[str]:
    """The best of some rounds, in turn, at 1000 rows each and 1000 permutations."""
    target = GaussianTarget.chapter()
    x, y = target.sample(1000, 0), target.sample(1000, 5)
    variants: dict[str, dict[str, Any]] = {
        "one Gaussian kernel": {},
        'the same, `method="exact"`': {"method": "exact"},
        '`bandwidth="fuse"`': {"bandwidth": "fuse"},
        '`bandwidth="agg"`': {"bandwidth": "agg"},
    }
    best = dict.fromkeys(variants, np.inf)
    for _ in range(max(3, repetitions)):
        for name, options in variants.items():
            start = time.perf_counter()
            mmd_test(x, y, permutations=1000, rng=1, **options)
            best[name] = min(best[name], time.perf_counter() - start)
    first = next(iter(best.values()))
    yield "| test | seconds | of one |"
    yield "|---|---|---|"
    for name, seconds in best.items():
        yield f"| {name} | {seconds:.3f} | {seconds / first:.1f} |"


TABLES = {"whitening": whitening, "mixture": mixture, "coverage": coverage, "cost": cost}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("table", choices=TABLES)
    parser.add_argument("--repetitions", type=int, default=200)
    arguments = parser.parse_args()
    for line in TABLES[arguments.table](arguments.repetitions):
        print(line, flush=True)


if __name__ == "__main__":
    main()
