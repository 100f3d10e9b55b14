"""A convergence study that stops as soon as it is decided."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd
import pytest

from gan_eval.judging.acceptance import Demand
from gan_eval.judging.sequential import follow
from gan_eval.stats.sequential import BinomialEProcess


def batches(truth: float, seed: int, most: int = 40) -> Iterator[pd.DataFrame]:
    generator = np.random.default_rng(seed)
    for _ in range(most):
        kl = np.where(generator.random(50) < truth, 0.05, 0.5)
        yield pd.DataFrame({"kl": kl, "verdict": "near"})


@pytest.mark.parametrize(("truth", "passed"), [(0.5, True), (0.1, False)])
def test_no_batch_is_taken_after_the_decision(truth: float, passed: bool) -> None:
    stream = batches(truth, 0)
    answer, rows = follow(stream, Demand(0.25, 0.1, 0.99))
    assert answer.passed is passed
    assert answer.decided_after is not None
    assert len(rows) - 50 < answer.decided_after <= len(rows) == answer.replicates
    assert len(list(stream)) == 40 - len(rows) // 50
    assert answer.converged == (rows["kl"] <= 0.1).sum()
    assert (answer.share_low > 0.25) if passed else (answer.share_high < 0.25)


def test_what_is_not_decided_could_not_be_told() -> None:
    answer, rows = follow(batches(0.25, 1, most=3), Demand(0.25, 0.1))
    assert (answer.passed, answer.decided_after, len(rows)) == (None, None, 150)
    assert answer.share_low < 0.25 < answer.share_high
    assert answer.demand.confidence == 0.95


def test_a_diverged_replicate_has_not_converged() -> None:
    rows = pd.DataFrame({"kl": [0.0] * 50, "verdict": ["diverged"] * 50})
    answer, _ = follow([rows], Demand(0.5))
    assert answer.passed is False


def test_the_share_itself_is_rarely_decided() -> None:
    """The looks of ``follow`` are those of the process: after every replicate."""
    decided = 0
    for seed in range(40):
        answer, rows = follow(batches(0.25, seed, most=4), Demand(0.25, 0.1, 0.9))
        decided += answer.passed is not None
        process = BinomialEProcess(0.25)
        process.update(rows["kl"].le(0.1))
        assert process.decided(0.1) == answer.passed
    # Either side with at most 10 %, and four binomial deviations.
    assert decided <= 40 * 0.2 + 4 * (40 * 0.2 * 0.8) ** 0.5
