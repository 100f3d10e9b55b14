"""The JSON Schema of a study, for editors that complete and check TOML."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from gan_eval.stats.battery.catalogue import TESTS
from gan_eval.study.plan.study import LABEL, Study
from gan_eval.training.config import TargetConfig, TrainingConfig

DIALECT = "https://json-schema.org/draft/2020-12/schema"

_LIMITS = {"gt": "exclusiveMinimum", "ge": "minimum", "lt": "exclusiveMaximum", "le": "maximum"}


def study_schema() -> dict[str, Any]:
    """Make the schema of ``Study``, with every field of a training where it may stand.

    What pydantic makes of the models, and the places that a study leaves open for fields of a
    training spelled out: ``config``, and the axes in ``grid`` and ``zip``, whose fields may be
    nested ones with dots. A file that the schema accepts may still be refused: limits between
    fields, as of ``batch_size`` by ``n_examples``, are beyond it.
    """
    schema = Study.model_json_schema()
    training = TrainingConfig.model_json_schema()
    definitions = schema["$defs"] | training.pop("$defs")
    settings = training["properties"]
    # A target is a table of its own, or one of `targets` by its name.
    target = settings["target"]
    named = {"type": "string", "description": "A target by its name, in `targets` or a preset's."}
    settings["target"] = {"anyOf": [{"$ref": target.pop("$ref")}, named], **target}
    definitions["TrainingConfig"] = training
    properties = schema["properties"]
    properties["config"] = {
        "$ref": "#/$defs/TrainingConfig",
        "description": properties["config"]["description"],
        "default": {},
    }
    axes = {
        path: {"type": "array", "minItems": 1, "items": found, "description": found["description"]}
        for path, found in _paths(settings)
    }
    properties["grid"] = {
        "type": "object",
        "properties": axes,
        "additionalProperties": False,
        "description": properties["grid"]["description"],
        "default": {},
    }
    labels = {
        "type": "array",
        "minItems": 1,
        "items": {"type": "string", "minLength": 1},
        "description": "What the report calls each setting of this axis.",
    }
    properties["zip"]["items"] = {
        "type": "object",
        "minProperties": 1,
        "properties": {LABEL: labels, **axes},
        "additionalProperties": False,
    }
    # `time_budget = "none"` is the one setting that is read as another type than its own.
    properties["time_budget"]["anyOf"] = [
        {"const": "none"} if choice == {"type": "null"} else choice
        for choice in properties["time_budget"]["anyOf"]
    ]
    properties["tests"]["items"] = {"type": "string", "enum": list(TESTS)}
    properties["tests"]["uniqueItems"] = True
    for name in ("backends", "devices"):
        # TOML has no null: what is not given is left out.
        (choice,) = (c for c in properties[name]["anyOf"] if c != {"type": "null"})
        properties[name] = {**choice, "description": properties[name]["description"]}
    found = {"$schema": DIALECT, **schema, "title": "A study of gan-eval", "$defs": definitions}
    return _standard(found)


def _standard(part: Any) -> Any:
    """Limits by their names in JSON Schema, where pydantic leaves those of its own."""
    if isinstance(part, dict):
        # A field of a study might have such a name, but then its value is a table.
        return {
            _LIMITS.get(name, name) if isinstance(value, int | float) else name: _standard(value)
            for name, value in part.items()
        }
    return [_standard(entry) for entry in part] if isinstance(part, list) else part


def _paths(settings: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every field that an axis may vary, those of tables within after their table."""
    for name, found in settings.items():
        yield name, found
        if name == "target":
            nested = TargetConfig.model_json_schema()["properties"]
            yield from ((f"{name}.{key}", value) for key, value in nested.items())
