"""How fast ``fused_cpu`` trains generators with hidden layers, and what a mixture as target costs.

    python -m benchmarks.curved_generators [--rounds 10] [--blocks 2] [--large 128]

prints, for the chapter's training with other nets, examples/sec of one core, the nanoseconds of an
example, and the seconds that its machine code takes to compile, which is kept after the first time;
then what a mixture as target adds. ``--large`` is the number
of weights of a layer above which loops of half the length are unrolled (``Shape.unrolled``).

One thread; all trainings in turn in each round: the shortest over rounds, in seconds of the
processor, so that others on the machine disturb it little.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import dataclass
from typing import Any

from gan_eval.runtime.machine_code import processor
from gan_eval.training.backends.fused_cpu import LaneRunner
from gan_eval.training.config import TrainingConfig
from gan_eval.training.fused import shape as shapes
from gan_eval.training.fused.buffers import TrainingBuffers
from gan_eval.training.fused.llvm_compile import compile_shape, load
from gan_eval.training.fused.shape import Shape

FORMS: dict[str, dict[str, Any]] = {
    "the chapter's": {},
    "G 2-8-2, tanh": {"generator_widths": (8,)},
    "G 2-16-2, tanh": {"generator_widths": (16,)},
    "G 2-16-16-2, tanh": {"generator_widths": (16, 16)},
    "G 2-16-16-2, relu": {"generator_widths": (16, 16), "generator_activation": "relu"},
    "G 2-16-16-2, leaky relu": {
        "generator_widths": (16, 16),
        "generator_activation": "leaky_relu",
    },
    "G 2-32-32-2, relu": {"generator_widths": (32, 32), "generator_activation": "relu"},
    "D 2-16-16-1": {"discriminator_widths": (16, 16)},
    "G 2-16-16-2, tanh, and D 2-16-16-1": {
        "generator_widths": (16, 16),
        "discriminator_widths": (16, 16),
    },
}
MIXED = ("the chapter's", "G 2-16-16-2, relu")
TARGETS = ("ring8", "grid25")


@dataclass
class Training:
    """A training of some blocks of lanes, compiled here."""

    config: TrainingConfig
    blocks: int

    def __post_init__(self) -> None:
        where, shape, began = processor(), Shape.of(self.config), time.process_time()
        code = compile_shape(shape, where.width, where)
        self.compiled = time.process_time() - began
        kernel = load(code, shape, where.width, where)
        self.runner = LaneRunner(self.config, kernel, self.blocks)
        self.shortest = float("inf")

    def run(self) -> None:
        began, lanes = time.process_time(), self.runner.lanes
        trained = TrainingBuffers(self.config, range(lanes), self.config.epochs)
        self.runner.train(trained, slice(0, lanes))
        self.shortest = min(self.shortest, time.process_time() - began)

    @property
    def seconds(self) -> float:
        """Of one replicate."""
        return self.shortest / self.runner.lanes


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--blocks", type=int, default=2)
    parser.add_argument("--large", type=int, default=shapes.LARGE)
    asked = parser.parse_args()
    shapes.LARGE = asked.large
    own = {name: FORMS[name] for name in FORMS}
    own |= {f"{name}: {t}": FORMS[name] | {"target": t} for name in MIXED for t in TARGETS}
    trainings = {
        name: Training(TrainingConfig.parse(settings), asked.blocks)
        for name, settings in own.items()
    }
    for _ in range(asked.rounds):
        for training in trainings.values():
            training.run()
    print("| nets | examples/sec of one core | an example | compiled in |")
    print("|---|--:|--:|--:|")
    for name in FORMS:
        one = trainings[name]
        each = one.seconds / (one.config.epochs * one.config.n_examples)
        print(f"| {name} | {1 / each:,.0f} | {each * 1e9:.1f} ns | {one.compiled:.1f} s |")
    print("\n| target | a replicate of | takes more |\n|---|---|--:|")
    for name in MIXED:
        for target in TARGETS:
            more = trainings[f"{name}: {target}"].seconds - trainings[name].seconds
            share = more / trainings[name].seconds
            print(f"| `{target}` | {name} | {more * 1e6:.0f} µs ({share:.0%}) |")


if __name__ == "__main__":
    main()
