"""What a loop over epochs keeps, whoever trains."""

from __future__ import annotations

import time

import numpy as np

from gan_eval.training.config import TrainingConfig
from gan_eval.training.draws import Layer
from gan_eval.training.history import History
from gan_eval.training.trained import EpochEnd

CONFIG = TrainingConfig(epochs=3, latent_size=4)
SEEDS = [7, 9]
PAUSE = 0.01


def run(on_epoch=None) -> tuple[History, Layer]:
    """Two replicates whose weights change in place, and whose epochs take a hundredth of a
    second each."""
    layer = Layer(np.zeros((2, 4, 2)), np.zeros((2, 2)))
    history = History(CONFIG, "mine", "cpu", SEEDS, layer, on_epoch)
    for epoch in history.epochs():
        time.sleep(PAUSE)
        for part in layer:
            part += 1
        history.end([[epoch, 10 + epoch], [np.nan, np.nan]], layer)
    return history, layer


def test_it_keeps_what_each_epoch_left_though_the_weights_change_in_place() -> None:
    history, layer = run()
    trained = history.trained([layer])
    assert trained.weights.shape == (2, 4, 4, 2)
    assert trained.biases.shape == (2, 4, 2)
    np.testing.assert_array_equal(trained.weights[:, :, 0, 0], [[0, 1, 2, 3]] * 2)
    np.testing.assert_array_equal(trained.biases[:, :, 1], [[0, 1, 2, 3]] * 2)
    np.testing.assert_array_equal(trained.loss_D, [[0, 1, 2], [10, 11, 12]])
    assert np.isnan(trained.loss_G).all()
    assert (trained.backend, trained.device, trained.adam) == ("mine", "cpu", None)


def test_on_epoch_is_told_of_every_end_and_its_time_is_on_the_chapters_clock_alone() -> None:
    ends: list[EpochEnd] = []

    def draw(end: EpochEnd) -> None:
        ends.append(end)
        time.sleep(5 * PAUSE)

    history, layer = run(draw)
    trained = history.trained([layer])
    assert [end.epoch for end in ends] == [1, 2, 3]
    for end in ends:
        np.testing.assert_array_equal(end.seeds, SEEDS)
        np.testing.assert_array_equal(end.weights, trained.weights[:, end.epoch])
        np.testing.assert_array_equal(end.loss_D, trained.loss_D[:, end.epoch - 1])
    # Two replicates share an epoch's time; a sleep is never shorter than asked.
    assert (trained.seconds >= PAUSE / 2).all()
    assert (trained.chapter_seconds - trained.seconds >= 5 * PAUSE / 2).all()


def test_without_on_epoch_there_is_no_chapters_clock() -> None:
    history, layer = run()
    assert np.isnan(history.trained([layer]).chapter_seconds).all()
