"""TOML, read and written, and settings from text."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from gan_eval.runtime.errors import UsageError
from gan_eval.runtime.files import read_text
from gan_eval.runtime.text import cut, lower_first, shown


def to_toml(settings: Mapping[str, Any], prefix: str = "") -> str:
    """Nested settings of strings, numbers, booleans and lists as a TOML document.

    ``None`` has no TOML form and is left out: it is the default wherever we allow it.
    """
    lines = [
        f"{_key(key)} = {_value(value)}"
        for key, value in settings.items()
        if value is not None and not isinstance(value, Mapping)
    ]
    for key, value in settings.items():
        if isinstance(value, Mapping) and value:
            path = f"{prefix}{_key(key)}"
            lines += ["", f"[{path}]", to_toml(value, f"{path}.")]
    return "\n".join(lines)


def _key(key: str) -> str:
    bare = key.isascii() and key.replace("_", "").replace("-", "").isalnum()
    return key if bare else _value(key)


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list | tuple):
        return f"[{', '.join(_value(v) for v in value)}]"
    if isinstance(value, Mapping):
        return f"{{ {', '.join(f'{_key(k)} = {_value(v)}' for k, v in value.items())} }}"
    if isinstance(value, str):
        # JSON's escapes are TOML's, but for DEL, which TOML does not take as it is.
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007F")
    return repr(value)


def read_toml(path: str | Path) -> dict[str, Any]:
    """Read the tables of a TOML file; ``UsageError`` names the line that does not parse."""
    text = read_text(path)
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"{str(path)!r} is not valid TOML: {lower_first(str(error))}") from None
    except RecursionError:
        raise UsageError(f"{str(path)!r} is not usable TOML: it is nested too deeply") from None
    except ValueError as error:  # a number of thousands of digits
        reason = lower_first(str(error).partition(";")[0])
        raise UsageError(f"{str(path)!r} is not usable TOML: {reason}") from None


def parse_assignment(text: str) -> tuple[list[str], Any]:
    """Split ``"target.b=[1, 2]"`` into ``(["target", "b"], [1, 2])``.

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
    """Copy nested settings with (path, value) pairs laid over them; the last one wins."""
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
