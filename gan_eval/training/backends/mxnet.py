"""The chapter's MXNet loop in Gluon, on the CPU: one replicate, one step, one batch at a time.

MXNet fixes its number of threads when it starts, which is when this module is imported: one thread
of its engine runs the operators, and each of them may use as many OpenMP threads as
``gan_eval.runtime.threads`` allows then. Where MXNet was imported before, what was set then stands.
"""

from __future__ import annotations

import importlib
import importlib.util
import math
import warnings
from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from gan_eval.runtime import threads
from gan_eval.runtime.errors import UsageError
from gan_eval.training import draws, remedies, schedule
from gan_eval.training.backends.registry import require_device
from gan_eval.training.config import TrainingConfig
from gan_eval.training.draws import Layer
from gan_eval.training.history import History
from gan_eval.training.trained import AdamState, Averaging, OnEpoch, TrainedGANs, initial_layers
from gan_eval.training.units import seen_rows


def _import_mxnet() -> Any:
    """MXNet 1.9.1, the last release, under a NumPy that came after it.

    Its import asks for ``numpy.bool``, which NumPy 1.24 removed, and warns of much else that has
    aged. What runs here afterwards (``mxnet.nd``, not ``mxnet.np``) does not ask for it again.
    """
    if np.lib.NumpyVersion(np.__version__) >= "2.0.0" and importlib.util.find_spec("mxnet"):
        raise ImportError(f"MXNet needs numpy<2, and NumPy {np.__version__} is installed")
    lacks_bool = "bool" not in vars(np)
    with threads.allow(threads.allowed()), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if lacks_bool:
            np.bool = np.bool_  # pyright: ignore[reportAttributeAccessIssue]
        try:
            found = importlib.import_module("mxnet")
        except ModuleNotFoundError as error:
            if error.name != "distutils":
                raise
            sentence = "MXNet needs distutils, which Python 3.12 dropped: pip install setuptools"
            raise ImportError(sentence) from error
        finally:
            if lacks_bool:
                del np.bool  # pyright: ignore[reportAttributeAccessIssue]
        # The engine starts with the first array, and reads the environment then.
        found.nd.zeros(1).wait_to_read()
    return found


mx: Any = _import_mxnet()
autograd, gluon, init, nd, nn = mx.autograd, mx.gluon, mx.init, mx.nd, mx.gluon.nn
# Not nd.array: it looks for sparse matrices first, where SciPy no longer wants to be asked.
array = mx.ndarray.ndarray.array
NDArray = Any
_TINY, _HUGE = float(np.finfo(np.float32).tiny), float(np.finfo(np.float32).max)


class MXNetBackend:
    """The chapter's loop on the CPU, with ``gluon.nn`` and ``gluon.Trainer``."""

    name: str = "mxnet"
    remedies: ClassVar[tuple[str, ...]] = remedies.OF_EVERY_BACKEND
    replicates_per_call: int = 1

    def devices(self) -> list[str]:
        """``cpu`` alone: the released MXNet 1.9.1 knows no GPU that is made today."""
        return ["cpu"]

    def version(self) -> str:
        """The installed MXNet, as ``"mxnet 1.9.1"``."""
        return f"mxnet {mx.__version__}"

    def train(
        self,
        config: TrainingConfig,
        seeds: Sequence[int],
        device: str = "cpu",
        on_epoch: OnEpoch | None = None,
    ) -> TrainedGANs:
        """Train one replicate after another; see ``Backend.train``.

        Also raises ``UsageError`` where the first logits are exactly 0, as with ``init_scale`` 0 or
        so small that they underflow: there MXNet's loss has the gradient −label instead of
        ½ − label, and the run would be another experiment.
        """
        remedies.require(config.remedies, self.name, self.remedies)
        require_device(self, device)
        # A caller may have switched MXNet to NumPy semantics (npx.set_np()); this is legacy code.
        with mx.util.np_array(False), mx.util.np_shape(False):
            return TrainedGANs.join([_train_one(config, seed, on_epoch) for seed in seeds])


def _train_one(config: TrainingConfig, seed: int, on_epoch: OnEpoch | None) -> TrainedGANs:
    net_G, net_D = (_net(layers, config.dtype) for layers in initial_layers(config, seed))
    rows = seen_rows(config, seed)
    _refuse_logits_of_zero(config, seed, net_D, net_G, rows)
    updates = _Updates(config, net_D, net_G)
    linear = net_G[0]
    average = _Average(config, linear)
    rates, step = schedule.rate_factors(config), 0

    start = _layer(linear.weight.data(), linear.bias.data())

    def discriminator() -> list[Layer]:
        return [_layer(dense.weight.data(), dense.bias.data()) for dense in net_D]

    history = History(config, MXNetBackend.name, "cpu", [seed], start, on_epoch)
    for epoch in history.epochs():
        order = draws.epoch_order(seed, epoch, config.n_examples)
        noise = draws.latent_noise(seed, epoch, config.n_examples, config.latent_size)
        real, latent = array(rows[order], dtype=config.dtype), array(noise, dtype=config.dtype)
        total_D = total_G = 0.0
        for first in range(0, config.n_examples, config.batch_size):
            X = real[first : first + config.batch_size]
            Z = latent[first : first + config.batch_size]
            updates.set_rates(float(rates[step]))
            total_D += updates.update_D(X, Z)
            total_G += updates.update_G(Z)
            average.add(step)
            step += 1
        losses = np.array([[total_D], [total_G]]) / config.n_examples
        history.end(losses, average.generator, discriminator)
    parts = [Layer(dense.weight, dense.bias) for net in (net_G, net_D) for dense in net]
    moments = ([_layer(*(updates.moments(p)[i] for p in part)) for part in parts] for i in (0, 1))
    return history.trained(discriminator(), AdamState(*moments), average.averaging)


def _refuse_logits_of_zero(
    config: TrainingConfig, seed: int, net_D: Any, net_G: Any, rows: np.ndarray
) -> None:
    noise = draws.latent_noise(seed, 0, config.batch_size, config.latent_size)
    fake = net_G(array(noise, dtype=config.dtype))
    for x in (array(rows[: config.batch_size], dtype=config.dtype), fake):
        if (net_D(x).asnumpy() == 0).any():
            raise UsageError(
                f"backend {MXNetBackend.name!r} needs a larger `init_scale` in {config.dtype}, got "
                f"{config.init_scale:g}: the first logits are 0, where its loss's gradient is wrong"
            )


class _Updates:
    """The chapter's two updates, with their loss and trainers."""

    def __init__(self, config: TrainingConfig, net_D: Any, net_G: Any) -> None:
        self.config, self.net_D, self.net_G = config, net_D, net_G
        self.saturating = config.generator_loss == "saturating"
        self.mean_gradient = config.dialect == "mxnet"
        self.loss = gluon.loss.SigmoidBinaryCrossEntropyLoss()
        self.trainer_D = _trainer(config, net_D, config.learning_rate_D, config.betas_D)
        self.trainer_G = _trainer(config, net_G, config.learning_rate_G, config.betas_G)

    def set_rates(self, factor: float) -> None:
        """Multiply the configuration's learning rates."""
        self.trainer_D.set_learning_rate(self.config.learning_rate_D * factor)
        self.trainer_G.set_learning_rate(self.config.learning_rate_G * factor)

    def update_D(self, X: NDArray, Z: NDArray) -> float:
        """One discriminator step; returns its loss summed over the batch, in nats."""
        batch_size = X.shape[0]
        ones = nd.ones((batch_size,), dtype=X.dtype)
        zeros = nd.zeros((batch_size,), dtype=X.dtype)
        with autograd.record():
            real_Y = self.net_D(X)
            # The generator gets no gradient here, so it is detached.
            fake_Y = self.net_D(self.net_G(Z).detach())
            loss_D = (self.loss(real_Y, ones) + self.loss(fake_Y, zeros)) / 2
        loss_D.backward()
        self.trainer_D.step(self._divisor(batch_size))
        return float(loss_D.sum().asscalar())

    def update_G(self, Z: NDArray) -> float:
        """One generator step on the same Z; returns its loss summed over the batch, in nats."""
        batch_size = Z.shape[0]
        ones = nd.ones((batch_size,), dtype=Z.dtype)
        with autograd.record():
            fake_Y = self.net_D(self.net_G(Z))
            if self.saturating:
                loss_G = -self.loss(fake_Y, nd.zeros_like(ones))
            else:
                loss_G = self.loss(fake_Y, ones)
        loss_G.backward()
        self.trainer_G.step(self._divisor(batch_size))
        return float(loss_G.sum().asscalar())

    def moments(self, parameter: Any) -> tuple[NDArray, NDArray]:
        """Adam's moving averages of a parameter's gradient and of its square."""
        for trainer in (self.trainer_D, self.trainer_G):
            index = trainer._param2idx.get(parameter.name)
            if index is not None:
                return trainer._updaters[0].states[index]
        raise KeyError(parameter.name)

    def _divisor(self, batch_size: int) -> int:
        """By what ``Trainer.step`` divides the gradient that ``backward`` has summed."""
        return batch_size if self.mean_gradient else 1


class _Average:
    """An average of the generator over its steps, on the host, in the training's precision."""

    def __init__(self, config: TrainingConfig, linear: Any) -> None:
        self.linear = linear
        self.weights = schedule.average_weights(config)
        self.kept = config.generator_average != "none"
        self.parts = self._now()

    def add(self, step: int) -> None:
        """Take in the generator after step 0, 1, …"""
        if self.kept:
            for part, now in zip(self.parts, self._now(), strict=True):
                part += float(self.weights[step]) * (now - part)

    @property
    def generator(self) -> Layer:
        """The one that is reported: averaged, or the last."""
        weight, bias, _ = self.parts if self.kept else self._now()
        return Layer(*(part.astype(np.float64)[None] for part in (weight, bias)))

    @property
    def averaging(self) -> Averaging | None:
        """What the reported generator is the average of."""
        if not self.kept:
            return None
        last = Layer(*(part.astype(np.float64)[None] for part in self._now()[:2]))
        mean, covariance = (part.astype(np.float64)[None] for part in self.parts[1:])
        return Averaging(last, mean, covariance)

    def _now(self) -> list[np.ndarray]:
        weight, bias = (part.data().asnumpy() for part in (self.linear.weight, self.linear.bias))
        return [weight.T, bias, weight @ weight.T]


def _trainer(
    config: TrainingConfig, net: Any, learning_rate: float, betas: tuple[float, float]
) -> Any:
    beta1, beta2 = betas
    adam = _Adam(learning_rate=learning_rate, beta1=beta1, beta2=beta2, epsilon=config.adam_epsilon)
    adam.hat = config.dialect != "pytorch"
    return gluon.Trainer(net.collect_params(), adam)


class _Adam(mx.optimizer.Adam):
    """MXNet's ``'adam'``, also without the ε-hat form and in true float64."""

    hat = True
    """True where ε stands beside √v before the bias correction, as in Kingma & Ba (2015), end of
    section 2, and in MXNet; else beside √v̂, as in PyTorch: there ε·√(1 − β₂ᵗ) takes its place."""

    def update(self, index: int, weight: NDArray, grad: NDArray, state: Any) -> None:
        """One step of one parameter, in place."""
        self._update_count(index)
        t = self._index_update_count[index]
        unbias_1, unbias_2 = 1 - self.beta1**t, 1 - self.beta2**t
        rate = self.learning_rate * math.sqrt(unbias_2) / unbias_1
        epsilon = self.epsilon if self.hat else self.epsilon * math.sqrt(unbias_2)
        scale = {"rescale_grad": self.rescale_grad, "lr": rate, "epsilon": epsilon}
        if weight.dtype == np.float32 and all(_TINY <= x <= _HUGE for x in (rate, epsilon)):
            decay = {"beta1": self.beta1, "beta2": self.beta2}
            nd.adam_update(weight, grad, *state, out=weight, wd=0.0, **scale, **decay)
            return
        # The fused operator holds its scalars in float32, also where its arrays are float64, and
        # refuses those that float32 cannot hold. Arithmetic on arrays takes them in float64.
        mean, variance = state
        grad = grad * self.rescale_grad
        first, second = (1 - self.beta1) * grad, (1 - self.beta2) * grad * grad
        # In place by `out`: an assignment to `mean[:]` takes longer than all its arithmetic.
        nd.elemwise_add(self.beta1 * mean, first, out=mean)
        nd.elemwise_add(self.beta2 * variance, second, out=variance)
        nd.elemwise_sub(weight, rate * mean / (nd.sqrt(variance) + epsilon), out=weight)


def _net(layers: Sequence[Layer], dtype: str) -> Any:
    """Dense layers with these values, tanh between them."""
    net = nn.Sequential()
    for i, (weight, _) in enumerate(layers):
        inputs, outputs = weight.shape
        activation = "tanh" if i < len(layers) - 1 else None
        net.add(nn.Dense(outputs, activation, dtype=dtype, in_units=inputs))
    # Zero: a random start would move MXNet's global generator, and is replaced here anyway.
    net.initialize(init.Zero())
    for dense, (weight, bias) in zip(net, layers, strict=True):
        dense.weight.set_data(array(weight.T, dtype=dtype))
        dense.bias.set_data(array(bias, dtype=dtype))
    return net


def _layer(weight: NDArray, bias: NDArray) -> Layer:
    """A layer of one replicate, from MXNet's (outputs, inputs) to (1, inputs, outputs)."""
    return Layer(_to_numpy(weight).T[None], _to_numpy(bias)[None])


def _to_numpy(values: NDArray) -> np.ndarray:
    return values.asnumpy().astype(np.float64)
