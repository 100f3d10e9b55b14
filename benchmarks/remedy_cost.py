"""What each remedy costs in ``fused_cpu``: the time of a training by that of one without it.

    python -m benchmarks.remedy_cost [--replicates 512] [--rounds 5]

One thread; all trainings in turn in each round. A ratio is that of the shortest times over rounds,
in seconds of the processor, so that others on the machine disturb it little.
"""

from __future__ import annotations

import argparse
import time
from typing import Any

from gan_eval.runtime import threads
from gan_eval.training.backends import backend
from gan_eval.training.config import TrainingConfig

FORMS: dict[str, dict[str, Any]] = {
    "2-5-3-1": {},
    "2-16-1": {"discriminator_widths": (16,)},
    "2-16-16-1": {"discriminator_widths": (16, 16)},
    "quadratic": {"discriminator_form": "quadratic"},
}
REMEDIES: dict[str, dict[str, Any]] = {
    "r1": {"r1": 0.5},
    "r1 and r2": {"r1": 0.5, "r2": 0.5},
    "columns": {"standardise": "columns"},
    "half": {"generator_average": "half"},
    "cosine": {"learning_rate_schedule": "cosine"},
    "hinge": {"loss": "hinge"},
    "relativistic": {"loss": "relativistic"},
    "sgd": {"optimizer": "sgd"},
    "optimistic_adam": {"optimizer": "optimistic_adam"},
    "extra_adam": {"optimizer": "extra_adam"},
}


def seconds(configs: dict[Any, TrainingConfig], replicates: int, rounds: int) -> dict[Any, float]:
    """Measure the shortest processor time of each training, compiled before."""
    fused, found = backend("fused_cpu"), dict.fromkeys(configs, float("inf"))
    with threads.allow(1):
        for config in configs.values():
            fused.train(config, range(8))
        for _ in range(rounds):
            for name, config in configs.items():
                start = time.process_time()
                fused.train(config, range(replicates))
                found[name] = min(found[name], time.process_time() - start)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--replicates", type=int, default=512)
    parser.add_argument("--rounds", type=int, default=5)
    asked = parser.parse_args()
    plain = {form: TrainingConfig.parse(own) for form, own in FORMS.items()}
    mended = {
        (form, name): TrainingConfig.parse(own | remedy)
        for form, own in FORMS.items()
        for name, remedy in REMEDIES.items()
    }
    found = seconds(plain | mended, asked.replicates, asked.rounds)
    print("| remedy | " + " | ".join(FORMS) + " |")
    print("|---|" + "--:|" * len(FORMS))
    for name in REMEDIES:
        ratios = (found[form, name] / found[form] for form in FORMS)
        print(f"| {name} | " + " | ".join(f"{ratio:.2f}" for ratio in ratios) + " |")


if __name__ == "__main__":
    main()
