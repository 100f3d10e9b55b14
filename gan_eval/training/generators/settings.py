"""The settings of one fit of a generator from outside: which, with what, to rows of which truth."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import AfterValidator, Field, field_validator, model_validator

from gan_eval.runtime.arguments import shown, writable
from gan_eval.runtime.errors import UsageError
from gan_eval.runtime.settings import Settings
from gan_eval.training.generators import loading
from gan_eval.training.generators.targets import TargetSettings

N_EXAMPLES = 1000
"""Training rows of a target that can be drawn from, where nothing is said."""

BASELINES = ("gaussian_fit", "bootstrap", "real_rows")
"""Entered beside every generator from outside, by their entry points."""

_OWN = ("use", "version", "settings")


class GeneratorConfig(Settings):
    """A generator from outside as settings: its class, and what that is called with."""

    use: Annotated[str, Field(strict=True, min_length=1), AfterValidator(writable)]
    """The class, as ``module:Class``, or the name of an entry point of ``gan_eval.generators``."""
    version: Annotated[str, Field(strict=True), AfterValidator(writable)] | None = None
    """A text that stands for the class's code: while it stays, nothing is fitted again. Where none
    is given, the class's own ``version``, or its source."""
    settings: dict[str, Any] = {}
    """Keyword arguments of the class; those that are written beside ``use`` are among them."""

    @model_validator(mode="before")
    @classmethod
    def _gathered(cls, data: Any) -> Any:
        if isinstance(data, str) or not isinstance(data, Mapping):
            data = {"use": loading.name_of(data)}
        inner = data.get("settings", {})
        if not isinstance(inner, Mapping):
            raise UsageError(f"`generator.settings` must be a table, got {shown(inner)}")
        own = {name: data[name] for name in _OWN if name in data}
        if "use" in own:
            own["use"] = loading.name_of(own["use"])
        rest = {name: value for name, value in data.items() if name not in _OWN}
        return own | {"settings": dict(inner) | rest}

    @field_validator("settings")
    @classmethod
    def _storable(cls, value: dict[str, Any]) -> dict[str, Any]:
        try:
            return json.loads(json.dumps(value, allow_nan=False))
        except (TypeError, ValueError) as error:
            raise UsageError(
                f"a generator's settings must be numbers, texts, lists and tables: {error}"
            ) from None

    @property
    def name(self) -> str:
        """The name in tables: the class's, or the entry point's."""
        return self.use.partition("#")[0].rpartition(":")[2].rpartition(".")[2]


class FitConfig(Settings):
    """The settings of one fit of a generator from outside: frozen, and stored beside its rows."""

    generator: GeneratorConfig
    """The class that is fitted, and its settings."""
    target: TargetSettings
    """The truth: a distribution, or a data file of which a part is held out."""
    n_examples: Annotated[int, Field(strict=True, ge=2, le=100_000_000)] | None = None
    """Training rows: 1,000 draws of a target where nothing is said; of a data file the rows that
    are not held out, or so many of them."""

    @property
    def hash(self) -> str:
        """The identity of the settings: 16 hexadecimal digits of the SHA-256 of their JSON."""
        settings = self.model_dump(mode="json")
        del settings["generator"]["version"]  # of the code, which is not of the settings
        text = json.dumps(settings, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def __hash__(self) -> int:
        return hash(self.hash)
