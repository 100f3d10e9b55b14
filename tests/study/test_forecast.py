"""What a study would take: what is counted, by how much, and that nothing is counted twice."""

from __future__ import annotations

import time

import pytest

from gan_eval.study.plan.study import Study
from gan_eval.study.run import forecast as module
from gan_eval.study.run.forecast import forecast
from gan_eval.training.backends.registry import Availability

SMALL = {
    "replicates": 3,
    "backends": ["fused_cpu"],
    "permutations": 0,
    "n_evaluation": 20,
    "config": {"n_examples": 16, "epochs": 40},
}


class Slow:
    """A drawing that takes a known time an epoch."""

    seconds = 0.02

    def __init__(self, *_: object) -> None:
        pass

    def __call__(self, _: object) -> None:
        time.sleep(self.seconds)


@pytest.fixture(autouse=True)
def one_backend(monkeypatch: pytest.MonkeyPatch) -> None:
    found = [Availability("fused_cpu", "installed", ("cpu",), "", 1024)]
    monkeypatch.setattr(module, "named", lambda _: found)
    monkeypatch.setattr(module, "ChapterDrawing", Slow)


def test_the_timed_replicate_is_drawn_after_each_epoch_and_no_other_is() -> None:
    found = forecast(Study.parse(SMALL | {"grid": {"dialect": ["pytorch", "mxnet"]}}), workers=2)
    first, second = found.cells
    # 40 epochs, and the one that is thrown away.
    assert first.alone >= 41 * Slow.seconds
    assert second.alone == 0
    assert first.seconds > first.alone
    assert [cell.units for cell in found.cells] == [2, 1]
    # What is timed stands alone, whatever the number of workers.
    assert found.seconds >= first.alone


def test_the_axes_are_told_with_the_fields_that_change_together() -> None:
    settings = SMALL | {
        "grid": {"dialect": ["pytorch", "mxnet"]},
        "zip": [{"batch_size": [4, 8, 16], "epochs": [1, 2, 3]}],
    }
    found = forecast(Study.parse(settings), workers=1)
    assert found.axes == ("2 of dialect", "3 of batch_size and epochs together")
    assert len(found.cells) == 6
    assert forecast(Study.parse(SMALL), workers=1).axes == ()
