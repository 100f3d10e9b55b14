"""Kinds of columns: which hold numbers, categories or times, and which hold nothing to compare.

A kind is found on both tables together, so that it cannot depend on which of them is which.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pandas.api import types

from gan_eval.runtime.arguments import nearest, plain
from gan_eval.runtime.errors import UsageError

FEW_VALUES = 10
"""Whole numbers of at most so many different values tie so often that their kind says so."""

ALL_DIFFERENT = 0.9
"""The share of different words from which on a column identifies its rows, from ``SOME`` on."""

SOME = 20
"""Different words below which a column is a category whatever their share."""

LONG_WORDS = 40
"""The median length from which on words that mostly differ are free text."""

_INDEX_NAME = re.compile(r"(^|[\W_])(id|ids|uuid|guid|key|index|rowid|row_?(number|no))$", re.I)
_TIME = re.compile(
    r"\d{4}-\d{1,2}-\d{1,2}([T ]\d{1,2}:\d{2}(:\d{2}([.,]\d+)?)?)?\s*(Z|UTC|[+-]\d{2}:?\d{2})?"
    r"|\d{4}/\d{1,2}/\d{1,2}|\d{8}T\d{6}Z?"
)
_TRUTHS = frozenset({"true", "false"})


class Kind(StrEnum):
    """A way in which a column is compared."""

    NUMBER = "number"
    """A number; all numbers of a row are whitened together."""
    WHOLE = "whole"
    """A whole number of few values: a number whose ties the tests of its column allow for."""
    DURATION = "duration"
    """A length of time, in seconds: a number."""
    TIME = "time"
    """A date or a time: a number, in seconds, and its day of the week and its hour as
    categories."""
    BOOLEAN = "boolean"
    """True or false: a category of two levels."""
    CATEGORY = "category"
    """A word out of several."""
    TEXT = "text"
    """Free text, which is set aside."""
    IDENTIFIER = "identifier"
    """A name of the row, such as an index, which is set aside."""


ASIDE = (Kind.TEXT, Kind.IDENTIFIER)
"""Kinds that are not compared."""


@dataclass(frozen=True)
class Found:
    """A kind, and why the column is set aside, or how its two types were reconciled."""

    kind: Kind
    aside: str | None = None
    note: str | None = None


def known_kind(text: str) -> Kind:
    """Return the kind of a name; ``UsageError`` where there is none.

    Examples
    --------
    >>> known_kind("category")
    <Kind.CATEGORY: 'category'>
    """
    kinds = [str(kind) for kind in Kind]
    if text not in kinds:
        raise UsageError(f"unknown kind {plain(text)!r} of a column: {nearest(str(text), kinds)}")
    return Kind(text)


def find_kind(name: str, first: pd.Series, second: pd.Series) -> Found:
    """Find the kind of a column in both tables.

    Examples
    --------
    >>> colours, numbers = pd.Series(["red", "blue", "red"]), pd.Series([0.1, 0.2, 0.3])
    >>> find_kind("colour", colours, colours).kind, find_kind("size", numbers, numbers).kind
    (<Kind.CATEGORY: 'category'>, <Kind.NUMBER: 'number'>)
    """
    families = {_family(values) for values in (first, second)} - {"empty"}
    if not families:
        return Found(Kind.CATEGORY, "it is missing in every row of both")
    if "other" in families:
        strange = first if _family(first) == "other" else second
        inside = type(strange.dropna().iloc[0]).__name__
        return Found(Kind.TEXT, f"it holds values of type {inside}")
    note = None
    if len(families) > 1:
        of_both = " and ".join(sorted(_WORDS[family] for family in families))
        families = {"numbers"} if families == {"numbers", "truths"} else {"words"}
        as_one = "numbers" if "numbers" in families else "a category"
        note = f"Column {plain(name)} holds {of_both}: it was compared as {as_one}."
    (family,) = families
    found = _OF_FAMILY[family](name, first, second)
    return Found(found.kind, found.aside, note)


def truth_values(values: pd.Series) -> pd.Series:
    """Say of a column of True and False, or of these words, which are true."""
    return values.map(lambda value: str(value).strip().lower() == "true", na_action="ignore")


def _family(values: pd.Series) -> str:
    """Name the type of a column: that of its dtype, or of what it holds."""
    dtype = values.dtype
    if isinstance(dtype, pd.CategoricalDtype):
        return "categories" if values.notna().any() else "empty"
    if types.is_bool_dtype(dtype):
        return "truths"
    if types.is_datetime64_any_dtype(dtype) or isinstance(dtype, pd.PeriodDtype):
        return "times"
    if types.is_timedelta64_dtype(dtype):
        return "durations"
    if types.is_numeric_dtype(dtype) and not types.is_complex_dtype(dtype):
        return "numbers" if values.notna().any() else "empty"
    inferred = types.infer_dtype(values, skipna=True)
    if inferred == "string":
        return _family_of_words(values.dropna().astype(str))
    return _INFERRED.get(inferred, "other")


_INFERRED = {
    "empty": "empty",
    "boolean": "truths",
    "integer": "numbers",
    "floating": "numbers",
    "mixed-integer-float": "numbers",
    "decimal": "numbers",
    "datetime": "times",
    "datetime64": "times",
    "date": "times",
    "period": "times",
    "timedelta": "durations",
    "timedelta64": "durations",
    "categorical": "categories",
    "mixed-integer": "words",
}
_WORDS = {
    "numbers": "numbers",
    "truths": "truth values",
    "times": "times",
    "durations": "durations",
    "words": "words",
    "categories": "categories",
}


def _family_of_words(words: pd.Series) -> str:
    some = words.drop_duplicates()
    if set(some.str.strip().str.lower()) <= _TRUTHS:
        return "truths"
    if some.head(1000).map(lambda word: _TIME.fullmatch(str(word).strip()) is not None).all():
        return "times" if as_times(some).notna().all() else "words"
    return "words"


def as_times(values: pd.Series) -> pd.Series:
    """Read times, or words that are times, as UTC; what is no time is missing.

    One without a zone is taken as UTC.
    """
    if isinstance(values.dtype, pd.PeriodDtype):
        values = values.dt.to_timestamp()
    if types.is_datetime64_any_dtype(values.dtype):
        return values.dt.tz_convert("UTC") if values.dt.tz else values.dt.tz_localize("UTC")
    return pd.to_datetime(values, utc=True, errors="coerce", format="ISO8601")


def _of_numbers(name: str, *both: pd.Series) -> Found:
    arrays = [floats(values) for values in both]
    pooled = np.concatenate(arrays)
    pooled = pooled[np.isfinite(pooled)]
    if not (pooled == np.floor(pooled)).all():
        return Found(Kind.NUMBER)
    different = len(np.unique(pooled))
    if different <= FEW_VALUES:
        return Found(Kind.WHOLE)
    if all(_counts(values) for values in arrays):
        return Found(Kind.IDENTIFIER, "it counts the rows, as an index does")
    if (
        _INDEX_NAME.search(name)
        and different > SOME
        and all(values.notna().all() and values.is_unique for values in both)
    ):
        return Found(Kind.IDENTIFIER, "by its name, and since all differ, it identifies rows")
    return Found(Kind.NUMBER)


def _of_words(_: str, *both: pd.Series) -> Found:
    words = [values.dropna().astype(str) for values in both]
    different = pd.concat(words).nunique()
    share = max(values.nunique() / max(1, len(values)) for values in words)
    if different > SOME and share > 0.5 and pd.concat(words).str.len().median() >= LONG_WORDS:
        return Found(Kind.TEXT, "it holds free text")
    if different > SOME and share > ALL_DIFFERENT:
        return Found(Kind.IDENTIFIER, "nearly all of its words differ, as names of rows do")
    return Found(Kind.CATEGORY)


def floats(values: pd.Series) -> NDArray[np.float64]:
    """Round numbers of any type to float64, missing ones to NaN."""
    if values.dtype.kind != "O":
        return values.to_numpy(np.float64, na_value=np.nan)
    return np.array([np.nan if pd.isna(value) else float(value) for value in values])


def _counts(values: NDArray[np.float64]) -> bool:
    """Say whether a column counts its rows, from 0 or 1."""
    return (
        len(values) > 2
        and values[0] in (0, 1)
        and np.array_equal(values, values[0] + np.arange(len(values)))
    )


def _always(kind: Kind) -> Callable[..., Found]:
    return lambda *_: Found(kind)


_OF_FAMILY: dict[str, Callable[..., Found]] = {
    "numbers": _of_numbers,
    "words": _of_words,
    "truths": _always(Kind.BOOLEAN),
    "times": _always(Kind.TIME),
    "durations": _always(Kind.DURATION),
    "categories": _always(Kind.CATEGORY),
}
