"""JSON documents: read in one sentence or not at all, made ready, and written as texts."""

from __future__ import annotations

import json
import math
import tomllib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from gan_eval.runtime.arguments import cut, lower_first
from gan_eval.runtime.errors import UsageError
from gan_eval.runtime.files import read_text

Record = TypeVar("Record")


def read_json(path: str | Path) -> Any:
    """Read a JSON file; ``UsageError`` where it is none, or has a number that is not finite."""

    def finite(text: str) -> float:
        if not math.isfinite(value := float(text)):
            raise ValueError(f"{cut(text)} is not a finite number")
        return value

    def whole(text: str) -> int:
        finite(text)  # as whoever calculates with it needs it
        return int(text)

    with parsing(path, "JSON") as text:
        return json.loads(text, parse_float=finite, parse_int=whole, parse_constant=finite)


@contextmanager
def parsing(path: str | Path, kind: str) -> Iterator[str]:
    """Yield the text of a JSON or TOML file; ``UsageError`` says why it does not parse."""
    text = read_text(path)
    try:
        yield text
    except json.JSONDecodeError as error:
        raise UsageError(
            f"{str(path)!r} is not valid {kind}: {error.msg} (at line {error.lineno})"
        ) from None
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"{str(path)!r} is not valid {kind}: {lower_first(str(error))}") from None
    except RecursionError:
        raise UsageError(f"{str(path)!r} is not usable {kind}: it is nested too deeply") from None
    except ValueError as error:  # a number of thousands of digits
        reason = lower_first(str(error).partition(";")[0])
        raise UsageError(f"{str(path)!r} is not usable {kind}: {reason}") from None


def restored(kind: type[Record], document: Any) -> Record:
    """Make an object of a dataclass from its JSON, with the dataclasses and tuples inside it.

    ``ValueError`` where the document is none of that class.
    """
    from pydantic import TypeAdapter  # which takes a moment, and most commands read no such file

    return TypeAdapter(kind).validate_python(document)


def json_ready(value: Any, not_finite: Callable[[float], Any] = lambda _: None) -> Any:
    """Turn nested values into JSON's: NumPy's numbers into Python's, tuples into lists.

    A number that is not finite, which JSON does not have, becomes what ``not_finite`` makes of it.

    Examples
    --------
    >>> json_ready({"mean": (np.float64(0.5), float("nan"))})
    {'mean': [0.5, None]}
    """
    if isinstance(value, Mapping):
        return {str(key): json_ready(inner, not_finite) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [json_ready(inner, not_finite) for inner in value]
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return not_finite(value)
    return value


def json_text(document: Any, indent: int | None = 2) -> str:
    """Write a document as JSON; a number that is not finite becomes null."""
    return json.dumps(json_ready(document), indent=indent, allow_nan=False)
