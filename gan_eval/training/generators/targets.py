"""The truth that a generator from outside is held against, as settings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field, model_validator

from gan_eval.distributions.gaussian import Gaussian
from gan_eval.distributions.target import GaussianTarget
from gan_eval.distributions.target_settings import settings_of_target, target_of_settings
from gan_eval.runtime.arguments import nearest, one_of, shown
from gan_eval.runtime.errors import UsageError
from gan_eval.runtime.settings import Settings
from gan_eval.training.generators import loading

if TYPE_CHECKING:
    from gan_eval.comparison.reading.options import ReadOptions

HOLDOUT = 0.3
"""The share of a data file's rows that no generator sees, where nothing is said."""


class TargetSettings(Settings):
    """A target as settings: exactly one of a distribution, an object, and a data file."""

    distribution: dict[str, Any] | None = None
    """As :func:`~gan_eval.distributions.target_settings.target_of_settings` takes it; what is
    written at the top of the table, such as ``preset``, is of it."""
    use: Annotated[str, Field(strict=True, min_length=1)] | None = None
    """An object with ``sample(n, rng)`` and ``log_density(x)``, as ``module:name``."""
    data: Annotated[str, Field(strict=True, min_length=1)] | None = None
    """A file, or a folder of Parquet, of independent rows."""
    holdout: Annotated[float, Field(gt=0, lt=1)] = HOLDOUT
    """Of data: the share of the rows that generators are judged against and do not see. Which they
    are follows from the seed, anew for each replicate."""
    kinds: dict[str, str] = {}
    """Of data: kinds of columns that are not to be found out."""
    missing: str = "level"
    """Of data: whether a missing value is a value of its own (``level``) or leaves its row out
    (``drop``)."""
    reading: dict[str, Any] = {}
    """Of data: how to read the file and which ``columns``; options that are written beside ``data``
    are among them."""

    @model_validator(mode="before")
    @classmethod
    def _of_a_kind(cls, data: Any) -> Any:
        if isinstance(data, str):
            data = {"use": data} if ":" in data else {"preset": data}
        if isinstance(data, TargetSettings):
            return data.model_dump()
        if not isinstance(data, Mapping):
            data = describe(data)
        given, own = dict(data), {}
        for name in cls.model_fields:
            if name in given:
                own[name] = given.pop(name)
        if "data" in own:
            from gan_eval.comparison.reading.options import ReadOptions  # with data alone

            options = [one.name for one in fields(ReadOptions)]
            own["data"] = str(own["data"])
            reading = dict(own.get("reading", {}))
            for name in list(given):
                if name not in options:
                    known = [*options, *cls.model_fields]
                    raise UsageError(f"a target of data has no {name!r}: {nearest(name, known)}")
                reading[name] = given.pop(name)
            own["reading"] = reading
        elif given:
            own["distribution"] = dict(own.get("distribution") or {}) | given
        return own

    @model_validator(mode="after")
    def _exactly_one(self) -> TargetSettings:
        given = [name for name in ("distribution", "use", "data") if getattr(self, name)]
        if len(given) != 1:
            raise UsageError(
                "`target` must name a distribution, an object by `use`, or a file by `data`, got "
                f"{' and '.join(f'`{name}`' for name in given) or 'none of them'}"
            )
        if self.distribution is not None:
            target_of_settings(self.distribution)
        if self.data is not None:
            from gan_eval.comparison.columns.kinds import Kind
            from gan_eval.comparison.columns.prepare import MISSING

            self.options()
            one_of(self.missing, "`missing`", MISSING)
            for name, kind in self.kinds.items():
                if kind not in list(Kind):
                    raise UsageError(
                        f"`kinds` of {name!r}: {nearest(kind, [str(one) for one in Kind])}"
                    )
        return self

    def options(self) -> ReadOptions:
        """Return the options by which the data file is read."""
        from gan_eval.comparison.reading.options import ReadOptions

        return ReadOptions(**self.reading)

    def build(self) -> Any:
        """Return the target; ``UsageError`` of a data file, which is none."""
        if self.distribution is not None:
            return target_of_settings(self.distribution)
        if self.use is not None:
            return loading.load_target(self.use)
        raise UsageError("a data file has no density")

    @property
    def name(self) -> str:
        """The target in a few words."""
        if self.data is not None:
            return self.data
        if self.use is not None:
            return self.use.partition(":")[2] or self.use
        preset = (self.distribution or {}).get("preset")
        if preset is not None:
            return str(preset)
        if "components" in (self.distribution or {}):
            return f"a mixture of {len((self.distribution or {})['components'])} Gaussians"
        return "a Student t" if "degrees_of_freedom" in (self.distribution or {}) else "a Gaussian"


def describe(value: Any) -> dict[str, Any]:
    """Describe a target that is given as an object."""
    if isinstance(value, Gaussian | tuple):
        value = GaussianTarget.of(value)
    found = settings_of_target(value)
    if found is not None:
        return found
    if callable(getattr(value, "sample", None)) and callable(getattr(value, "log_density", None)):
        return {"use": loading.name_of(value)}
    raise UsageError(
        "`target` must be a distribution with `sample` and `log_density`, a table of settings, or "
        f"a preset's name, got {shown(value)}"
    )
