"""The chapter's PyTorch loop, honest and readable: one replicate, one step, one batch at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import ClassVar

import torch
from torch import Tensor, nn

from gan_eval.runtime import threads
from gan_eval.training import draws
from gan_eval.training.backends import pytorch_batched
from gan_eval.training.backends.registry import require_device
from gan_eval.training.config import TrainingConfig
from gan_eval.training.draws import Layer
from gan_eval.training.history import History
from gan_eval.training.trained import AdamState, OnEpoch, TrainedGANs, initial_layers, training_rows

# Replicates of a call that trains them side by side.
SIDE_BY_SIDE = 64


class PyTorchBackend:
    """The chapter's loop on CPU or CUDA, with ``torch.nn`` and ``torch.optim.Adam``.

    Its other forms train many replicates side by side (``pytorch_batched.py``): ``"batched"``, and
    ``"graphs"``, which launches a step of all of them as one CUDA graph.
    """

    forms: ClassVar[tuple[str, ...]] = ("batched", "graphs")

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


@contextmanager
def _threads(count: int) -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _train_one(
    config: TrainingConfig, seed: int, device: torch.device, on_epoch: OnEpoch | None
) -> TrainedGANs:
    dtype = getattr(torch, config.dtype)
    net_G, net_D = (_net(layers).to(device, dtype) for layers in initial_layers(config, seed))
    rows = torch.as_tensor(training_rows(config, seed)).to(device, dtype)
    updates = _Updates(config, net_D, net_G)
    layers = [m for net in (net_G, net_D) for m in net if isinstance(m, nn.Linear)]
    linear = layers[0]

    start = _layer(linear.weight, linear.bias)
    history = History(config, "pytorch", str(device), [seed], start, on_epoch)
    for epoch in history.epochs():
        order = torch.as_tensor(draws.epoch_order(seed, epoch, config.n_examples)).to(device)
        noise = draws.latent_noise(seed, epoch, config.n_examples, config.latent_size)
        parts = rows[order], torch.as_tensor(noise).to(device, dtype)
        total = torch.zeros(2, dtype=torch.float64, device=device)
        for X, Z in zip(*(part.split(config.batch_size) for part in parts), strict=True):
            total[0] += updates.update_D(X, Z)
            total[1] += updates.update_G(Z)
        losses = total.cpu().numpy()[:, None] / config.n_examples
        history.end(losses, _layer(linear.weight, linear.bias))
    state = updates.adam_G.state | updates.adam_D.state
    moments = [
        [_layer(state[m.weight][moment], state[m.bias][moment]) for m in layers]
        for moment in ("exp_avg", "exp_avg_sq")
    ]
    return history.trained([_layer(m.weight, m.bias) for m in layers[1:]], AdamState(*moments))


def _layer(weight: Tensor, bias: Tensor) -> Layer:
    """A layer of one replicate, from torch's (outputs, inputs) to (1, inputs, outputs)."""
    return Layer(pytorch_batched.to_numpy(weight).T[None], pytorch_batched.to_numpy(bias)[None])


class _Updates:
    """The chapter's two updates, with their losses and Adam optimizers."""

    def __init__(self, config: TrainingConfig, net_D: nn.Sequential, net_G: nn.Sequential) -> None:
        self.net_D, self.net_G = net_D, net_G
        self.saturating = config.generator_loss == "saturating"
        self.mean_gradient = config.dialect == "mxnet"
        self.loss = nn.BCEWithLogitsLoss(reduction="sum")
        self.adam_D = _adam(config, net_D, config.learning_rate_D)
        self.adam_G = _adam(config, net_G, config.learning_rate_G)
        self.step_D = _step(config, self.adam_D)
        self.step_G = _step(config, self.adam_G)

    def update_D(self, X: Tensor, Z: Tensor) -> Tensor:
        """One discriminator step; returns its loss summed over the batch, in nats."""
        real_Y = self.net_D(X)
        # The generator gets no gradient here, so it is detached.
        fake_Y = self.net_D(self.net_G(Z).detach())
        ones, zeros = torch.ones_like(real_Y), torch.zeros_like(fake_Y)
        loss_D = (self.loss(real_Y, ones) + self.loss(fake_Y, zeros)) / 2
        self.net_D.zero_grad()
        self._backward(loss_D, len(X))
        self.step_D()
        return loss_D.detach()

    def update_G(self, Z: Tensor) -> Tensor:
        """One generator step on the same Z; returns its loss summed over the batch, in nats."""
        fake_Y = self.net_D(self.net_G(Z))
        if self.saturating:
            loss_G = -self.loss(fake_Y, torch.zeros_like(fake_Y))
        else:
            loss_G = self.loss(fake_Y, torch.ones_like(fake_Y))
        self.net_G.zero_grad()
        self._backward(loss_G, len(Z))
        self.step_G()
        return loss_G.detach()

    def _backward(self, loss: Tensor, batch_size: int) -> None:
        (loss / batch_size if self.mean_gradient else loss).backward()


def _adam(config: TrainingConfig, net: nn.Module, learning_rate: float) -> torch.optim.Adam:
    return torch.optim.Adam(
        net.parameters(),
        lr=learning_rate,
        betas=(config.adam_beta1, config.adam_beta2),
        eps=config.adam_epsilon,
    )


def _step(config: TrainingConfig, optimizer: torch.optim.Adam) -> Callable[[], None]:
    """Adam's step. In the ε-hat form (Kingma & Ba 2015, end of section 2) ε stands beside √v
    before the bias correction, which is PyTorch's form with ε / √(1 − β₂ᵗ) at step t."""
    if config.dialect == "pytorch":
        return optimizer.step
    t = 0

    def step() -> None:
        nonlocal t
        t += 1
        for group in optimizer.param_groups:
            group["eps"] = config.adam_epsilon / (1 - config.adam_beta2**t) ** 0.5
        optimizer.step()

    return step


def _net(layers: Sequence[Layer]) -> nn.Sequential:
    """Linear layers with these values, tanh between them."""
    modules: list[nn.Module] = []
    for weight, bias in layers:
        # Without skip_init the layer would fill itself from PyTorch's global generator.
        linear = nn.utils.skip_init(nn.Linear, *weight.shape, dtype=torch.float64)
        state = {"weight": torch.as_tensor(weight.T), "bias": torch.as_tensor(bias)}
        linear.load_state_dict(state)
        modules += [linear, nn.Tanh()]
    return nn.Sequential(*modules[:-1])
