"""Which checkpoint is nearest to the real rows, and which may be as near."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import stdtr, stdtrit

from gan_eval.comparison.tracker.measure import Measured, RealFeatures
from gan_eval.pages.numbers import count, interval, number, setting
from gan_eval.runtime.documents import json_ready
from gan_eval.runtime.notebook import Displayed, few_lines
from gan_eval.stats.multiple import rejected

_NAMED = 12  # steps named in a sentence


@dataclass(frozen=True, eq=False)
class BestCheckpoint(Displayed):
    """The checkpoint with the smallest distance, and those that are not told apart from it.

    Attributes
    ----------
    step : int or float
    not_told_apart : tuple of int or float
        Steps, itself among them, of which no other checkpoint is shown to be nearer. The one whose
        distribution is in truth nearest is among them with probability 1 − ``alpha`` or more.
    worth, worth_low, worth_high : float
        Of the checkpoint, in real rows.
    distance : float
        Its squared energy distance, without bias; below 0 where it is luckily near.
    differences : DataFrame
        A row for each checkpoint: ``step``; ``difference``, its distance less that of the best,
        with ``low`` and ``high``; ``adjusted``, the p-value of "no other is nearer", adjusted for
        all others; ``told_apart``.
    alpha : float
    """

    step: float
    not_told_apart: tuple[float, ...]
    worth: float
    worth_low: float
    worth_high: float
    distance: float
    differences: pd.DataFrame
    alpha: float

    def __repr__(self) -> str:
        lines = [
            f"Nearest of {count(len(self.differences))} checkpoints: step {self.step:g}, "
            f"{worth_in_words(self.worth, self.worth_low, self.worth_high)}."
        ]
        others = [step for step in self.not_told_apart if step != self.step]
        if others:
            if len(others) > _NAMED:
                named = f"{count(len(others))} others, the earliest at step {min(others):g}"
            else:
                named = ", ".join(f"{step:g}" for step in sorted(others))
            lines.append(f"Not told apart from it at alpha = {setting(self.alpha)}: {named}.")
        elif len(self.differences) > 1:
            lines.append(f"Nearer than each of the others, at alpha = {setting(self.alpha)}.")
        return few_lines(*lines)

    def to_frame(self) -> pd.DataFrame:
        """Return ``differences``."""
        return self.differences

    def to_dict(self) -> dict[str, Any]:
        """Return all of it, ready for JSON; infinities are None."""
        return json_ready(
            {
                "step": self.step,
                "not_told_apart": list(self.not_told_apart),
                "worth": self.worth,
                "worth_low": self.worth_low,
                "worth_high": self.worth_high,
                "distance": self.distance,
                "alpha": self.alpha,
                "differences": self.differences.to_dict(orient="records"),
            }
        )


def best_checkpoint(
    real: RealFeatures, steps: Sequence[float], measured: Sequence[Measured], alpha: float
) -> BestCheckpoint:
    """Find the nearest of one or more checkpoints, and those not told apart from it.

    Parameters
    ----------
    real : RealFeatures
        What all were measured against.
    steps : sequence of float, length K
    measured : sequence of Measured, length K
    alpha : float

    Notes
    -----
    All are held against the same real rows, so that what these have by chance falls out of a
    difference of two distances; its variance is the jackknife's of
    :func:`~gan_eval.stats.relative.relative_distances`. A checkpoint is told apart where one of the
    others is nearer at level alpha / (K − 1), by a two-sided t test. For the one that is in truth
    nearest all K − 1 hypotheses hold (Holm's first step, Bonferroni's): it is left out with
    probability alpha at most, however many are tried and whichever looks best.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> real = RealFeatures(rng.normal(size=(1000, 2)), "energy", rng)
    >>> measured = [real.measure(rng.normal(s, size=(500, 2))) for s in (0.8, 0.1, 0.0)]
    >>> found = best_checkpoint(real, [10, 20, 30], measured, 0.05)
    >>> found.step, 10 in found.not_told_apart
    (30, False)
    """
    estimates = np.array([one.estimate for one in measured])
    means = np.array([one.mean for one in measured])
    of_rows = np.array([one.of_rows for one in measured])
    m = np.array([one.rows for one in measured])
    products = means @ real.covariance[:-1, :-1] @ means.T
    own = np.diag(products)
    of_real = 4 / real.n * np.maximum(own[:, None] + own - 2 * products, 0.0)
    variance = of_real + of_rows[:, None] + of_rows
    alone = of_rows**2 / (m - 1)
    uncertain = of_real**2 / (real.n - 1) + alone[:, None] + alone
    degrees = variance**2 / np.where(uncertain > 0, uncertain, 1.0)
    degrees = np.maximum(degrees, 1.0)
    further = estimates[:, None] - estimates  # of the row, than of the column
    deviation = np.sqrt(variance)
    # Rows that all coincide have no deviation.
    scaled = further / np.where(deviation > 0, deviation, np.finfo(np.float64).tiny)
    pvalues = np.where(further > 0, 2 * stdtr(degrees, -np.abs(scaled)), 1.0)
    adjusted = np.minimum(pvalues.min(axis=1) * max(len(steps) - 1, 1), 1.0)
    apart = rejected(adjusted, alpha)

    best = int(np.argmin(estimates))
    reach = stdtrit(degrees[:, best], 1 - alpha / 2) * deviation[:, best]
    reach[best] = 0.0
    table = pd.DataFrame(
        {
            "step": list(steps),
            "difference": further[:, best],
            "low": further[:, best] - reach,
            "high": further[:, best] + reach,
            "adjusted": adjusted,
            "told_apart": apart,
        }
    )
    one = measured[best]
    return BestCheckpoint(
        step=steps[best],
        not_told_apart=tuple(step for step, told in zip(steps, apart, strict=True) if not told),
        worth=worth_of(real.spread, one.estimate),
        worth_low=worth_of(real.spread, one.high),
        worth_high=worth_of(real.spread, one.low),
        distance=one.estimate,
        differences=table,
        alpha=alpha,
    )


def worth_of(spread: float, squared: float) -> float:
    """Return how many real rows are on average so far away; infinite where D² is not above 0."""
    return spread / squared if squared > 0 else np.inf


def worth_in_words(value: float, low: float, high: float) -> str:
    """Write a worth with its interval."""
    if not np.isfinite(high):
        return f"worth at least {number(low, 2)} real rows"
    return f"worth about {number(value, 2)} real rows ({interval(low, high, 2)})"
