"""What a row without a closed form costs, and how surely a generator that is right converges.

    python -m benchmarks.computed_rows

Prints, for a ring of 8 and a grid of 25, the processor time of a row by samples and of an epoch,
medians of 40; and of 200 samples of the truth itself, of 1,000 rows each, the lower end of the
interval of worth by energy: its median, its 5 % quantile, and the share above the margin of 58.
"""

from __future__ import annotations

import time

import numpy as np

from gan_eval.distributions.mixture import MixtureTarget
from gan_eval.distributions.protocol import Target
from gan_eval.distributions.target import GaussianTarget
from gan_eval.judging.computed.epochs import epoch_columns
from gan_eval.judging.computed.rows import WORTH_ROWS
from gan_eval.judging.judge import judge
from gan_eval.stats.worth import worth
from gan_eval.training.config import ENERGY_CONVERGED, TrainingConfig
from gan_eval.training.draws import Layer
from gan_eval.training.history import History
from gan_eval.training.target_config import TargetConfig
from gan_eval.training.trained import TrainedGANs, initial_layers

ROUNDS = 40
SAMPLES = 200


def untrained(target: str, epochs: int) -> TrainedGANs:
    """A replicate as it is drawn, in every epoch."""
    config = TrainingConfig(
        target=TargetConfig(preset=target),
        generator_widths=(16, 16),
        generator_activation="relu",
        init_scale=0.5,
        epochs=epochs,
    )
    generator, discriminator = (
        [Layer(weight[None], bias[None]) for weight, bias in net]
        for net in initial_layers(config, 0)
    )
    history = History(config, "made", "cpu", [0], generator)
    for _ in history.epochs():
        history.end(np.zeros((2, 1)), generator)
    return history.trained(discriminator)


def milliseconds(gans: TrainedGANs, what: str) -> float:
    """The median processor time of a row, or of an epoch."""
    found = []
    for _ in range(ROUNDS + 3):
        began = time.process_time()
        if what == "row":
            judge(gans, permutations=0, computed=0)
        else:
            epoch_columns(gans)
        found.append(1e3 * (time.process_time() - began))
    return float(np.median(found[3:])) / (1 if what == "row" else len(gans.traced))


def of_the_truth(target: Target) -> tuple[float, float, float]:
    """The lower end of worth of samples of the truth: median, 5 % quantile, share above 58."""
    low = [worth(target, target.sample(WORTH_ROWS, seed)).low for seed in range(SAMPLES)]
    share = float(np.mean(np.array(low) >= ENERGY_CONVERGED))
    return float(np.median(low)), float(np.quantile(low, 0.05)), share


def main() -> None:
    for name in ("ring8", "grid25"):
        row, epoch = (
            milliseconds(untrained(name, 1), "row"),
            milliseconds(untrained(name, 20), "epoch"),
        )
        print(f"{name}: {row:.0f} ms a row by samples, {epoch:.1f} ms an epoch")
    for name, target in (
        ("chapter", GaussianTarget.chapter()),
        ("ring8", MixtureTarget.ring()),
        ("grid25", MixtureTarget.grid()),
    ):
        median, low, share = of_the_truth(target)
        print(
            f"{name}: the truth is worth at least {median:.0f} real rows (median), {low:.0f} "
            f"(5 %); {share:.1%} of samples converge"
        )


if __name__ == "__main__":
    main()
