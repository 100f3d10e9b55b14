"""What counting rows on random lines costs, and how often the interval misses.

    python -m benchmarks.line_sketch             processor time by lines, edges and columns
    python -m benchmarks.line_sketch --misses    misses of 95 % intervals, by law

The rows of the tables of docs/sketch/energy.md.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from gan_eval.stats.sketch.line_grid import Lines
from gan_eval.stats.sketch.lines import LineSketch

ROWS = 2**17
ROUNDS = 5
SETTINGS = ((2, 16, 512), (2, 64, 128), (2, 64, 512), (2, 64, 2048), (8, 64, 512), (32, 64, 512))
Draw = Callable[[np.random.Generator, int], np.ndarray]


def costs() -> None:
    """Print a row for each setting."""
    rng = np.random.default_rng(0)
    for d, directions, edges in SETTINGS:
        reference = rng.normal(size=(4096, d))
        rows = rng.normal(size=(ROWS, d))
        real = LineSketch(reference, directions, edges, stream="real")
        times = []
        for _ in range(ROUNDS):
            start = time.process_time()
            real.update(rows)
            times.append((time.process_time() - start) / ROWS * 1e9)
        generated = LineSketch(real, stream="generated").update(rows + 0.1)
        found, lines = real.energy(generated), real.lines.lines
        error = found.direction_error / found.estimate
        print(f"| {d} | {lines} | {edges} | {np.median(times):.0f} | {error:.0e} |", flush=True)


def ring(rng: np.random.Generator, n: int) -> np.ndarray:
    """Eight narrow modes on a circle."""
    angles = rng.integers(8, size=n) * np.pi / 4
    return 2 * np.c_[np.cos(angles), np.sin(angles)] + 0.05 * rng.normal(size=(n, 2))


LAWS: dict[str, Draw] = {
    "normal, 2 columns": lambda rng, n: rng.normal(size=(n, 2)),
    "normal, 10 columns": lambda rng, n: rng.normal(size=(n, 10)),
    "Student t with 3 degrees, 2 columns": lambda rng, n: rng.standard_t(3, size=(n, 2)),
    "Cauchy, 2 columns": lambda rng, n: rng.standard_cauchy((n, 2)),
    "eight modes on a ring": ring,
    "0 or 1, 3 columns": lambda rng, n: rng.integers(2, size=(n, 3)).astype(float),
}


def misses(trials: int) -> None:
    """Print the share of intervals that do not hold the truth, for each law."""
    rng = np.random.default_rng(5)
    for name, draw in LAWS.items():
        lines = Lines.of(draw(rng, 4000), 16, 128)
        # The distance in the same coordinates, by many rows and lines.
        fine = Lines.of(draw(rng, 4000), 256, 512)
        fine = replace(fine, mean=lines.mean, matrix=lines.matrix)
        many = LineSketch(fine, stream="x").update(draw(rng, 400_000))
        shares = []
        for shift in (0.0, 0.3):
            other = LineSketch(fine, stream="y").update(draw(rng, 400_000) + shift)
            truth = many.energy(other).estimate if shift else 0.0
            missed = 0
            for trial in range(trials):
                real = LineSketch(lines, stream=f"x{trial}").update(draw(rng, 600))
                generated = LineSketch(lines, stream=f"y{trial}").update(draw(rng, 400) + shift)
                found = real.energy(generated)
                missed += not found.low <= truth <= found.high
            shares.append(f"{100 * missed / trials:.1f} %")
        print(f"| {name} | {' | '.join(shares)} |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--misses", action="store_true")
    parser.add_argument("--trials", type=int, default=400)
    given = parser.parse_args()
    misses(given.trials) if given.misses else costs()


if __name__ == "__main__":
    main()
