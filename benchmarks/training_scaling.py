"""How ``fused_cpu``'s examples/sec grow with replicates, batch, nets and threads, as a CSV.

    python -m benchmarks.training_scaling FILE.csv [--rounds 3]
    python -m benchmarks.training_scaling memory [--replicates 1000000] [--epochs 1]

The first varies one thing at a time from 2,048 replicates of the chapter's configuration (256 for
wide nets and latent sizes above 16), all points in turn in each round; a point is called until
1.5 seconds have gone, and trains for as many epochs as that takes, at most 20. Each row has the
median over rounds, its range, the floating-point operations of an example and their share of the
processor's multiply-adds (``benchmarks/roofline.py``). Where it was measured stands in a JSON file
beside it. The second trains so many replicates in a process of its own, with traces thinned to the
last epoch, and prints its seconds and its largest resident set.
"""

from __future__ import annotations

import argparse
import csv
import json
import math
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks import roofline
from benchmarks.cost_against_n import KIBIBYTES
from benchmarks.counting import FLOATING, operations_per_example, total
from gan_eval.runtime import threads
from gan_eval.runtime.provenance import environment
from gan_eval.runtime.threads import cores
from gan_eval.training.backends import backend
from gan_eval.training.config import TrainingConfig

REPLICATES, FEW = 2048, 256
LONG_ENOUGH = 1.5
"""Seconds of a measurement."""
COLUMNS = (
    *("axis", "value", "replicates", "threads", "epochs", "calls"),
    *("examples_per_second", "lowest", "highest", "rounds", "operations_per_example", "share"),
)
WIDTHS = ((5, 3), (8, 8), (16, 16), (32, 32), (64, 64))


@dataclass
class Point:
    """One row: what is varied, and what was measured."""

    axis: str
    value: str
    config: TrainingConfig
    replicates: int = REPLICATES
    threads: int = field(default_factory=cores)
    epochs: int = 1
    calls: int = 1
    rates: list[float] = field(default_factory=list)
    shares: list[float] = field(default_factory=list)
    operations: float = 0.0

    def run(self) -> float:
        """Examples/sec of ``calls`` calls."""
        config = self.config.model_copy(update={"epochs": self.epochs})
        trainer = backend("fused_cpu")
        with threads.allow(self.threads):
            began = time.perf_counter()
            for _ in range(self.calls):
                trainer.train(config, range(self.replicates))
            seconds = time.perf_counter() - began
        return self.calls * self.replicates * self.epochs * config.n_examples / seconds

    def prepare(self) -> None:
        """Compile, and choose epochs and calls by a first measurement."""
        self.run()
        wanted = self.run() * LONG_ENOUGH / (self.replicates * self.config.n_examples)
        self.epochs = min(max(1, round(wanted)), 20)
        self.calls = max(1, math.ceil(wanted / self.epochs))
        self.operations = total(operations_per_example(self.config), *FLOATING)

    def row(self) -> dict[str, Any]:
        """The columns of the CSV."""
        return {
            "axis": self.axis,
            "value": self.value,
            "replicates": self.replicates,
            "threads": self.threads,
            "epochs": self.epochs,
            "calls": self.calls,
            "examples_per_second": round(statistics.median(self.rates)),
            "lowest": round(min(self.rates)),
            "highest": round(max(self.rates)),
            "rounds": len(self.rates),
            "operations_per_example": round(self.operations, 1),
            "share": round(statistics.median(self.shares), 3),
        }


def points() -> Iterator[Point]:
    """What is measured."""
    chapter = TrainingConfig()
    for exponent in range(15):
        yield Point("replicates", str(2**exponent), chapter, 2**exponent)
    for size in (1, 2, 4, 8, 16, 32, 64, 128, 256):
        yield Point("batch_size", str(size), TrainingConfig(batch_size=size))
    for size in (1, 2, 4, 8, 16, 32, 64):
        config = TrainingConfig(latent_size=size)
        yield Point("latent_size", str(size), config, REPLICATES if size <= 16 else FEW)
    for widths in WIDTHS:
        config = TrainingConfig(discriminator_widths=widths)
        several = REPLICATES if widths == WIDTHS[0] else FEW
        yield Point("discriminator_widths", "-".join(map(str, widths)), config, several)
    for count in sorted({1, 2, cores()}):
        if count <= cores():
            yield Point("threads", str(count), chapter, threads=count)


def measure(path: Path, rounds: int) -> None:
    """Measure every point in turn, and write the CSV and where it was measured beside it."""
    measured = list(points())
    for point in measured:
        point.prepare()
        roofline.rate("fma")
    for number in range(rounds):
        for point in measured:
            point.rates.append(point.run())
            peak = point.threads * roofline.rate("fma")
            point.shares.append(point.operations * point.rates[-1] / peak)
        print(f"round {number + 1} of {rounds}", file=sys.stderr, flush=True)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        for point in measured:
            writer.writerow(point.row())
            print(" ".join(map(str, point.row().values())))
    text = json.dumps(environment(), indent=2)
    path.with_suffix(".json").write_text(text + "\n", encoding="utf-8")


def memory(replicates: int, epochs: int) -> dict[str, Any]:
    """Train in this process; its seconds and its largest resident set."""
    config = TrainingConfig(epochs=epochs)
    trainer: Any = backend("fused_cpu")
    began = time.perf_counter()
    trained = trainer.train(config, range(replicates), every=epochs)
    assert len(trained) == replicates
    return {
        "replicates": replicates,
        "epochs": epochs,
        "seconds": round(time.perf_counter() - began, 1),
        "peak_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / KIBIBYTES),
        "threads": threads.for_replicates(),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description="fused_cpu's examples/sec and memory.")
    parser.add_argument("what", help="the CSV to write, or `memory`")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--replicates", type=int, default=1_000_000)
    parser.add_argument("--epochs", type=int, default=1)
    parser.add_argument("--here", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.what != "memory":
        measure(Path(arguments.what), arguments.rounds)
    elif arguments.here:
        print(json.dumps(memory(arguments.replicates, arguments.epochs)))
    else:
        # A process of its own, whose memory is this training's and nothing else's.
        subprocess.run([sys.executable, "-m", __spec__.name, *sys.argv[1:], "--here"], check=True)


if __name__ == "__main__":
    main()
