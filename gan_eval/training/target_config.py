"""The truth that the built-in GAN learns, as settings: a Gaussian, by the chapter's A and b or by
moments, or a mixture of Gaussians."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Annotated, Any, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    TypeAdapter,
    ValidationError,
    WithJsonSchema,
    model_serializer,
    model_validator,
)

from gan_eval.distributions.mixture import MixtureTarget
from gan_eval.distributions.presets import PRESETS
from gan_eval.distributions.target import GaussianTarget
from gan_eval.distributions.target_settings import (
    gaussian_of_settings,
    settings_of_target,
    target_of_settings,
)
from gan_eval.runtime.arguments import shown
from gan_eval.runtime.errors import UsageError
from gan_eval.runtime.settings import Settings


def as_tuple(value: Any) -> Any:
    """Turn lists (TOML's arrays) to tuples, at any depth, so that a configuration is hashable."""
    return tuple(as_tuple(v) for v in value) if isinstance(value, list | tuple) else value


def _positive_zero(value: float) -> float:
    """−0.0 to 0.0, so that equal configurations have one hash."""
    return value + 0.0


Real = Annotated[float, Field(strict=True, allow_inf_nan=False), AfterValidator(_positive_zero)]
Vector = Annotated[tuple[Real, ...], BeforeValidator(as_tuple)]
Matrix = Annotated[tuple[tuple[Real, ...], ...], BeforeValidator(as_tuple)]

_NUMBERS = {"type": "array", "items": {"type": "number"}}


def _number_or_matrix(value: Any) -> Any:
    try:
        return TypeAdapter[Any](
            Matrix if isinstance(value, list | tuple) else Real
        ).validate_python(value)
    except ValidationError:
        raise UsageError(
            "`correlation` must be a finite number or a matrix of finite numbers, got "
            f"{shown(value)}"
        ) from None


Correlation = Annotated[
    Any,
    AfterValidator(_number_or_matrix),
    WithJsonSchema({"anyOf": [{"type": "number"}, {"type": "array", "items": _NUMBERS}]}),
]

_COMPONENTS: dict[str, Any] = {
    "type": "array",
    "minItems": 1,
    "items": {
        "type": "object",
        "properties": {
            "mean": _NUMBERS,
            "covariance": {"type": "array", "items": _NUMBERS},
            "standard_deviation": {"type": "number", "exclusiveMinimum": 0},
            "standard_deviations": _NUMBERS,
            "weight": {"type": "number", "exclusiveMinimum": 0},
            "name": {"type": "string", "minLength": 1},
        },
        "required": ["mean"],
        "additionalProperties": False,
    },
}

_FACTOR = ("A", "b")
_BY_COVARIANCE = ("mean", "covariance")
_BY_CORRELATION = ("mean", "standard_deviations", "correlation")
_MOMENTS = tuple(dict.fromkeys(_BY_COVARIANCE + _BY_CORRELATION))
_CHAPTER: dict[str, Any] = {
    "mean": (1.0, 2.0),
    "covariance": ((1.01, 1.95), (1.95, 4.25)),
    "standard_deviations": (math.sqrt(1.01), math.sqrt(4.25)),
    "correlation": 1.95 / math.sqrt(1.01 * 4.25),
}


class Component(Settings):
    """A Gaussian component of a mixture, as settings."""

    mean: Vector
    """The mean, d entries."""
    covariance: Matrix
    """The covariance, d × d and positive definite."""
    weight: Real
    """The share of rows that come from it."""
    name: str | None = None
    """What reports call it; by default its number and place."""


class TargetConfig(Settings):
    """A target as settings: N(b, AᵀA), the chapter's by default, or a mixture of Gaussians.

    A Gaussian is given by ``A`` and ``b``, or by its moments, of which those that are not given are
    the chapter's. However it is given, it is kept, dumped and hashed as ``A`` and ``b``; the
    moments read back as None. A mixture is given by ``preset`` or ``components``, and kept as
    ``components``; it is dumped and hashed by its name where it has one.
    """

    A: Matrix = ((1.0, 2.0), (-0.1, 0.5))
    """The matrix of x = z A + b, d × d and of full rank; the covariance is AᵀA. Of a mixture, the
    Cholesky factor of its covariance."""
    b: Vector = (1.0, 2.0)
    """The mean, d entries."""
    preset: Annotated[str | None, Field(exclude=True)] = None
    """A target that has a name: ``ring8``, eight narrow Gaussians on a circle, ``grid25``, 25 on a
    grid, or ``chapter``. Reads back where the components are those of one."""
    components: Annotated[
        tuple[Component, ...] | None, BeforeValidator(as_tuple), WithJsonSchema(_COMPONENTS)
    ] = None
    """The components of a mixture: tables of ``mean`` and ``covariance``, or ``standard_deviation``
    of all coordinates, or ``standard_deviations``; ``weight`` stands in each, or in none, which
    makes them equal; ``name`` likewise."""
    mean: Annotated[Vector | None, Field(exclude=True)] = None
    """The mean, d entries, in the place of ``b``."""
    covariance: Annotated[Matrix | None, Field(exclude=True)] = None
    """The covariance, d × d and positive definite, in the place of ``A``, which is then its
    Cholesky factor: upper triangular, its diagonal positive."""
    standard_deviations: Annotated[Vector | None, Field(exclude=True)] = None
    """Standard deviations, d entries above 0, in the place of ``covariance``."""
    correlation: Annotated[Correlation | None, Field(exclude=True)] = None
    """The correlation, d × d, or one number for all pairs; beside ``standard_deviations``."""

    @model_validator(mode="before")
    @classmethod
    def _mixture(cls, data: Any) -> Any:
        """A preset, or the components in any of their forms, in the one that is kept."""
        if isinstance(data, str):
            data = {"preset": data}
        if not isinstance(data, Mapping):
            return data
        given = {name: value for name, value in data.items() if value is not None}
        if not {"preset", "components"} & given.keys():
            return data
        if len(given) > 1:
            raise UsageError(
                "`target` must be given in one form, got "
                + " and ".join(f"`{name}`" for name in given)
            )
        target = target_of_settings(_plain(given))
        return settings_of_target(target)

    @model_validator(mode="after")
    def _is_a_target(self) -> Self:
        # Frozen for its users: here, while it is made, its values are still put in order.
        values: dict[str, Any] = vars(self)  # pyright: ignore[reportAssignmentType]
        if self.components is not None:
            target = self.build()
            covariance = 0.5 * (target.covariance + target.covariance.T)
            values["A"] = as_tuple(_cholesky(covariance).tolist())
            values["b"] = as_tuple((target.mean + 0.0).tolist())
            known = (name for name, make in PRESETS.items() if make() == target)
            values["preset"] = next(known, None)
            return self
        given = [name for name in _MOMENTS if getattr(self, name) is not None]
        if given:
            own = [name for name in _FACTOR if name in self.model_fields_set]
            forms = (_BY_COVARIANCE, _BY_CORRELATION)
            if own or not any(set(given) <= set(form) for form in forms):
                raise UsageError(
                    "`target` must be given in one form, by `A` and `b`, by `mean` and "
                    "`covariance`, or by `mean`, `standard_deviations` and `correlation`, got "
                    + " and ".join(f"`{name}`" for name in (*own, *given))
                )
            values["A"], values["b"] = self._from_moments(given)
            values.update(dict.fromkeys(given))
        self.build()
        return self

    def _from_moments(self, given: list[str]) -> tuple[Any, Any]:
        """Make A and b of the moments that are given, the others being the chapter's."""
        by_covariance = "covariance" in given or given == ["mean"]
        names = _BY_COVARIANCE if by_covariance else _BY_CORRELATION
        settings = {name: getattr(self, name) for name in names}
        lacking = [name for name, value in settings.items() if value is None]
        for name, value in settings.items():
            # One number, as a correlation, fits every d.
            size = len(value) if isinstance(value, tuple) else None
            if lacking and size not in (None, len(_CHAPTER["mean"])):
                raise UsageError(
                    f"`target.{name}` is for {size} coordinates, so `target.{lacking[0]}` must be "
                    "given too: the chapter's is for 2"
                )
        if given == ["mean"]:
            return type(self).model_fields["A"].default, self.mean
        settings |= {name: _CHAPTER[name] for name in lacking}
        target = gaussian_of_settings(settings)
        if by_covariance:
            factor = _cholesky(np.array(settings["covariance"]))
        else:
            ones = np.eye(target.dimension)
            correlation = np.where(ones == 1, 1.0, np.array(settings["correlation"]))
            factor = _cholesky(correlation) * np.array(settings["standard_deviations"])
        return as_tuple((factor + 0.0).tolist()), as_tuple(target.b.tolist())

    @model_serializer(mode="wrap")
    def _one_form(self, dump: Any) -> dict[str, Any]:
        """Only what the target is given by: A and b, a preset, or components.

        A preset by its name: processors differ in the last digit of its numbers, and the hash of a
        configuration must not.
        """
        found: dict[str, Any] = dump(self)
        if self.components is None:
            found.pop("components", None)
            return found
        if self.preset is not None:
            return {"preset": self.preset}
        parts = ({k: v for k, v in one.items() if v is not None} for one in found["components"])
        return {"components": type(found["components"])(parts)}

    def __repr_args__(self) -> Iterator[tuple[str, Any]]:
        if self.components is None:
            return super().__repr_args__()
        name = "preset" if self.preset else "components"
        return iter([(name, getattr(self, name))])

    def gaussian(self) -> GaussianTarget:
        """Build the Gaussian that these settings name; ``UsageError`` where it is a mixture."""
        target = self.build()
        if not isinstance(target, GaussianTarget):
            raise UsageError("this needs a Gaussian `target`, got a mixture of Gaussians")
        return target

    def build(self) -> GaussianTarget | MixtureTarget:
        """Build the ``GaussianTarget`` or ``MixtureTarget`` that these settings name."""
        if self.components is not None:
            return _built(self.components)
        if len({len(row) for row in self.A}) > 1:
            raise UsageError("`A` must be a square matrix, got rows of unequal length")
        return GaussianTarget(self.A, self.b)


@lru_cache(maxsize=64)
def _built(components: tuple[Component, ...]) -> MixtureTarget:
    target = target_of_settings(
        {"components": [one.model_dump(exclude_none=True) for one in components]}
    )
    assert isinstance(target, MixtureTarget)
    return target


def _plain(value: Any) -> Any:
    """Turn components that are settings already into tables."""
    if isinstance(value, Mapping):
        return {name: _plain(one) for name, one in value.items()}
    if isinstance(value, Component):
        return value.model_dump(exclude_none=True)
    return [_plain(one) for one in value] if isinstance(value, list | tuple) else value


def _cholesky(covariance: NDArray[np.float64]) -> NDArray[np.float64]:
    """Compute the upper triangular factor A with AᵀA this matrix, its diagonal positive.

    By products, differences, quotients and roots of one number at a time, which every processor
    rounds alike. LAPACK's differs in the last digit from machine to machine, and the hash of a
    configuration must not.
    """
    rest, factor = covariance.copy(), np.zeros_like(covariance)
    for i in range(len(rest)):
        if not rest[i, i] > 0:
            raise UsageError(
                "`target` needs a covariance that is positive definite by more than rounding"
            )
        factor[i, i] = math.sqrt(rest[i, i])
        factor[i, i + 1 :] = rest[i, i + 1 :] / factor[i, i]
        rest[i + 1 :, i + 1 :] -= factor[i, i + 1 :, None] * factor[i, i + 1 :]
    return factor
