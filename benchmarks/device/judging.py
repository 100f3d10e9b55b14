"""Whether the tests of two samples answer on the GPU as on the CPU, and how fast."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import numpy as np
import torch

from benchmarks.device.record import Record, rounds
from gan_eval.stats.result import TestResult
from gan_eval.stats.twosample.classifier import classifier_test
from gan_eval.stats.twosample.energy import energy_test
from gan_eval.stats.twosample.mmd import mmd_test
from gan_eval.stats.twosample.sliced_wasserstein import sliced_wasserstein_test

CLOSE = 1e-8
"""What a statistic may differ by, relative to its null's standard deviation: the same sums in
another order."""
Test = Callable[..., TestResult]

TESTS: dict[str, Test] = {
    "mmd_test": mmd_test,
    "mmd_test, exact": partial(mmd_test, method="exact"),
    "mmd_test, lowrank": partial(mmd_test, method="lowrank"),
    "mmd_test, features": partial(mmd_test, method="features"),
    "mmd_test, laplace": partial(mmd_test, kernel="laplace"),
    "mmd_test, laplace_l1": partial(mmd_test, kernel="laplace_l1"),
    "mmd_test, wild": partial(mmd_test, null="wild"),
    "mmd_test, whitened": partial(mmd_test, whiten="pooled"),
    "mmd_test, agg": partial(mmd_test, bandwidth="agg"),
    "mmd_test, fuse": partial(mmd_test, bandwidth="fuse"),
    "energy_test": energy_test,
    "energy_test, exact": partial(energy_test, method="exact"),
    "energy_test, sliced": partial(energy_test, method="sliced"),
    "energy_test, landmarks": partial(energy_test, method="landmarks"),
    "sliced_wasserstein_test": sliced_wasserstein_test,
    "classifier_test": classifier_test,
    "classifier_test, chapter": partial(classifier_test, classifier="chapter"),
}
TIMED: dict[str, tuple[str, int]] = {
    "mmd_test, n = m = 1,000": ("mmd_test", 1_000),
    "mmd_test, exact, n = m = 1,000": ("mmd_test, exact", 1_000),
    "energy_test, n = m = 1,000": ("energy_test", 1_000),
    "sliced_wasserstein_test, n = m = 1,000": ("sliced_wasserstein_test", 1_000),
    "mmd_test, exact, n = m = 10,000": ("mmd_test, exact", 10_000),
    "energy_test, exact, n = m = 10,000": ("energy_test, exact", 10_000),
    "mmd_test, features, n = m = 100,000": ("mmd_test, features", 100_000),
    "mmd_test, n = m = 100,000": ("mmd_test", 100_000),
}


def samples(rows: int, columns: int) -> tuple[np.ndarray, np.ndarray]:
    """Two samples that differ by a little, so that p is neither 1 nor the smallest."""
    generator = np.random.default_rng(7)
    x, y = generator.standard_normal((2, rows, columns))
    return x, y + 1.5 / np.sqrt(rows)


def there(record: Record, device: str) -> bool:
    """Whether PyTorch has the device; else a line says that it has not."""
    if device == "cpu" or torch.cuda.is_available():
        return True
    record.left_out("tests of two samples", "PyTorch sees no GPU here")
    return False


def agreement(record: Record, size: Mapping[str, Any]) -> None:
    """Each test on the device beside the CPU: the same p-value, the statistic to rounding."""
    device = size["device"]
    for columns in (2, 10) if there(record, device) else ():
        x, y = samples(size["rows"], columns)
        for name, test in TESTS.items():
            what = f"{name}, {columns} columns"
            if record.late():
                record.left_out(what, "the time of this part was up")
                continue
            with record.trying(what):
                ask = partial(test, x, y, permutations=size["permutations"], rng=1)
                found, other = ask(device=device), ask(device="cpu")
                record.check(f"{what}: p", abs(found.pvalue - other.pvalue), 0.0, p=other.pvalue)
                spread = max(float(np.std(other.null_distribution)), 1e-300)
                apart = abs(found.statistic - other.statistic) / spread
                record.check(f"{what}: statistic", apart, CLOSE, "of the null's spread")


def speed(record: Record, size: Mapping[str, Any]) -> None:
    """Seconds of a test with 1,000 permutations on the device, and beside it on this CPU."""
    device = size["device"]
    for name, (test, rows) in TIMED.items() if there(record, device) else ():
        if rows > size["most_rows"] or record.late():
            why = "the time of this part was up" if record.late() else "not with --quick"
            record.left_out(name, why)
            continue
        x, y = samples(rows, 2)
        ask = partial(TESTS[test], x, y, permutations=size["timed_permutations"], rng=1)
        with record.trying(name):
            # A CPU's 10⁴ rows take seconds, so one round there.
            own = rounds(partial(ask, device=device), size["rounds"])
            other = rounds(partial(ask, device="cpu"), 1 if rows > 1_000 else size["rounds"])
            facts = {"on the CPU": statistics.median(other), "threads": torch.get_num_threads()}
            record.figure(name, own, "seconds", rows=rows, **facts)
