"""A replicate or an epoch that is not there is refused, wherever it is asked for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import gan_eval as ge
from gan_eval.runtime.errors import UsageError

SMALL: dict[str, Any] = {"epochs": 2, "n_examples": 16, "batch_size": 8}
LINEAR = ge.train(ge.TrainingConfig(**SMALL), seeds=range(2))
CURVED = ge.train(ge.TrainingConfig(**SMALL, generator_widths=(4,)), seeds=range(2))

OF_REPLICATES: list[Callable[[ge.TrainedGANs, Any], Any]] = [
    lambda gans, replicate: gans.generator(replicate),
    lambda gans, replicate: gans.pushforward(replicate),
    lambda gans, replicate: gans.generate(replicate, 3),
    lambda gans, replicate: gans.training_rows(replicate),
    lambda gans, replicate: gans.critic(replicate, np.zeros((3, 2))),
]


@pytest.mark.parametrize("ask", OF_REPLICATES)
@pytest.mark.parametrize("gans", [LINEAR, CURVED])
def test_a_replicate_that_is_not_there_is_refused(ask, gans) -> None:
    ask(gans, np.int64(1))
    for replicate in (5, 2, -1, 0.5, True, "0"):
        with pytest.raises(UsageError, match="replicate must be"):
            ask(gans, replicate)


@pytest.mark.parametrize(
    "ask",
    [
        lambda epoch: LINEAR.law(epoch),
        lambda epoch: LINEAR.pushforward(0, epoch),
        lambda epoch: CURVED.pushforward(1, epoch),
        lambda epoch: CURVED.generator(1, epoch),
    ],
)
def test_an_epoch_that_is_not_there_is_refused(ask) -> None:
    for epoch in (0, 2, -1, -3):
        ask(epoch)
    for epoch in (3, -4, 1.0, None):
        with pytest.raises(UsageError, match="epoch must be"):
            ask(epoch)


def test_epochs_are_places_among_those_that_are_kept() -> None:
    config = ge.TrainingConfig(**(SMALL | {"epochs": 4}))
    gans = ge.train(config, seeds=range(1), backend="fused_cpu", every=2)
    assert gans.traced.tolist() == [0, 2, 4]
    gans.pushforward(0, 2)
    with pytest.raises(UsageError, match="between -3 and 2"):
        gans.pushforward(0, 3)
