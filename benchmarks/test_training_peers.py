"""``fused_cpu`` beside who else trains the chapter's GAN, in turn, for 1, 64 and 2,048 replicates.

A benchmark's own figures are the peer's. Before each of its rounds ``fused_cpu`` trains as many
replicates for 20 epochs, and beside a loop or JAX at a replicate count of its own also one alone
and 2,048. ``extra_info`` holds our examples/sec by replicates (``fused``), and ``times_faster``,
the ratio of medians of this run. A slow peer trains for fewer epochs, and a loop fewer of the
replicates (``epochs``, ``trained_replicates``): it takes the same for each.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from benchmarks import clock
from benchmarks import training_peers as peers
from benchmarks.conftest import Measure
from benchmarks.training_peers import ALONE, JAX_REPLICATES, MANY, Run, UnavailableError
from gan_eval.runtime.provenance import environment

Beside = Callable[[Callable[[], Run], int, Sequence[int]], None]

CALLS_ALONE = 5
"""Of ours in a round where one takes milliseconds."""


@pytest.fixture
def beside(benchmark: BenchmarkFixture) -> Beside:
    """Time a peer, and ``fused_cpu`` at some replicate counts before each of its rounds."""

    def timed(make: Callable[[], Run], rounds: int, ours_at: Sequence[int]) -> None:
        try:
            peer = make()
        except UnavailableError as reason:
            pytest.skip(str(reason))
        ours = [peers.fused(replicates) for replicates in ours_at]
        seconds: dict[int, list[float]] = {run.replicates: [] for run in ours}

        def before() -> None:
            for run in ours:
                for _ in range(CALLS_ALONE if run.replicates == ALONE else 1):
                    began = clock.seconds()
                    run.call()
                    seconds[run.replicates].append(clock.seconds() - began)

        benchmark.pedantic(peer.call, setup=before, rounds=rounds, iterations=1)
        rates = {
            run.replicates: run.examples / statistics.median(seconds[run.replicates])
            for run in ours
        }
        noted: dict[str, Any] = {
            "peer": True,
            "backend": peer.name,
            "device": "cpu",
            "threads": peer.threads,
            "replicates": peer.replicates,
            "trained_replicates": peer.trained,
            "epochs": peer.epochs,
            "config_hash": peer.config.hash,
            "unit": "training examples",
            "examples": peer.examples,
            "fused": {str(count): rate for count, rate in rates.items()},
            "fused_seconds": {str(count): series for count, series in seconds.items()},
        }
        if benchmark.stats is not None:  # None under --benchmark-disable
            median: Any = benchmark.stats.stats.median
            rate = noted["examples_per_second"] = peer.examples / float(median)
            noted["times_faster"] = {str(count): found / rate for count, found in rates.items()}
        benchmark.extra_info.update(noted, environment=environment())

    return timed


@pytest.mark.benchmark(group="training beside peers")
@pytest.mark.parametrize("replicates", [ALONE, 64, MANY])
def test_fused(measure: Measure, replicates: int) -> None:
    """``fused_cpu`` itself, all 20 epochs."""
    run = peers.fused(replicates)
    trained = measure(
        run.call,
        examples=run.examples,
        unit="training examples",
        backend=run.name,
        device="cpu",
        threads=run.threads,
        replicates=replicates,
        config_hash=run.config.hash,
    )
    assert len(trained) == replicates


LOOPS = [(1, 2, 3), (64, 1, 1), (MANY, 1, 1)]


@pytest.mark.benchmark(group="training beside peers")
@pytest.mark.parametrize(("replicates", "epochs", "rounds"), LOOPS)
def test_the_chapters_loop(beside: Beside, replicates: int, epochs: int, rounds: int) -> None:
    """This suite's loop in PyTorch."""
    beside(lambda: peers.chapter_loop(replicates, epochs), rounds, _and_many(replicates))


@pytest.mark.benchmark(group="training beside peers")
@pytest.mark.parametrize(("replicates", "epochs", "rounds"), LOOPS)
def test_a_plain_loop(beside: Beside, replicates: int, epochs: int, rounds: int) -> None:
    """A loop as a reader of the chapter would write it."""
    beside(lambda: peers.plain(replicates, epochs), rounds, _and_many(replicates))


@pytest.mark.benchmark(group="training beside peers")
@pytest.mark.parametrize(("replicates", "epochs", "rounds"), [(1, 2, 3), (64, 2, 3), (MANY, 1, 2)])
def test_pytorch_side_by_side(beside: Beside, replicates: int, epochs: int, rounds: int) -> None:
    """The batched form of PyTorch."""
    beside(lambda: peers.side_by_side(replicates, epochs), rounds, [replicates])


@pytest.mark.benchmark(group="training beside peers")
@pytest.mark.parametrize(("replicates", "epochs", "rounds"), [(64, 2, 3), (MANY, 1, 2)])
def test_torch_compile(beside: Beside, replicates: int, epochs: int, rounds: int) -> None:
    """The batched step compiled; compiling is not timed."""
    beside(lambda: peers.compiled_step(replicates, epochs), rounds, [replicates])


@pytest.mark.benchmark(group="training beside peers")
@pytest.mark.parametrize(("replicates", "epochs", "rounds"), [(1, 4, 3), (64, 4, 3), (MANY, 1, 2)])
def test_jax(beside: Beside, replicates: int, epochs: int, rounds: int) -> None:
    """JAX, 16 replicates at a time; compiling is not timed."""
    beside(lambda: peers.jax_backend(replicates, epochs), rounds, [replicates])


@pytest.mark.benchmark(group="training beside peers")
@pytest.mark.parametrize("replicates", JAX_REPLICATES)
def test_jax_at_every_replicate_count(beside: Beside, replicates: int) -> None:
    """JAX, a whole training in one call; compiling is not timed."""
    epochs = 10 if replicates < 256 else 2
    beside(lambda: peers.jax_scan(replicates, epochs), 3, [MANY])


def _and_many(replicates: int) -> Sequence[int]:
    return [ALONE, MANY] if replicates == ALONE else [replicates]
