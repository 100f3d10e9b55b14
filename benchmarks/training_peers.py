"""Who trains the chapter's GAN, to be timed in turn, and the ratios between them.

    python -m benchmarks.training_peers [--rounds 5]

prints examples/sec of the chapter's loop, of a plain loop, of JAX ``jit(vmap(scan))`` from 1 to
512 replicates, and of ``fused_cpu`` alone and with 2,048 replicates, all in turn, and the ratios
of ``fused_cpu`` to them with the range that they had over the rounds.
``benchmarks/test_training_peers.py`` times each beside ``fused_cpu`` at 1, 64 and 2,048.
"""

from __future__ import annotations

import argparse
import importlib.util
import statistics
import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from benchmarks import plain_loop
from gan_eval.runtime import threads
from gan_eval.runtime.errors import UsageError
from gan_eval.runtime.threads import cores
from gan_eval.training import schedule
from gan_eval.training.backends import backend, pytorch_batched
from gan_eval.training.config import TrainingConfig

LOOP_REPLICATES = 4
"""Replicates that a loop trains where more are asked: it takes the same for each."""
JAX_REPLICATES = (1, 16, 64, 256, 512)
GOALS: dict[str, tuple[str, float]] = {
    "aggregate over the chapter's loop": ("pytorch", 10_000),
    "aggregate over JAX at its best": ("jax scan", 50),
    "one replicate over the chapter's loop": ("pytorch", 1_000),
}
"""Ratio → (beside whom, the goal that was set for it)."""
ALONE, MANY = 1, 2048


@dataclass(frozen=True)
class Run:
    """Something to time: ``call`` trains so many replicates for so many epochs."""

    name: str
    replicates: int
    trained: int
    epochs: int
    threads: int
    call: Callable[[], Any]

    @property
    def config(self) -> TrainingConfig:
        return TrainingConfig(epochs=self.epochs)

    @property
    def examples(self) -> int:
        """That one call trains on."""
        return self.trained * self.epochs * self.config.n_examples


class UnavailableError(Exception):
    """Why a peer is not timed here."""


def chapter_loop(replicates: int, epochs: int) -> Run:
    """``backend("pytorch")``, one replicate after another."""
    trained = min(replicates, LOOP_REPLICATES)
    trainer, config = backend("pytorch"), TrainingConfig(epochs=epochs)
    trainer.train(TrainingConfig(epochs=1, n_examples=64), [0])

    def call() -> Any:
        return trainer.train(config, range(trained))

    return Run("pytorch", replicates, trained, epochs, 1, call)


def plain(replicates: int, epochs: int) -> Run:
    """``benchmarks/plain_loop.py``, with as many threads as PyTorch takes of itself."""
    trained = min(replicates, LOOP_REPLICATES)

    def call() -> Any:
        return [plain_loop.train(epochs, seed) for seed in range(trained)]

    return Run("plain loop", replicates, trained, epochs, torch.get_num_threads(), call)


def side_by_side(replicates: int, epochs: int) -> Run:
    """``backend("pytorch:batched")``."""
    count = _threads(replicates)
    trainer, config = backend("pytorch:batched"), TrainingConfig(epochs=epochs)
    trainer.train(TrainingConfig(epochs=1, n_examples=64), range(replicates))

    def call() -> Any:
        with threads.allow(count):
            return trainer.train(config, range(replicates))

    return Run("pytorch:batched", replicates, replicates, epochs, count, call)


def compiled_step(replicates: int, epochs: int) -> Run:
    """The step of ``pytorch:batched`` under ``torch.compile``; data and noise drawn by PyTorch."""
    config, count = TrainingConfig(epochs=epochs), _threads(replicates)
    game = pytorch_batched.Game(config, range(replicates), torch.device("cpu"))
    generator = torch.Generator().manual_seed(0)
    rows = torch.randn(replicates, config.n_examples, config.dimension, generator=generator)
    with warnings.catch_warnings():  # PyTorch's, about itself
        warnings.simplefilter("ignore", DeprecationWarning)
        step = torch.compile(game.step, dynamic=False)

    def some(steps: int) -> None:
        numbers = torch.as_tensor(
            pytorch_batched.step_numbers(config, schedule.batches_of(config, 0)[:steps])
        )
        noise = torch.randn(rows.shape, generator=generator)
        size = config.batch_size
        for i in range(steps):
            part = slice(i * size, (i + 1) * size)
            step(rows[:, part], noise[:, part], numbers[i], with_G=True)

    def call() -> None:
        before = torch.get_num_threads()
        torch.set_num_threads(count)
        try:
            for _ in range(epochs):
                some(config.steps_per_epoch)
        finally:
            torch.set_num_threads(before)

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            some(2)
    except Exception as error:  # whatever a compiler that is not there raises
        first = (str(error).splitlines() or [""])[0]
        raise UnavailableError(
            f"torch.compile cannot compile here: {type(error).__name__}: {first}"
        ) from error
    return Run("torch.compile", replicates, replicates, epochs, count, call)


def jax_backend(replicates: int, epochs: int) -> Run:
    """``backend("jax")``: an epoch is one call of ``jit(vmap(scan))``, 16 lanes at a time."""
    start_jax()
    trainer, config = backend("jax"), TrainingConfig(epochs=epochs)
    trainer.train(config.model_copy(update={"epochs": 1}), [0])

    def call() -> Any:
        return trainer.train(config, range(replicates))

    return Run("jax", replicates, replicates, epochs, cores(), call)


def jax_scan(replicates: int, epochs: int) -> Run:
    """``benchmarks/jax_scan.py``: a training is one call of ``jit(vmap(scan))``."""
    start_jax()
    from benchmarks.jax_scan import compiled

    # Frozen, so hashable, which pyright does not see.
    config: Any = TrainingConfig(epochs=epochs)
    call = compiled(config, replicates)
    call()
    return Run("jax scan", replicates, replicates, epochs, cores(), call)


def fused(replicates: int, epochs: int = 20) -> Run:
    """``backend("fused_cpu")``, on all cores."""
    trainer, config = backend("fused_cpu"), TrainingConfig(epochs=epochs)
    trainer.train(TrainingConfig(epochs=1), range(replicates))

    def call() -> Any:
        return trainer.train(config, range(replicates))

    count = threads.for_replicates() if replicates > ALONE else 1
    return Run("fused_cpu", replicates, replicates, epochs, count, call)


def start_jax() -> None:
    """Give JAX every core: it fixes their number at the first look at its devices."""
    if importlib.util.find_spec("jax") is None or importlib.util.find_spec("optax") is None:
        raise UnavailableError("JAX is not installed: pip install 'gan-eval[jax]'")
    try:
        with threads.allow(cores()):
            backend("jax").devices()
    except UsageError as error:
        raise UnavailableError(str(error)) from error


def _threads(replicates: int) -> int:
    # A few dozen numbers are dearer on two threads than on one.
    return cores() if replicates >= MANY else 1


# --- In turn --------------------------------------------------------------------------------------


def in_turn(runs: Sequence[Run], rounds: int) -> list[list[float]]:
    """Examples/sec of each run in each round; every round calls each once."""
    found: list[list[float]] = [[] for _ in runs]
    for _ in range(rounds):
        for run, rates in zip(runs, found, strict=True):
            began = time.perf_counter()
            run.call()
            rates.append(run.examples / (time.perf_counter() - began))
    return found


def ratios(rates: Mapping[tuple[str, int], Sequence[float]]) -> dict[str, dict[str, Any]]:
    """The ratios of ``GOALS`` from examples/sec by (name, replicates), those that can be made.

    A ratio is of medians; ``lowest`` and ``highest`` are of single rounds.
    """
    found: dict[str, dict[str, Any]] = {}
    for title, (beside, goal) in GOALS.items():
        ours = rates[fused.__name__ + "_cpu", ALONE if title.startswith("one") else MANY]
        peers = {key: series for key, series in rates.items() if key[0] == beside}
        if not peers:
            continue
        best = max(peers, key=lambda key: statistics.median(peers[key]))
        each = [a / b for a, b in zip(ours, peers[best], strict=True)]
        found[title] = {
            "ratio": statistics.median(ours) / statistics.median(peers[best]),
            "lowest": min(each),
            "highest": max(each),
            "goal": goal,
            "replicates_of_peer": best[1],
        }
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description="Ratios of fused_cpu to its peers, in turn.")
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    runs = [chapter_loop(1, 2), plain(1, 2), fused(ALONE), fused(MANY)]
    try:
        runs += [jax_scan(R, 20 if R < 256 else 4) for R in JAX_REPLICATES]
    except UnavailableError as reason:
        print(reason)
    rates = in_turn(runs, rounds)
    print(f"{'':16}{'replicates':>11}{'epochs':>8}{'threads':>9}{'examples/sec':>15}  of rounds")
    for run, series in zip(runs, rates, strict=True):
        middle = f"{run.replicates:>11,}{run.epochs:>8}{run.threads:>9}"
        spread = f"{min(series):,.0f} … {max(series):,.0f}"
        print(f"{run.name:16}{middle}{statistics.median(series):>15,.0f}  {spread}")
    by_key = {(run.name, run.replicates): series for run, series in zip(runs, rates, strict=True)}
    for title, found in ratios(by_key).items():
        print(
            f"{title}: {found['ratio']:,.0f} ({found['lowest']:,.0f} … {found['highest']:,.0f}), "
            f"goal {found['goal']:,.0f}"
        )


if __name__ == "__main__":
    main()
