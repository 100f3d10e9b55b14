"""The updates of one replicate in JAX: nets, losses with their penalties, optax's optimizers, the
generator's average; an epoch of them is a ``scan``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import numpy as np
import optax
from jax import Array, lax, nn
from jax import numpy as jnp

from gan_eval.distributions.pushforward.network import LEAKY_SLOPE
from gan_eval.training.config import TrainingConfig
from gan_eval.training.draws import Layer

_SMALL = 256  # weights of a layer up to which a product is a fused loop, not a matrix product


class State(NamedTuple):
    """Both nets and their optimizers; every array has the replicate as leading axis."""

    G: list[Layer]
    D: list[Layer]
    adam_G: Any
    adam_D: Any
    average: tuple[list[Layer], Array] | None = None
    """The generator's average and that of its covariance, where they are asked for."""


class Numbers(NamedTuple):
    """The numbers of a batch, or of all batches of an epoch, the same for every replicate."""

    rate: Array
    """The factor of both learning rates."""
    with_G: Array
    """True where G is updated."""
    weight: Array
    """The weight of the generator in its average."""


# Written out, because JAX's own leaky relu has slope 1 at 0, where those of the others have 0.2.
_ACTIVATIONS: dict[str, Callable[[Array], Array]] = {
    "tanh": jnp.tanh,
    "relu": nn.relu,
    "leaky_relu": lambda x: jnp.where(x > 0, x, LEAKY_SLOPE * x),
}


def linear(x: Array, layer: Layer) -> Array:
    """x (n, inputs) to (n, outputs)."""
    if layer.weight.size <= _SMALL:
        return (x[:, :, None] * layer.weight).sum(axis=1) + layer.bias
    return x @ layer.weight + layer.bias


def net_G(G: list[Layer], Z: Array, activation: str) -> Array:
    for layer in G[:-1]:
        Z = _ACTIVATIONS[activation](linear(Z, layer))
    return linear(Z, G[-1])


def net_D(D: list[Layer], X: Array, quadratic: bool = False) -> Array:
    if quadratic:
        i, j = np.triu_indices(X.shape[1])
        products = X[:, i] * X[:, j]
        X = jnp.concatenate([X, jnp.where(i == j, (products - 1) / np.sqrt(2), products)], axis=1)
    for layer in D[:-1]:
        X = jnp.tanh(linear(X, layer))
    return linear(X, D[-1])


def loss_D(config: TrainingConfig, D: list[Layer], X: Array, fake_X: Array) -> Array:
    """The loss of D, summed over the batch. Binary cross-entropy on logits: −ln σ(x) =
    softplus(−x)."""
    quadratic = config.discriminator_form == "quadratic"
    real, fake = net_D(D, X, quadratic), net_D(D, fake_X, quadratic)
    match config.loss:
        case "hinge":
            return (nn.relu(1 - real).sum() + nn.relu(1 + fake).sum()) / 2
        case "least_squares":
            return (((real - 1) ** 2).sum() + (fake**2).sum()) / 2
        case "relativistic":
            return nn.softplus(fake - real).sum()
    return (nn.softplus(-real).sum() + nn.softplus(fake).sum()) / 2


def penalized_D(
    config: TrainingConfig, D: list[Layer], X: Array, fake_X: Array
) -> tuple[Array, Array]:
    """The loss of D with the gradient penalties, and without."""
    loss = loss_D(config, D, X, fake_X)

    def squared_slope(rows: Array) -> Array:
        quadratic = config.discriminator_form == "quadratic"
        return (jax.grad(lambda x: net_D(D, x, quadratic).sum())(rows) ** 2).sum()

    penalized = loss
    for rows, gamma in ((X, config.r1), (fake_X, config.r2)):
        if gamma:
            penalized = penalized + gamma / 4 * squared_slope(rows)
    return penalized, loss


def loss_G(config: TrainingConfig, G: list[Layer], D: list[Layer], X: Array, Z: Array) -> Array:
    quadratic = config.discriminator_form == "quadratic"
    fake_Y = net_D(D, net_G(G, Z, config.generator_activation), quadratic)
    match config.loss:
        case "hinge":
            return -fake_Y.sum()
        case "least_squares":
            return ((fake_Y - 1) ** 2).sum() / 2
        case "relativistic":
            return nn.softplus(net_D(D, X, quadratic) - fake_Y).sum()
    if config.generator_loss == "saturating":
        return -nn.softplus(fake_Y).sum()
    return nn.softplus(-fake_Y).sum()


class Optimizer(NamedTuple):
    """An optimizer of optax for one net, anew at each step."""

    config: TrainingConfig
    rate: float
    betas: tuple[float, float]

    @classmethod
    def of_D(cls, config: TrainingConfig) -> Optimizer:
        return cls(config, config.learning_rate_D, config.betas_D)

    @classmethod
    def of_G(cls, config: TrainingConfig) -> Optimizer:
        return cls(config, config.learning_rate_G, config.betas_G)

    def at(self, factor: Array | float = 1.0, steps: Array | int = 0) -> Any:
        """Make the optimizer for the step after so many, its rate times a factor.

        In the ε-hat form (Kingma & Ba 2015, end of section 2) ε stands beside √v before the bias
        correction: optax's form with ε / √(1 − β₂ᵗ) at step t."""
        config, (beta_1, beta_2) = self.config, self.betas
        rate = self.rate
        if config.learning_rate_schedule != "constant":
            rate = rate * factor
        if config.optimizer == "sgd":
            return optax.sgd(rate)
        epsilon = config.adam_epsilon
        if config.dialect != "pytorch":
            epsilon = epsilon / jnp.sqrt(1 - beta_2 ** (steps + 1))
        make = optax.optimistic_adam_v2 if config.optimizer == "optimistic_adam" else optax.adam
        return make(rate, b1=beta_1, b2=beta_2, eps=epsilon, nesterov=False)

    def move(self, net: Any, gradient: Any, moments: Any, factor: Array) -> tuple[Any, Any]:
        """Return the net and the optimizer's state after a step by a gradient."""
        steps = 0 if self.config.optimizer == "sgd" else moments[0].count
        change, moments = self.at(factor, steps).update(gradient, moments)
        return optax.apply_updates(net, change), moments


def start(config: TrainingConfig, G: list[Layer], D: list[Layer]) -> State:
    """The state before the first step. What an average starts from has no weight in it."""
    adam_G, adam_D = Optimizer.of_G(config).at(), Optimizer.of_D(config).at()
    average = (G, jnp.zeros_like(covariance(G)))
    averaged = config.generator_average != "none"
    return State(G, D, adam_G.init(G), adam_D.init(D), average if averaged else None)


def covariance(G: list[Layer]) -> Array:
    """The covariance (d, d) that a generator has learned; NaN of one with hidden layers."""
    weight = jnp.asarray(G[-1].weight)
    found = weight.T @ weight
    return jnp.full_like(found, jnp.nan) if len(G) > 1 else found


def average(
    config: TrainingConfig, state: State, losses: Array, numbers: Numbers
) -> tuple[State, Array]:
    """Take the generator of now into its average."""
    if state.average is None:
        return state, losses
    now = (state.G, covariance(state.G))
    mean = jax.tree.map(lambda a, x: a + numbers.weight * (x - a), state.average, now)
    return state._replace(average=mean), losses


def update(
    config: TrainingConfig, state: State, X: Array, Z: Array, numbers: Numbers
) -> tuple[State, Array]:
    """D first, then G on the same Z with the new D; both losses are sums over the batch."""
    if config.optimizer == "extra_adam":
        return average(config, *extrapolated_update(config, state, X, Z, numbers), numbers)
    gradient, of_D = gradient_D(config, state, X, Z)
    D, adam_D = Optimizer.of_D(config).move(state.D, gradient, state.adam_D, numbers.rate)
    state = state._replace(D=D, adam_D=adam_D)

    def with_G(state: State) -> tuple[State, Array]:
        gradient, of_G = gradient_G(config, state, X, Z)
        G, adam_G = Optimizer.of_G(config).move(state.G, gradient, state.adam_G, numbers.rate)
        state = state._replace(G=G, adam_G=adam_G)
        return average(config, state, jnp.stack([of_D, of_G]), numbers)

    def without(state: State) -> tuple[State, Array]:
        return state, jnp.stack([of_D, jnp.zeros_like(of_D)])

    if config.discriminator_steps == 1:
        return with_G(state)
    return lax.cond(numbers.with_G, with_G, without, state)


def extrapolated_update(
    config: TrainingConfig, state: State, X: Array, Z: Array, numbers: Numbers
) -> tuple[State, Array]:
    """Both nets at once, from where they are by the gradients at where a step would lead (Gidel et
    al. 2019, algorithm 4)."""
    ahead, losses = state, jnp.zeros(2)
    for half in range(2):
        by_D, of_D = gradient_D(config, ahead, X, Z)
        by_G, of_G = gradient_G(config, ahead, X, Z)
        losses = losses if half else jnp.stack([of_D, of_G])
        D, adam_D = Optimizer.of_D(config).move(state.D, by_D, ahead.adam_D, numbers.rate)
        G, adam_G = Optimizer.of_G(config).move(state.G, by_G, ahead.adam_G, numbers.rate)
        ahead = State(G, D, adam_G, adam_D, state.average)
    return ahead, losses


def gradient_D(config: TrainingConfig, state: State, X: Array, Z: Array) -> tuple[Any, Array]:
    fake_X = net_G(state.G, Z, config.generator_activation)
    penalized = jax.value_and_grad(lambda D: penalized_D(config, D, X, fake_X), has_aux=True)
    (_, loss), gradient = penalized(state.D)
    if config.loss == "relativistic":
        # It cancels in D(x) − D(G(z)), and of its rounding Adam would make steps.
        last = gradient[-1]
        gradient[-1] = last._replace(bias=jnp.zeros_like(last.bias))
    return jax.tree.map(lambda g: _scale(config, X) * g, gradient), loss


def gradient_G(config: TrainingConfig, state: State, X: Array, Z: Array) -> tuple[Any, Array]:
    loss, gradient = jax.value_and_grad(lambda G: loss_G(config, G, state.D, X, Z))(state.G)
    return jax.tree.map(lambda g: _scale(config, X) * g, gradient), loss


def _scale(config: TrainingConfig, X: Array) -> float:
    return 1 / len(X) if config.dialect == "mxnet" else 1.0


def train_epoch(
    config: TrainingConfig, state: State, rows: Array, order: Array, noise: Array, numbers: Numbers
) -> tuple[State, Array]:
    """All batches of an epoch; the losses have shape (steps, 2)."""
    X = rows[order]
    # A scan wants equal shapes, so a smaller last batch is a step of its own.
    size = config.batch_size
    full = len(X) // size * size
    Xs, Zs = (part[:full].reshape(-1, size, part.shape[1]) for part in (X, noise))
    of_full = jax.tree.map(lambda part: part[: len(X) // size], numbers)
    state, losses = lax.scan(
        lambda state, batch: update(config, state, *batch), state, (Xs, Zs, of_full)
    )
    if full < len(X):
        of_last = jax.tree.map(lambda part: part[-1], numbers)
        state, last = update(config, state, X[full:], noise[full:], of_last)
        losses = jnp.concatenate([losses, last[None]])
    return state, losses
