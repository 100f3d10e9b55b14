"""What a single GAN costs: its examples in the lanes, beside a lane of its own, shape by shape.

    python -m benchmarks.one_replicate [--rounds 30]

prints, for the chapter's configuration and others, examples/sec of one replicate whose examples
lie side by side in the lanes (what ``fused_cpu`` does where few are asked for) and of one that is
a lane of four (what it does for many), and the ratio; then, for the chapter's, the milliseconds of
a whole call, of its machine code and of Python's part, and examples/sec beside the chapter's loop.
Processor time, everything in turn; the fastest round of each.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Sequence
from typing import Any

from benchmarks.training_peers import chapter_loop
from gan_eval.training.backends import backend
from gan_eval.training.backends.fused_cpu import LaneRunner
from gan_eval.training.config import TrainingConfig
from gan_eval.training.fused.buffers import TrainingBuffers
from gan_eval.training.fused.llvm_compile import kernel
from gan_eval.training.fused.one_runner import OneRunner, width_alone
from gan_eval.training.fused.shape import Shape

SHAPES: dict[str, dict[str, Any]] = {
    "the chapter's": {},
    "batch size 1": {"batch_size": 1},
    "batch size 2": {"batch_size": 2},
    "batch size 4": {"batch_size": 4},
    "batch size 32": {"batch_size": 32},
    "batch size 256": {"batch_size": 256},
    "latent size 16": {"latent_size": 16},
    "widths 8, 8": {"discriminator_widths": (8, 8)},
    "widths 16, 16": {"discriminator_widths": (16, 16)},
    "widths 32, 32": {"discriminator_widths": (32, 32)},
    "widths 64, 64": {"discriminator_widths": (64, 64)},
    "G's 16, 16": {"generator_widths": (16, 16)},
    "G's 32, 32": {"generator_widths": (32, 32)},
    "G's 64, 64, relu": {"generator_widths": (64, 64), "generator_activation": "relu"},
    "float64": {"dtype": "float64"},
    "R1": {"r1": 0.5},
    "mended": {"preset": "mended"},
    "extrapolated": {"optimizer": "extra_adam"},
}
EPOCHS = 20


def fastest(calls: Sequence[Callable[[], Any]], rounds: int) -> list[float]:
    """Seconds of processor time of the fastest round of each, all in turn."""
    found = [float("inf")] * len(calls)
    for _ in range(rounds):
        for i, call in enumerate(calls):
            began = time.process_time()
            call()
            found[i] = min(found[i], time.process_time() - began)
    return found


def runners(config: TrainingConfig) -> tuple[OneRunner, LaneRunner]:
    """Both runners of a configuration, compiled."""
    shape = Shape.of(config)
    alone = OneRunner(config, kernel(shape, width_alone(config), one=True))
    return alone, LaneRunner(config, kernel(shape, 4))


def training(runner: OneRunner | LaneRunner) -> Callable[[], None]:
    """Make a call that trains one seed."""
    buffers = TrainingBuffers(runner.config, [0], runner.config.epochs)
    return lambda: runner.train(buffers, slice(0, 1))


def main() -> None:
    parser = argparse.ArgumentParser(description="One replicate in the lanes, or in a lane.")
    parser.add_argument("--rounds", type=int, default=30)
    rounds = parser.parse_args().rounds
    print(f"{'':16}{'examples in lanes':>20}{'in a lane of four':>20}  ratio")
    for name, settings in SHAPES.items():
        config = TrainingConfig.parse({"epochs": EPOCHS} | settings)
        few = max(2, rounds // 3)
        alone, lane = fastest([training(one) for one in runners(config)], few)
        rates = [EPOCHS * config.n_examples / seconds for seconds in (alone, lane)]
        print(f"{name:16}{rates[0]:>20,.0f}{rates[1]:>20,.0f}  {lane / alone:.1f}", flush=True)
    config, trainer = TrainingConfig(), backend("fused_cpu")
    runner = runners(config)[0]
    whole, code = fastest(
        [lambda: trainer.train(config, [0]), lambda: runner.run(0, config.epochs)], rounds
    )
    rate = config.epochs * config.n_examples / whole
    print(f"\none training, 20 epochs: {whole * 1e3:.2f} ms of processor time, of which machine")
    print(f"code {code * 1e3:.2f} and Python {(whole - code) * 1e3:.2f}: {rate:,.0f} examples/sec")
    loop = chapter_loop(1, 2)
    slow, quick = fastest([loop.call, lambda: trainer.train(config, [0])], max(3, rounds // 5))
    beside, rate = loop.examples / slow, config.epochs * config.n_examples / quick
    print(f"the chapter's loop: {beside:,.0f} examples/sec, so {rate / beside:,.0f} times as many")


if __name__ == "__main__":
    main()
