"""Where a training stands, in sentences."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from gan_eval.comparison.tracker.best import BestCheckpoint, worth_in_words
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
    yield (
        f"{(states == State.TOLD_APART).sum()} of {plural(len(states), 'checkpoint')} told apart "
        f"from the real rows by bets, each at alpha = {setting(tracker.alpha)}; "
        f"{tracker.bets.words()}."
    )
    yield headline(tracker.best())


def headline(best: BestCheckpoint) -> str:
    """Answer in one sentence which checkpoint is nearest, how good it is, and which may be as near.

    Examples
    --------
    >>> from gan_eval.comparison.tracker import Tracker
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> tracker = Tracker(rng.normal(size=(3000, 2)))
    >>> for step, shift in [(100, 2.0), (200, 0.0)]:
    ...     logged = tracker.log(step, rng.normal(shift, size=(1000, 2)))
    >>> headline(tracker.best()).partition(",")[0]
    'Step 200 of 2 checkpoints is nearest'
    """
    worth = worth_in_words(best.worth, best.worth_low, best.worth_high)
    others = sorted(step for step in best.not_told_apart if step != best.step)
    total = len(best.differences)
    if total == 1:
        return f"The only checkpoint, step {best.step:g}, is {worth}."
    if not others:
        return f"Step {best.step:g} of {count(total)} checkpoints is nearest, {worth}."
    named = f"step {others[0]:g} is"
    if len(others) > 1:
        named = f"{count(len(others))} others, the earliest step {others[0]:g}, are"
    first = f"Step {best.step:g} of {count(total)} checkpoints looks nearest, {worth}"
    return f"{first}; {named} not told apart from it."
