"""The two updates of the PyTorch loop: losses, penalties, optimizers, the generator's average."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits, relu, softplus

from gan_eval.training import schedule
from gan_eval.training.config import TrainingConfig


class Features(nn.Module):
    """The quadratic discriminator's features of rows, as ``gan_eval.training.units.features``."""

    def forward(self, x: Tensor) -> Tensor:
        """Rows (n, d) to (n, d + d(d + 1)/2)."""
        i, j = torch.triu_indices(x.shape[1], x.shape[1], device=x.device)
        products = x[:, i] * x[:, j]
        return torch.cat([x, torch.where(i == j, (products - 1) / 2**0.5, products)], dim=1)


class Updates:
    """The chapter's two updates, with their losses and optimizers.

    Losses are summed over a batch, in nats, and without the gradient penalties.
    """

    def __init__(self, config: TrainingConfig, net_D: nn.Sequential, net_G: nn.Sequential) -> None:
        self.config, self.net_D, self.net_G = config, net_D, net_G
        self.D = Optimizer(config, net_D, config.learning_rate_D, config.betas_D)
        self.G = Optimizer(config, net_G, config.learning_rate_G, config.betas_G)
        self.rates = schedule.rate_factors(config)
        self.of_G = schedule.generator_steps(config)
        self.average = GeneratorAverage(config, net_G)

    def step(self, number: int, X: Tensor, Z: Tensor) -> tuple[Tensor, Tensor]:
        """Do batch ``number``: D's update, then G's on the same Z. Returns both losses."""
        rate = float(self.rates[number])
        if self.config.optimizer == "extra_adam":
            # From the extrapolated nets, both move from where they were before.
            losses = self.gradient_D(X, Z), self.gradient_G(X, Z)
            before = self.D.look_ahead(rate), self.G.look_ahead(rate)
            self.gradient_D(X, Z)
            self.gradient_G(X, Z)
            self.D.move_from(before[0], rate)
            self.G.move_from(before[1], rate)
        else:
            loss_D = self.gradient_D(X, Z)
            self.D.step(rate)
            if not self.of_G[number]:
                return loss_D, torch.zeros_like(loss_D)
            losses = loss_D, self.gradient_G(X, Z)
            self.G.step(rate)
        self.average.add(int(self.of_G[number]))
        return losses

    def gradient_D(self, X: Tensor, Z: Tensor) -> Tensor:
        """Set the gradient of the discriminator; returns its loss."""
        # The generator gets no gradient here, so it is detached.
        generated = self.net_G(Z).detach()
        loss_D = penalized = self._loss_D(self.net_D(X), self.net_D(generated))
        for rows, gamma in ((X, self.config.r1), (generated, self.config.r2)):
            if gamma:
                penalized = penalized + gamma / 4 * self._squared_slope(rows)
        self._differentiate(penalized, self.D, len(X))
        return loss_D.detach()

    def gradient_G(self, X: Tensor, Z: Tensor) -> Tensor:
        """Set the gradient of the generator; returns its loss."""
        loss_G = self._loss_G(X, self.net_D(self.net_G(Z)))
        self._differentiate(loss_G, self.G, len(Z))
        return loss_G.detach()

    def _loss_D(self, real_Y: Tensor, fake_Y: Tensor) -> Tensor:
        match self.config.loss:
            case "hinge":
                return (relu(1 - real_Y) + relu(1 + fake_Y)).sum() / 2
            case "least_squares":
                return ((real_Y - 1) ** 2 + fake_Y**2).sum() / 2
            case "relativistic":
                return softplus(fake_Y - real_Y).sum()
        return (_cross_entropy(real_Y, 1.0) + _cross_entropy(fake_Y, 0.0)) / 2

    def _loss_G(self, X: Tensor, fake_Y: Tensor) -> Tensor:
        match self.config.loss:
            case "hinge":
                return -fake_Y.sum()
            case "least_squares":
                return ((fake_Y - 1) ** 2).sum() / 2
            case "relativistic":
                return softplus(self.net_D(X).detach() - fake_Y).sum()
        if self.config.generator_loss == "saturating":
            return -_cross_entropy(fake_Y, 0.0)
        return _cross_entropy(fake_Y, 1.0)

    def _squared_slope(self, rows: Tensor) -> Tensor:
        """Sum |∇D|² over rows, as a function of D's parameters."""
        rows = rows.clone().requires_grad_()
        (slope,) = torch.autograd.grad(self.net_D(rows).sum(), rows, create_graph=True)
        return (slope**2).sum()

    def _differentiate(self, loss: Tensor, of: Optimizer, batch_size: int) -> None:
        """Set the gradient; of a batch's mean in MXNet's dialect, of its sum in the others."""
        if self.config.dialect == "mxnet":
            loss = loss / batch_size
        gradients = torch.autograd.grad(loss, of.parameters)
        for parameter, gradient in zip(of.parameters, gradients, strict=True):
            parameter.grad = gradient


def _cross_entropy(logits: Tensor, label: float) -> Tensor:
    labels = torch.full_like(logits, label)
    return binary_cross_entropy_with_logits(logits, labels, reduction="sum")


class Optimizer:
    """An optimizer of one net: ``torch.optim.Adam``, or one that is made of its directions.

    Adam's direction m̂/(√v̂ + ε) is read off a step of rate 1 from 0.
    """

    def __init__(
        self, config: TrainingConfig, net: nn.Module, rate: float, betas: tuple[float, float]
    ) -> None:
        self.config, self.rate, self.steps = config, rate, 0
        self.parameters = list(net.parameters())
        own = config.optimizer == "adam"
        self.moved = self.parameters if own else [torch.zeros_like(p) for p in self.parameters]
        self.adam = torch.optim.Adam(self.moved, lr=rate, betas=betas, eps=config.adam_epsilon)
        self.before: list[Tensor] = []

    @torch.no_grad()
    def step(self, factor: float) -> None:
        """Move the parameters, with the rate times a factor."""
        if self.config.optimizer == "adam":
            self._adam_step(self.rate * factor)
            return
        if self.config.optimizer == "sgd":
            self._move(self.parameters, [p.grad for p in self.parameters], factor)
            return
        # Optimistic: twice the direction of now, less that of the step before (Daskalakis et al.
        # 2018, algorithm 1); the first step has none before and is plain, as in optax.
        directions = self._directions()
        before = self.before or directions
        self.before = directions
        ahead = [2 * now - then for now, then in zip(directions, before, strict=True)]
        self._move(self.parameters, ahead, factor)

    @torch.no_grad()
    def look_ahead(self, factor: float) -> list[Tensor]:
        """Extrapolate: move the parameters, and return them as they were."""
        before = [p.detach().clone() for p in self.parameters]
        self._move(before, self._directions(), factor)
        return before

    @torch.no_grad()
    def move_from(self, before: Sequence[Tensor], factor: float) -> None:
        """Move by the gradient of now from the parameters as they were."""
        self._move(before, self._directions(), factor)

    def moments(self, name: str) -> list[Tensor]:
        """Adam's ``exp_avg`` or ``exp_avg_sq`` of each parameter, in their order."""
        return [self.adam.state[p][name] for p in self.moved]

    def _move(self, start: Sequence[Tensor], by: Sequence[Tensor | None], factor: float) -> None:
        for parameter, value, direction in zip(self.parameters, start, by, strict=True):
            assert direction is not None
            parameter.copy_(value - self.rate * factor * direction)

    def _directions(self) -> list[Tensor]:
        for place, parameter in zip(self.moved, self.parameters, strict=True):
            place.zero_()
            place.grad = parameter.grad
        self._adam_step(1.0)
        return [-place for place in self.moved]

    def _adam_step(self, rate: float) -> None:
        """In the ε-hat form (Kingma & Ba 2015, end of section 2) ε stands beside √v before the bias
        correction, which is PyTorch's form with ε / √(1 − β₂ᵗ) at step t."""
        self.steps += 1
        for group in self.adam.param_groups:
            group["lr"] = rate
            if self.config.dialect != "pytorch":
                decay = group["betas"][1]
                group["eps"] = self.config.adam_epsilon / (1 - decay**self.steps) ** 0.5
        self.adam.step()


class GeneratorAverage:
    """An average of the generator over its steps: of its layers, and of a linear one's learned
    covariance."""

    def __init__(self, config: TrainingConfig, net_G: nn.Sequential) -> None:
        self.layers = linears(net_G)
        self.weights = schedule.average_weights(config)
        self.kept = config.generator_average != "none"
        self.parts = [part.clone() for part in self._now()]

    @torch.no_grad()
    def add(self, step: int) -> None:
        """Take in the generator after its step 1, 2, …"""
        if self.kept:
            for part, now in zip(self.parts, self._now(), strict=True):
                part += float(self.weights[step - 1]) * (now - part)

    @property
    def last(self) -> list[Tensor]:
        """The weights (outputs, inputs) and biases of the generator as it is, in turn."""
        return [part.detach() for layer in self.layers for part in (layer.weight, layer.bias)]

    @property
    def generator(self) -> list[Tensor]:
        """Those that are reported: averaged, or the last."""
        return self.parts[: 2 * len(self.layers)] if self.kept else self.last

    @property
    def moments(self) -> tuple[Tensor, Tensor]:
        """The averages of the learned mean (d,) and covariance (d, d); NaN with hidden layers."""
        if len(self.layers) == 1:
            return self.parts[1], self.parts[2]
        bias = self.parts[-1]
        return torch.full_like(bias, torch.nan), torch.full_like(bias.outer(bias), torch.nan)

    def _now(self) -> list[Tensor]:
        last = self.last
        return last if len(self.layers) > 1 else [*last, last[0] @ last[0].T]


def linears(net: nn.Sequential) -> list[nn.Linear]:
    """List the linear layers of a net."""
    return [layer for layer in net if isinstance(layer, nn.Linear)]
