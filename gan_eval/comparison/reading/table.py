"""A table: named columns of any types, and what was found out as it was read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from gan_eval.runtime.arguments import plain
from gan_eval.runtime.errors import UsageError

LEAST_ROWS = 3
"""Fewer have no covariance worth a comparison."""

_NAMED = 3  # columns named in a sentence; more are counted
_NESTED = (list, tuple, dict, set, np.ndarray)


@dataclass(frozen=True, eq=False)
class Table:
    """The columns of one file.

    Attributes
    ----------
    source : str
        What sentences call it: the file's name as it was given.
    frame : DataFrame
        Unique names, any types: numbers, texts, categories, dates, truth values; what is missing is
        missing.
    named : bool
        Whether the file names its columns; otherwise they are x1, x2, … by position, or the 0, 1, …
        that pandas writes.
    notes : tuple of str
        What was found out as it was read and is not plain, a sentence each, with the option that
        says otherwise.
    """

    source: str
    frame: pd.DataFrame
    named: bool
    notes: tuple[str, ...] = ()

    @classmethod
    def of(cls, source: str, frame: pd.DataFrame, named: bool, notes: Sequence[str] = ()) -> Table:
        """Make a table of a frame whose columns may have any names, the same one twice too.

        A second column of one name is called as pandas would, ``a.1``, and an empty name
        ``Unnamed: 0``.
        """
        if frame.shape[1] == 0:
            raise UsageError(f"{source!r} has no columns")
        given = [".".join(map(str, n)) if isinstance(n, tuple) else str(n) for n in frame.columns]
        given = [name or f"Unnamed: {j}" for j, name in enumerate(given)]
        names = _unique(given)
        renamed = {new: old for old, new in zip(given, names, strict=True) if old != new}
        if renamed:
            new, old = next(iter(renamed.items()))
            more = f", and {len(renamed) - 1} more" if len(renamed) > 1 else ""
            notes = (
                *notes,
                f"{plain(source)} has more than one column named {plain(old)!r}: a further one is "
                f"called {plain(new)!r}{more}.",
            )
        frame = frame.set_axis(names, axis=1)
        for name in names:
            values = frame[name]
            if values.dtype == object and any(isinstance(value, _NESTED) for value in values):
                frame = frame.assign(**{name: values.map(str, na_action="ignore")})
        numbered = names == [str(j) for j in range(len(names))]
        return cls(source, frame, named and not numbered, tuple(notes))


def _unique(names: Sequence[str]) -> list[str]:
    taken: set[str] = set(names)
    found: dict[str, int] = {}
    for name in names:
        new, count = name, 0
        while new in found or (count and new in taken):
            count += 1
            new = f"{name}.{count}"
        found[new] = count
    return list(found)


def some(noun: str, names: Sequence[str]) -> str:
    """Name some columns: ``column 'a'``, ``columns 'a', 'b' and 7 more``."""
    shown = ", ".join(repr(plain(name)) for name in names[:_NAMED])
    rest = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return f"{noun}{'s' * (len(names) > 1)} {shown}{rest}"
