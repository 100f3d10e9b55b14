"""How fast ``fused_cpu`` trains generators with hidden layers, and what a mixture as target costs.

    python -m benchmarks.curved_generators [--replicates 64] [--rounds 5]

One thread; all trainings in turn in each round: the shortest over rounds, in seconds of the
processor, so that others on the machine disturb it little. The chapter's training with other nets;
a kernel is compiled once for a kind of processor, and kept.
"""

from __future__ import annotations

import argparse
import time
from typing import Any

from gan_eval.runtime.machine_code import processor
from gan_eval.training.config import TrainingConfig
from gan_eval.training.fused.llvm_compile import compile_shape
from gan_eval.training.fused.shape import Shape

from .remedy_cost import seconds

FORMS: dict[str, dict[str, Any]] = {
    "the chapter's": {},
    "G 2-8-2, tanh": {"generator_widths": (8,)},
    "G 2-16-2, tanh": {"generator_widths": (16,)},
    "G 2-16-16-2, tanh": {"generator_widths": (16, 16)},
    "the same, relu": {"generator_widths": (16, 16), "generator_activation": "relu"},
    "the same, leaky relu": {"generator_widths": (16, 16), "generator_activation": "leaky_relu"},
    "G 2-32-32-2, relu": {"generator_widths": (32, 32), "generator_activation": "relu"},
    "G 2-16-16-2 and D 2-16-16-1, tanh": {
        "generator_widths": (16, 16),
        "discriminator_widths": (16, 16),
    },
}
RING, GRID = {"target": "ring8"}, {"target": "grid25"}


def compile_seconds(config: TrainingConfig) -> float:
    """Measure the processor time that the machine code of a configuration takes."""
    where, start = processor(), time.process_time()
    compile_shape(Shape.of(config), where.width, where)
    return time.process_time() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--replicates", type=int, default=64)
    parser.add_argument("--rounds", type=int, default=5)
    asked = parser.parse_args()
    mixtures = ("the chapter's", "the same, relu")
    configs = {name: TrainingConfig.parse(own) for name, own in FORMS.items()}
    configs |= {(n, "ring8"): TrainingConfig.parse(FORMS[n] | RING) for n in mixtures}
    configs |= {(n, "grid25"): TrainingConfig.parse(FORMS[n] | GRID) for n in mixtures}
    found = seconds(configs, asked.replicates, asked.rounds)
    print("| nets | examples/sec of one core | compiled in |")
    print("|---|--:|--:|")
    for name in FORMS:
        config = configs[name]
        speed = asked.replicates * config.epochs * config.n_examples / found[name]
        print(f"| {name} | {speed:,.0f} | {compile_seconds(config):.1f} s |")
    for name in mixtures:
        for target in ("ring8", "grid25"):
            more = (found[name, target] - found[name]) / asked.replicates
            print(f"{target} as target, {name}: {more * 1e6:+.0f} µs a replicate", end="")
            print(f" ({more / found[name] * asked.replicates:+.1%})")


if __name__ == "__main__":
    main()
