"""Many replicates side by side in PyTorch: one step of all of them is a few batched products.

The gradients are written out, because that takes a third of the operations of autograd, and at
this size an operation costs the same whatever it does.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import logsigmoid

from gan_eval.training import draws, schedule
from gan_eval.training.backends.pytorch_net import Net, to_numpy
from gan_eval.training.config import TrainingConfig
from gan_eval.training.draws import Layer
from gan_eval.training.history import History
from gan_eval.training.trained import AdamState, Averaging, OnEpoch, TrainedGANs, initial_layers
from gan_eval.training.units import seen_rows


class Game:
    """The two nets of R replicates and their step."""

    def __init__(self, config: TrainingConfig, seeds: Sequence[int], where: torch.device) -> None:
        dtype = torch.float32 if config.dtype == "float32" else torch.float64
        starts = [initial_layers(config, seed) for seed in seeds]
        quadratic = config.dimension if config.discriminator_form == "quadratic" else 0
        self.config = config
        generators = [generator for generator, _ in starts]
        self.G = Net(generators, where, dtype, activation=config.generator_activation)
        self.D = Net([discriminator for _, discriminator in starts], where, dtype, quadratic)
        self.losses = torch.zeros(2, len(seeds), dtype=torch.float64, device=where)
        self.average, self.covariance = self.G.parameters.clone(), self._covariance()

    @property
    def state(self) -> list[Tensor]:
        """Everything that a step changes."""
        nets = [
            part for n in (self.G, self.D) for part in (n.parameters, n.first, n.second, n.previous)
        ]
        return [self.losses, self.average, self.covariance, *nets]

    def step(self, X: Tensor, Z: Tensor, numbers: Tensor, with_G: bool) -> None:
        """D first, then G on the same Z with the new D; losses are added up.

        ``numbers`` are those of ``step_numbers`` for this batch.
        """
        generated, latents = self.G.forward(Z)
        if self.config.optimizer == "extra_adam":
            self._extrapolated_step(X, Z, numbers)
        else:
            gradient, losses = self._gradient_D(X, generated)
            self.losses[0] += losses
            self._move(self.D, gradient, X.shape[1], numbers[0, 0])
            if with_G:
                gradient, losses = self._gradient_G(X, generated, latents)
                self.losses[1] += losses
                self._move(self.G, gradient, X.shape[1], numbers[1, 0])
        if with_G and self.config.generator_average != "none":
            weight = numbers[1, 0, 4]
            self.average += weight * (self.G.parameters - self.average)
            self.covariance += weight * (self._covariance() - self.covariance)

    def _extrapolated_step(self, X: Tensor, Z: Tensor, numbers: Tensor) -> None:
        """Both nets at once, from where they are by the gradients at where a step would lead
        (Gidel et al. 2019, algorithm 4)."""
        before = self.D.parameters.clone(), self.G.parameters.clone()
        for half in range(2):
            generated, latents = self.G.forward(Z)
            of_D, losses_D = self._gradient_D(X, generated)
            of_G, losses_G = self._gradient_G(X, generated, latents)
            if half == 0:
                self.losses += torch.stack([losses_D, losses_G])
            moved = (self.D, of_D, before[0]), (self.G, of_G, before[1])
            for position, (net, gradient, start) in enumerate(moved):
                net.parameters.copy_(start)
                self._move(net, gradient, X.shape[1], numbers[position, half])

    def _gradient_D(self, X: Tensor, generated: Tensor) -> tuple[Tensor, Tensor]:
        """The gradient (R, P) of D's loss and penalties, and the loss (R,)."""
        config, n = self.config, X.shape[1]
        logits, inputs = self.D.forward(torch.cat([X, generated], 1))
        real, fake = logits[:, :n], logits[:, n:]
        if config.loss == "cross_entropy":
            losses = -(logsigmoid(real) + logsigmoid(-fake)) / 2
            slopes = torch.cat([-torch.sigmoid(-real), torch.sigmoid(fake)], 1) / 2
        elif config.loss == "hinge":
            losses = ((1 - real).relu() + (1 + fake).relu()) / 2
            slopes = torch.cat([-(real < 1).to(X.dtype), (fake > -1).to(X.dtype)], 1) / 2
        elif config.loss == "least_squares":
            losses = ((real - 1) ** 2 + fake**2) / 2
            slopes = torch.cat([real - 1, fake], 1)
        else:
            losses = -logsigmoid(real - fake)
            slope = torch.sigmoid(fake - real)
            slopes = torch.cat([-slope, slope], 1)
        gradient = self.D.backward(inputs, slopes)
        if config.r1 or config.r2:
            half = torch.tensor([config.r1, config.r2], dtype=X.dtype, device=X.device) / 2
            gradient = gradient + self.D.penalty(inputs, half.repeat_interleave(n)[:, None])
        if config.loss == "relativistic":
            gradient[:, -1] = 0  # the last bias cancels in D(x) − D(g): leave no rounding of it
        return gradient, losses.sum((1, 2))

    def _gradient_G(
        self, X: Tensor, generated: Tensor, latents: list[Tensor]
    ) -> tuple[Tensor, Tensor]:
        """The gradient (R, P) of G's loss, and the loss (R,)."""
        fake, inputs = self.D.forward(generated)
        if self.config.loss == "hinge":
            losses, slopes = -fake, -torch.ones_like(fake)
        elif self.config.loss == "least_squares":
            losses, slopes = (fake - 1) ** 2 / 2, fake - 1
        elif self.config.loss == "relativistic":
            real, _ = self.D.forward(X)
            losses, slopes = -logsigmoid(fake - real), -torch.sigmoid(real - fake)
        elif self.config.generator_loss == "saturating":
            losses, slopes = logsigmoid(-fake), -torch.sigmoid(fake)
        else:
            losses, slopes = -logsigmoid(fake), -torch.sigmoid(-fake)
        at_rows = self.D.backward_to_input(inputs, slopes)
        return self.G.backward(latents, at_rows), losses.sum((1, 2))

    def _covariance(self) -> Tensor:
        """The covariances (R, d, d) that the generators have learned, in their units; NaN where
        those have hidden layers."""
        *hidden, (weight, _) = self.G.views
        found = weight.mT @ weight
        return torch.full_like(found, torch.nan) if hidden else found

    def _move(self, net: Net, gradient: Tensor, n: int, numbers: Tensor) -> None:
        config = self.config
        if config.dialect == "mxnet":
            gradient = gradient / n
        factor, epsilon, rate, optimism, _ = numbers
        if config.optimizer == "sgd":
            net.parameters -= rate * gradient
            return
        beta_1, beta_2 = config.betas_D if net is self.D else config.betas_G
        net.first.lerp_(gradient, 1 - beta_1)
        net.second.mul_(beta_2)
        net.second.addcmul_(gradient, gradient, value=1 - beta_2)
        change = factor * net.first / (net.second.sqrt() + epsilon)
        if config.optimizer == "optimistic_adam":
            ahead = change + optimism * (change - net.previous)
            net.previous.copy_(change)
            change = rate * ahead
        net.parameters -= change


def step_numbers(config: TrainingConfig, batches: np.ndarray) -> np.ndarray:
    """Compute the numbers of batches, shape (batches, 2, 2, 5): of D and of G, for the one step or
    for that which looks ahead and the step.

    They are the factor of the first moment, with the learning rate in it but for the optimistic
    Adam; ε as it stands beside √v before the bias correction; the rate; whether there is a step
    before; and the weight of the generator in its average.
    """
    rates = schedule.rate_factors(config, batches)
    of_G = np.maximum(schedule.generator_steps(config, batches), 1)
    numbers = np.zeros((rates.size, 2, 2, 5))
    halves = 2 if config.optimizer == "extra_adam" else 1
    nets = (
        (batches + 1, config.learning_rate_D, config.betas_D),
        (of_G, config.learning_rate_G, config.betas_G),
    )
    for net, (steps, rate, (beta_1, beta_2)) in enumerate(nets):
        for half in range(halves):
            t = halves * (steps - 1) + half + 1
            scale = np.sqrt(1 - beta_2**t)
            own = np.ones_like(rates) if config.optimizer == "optimistic_adam" else rate * rates
            numbers[:, net, half, 0] = own * (scale / (1 - beta_1**t))
            epsilon = scale if config.dialect == "pytorch" else np.ones(t.size)
            numbers[:, net, half, 1] = config.adam_epsilon * epsilon
            numbers[:, net, half, 2] = rate * rates
            numbers[:, net, half, 3] = steps > 1
    numbers[:, 1, 0, 4] = schedule.average_weights(config, of_G)
    return numbers


def train(
    name: str,
    config: TrainingConfig,
    seeds: Sequence[int],
    device: str,
    on_epoch: OnEpoch | None,
    graph: bool,
) -> TrainedGANs:
    """Train all seeds side by side, each step as one CUDA graph if so asked."""
    where = torch.device(device)
    game = Game(config, seeds, where)
    dtype = game.G.parameters.dtype
    rows = np.stack([seen_rows(config, seed) for seed in seeds])
    step = Graphs(game) if graph else game.step
    examples = np.array([[config.n_examples], [schedule.generator_examples(config)]])
    history = History(config, name, device, seeds, _generator(game), on_epoch)
    for epoch in history.epochs():
        X, Z = (
            torch.as_tensor(part).to(where, dtype) for part in _draws(config, seeds, epoch, rows)
        )
        game.losses.zero_()
        batches = schedule.batches_of(config, epoch)
        numbers = torch.as_tensor(step_numbers(config, batches)).to(where)
        with_G = schedule.generator_steps(config, batches) > 0
        parts = zip(X.split(config.batch_size, 1), Z.split(config.batch_size, 1), strict=True)
        for position, (batch, latent) in enumerate(parts):
            step(batch, latent, numbers[position], bool(with_G[position]))
        history.end(
            to_numpy(game.losses) / examples,
            _generator(game),
            lambda: game.D.layers(game.D.parameters),
        )
    adam = AdamState(
        *(
            [*game.G.layers(of_G), *game.D.layers(of_D)]
            for of_G, of_D in ((game.G.first, game.D.first), (game.G.second, game.D.second))
        )
    )
    averaging = None
    if config.generator_average != "none":
        *hidden, last = game.G.layers(game.G.parameters)
        mean = _generator(game)[-1].bias
        mean = np.full_like(mean, np.nan) if hidden else mean
        averaging = Averaging(last, mean, to_numpy(game.covariance), hidden)
    return history.trained(
        game.D.layers(game.D.parameters),
        None if config.optimizer == "sgd" else adam,
        averaging,
    )


class Graphs:
    """A game's step as CUDA graphs, one for each number of rows in a batch.

    A step is some eighty kernels that each take less time than their launch; a graph launches
    them together.
    """

    def __init__(self, game: Game) -> None:
        self.game = game
        self._captured: dict[
            tuple[int, bool], tuple[torch.cuda.CUDAGraph, tuple[Tensor, Tensor, Tensor]]
        ] = {}

    def __call__(self, X: Tensor, Z: Tensor, numbers: Tensor, with_G: bool) -> None:
        kind = X.shape[1], with_G
        if kind not in self._captured:
            self._captured[kind] = self._capture(X, Z, numbers, with_G)
        graph, inputs = self._captured[kind]
        for place, value in zip(inputs, (X, Z, numbers), strict=True):
            place.copy_(value)
        graph.replay()

    def _capture(
        self, X: Tensor, Z: Tensor, numbers: Tensor, with_G: bool
    ) -> tuple[torch.cuda.CUDAGraph, tuple[Tensor, Tensor, Tensor]]:
        inputs = X.clone(), Z.clone(), numbers.clone()
        game = self.game
        before = [part.clone() for part in game.state]
        # Libraries allocate what they need on a first call, which must not be captured.
        stream = torch.cuda.Stream(X.device)
        stream.wait_stream(torch.cuda.current_stream(X.device))
        with torch.cuda.stream(stream):
            game.step(*inputs, with_G)
        torch.cuda.current_stream(X.device).wait_stream(stream)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            game.step(*inputs, with_G)
        for part, value in zip(game.state, before, strict=True):
            part.copy_(value)
        return graph, inputs


def _draws(
    config: TrainingConfig, seeds: Sequence[int], epoch: int, rows: np.ndarray
) -> Iterator[np.ndarray]:
    """The rows of an epoch in its order, and its latent noise, (R, n_examples, …) each."""
    orders = [draws.epoch_order(seed, epoch, config.n_examples) for seed in seeds]
    yield np.stack([own[order] for own, order in zip(rows, orders, strict=True)])
    yield np.stack(
        [draws.latent_noise(seed, epoch, config.n_examples, config.latent_size) for seed in seeds]
    )


def _generator(game: Game) -> list[Layer]:
    """The generators that are reported: averaged, or as they are."""
    averaged = game.config.generator_average != "none"
    return game.G.layers(game.average if averaged else game.G.parameters)
