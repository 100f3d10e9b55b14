"""What each part of ``fused_cpu``'s kernel takes: the time of a training by that of one without it.

    python -m benchmarks.kernel_parts [--width 8] [--rounds 40]

One thread, all kernels in turn in each round, in seconds of the processor: medians over rounds.
``--width 8`` leaves out AVX-512 where the processor has it. Of the rows' order and of the noise the
first epoch's stay, so that the numbers are of the usual size.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from typing import Any
from unittest.mock import patch

from gan_eval.runtime.machine_code import processor
from gan_eval.training.backends.fused_cpu import LaneRunner
from gan_eval.training.config import TrainingConfig
from gan_eval.training.fused.buffers import TrainingBuffers
from gan_eval.training.fused.llvm_compile import compile_shape, load
from gan_eval.training.fused.program import Training
from gan_eval.training.fused.shape import Shape
from gan_eval.training.fused.values import Value

BLOCKS = 4
"""Blocks of lanes in a training."""


def _in_first_epoch(self: Training, epoch: Value, part: Callable[[], Any]) -> None:
    """Do a part in the first epoch of a call alone."""
    k = self.k
    once = k.smaller(k.index(1), self.a.first_epoch + 1 - epoch)
    k.loop(0, once, lambda _: (part(), None)[1])


_order_rows, _draw_noise = Training.order_rows, Training.draw_noise


def _order_once(self: Training, epoch: Value) -> None:
    _in_first_epoch(self, epoch, lambda: _order_rows(self, epoch))


def _draw_once(self: Training, epoch: Value, start: Value, stop: Value) -> Value:
    _in_first_epoch(self, epoch, lambda: _draw_noise(self, epoch, start, stop))
    return start * self.shape.latent - start * self.shape.latent / 4 * 4


def _nothing(*_: Any, **__: Any) -> None:
    return None


PARTS: dict[str, dict[str, Callable[..., Any]]] = {
    "nothing": {},
    "order of rows": {"order_rows": _order_once},
    "latent noise": {"draw_noise": _draw_once},
    "gradient of D": {"update_D": _nothing},
    "gradient of G": {"update_G": _nothing},
    "optimizer": {"step": _nothing},
    "all epochs": {"train": _nothing},
}
"""What is left out → the methods of ``Training`` that make it, and others in their place."""


def runner(config: TrainingConfig, width: int, left_out: str) -> LaneRunner:
    """A runner of the kernel without a part."""
    where = processor()
    if width < where.width:
        kept = [f for f in where.features.split(",") if not f.startswith(("+avx512", "+evex"))]
        where = replace(where, name="x86-64-v3", features=",".join([*kept, "-avx512f"]))
    shape = Shape.of(config)
    with ExitStack() as stack:
        for method, other in PARTS[left_out].items():
            stack.enter_context(patch.object(Training, method, other))
        code = compile_shape(shape, width, where)
    return LaneRunner(config, load(code, shape, width, where), BLOCKS)


def measure(config: TrainingConfig, width: int, rounds: int) -> dict[str, list[float]]:
    """Nanoseconds of an example without each part, round by round."""
    runners = {name: runner(config, width, name) for name in PARTS}
    found: dict[str, list[float]] = {name: [] for name in PARTS}
    seeds, examples = range(BLOCKS * width), BLOCKS * width * config.epochs * config.n_examples
    for number in range(rounds + 1):
        for name, own in runners.items():
            trained = TrainingBuffers(config, seeds, config.epochs)
            began = time.thread_time()
            own.train(trained, slice(0, len(seeds)))
            if number:  # the first one warms up
                found[name].append(1e9 * (time.thread_time() - began) / examples)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description="What each part of the kernel takes.")
    parser.add_argument("--width", type=int, default=processor().width)
    parser.add_argument("--rounds", type=int, default=40)
    asked = parser.parse_args()
    found = measure(TrainingConfig(), asked.width, asked.rounds)
    whole = found["nothing"]
    print(f"{processor().name}, {asked.width} lanes, one thread, {asked.rounds} rounds, medians")
    print(f"{'an example':20}{statistics.median(whole):>8.2f} ns")
    for name, series in found.items():
        spared = [all_of - rest for all_of, rest in zip(whole, series, strict=True)]
        if name != "nothing":
            print(f"{name:20}{statistics.median(spared):>8.2f} ns")


if __name__ == "__main__":
    main()
