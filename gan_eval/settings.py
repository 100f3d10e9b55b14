"""Settings at the edge: TOML files and ``key=value`` text to nested dictionaries, and errors to
sentences."""

from __future__ import annotations

import difflib
import json
import math
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from gan_eval.errors import UsageError


def read_text(path: str | Path) -> str:
    """The text of a file; ``UsageError`` where it is missing, unreadable, a directory or binary."""
    with reading(path):
        return Path(path).read_text(encoding="utf-8")


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
        reason = _lower_first(str(error).partition(";")[0])
        raise UsageError(f"{str(path)!r} is not usable JSON: {reason}") from None


@contextmanager
def reading(path: str | Path) -> Iterator[None]:
    """``UsageError`` for whatever keeps the text of a file from being read inside."""
    path = Path(path)
    try:
        yield
    except UsageError:
        raise
    except FileNotFoundError:
        raise UsageError(f"there is no file {str(path)!r}") from None
    except IsADirectoryError:
        raise UsageError(f"{str(path)!r} is a directory, a file is needed") from None
    except UnicodeDecodeError:
        raise UsageError(f"{str(path)!r} is not a text file in UTF-8") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise UsageError(f"{str(path)!r} cannot be read: {reason}") from None


def read_toml(path: str | Path) -> dict[str, Any]:
    """The tables of a TOML file; ``UsageError`` names the line that does not parse."""
    text = read_text(path)
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"{str(path)!r} is not valid TOML: {_lower_first(str(error))}") from None
    except RecursionError:
        raise UsageError(f"{str(path)!r} is not usable TOML: it is nested too deeply") from None
    except ValueError as error:  # a number of thousands of digits
        reason = _lower_first(str(error).partition(";")[0])
        raise UsageError(f"{str(path)!r} is not usable TOML: {reason}") from None


def parse_assignment(text: str) -> tuple[list[str], Any]:
    """``"target.b=[1, 2]"`` to ``(["target", "b"], [1, 2])``.

    The value is read as TOML; what TOML cannot read is taken as a plain string, so that
    ``dialect=mxnet`` needs no quotes.
    """
    key, equals, value = text.partition("=")
    parts = [part.strip() for part in key.split(".")]
    if not equals or not all(parts):
        raise UsageError(f"a setting is written key=value, got {shown(text)}")
    value = value.strip()
    try:
        document = tomllib.loads(f"value = {value}")
    except (ValueError, RecursionError):  # the first, of thousands of digits as well
        return parts, value
    return parts, document["value"] if set(document) == {"value"} else value


def merge_settings(
    settings: Mapping[str, Any], assignments: Iterable[tuple[Sequence[str], Any]]
) -> dict[str, Any]:
    """A copy of nested settings with (path, value) pairs laid over it; the last one wins."""
    merged = dict(settings)
    for parts, value in assignments:
        table = merged
        for part in parts[:-1]:
            inner = table.get(part, {})
            if not isinstance(inner, Mapping):
                raise UsageError(
                    f"`{cut('.'.join(parts))}` cannot be set: `{cut(part)}` is not a table"
                )
            table[part] = dict(inner)
            table = table[part]
        table[parts[-1]] = value
    return merged


def nearest(name: str, known: Sequence[str]) -> str:
    """A hint that names the known name nearest to an unknown one, or all of them."""
    # A long name is near to none, and the search takes the square of its length.
    lower = [k.lower() for k in known]
    close = difflib.get_close_matches(name.lower()[:200], lower, n=1, cutoff=0.5)
    if close:
        match = next(k for k in known if k.lower() == close[0])
        return f"did you mean `{match}`?"
    return f"known are {', '.join(f'`{k}`' for k in known)}"


def one_sentence(error: ValidationError, model: type[BaseModel]) -> str:
    """The first fault that pydantic found, as one sentence in the house's form."""
    fault = error.errors(include_url=False)[0]
    where = cut(".".join(str(part) for part in fault["loc"]))
    kind, context, got = fault["type"], fault.get("ctx", {}), shown(fault["input"])
    if kind == "extra_forbidden":
        return f"unknown setting `{where}`: {nearest(str(fault['loc'][-1]), _fields(model, fault))}"
    if kind == "value_error":
        return str(context["error"])
    needs = {
        "int_type": "an integer",
        "float_type": "a number",
        "string_type": "a string",
        "bool_type": "true or false",
        "tuple_type": "an array",
        "finite_number": "finite",
        "greater_than": f"greater than {context.get('gt')}",
        "greater_than_equal": f"at least {context.get('ge')}",
        "less_than": f"less than {context.get('lt')}",
        "less_than_equal": f"at most {context.get('le')}",
        "too_short": f"of length {context.get('min_length')} or more",
        "too_long": f"of length {context.get('max_length')} or less",
        "string_too_short": "a string that is not empty",
        "string_too_long": f"of {context.get('max_length')} characters or less",
        "list_type": "an array",
        "literal_error": f"one of {context.get('expected')}",
        "model_type": "a table",
        "model_attributes_type": "a table",
        "dict_type": "a table",
    }.get(kind, _lower_first(fault["msg"]))
    return f"`{where}` must be {needs}, got {got}"


def _fields(model: type[BaseModel], fault: Any) -> list[str]:
    """The names allowed in the table in which a fault lies."""
    for part in fault["loc"][:-1]:
        field = model.model_fields.get(str(part))
        inner = field.annotation if field is not None else None
        if isinstance(inner, type) and issubclass(inner, BaseModel):
            model = inner
    return list(model.model_fields)


def shown(value: Any) -> str:
    """A value as Python writes it, at most 80 characters."""
    try:
        return cut(repr(value))
    except ValueError:  # Python writes out no number of more than 4,300 digits
        return "a number of thousands of digits"
    except RecursionError:
        return "what is nested too deeply"


def cut(text: str) -> str:
    """A text of at most 80 characters."""
    return text if len(text) <= 80 else f"{text[:77]}..."


def writable(text: str) -> str:
    """The text, where a file can hold it; ``UsageError`` for a NUL or half a surrogate pair."""
    if "\0" in text or any("\ud800" <= character <= "\udfff" for character in text):
        raise UsageError(f"a name must be text that a file can hold, got {shown(text)}")
    return text


def printable(text: str) -> str:
    """A text on one line, in which what a terminal would obey (colours, a right-to-left mark) is
    written out."""
    return "".join(
        c if c.isprintable() else c.encode("unicode_escape").decode()
        for c in " ".join(text.split())
    )


def _lower_first(text: str) -> str:
    return text[:1].lower() + text[1:]
