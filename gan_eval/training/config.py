"""The settings of a training (``TrainingConfig``) and of its verdict (``Margins``), the chapter as
default."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal, Self

import numpy as np
from pydantic import BeforeValidator, Field, field_validator, model_validator

from gan_eval.distributions.gaussian import Gaussian
from gan_eval.distributions.mixture import MixtureTarget
from gan_eval.distributions.protocol import is_target
from gan_eval.distributions.target import GaussianTarget
from gan_eval.distributions.target_settings import settings_of_target
from gan_eval.runtime.errors import UsageError
from gan_eval.runtime.settings import Settings
from gan_eval.training import remedies
from gan_eval.training.target_config import Real, TargetConfig, as_tuple

Dialect = Literal["pytorch", "mxnet", "tensorflow"]

_EPSILON: dict[str, float] = {"pytorch": 1e-8, "mxnet": 1e-8, "tensorflow": 1e-7}

EMA_DECAY = 0.999
"""The weight of the past in an exponential average where none is given."""


def _or(value: float | None, default: float) -> float:
    return default if value is None else value


# The upper limits keep a slip of the hand from asking for more memory than a machine has, and an
# epoch's number within its 32-bit word of the random counter; 1e30 keeps a rate within float32.
Count = Annotated[int, Field(strict=True, ge=1, le=4096)]
Decay = Annotated[Real, Field(ge=0, lt=1)]
Scale = Annotated[Real, Field(ge=0, le=1e30)]


class TrainingConfig(Settings):
    """A set of hyper-parameters of one GAN: frozen, validated, hashable.

    ``TrainingConfig()`` is the chapter's experiment. A dialect sets together what the chapter's
    three tabs do differently: the initial biases, whether the gradient of a batch is its sum or
    its mean, and Adam's ε with its place in the formula (docs/configuration.md has the table).
    The fields from ``preset`` to ``discriminator_init_scale`` are remedies, which the chapter has
    not (docs/remedies.md says what each does to this game).
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
    discriminator_widths: Annotated[tuple[Count, ...], BeforeValidator(as_tuple)] = (5, 3)
    """Units of the hidden tanh layers; empty means a linear discriminator."""
    init_scale: Scale = 0.02
    """Standard deviation of the initial weights (and biases, by dialect)."""
    adam_beta1: Decay = 0.9
    """Decay of Adam's first moment, in both optimizers."""
    adam_beta2: Decay = 0.999
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
    """The truth: N(b, AᵀA), or a mixture of Gaussians by ``preset`` or ``components``."""
    preset: Annotated[Literal["chapter", "mended"] | None, Field(exclude=True)] = None
    """Sets other fields together, but for those that are written out beside it: ``chapter`` none,
    ``mended`` the remedies. Reads back as ``mended`` where all that it sets stands and no other
    remedy is set."""
    discriminator_form: Literal["mlp", "quadratic"] = "mlp"
    """The form of D: layers with tanh between them, or c + wᵀx + Σ m_ij h_ij(x) in the Hermite
    features (x_i² − 1)/√2 and x_i x_j of what D sees. The quadratic form contains the answer: it is
    that of ln p/q of two Gaussians."""
    standardise: Literal["none", "columns", "whiten"] = "none"
    """The units in which both nets work: the user's, or those in which the training rows have mean
    0 and, each column, variance 1, or covariance I. The generator is reported in the user's."""
    r1: Annotated[Real, Field(ge=0, le=1e30)] = 0.0
    """γ₁ of the gradient penalty (γ₁/2)‖∇D(x)‖² at real rows, halved like D's loss (Mescheder,
    Geiger and Nowozin 2018, eq. 9)."""
    r2: Annotated[Real, Field(ge=0, le=1e30)] = 0.0
    """γ₂ of the same penalty at generated rows."""
    learning_rate_schedule: Literal["constant", "linear", "cosine"] = "constant"
    """The factor of both learning rates at step t of T, from 0 on: 1, 1 − t/T, or (1 + cos πt/T)/2
    (Loshchilov and Hutter 2017, eq. 5, one cycle)."""
    adam_beta1_D: Decay | None = None
    """Decay of the first moment of D's optimizer; by default ``adam_beta1``."""
    adam_beta1_G: Decay | None = None
    """Decay of the first moment of G's optimizer; by default ``adam_beta1``."""
    adam_beta2_D: Decay | None = None
    """Decay of the second moment of D's optimizer; by default ``adam_beta2``."""
    adam_beta2_G: Decay | None = None
    """Decay of the second moment of G's optimizer; by default ``adam_beta2``."""
    optimizer: Literal["adam", "sgd", "optimistic_adam", "extra_adam"] = "adam"
    """The optimizer of both nets: Adam, plain steps, or Adam's step with optimism (Daskalakis et
    al. 2018, as optax has it) or from an extrapolated point (Gidel et al. 2019, algorithm 4)."""
    generator_average: Literal["none", "ema", "half"] = "none"
    """The generator that is reported: the last, or an average of its weights over the steps, with
    exponential weights or over the second half (Yazıcı et al. 2019)."""
    ema_decay: Decay | None = None
    """The weight of the past in the average ``ema``, per step of the generator; 0.999 by default.
    The average starts at 0 and is divided by 1 − decayᵗ, as in Adam."""
    discriminator_steps: Count = 1
    """Steps of D for each of G: G is updated on each batch of an epoch that is a multiple of it."""
    loss: Literal["cross_entropy", "hinge", "least_squares", "relativistic"] = "cross_entropy"
    """The loss: the chapter's; max(0, 1 ∓ D) and −D (Lim and Ye 2017); squares around 1 and 0 (Mao
    et al. 2017); or cross-entropy of D(x) − D(G(z)), row by row (Jolicoeur-Martineau 2019; with
    ``r1`` and ``r2`` that of R3GAN, Huang et al. 2024)."""
    discriminator_init_scale: Scale | None = None
    """Standard deviation of D's initial weights; by default ``init_scale``."""
    generator_widths: Annotated[tuple[Count, ...], BeforeValidator(as_tuple)] = ()
    """Units of the generator's hidden layers; empty, as in the chapter, means a linear generator,
    which can learn Gaussians alone."""
    generator_activation: Literal["tanh", "relu", "leaky_relu"] = "tanh"
    """What stands between the layers of a generator with hidden layers; the leaky relu has slope
    0.2 below 0 (Radford et al. 2016)."""

    @model_validator(mode="before")
    @classmethod
    def _filled_in(cls, data: Any) -> Any:
        """What a preset sets, and the dialect's ε."""
        if not isinstance(data, Mapping):
            return data
        data = remedies.with_preset(data)
        dialect = data.get("dialect", "pytorch")
        if "adam_epsilon" not in data and isinstance(dialect, str) and dialect in _EPSILON:
            data["adam_epsilon"] = _EPSILON[dialect]
        return data

    @field_validator("target", mode="before")
    @classmethod
    def _accept_a_gaussian_target(cls, value: Any) -> Any:
        if isinstance(value, Gaussian | GaussianTarget):
            target = GaussianTarget.of(value)
            return {"A": target.A.tolist(), "b": target.b.tolist()}
        if isinstance(value, MixtureTarget):
            return settings_of_target(value)
        if is_target(value):
            raise UsageError(
                "`target` of the built-in GAN must be a Gaussian or a mixture of Gaussians, got "
                f"{type(value).__name__}"
            )
        return value

    @model_validator(mode="after")
    def _batch_fits(self) -> Self:
        if not 1 <= self.batch_size <= self.n_examples:
            raise UsageError(
                f"`batch_size` must be between 1 and n_examples ({self.n_examples}), "
                f"got {self.batch_size}"
            )
        return self

    @model_validator(mode="after")
    def _remedies_fit(self) -> Self:
        for name, (owner, _) in remedies.GOES_WITH.items():
            value = getattr(self, name)
            if value != type(self).model_fields[name].default and (
                sentence := remedies.misfit(value, name, getattr(self, owner))
            ):
                raise UsageError(sentence)
        if not self.generator_widths and self.generator_activation != "tanh":
            raise UsageError(
                "`generator_activation` goes with `generator_widths`, got "
                f"{self.generator_activation!r} beside a linear generator"
            )
        if self.optimizer == "extra_adam" and self.discriminator_steps > 1:
            raise UsageError(
                "`extra_adam` moves both nets at once, so `discriminator_steps` must be 1, got "
                f"{self.discriminator_steps}"
            )
        if self.discriminator_steps > self.steps_per_epoch:
            raise UsageError(
                "`discriminator_steps` must be at most the batches of an epoch "
                f"({self.steps_per_epoch}), got {self.discriminator_steps}"
            )
        if self.standardise == "whiten" and self.n_examples <= self.dimension:
            raise UsageError(
                f"to whiten {self.dimension} columns, `n_examples` must be at least "
                f"{self.dimension + 1}, got {self.n_examples}"
            )
        return self

    @model_validator(mode="after")
    def _one_form_of_each(self) -> Self:
        self._put_in_order()
        return self

    def _put_in_order(self) -> None:
        """A default that is written out is the default; the preset is as the others say."""
        resolved = {
            "adam_beta1_D": self.adam_beta1,
            "adam_beta1_G": self.adam_beta1,
            "adam_beta2_D": self.adam_beta2,
            "adam_beta2_G": self.adam_beta2,
            "ema_decay": EMA_DECAY,
            "discriminator_init_scale": self.init_scale,
        }
        # Frozen for its users: here, while it is made, its values are still put in order.
        values: dict[str, Any] = vars(self)  # pyright: ignore[reportAssignmentType]
        values.update({n: None for n, value in resolved.items() if values[n] == value})
        stands = (
            name
            for name, own in remedies.PRESETS.items()
            if all(getattr(self, f) == value for f, value in (remedies.DEFAULTS | own).items())
        )
        values["preset"] = next(stands, None)

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """Copy, with some settings changed that are not checked; ``preset`` is not among them.

        Raises ``UsageError`` where ``preset`` is: it would set nothing here.
        """
        if "preset" in (update or {}):
            raise UsageError("`preset` sets others where a configuration is made, not in a copy")
        copied = super().model_copy(update=update, deep=deep)
        copied._put_in_order()
        return copied

    def __repr_args__(self) -> Iterator[tuple[str, Any]]:
        own = remedies.PRESETS.get(self.preset or "", {})
        return (pair for pair in super().__repr_args__() if pair[0] not in own)

    # --- What follows from the settings --------------------------------------------------------

    @property
    def dimension(self) -> int:
        """d, the number of coordinates of the target."""
        return len(self.target.b)

    @property
    def generator_sizes(self) -> tuple[int, ...]:
        """Widths of the generator, input to output: (latent_size, …, d)."""
        return (self.latent_size, *self.generator_widths, self.dimension)

    @property
    def discriminator_sizes(self) -> tuple[int, ...]:
        """Widths of the discriminator, input to output: (d, …, 1); of the quadratic form, which is
        linear in its d + d(d + 1)/2 features of a row, (features, 1)."""
        d = self.dimension
        if self.discriminator_form == "quadratic":
            return (d + d * (d + 1) // 2, 1)
        return (d, *self.discriminator_widths, 1)

    @property
    def betas_D(self) -> tuple[float, float]:
        """Decays of the two moments of D's optimizer."""
        return _or(self.adam_beta1_D, self.adam_beta1), _or(self.adam_beta2_D, self.adam_beta2)

    @property
    def betas_G(self) -> tuple[float, float]:
        """Decays of the two moments of G's optimizer."""
        return _or(self.adam_beta1_G, self.adam_beta1), _or(self.adam_beta2_G, self.adam_beta2)

    @property
    def remedies(self) -> dict[str, Any]:
        """The remedies that this configuration has beyond the chapter, by field."""
        values = {name: getattr(self, name) for name in remedies.DEFAULTS}
        return {name: value for name, value in values.items() if value != remedies.DEFAULTS[name]}

    @property
    def steps_per_epoch(self) -> int:
        """Updates per epoch; the last, smaller batch counts."""
        return -(-self.n_examples // self.batch_size)

    @property
    def truth(self) -> Gaussian:
        """The distribution N(b, AᵀA); ``UsageError`` where the target is a mixture."""
        return self.target.gaussian().law

    @property
    def closed_form(self) -> bool:
        """Whether what is learned and what is true are both Gaussian, so that every measure has a
        closed form; otherwise they are computed, or estimated from samples."""
        return not self.generator_widths and self.target.components is None

    def require_closed_form(self, what: str) -> None:
        """Raise ``UsageError``, naming the setting, where there is no closed form: ``what`` is in
        words that which needs one."""
        if self.generator_widths:
            raise UsageError(
                f"{what} is of linear generators: `generator_widths` must be empty, got "
                f"{list(self.generator_widths)}"
            )
        if self.target.components is not None:
            raise UsageError(
                f"{what} is of Gaussian targets: `target` must be a Gaussian, got a mixture of "
                f"{len(self.target.components)}"
            )

    @property
    def hash(self) -> str:
        """The run's identity: 16 hexadecimal digits of the SHA-256 of the canonical JSON.

        Canonical means every field with its resolved value, keys sorted, so that a default and
        the same value written out are one configuration. A remedy at its default is left out, so
        that configurations of before there were remedies keep their identity.
        """
        settings = self.model_dump(mode="json", exclude=set(remedies.DEFAULTS)) | self.remedies
        text = json.dumps(settings, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    @property
    def numpy_dtype(self) -> type[np.floating[Any]]:
        """The dtype of the arithmetic of training."""
        return np.float32 if self.dtype == "float32" else np.float64


ENERGY_CONVERGED = 58.0
"""The worth in real rows by energy from which on a generator counts as converged: as many of the
chapter's replicates as within 0.1 nats. ``python benchmarks/energy_margin.py`` sets it on seeds
100,000 to 101,999 (58.4 for the chapter's configuration); on seeds 0 to 1,999 the shares differ by
0.3 points (36.7 and 36.9 %), and in four other cells by 0.9 at most. The two measures call another
16.1 % of that cell's replicates converged (10.1 % over the five cells): energy weighs an error of
the mean, beside one of the covariance, more than KL does."""

ENERGY_NEAR = 11.5
"""The same for near, 0.5 nats (11.6 for the chapter's configuration): the shares differ by 1.9
points at most, and 9.7 % of the chapter's replicates are called otherwise."""


NEAR_PART = 0.2
"""The part of ``Margins.worth`` from which on a replicate is near, where nothing else is said."""


class Margins(Settings):
    """The margins of a verdict: up to which distance a replicate counts as converged, and as near.

    A verdict is an equivalence claim. Where the learned distribution is known exactly it is about
    KL(q‖p), unless ``yardstick`` says otherwise: within 0.1 nats (the default) the total variation
    to the truth is at most √(0.1/2) = 0.22 (Pinsker's inequality), and the distribution is worth at
    least 23 real samples of a planar Gaussian (``worth_kl``). Where it is not known, it is about
    the worth by energy, of which the lower limit must reach the margin.
    """

    converged: Real = 0.1
    """KL(q‖p), in nats, up to which a replicate is converged."""
    near: Real = 0.5
    """KL(q‖p), in nats, up to which a replicate is near."""
    yardstick: Literal["kl", "energy"] = "kl"
    """The distance that decides where KL is known: KL itself, or the worth by energy."""
    worth: Annotated[Real, Field(gt=0)] | None = None
    """Real rows that a replicate must be worth to be converged, by the yardstick. By default KL
    decides by ``converged``, and energy by 58 rows, by which as many of the chapter's replicates
    have converged."""
    near_worth: Annotated[Real, Field(gt=0)] | None = None
    """Real rows that it must be worth to be near; a fifth of ``worth`` where only that is given."""

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if not 0 < self.converged <= self.near:
            raise UsageError(
                "`margins` must satisfy 0 < converged ≤ near (nats), got "
                f"converged {self.converged} and near {self.near}"
            )
        if self.near_worth is not None and self.worth is None:
            raise UsageError("`margins.near_worth` goes with `margins.worth`")
        if self.near_worth is not None and self.near_worth > (self.worth or 0):
            raise UsageError(
                "`margins` must satisfy near_worth ≤ worth (real rows), got "
                f"{self.near_worth} and {self.worth}"
            )
        return self

    @property
    def in_rows(self) -> tuple[float, float]:
        """Real rows from which on a replicate is converged, and near, where a worth decides."""
        if self.worth is None:
            return ENERGY_CONVERGED, ENERGY_NEAR
        return self.worth, self.near_worth or NEAR_PART * self.worth
