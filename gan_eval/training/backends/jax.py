"""The chapter in JAX: replicates are a ``vmap`` over ``jax_updates``, an epoch is one call."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import lru_cache, partial
from itertools import pairwise
from typing import Any, ClassVar

import jax
import numpy as np
import optax

from gan_eval.runtime import threads
from gan_eval.training import draws, remedies, schedule
from gan_eval.training.backends.jax_updates import Numbers, start, train_epoch
from gan_eval.training.backends.registry import require_device
from gan_eval.training.config import TrainingConfig
from gan_eval.training.history import History
from gan_eval.training.trained import AdamState, Averaging, OnEpoch, TrainedGANs, initial_layers
from gan_eval.training.units import seen_rows

# Replicates in one compiled call. XLA chooses its loops by the shapes, and with them the order of
# sums, so a replicate has the same bits in any company only if the shapes never change: what is
# missing is filled up with copies of the first replicate. On the CPU the chapter's update was
# measured twice to five times as fast a replicate in 16 lanes as in 64.
_LANES = {"cpu": 16, "cuda": 256}
_LANE_VALUES = 2**25  # numbers that all lanes may hold together; large nets get fewer lanes


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
    remedies: ClassVar[tuple[str, ...]] = tuple(remedies.DEFAULTS)
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


@lru_cache(maxsize=64)
def _compiled(config: TrainingConfig, device: str) -> tuple[Callable, Callable]:
    """``start`` and ``train_epoch`` over the lanes, compiled for a device."""
    where = jax.sharding.SingleDeviceSharding(_devices()[device])
    lanes, n = _lanes(config, device), config.n_examples

    def placed(shape: tuple[int, ...], dtype: Any = config.dtype) -> jax.ShapeDtypeStruct:
        return jax.ShapeDtypeStruct(shape, np.dtype(dtype), sharding=where)

    def over_lanes(shape: tuple[int, ...], dtype: Any = config.dtype) -> jax.ShapeDtypeStruct:
        return placed((lanes, *shape), dtype)

    nets = jax.tree.map(lambda part: over_lanes(part.shape), initial_layers(config, 0))
    begin = jax.vmap(partial(start, config))
    state = jax.tree.map(lambda part: placed(part.shape, part.dtype), jax.eval_shape(begin, *nets))
    rows, noise = (over_lanes((n, width)) for width in (config.dimension, config.latent_size))
    numbers = jax.tree.map(lambda part: placed(part.shape, part.dtype), _numbers(config, 0))
    epoch = jax.vmap(partial(train_epoch, config), in_axes=(0, 0, 0, 0, None))
    # Without the flag, XLA may add up in an order that differs from run to run on a GPU.
    options: dict[str, str | bool] = {} if device == "cpu" else {"xla_gpu_deterministic_ops": True}
    # Unused numbers stay arguments, so that every configuration is called alike.
    return (
        jax.jit(begin, keep_unused=True).lower(*nets).compile(compiler_options=options),
        jax.jit(epoch, keep_unused=True)
        .lower(state, rows, over_lanes((n,), "int32"), noise, numbers)
        .compile(compiler_options=options),
    )


def _numbers(config: TrainingConfig, epoch: int) -> Numbers:
    batches = schedule.batches_of(config, epoch)
    of_G = schedule.generator_steps(config, batches)
    rates, weights = (
        part.astype(config.dtype)
        for part in (
            schedule.rate_factors(config, batches),
            schedule.average_weights(config, np.maximum(of_G, 1)),
        )
    )
    return Numbers(rates, of_G > 0, weights)  # type: ignore[arg-type]


def _train(
    config: TrainingConfig, seeds: Sequence[int], device: str, on_epoch: OnEpoch | None
) -> TrainedGANs:
    """Train at most as many replicates as there are lanes."""
    # Frozen, so hashable, which pyright does not see.
    begin, one_epoch = _compiled(config, device)  # pyright: ignore[reportArgumentType]
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

    state = begin(*over_lanes(lambda seed: initial_layers(config, seed)))
    rows = over_lanes(lambda seed: seen_rows(config, seed))
    history = History(config, JAXBackend.name, device, seeds, fetch(state.G), on_epoch)
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
        generator = fetch(state.average[0] if state.average else state.G)
        history.end(losses, generator, lambda now=state: fetch(now.D))
    averaging = moments = None
    if state.average:
        generator, covariances = fetch(state.average)
        *hidden, last = fetch(state.G)
        mean = np.full_like(last.bias, np.nan) if hidden else generator[-1].bias
        averaging = Averaging(last, mean, covariances, hidden)
    if config.optimizer != "sgd":
        adam_G, adam_D = state.adam_G[0], state.adam_D[0]
        moments = AdamState(fetch([*adam_G.mu, *adam_D.mu]), fetch([*adam_G.nu, *adam_D.nu]))
    return history.trained(fetch(state.D), moments, averaging)
