"""How often the rule for steps names one where there is none, and finds one that is there.

``python -m benchmarks.step_tables`` draws histories of eight benchmarks, whose runs differ by a
factor of the whole run and one of each benchmark in it, both log-normal, and prints as Markdown how
often ``find_steps`` names any step without one, and finds one of 1.2 and of 1.4 times at its very
commit, three commits before the last (one, of few commits).
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence

import numpy as np
import pandas as pd

from gan_eval.investigations.speed.history import History
from gan_eval.investigations.speed.steps import find_steps

BENCHMARKS = 8
SHAPES = ((6, 1), (10, 1), (20, 1), (3, 3), (5, 3))
SPREADS = (0.02, 0.03, 0.05)
Step = tuple[int, float]


def drawn(
    generator: np.random.Generator,
    commits: int,
    runs: int,
    benchmarks: int = BENCHMARKS,
    *,
    spread: float,
    steps: Sequence[Step] = (),
    tails: int | None = None,
) -> History:
    """Draw a history; the first benchmark has steps: the commit, and times the seconds from it on.

    ``spread`` is the standard deviation of the logarithms of a benchmark's runs, half of whose
    variance all benchmarks of a run have in common; ``tails`` are the degrees of freedom of
    Student's law for the other half, in place of the normal one.
    """
    total, part = commits * runs, spread / 2**0.5
    places = np.arange(total) // runs
    whole = generator.standard_normal(total)
    rows = []
    for b in range(benchmarks):
        own = generator.standard_normal(total)
        if tails is not None:
            own = generator.standard_t(tails, total) * np.sqrt((tails - 2) / tails)
        logs = part * (whole + own)
        for place, times in steps if b == 0 else ():
            logs = logs + np.where(places >= place, np.log(times), 0)
        rows += [
            (f"b{b}", f"b{b}", "chip", place, f"c{place}", np.exp(log), False, "3.11", "", 1, t)
            for t, (place, log) in enumerate(zip(places, logs, strict=True))
        ]
    columns = ["benchmark", "label", "host", "place", "code", "cost", "peer"]
    columns += ["python", "packages", "threads", "file"]
    return History(pd.DataFrame(rows, columns=columns))


def false(
    histories: int, commits: int, runs: int, spread: float, tails: int | None = None
) -> float:
    """Measure the share of histories without a step in which one is named."""
    generator = np.random.default_rng(0)
    named = [
        len(find_steps(drawn(generator, commits, runs, spread=spread, tails=tails)).table) > 0
        for _ in range(histories)
    ]
    return float(np.mean(named))


def found(histories: int, commits: int, runs: int, spread: float, steps: Sequence[Step]) -> float:
    """Measure the share of histories in which all steps, and no other, are named where they are."""
    generator, hits = np.random.default_rng(0), []
    for _ in range(histories):
        table = find_steps(drawn(generator, commits, runs, spread=spread, steps=steps)).table
        mine = table[table["benchmark"] == "b0"]
        hits.append(sorted(mine["place"]) == [place for place, _ in steps])
    return float(np.mean(hits))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--histories", type=int, default=200, help="of each kind")
    n = parser.parse_args().histories
    print("| commits | runs of each | runs differ by | named without a step | 1.2 × | 1.4 × |")
    print("|---|---|---|---|---|---|")
    for commits, runs in SHAPES:
        for spread in SPREADS:
            at = commits - (3 if commits > 5 else 1)
            shares = [false(n, commits, runs, spread)]
            shares += [found(n, commits, runs, spread, [(at, times)]) for times in (1.2, 1.4)]
            cells = " | ".join(f"{100 * share:.1f}%" for share in shares)
            print(f"| {commits} | {runs} | {spread:.0%} | {cells} |", flush=True)
    heavy = false(n, 20, 1, 0.03, tails=4)
    print(
        "\nWith half of the variance of Student's law with 4 degrees of freedom, 20 commits of one "
        f"run, a step is named in {100 * heavy:.1f}%."
    )
    back = found(n, 12, 1, 0.03, [(5, 1.4), (7, 1 / 1.4)])
    print(f"Slow by 1.4 times for 2 of 12 commits, and mended: both steps in {100 * back:.1f}%.")


if __name__ == "__main__":
    main()
