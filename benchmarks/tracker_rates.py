"""How often a tracker's answers are right, as docs/tracking.md has it.

    python -m benchmarks.tracker_rates

Trainings of ten checkpoints, of which one is right: how often it is not among those that may be the
best; pairs of equal checkpoints: how often they are told apart; bets of 100 pairs of rows against
right checkpoints; and how many pairs it takes against checkpoints that are off.
"""

from __future__ import annotations

import numpy as np

from gan_eval.comparison.tracker.best import best_checkpoint
from gan_eval.comparison.tracker.bets import RealBets
from gan_eval.comparison.tracker.measure import RealFeatures
from gan_eval.stats.sequential import State

ALPHA = 0.05
TRAININGS, SHIFTS = 500, (1.5, 1.0, 0.7, 0.5, 0.3, 0.2, 0.0, 0.25, 0.4, 0.8)
STREAMS, CHECKPOINTS, BETS = 60, 20, 100


def main() -> None:
    left_out, apart = 0, {0.0: 0, 0.5: 0}
    for seed in range(TRAININGS):
        rng = np.random.default_rng([seed, 11])
        real = RealFeatures(rng.normal(size=(1000, 2)), "energy", rng, 64)
        measured = [real.measure(rng.normal(s, size=(500, 2))) for s in SHIFTS]
        found = best_checkpoint(real, list(range(len(SHIFTS))), measured, ALPHA)
        left_out += SHIFTS.index(0.0) not in found.not_told_apart
        for shift in apart:
            pair = [real.measure(rng.normal(shift, size=(500, 2))) for _ in range(2)]
            apart[shift] += len(best_checkpoint(real, [0, 1], pair, ALPHA).not_told_apart) == 1
    print(f"of {TRAININGS} trainings the right checkpoint was left out of {left_out}")
    for shift, count in apart.items():
        print(f"of {TRAININGS} pairs of equal ones, {shift} off, {count} were told apart")

    for d in (2, 10):
        told = 0
        for seed in range(STREAMS):
            rng = np.random.default_rng([seed, d])
            seen, kept = rng.normal(size=(500, d)), rng.normal(size=(CHECKPOINTS * BETS, d))
            bets = RealBets(seen, kept, ALPHA, rng)
            for _ in range(CHECKPOINTS):
                one = bets.bet(rng.normal(size=(400, d)), None, BETS, True)
                told += one.state == State.TOLD_APART
        count = STREAMS * CHECKPOINTS
        print(f"of {count} right checkpoints of {d} columns {told} were told apart by bets")

    for shift in (1.0, 0.5, 0.3, 0.2):
        rows = []
        for seed in range(30):
            rng = np.random.default_rng([seed, 77])
            seen, kept = rng.normal(size=(5000, 2)), rng.normal(size=(1000, 2))
            samples = rng.normal([shift, 0.0], size=(1300, 2))
            rows.append(RealBets(seen, kept, ALPHA, rng).bet(samples, None, 1000, True).rows)
        print(f"one column {shift} sd off: {np.median(rows):.0f} pairs in the median")


if __name__ == "__main__":
    main()
