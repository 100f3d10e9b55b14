"""The chapter's TensorFlow loop in TensorFlow 2 and Keras 3, compiled, or eager as there."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any, ClassVar

import numpy as np

from gan_eval.runtime import threads
from gan_eval.training import draws, remedies, schedule
from gan_eval.training.backends.registry import require_device
from gan_eval.training.config import TrainingConfig
from gan_eval.training.draws import Layer
from gan_eval.training.history import History
from gan_eval.training.trained import AdamState, Averaging, OnEpoch, TrainedGANs, initial_layers
from gan_eval.training.units import seen_rows

# TensorFlow reads these when it is loaded. The first two keep what its C++ side logs off the
# terminal (oneDNN announces itself at every level, as long as it is on); Keras 3 runs on other
# frameworks, too.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")
os.environ.setdefault("KERAS_BACKEND", "tensorflow")

import tensorflow as tf
from tensorflow import keras

if keras.config.backend() != "tensorflow":
    raise ImportError(
        f"Keras runs on {keras.config.backend()} in this process: set KERAS_BACKEND=tensorflow"
    )

# Replicates of a call that share one compiled epoch: compiling takes as long as training one.
_PER_COMPILATION = 16


class TensorFlowBackend:
    """The chapter's loop on CPU or CUDA, with ``keras.Sequential`` and ``keras.optimizers.Adam``.

    One replicate after another, an epoch as one ``tf.function``, which is made once a call, before
    the training clock starts. The form ``"eager"`` runs the same epoch as the chapter does; it
    takes a hundred times as long, nearly all of it in Keras's Python, so it is not the default.

    TensorFlow fixes its number of threads when it starts, which is at the first training in a
    process: later ones keep that number, whatever ``threads.allowed()`` says by then.
    """

    forms: ClassVar[tuple[str, ...]] = ("eager",)
    remedies: ClassVar[tuple[str, ...]] = remedies.OF_EVERY_BACKEND

    def __init__(self, form: str = "") -> None:
        self.compiled = form != "eager"
        self.name = f"tensorflow:{form}" if form else "tensorflow"
        self.replicates_per_call = 1 if form else _PER_COMPILATION

    def devices(self) -> list[str]:
        """``cpu``, then ``cuda`` (the first GPU), ``cuda:1`` … as far as TensorFlow sees GPUs."""
        count = len(tf.config.list_physical_devices("GPU"))
        return ["cpu", *(f"cuda:{i}" if i else "cuda" for i in range(count))]

    def version(self) -> str:
        """The installed TensorFlow and Keras, as ``"tensorflow 2.21.0, keras 3.15.1"``."""
        return f"tensorflow {tf.__version__}, keras {keras.__version__}"

    def train(
        self,
        config: TrainingConfig,
        seeds: Sequence[int],
        device: str = "cpu",
        on_epoch: OnEpoch | None = None,
    ) -> TrainedGANs:
        """Train one replicate after another; see ``Backend.train``."""
        remedies.require(config.remedies, self.name, self.remedies)
        require_device(self, device)
        with _running_on(device):
            game = _Game(config, compiled=self.compiled)
            return TrainedGANs.join(
                [_train_one(game, seed, self.name, device, on_epoch) for seed in seeds]
            )


@contextmanager
def _running_on(device: str) -> Iterator[None]:
    # Each of these is refused once TensorFlow has started.
    with suppress(RuntimeError):
        tf.config.threading.set_intra_op_parallelism_threads(threads.allowed())
        tf.config.threading.set_inter_op_parallelism_threads(threads.allowed())
        for gpu in tf.config.list_physical_devices("GPU"):
            tf.config.experimental.set_memory_growth(gpu, True)
    kind, _, number = device.partition(":")
    with tf.device(f"/{'GPU' if kind == 'cuda' else 'CPU'}:{number or 0}"):
        yield


def _train_one(
    game: _Game, seed: int, backend: str, device: str, on_epoch: OnEpoch | None
) -> TrainedGANs:
    config = game.config
    game.start(*initial_layers(config, seed))
    rows = seen_rows(config, seed)
    numbers = np.stack([schedule.rate_factors(config), schedule.average_weights(config)], axis=1)

    (start,) = _layers(game.net_G.variables)
    history = History(config, backend, device, [seed], start, on_epoch)
    for epoch in history.epochs():
        order = draws.epoch_order(seed, epoch, config.n_examples)
        noise = draws.latent_noise(seed, epoch, config.n_examples, config.latent_size)
        steps = slice(epoch * config.steps_per_epoch, (epoch + 1) * config.steps_per_epoch)
        X, Z, told = (
            tf.constant(part, config.dtype) for part in (rows[order], noise, numbers[steps])
        )
        total = game.epoch(X, Z, told)
        losses = total.numpy()[:, None] / config.n_examples
        (generator,) = _layers(game.average[:2] or game.net_G.variables)
        history.end(losses, generator, lambda: _layers(game.net_D.variables))
    # Adam's variables: the number of steps, then both moments of each parameter in turn.
    moments = [adam.variables[1:] for adam in (game.adam_G, game.adam_D)]
    first, second = (
        [layer for found in moments for layer in _layers(found[start::2])] for start in (0, 1)
    )
    averaging = None
    if game.average:
        mean, covariance = (part.numpy().astype(np.float64)[None] for part in game.average[1:])
        (last,) = _layers(game.net_G.variables)
        averaging = Averaging(last, mean, covariance)
    return history.trained(_layers(game.net_D.variables), AdamState(first, second), averaging)


def _layers(variables: Sequence[Any]) -> list[Layer]:
    """Kernels and biases in turn, as layers of one replicate."""
    arrays = [v.numpy().astype(np.float64)[None] for v in variables]
    return [Layer(*pair) for pair in zip(arrays[0::2], arrays[1::2], strict=True)]


class _Game:
    """The chapter's nets, loss and Adam optimizers, its two updates, and an epoch of them.

    ``start`` begins a replicate anew, so that many can share one compiled epoch.
    """

    def __init__(self, config: TrainingConfig, *, compiled: bool) -> None:
        self.config = config
        self.saturating = config.generator_loss == "saturating"
        self.mean_gradient = config.dialect == "mxnet"
        self.batch_size = config.batch_size
        self.net_G = _net(config.generator_sizes, config.dtype)
        self.net_D = _net(config.discriminator_sizes, config.dtype)
        # Without the dtype a loss in Keras computes in float32.
        self.loss = keras.losses.BinaryCrossentropy(
            from_logits=True, reduction="sum", dtype=config.dtype
        )
        # The factor of both learning rates, at each step.
        self.factor = None
        if config.learning_rate_schedule != "constant":
            self.factor = tf.Variable(tf.ones((), config.dtype), trainable=False)
        self.adam_D = _adam(config, self.net_D, config.learning_rate_D, config.betas_D, self.factor)
        self.adam_G = _adam(config, self.net_G, config.learning_rate_G, config.betas_G, self.factor)
        self.step_D = _step(config, self.adam_D)
        self.step_G = _step(config, self.adam_G)
        # The averages of the generator's weight and bias, and of its covariance.
        self.average: list[Any] = []
        if config.generator_average != "none":
            self.average = [tf.Variable(part, trainable=False) for part in self._generator()]
        self.epoch: Callable[[Any, Any, Any], Any] = self._epoch
        if compiled:
            widths = (config.dimension, config.latent_size, 2)
            any_rows = [tf.TensorSpec((None, width), config.dtype) for width in widths]
            self.epoch = tf.function(self._epoch, input_signature=any_rows)
            # TensorFlow traces and optimises at the first call: not on the training clock.
            self.epoch(*(tf.zeros((1, width), config.dtype) for width in widths))

    def start(self, generator: Sequence[Layer], discriminator: Sequence[Layer]) -> None:
        """Give the nets these weights, and Adam no past."""
        for net, layers in ((self.net_G, generator), (self.net_D, discriminator)):
            net.set_weights([part for layer in layers for part in layer])
        for variable in (*self.adam_G.variables, *self.adam_D.variables):
            variable.assign(tf.zeros_like(variable))
        for average, part in zip(self.average, self._generator(), strict=False):
            average.assign(part)

    def _epoch(self, rows: Any, noise: Any, numbers: Any) -> Any:
        """Train on the rows, a batch at a time; both losses summed over the epoch, shape (2,).

        ``numbers`` has shape (steps, 2): the factor of both learning rates, and the weight of the
        generator in its average."""
        total = tf.zeros(2, tf.float64)
        for start in tf.range(0, tf.shape(rows)[0], self.batch_size):
            X, Z = (part[start : start + self.batch_size] for part in (rows, noise))
            rate, weight = tf.unstack(numbers[start // self.batch_size])
            if self.factor is not None:
                self.factor.assign(rate)
            loss_D = self.update_D(X, Z)
            loss_G = self.update_G(Z)
            for average, part in zip(self.average, self._generator(), strict=False):
                average.assign_add(weight * (part - average))
            total += tf.cast([loss_D, loss_G], tf.float64)
        return total

    def update_D(self, X: Any, Z: Any) -> Any:
        """One discriminator step; returns its loss summed over the batch, in nats."""
        # The generator gets no gradient here, so it stays outside the tape.
        fake_X = self.net_G(Z)
        with tf.GradientTape() as tape:
            real_Y = self.net_D(X)
            fake_Y = self.net_D(fake_X)
            ones, zeros = tf.ones_like(real_Y), tf.zeros_like(fake_Y)
            loss_D = (self.loss(ones, real_Y) + self.loss(zeros, fake_Y)) / 2
            objective = self._objective(loss_D, X)
        grads_D = tape.gradient(objective, self.net_D.trainable_variables)
        self.step_D(grads_D)
        return loss_D

    def update_G(self, Z: Any) -> Any:
        """One generator step on the same Z; returns its loss summed over the batch, in nats."""
        with tf.GradientTape() as tape:
            fake_Y = self.net_D(self.net_G(Z))
            if self.saturating:
                loss_G = -self.loss(tf.zeros_like(fake_Y), fake_Y)
            else:
                loss_G = self.loss(tf.ones_like(fake_Y), fake_Y)
            objective = self._objective(loss_G, Z)
        grads_G = tape.gradient(objective, self.net_G.trainable_variables)
        self.step_G(grads_G)
        return loss_G

    def _generator(self) -> tuple[Any, Any, Any]:
        """The generator of now: its weight, its bias, and the covariance that it has learned."""
        weight, bias = (tf.convert_to_tensor(variable) for variable in self.net_G.variables)
        return weight, bias, tf.matmul(weight, weight, transpose_a=True)

    def _objective(self, loss: Any, batch: Any) -> Any:
        return loss / tf.cast(tf.shape(batch)[0], loss.dtype) if self.mean_gradient else loss


def _net(sizes: Sequence[int], dtype: str) -> Any:
    """Dense layers of these widths, tanh between them, built so that they have their weights."""
    *hidden, last = sizes[1:]
    # A random initializer would take its seed from Python's global generator.
    given: dict[str, Any] = {"dtype": dtype, "kernel_initializer": "zeros"}
    net = keras.Sequential(
        [
            *(keras.layers.Dense(units, activation="tanh", **given) for units in hidden),
            keras.layers.Dense(last, **given),
        ]
    )
    net.build((None, sizes[0]))
    return net


def _adam(
    config: TrainingConfig, net: Any, learning_rate: float, betas: tuple[float, float], factor: Any
) -> Any:
    # Keras keeps a rate given as a number in float32, and rounds its betas to float32: as tensors
    # they keep the training's precision.
    rate, beta_1, beta_2 = (tf.constant(number, config.dtype) for number in (learning_rate, *betas))
    adam = keras.optimizers.Adam(
        learning_rate=lambda: rate if factor is None else rate * factor,
        beta_1=beta_1,
        beta_2=beta_2,
        epsilon=config.adam_epsilon,
    )
    adam.build(net.trainable_variables)
    return adam


def _step(config: TrainingConfig, optimizer: Any) -> Callable[[Any], None]:
    """Adam's step. Keras has the ε-hat form (Kingma & Ba 2015, end of section 2), where ε stands
    beside √v before the bias correction. PyTorch's form is that with ε √(1 − β₂ᵗ) at step t."""
    if config.dialect != "pytorch":
        return optimizer.apply
    optimizer.epsilon = tf.Variable(tf.zeros((), config.dtype), trainable=False)

    def step(gradients: Any) -> None:
        t = tf.cast(optimizer.iterations + 1, config.dtype)
        optimizer.epsilon.assign(config.adam_epsilon * tf.sqrt(1 - optimizer.beta_2**t))
        optimizer.apply(gradients)

    return step
