"""The chapter's PyTorch loop, honest and readable: one replicate, one step, one batch at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor, nn

from gan_eval.distributions.pushforward.network import LEAKY_SLOPE
from gan_eval.runtime import threads
from gan_eval.runtime.errors import UsageError
from gan_eval.training import draws, remedies, schedule
from gan_eval.training.backends import pytorch_batched
from gan_eval.training.backends.pytorch_updates import Features, Updates, linears
from gan_eval.training.backends.registry import require_device
from gan_eval.training.config import TrainingConfig
from gan_eval.training.draws import Layer
from gan_eval.training.history import History
from gan_eval.training.trained import AdamState, Averaging, OnEpoch, TrainedGANs, initial_layers
from gan_eval.training.units import Array, Units, seen_rows

# Replicates of a call that trains them side by side.
SIDE_BY_SIDE = 64


class PyTorchBackend:
    """The chapter's loop on CPU or CUDA, with ``torch.nn`` and ``torch.optim.Adam``.

    Its other forms train many replicates side by side (``batched.py``): ``"batched"``, and
    ``"graphs"``, which launches a step of all of them as one CUDA graph.
    """

    forms: ClassVar[tuple[str, ...]] = ("batched", "graphs")
    remedies: ClassVar[tuple[str, ...]] = tuple(remedies.DEFAULTS)

    def __init__(self, form: str = "") -> None:
        self.form = form
        self.name = f"pytorch:{form}" if form else "pytorch"
        self.replicates_per_call = SIDE_BY_SIDE if form else 1

    def devices(self) -> list[str]:
        """``cpu``, then ``cuda`` (the first GPU) and ``cuda:1`` … as far as PyTorch sees GPUs."""
        gpus = [f"cuda:{i}" if i else "cuda" for i in range(torch.cuda.device_count())]
        return gpus if self.form == "graphs" else ["cpu", *gpus]

    def version(self) -> str:
        """The installed PyTorch, as ``"torch 2.13.0+cpu"``."""
        return f"torch {torch.__version__}"

    def train(
        self,
        config: TrainingConfig,
        seeds: Sequence[int],
        device: str = "cpu",
        on_epoch: OnEpoch | None = None,
    ) -> TrainedGANs:
        """Train one replicate after another, or side by side; see ``Backend.train``."""
        require_device(self, device)
        where = torch.device(device)
        with _threads(threads.allowed()):
            if self.form:
                graph = self.form == "graphs"
                return pytorch_batched.train(
                    self.name, config, seeds, device, on_epoch, graph=graph
                )
            return TrainedGANs.join([_train_one(config, seed, where, on_epoch) for seed in seeds])


def train_on(config: TrainingConfig, rows: Array, seed: int) -> TrainedGANs:
    """Train one replicate on rows that are given, by the draws of a seed, on the CPU.

    Parameters
    ----------
    config : TrainingConfig
        ``n_examples`` and the target's dimension are those of the rows.
    rows : ndarray, shape (n_examples, d)
    seed : int
        Of the start, the shuffles and the noise.
    """
    if rows.shape != (config.n_examples, config.dimension):
        raise UsageError(
            f"`rows` must have shape {(config.n_examples, config.dimension)}, got {rows.shape}"
        )
    with _threads(threads.allowed()):
        return _train_one(config, seed, torch.device("cpu"), None, rows)


@contextmanager
def _threads(count: int) -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _train_one(
    config: TrainingConfig,
    seed: int,
    device: torch.device,
    on_epoch: OnEpoch | None,
    given: Array | None = None,
) -> TrainedGANs:
    dtype = torch.float32 if config.dtype == "float32" else torch.float64
    generator_start, discriminator_start = initial_layers(config, seed)
    net_G = _net(generator_start, config.generator_activation).to(device, dtype)
    net_D = _net(discriminator_start).to(device, dtype)
    if config.discriminator_form == "quadratic":
        net_D.insert(0, Features())
    units = None
    if given is None:
        seen = seen_rows(config, seed)
    else:
        units = Units.of_rows(config, given)
        seen = units.seen(given[None])[0]
    rows = torch.as_tensor(seen).to(device, dtype)
    updates = Updates(config, net_D, net_G)
    average = updates.average

    history = History(
        *(config, "pytorch", str(device), [seed], _layers(average.generator), on_epoch, units)
    )

    def discriminator() -> list[Layer]:
        return _layers([part for m in linears(net_D) for part in (m.weight, m.bias)])

    examples = np.array([config.n_examples, schedule.generator_examples(config)])
    for epoch in history.epochs():
        order = torch.as_tensor(draws.epoch_order(seed, epoch, config.n_examples)).to(device)
        noise = draws.latent_noise(seed, epoch, config.n_examples, config.latent_size)
        batches = zip(
            rows[order].split(config.batch_size),
            torch.as_tensor(noise).to(device, dtype).split(config.batch_size),
            strict=True,
        )
        total = torch.zeros(2, dtype=torch.float64, device=device)
        for number, (X, Z) in enumerate(batches, epoch * config.steps_per_epoch):
            loss_D, loss_G = updates.step(number, X, Z)
            total[0] += loss_D
            total[1] += loss_G
        losses = (total.cpu().numpy() / examples)[:, None]
        history.end(losses, _layers(average.generator), discriminator)
    averaging = None
    if average.kept:
        *hidden, last = _layers(average.last)
        mean, covariance = (_to_numpy(moment)[None] for moment in average.moments)
        averaging = Averaging(last, mean, covariance, hidden)
    return history.trained(discriminator(), _adam_state(updates), averaging)


def _adam_state(updates: Updates) -> AdamState | None:
    if updates.config.optimizer == "sgd":
        return None
    found = []
    for name in ("exp_avg", "exp_avg_sq"):
        found.append(_layers([*updates.G.moments(name), *updates.D.moments(name)]))
    return AdamState(*found)


def _layers(parts: Sequence[Tensor]) -> list[Layer]:
    """Layers of weights and biases, which take turns."""
    return [_layer(w, b) for w, b in zip(parts[::2], parts[1::2], strict=True)]


def _layer(weight: Tensor, bias: Tensor) -> Layer:
    """A layer of one replicate, from torch's (outputs, inputs) to (1, inputs, outputs)."""
    return Layer(_to_numpy(weight).T[None], _to_numpy(bias)[None])


_ACTIVATIONS: dict[str, Callable[[], nn.Module]] = {
    "tanh": nn.Tanh,
    "relu": nn.ReLU,
    "leaky_relu": lambda: nn.LeakyReLU(LEAKY_SLOPE),
}


def _net(layers: Sequence[Layer], activation: str = "tanh") -> nn.Sequential:
    """Linear layers with these values, an activation between them."""
    modules: list[nn.Module] = []
    for weight, bias in layers:
        # Without skip_init the layer would fill itself from PyTorch's global generator.
        linear = nn.utils.skip_init(nn.Linear, *weight.shape, dtype=torch.float64)
        state = {"weight": torch.as_tensor(weight.T), "bias": torch.as_tensor(bias)}
        linear.load_state_dict(state)
        modules += [linear, _ACTIVATIONS[activation]()]
    return nn.Sequential(*modules[:-1])


def _to_numpy(parameter: Any) -> np.ndarray:
    # A copy: `.numpy()` of a CPU tensor is a view of weights that go on changing.
    return np.array(parameter.detach().cpu().numpy(), dtype=np.float64)
