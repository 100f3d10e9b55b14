"""The headline of many trainings of one configuration: did they learn the distribution?"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from gan_eval.judging.summary import quantile, summarise
from gan_eval.pages.numbers import count, number, percent, percents, plural
from gan_eval.runtime.errors import UsageError

FEWEST = 6
"""Trainings from which on a median has a 95 % interval; of fewer no share and no typical one are
told."""

SURE, HALF = 0.9, 0.5
"""The shares that part “yes” from “mostly yes”, and that from “mostly not”; “no” mirrors “yes”."""

AROUND = (0.25, 0.75)
"""The shares between which the whole interval lies where the answer is “about half”."""

_WORTHS = {"worth_kl": "", "worth_energy": "energy distance", "worth_mmd": "MMD"}
"""Columns of worth, the one that is told first, with what each is measured by."""

_KINDS = {
    "yes": "Yes",
    "mostly yes": "Mostly yes",
    "about half": "About half the time",
    "mostly not": "Mostly not",
    "no": "No",
    "unclear": "Too few to tell whether most do",
}


@dataclass(frozen=True)
class Learned:
    """A count of the trainings of one configuration that learned the distribution.

    Attributes
    ----------
    converged, trainings : int
    low, high : float
        The 95 % Clopper–Pearson interval of the share among all seeds.
    worth : float
        The median worth in real rows; NaN where it is not known.
    by : str
        What the worth is measured by, where that is not KL(q‖p).
    n_examples : int or None
        Real rows that each training saw.
    kl : float
        The median KL(q‖p) in nats; NaN where it is not known.
    lost : str
        Where no training has a result: ``"no_result"`` if one gave none, else ``"diverged"``.
    """

    converged: int
    trainings: int
    low: float
    high: float
    worth: float = math.nan
    by: str = ""
    n_examples: int | None = None
    kl: float = math.nan
    lost: str = ""

    @property
    def share(self) -> float:
        return self.converged / self.trainings if self.trainings else math.nan

    @property
    def kind(self) -> str:
        """The answer, by where the interval of the share lies.

        From ``FEWEST`` trainings on: ``"yes"`` from 90 % up, ``"no"`` up to 10 %; else
        ``"mostly yes"`` above 50 %, ``"mostly not"`` below; ``"about half"`` around 50 % and
        within 25 to 75 %; ``"unclear"`` around 50 % and wider. ``"few"`` of fewer trainings,
        ``"none"`` of none.
        """
        if self.trainings < FEWEST:
            return "few" if self.trainings else "none"
        if self.low >= SURE:
            return "yes"
        if 1 - self.high >= SURE:
            return "no"
        if self.low > HALF:
            return "mostly yes"
        if self.high < HALF:
            return "mostly not"
        return "about half" if AROUND[0] <= self.low and self.high <= AROUND[1] else "unclear"

    def sentence(self) -> str:
        """Write the headline: the answer, the share with its interval, what the typical one is
        worth."""
        if not self.trainings:
            return "No training finished, so there is nothing to judge."
        if self.lost:
            return self._lost()
        if self.trainings == 1:
            return self._one()
        if self.kind == "few":
            return self._few()
        worth = self._worth()
        said = self._shared()
        return f"{said}; the typical one is {worth}." if worth else f"{said}."

    def _lost(self) -> str:
        said = "diverged" if self.lost == "diverged" else "gave no result"
        if self.trainings == 1:
            return f"No: the training {said}, so it learned nothing."
        return (
            f"No: all {count(self.trainings)} trainings {said}, so none learned the distribution."
        )

    def _one(self) -> str:
        worth = self._worth()
        kl = f" (KL {number(self.kl)} nats)" if math.isfinite(self.kl) else ""
        said = "Yes: this training learned" if self.converged else "No: this training did not learn"
        about = f"; it is {worth}{kl}" if worth else kl
        return f"{said} the distribution{about}. Another seed may end otherwise."

    def _few(self) -> str:
        n = count(self.trainings)
        some = f"{count(self.converged) if self.converged else 'None'} of {n}"
        if self.converged == self.trainings:
            some = f"All {n}"
        return (
            f"{some} trainings learned the distribution; too few to say more: "
            f"{FEWEST} or more seeds would be needed."
        )

    def _shared(self) -> str:
        n, bounds = count(self.trainings), percents(self.low, self.high)
        every = plural(self.trainings, "training")
        if not self.converged:
            word = "No" if self.kind == "no" else f"No, as far as {every} can tell"
            of = f" of {n}" if self.kind == "no" else ""
            return f"{word}: none{of} learned the distribution (at most {percent(self.high)} do)"
        if self.converged == self.trainings:
            word = "Yes" if self.kind == "yes" else f"Yes, as far as {every} can tell"
            of = f" {n}" if self.kind == "yes" else ""
            return f"{word}: all{of} learned the distribution (at least {percent(self.low)} do)"
        if self.trainings < 100:
            some = f"{count(self.converged)} of {n} trainings"
        else:
            some = f"{percent(self.share)} of {n} trainings"
        return f"{_KINDS[self.kind]}: {some} learned the distribution ({bounds})"

    def _worth(self) -> str:
        known = not math.isnan(self.worth)
        return worth_words(self.worth, self.n_examples, self.by) if known else ""


def worth_words(worth: float, n_examples: int | None = None, by: str = "") -> str:
    """Write ``worth 16 real rows of the 1000 it saw``.

    Parameters
    ----------
    worth : float
        Real rows.
    n_examples : int, optional
        The real rows that the training saw.
    by : str
        What the worth is measured by, where that is not KL(q‖p).

    Examples
    --------
    >>> worth_words(15.7, 1000)
    'worth 16 real rows of the 1000 it saw'
    """
    rows = "less than one real row" if worth < 1 else f"{number(worth, 2)} real rows"
    saw = ""
    if n_examples:
        seen = count(n_examples)
        saw = f" of the {seen} it saw" if worth < n_examples else f", and it saw {seen}"
    measured = f" by {by}" if by else ""
    return f"worth {rows}{measured}{saw}"


def learned(
    source: pd.DataFrame | pd.Series | Mapping[str, Any], n_examples: int | None = None
) -> Learned:
    """Count what the trainings of one configuration learned.

    Parameters
    ----------
    source : DataFrame, or Series or mapping
        Rows of ``gan_eval.judge`` or ``load``, of one configuration on one backend and device; or
        their row of ``gan_eval.summarise``.
    n_examples : int, optional
        The real rows that each saw; by default from the efficiency, where that is known.

    Raises
    ------
    UsageError
        Where the rows are of several configurations, backends or devices.
    """
    summary: dict[str, Any]
    if isinstance(source, pd.DataFrame):
        if source.empty:
            return Learned(0, 0, math.nan, math.nan)
        cells = summarise(source)
        if len(cells) > 1:
            raise UsageError(
                f"`source` must be the rows of one configuration on one backend, got {len(cells)}"
            )
        summary = {str(name): value for name, value in cells.iloc[0].items()}
        yardstick = str(source["yardstick"].iloc[0]) if "yardstick" in source else ""
        if yardstick in source and yardstick not in summary:
            worths = source[yardstick].mask(source["verdict"].eq("diverged"), 0.0)
            summary |= {yardstick: quantile(worths, 0.5)}
    else:
        summary, yardstick = {str(name): value for name, value in source.items()}, ""
    trainings = int(summary["replicates"])
    if not trainings:
        return Learned(0, 0, math.nan, math.nan)
    name = next(
        (one for one in (yardstick, *_WORTHS) if one in _WORTHS and _known(summary, one)), ""
    )
    without = [verdict for verdict in ("diverged", "no_result") if summary.get(verdict, 0)]
    lost = sum(int(summary[verdict]) for verdict in without) == trainings
    return Learned(
        int(summary["converged"]),
        trainings,
        float(summary["converged_share_low"]),
        float(summary["converged_share_high"]),
        float(summary[name]) if name else math.nan,
        _WORTHS.get(name, ""),
        n_examples or _seen(summary),
        float(summary.get("kl", math.nan)),
        without[-1] if lost else "",
    )


def headline(
    source: pd.DataFrame | pd.Series | Mapping[str, Any], n_examples: int | None = None
) -> str:
    """Answer in one sentence whether the trainings of one configuration learned the distribution.

    The word is ``Learned.kind``'s, by where the 95 % interval of the share lies.

    Parameters
    ----------
    source, n_examples
        As of :func:`learned`.

    Examples
    --------
    >>> import gan_eval as ge
    >>> gans = ge.train(ge.TrainingConfig(epochs=2), seeds=range(8), backend="fused_cpu")
    >>> headline(ge.judge(gans, permutations=0)).partition(";")[0]
    'No, as far as 8 trainings can tell: none learned the distribution (at most 37\\u202f% do)'
    """
    return learned(source, n_examples).sentence()


def _known(summary: Mapping[str, Any], name: str) -> bool:
    return name in summary and not math.isnan(float(summary[name]))


def _seen(summary: Mapping[str, Any]) -> int | None:
    """The real rows that each training saw, which the efficiency is a share of."""
    share, worth = (float(summary.get(name, math.nan)) for name in ("efficiency", "worth_kl"))
    if not (math.isfinite(share) and math.isfinite(worth) and share > 0):
        return None
    return int(np.rint(worth / share))
