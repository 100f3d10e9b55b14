"""JSON Lines and lists of records in JSON to a frame."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from gan_eval.comparison.reading.source import Source, require_columns
from gan_eval.runtime.arguments import plain
from gan_eval.runtime.errors import UsageError

_KINDS = "a list of records, an object of columns, or one record a line"


def read_json(source: Source) -> pd.DataFrame:
    """Read JSON Lines, or JSON that is a list of records or an object of columns.

    What stands in a record as an object is a column for each of its fields, ``a.b``. Whole numbers
    keep all their digits. ``UsageError`` where it is none of these.
    """
    content = source.read()
    try:
        text = content.decode(json.detect_encoding(content)).removeprefix("\ufeff")
        if source.ending == ".json":
            found = json.loads(text)
            found = [found] if isinstance(found, dict) and not _columns(found) else found
        else:
            found = _lines(text, source.name)
    except UnicodeDecodeError:
        raise UsageError(f"{source.name!r} is not a text file in UTF-8") from None
    except RecursionError:
        raise UsageError(f"{source.name!r} is nested too deeply: {_KINDS} is needed") from None
    except ValueError as error:
        if isinstance(error, UsageError):
            raise
        if source.ending == ".json" and "Extra data" in str(error):
            reason = "one record a line is JSON Lines, whose names end in .jsonl"
        else:
            reason = plain(error, 100)
        raise UsageError(f"{source.name!r} is not usable JSON: {reason}") from None
    if isinstance(found, dict):
        return _frame({name: _listed(column) for name, column in found.items()}, source.name)
    return frame_of_records(found, source.name)


def frame_of_records(records: Any, name: str) -> pd.DataFrame:
    """Make a frame of a list of mappings; ``UsageError`` where it is another thing."""
    if not isinstance(records, Sequence) or not records:
        raise UsageError(f"{name!r} must hold {_KINDS}")
    if not all(isinstance(record, Mapping) for record in records):
        raise UsageError(f"{name!r} must hold records, names with values, got {plain(records[0])}")
    flat = [dict(_flat(one)) if dict in map(type, one.values()) else one for one in records]
    names = dict.fromkeys(name for record in flat for name in record)
    require_columns(name, len(names))
    return _frame({one: [record.get(one) for record in flat] for one in names}, name)


def _lines(text: str, name: str) -> list[Any]:
    found = []
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip():
            try:
                found.append(json.loads(line))
            except ValueError as error:
                raise UsageError(
                    f"{name!r} is not usable JSON Lines: line {number}: {plain(error, 100)}"
                ) from None
    return found


def _columns(found: dict[str, Any]) -> bool:
    return bool(found) and all(isinstance(value, list | dict) for value in found.values())


def _listed(column: Any) -> list[Any]:
    return list(column.values()) if isinstance(column, dict) else column


def _flat(record: Mapping[Any, Any], before: str = "") -> list[tuple[str, Any]]:
    found: list[tuple[str, Any]] = []
    for key, value in record.items():
        if isinstance(value, dict) and value:
            found += _flat(value, f"{before}{key}.")
        else:
            found.append((f"{before}{key}", value))
    return found


def _frame(columns: Mapping[str, Sequence[Any]], name: str) -> pd.DataFrame:
    lengths = sorted({len(column) for column in columns.values()})
    if len(lengths) > 1:
        raise UsageError(
            f"{name!r} must hold columns of one length, got {lengths[0]} and {lengths[-1]}"
        )
    made = {j: _series(column) for j, column in enumerate(columns.values())}
    return pd.DataFrame(made).set_axis([str(one) for one in columns], axis=1)


def _series(values: Sequence[Any]) -> Any:
    """Keep whole numbers and truth values what they are where some are missing."""
    kinds = {type(value) for value in values}
    if type(None) in kinds and kinds <= {int, type(None)} and len(kinds) > 1:
        missing = np.array([value is None for value in values])
        filled = [value or 0 for value in values]
        if max(map(abs, filled)) < 2**63:
            return pd.arrays.IntegerArray(np.array(filled, dtype=np.int64), missing)
    if type(None) in kinds and kinds == {bool, type(None)}:
        return pd.array(list(values), dtype="boolean")
    return pd.Series(list(values))
