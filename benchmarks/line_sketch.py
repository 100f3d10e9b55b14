"""What counting a row on random lines costs: processor time by directions, edges and columns.

    python -m benchmarks.line_sketch

Medians and minima over rounds of 2¹⁷ rows, and the error that the draw of the lines leaves.
"""

from __future__ import annotations

import time

import numpy as np

from gan_eval.stats.sketch.lines import LineSketch

ROWS = 2**17
ROUNDS = 5
SETTINGS = ((2, 16, 512), (2, 64, 128), (2, 64, 512), (2, 64, 2048), (8, 64, 512), (32, 64, 512))


def main() -> None:
    """Print a line for each setting."""
    rng = np.random.default_rng(0)
    print("columns  lines  edges  ns per row (least)  ns per row and line  error / estimate")
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
        median, least = float(np.median(times)), min(times)
        print(
            f"{d:7d}{lines:7d}{edges:7d}{median:12.0f} ({least:.0f}){least / lines:18.2f}"
            f"{found.direction_error / found.estimate:22.1e}"
        )


if __name__ == "__main__":
    main()
