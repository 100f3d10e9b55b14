"""``gan-eval check --sequential``: replicates in batches, until the answer is sure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import pandas as pd

from gan_eval.judging.acceptance import Answer, Demand, within, worth_facts
from gan_eval.stats.sequential.binomial import BinomialEProcess

BATCH = 50
"""Replicates that are trained before one looks."""


@dataclass(frozen=True)
class SequentialAnswer(Answer):
    """An answer to a demand on all seeds, by a test that may be looked at after every replicate.

    ``share_low`` and ``share_high`` are bounds that hold at every look, each with the demand's
    confidence; so they are wider than those of a number of replicates that is fixed beforehand.

    Attributes
    ----------
    decided_after : int or None
        The replicates after which the answer was sure; None where it is not.
    """

    decided_after: int | None = None

    def _when(self) -> str:
        after = self.decided_after
        return "" if after is None else f", after {after:,} trainings"

    def _needed(self) -> None:
        """No number is told: the bounds are not those of a number that is fixed beforehand."""


def follow(
    batches: Iterable[pd.DataFrame], demand: Demand, confidence: float = 0.95
) -> tuple[SequentialAnswer, pd.DataFrame]:
    """Take rows of ``judge`` batch by batch, in the order of their seeds, until they decide.

    No batch is taken after that, so that a generator of them trains no more than is needed.

    Parameters
    ----------
    batches : iterable of DataFrame
    demand : Demand
    confidence : float
        Where the demand has none.

    Returns
    -------
    SequentialAnswer
        ``passed`` is true where the share of all seeds is above the demand's, false where it is
        below, and None where neither was shown by all batches. Whatever the share is, the chance
        of a wrong answer is at most 1 − confidence.
    DataFrame
        The rows taken.
    """
    confidence = demand.confidence or confidence
    alpha, process, taken = 1 - confidence, BinomialEProcess(demand.share), []
    for rows in batches:
        taken.append(rows)
        process.update(within(rows, demand).to_numpy())
        if process.decided(alpha) is not None:
            break
    low, high = process.interval(alpha)
    whole = pd.concat(taken, ignore_index=True)
    answer = SequentialAnswer(
        Demand(demand.share, demand.margin, confidence),
        process.successes,
        process.rows,
        process.successes / process.rows,
        low,
        high,
        process.decided(alpha),
        decided_after=process.decided_after(alpha),
        **worth_facts(whole, demand),
    )
    return answer, whole
