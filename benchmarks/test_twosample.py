"""How fast the permutation tests are, on every device that PyTorch has here."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch

from benchmarks.conftest import Measure
from gan_eval.distributions.target import GaussianTarget
from gan_eval.stats.twosample import TestResult, energy_test, mmd_test
from gan_eval.training import draws

PERMUTATIONS = 999
DEVICES = [
    "cpu",
    pytest.param(
        "cuda", marks=pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU here")
    ),
]


@pytest.mark.benchmark(group="two-sample tests")
@pytest.mark.parametrize("n", [500, 1000])
@pytest.mark.parametrize("test", [mmd_test, energy_test], ids=["mmd_test", "energy_test"])
@pytest.mark.parametrize("device", DEVICES)
def test_two_samples(
    measure: Measure, test: Callable[..., TestResult], device: str, n: int
) -> None:
    """Two samples of n rows from the chapter's target, 999 permutations."""
    target = GaussianTarget.chapter()
    x, y = (target.transform(draws.evaluation_real(seed, n, 2)) for seed in (0, 1))
    result = measure(
        lambda: test(x, y, permutations=PERMUTATIONS, rng=0, device=device),
        examples=2 * n,
        unit="pooled rows",
        device=device,
        threads=torch.get_num_threads(),
    )
    assert result.permutations == PERMUTATIONS


@pytest.mark.benchmark(group="large tables beside all pairs")
@pytest.mark.parametrize(
    ("test", "method"),
    [
        (mmd_test, "exact"),
        (mmd_test, "features"),
        (energy_test, "exact"),
        (energy_test, "landmarks"),
    ],
)
def test_large_tables_beside_all_pairs(
    measure: Measure, test: Callable[..., TestResult], method: str
) -> None:
    """Two samples of 2,000 rows and 20 columns, by all pairs and as large tables are tested."""
    generator = np.random.default_rng(0)
    x, y = generator.normal(size=(2, 2000, 20))
    result = measure(
        lambda: test(x, y, method=method, permutations=PERMUTATIONS, rng=0),
        examples=4000,
        unit="pooled rows",
        device="cpu",
        threads=torch.get_num_threads(),
    )
    assert result.parameters["path"] == method
