"""The chapter in JAX: the replicates are a ``vmap``, an epoch is a ``scan``, optax has the Adam."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import lru_cache
from itertools import pairwise
from typing import Any, NamedTuple

import jax
import numpy as np
import optax
from jax import Array, lax, nn
from jax import numpy as jnp

from gan_eval.runtime import threads
from gan_eval.training import draws, schedule
from gan_eval.training.backends.registry import require_device
from gan_eval.training.config import TrainingConfig
from gan_eval.training.draws import Layer
from gan_eval.training.history import History
from gan_eval.training.trained import AdamState, Averaging, OnEpoch, TrainedGANs, initial_layers
from gan_eval.training.units import seen_rows

# Replicates in one compiled call. XLA chooses its loops by the shapes, and with them the order of
# sums, so a replicate has the same bits in any company only if the shapes never change: what is
# missing is filled up with copies of the first replicate. On the CPU the chapter's update was
# measured twice to five times as fast a replicate in 16 lanes as in 64.
_LANES = {"cpu": 16, "cuda": 256}
_LANE_VALUES = 2**25  # numbers that all lanes may hold together; large nets get fewer lanes
_SMALL = 256  # weights of a layer up to which a product is a fused loop, not a matrix product


class State(NamedTuple):
    """Both nets and their optimizers; every array has the replicate as leading axis."""

    G: list[Layer]
    D: list[Layer]
    adam_G: Any
    adam_D: Any
    average: tuple[Layer, Array] | None = None
    """The generator's average and that of its covariance, where they are asked for."""


class Numbers(NamedTuple):
    """The numbers of a batch, or of all batches of an epoch, the same for every replicate."""

    rate: Array
    """The factor of both learning rates."""
    with_G: Array
    """True where G is updated."""
    weight: Array
    """The weight of the generator in its average."""


class JAXBackend:
    """The chapter's training on CPU or CUDA, 16 or 256 replicates side by side.

    One call compiled ahead of time trains an epoch; compiling, a second or two a configuration and
    process, is in neither clock.

    The number of threads is fixed when JAX's CPU client starts, that is at the first look at the
    devices in a process: it then has ``threads.allowed()`` of them to compute with. More than one
    brings nothing: a training kept at most one core busy with two allowed, also with wide nets.

    In float32 optax computes Adam's 1 − β₂ᵗ in float32, which is off by 1e-5 at the first step.
    """

    name: str = "jax"
    replicates_per_call: int = 64

    def devices(self) -> list[str]:
        """``cpu``, then ``cuda`` (the first GPU) and ``cuda:1`` … as far as JAX sees GPUs."""
        return list(_devices())

    def version(self) -> str:
        """The installed JAX and optax, as ``"jax 0.10.2, optax 0.2.8"``."""
        return f"jax {jax.__version__}, optax {optax.__version__}"

    def train(
        self,
        config: TrainingConfig,
        seeds: Sequence[int],
        device: str = "cpu",
        on_epoch: OnEpoch | None = None,
    ) -> TrainedGANs:
        """Train the replicates, some lanes at a time; see ``Backend.train``.

        ``on_epoch`` is told of the replicates that are trained side by side, at most 16 on the
        CPU. ``seconds`` shares their time out evenly among them.
        """
        require_device(self, device)
        # Both precisions are set here and only here, whatever the caller's JAX is set to.
        with jax.enable_x64(config.dtype == "float64"), jax.default_matmul_precision("highest"):
            lanes = _lanes(config, device)
            parts = [seeds[i : i + lanes] for i in range(0, len(seeds), lanes)]
            return TrainedGANs.join([_train(config, part, device, on_epoch) for part in parts])


@lru_cache(maxsize=1)
def _devices() -> dict[str, Any]:
    """JAX's devices by our names. The first look starts JAX's clients, which read these."""
    settings = {
        "NPROC": str(threads.allowed()),
        # Else JAX takes three quarters of a GPU's memory, also from the other backends.
        "XLA_PYTHON_CLIENT_PREALLOCATE": "false",
    }
    gpus = []
    with threads.environment(settings):
        found = {"cpu": jax.local_devices(backend="cpu")[0]}
        with suppress(RuntimeError):  # so JAX says that it has no such platform
            gpus = jax.local_devices(backend="cuda")
    return found | {f"cuda:{i}" if i else "cuda": gpu for i, gpu in enumerate(gpus)}


def _lanes(config: TrainingConfig, device: str) -> int:
    sizes = (config.generator_sizes, config.discriminator_sizes)
    weights = sum((i + 1) * o for net in sizes for i, o in pairwise(net))
    inputs = config.n_examples * (2 * config.dimension + config.latent_size)
    most = _LANES["cpu" if device == "cpu" else "cuda"]
    return max(1, min(most, _LANE_VALUES // (4 * weights + inputs)))


# --- One replicate ---------------------------------------------------------------------------


def linear(x: Array, layer: Layer) -> Array:
    """x (n, inputs) to (n, outputs)."""
    if layer.weight.size <= _SMALL:
        return (x[:, :, None] * layer.weight).sum(axis=1) + layer.bias
    return x @ layer.weight + layer.bias


def net_G(G: list[Layer], Z: Array) -> Array:
    return linear(Z, G[0])


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
    fake_Y = net_D(D, net_G(G, Z), quadratic)
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
    adam_G, adam_D = Optimizer.of_G(config).at(), Optimizer.of_D(config).at()
    averaged = config.generator_average != "none"
    return State(G, D, adam_G.init(G), adam_D.init(D), (G[0], covariance(G)) if averaged else None)


def covariance(G: list[Layer]) -> Array:
    """The covariance (d, d) that a generator has learned."""
    weight = jnp.asarray(G[0].weight)
    return weight.T @ weight


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
    fake_X = net_G(state.G, Z)
    penalized = jax.value_and_grad(lambda D: penalized_D(config, D, X, fake_X), has_aux=True)
    (_, loss), gradient = penalized(state.D)
    return jax.tree.map(lambda g: _scale(config, X) * g, gradient), loss


def gradient_G(config: TrainingConfig, state: State, X: Array, Z: Array) -> tuple[Any, Array]:
    loss, gradient = jax.value_and_grad(lambda G: loss_G(config, G, state.D, X, Z))(state.G)
    return jax.tree.map(lambda g: _scale(config, X) * g, gradient), loss


def _scale(config: TrainingConfig, X: Array) -> float:
    return 1 / len(X) if config.dialect == "mxnet" else 1.0


def average(
    config: TrainingConfig, state: State, losses: Array, numbers: Numbers
) -> tuple[State, Array]:
    """Take the generator of now into its average."""
    if state.average is None:
        return state, losses
    now = (state.G[0], covariance(state.G))
    mean = jax.tree.map(lambda a, x: a + numbers.weight * (x - a), state.average, now)
    return state._replace(average=mean), losses


def train_epoch(
    config: TrainingConfig, state: State, rows: Array, order: Array, noise: Array, numbers: Numbers
) -> tuple[State, Array]:
    """All batches of an epoch; the losses have shape (steps, 2)."""
    X = rows[order]
    # A scan wants equal shapes, so a smaller last batch is a step of its own.
    size = config.batch_size
    full = len(X) // size * size
    batches = tuple(part[:full].reshape(-1, size, part.shape[1]) for part in (X, noise))
    of_full = jax.tree.map(lambda part: part[: len(X) // size], numbers)
    state, losses = lax.scan(lambda s, batch: update(config, s, *batch), state, (*batches, of_full))
    if full < len(X):
        of_last = jax.tree.map(lambda part: part[-1], numbers)
        state, last = update(config, state, X[full:], noise[full:], of_last)
        losses = jnp.concatenate([losses, last[None]])
    return state, losses


# --- All replicates --------------------------------------------------------------------------


@lru_cache(maxsize=64)
def _compiled(config: TrainingConfig, device: str) -> tuple[Callable, State]:
    """``train_epoch`` over the lanes, compiled for a device, and the shapes of its state."""
    where = jax.sharding.SingleDeviceSharding(_devices()[device])
    lanes = _lanes(config, device)

    def shaped(shape: tuple[int, ...], dtype: Any = config.dtype) -> jax.ShapeDtypeStruct:
        return jax.ShapeDtypeStruct((lanes, *shape), np.dtype(dtype), sharding=where)

    one = jax.eval_shape(lambda: start(config, *initial_layers(config, 0)))
    state = jax.tree.map(lambda part: shaped(part.shape, part.dtype), one)
    n = config.n_examples
    noise = shaped((n, config.latent_size))
    numbers = jax.tree.map(
        lambda part: jax.ShapeDtypeStruct(part.shape, part.dtype, sharding=where),
        _numbers(config, 0),
    )
    epoch = jax.vmap(lambda *arrays: train_epoch(config, *arrays), in_axes=(0, 0, 0, 0, None))
    # Unused numbers stay arguments, so that every configuration is called alike.
    lowered = jax.jit(epoch, keep_unused=True).lower(
        state, shaped((n, config.dimension)), shaped((n,), "int32"), noise, numbers
    )
    # Without the flag, XLA may add up in an order that differs from run to run on a GPU.
    options: dict[str, str | bool] = {} if device == "cpu" else {"xla_gpu_deterministic_ops": True}
    return lowered.compile(compiler_options=options), state


def _numbers(config: TrainingConfig, epoch: int) -> Numbers:
    part = slice(epoch * config.steps_per_epoch, (epoch + 1) * config.steps_per_epoch)
    of_G = schedule.generator_steps(config)[part]
    weights = schedule.average_weights(config)[np.maximum(of_G, 1) - 1]
    rates, weights = (
        a.astype(config.dtype) for a in (schedule.rate_factors(config)[part], weights)
    )
    return Numbers(rates, of_G > 0, weights)  # type: ignore[arg-type]


def _train(
    config: TrainingConfig, seeds: Sequence[int], device: str, on_epoch: OnEpoch | None
) -> TrainedGANs:
    """Train at most as many replicates as there are lanes."""
    # Frozen, so hashable, which pyright does not see.
    one_epoch, shapes = _compiled(config, device)  # pyright: ignore[reportArgumentType]
    where = _devices()[device]
    R = len(seeds)
    lanes = np.arange(_lanes(config, device))
    lanes[R:] = 0

    def over_lanes(of_seed: Callable[[int], Any], dtype: str = config.dtype) -> Any:
        """Stack the arrays of each seed over the lanes, on the device."""
        each = [of_seed(seed) for seed in seeds]
        with np.errstate(over="ignore"):  # what float32 cannot hold is ∞, as in every framework
            stacked = jax.tree.map(lambda *parts: np.stack(parts).astype(dtype)[lanes], *each)
        return jax.device_put(stacked, where)

    def fetch(tree: Any) -> Any:
        """The replicates' part of a tree, NumPy float64."""
        return jax.tree.map(lambda part: np.asarray(part, dtype=np.float64)[:R], tree)

    G, D = over_lanes(lambda seed: initial_layers(config, seed))
    state = jax.tree.map(lambda part: np.zeros(part.shape, part.dtype), shapes)
    # What an average starts from has no weight in it, but is reported until G's first step.
    state = state._replace(G=G, D=D, average=state.average and (G[0], state.average[1]))
    if config.optimizer == "optimistic_adam":
        state = state._replace(adam_G=_first(state.adam_G), adam_D=_first(state.adam_D))
    state = jax.device_put(state, where)
    rows = over_lanes(lambda seed: seen_rows(config, seed))
    history = History(config, JAXBackend.name, device, seeds, fetch(G[0]), on_epoch)
    n = config.n_examples
    examples = np.array([[n], [schedule.generator_examples(config)]])
    for epoch in history.epochs():
        order = over_lanes(lambda seed, e=epoch: draws.epoch_order(seed, e, n), "int32")
        noise = over_lanes(lambda seed, e=epoch: draws.latent_noise(seed, e, n, config.latent_size))
        numbers = jax.device_put(_numbers(config, epoch), where)
        # Fetching waits for the device.
        state, of_batches = one_epoch(state, rows, order, noise, numbers)
        with np.errstate(invalid="ignore"):  # a run that diverges may add ∞ and −∞
            losses = fetch(of_batches).sum(axis=1).T / examples
        history.end(losses, fetch(state.average[0] if state.average else state.G[0]))
    averaging = moments = None
    if state.average:
        mean, covariances = fetch(state.average)
        averaging = Averaging(fetch(state.G[0]), mean.bias, covariances)
    if config.optimizer != "sgd":
        adam_G, adam_D = state.adam_G[0], state.adam_D[0]
        moments = AdamState(fetch([*adam_G.mu, *adam_D.mu]), fetch([*adam_G.nu, *adam_D.nu]))
    return history.trained(fetch(state.D), moments, averaging)


def _first(optimistic: Any) -> Any:
    """The optimizer's state, zeros all over, as it is before its first step."""
    adam, memory, *rest = optimistic
    first = np.ones_like(memory.is_initial_step)
    return (adam, memory._replace(is_initial_step=first), *rest)
