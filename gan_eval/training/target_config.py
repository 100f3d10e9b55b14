"""The truth that the built-in GAN learns, as settings: by the chapter's A and b, or by moments."""

from __future__ import annotations

import math
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
    model_validator,
)

from gan_eval.distributions.target import GaussianTarget
from gan_eval.distributions.target_settings import gaussian_of_settings
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


class TargetConfig(Settings):
    """A target N(b, AᵀA) as settings; the chapter's by default.

    Given by ``A`` and ``b``, or by its moments, of which those that are not given are the
    chapter's. However it is given, it is kept, dumped and hashed as ``A`` and ``b``; the moments
    read back as None.
    """

    A: Matrix = ((1.0, 2.0), (-0.1, 0.5))
    """The matrix of x = z A + b, d × d and of full rank; the covariance is AᵀA."""
    b: Vector = (1.0, 2.0)
    """The mean, d entries."""
    mean: Annotated[Vector | None, Field(exclude=True)] = None
    """The mean, d entries, in the place of ``b``."""
    covariance: Annotated[Matrix | None, Field(exclude=True)] = None
    """The covariance, d × d and positive definite, in the place of ``A``, which is then its
    Cholesky factor: upper triangular, its diagonal positive."""
    standard_deviations: Annotated[Vector | None, Field(exclude=True)] = None
    """Standard deviations, d entries above 0, in the place of ``covariance``."""
    correlation: Annotated[Correlation | None, Field(exclude=True)] = None
    """The correlation, d × d, or one number for all pairs; beside ``standard_deviations``."""

    @model_validator(mode="after")
    def _is_a_target(self) -> Self:
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
            # Frozen for its users: here, while it is made, its values are still put in order.
            values: dict[str, Any] = vars(self)  # pyright: ignore[reportAssignmentType]
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

    def build(self) -> GaussianTarget:
        """Build the ``GaussianTarget`` that these settings name."""
        if len({len(row) for row in self.A}) > 1:
            raise UsageError("`A` must be a square matrix, got rows of unequal length")
        return GaussianTarget(self.A, self.b)


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
