"""The settings of a training (``TrainingConfig``) and of its verdict (``Margins``), the chapter as
default."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

import numpy as np
from pydantic import AfterValidator, BeforeValidator, Field, field_validator, model_validator

from gan_eval.distributions.gaussian import Gaussian
from gan_eval.distributions.target import GaussianTarget
from gan_eval.runtime.errors import UsageError
from gan_eval.runtime.settings import Settings

Dialect = Literal["pytorch", "mxnet", "tensorflow"]

_EPSILON: dict[str, float] = {"pytorch": 1e-8, "mxnet": 1e-8, "tensorflow": 1e-7}


def _tuple(value: Any) -> Any:
    """Lists (TOML's arrays) to tuples, at any depth, so that a configuration is hashable."""
    return tuple(_tuple(v) for v in value) if isinstance(value, list | tuple) else value


def _positive_zero(value: float) -> float:
    """−0.0 to 0.0, so that equal configurations have one hash."""
    return value + 0.0


# The upper limits keep a slip of the hand from asking for more memory than a machine has, and an
# epoch's number within its 32-bit word of the random counter; 1e30 keeps a rate within float32.
Count = Annotated[int, Field(strict=True, ge=1, le=4096)]
Real = Annotated[float, Field(strict=True, allow_inf_nan=False), AfterValidator(_positive_zero)]
Vector = Annotated[tuple[Real, ...], BeforeValidator(_tuple)]
Matrix = Annotated[tuple[tuple[Real, ...], ...], BeforeValidator(_tuple)]


class TargetConfig(Settings):
    """A target N(b, AᵀA) as settings; the chapter's by default."""

    A: Matrix = ((1.0, 2.0), (-0.1, 0.5))
    """The matrix of x = z A + b, d × d and of full rank; the covariance is AᵀA."""
    b: Vector = (1.0, 2.0)
    """The mean, d entries."""

    @model_validator(mode="after")
    def _is_a_target(self) -> Self:
        self.build()
        return self

    def build(self) -> GaussianTarget:
        """Build the ``GaussianTarget`` that these settings name."""
        if len({len(row) for row in self.A}) > 1:
            raise UsageError("`A` must be a square matrix, got rows of unequal length")
        return GaussianTarget(self.A, self.b)


class TrainingConfig(Settings):
    """A set of hyper-parameters of one GAN: frozen, validated, hashable.

    ``TrainingConfig()`` is the chapter's experiment. A dialect sets together what the chapter's
    three tabs do differently: the initial biases, whether the gradient of a batch is its sum or
    its mean, and Adam's ε with its place in the formula (docs/configuration.md has the table).
    """

    learning_rate_D: Annotated[Real, Field(gt=0, le=1e30)] = 0.05
    """Adam's learning rate of the discriminator."""
    learning_rate_G: Annotated[Real, Field(gt=0, le=1e30)] = 0.005
    """Adam's learning rate of the generator."""
    batch_size: Annotated[int, Field(strict=True)] = 8
    """Rows per update, 1 … n_examples; the last batch of an epoch may be smaller."""
    latent_size: Count = 2
    """Entries of the latent z, which the generator turns into one point."""
    epochs: Annotated[int, Field(strict=True, ge=1, le=1_000_000)] = 20
    """Passes over the training rows."""
    n_examples: Annotated[int, Field(strict=True, ge=2, le=100_000_000)] = 1000
    """Training rows that a replicate sees."""
    discriminator_widths: Annotated[tuple[Count, ...], BeforeValidator(_tuple)] = (5, 3)
    """Units of the hidden tanh layers; empty means a linear discriminator."""
    init_scale: Annotated[Real, Field(ge=0, le=1e30)] = 0.02
    """Standard deviation of the initial weights (and biases, by dialect)."""
    adam_beta1: Annotated[Real, Field(ge=0, lt=1)] = 0.9
    """Decay of Adam's first moment, in both optimizers."""
    adam_beta2: Annotated[Real, Field(ge=0, lt=1)] = 0.999
    """Decay of Adam's second moment, in both optimizers."""
    adam_epsilon: Annotated[Real, Field(gt=0, le=1e30)] = 1e-8
    """Adam's ε; by default the dialect's."""
    generator_loss: Literal["nonsaturating", "saturating"] = "nonsaturating"
    """The generator's loss: −ln D(G(z)), or ln(1 − D(G(z))), the minimax form."""
    dialect: Dialect = "pytorch"
    """The one of the chapter's three tabs that is trained."""
    dtype: Literal["float32", "float64"] = "float32"
    """Precision of the training's arithmetic; judging is always float64."""
    target: TargetConfig = TargetConfig()
    """The truth N(b, AᵀA)."""

    @model_validator(mode="before")
    @classmethod
    def _epsilon_of_the_dialect(cls, data: Any) -> Any:
        if isinstance(data, Mapping) and "adam_epsilon" not in data:
            dialect = data.get("dialect", "pytorch")
            if isinstance(dialect, str) and dialect in _EPSILON:
                return {**data, "adam_epsilon": _EPSILON[dialect]}
        return data

    @field_validator("target", mode="before")
    @classmethod
    def _accept_a_gaussian_target(cls, value: Any) -> Any:
        if isinstance(value, GaussianTarget):
            return {"A": value.A.tolist(), "b": value.b.tolist()}
        return value

    @model_validator(mode="after")
    def _batch_fits(self) -> Self:
        if not 1 <= self.batch_size <= self.n_examples:
            raise UsageError(
                f"`batch_size` must be between 1 and n_examples ({self.n_examples}), "
                f"got {self.batch_size}"
            )
        return self

    # --- What follows from the settings --------------------------------------------------------

    @property
    def dimension(self) -> int:
        """d, the number of coordinates of the target."""
        return len(self.target.b)

    @property
    def generator_sizes(self) -> tuple[int, ...]:
        """Widths of the generator, input to output: (latent_size, d)."""
        return (self.latent_size, self.dimension)

    @property
    def discriminator_sizes(self) -> tuple[int, ...]:
        """Widths of the discriminator, input to output: (d, …, 1)."""
        return (self.dimension, *self.discriminator_widths, 1)

    @property
    def steps_per_epoch(self) -> int:
        """Updates per epoch; the last, smaller batch counts."""
        return -(-self.n_examples // self.batch_size)

    @property
    def truth(self) -> Gaussian:
        """The distribution N(b, AᵀA)."""
        return self.target.build().law

    @property
    def hash(self) -> str:
        """The run's identity: 16 hexadecimal digits of the SHA-256 of the canonical JSON.

        Canonical means every field with its resolved value, keys sorted, so that a default and
        the same value written out are one configuration.
        """
        text = json.dumps(self.model_dump(mode="json"), sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    @property
    def numpy_dtype(self) -> type[np.floating[Any]]:
        """The dtype of the arithmetic of training."""
        return np.float32 if self.dtype == "float32" else np.float64


class Margins(Settings):
    """A pair of margins: the KL(q‖p), in nats, up to which a replicate counts as converged, and as
    near.

    A verdict is an equivalence claim about the exact learned distribution: within 0.1 nats (the
    default) the total variation to the truth is at most √(0.1/2) = 0.22 (Pinsker's inequality), and
    the distribution is worth at least 23 real samples of a planar Gaussian (``worth_kl``).
    """

    converged: Real = 0.1
    """KL(q‖p), in nats, up to which a replicate is converged."""
    near: Real = 0.5
    """KL(q‖p), in nats, up to which a replicate is near."""

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if not 0 < self.converged <= self.near:
            raise UsageError(
                "`margins` must satisfy 0 < converged ≤ near (nats), got "
                f"converged {self.converged} and near {self.near}"
            )
        return self
