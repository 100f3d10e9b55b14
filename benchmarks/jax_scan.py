"""A whole training in one call of JAX: ``jit(vmap(scan))`` over epochs, drawn by ``jax.random``.

As a JAX user would write it (PureJaxRL's ``make_train``), to find JAX's best replicate count: the
backend of this suite fixes its lanes and takes its random numbers from NumPy. The step is the
backend's own.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from itertools import pairwise
from typing import Any

import jax
import numpy as np
from jax import lax, random
from jax import numpy as jnp
from numpy.typing import NDArray

from gan_eval.training.backends.jax_updates import Numbers, start, update
from gan_eval.training.config import TrainingConfig
from gan_eval.training.draws import Layer


@lru_cache(maxsize=32)
def compiled(config: TrainingConfig, replicates: int) -> Callable[[], NDArray[np.floating]]:
    """A call that trains so many replicates and returns their final losses (replicates, 2)."""
    target = config.target.gaussian()
    A, b = jnp.asarray(target.A, config.dtype), jnp.asarray(target.b, config.dtype)
    n, size = config.n_examples, config.batch_size
    if n % size:
        raise ValueError("a scan wants equal batches")

    def layers(key: Any, sizes: tuple[int, ...]) -> list[Layer]:
        found = []
        for i, (inputs, outputs) in enumerate(pairwise(sizes)):
            weight, bias = random.split(random.fold_in(key, i))
            values: Any = (
                config.init_scale * random.normal(weight, (inputs, outputs), config.dtype),
                config.init_scale * random.normal(bias, (outputs,), config.dtype),
            )
            found.append(Layer(*values))
        return found

    # The chapter's rates, and a step of G at each batch.
    plain = Numbers(*(jnp.asarray(one) for one in (1.0, True, 1.0)))

    def train(key: Any) -> Any:
        of_rows, of_G, of_D, of_epochs = random.split(key, 4)
        rows = random.normal(of_rows, (n, config.dimension), config.dtype) @ A + b
        state = start(
            config, layers(of_G, config.generator_sizes), layers(of_D, config.discriminator_sizes)
        )

        def epoch(state: Any, key: Any) -> Any:
            of_order, of_noise = random.split(key)
            X = rows[random.permutation(of_order, n)]
            Z = random.normal(of_noise, (n, config.latent_size), config.dtype)
            batches = tuple(part.reshape(-1, size, part.shape[1]) for part in (X, Z))
            state, losses = lax.scan(
                lambda s, batch: update(config, s, batch[0], batch[1], plain), state, batches
            )
            return state, losses.sum(axis=0) / n

        _, losses = lax.scan(epoch, state, random.split(of_epochs, config.epochs))
        return losses[-1]

    keys = random.split(random.key(0), replicates)
    whole = jax.jit(jax.vmap(train)).lower(keys).compile()
    # Fetching the losses waits for the computation.
    return lambda: np.asarray(whole(keys))
