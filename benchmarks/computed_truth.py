"""What the computed truth of one generator costs, and the error that is stated with it.

    python -m benchmarks.computed_truth [--rounds 3] [--generators 3] [--only relu] [--check 20]

prints, for generators of several forms against each target, the seconds of processor time of one
``Pushforward.against`` (of random generators the median, each the fastest of its rounds), and the
largest stated errors: of KL(q‖p) and KL(p‖q) relative to them where they are above 1, of the other
measures as they are. Weights are random, scaled so that generated points lie about where the modes
do; of forms called "trained" they are those of a GAN with R1 and R2, which folds far more.

With ``--check N`` it computes instead, of N random and N trained generators with tanh against
``ring8``, each measure twice, the second time with ten times the work, and counts how often the two
are farther apart than both stated errors allow, or than the first one alone.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from gan_eval import TrainingConfig, train
from gan_eval.distributions.mixture import MixtureTarget
from gan_eval.distributions.pushforward import ComputedMeasures, Pushforward
from gan_eval.distributions.pushforward.measures import SCALARS
from gan_eval.distributions.target import GaussianTarget

TARGETS: dict[str, Any] = {
    "chapter": GaussianTarget.chapter(),
    "ring8": MixtureTarget.ring(),
    "grid25": MixtureTarget.grid(),
}
FORMS: tuple[tuple[str, tuple[int, ...]], ...] = (
    ("linear", ()),
    ("relu", (16,)),
    ("relu", (16, 16)),
    ("leaky_relu", (16, 16)),
    ("relu", (32, 32)),
    ("leaky_relu", (32, 32)),
    ("tanh", (8,)),
    ("tanh", (16, 16)),
    ("tanh", (32, 32)),
)
TRAINED: tuple[tuple[str, tuple[int, ...]], ...] = (("ring8", (16, 16)), ("grid25", (32, 32)))
"""Targets and widths of trained generators."""


def generator(activation: str, widths: tuple[int, ...], target: Any, seed: int) -> Pushforward:
    """Draw a generator whose points have the target's mean and standard deviations."""
    rng = np.random.default_rng(seed)
    layers, inputs = [], 2
    for outputs in (*widths, 2):
        weight = 1.5 * rng.normal(size=(inputs, outputs)) / np.sqrt(inputs)
        layers.append((weight, 0.5 * rng.normal(size=outputs)))
        inputs = outputs
    kind: Any = "tanh" if activation == "linear" else activation
    rows = Pushforward(layers, kind).sample(2000, 0)
    scale = np.sqrt(np.diag(target.covariance)) / rows.std(axis=0)
    weight, bias = layers[-1]
    layers[-1] = (weight * scale, (bias - rows.mean(axis=0)) * scale + target.mean)
    return Pushforward(layers, kind)


@lru_cache
def trained(widths: tuple[int, ...], target: str, count: int) -> list[Pushforward]:
    """Train generators with tanh against a target, in the way of the ready study ``ring``."""
    config = TrainingConfig(
        target=target,
        generator_widths=widths,
        generator_activation="tanh",
        discriminator_widths=widths,
        init_scale=1.0,
        standardise="whiten",
        batch_size=32,
        n_examples=20_000,
        epochs=60,
        learning_rate_D=0.01,
        learning_rate_G=0.003,
        learning_rate_schedule="cosine",
        adam_beta1=0.5,
        adam_beta2=0.99,
        r1=0.02,
        r2=0.02,
    )
    gans = train(config, seeds=range(count), backend="fused_cpu")
    return [gans.pushforward(replicate) for replicate in range(count)]


def seconds(law: Pushforward, target: Any, rounds: int) -> tuple[float, ComputedMeasures]:
    """Measure the processor time of one computation, the fastest of several."""
    spent = []
    found = law.against(target)
    for _ in range(rounds):
        start = time.process_time()
        found = law.against(target)
        spent.append(time.process_time() - start)
    return min(spent), found


def divergence_error(found: ComputedMeasures) -> float:
    """The larger error of KL and reverse KL, relative where above 1; 0 where both are infinite."""
    return max(
        (
            found.errors[name] / max(1.0, value)
            for name, value in (("kl", found.kl), ("kl_reverse", found.kl_reverse))
            if np.isfinite(value)
        ),
        default=0.0,
    )


def other_error(found: ComputedMeasures) -> float:
    """The largest error of the measures that are at most 1."""
    names = ("total_variation", "jensen_shannon", "hellinger", "mode_masses")
    return max(found.errors[name] for name in names)


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--generators", type=int, default=3)
    parser.add_argument("--only", default="", help="forms whose names begin so")
    parser.add_argument("--check", type=int, default=0, metavar="N")
    options = parser.parse_args(arguments)
    if options.check:
        check(options.check)
        return
    print("| generator | target | seconds | error of KL | error of the rest |")
    print("|---|---|---:|---:|---:|")
    count = options.generators
    for activation, widths in FORMS:
        words = f"{activation} {', '.join(map(str, widths))}".strip()
        if words.startswith(options.only):
            for name, target in TARGETS.items():
                laws = [generator(activation, widths, target, seed) for seed in range(count)]
                print(line(words, name, laws, options.rounds), flush=True)
    for name, widths in TRAINED:
        words = f"trained tanh {', '.join(map(str, widths))}"
        if words.startswith(options.only):
            print(line(words, name, trained(widths, name, count), options.rounds), flush=True)


def check(count: int) -> None:
    """Count measures whose stated errors do not hold beside ten times the work."""
    target = TARGETS["ring8"]
    kinds = {
        "random": [generator("tanh", (16, 16), target, seed) for seed in range(count)],
        "trained": trained((16, 16), "ring8", count),
    }
    for kind, laws in kinds.items():
        apart, beyond, compared = [], 0, 0
        for law in laws:
            found, finer = law.against(target), law.against(target, tolerance=1e-6)
            for name in SCALARS:
                one, two = getattr(found, name), getattr(finer, name)
                if not np.isfinite([one, two]).all():
                    continue
                compared += 1
                away = abs(one - two)
                beyond += away > found.errors[name]
                if away > found.errors[name] + finer.errors[name]:
                    apart.append(name)
        print(
            f"{kind}: {len(apart)} of {compared} measures of {len(laws)} generators beyond both "
            f"stated errors {apart or ''}, {beyond} beyond the first",
            flush=True,
        )


def line(words: str, name: str, laws: Sequence[Pushforward], rounds: int) -> str:
    """Write a line of the table."""
    results = [seconds(law, TARGETS[name], rounds) for law in laws]
    return (
        f"| {words} | `{name}` | {np.median([spent for spent, _ in results]):.2f} "
        f"| {max(divergence_error(found) for _, found in results):.0e} "
        f"| {max(other_error(found) for _, found in results):.0e} |"
    )


if __name__ == "__main__":
    main()
