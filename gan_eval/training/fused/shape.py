"""The shape that a kernel is compiled for, and the arguments that it is called with."""

from __future__ import annotations

from dataclasses import dataclass

from gan_eval.training.config import TrainingConfig
from gan_eval.training.fused.machine import UNROLLED, Memory
from gan_eval.training.fused.network import Net
from gan_eval.training.fused.philox import Draws
from gan_eval.training.fused.quadratic import Quadratic
from gan_eval.training.fused.values import Kind, Value

LARGE = 128
"""Weights of a layer above which loops of half the length are unrolled."""


@dataclass(frozen=True)
class Shape:
    """A shape that a kernel is compiled for; everything else is an argument of it."""

    generator_sizes: tuple[int, ...]
    discriminator_sizes: tuple[int, ...]
    quadratic: bool
    double: bool
    loss: str
    saturating: bool
    mean_gradient: bool
    optimizer: str
    r1: bool
    r2: bool
    averaged: bool
    several: bool
    """True where D takes several steps for each of G."""
    activation: str
    """What stands between the layers of G."""
    components: int
    """Of the target; 1 of a Gaussian."""

    @classmethod
    def of(cls, config: TrainingConfig) -> Shape:
        return cls(
            config.generator_sizes,
            config.discriminator_sizes,
            config.discriminator_form == "quadratic",
            config.dtype == "float64",
            config.loss,
            config.generator_loss == "saturating",
            config.dialect == "mxnet",
            config.optimizer,
            config.r1 > 0,
            config.r2 > 0,
            config.generator_average != "none",
            config.discriminator_steps > 1,
            config.generator_activation,
            len(config.target.components or (0,)),
        )

    @property
    def latent(self) -> int:
        return self.generator_sizes[0]

    @property
    def dimension(self) -> int:
        return self.generator_sizes[-1]

    @property
    def generator(self) -> Net:
        return Net(self.generator_sizes, 0, self.activation)

    @property
    def curved(self) -> bool:
        """Whether G has hidden layers."""
        return len(self.generator_sizes) > 2

    @property
    def discriminator(self) -> Net:
        if self.quadratic:
            return Quadratic(self.dimension, self.generator.end)
        return Net(self.discriminator_sizes, self.generator.end)

    @property
    def parameters(self) -> int:
        """Weights and biases of both nets."""
        return self.discriminator.end

    @property
    def unrolled(self) -> int:
        """The longest loop that is unrolled in machine code: shorter where a layer has so many
        weights that its instructions would outgrow the processor's cache of them."""
        shapes = [*self.generator.shapes, *self.discriminator.shapes]
        return UNROLLED // 2 if max(i * o for i, o in shapes) > LARGE else UNROLLED

    @property
    def state(self) -> dict[str, int]:
        """The memories, and their sizes, that hold a training between two calls."""
        P = self.parameters
        found = {"parameters": P, "first": P, "second": P}
        if self.optimizer == "optimistic_adam":
            found["before"] = P
        if self.averaged:
            found["average"] = self.generator.end + (0 if self.curved else self.dimension**2)
        return found

    @property
    def affine(self) -> int:
        """The numbers of a component's map A', b' to the rows that nets see."""
        return (self.dimension + 1) * self.dimension

    @property
    def traced(self) -> int:
        """Numbers that are kept of an epoch: the generator's parameters and the two losses."""
        return self.generator.end + 2

    def kind(self, kind: Kind, *, one: bool = False) -> Kind:
        """The kind of a memory's numbers: where 64 bits are one number, it is that."""
        return "real" if kind == "wide" and (self.double or one) else kind

    @property
    def row_entries(self) -> int:
        """The places of 64 bits that a row takes: two numbers of float32 in each, or one."""
        return self.dimension if self.double else -(-self.dimension // 2)

    @property
    def gradients_a_batch(self) -> int:
        return 2 if self.optimizer == "extra_adam" else 1

    @property
    def columns(self) -> list[str]:
        """What ``Arguments.steps`` has of each gradient: of both nets Adam's step size, and what √v
        is multiplied with; with optimism what the direction and the last one are multiplied with;
        the weight of G's step in its average."""
        names = ["size", "stretch"]
        if self.optimizer == "optimistic_adam":
            names += ["ahead", "behind"]
        found = [f"{name}_{net}" for name in names for net in "DG"]
        return [*found, "weight"] if self.averaged else found


REALS = (
    *("decay_1_D", "decay_2_D", "decay_1_G", "decay_2_G"),
    *("epsilon", "penalty_1", "penalty_2"),
)
INDICES = ("first_epoch", "last_epoch", "n", "batch_size", "discriminator_steps")


@dataclass(frozen=True)
class Arguments:
    """The arguments of a kernel. Memories hold one number a lane at each position."""

    draws: Draws
    parameters: Memory
    """The parameters of both nets, the generator's first."""
    first: Memory
    second: Memory
    """Adam's moments of them."""
    before: Memory
    """Optimism's last direction of each parameter."""
    average: Memory
    """The averages of the generator's parameters and of the learned covariance, d × d."""
    rows: Memory
    """Training rows as the nets see them, ``Shape.row_entries`` each, with room for n + 3 rows."""
    moved: Memory
    """The same n rows in the order of the epoch, where rows are moved."""
    order: Memory
    """Words, n of them: the order of the epoch, where they are not. At the start, of a mixture, the
    first word of each component but the first."""
    noise: Memory
    """Latent numbers of a batch: room for batch_size · latent + 16."""
    gradients: Memory
    trace: Memory
    """(epochs of this call) × ``Shape.traced``."""
    affine: Memory
    """A' (d × d, row-major), then b': standard normal rows become those that the nets see; of a
    mixture, of each component in turn."""
    steps: Memory
    """(gradients of this call) × ``Shape.columns``, the same for all lanes."""
    decay_1_D: Value
    """1 − β₁ of Adam."""
    decay_2_D: Value
    decay_1_G: Value
    decay_2_G: Value
    epsilon: Value
    penalty_1: Value
    """γ₁ / 2 and γ₂ / 2 of the penalties."""
    penalty_2: Value
    first_epoch: Value
    last_epoch: Value
    """The epochs of this call: first … last − 1."""
    n: Value
    batch_size: Value
    discriminator_steps: Value
