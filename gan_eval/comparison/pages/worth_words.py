"""Worth in words and as a table."""

from __future__ import annotations

import math
from collections.abc import Sequence

from gan_eval.pages.blocks import Table
from gan_eval.pages.numbers import MISSING, count, interval, number, percent
from gan_eval.stats.worth import Worth

NAMES = {"energy": "energy distance", "mmd": "MMD²"}


def sentence(found: Worth) -> str:
    """Say how many real rows the generator is worth, and by which distance.

    Examples
    --------
    >>> found = Worth("mmd", 46.2, 38.1, 57.9, 0.012, 0.009, 0.014, 0.54, 1000, 800, 0.95)
    >>> sentence(found).partition(" (")[0]
    'By MMD² the generator is worth about 46 real rows'
    """
    if math.isinf(found.high):
        return (
            f"By {NAMES[found.by]} the generator is worth at least {number(found.low, 2)} real "
            "rows; from as many rows as these no upper limit can be told."
        )
    return (
        f"By {NAMES[found.by]} the generator is worth about {number(found.value, 2)} real rows "
        f"({percent(found.confidence_level)} interval {number(found.low, 2)} to "
        f"{number(found.high, 2)})."
    )


def in_rows(one: Worth, rows: int) -> str:
    """Say how many real rows the generator is worth, of how many, as a part of a sentence.

    Examples
    --------
    >>> in_rows(Worth("mmd", 46.2, 38.1, 57.9, 0.012, 0.009, 0.014, 0.54, 1000, 800, 0.95), 1000)
    'about 46 real rows of 1000 (38 to 58)'
    """
    of = f" of {count(rows)}" if one.value < rows else ""
    if math.isinf(one.high):
        return f"at least {number(one.low, 2)} real rows"
    bounds = f"{number(one.low, 2)} to {number(one.high, 2)}"
    if one.value < 1:
        return f"less than one real row{of} ({bounds})"
    return f"about {number(one.value, 2)} real rows{of} ({bounds})"


def table(found: Sequence[Worth]) -> Table:
    """Set worth by each distance beside the distance."""
    level = percent(found[0].confidence_level)
    head = ("by", "worth, real rows", f"{level} interval", "squared distance", f"{level} interval")
    rows = [
        (
            NAMES[one.by],
            number(one.value) if math.isfinite(one.value) else MISSING,
            f"at least {number(one.low)}" if math.isinf(one.high) else interval(one.low, one.high),
            number(one.distance),
            interval(one.distance_low, one.distance_high),
        )
        for one in found
    ]
    caption = "How many real rows the generator is worth"
    return Table(caption, head, rows)
