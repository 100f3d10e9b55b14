"""The trained GANs of one configuration, R replicates side by side (``TrainedGANs``)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from gan_eval.distributions.gaussian import Gaussian
from gan_eval.distributions.pushforward.network import forward
from gan_eval.runtime.arguments import whole_number
from gan_eval.runtime.errors import UsageError
from gan_eval.runtime.notebook import Displayed
from gan_eval.runtime.random import Seeds
from gan_eval.training import draws
from gan_eval.training.config import TrainingConfig
from gan_eval.training.draws import Layer
from gan_eval.training.rows import training_rows
from gan_eval.training.units import Units, features

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from gan_eval.distributions.pushforward import Pushforward

Array = NDArray[np.floating]

_PER_REPLICATE = ("seeds", "weights", "biases", "loss_D", "loss_G", "seconds", "chapter_seconds")
"""The arrays of ``TrainedGANs``."""


Discriminators = Callable[[], list[Layer]]
"""Reads the layers of discriminators, weights (r, inputs, outputs) and biases (r, outputs)."""


@dataclass(frozen=True)
class EpochEnd:
    """A message to ``on_epoch`` when an epoch of r replicates has ended."""

    seeds: NDArray[np.int64]
    """Shape (r,): r = 1 from a backend that loops, R from one that trains all side by side."""
    epoch: int
    """1 … epochs."""
    epochs: int
    loss_D: Array
    """Shape (r,), nats per example, mean over this epoch."""
    loss_G: Array
    """Shape (r,), nats per example, mean over this epoch."""
    weights: Array
    """The generator's, shape (r, latent, d); of one with hidden layers, its output layer's."""
    biases: Array
    """The generator's, shape (r, d)."""
    discriminator: Discriminators | None = None
    """Reads the layers of the r discriminators as they are at this moment, as in ``TrainedGANs``;
    None from a backend that does not tell them before the end."""
    hidden: Sequence[Layer] = ()
    """The generator's layers before its output layer, (r, inputs, outputs) and (r, outputs)."""


OnEpoch = Callable[[EpochEnd], None]


@dataclass(frozen=True)
class AdamState:
    """A state of Adam: its moments at the end of training, before bias correction.

    Each is a list of ``Layer`` as in ``TrainedGANs.discriminator``, the generator's layer first
    and then the discriminator's: weights (R, inputs, outputs) and biases (R, outputs).
    """

    first: list[Layer]
    """The moving averages of the gradient."""
    second: list[Layer]
    """The moving averages of the squared gradient."""


@dataclass(frozen=True)
class Averaging:
    """A record of what an averaged generator is the average of (``generator_average``)."""

    last: Layer
    """The generators after the last step, (R, latent, d) and (R, d); of generators with hidden
    layers, their output layer."""
    mean: Array
    """The average, by the same weights, of the learned distributions' means, (R, d); NaN of
    generators with hidden layers."""
    covariance: Array
    """That of their covariances, (R, d, d): not the covariance of the averaged weights."""
    last_hidden: Sequence[Layer] = ()
    """The hidden layers of the generators after the last step."""

    def take(self, part: slice | NDArray[np.bool_]) -> Averaging:
        """Take some of the replicates."""
        last, *hidden = _some([self.last, *self.last_hidden], part)
        return Averaging(last, self.mean[part], self.covariance[part], hidden)

    def in_units(self, units: Units | None) -> Averaging:
        """Turn what nets of such units have learned into the user's units."""
        if units is None:
            return self
        mean = units.generator(Layer(self.last.weight[:, :0], self.mean)).bias
        covariance = units.covariance(self.covariance)
        return Averaging(units.generator(self.last), mean, covariance, self.last_hidden)


@dataclass(frozen=True)
class TrainedGANs(Displayed):
    """A set of R trained replicates. Arrays are NumPy float64 with the replicate as leading axis.

    Attributes
    ----------
    config : TrainingConfig
    backend, device : str
    seeds : ndarray of int64, shape (R,)
    weights : ndarray, shape (R, epochs + 1, latent, d)
        The generator's; index 0 is the start, index e the end of epoch e: x = z @ weight + bias,
        in the user's units; averaged over steps where the configuration says so.
        Where only some epochs are kept there are as many as ``traced`` has epochs; so with the
        biases, and with the losses, which the start has none of. Of a generator with hidden layers,
        its output layer's: x = h @ weight + bias, h (…, width) being what those make of z.
    biases : ndarray, shape (R, epochs + 1, d)
    discriminator : list of Layer
        The final discriminators: weights (R, inputs, outputs) and biases (R, outputs), tanh
        between layers, a logit at the end. Of the quadratic form one layer, from the features of a
        row. They see rows in ``units``.
    loss_D, loss_G : ndarray, shape (R, epochs)
        Nats per example, as the chapter prints them: sums over the epoch by the examples in it.
    seconds : ndarray, shape (R, epochs)
        The training clock: draws, updates and traces of the epoch, nothing else.
    chapter_seconds : ndarray, shape (R, epochs)
        The chapter's clock: the training clock and what ``on_epoch`` did with the epoch's end,
        which in the chapter is drawing. NaN where nothing was done.
    adam : AdamState or None
        None from a backend that does not tell it. Backends are compared by it; nothing is judged
        by it.
    kept_epochs : ndarray of int64 or None
        The epochs whose weights are held, from 0 to the last; None where it is every one.
    units : Units or None
        The standardised units in which both nets worked; None where those are the user's.
    averaging : Averaging or None
        The last generators and the averaged distributions, where ``weights`` are averages.
    hidden : sequence of Layer
        The generator's layers before the output layer, in their order, with the activation of the
        configuration after each: weights (R, epochs + 1, inputs, outputs) and biases (R,
        epochs + 1, outputs). Empty of a linear generator.
    """

    config: TrainingConfig
    backend: str
    device: str
    seeds: NDArray[np.int64]
    weights: Array
    biases: Array
    discriminator: list[Layer]
    loss_D: Array
    loss_G: Array
    seconds: Array
    chapter_seconds: Array
    adam: AdamState | None = None
    kept_epochs: NDArray[np.int64] | None = None
    units: Units | None = None
    averaging: Averaging | None = None
    hidden: Sequence[Layer] = ()

    def __len__(self) -> int:
        return self.seeds.size

    def __repr__(self) -> str:
        loss_D, loss_G = (np.median(loss[:, -1]) for loss in (self.loss_D, self.loss_G))
        return (
            f"{len(self):,} {'GAN' if len(self) == 1 else 'GANs'} of {self.config!r}, trained by "
            f"{self.backend} on {self.device}\n"
            f"medians: loss_D {loss_D:.3f}, loss_G {loss_G:.3f}, "
            f"{np.median(self.examples_per_second):,.0f} examples/sec"
        )

    def to_frame(self) -> pd.DataFrame:
        """Return one row per replicate: its seed, last losses, learned moments and speed.

        The moments of a generator with hidden layers are not among them.
        """
        import pandas as pd

        empty = Gaussian(np.empty((len(self), 0)), np.empty((len(self), 0, 0)))
        law = empty if self.hidden else self.law()
        places = [(i, j) for i in range(law.dimension) for j in range(i, law.dimension)]
        return pd.DataFrame(
            {"seed": self.seeds, "loss_D": self.loss_D[:, -1], "loss_G": self.loss_G[:, -1]}
            | {f"mean_{i + 1}": law.mean[:, i] for i in range(law.dimension)}
            | {f"covariance_{i + 1}_{j + 1}": law.covariance[:, i, j] for i, j in places}
            | {"examples_per_second": self.examples_per_second}
        )

    def plot(self) -> Figure:
        """Draw what was learned over the truth, the losses and KL; of several also their spread."""
        from gan_eval.plots.chapter import chapter  # it draws with what judges, above here

        return chapter(self)

    @property
    def traced(self) -> NDArray[np.int64]:
        """The epochs whose weights are held: 0, the start, to the last."""
        return np.arange(self.config.epochs + 1) if self.kept_epochs is None else self.kept_epochs

    @property
    def examples_per_epoch(self) -> int:
        """The training rows visited in an epoch: all of them, the last smaller batch included."""
        return self.config.n_examples

    @property
    def examples_per_second(self) -> Array:
        """Examples per second over all epochs by the training clock, shape (R,)."""
        return self.config.epochs * self.examples_per_epoch / self.seconds.sum(axis=1)

    @property
    def chapter_examples_per_second(self) -> Array:
        """Examples per second as the chapter prints them: of the last epoch, with drawing."""
        return self.examples_per_epoch / self.chapter_seconds[:, -1]

    def law(self, epoch: int = -1) -> Gaussian:
        """Compute the exact distributions of the generators after an epoch, mean (R, d), factor (R,
        latent, d).

        ``epoch`` is a position in ``traced``, as a rule the epoch itself: 0 is
        the start, −1 the end of training. Exact because the generator is linear; ``UsageError``
        where it has hidden layers.
        """
        if self.hidden:
            raise UsageError(
                "what a generator with hidden layers has learned is no Gaussian: "
                "`pushforward(replicate)` gives it"
            )
        self._check(epoch=epoch)
        return Gaussian(self.biases[:, epoch], self.weights[:, epoch])

    def generator(self, replicate: int, epoch: int = -1) -> list[Layer]:
        """Return the layers of a generator after an epoch, weights (inputs, outputs), biases
        (outputs,); the output is in the user's units.

        ``epoch`` is a position in ``traced``, as in ``law``.
        """
        self._check(replicate, epoch)
        layers = [*self.hidden, Layer(self.weights, self.biases)]
        return [Layer(w[replicate, epoch], b[replicate, epoch]) for w, b in layers]

    def pushforward(self, replicate: int, epoch: int = -1) -> Pushforward:
        """Return the distribution of what a generator makes of the latent z ~ N(0, I), after an
        epoch."""
        from gan_eval.distributions.pushforward import Pushforward

        layers = self.generator(replicate, epoch)
        return Pushforward(layers, self.config.generator_activation)

    def finite(self) -> NDArray[np.bool_]:
        """Tell whether every final weight of generator and discriminator is finite, shape (R,)."""
        layers = [*self.hidden, Layer(self.weights, self.biases)]
        parts = [array[:, -1] for layer in layers for array in layer]
        parts += [array for layer in self.discriminator for array in layer]
        return np.all([np.isfinite(p.reshape(len(self), -1)).all(axis=1) for p in parts], axis=0)

    def training_rows(self, replicate: int) -> Array:
        """Return the rows (n_examples, d) that a replicate was trained on."""
        self._check(replicate)
        return training_rows(self.config, int(self.seeds[replicate]))

    def generate(self, replicate: int, n: int) -> Array:
        """Draw ``n`` rows (n, d) from a trained generator, by the evaluation stream of its seed."""
        self._check(replicate)
        whole_number(n, "n", 0)
        z = draws.evaluation_latent(int(self.seeds[replicate]), n, self.config.latent_size)
        return forward(z, self.generator(replicate), self.config.generator_activation)

    def critic(self, replicate: int, x: Array) -> Array:
        """Evaluate the final discriminator's logit at rows (n, d), shape (n,)."""
        self._check(replicate)
        last = self.discriminator[-1]
        seen = self.critic_features(np.array([replicate]), np.asarray(x)[None])[0]
        return (seen @ last.weight[replicate] + last.bias[replicate])[:, 0]

    def critic_features(self, replicates: NDArray[np.integer], x: Array) -> Array:
        """Evaluate what the last layer of r discriminators sees of rows (r, n, d), (r, n, h).

        The activations of the last hidden layer, or the quadratic form's features; a linear
        discriminator sees the rows.
        """
        if self.units is not None:
            x = self.units.take(replicates).seen(x)
        if self.config.discriminator_form == "quadratic":
            return features(x)
        return hidden_values(
            x, [Layer(w[replicates], b[replicates]) for w, b in self.discriminator[:-1]]
        )

    def _check(self, replicate: int = 0, epoch: int = -1) -> None:
        """Refuse a replicate or an epoch that is not there."""
        whole_number(replicate, "replicate", 0, len(self) - 1)
        held = self.weights.shape[1]
        whole_number(epoch, "epoch", -held, held - 1)

    def take(self, part: slice | NDArray[np.bool_]) -> TrainedGANs:
        """Take some of the replicates, by a slice (as views) or by a mask of shape (R,)."""
        adam = self.adam
        return replace(
            self,
            **{name: getattr(self, name)[part] for name in _PER_REPLICATE},
            discriminator=_some(self.discriminator, part),
            adam=adam and AdamState(_some(adam.first, part), _some(adam.second, part)),
            units=self.units and self.units.take(part),
            averaging=self.averaging and self.averaging.take(part),
            hidden=_some(self.hidden, part),
        )

    @staticmethod
    def join(parts: Sequence[TrainedGANs]) -> TrainedGANs:
        """Join replicates of one configuration, backend and device, one after another."""
        moments = [part.adam for part in parts if part.adam is not None]
        first, second = (
            _joined([getattr(adam, name) for adam in moments]) for name in ("first", "second")
        )
        return replace(
            parts[0],
            **{name: np.concatenate([getattr(p, name) for p in parts]) for name in _PER_REPLICATE},
            discriminator=_joined([part.discriminator for part in parts]),
            adam=AdamState(first, second) if len(moments) == len(parts) else None,
            units=_joined_units([part.units for part in parts if part.units is not None]),
            averaging=_joined_averaging([p.averaging for p in parts if p.averaging is not None]),
            hidden=_joined([part.hidden for part in parts]),
        )


def _some(layers: Sequence[Layer], part: slice | NDArray[np.bool_]) -> list[Layer]:
    return [Layer(weight[part], bias[part]) for weight, bias in layers]


def hidden_values(x: Array, layers: Sequence[Layer]) -> Array:
    """Evaluate the last hidden tanh layer (R, n, h) of R discriminators at rows (R or 1, n, d).

    ``layers`` are the hidden ones, (R, inputs, outputs) and (R, outputs); without any, the rows.
    """
    for weight, bias in layers:
        x = np.tanh(x @ weight + bias[:, None])
    return x


def _joined_units(parts: Sequence[Units]) -> Units | None:
    centers, factors = [part.center for part in parts], [part.factor for part in parts]
    return Units(np.concatenate(centers), np.concatenate(factors)) if parts else None


def _joined_averaging(parts: Sequence[Averaging]) -> Averaging | None:
    if not parts:
        return None
    last, *hidden = _joined([[part.last, *part.last_hidden] for part in parts])
    means, covariances = [part.mean for part in parts], [part.covariance for part in parts]
    return Averaging(last, np.concatenate(means), np.concatenate(covariances), hidden)


def _joined(parts: Sequence[Sequence[Layer]]) -> list[Layer]:
    return [
        Layer(*(np.concatenate(arrays) for arrays in zip(*same, strict=True)))
        for same in zip(*parts, strict=True)
    ]


def initial_layers(config: TrainingConfig, seed: Seeds) -> tuple[list[Layer], list[Layer]]:
    """Draw the initial layers of generator and discriminator from a seed, by the dialect.

    Of an array (...) of seeds, with its shape as leading axes.
    """
    return draws.initial_layers(
        seed,
        config.generator_sizes,
        config.discriminator_sizes,
        scale=config.init_scale,
        discriminator_scale=config.discriminator_init_scale,
        zero_biases=config.dialect == "mxnet",
        glorot_generator=config.dialect == "tensorflow",
    )
