"""Settings: a pydantic model whose faults are one sentence, from TOML as from Python; and TOML,
read and written."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from pydantic import BaseModel, ConfigDict, ValidationError

from gan_eval.runtime.arguments import cut, lower_first, nearest, shown
from gan_eval.runtime.documents import parsing
from gan_eval.runtime.errors import UsageError

if TYPE_CHECKING:
    import pandas as pd


class _Explained(type(BaseModel)):
    """A metaclass that turns the faults of a construction into a ``UsageError``.

    Only of one that Python asks for: a table within another is validated by pydantic itself, so
    that a fault names its whole path.
    """

    if not TYPE_CHECKING:  # a type checker knows the fields by pydantic's own

        def __call__(cls, /, *arguments: Any, **settings: Any) -> Any:
            if arguments:
                raise UsageError(
                    f"{cls.__name__} takes settings by name, got {shown(arguments[0])}"
                )
            try:
                return super().__call__(**settings)
            except ValidationError as error:
                raise UsageError(explain(error, cls)) from None


class Settings(BaseModel, metaclass=_Explained):
    """Frozen settings, each described, that raise ``UsageError`` with one sentence for the first
    that is wrong: an unknown name (with the nearest known one), a wrong type, a value out of range.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    @classmethod
    def parse(cls, settings: Mapping[str, Any]) -> Self:
        """Take nested settings, as TOML gives them."""
        return cls(**settings)

    @classmethod
    def read(cls, path: str | Path | None = None, assignments: Sequence[str] = ()) -> Self:
        """Read a TOML file, if any, with ``key=value`` assignments on top."""
        settings = read_toml(path) if path is not None else {}
        return cls.parse(merge_settings(settings, map(parse_assignment, assignments)))

    @classmethod
    def hint(cls, name: str) -> str:
        """Say which known setting an unknown name may have meant."""
        return nearest(name, list(cls.model_fields))

    def to_series(self) -> pd.Series:
        """Return every setting by its name, those of a table within with a dot."""
        import pandas as pd

        return pd.Series(_flat(self.model_dump()), name=type(self).__name__, dtype=object)

    def __repr_args__(self) -> Iterator[tuple[str, Any]]:
        # What differs from the defaults, so that it fits on a line and can be typed again.
        for name in type(self).model_fields:
            if (value := getattr(self, name)) != type(self).model_fields[name].default:
                yield name, _Shown(value)

    def __str__(self) -> str:
        return repr(self)

    def _repr_html_(self) -> str:
        return self.to_series().map(shown).to_frame().to_html()


@dataclass
class _Shown:
    """A value whose ``repr`` is at most 80 characters long."""

    value: Any

    def __repr__(self) -> str:
        return shown(self.value)


def _flat(settings: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, value in settings.items():
        inner = isinstance(value, Mapping) and value
        flat |= _flat(value, f"{prefix}{name}.") if inner else {f"{prefix}{name}": value}
    return flat


def explain(error: ValidationError, model: type[BaseModel]) -> str:
    """Write the first fault that pydantic found as one sentence in the house's form."""
    fault = error.errors(include_url=False)[0]
    where = cut(".".join(str(part) for part in fault["loc"]))
    kind, context, got = fault["type"], fault.get("ctx", {}), shown(fault["input"])
    if kind == "extra_forbidden":
        return f"unknown setting `{where}`: {_hint(model, fault['loc'])}"
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
        **dict.fromkeys(("model_type", "model_attributes_type", "dict_type"), "a table"),
    }.get(kind, lower_first(fault["msg"]))
    return f"`{where}` must be {needs}, got {got}"


def _hint(model: type[BaseModel], place: Sequence[int | str]) -> str:
    """Say which setting of the table in which a fault lies may have been meant."""
    for part in place[:-1]:
        inner = getattr(model.model_fields.get(str(part)), "annotation", None)
        if isinstance(inner, type) and issubclass(inner, BaseModel):
            model = inner
    name = str(place[-1])
    if issubclass(model, Settings):
        return model.hint(name)
    return nearest(name, list(model.model_fields))


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
    with parsing(path, "TOML") as text:
        return tomllib.loads(text)


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
