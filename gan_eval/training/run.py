"""Train replicates of one configuration by a named backend."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from gan_eval.runtime.arguments import instance_of, shown, whole_number
from gan_eval.runtime.errors import UsageError
from gan_eval.runtime.provenance import memory_gib
from gan_eval.runtime.random import MAX_SEED
from gan_eval.training import backends, remedies
from gan_eval.training.backends.protocol import SparseHistory
from gan_eval.training.backends.registry import default_device, trained
from gan_eval.training.config import TrainingConfig
from gan_eval.training.trained import TrainedGANs


def train(
    config: TrainingConfig,
    seeds: Sequence[int] = (0,),
    *,
    backend: str = "pytorch",
    device: str | None = None,
    every: int = 1,
    plot: Path | None = None,
) -> TrainedGANs:
    """Train one GAN, called a replicate, per seed.

    Parameters
    ----------
    config : TrainingConfig
    seeds : sequence of int
        Each names one replicate: its rows, its start, its shuffles, its noise.
    backend : str
        One of ``gan_eval.backends()``, as ``"fused_cpu"``.
    device : str, optional
        As ``"cpu"`` or ``"cuda"``; the backend's first if not given.
    every : int
        Keep each ``every``-th epoch and the last, where the backend can; else all are kept.
    plot : path, optional
        Draw the first seed after each epoch, as the chapter does, and write what came of it as a
        picture (.png, .svg) or a film (.gif, .mp4, .html), of several seeds that of the median KL.
        Only the first seed has a chapter's clock.

    Returns
    -------
    TrainedGANs
        R replicates, one per seed and in the order of the seeds: their weights, losses and times.
        ``gan_eval.judge`` says how well they learned; a diverged one is there as well.

    Raises
    ------
    UsageError
        Where an argument is not of its kind, the backend or device is not there, ``plot`` cannot
        be written, or the replicates do not fit into memory.

    Examples
    --------
    >>> from gan_eval import TrainingConfig, train
    >>> gans = train(TrainingConfig(epochs=2), seeds=range(3), backend="fused_cpu")
    >>> gans.law().mean.shape
    (3, 2)
    """
    instance_of(config, "config", TrainingConfig)
    _require_seeds(seeds)
    whole_number(every, "`every`", 1)
    if plot is None:
        _require_room(config, len(seeds), every)
    else:
        _pictures().check(plot)
    trainer = backends.backend(backend)
    remedies.require(config.remedies, trainer.name, trained(trainer))
    device = device or default_device(trainer)
    if plot is not None:
        return _pictures().train(plot, trainer, config, seeds, device)
    if isinstance(trainer, SparseHistory):
        return trainer.train(config, seeds, device, every=every)
    return trainer.train(config, seeds, device)


def _pictures() -> Any:
    from gan_eval.plots import files  # it draws with what judges, above here

    return files


def _require_seeds(seeds: Any) -> None:
    """``UsageError`` where these are not one or more seeds."""
    # Of a range the ends stand for all; NumPy has no array of some other things, or a ragged one.
    values: Any = [seeds[0], seeds[-1]] if isinstance(seeds, range) and seeds else seeds
    try:
        array = np.asarray(values)
    except (ValueError, TypeError, OverflowError):
        array = np.empty(0)
    if (
        array.ndim != 1
        or not len(array)
        or array.dtype.kind not in "iu"
        or not 0 <= int(array.min()) <= int(array.max()) <= MAX_SEED
    ):
        raise UsageError(
            f"`seeds` must be one or more whole numbers between 0 and {MAX_SEED}, as range(100), "
            f"got {shown(seeds)}"
        )


def _require_room(config: TrainingConfig, replicates: int, every: int) -> None:
    """``UsageError`` where the memory of this machine cannot hold what training returns."""
    G, D = (
        sum((i + 1) * o for i, o in itertools.pairwise(sizes))
        for sizes in (config.generator_sizes, config.discriminator_sizes)
    )
    epochs = -(-config.epochs // every)
    numbers = epochs * G + 4 * epochs + D
    memory, needed = memory_gib(), 8 * numbers * replicates / 2**30
    if memory is not None and needed > memory:
        raise UsageError(
            f"{replicates:,} replicates need at least {needed:,.0f} GiB of memory, this machine "
            f"has {memory:,.0f}: train fewer at once, or run a study, which trains in parts"
        )
