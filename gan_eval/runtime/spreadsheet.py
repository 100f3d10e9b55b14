"""Tables as CSV, of which a spreadsheet takes no text for a formula."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterator
from typing import IO, Any

import numpy as np
import pandas as pd

# Those that OWASP names ("CSV Injection"), and after apostrophes as well, so that of a text that
# begins with one it is known whether that is ours.
from packaging.version import Version

# A number that is written and read again must be the same number: pandas' default from 3.1 on,
# an option before.
EXACT_CSV: dict[str, Any] = (
    {} if Version(pd.__version__) >= Version("3.1") else {"float_precision": "round_trip"}
)
"""Options of ``read_csv``."""


_FORMULA = re.compile(r"'*[=+\-@\t\r\n＝＋－＠]")
_QUOTED = re.compile(r"'" + _FORMULA.pattern)


def write_csv(frame: pd.DataFrame, file: IO[str], **options: Any) -> None:
    """Write a frame as CSV without its index, with pandas' options of ``to_csv``.

    A text that begins with ``=``, ``+``, ``-``, ``@``, a tab or the end of a line gets an
    apostrophe in front, as spreadsheets need it; ``unquoted`` takes it off. Numbers stay numbers.
    """
    if any("\r" in text for _, texts in _words(frame) for text in texts):
        # Python's writer quotes of the ends of lines its own alone.
        options["quoting"] = csv.QUOTE_NONNUMERIC
    _changed(frame, _quote).to_csv(file, index=False, **options)


def csv_text(frame: pd.DataFrame, **options: Any) -> str:
    """Return as a text the CSV that ``write_csv`` writes."""
    file = io.StringIO()
    write_csv(frame, file, **options)
    return file.getvalue()


def unquoted(frame: pd.DataFrame) -> pd.DataFrame:
    """Give a frame that was read from a CSV of ours its texts as they were."""
    return _changed(frame, _unquote)


def _words(frame: pd.DataFrame) -> Iterator[tuple[int, set[str]]]:
    """Yield the place of each column that may hold texts, with its texts."""
    for place, kind in enumerate(frame.dtypes):
        if not pd.api.types.is_numeric_dtype(kind):
            known = frame.iloc[:, place].unique()
            yield place, {value for value in known if isinstance(value, str)}


def _changed(frame: pd.DataFrame, change: Callable[[Any], Any]) -> pd.DataFrame:
    changed = frame.copy(deep=False)
    for place, texts in _words(frame):
        new = {text: change(text) for text in texts if change(text) != text}
        if new:
            values = [new.get(value, value) for value in frame.iloc[:, place]]
            changed.isetitem(place, np.array(values, dtype=object))
    changed.columns = frame.columns.map(change)
    return changed


def _quote(text: Any) -> Any:
    return f"'{text}" if isinstance(text, str) and _FORMULA.match(text) else text


def _unquote(text: Any) -> Any:
    return text[1:] if isinstance(text, str) and _QUOTED.match(text) else text
