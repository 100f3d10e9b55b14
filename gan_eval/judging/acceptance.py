"""``gan-eval check``: did enough replicates converge?"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd

from gan_eval.judging.computed_columns import without_closed_form
from gan_eval.runtime.errors import UsageError
from gan_eval.stats.shares import share_interval, trials_to_tell
from gan_eval.training.config import Margins

DEFAULT_MARGIN = Margins().converged


@dataclass(frozen=True)
class Demand:
    """A demand on a set of replicates.

    Attributes
    ----------
    share : float
        The share that must have converged, in (0, 1].
    margin : float
        The KL(q‖p) in nats up to which a replicate has converged. Where it is not given, those
        that have no closed form are held against their own margin, of worth by energy.
    confidence : float or None
        If given, the one-sided lower Clopper–Pearson bound of the share at this confidence must
        reach ``share``, so that a pass is a claim about all seeds, not about those that were run;
        and a fail one that the upper bound makes.
    """

    share: float = 0.5
    margin: float = DEFAULT_MARGIN
    confidence: float | None = None

    def __post_init__(self) -> None:
        if not 0 < self.share <= 1:
            raise UsageError(f"`share` must be above 0 and at most 1, got {self.share}")
        if not 0 < self.margin < float("inf"):
            raise UsageError(f"`margin` must be a positive number of nats, got {self.margin}")
        if self.confidence is not None and not 0.5 < self.confidence < 1:
            raise UsageError(f"`confidence` must be above 0.5 and below 1, got {self.confidence}")


@dataclass(frozen=True)
class Answer:
    """An answer to a demand: how many of the replicates meet it."""

    demand: Demand
    converged: int
    replicates: int
    share: float
    share_low: float
    share_high: float
    """Bounds of the one-sided Clopper–Pearson intervals, at the demand's confidence or 95 %."""
    passed: bool | None
    """The answer for the replicates themselves; with a confidence, of all seeds: yes where the
    lower bound reaches what is asked, no where the upper one does not, and None between: there are
    too few replicates to tell."""
    worth: float | None = None
    """The real rows, by energy distance, that a replicate without a closed form must be worth."""
    by_worth: int = 0
    """Replicates that were held against ``worth``."""
    undecided: int = 0
    """Of those, the ones whose worth is too uncertain to tell; they have not converged."""

    def sentence(self) -> str:
        """Answer in one sentence, with the interval of the share and with what was asked for.

        With a confidence the bound that decides is told, and where neither does, about how many
        trainings would.
        """
        demand, n = self.demand, self.replicates
        words = {True: "Yes", False: "No", None: "Too few trainings to tell"}[self.passed]
        words += self._when()
        if demand.confidence is None:
            low, high = (_percent(end) for end in share_interval(self.converged, n))
            bound = f"{low} to {high} of all seeds"
        else:
            ends = [] if self.passed is False else [f"at least {_percent(self.share_low)}"]
            ends += [] if self.passed else [f"at most {_percent(self.share_high)}"]
            sure = f"{100 * demand.confidence:g}% confidence"
            bound = f"{' and '.join(ends)} of all seeds, with {sure}"
        trainings = "training" if n == 1 else "trainings"
        said = (
            f"{words}: {self.converged:,} of {n:,} {trainings} ({_percent(self.share)}; {bound}) "
            f"{self._reached()}, and {_percent(demand.share)} were asked for"
        )
        if self.undecided:
            said += f" (of {self.undecided:,} it could not be told)"
        needed = self._needed() if self.passed is None else None
        return said + (f"; about {needed:,} trainings would tell." if needed else ".")

    def _reached(self) -> str:
        """Say what those that converged have reached."""
        within = f"came within KL(q‖p) ≤ {self.demand.margin:g} nats of the truth"
        if not self.by_worth:
            return within
        worth = f"were worth {self.worth:g} real rows or more by energy distance"
        return worth if self.by_worth == self.replicates else f"{within}, or {worth}"

    def _when(self) -> str:
        """Say after how many trainings the answer was sure, where that was looked for."""
        return ""

    def _needed(self) -> int | None:
        """How many trainings would decide with 80 % probability, were the share of all seeds that
        which was seen; None where no number of them is likely to."""
        asked, share = self.demand.share, self.share
        confidence = self.demand.confidence or 0.95
        if abs(share - asked) < 0.01:
            return None
        return max(trials_to_tell(share, asked, confidence), self.replicates + 1)

    def document(self) -> dict[str, Any]:
        """JSON-ready."""
        found = asdict(self)
        if not self.by_worth:
            for name in ("worth", "by_worth", "undecided"):
                del found[name]
        return found


def within(rows: pd.DataFrame, demand: Demand) -> pd.Series[bool]:
    """Tell which replicates have converged within the demand's margin; none that diverged.

    Those without a closed form by their verdict, unless the demand names a margin of KL.
    ``UsageError`` where the KL of a replicate is not known, as of most generators from outside.
    """
    by_worth = _by_worth(rows, demand)
    if by_worth.any():
        rest = within(rows[~by_worth], demand) if not by_worth.all() else by_worth[~by_worth]
        return rows["verdict"].eq("converged").where(by_worth, rest.reindex(rows.index))
    kl = rows["kl"] if "kl" in rows else pd.Series(np.nan, rows.index)
    diverged = rows["verdict"].eq("diverged")
    if unknown := int((kl.isna() & ~diverged).sum()):
        raise UsageError(
            f"KL(q‖p) is not known of {unknown:,} of {len(rows):,} replicates, so it cannot be "
            "held against a margin; the report counts those that converged by their worth"
        )
    return kl.le(demand.margin) & ~diverged


def _by_worth(rows: pd.DataFrame, demand: Demand) -> pd.Series[bool]:
    return without_closed_form(rows) & (demand.margin == DEFAULT_MARGIN)


def worth_facts(rows: pd.DataFrame, demand: Demand) -> dict[str, Any]:
    """Tell how many replicates are held against a worth, against which, and what is undecided."""
    by_worth = _by_worth(rows, demand)
    if not by_worth.any():
        return {}
    some = rows[by_worth]
    undecided = int(some["verdict"].eq("could_not_tell").sum())
    worth = float(some["margin"].iloc[0])
    return {"worth": worth, "by_worth": len(some), "undecided": undecided}


def answer(rows: pd.DataFrame, demand: Demand) -> Answer:
    """Hold the rows of ``judge`` against a demand.

    A diverged replicate has not converged and is never left out. Raises ``UsageError`` where there
    are no rows.
    """
    if rows.empty:
        raise UsageError("there are no rows to check")
    converged, replicates = int(np.count_nonzero(within(rows, demand))), len(rows)
    # A one-sided bound at level c is the lower end of the two-sided interval at level 2c − 1.
    confidence = demand.confidence if demand.confidence is not None else 0.95
    low, high = share_interval(converged, replicates, 2 * confidence - 1)
    share = converged / replicates
    passed: bool | None = (share if demand.confidence is None else low) >= demand.share
    if demand.confidence is not None and low < demand.share <= high:
        passed = None
    facts = worth_facts(rows, demand)
    return Answer(demand, converged, replicates, share, low, high, passed, **facts)


def _percent(share: float) -> str:
    """Write ``33.3%``; 0.0% and 100.0% for none and for all only."""
    text = f"{share:.1%}"
    if text == "100.0%" and share < 1:
        return "more than 99.9%"
    return "less than 0.1%" if text == "0.0%" and share > 0 else text
