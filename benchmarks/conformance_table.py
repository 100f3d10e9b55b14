"""What the comparison of backends catches, and how often it shows that two agree.

``python -m benchmarks.conformance_table`` prints tables as Markdown: planted faults
(docs/conformance/faults.md), and the power of the claim of equivalence (docs/conformance.md).
``--seeds`` and ``--pool`` set their sizes. Seeds are fixed. The trainer is the plain NumPy one
of the tests, right and with a fault.
"""

from __future__ import annotations

import argparse
import math

import numpy as np

from gan_eval.investigations.conformance import stepwise
from gan_eval.investigations.conformance.stepwise import STAGES
from gan_eval.judging import agreement
from gan_eval.judging.agreement import Outcomes
from gan_eval.training.config import TrainingConfig
from tests.investigations.conformance.faulty import FAULTS, NumPyBackend

# 1000 rows are a multiple of the chapter's 8; of 7 the last batch of an epoch has 6.
UNEVEN = 7
SIDE_BY_SIDE = 250


def outcomes(config: TrainingConfig, seeds: int, fault: str = "") -> Outcomes:
    trainer = NumPyBackend(fault)
    return Outcomes.join(
        [
            Outcomes.of(trainer.train(config, range(at, min(at + SIDE_BY_SIDE, seeds))))
            for at in range(0, seeds, SIDE_BY_SIDE)
        ]
    )


def first_caught(fault: str) -> stepwise.StageAgreement:
    """The first stage at which a fault is caught."""
    for stage in STAGES:
        right, wrong = (
            NumPyBackend(which).train(stage.config, stage.seeds) for which in ("", fault)
        )
        found = stepwise.compare(stage, ("numpy", fault), right, wrong)
        if not found.passed:
            return found
    raise AssertionError(f"{fault} is not caught")


def print_faults(seeds: int) -> None:
    """Fault by fault: the first stage that catches it, and what 200 seeds say."""
    print(
        "| fault | first caught step by step | difference, of | median KL, right / faulty "
        "| ratio (90 %) | within 1.5 | p MMD | p energy | in distribution |"
    )
    print("|---" * 9 + "|")
    chapter = TrainingConfig()
    right = {8: outcomes(chapter, seeds)}
    for fault, words in FAULTS.items():
        batch = UNEVEN if fault == "last-batch-dropped" else chapter.batch_size
        config = chapter.model_copy(update={"batch_size": batch})
        if batch not in right:
            right[batch] = outcomes(config, seeds)
        (law,) = agreement.compare_all(
            {"numpy": right[batch], fault: outcomes(config, seeds, fault)}
        )
        step, m = first_caught(fault), law.medians
        assert m is not None
        ratio, low, high = (math.exp(x) for x in (m.first - m.second, m.low, m.high))
        quantity, largest = step.largest
        cells = [
            words + (f" (batches of {UNEVEN})" if batch == UNEVEN else ""),
            *(step.stage, f"{largest:.1e}, {quantity}"),
            f"{math.exp(m.first):.3f} / {math.exp(m.second):.3f}",
            f"{ratio:.2f} ({low:.2f} … {high:.2f})",
            "shown" if m.equivalent else "not shown",
            *(f"{law.adjusted[test]:.3f}" for test in ("mmd", "energy")),
            f"**{law.verdict}**" if law.verdict == agreement.DIFFERENT else law.verdict,
        ]
        print(f"| {' | '.join(cells)} |", flush=True)
    print()


def part(whole: Outcomes, some: np.ndarray) -> Outcomes:
    names = ("seeds", "log_distance", "law", "finite")
    return Outcomes(*(getattr(whole, name)[some] for name in names))


def print_null(sides: list[Outcomes], seeds: int) -> None:
    """p-values between the roundings of one trainer, over disjoint sets of seeds."""
    blocks = [range(at, at + seeds) for at in range(0, sides[0].seeds.size - seeds + 1, seeds)]
    pvalues = [
        list(agreement.law_pvalues(*(part(side, np.array(block)) for side in sides)).values())
        for block in blocks
    ]
    for name, column in zip(("MMD", "energy"), np.transpose(pvalues), strict=True):
        print(
            f"{name}, {len(blocks)} comparisons of {seeds} seeds: p from {column.min():.3f} to "
            f"{column.max():.3f}, {np.count_nonzero(column <= 0.05)} at most 0.05."
        )
    print()


def print_power(sides: list[Outcomes]) -> None:
    """How often float32 and float64 of one trainer are shown to agree, by seeds and margin."""
    pool = sides[0].seeds.size
    rng = np.random.default_rng(0)
    margins = (1.1, 1.25, 1.5, 2.0)
    first, second = (side.log_distance for side in sides)
    spread, apart = first.std(), np.abs(first - second)
    print(f"Standard deviation of ln KL over {pool} seeds: {spread:.2f}.")
    print(
        f"Median |difference| of ln KL of one seed: {np.median(apart):.2f}; correlation "
        f"{np.corrcoef(first, second)[0, 1]:.2f}.\n"
    )
    head = " | ".join(f"within {margin:g}" for margin in margins)
    print(f"| seeds | half of the interval, median | {head} |")
    print("|---" * (2 + len(margins)) + "|")
    for seeds in (20, 50, 100, 200, 400, 800):
        bounds = []
        for _ in range(400):
            some = rng.choice(pool, seeds, replace=False)
            chosen = [part(side, some) for side in sides]
            found = agreement.median_difference(*chosen)
            bounds.append((found.low, found.high))
        low, high = np.array(bounds).T
        shown = [
            ((low > -math.log(margin)) & (high < math.log(margin))).mean() for margin in margins
        ]
        cells = [str(seeds), f"{np.median(high - low) / 2:.3f}", *(f"{x:.0%}" for x in shown)]
        print(f"| {' | '.join(cells)} |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=200)
    parser.add_argument("--pool", type=int, default=4000)
    arguments = parser.parse_args()
    print_faults(arguments.seeds)
    sides = [
        outcomes(TrainingConfig(dtype=dtype), arguments.pool) for dtype in ("float32", "float64")
    ]
    print_null(sides, arguments.seeds)
    print_power(sides)


if __name__ == "__main__":
    main()
