"""What following a training costs, as docs/tracking.md has it.

    python -m benchmarks.tracker_cost [columns]

200 checkpoints of 1,000 rows against 10,000 real rows: the time to make the tracker, a call of
``log`` and one of ``best``. Seconds of the wall clock, and of all processors together.
"""

from __future__ import annotations

import sys
import time

import numpy as np

from gan_eval.comparison.tracker import Tracker

CHECKPOINTS, ROWS, REAL = 200, 1000, 10_000


def main() -> None:
    d = int(sys.argv[1]) if len(sys.argv) > 1 else 2
    rng = np.random.default_rng(0)
    real = rng.normal(size=(REAL, d))
    samples = [rng.normal(2 / (1 + step), size=(ROWS, d)) for step in range(CHECKPOINTS)]
    Tracker(real[:100]).log(0, samples[0])  # what is imported when it is used

    marks = [(time.perf_counter(), time.process_time())]
    tracker = Tracker(real)
    marks.append((time.perf_counter(), time.process_time()))
    for step, rows in enumerate(samples):
        tracker.log(step, rows)
    marks.append((time.perf_counter(), time.process_time()))
    best = tracker.best()
    marks.append((time.perf_counter(), time.process_time()))

    print(f"{CHECKPOINTS} checkpoints of {ROWS} rows against {REAL} real rows of {d} columns")
    print("what wall processor")
    for name, first, last in (("Tracker", 0, 1), ("log", 1, 2), ("best", 2, 3), ("all", 0, 3)):
        wall, own = (marks[last][i] - marks[first][i] for i in (0, 1))
        print(f"{name} {wall:.2f} s {own:.2f} s")
    each = tracker.frame["seconds"].median()
    print(f"a call of log {1000 * each:.1f} ms; best {best.step:g}")


if __name__ == "__main__":
    main()
