"""What compiled labels and sums bring a permutation test, and what compiling costs.

    python -m benchmarks.compiled_labels

For some sizes, 1,000 permutations of two samples from the chapter's target: milliseconds of
processor time of a test with compiled code and without, in turn in one process, the least of many
rounds, and whether the p-values are equal. Then the time of the first use: without anything kept,
and in a new process that finds what was kept.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from unittest import mock

from gan_eval.distributions.target import GaussianTarget
from gan_eval.stats.twosample import TestResult, energy_test, mmd_test
from gan_eval.training import draws

SIZES = {20: 60, 100: 40, 500: 8, 1000: 6, 4000: 2}
"""Rows of each sample, and rounds."""
PERMUTATIONS = 1000

_FIRST = """
import time, torch
from gan_eval.stats.permutation import compiled
start = time.process_time()
compiled.compiled_code()
print(1000 * (time.process_time() - start))
"""


def without() -> AbstractContextManager[object]:
    """Nothing compiled, inside."""
    return mock.patch("gan_eval.stats.permutation.compiled._label_code", return_value=None)


def milliseconds(call: Callable[[], TestResult]) -> tuple[float, float]:
    """Processor time of a call, and its p-value."""
    start = time.process_time()
    result = call()
    return 1000 * (time.process_time() - start), result.pvalue


def main() -> None:
    target = GaussianTarget.chapter()
    print("test       n = m  compiled ms  without ms  ratio  p-values")
    for test in (mmd_test, energy_test):
        for n, rounds in SIZES.items():
            x, y = (target.transform(draws.evaluation_real(seed, n, 2)) for seed in (0, 1))

            def call(x=x, y=y, test=test) -> TestResult:
                return test(x, y, permutations=PERMUTATIONS, rng=0)

            call()
            ours, plain = [], []
            for _ in range(rounds):
                ours.append(milliseconds(call))
                with without():
                    plain.append(milliseconds(call))
            same = "equal" if ours[0][1] == plain[0][1] else "NOT EQUAL"
            fast, slow = min(ours)[0], min(plain)[0]
            name = test.__name__
            print(f"{name:11}{n:5}  {fast:11.2f}  {slow:10.2f}  {slow / fast:5.2f}  {same}")
    with tempfile.TemporaryDirectory() as folder:
        environment = os.environ | {"GAN_EVAL_CACHE": folder}
        for words in ("compiled", "kept"):
            command = [sys.executable, "-c", _FIRST]
            done = subprocess.run(command, env=environment, check=True, capture_output=True)
            print(f"first use, {words}: {float(done.stdout):.0f} ms of processor time")


if __name__ == "__main__":
    main()
