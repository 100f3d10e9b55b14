"""Where a training stands, in sentences."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from gan_eval.comparison.tracker.best import worth_in_words
from gan_eval.pages.numbers import count, plural, setting
from gan_eval.stats.sequential import State

if TYPE_CHECKING:
    from gan_eval.comparison.tracker.tracker import Tracker


def summary(tracker: Tracker) -> Iterator[str]:
    """Say what was logged, how the last checkpoint is, which is best, and what the bets told."""
    yield (
        f"Tracker: {plural(len(tracker), 'checkpoint')} against {count(tracker.rows)} real rows "
        f"of {plural(len(tracker.columns), 'column')}."
    )
    if not len(tracker):
        return
    frame = tracker.frame
    last = frame.iloc[-1]
    if last["note"]:
        yield f"The last, step {last['step']:g}, has no result: {last['note']}."
    else:
        worths = (last[f"worth_energy{end}"] for end in ("", "_low", "_high"))
        yield f"The last, step {last['step']:g}, is {worth_in_words(*worths)}."
    states = frame["state"][frame["state"] != ""]
    if not len(states):
        return
    yield repr(tracker.best())
    yield (
        f"{(states == State.TOLD_APART).sum()} of {plural(len(states), 'checkpoint')} told apart "
        f"from the real rows by bets, each at alpha = {setting(tracker.alpha)}; "
        f"{tracker.bets.words()}."
    )
