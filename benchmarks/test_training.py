"""Examples per second of the chapter's loop, on every backend and device that is here.

``train`` returns NumPy arrays, so work on a device has ended when the call has.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from benchmarks.conftest import Measure
from gan_eval.training.backends import backend
from gan_eval.training.config import TrainingConfig


@pytest.mark.benchmark(group="training")
@pytest.mark.parametrize(
    ("epochs", "batch_size"),
    [(2, 8), (20, 8), (2, 64), (2, 512)],
    ids=["short", "chapter", "batch-64", "batch-512"],
)
def test_training(
    measure: Measure, backend_name: str, device: str, epochs: int, batch_size: int
) -> None:
    """The chapter's configuration, 2 epochs and all 20; then two larger batches."""
    trainer, config = backend(backend_name), TrainingConfig(epochs=epochs, batch_size=batch_size)
    threads: list[int] = []

    def note(_: Any) -> None:
        threads.append(torch.get_num_threads())

    trainer.train(config.model_copy(update={"epochs": 1}), [0], device, note)
    trained = measure(
        lambda: trainer.train(config, [0], device),
        examples=epochs * config.n_examples,
        unit="training examples",
        backend=backend_name,
        device=device,
        threads=threads[0],
        replicates=1,
        config_hash=config.hash,
    )
    assert trained.weights.shape == (1, epochs + 1, 2, 2)
    assert np.isfinite(trained.loss_D).all()
