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
from gan_eval.training import draws, remedies
from gan_eval.training.backends.registry import require_device
from gan_eval.training.config import TrainingConfig
from gan_eval.training.draws import Layer
from gan_eval.training.history import History
from gan_eval.training.trained import AdamState, OnEpoch, TrainedGANs, initial_layers, training_rows

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
        remedies.require(config.remedies, self.name, ())
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


def net_D(D: list[Layer], X: Array) -> Array:
    for layer in D[:-1]:
        X = jnp.tanh(linear(X, layer))
    return linear(X, D[-1])


def loss_D(D: list[Layer], X: Array, fake_X: Array) -> Array:
    """Binary cross-entropy on logits, summed over the batch: −ln σ(x) = softplus(−x)."""
    return (nn.softplus(-net_D(D, X)).sum() + nn.softplus(net_D(D, fake_X)).sum()) / 2


def loss_G(G: list[Layer], D: list[Layer], Z: Array, saturating: bool) -> Array:
    fake_Y = net_D(D, net_G(G, Z))
    return -nn.softplus(fake_Y).sum() if saturating else nn.softplus(-fake_Y).sum()


def adam(config: TrainingConfig, learning_rate: float, steps: Array | int = 0) -> Any:
    """optax's Adam for the step after so many. In the ε-hat form (Kingma & Ba 2015, end of section
    2) ε stands beside √v before the bias correction: optax's form with ε / √(1 − β₂ᵗ) at step t."""
    epsilon = config.adam_epsilon
    if config.dialect != "pytorch":
        epsilon = epsilon / jnp.sqrt(1 - config.adam_beta2 ** (steps + 1))
    return optax.adam(learning_rate, config.adam_beta1, config.adam_beta2, epsilon)


def start(config: TrainingConfig, G: list[Layer], D: list[Layer]) -> State:
    adam_G, adam_D = adam(config, config.learning_rate_G), adam(config, config.learning_rate_D)
    return State(G, D, adam_G.init(G), adam_D.init(D))


def update(config: TrainingConfig, state: State, X: Array, Z: Array) -> tuple[State, Array]:
    """D first, then G on the same Z with the new D; both losses are sums over the batch."""
    G, D, adam_G, adam_D = state
    scale = 1 / len(X) if config.dialect == "mxnet" else 1.0

    def descend(net: Any, gradient: Any, learning_rate: float, moments: Any) -> tuple[Any, Any]:
        optimizer = adam(config, learning_rate, moments[0].count)
        gradient = jax.tree.map(lambda g: scale * g, gradient)
        change, moments = optimizer.update(gradient, moments)
        return optax.apply_updates(net, change), moments

    of_D, gradient = jax.value_and_grad(loss_D)(D, X, net_G(G, Z))
    D, adam_D = descend(D, gradient, config.learning_rate_D, adam_D)
    saturating = config.generator_loss == "saturating"
    of_G, gradient = jax.value_and_grad(loss_G)(G, D, Z, saturating)
    G, adam_G = descend(G, gradient, config.learning_rate_G, adam_G)
    return State(G, D, adam_G, adam_D), jnp.stack([of_D, of_G])


def train_epoch(
    config: TrainingConfig, state: State, rows: Array, order: Array, noise: Array
) -> tuple[State, Array]:
    """All batches of an epoch; the losses have shape (steps, 2)."""
    X = rows[order]
    # A scan wants equal shapes, so a smaller last batch is a step of its own.
    size = config.batch_size
    full = len(X) // size * size
    batches = tuple(part[:full].reshape(-1, size, part.shape[1]) for part in (X, noise))
    state, losses = lax.scan(lambda s, batch: update(config, s, *batch), state, batches)
    if full < len(X):
        state, last = update(config, state, X[full:], noise[full:])
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
    lowered = jax.jit(jax.vmap(lambda *arrays: train_epoch(config, *arrays))).lower(
        state, shaped((n, config.dimension)), shaped((n,), "int32"), noise
    )
    # Without the flag, XLA may add up in an order that differs from run to run on a GPU.
    options: dict[str, str | bool] = {} if device == "cpu" else {"xla_gpu_deterministic_ops": True}
    return lowered.compile(compiler_options=options), state


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
    state = jax.device_put(state._replace(G=G, D=D), where)
    rows = over_lanes(lambda seed: training_rows(config, seed))
    history = History(config, JAXBackend.name, device, seeds, fetch(G[0]), on_epoch)
    n = config.n_examples
    for epoch in history.epochs():
        order = over_lanes(lambda seed, e=epoch: draws.epoch_order(seed, e, n), "int32")
        noise = over_lanes(lambda seed, e=epoch: draws.latent_noise(seed, e, n, config.latent_size))
        # Fetching waits for the device.
        state, of_batches = one_epoch(state, rows, order, noise)
        with np.errstate(invalid="ignore"):  # a run that diverges may add ∞ and −∞
            losses = fetch(of_batches).sum(axis=1).T / n
        history.end(losses, fetch(state.G[0]))
    adam_G, adam_D = state.adam_G[0], state.adam_D[0]
    moments = AdamState(fetch([*adam_G.mu, *adam_D.mu]), fetch([*adam_G.nu, *adam_D.nu]))
    return history.trained(fetch(state.D), moments)
