"""How fast trained GANs are judged, with and without the two-sample tests."""

from __future__ import annotations

import pytest
import torch

from benchmarks.conftest import Measure
from gan_eval.judging.judge import judge
from gan_eval.training.backends import backend
from gan_eval.training.config import TrainingConfig
from gan_eval.training.trained import TrainedGANs

REPLICATES = 4


@pytest.fixture(scope="module")
def trained() -> TrainedGANs:
    return backend("pytorch").train(TrainingConfig(epochs=1), range(REPLICATES))


@pytest.mark.benchmark(group="judge")
@pytest.mark.parametrize("permutations", [0, 999])
def test_judge(measure: Measure, trained: TrainedGANs, permutations: int) -> None:
    rows = measure(
        lambda: judge(trained, permutations=permutations),
        examples=REPLICATES,
        unit="replicates",
        device="cpu",
        threads=torch.get_num_threads(),
        replicates=REPLICATES,
        config_hash=trained.config.hash,
    )
    assert len(rows) == REPLICATES
