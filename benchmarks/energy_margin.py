"""The margin in worth by energy that calls as many replicates converged as the margin in KL does.

    python benchmarks/energy_margin.py [replicates]

The chapter's configuration in its three dialects, with a discriminator of 16 hidden units, and
mended. Both sides are exact: KL(q‖p) of the learned Gaussian, and its worth in energy distance in
coordinates in which the target is N(0, I). First the margins that give equal shares on seeds from
100,000 on; then the margins of ``gan_eval.judging.exact_worth`` on seeds from 0 on, which had
no part in them, with the 2 × 2 table of replicates.
"""

from __future__ import annotations

import sys

import numpy as np

from gan_eval import TrainingConfig, train
from gan_eval.distributions import kl
from gan_eval.judging.exact_worth import exact_worth
from gan_eval.training.config import ENERGY_CONVERGED, ENERGY_NEAR, Margins

CELLS = {
    "chapter (PyTorch)": TrainingConfig(),
    "chapter (TensorFlow)": TrainingConfig(dialect="tensorflow"),
    "chapter (MXNet)": TrainingConfig(dialect="mxnet"),
    "16 hidden units": TrainingConfig(discriminator_widths=(16,)),
    "mended": TrainingConfig(preset="mended"),
}
MARGINS = {
    "converged": (Margins().converged, ENERGY_CONVERGED),
    "near": (Margins().near, ENERGY_NEAR),
}


def measured(config: TrainingConfig, first: int, count: int) -> tuple[np.ndarray, np.ndarray]:
    """KL(q‖p) in nats and worth by energy of replicates, both (count,)."""
    law = train(config, range(first, first + count), backend="fused_cpu").law()
    return kl(law, config.truth), exact_worth(law, config.truth)[0]


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 2000
    print(f"margins of equal shares, seeds 100,000 to {100_000 + count - 1:,}")
    print("cell | KL at most | share | worth at least")
    for name, config in CELLS.items():
        divergence, worth = measured(config, 100_000, count)
        for nats, _ in MARGINS.values():
            share = (divergence <= nats).mean()
            if 0 < share < 1:
                print(f"{name} | {nats} | {share:.4f} | {np.quantile(worth, 1 - share):.1f}")
    print(f"\nseeds 0 to {count - 1:,}; KL and worth within the margin: both, KL only, worth only,")
    print("neither")
    print("cell | margin | by KL | by worth | both | KL | worth | neither | they disagree")
    totals: dict[str, list[float]] = {name: [] for name in MARGINS}
    for name, config in CELLS.items():
        divergence, worth = measured(config, 0, count)
        for margin, (nats, rows) in MARGINS.items():
            a, b = divergence <= nats, worth >= rows
            table = [(a & b).sum(), (a & ~b).sum(), (~a & b).sum(), (~a & ~b).sum()]
            apart = float((a != b).mean())
            totals[margin].append(apart)
            print(
                f"{name} | {margin}: {nats} nats, {rows} rows | {a.mean():.4f} | {b.mean():.4f} | "
                f"{' | '.join(map(str, table))} | {apart:.4f}"
            )
    for margin, shares in totals.items():
        print(f"all cells, {margin}: they disagree about {np.mean(shares):.4f} of the replicates")


if __name__ == "__main__":
    main()
