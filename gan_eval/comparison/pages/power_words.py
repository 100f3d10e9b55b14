"""Power in words and as a table."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from gan_eval.comparison.power import KINDS, RATE, Power
from gan_eval.pages.blocks import Table
from gan_eval.pages.numbers import MISSING, count, number, percent
from gan_eval.runtime.arguments import plain
from gan_eval.stats.battery.catalogue import TESTS

_SAID: Mapping[str, Callable[[float], str]] = {
    "shift": lambda size: f"a shift of {number(size, 2)} sd in one column",
    "variance": lambda size: f"a variance {number(size)} times as large in one column",
    "share": lambda size: f"a level of a category {number(100 * size, 2)} percentage points off",
    "lost": lambda size: f"the loss of the {percent(size)} of rows around a real one",
}
_NAMES = {
    "shift": "shift of one column",
    "variance": "variance of one column",
    "share": "share of a level",
    "lost": "lost part of the rows",
}


def sentence(found: Power) -> str:
    """Say what would have been found, so that *not told apart* means something.

    Examples
    --------
    >>> from gan_eval.comparison.power import Least
    >>> sentence(Power(Least(0.3, "a", "hotelling"), None, None, None, {}, 200, 200, 0.007))
    'With these sizes a shift of 0.30 sd in one column would have been found nine times out of ten.'
    """
    said = [say(getattr(found, kind).size) for kind, say in _SAID.items() if getattr(found, kind)]
    if not said:
        return f"What would have been found cannot be told: {next(iter(found.why_not.values()))}."
    *most, last = said
    listed = f"{', '.join(most)} or {last}" if most else last
    return f"With these sizes {listed} would have been found nine times out of ten."


def table(found: Power) -> Table:
    """List each kind of difference, the least that would have been found, and by which test."""
    rows = []
    for kind, say in _SAID.items():
        least = getattr(found, kind)
        said = say(least.size) if least else f"{MISSING} ({found.why_not[kind]})"
        where = plain(least.column) if least and least.column else MISSING
        rows.append((_NAMES[kind], said, where, TESTS[KINDS[kind]].title))
    caption = (
        f"What would have been found in {percent(RATE)} of samples of {count(found.n)} and "
        f"{count(found.m)} rows, simulated from the real rows"
    )
    head = ("difference", "least that is found", "where it is hardest", "by")
    return Table(caption, head, rows, words=4)
