"""How often the 95 % interval of a squared distance holds it, as docs/yardsticks.md has it.

    python benchmarks/worth_coverage.py [repetitions]

Rows of N(0, I) against rows of N(0, I), N(0.2 e₁, I), N(e₁, I), N(0, 1.1 I) and N(0, 2 I), by
energy and MMD, at several sizes; the true distance is a closed form. Last, both with so few pairs
that rows are parted into blocks.
"""

from __future__ import annotations

import sys
from unittest import mock

import numpy as np

from gan_eval.distributions import energy_distance, mmd2
from gan_eval.stats import worth as module
from gan_eval.stats.kernels.kernels import median_bandwidth

SIZES = ((50, 50), (200, 200), (1000, 1000), (50, 500), (500, 50))
LAWS = {
    "equal": (0.0, 1.0), "shift 0.2": (0.2, 1.0), "shift 1": (1.0, 1.0),
    "× 1.1": (0.0, 1.1), "× 2": (0.0, 2.0),
}  # fmt: skip


def held(by: str, n: int, m: int, d: int, law: tuple[float, float], seed: int) -> bool:
    """Say whether one interval holds the distance."""
    rng = np.random.default_rng([seed, n, m, d])
    shift, variance = law[0] * np.eye(d)[0], law[1]
    real, rows = rng.normal(size=(n, d)), shift + np.sqrt(variance) * rng.normal(size=(m, d))
    found = module.worth(real, rows, by=by, whiten=False)
    truth, other = (np.zeros(d), np.eye(d)), (shift, variance * np.eye(d))
    if by == "energy":
        exact = float(energy_distance(other, truth))
    else:
        exact = float(mmd2(other, truth, bandwidth=median_bandwidth(real)))
    return found.distance_low <= exact <= found.distance_high


def main() -> None:
    repetitions = int(sys.argv[1]) if len(sys.argv) > 1 else 500
    print(f"share of {repetitions} intervals; error {np.sqrt(0.95 * 0.05 / repetitions):.3f}")
    print("by d n m " + " ".join(LAWS))
    cases = [
        (by, d, *size, module.MOST_PAIRS) for by in module.BY for d in (2, 10) for size in SIZES
    ]
    cases += [(by, d, 400, 400, 20_000) for by in module.BY for d in (2, 10)]
    for by, d, n, m, most in cases:
        with mock.patch.object(module, "MOST_PAIRS", most):
            shares = [
                np.mean([held(by, n, m, d, law, seed) for seed in range(repetitions)])
                for law in LAWS.values()
            ]
        blocks = " in 8 blocks" if most < module.MOST_PAIRS else ""
        print(
            f"{by} {d} {n} {m} " + " ".join(f"{share:.3f}" for share in shares) + blocks, flush=True
        )


if __name__ == "__main__":
    main()
