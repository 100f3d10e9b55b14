"""JSON, read and written: nothing that is not finite stands in it."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np

from gan_eval.runtime.errors import UsageError
from gan_eval.runtime.files import read_text
from gan_eval.runtime.text import cut, lower_first


def read_json(path: str | Path) -> Any:
    """The document of a JSON file; ``UsageError`` where it is none, or has a number that is not
    finite."""

    def finite(text: str) -> float:
        if not math.isfinite(value := float(text)):
            raise ValueError(f"{cut(text)} is not a finite number")
        return value

    def whole(text: str) -> int:
        finite(text)  # as whoever calculates with it needs it
        return int(text)

    text = read_text(path)
    try:
        return json.loads(text, parse_float=finite, parse_int=whole, parse_constant=finite)
    except json.JSONDecodeError as error:
        raise UsageError(
            f"{str(path)!r} is not valid JSON: {error.msg} (at line {error.lineno})"
        ) from None
    except RecursionError:
        raise UsageError(f"{str(path)!r} is not usable JSON: it is nested too deeply") from None
    except ValueError as error:  # of thousands of digits as well
        reason = lower_first(str(error).partition(";")[0])
        raise UsageError(f"{str(path)!r} is not usable JSON: {reason}") from None


def json_ready(value: Any) -> Any:
    """Nested values as JSON has them; a number that is not finite becomes None."""
    if isinstance(value, dict):
        return {key: json_ready(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [json_ready(inner) for inner in value]
    if isinstance(value, np.generic):
        value = value.item()
    return None if isinstance(value, float) and not math.isfinite(value) else value
