"""Examples a second of the chapter's loop, on every backend and device that is here.

``train`` returns NumPy arrays, so work on a device has ended when the call has.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from benchmarks.conftest import Measure
from gan_eval.backends import backend
from gan_eval.config import TrainingConfig


@pytest.mark.benchmark(group="training")
@pytest.mark.parametrize(
    ("epochs", "batch_size", "rounds"),
    [(2, 8, 3), (20, 8, 1), (2, 64, 3), (2, 512, 3)],
    ids=["short", "chapter", "batch-64", "batch-512"],
)
def test_training(
    measure: Measure, backend_name: str, device: str, epochs: int, batch_size: int, rounds: int
) -> None:
    """The chapter's configuration: three rounds of 2 epochs, and one of all 20; then two larger
    batches."""
    trainer, config = backend(backend_name), TrainingConfig(epochs=epochs, batch_size=batch_size)
    threads: list[int] = []

    def note(_: Any) -> None:
        threads.append(torch.get_num_threads())

    trainer.train(config.model_copy(update={"epochs": 1}), [0], device, note)
    trained = measure(
        lambda: trainer.train(config, [0], device),
        examples=epochs * config.n_examples,
        unit="training examples",
        rounds=rounds,
        warm=True,
        backend=backend_name,
        device=device,
        threads=threads[0],
        replicates=1,
        config_hash=config.hash,
    )
    assert trained.weights.shape == (1, epochs + 1, 2, 2)
    assert np.isfinite(trained.loss_D).all()
