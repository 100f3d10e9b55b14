"""The benchmark of the tests' cost measures its points."""

from __future__ import annotations

import subprocess
import sys


def test_the_benchmark_measures_one_point() -> None:
    command = [sys.executable, "-m", "benchmarks.cost_against_n", "one", "energy_test", "exact"]
    done = subprocess.run([*command, "50", "19"], capture_output=True, text=True, check=True)
    assert '"n": 50, "permutations": 19' in done.stdout
