"""Many replicates side by side in PyTorch: one step of all of them is a few batched products.

The gradients are written out, because that takes a third of the operations of autograd, and at
this size an operation costs the same whatever it does.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import logsigmoid

from gan_eval.training import draws
from gan_eval.training.config import TrainingConfig
from gan_eval.training.draws import Layer
from gan_eval.training.history import History
from gan_eval.training.trained import AdamState, OnEpoch, TrainedGANs, initial_layers, training_rows

Step = Callable[[Tensor, Tensor, Tensor], None]
"""A batch X (R, n, d), its latent Z (R, n, latent), and Adam's two corrections (2,)."""


class Net:
    """R nets of linear layers with tanh between them, their parameters in one array (R, P)."""

    def __init__(self, layers: Sequence[Sequence[Layer]], where: torch.device, dtype: torch.dtype):
        stacked = [
            np.concatenate([part.reshape(-1) for layer in one for part in layer]) for one in layers
        ]
        self.sizes = [layers[0][0].weight.shape[0], *(layer.bias.size for layer in layers[0])]
        self.parameters = torch.as_tensor(np.stack(stacked)).to(where, dtype)
        self.first = torch.zeros_like(self.parameters)
        self.second = torch.zeros_like(self.parameters)
        self.views = self.split(self.parameters)

    def split(self, array: Tensor) -> list[tuple[Tensor, Tensor]]:
        """Weights (R, inputs, outputs) and biases (R, 1, outputs) of each layer, as views."""
        views, at = [], 0
        for inputs, outputs in pairwise(self.sizes):
            middle, end = at + inputs * outputs, at + (inputs + 1) * outputs
            weight = array[:, at:middle].unflatten(1, (inputs, outputs))
            views.append((weight, array[:, middle:end].unsqueeze(1)))
            at = end
        return views

    def forward(self, x: Tensor) -> tuple[Tensor, list[Tensor]]:
        """The outputs (R, n, last) and the input of every layer."""
        inputs = []
        for position, (weight, bias) in enumerate(self.views):
            inputs.append(x.tanh() if position else x)
            x = torch.baddbmm(bias, inputs[-1], weight)
        return x, inputs

    def backward(self, inputs: list[Tensor], gradient: Tensor) -> Tensor:
        """The gradient (R, P) of the parameters, given that of the outputs."""
        found = []
        for position in reversed(range(len(inputs))):
            weight_gradient = inputs[position].mT @ gradient
            found[:0] = [weight_gradient.flatten(1), gradient.sum(1)]
            if position:
                gradient = self.through(position, inputs[position], gradient)
        return torch.cat(found, 1)

    def backward_to_input(self, inputs: list[Tensor], gradient: Tensor) -> Tensor:
        """The gradient (R, n, first) of the input, given that of the outputs."""
        for position in reversed(range(1, len(inputs))):
            gradient = self.through(position, inputs[position], gradient)
        return gradient @ self.views[0][0].mT

    def through(self, position: int, activation: Tensor, gradient: Tensor) -> Tensor:
        """From the output of a layer to that of the layer below it, back through the tanh."""
        return gradient @ self.views[position][0].mT * (1 - activation * activation)

    def layers(self, array: Tensor) -> list[Layer]:
        """An array (R, P) such as the parameters as layers, NumPy float64."""
        return [Layer(to_numpy(weight), to_numpy(bias)[:, 0]) for weight, bias in self.split(array)]


class Game:
    """The two nets of R replicates and their step."""

    def __init__(self, config: TrainingConfig, seeds: Sequence[int], where: torch.device) -> None:
        starts = zip(*(initial_layers(config, seed) for seed in seeds), strict=True)
        self.config = config
        self.G, self.D = (Net(layers, where, getattr(torch, config.dtype)) for layers in starts)
        self.losses = torch.zeros(2, len(seeds), dtype=torch.float64, device=where)

    def step(self, X: Tensor, Z: Tensor, corrections: Tensor) -> None:
        """D first, then G on the same Z with the new D; losses are added up."""
        n = X.shape[1]
        generated, latents = self.G.forward(Z)
        logits, inputs = self.D.forward(torch.cat([X, generated], 1))
        real, fake = logits[:, :n], logits[:, n:]
        self.losses[0] -= (logsigmoid(real) + logsigmoid(-fake)).sum((1, 2)) / 2
        gradient = torch.cat([-torch.sigmoid(-real), torch.sigmoid(fake)], 1) / 2
        self._adam(self.D, self.D.backward(inputs, gradient), n, corrections[0])

        fake, inputs = self.D.forward(generated)
        if self.config.generator_loss == "saturating":
            self.losses[1] += logsigmoid(-fake).sum((1, 2))
            gradient = -torch.sigmoid(fake)
        else:
            self.losses[1] -= logsigmoid(fake).sum((1, 2))
            gradient = -torch.sigmoid(-fake)
        gradient = self.D.backward_to_input(inputs, gradient)
        self._adam(self.G, self.G.backward(latents, gradient), n, corrections[1])

    def _adam(self, net: Net, gradient: Tensor, n: int, correction: Tensor) -> None:
        config = self.config
        if config.dialect == "mxnet":
            gradient = gradient / n
        net.first.lerp_(gradient, 1 - config.adam_beta1)
        net.second.mul_(config.adam_beta2)
        net.second.addcmul_(gradient, gradient, value=1 - config.adam_beta2)
        net.parameters -= correction[0] * net.first / (net.second.sqrt() + correction[1])

    def corrections(self, first_step: int, steps: int) -> Tensor:
        """Adam's corrections of some steps, shape (steps, 2, 2): D's and G's factor of the first
        moment, and ε as it stands beside √v before the bias correction."""
        config = self.config
        t = np.arange(first_step + 1, first_step + steps + 1)
        scale = np.sqrt(1 - config.adam_beta2**t)
        rates = np.array([config.learning_rate_D, config.learning_rate_G])
        factors = rates * (scale / (1 - config.adam_beta1**t))[:, None]
        epsilon = config.adam_epsilon * (scale if config.dialect == "pytorch" else np.ones(steps))
        both = np.stack([factors, np.repeat(epsilon[:, None], 2, axis=1)], axis=2)
        return torch.as_tensor(both).to(self.losses.device)


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
    n, rows = config.n_examples, [training_rows(config, seed) for seed in seeds]
    step: Step = Graphs(game) if graph else game.step
    history = History(config, name, device, seeds, _generator(game), on_epoch)
    for epoch in history.epochs():
        orders = [draws.epoch_order(seed, epoch, n) for seed in seeds]
        noise = [draws.latent_noise(seed, epoch, n, config.latent_size) for seed in seeds]
        visited = [own[order] for own, order in zip(rows, orders, strict=True)]
        X, Z = (torch.as_tensor(np.stack(part)).to(where, dtype) for part in (visited, noise))
        corrections = game.corrections(epoch * config.steps_per_epoch, config.steps_per_epoch)
        game.losses.zero_()
        batches = (part.split(config.batch_size, 1) for part in (X, Z))
        for batch, latent, correction in zip(*batches, corrections, strict=True):
            step(batch, latent, correction)
        history.end(to_numpy(game.losses) / n, _generator(game))
    G, D = game.G, game.D
    pairs = (G.first, D.first), (G.second, D.second)
    moments = ([*G.layers(of_G), *D.layers(of_D)] for of_G, of_D in pairs)
    return history.trained(D.layers(D.parameters), AdamState(*moments))


class Graphs:
    """A game's step as CUDA graphs, one for each number of rows in a batch.

    A step is some eighty kernels that each take less time than their launch; a graph launches
    them together.
    """

    def __init__(self, game: Game) -> None:
        self.game = game
        self._captured: dict[int, tuple[torch.cuda.CUDAGraph, tuple[Tensor, Tensor, Tensor]]] = {}

    def __call__(self, X: Tensor, Z: Tensor, corrections: Tensor) -> None:
        if X.shape[1] not in self._captured:
            self._captured[X.shape[1]] = self._capture(X, Z, corrections)
        graph, inputs = self._captured[X.shape[1]]
        for place, value in zip(inputs, (X, Z, corrections), strict=True):
            place.copy_(value)
        graph.replay()

    def _capture(
        self, X: Tensor, Z: Tensor, corrections: Tensor
    ) -> tuple[torch.cuda.CUDAGraph, tuple[Tensor, Tensor, Tensor]]:
        inputs = X.clone(), Z.clone(), corrections.clone()
        game = self.game
        nets = (game.G, game.D)
        state = [game.losses, *(part for n in nets for part in (n.parameters, n.first, n.second))]
        before = [part.clone() for part in state]
        # Libraries allocate what they need on a first call, which must not be captured.
        stream = torch.cuda.Stream(X.device)
        stream.wait_stream(torch.cuda.current_stream(X.device))
        with torch.cuda.stream(stream):
            game.step(*inputs)
        torch.cuda.current_stream(X.device).wait_stream(stream)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            game.step(*inputs)
        for part, value in zip(state, before, strict=True):
            part.copy_(value)
        return graph, inputs


def _generator(game: Game) -> Layer:
    (layer,) = game.G.layers(game.G.parameters)
    return layer


def to_numpy(array: Tensor) -> np.ndarray:
    """Copy a tensor to NumPy float64: `.numpy()` of one on the CPU is a view of what changes."""
    return np.array(array.detach().cpu().numpy(), dtype=np.float64)
