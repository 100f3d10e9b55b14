"""The headline of many trainings of one configuration: did they learn the distribution?"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from gan_eval.judging.summary import quantile, summarise
from gan_eval.pages.language import N_, _, n_
from gan_eval.pages.numbers import count, number, percent, percents
from gan_eval.runtime.errors import UsageError

FEWEST = 6
"""Trainings from which on a median has a 95 % interval; of fewer no share and no typical one are
told."""

SURE, HALF = 0.9, 0.5
"""The shares that part “yes” from “mostly yes”, and that from “mostly not”; “no” mirrors “yes”."""

AROUND = (0.25, 0.75)
"""The shares between which the whole interval lies where the answer is “about half”."""

_WORTHS = {"worth_kl": "", "worth_energy": N_("energy distance"), "worth_mmd": "MMD"}
"""Columns of worth, the one that is told first, with what each is measured by."""

_KINDS = {
    "yes": N_("Yes"),
    "mostly yes": N_("Mostly yes"),
    "about half": N_("About half the time"),
    "mostly not": N_("Mostly not"),
    "no": N_("No"),
    "unclear": N_("Too few to tell whether most do"),
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
            return _("No training finished, so there is nothing to judge.")
        if self.lost:
            return self._lost()
        if self.trainings == 1:
            return self._one()
        if self.kind == "few":
            return self._few()
        said = self._shared()
        if not (worth := self._worth()):
            return f"{said}."
        return _("{said}; the typical one is {worth}.").format(said=said, worth=worth)

    def _lost(self) -> str:
        if self.lost == "diverged":
            said = n_(
                "No: the training diverged, so it learned nothing.",
                "No: all {n} trainings diverged, so none learned the distribution.",
                self.trainings,
            )
        else:
            said = n_(
                "No: the training gave no result, so it learned nothing.",
                "No: all {n} trainings gave no result, so none learned the distribution.",
                self.trainings,
            )
        return said.format(n=count(self.trainings))

    def _one(self) -> str:
        said = _("No: this training did not learn the distribution")
        if self.converged:
            said = _("Yes: this training learned the distribution")
        if worth := self._worth():
            said += _("; it is {worth}").format(worth=worth)
        if math.isfinite(self.kl):
            said += _(" (KL {kl} nats)").format(kl=number(self.kl))
        return said + _(". Another seed may end otherwise.")

    def _few(self) -> str:
        some = _("{some} of {n} trainings learned the distribution")
        if not self.converged:
            some = _("None of {n} trainings learned the distribution")
        elif self.converged == self.trainings:
            some = _("All {n} trainings learned the distribution")
            if self.trainings == 2:
                some = _("Both trainings learned the distribution")
        said = some.format(some=count(self.converged), n=count(self.trainings))
        return said + _("; too few to say more: {fewest} or more seeds would be needed.").format(
            fewest=FEWEST
        )

    def _shared(self) -> str:
        n, bounds = count(self.trainings), percents(self.low, self.high)
        if not self.converged:
            said = _(
                "No, as far as {n} trainings can tell: none learned the distribution "
                "(at most {high} do)"
            )
            if self.kind == "no":
                said = _("No: none of {n} learned the distribution (at most {high} do)")
            return said.format(n=n, high=percent(self.high))
        if self.converged == self.trainings:
            said = _(
                "Yes, as far as {n} trainings can tell: all learned the distribution "
                "(at least {low} do)"
            )
            if self.kind == "yes":
                said = _("Yes: all {n} learned the distribution (at least {low} do)")
            return said.format(n=n, low=percent(self.low))
        said = _("{share} of {n} trainings learned the distribution")
        if self.trainings < 100:
            said = _("{some} of {n} trainings learned the distribution")
        said = said.format(share=percent(self.share), some=count(self.converged), n=n)
        return _("{answer}: {said} ({bounds})").format(
            answer=_(_KINDS[self.kind]), said=said, bounds=bounds
        )

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
    rows = _("less than one real row")
    if worth >= 1:
        rows = _("{count} real rows").format(count=number(worth, 2))
    if by:
        rows = _("{rows} by {measure}").format(rows=rows, measure=_(by))
    said = _("worth {rows}")
    if n_examples:
        said = _("worth {rows}, and it saw {seen}")
        if worth < n_examples:
            said = _("worth {rows} of the {seen} it saw")
    return said.format(rows=rows, seen=count(n_examples or 0))


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
