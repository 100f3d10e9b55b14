"""Decide whether a comparison is streamed, and refuse the options that a stream cannot honour."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gan_eval.comparison.reading.source import MOST_NUMBERS
from gan_eval.comparison.streaming.reference import FINE, TOLERANCES
from gan_eval.comparison.streaming.scan import is_parquet, scan
from gan_eval.runtime.errors import UsageError

MOST_IN_MEMORY = 5_000_000
"""Rows of both sides together above which files of Parquet are streamed."""

_ONE_TEST = "the tests of a stream are MMD, shares of values and of missing ones"
_PARQUET = "a Parquet file says how it is read"
NOT_STREAMED: Mapping[str, tuple[Any, str]] = {
    "sample": (None, "every row is read"),
    "tests": (None, _ONE_TEST),
    "missing": ("level", "rows with a missing number are left out of MMD alone"),
    "group": (None, "rows are dealt to blocks one by one"),
    "weights": (None, "every row counts once"),
    "holdout": (None, "no row is kept that could be found again"),
    "fail_on_copies": (False, "no row is kept that could be found again"),
    "junit": (None, _ONE_TEST),
    **dict.fromkeys(
        ("separator", "decimal", "thousands", "encoding", "comment", "header", "array", "sheet"),
        (None, _PARQUET),
    ),
    "na": ((), _PARQUET),
}
"""Options that a stream does not have: what each is where it is not given, and why."""


def not_streamed(options: Mapping[str, Any]) -> str | None:
    """Return a sentence on the first option given that a stream does not have; None if none is.

    Examples
    --------
    >>> not_streamed({"sample": None, "group": "person"})
    '`group` cannot be streamed, since rows are dealt to blocks one by one: leave it out'
    """
    for name, value in options.items():
        unset, why = NOT_STREAMED.get(name, (value, ""))
        if value != unset and not (unset == () and not value):
            return f"`{name}` cannot be streamed, since {why}: leave it out"
    return None


def require_streamed(options: Mapping[str, Any]) -> None:
    """Raise ``UsageError`` where an option is given that a stream does not have."""
    if (refused := not_streamed(options)) is not None:
        raise UsageError(refused)


def by_itself(real: Any, generated: Any, options: Mapping[str, Any]) -> bool:
    """Say whether a comparison is streamed where nobody says: of more than ``MOST_IN_MEMORY`` rows
    in Parquet files, and without an option that a stream does not have."""
    if not (is_parquet(real) and is_parquet(generated)) or not_streamed(options) is not None:
        return False
    try:
        return scan(real).rows + scan(generated).rows > MOST_IN_MEMORY
    except UsageError:  # what reads files into memory says what is wrong, or reads them
        return False


def tolerance_of(sides: tuple[Any, Any], asked: bool) -> float:
    """Return the tolerance of the reference: the largest, but where nobody has asked for a stream
    and memory would hold both sides, which then serves better."""
    held = max(side.rows * len(side.files[0].columns) for side in map(scan, sides))
    return FINE if not asked and held <= MOST_NUMBERS else TOLERANCES[-1]
