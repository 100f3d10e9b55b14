"""``map_units``: outcomes by key, counted while they come, kept and found again."""

from __future__ import annotations

from typing import Any

import pytest

from gan_eval.runtime.errors import UsageError
from gan_eval.runtime.pool import Failure, Pool, Progress, Task, map_units


class Kept:
    """Outcomes by the arguments of their task."""

    def __init__(self) -> None:
        self.found: dict[Any, Any] = {}

    def find(self, task: Task) -> tuple[bool, Any]:
        return task[1:] in self.found, self.found.get(task[1:])

    def keep(self, task: Task, outcome: Any) -> None:
        self.found[task[1:]] = outcome


UNITS = {name: (divmod, 10 * number, 3) for number, name in enumerate("abc", 1)}
OUTCOMES = {name: divmod(10 * number, 3) for number, name in enumerate("abc", 1)}


def test_outcomes_come_by_key_in_the_order_of_the_units_and_are_counted() -> None:
    told: list[tuple[int, int, str]] = []
    progress = Progress(lambda at: told.append((at.finished, at.planned, at.doing)), finished=5)
    with Pool(1) as pool:
        found = map_units(pool, UNITS, progress, doing="dividing", weigh=lambda _: 2, later=4)
    assert list(found.items()) == list(OUTCOMES.items())
    assert told == [(5 + 2 * n, 5 + 2 * 3 + 4, "dividing") for n in (1, 2, 3)]


def test_what_was_kept_is_not_run_again() -> None:
    kept, told = Kept(), []
    kept.keep(UNITS["b"], "of an earlier run")
    progress = Progress(lambda at: told.append(at.finished))
    with Pool(1) as pool:
        found = map_units(pool, UNITS, progress, store=kept)
    assert found == {**OUTCOMES, "b": "of an earlier run"}
    assert (told, progress.reused) == ([2, 3], 1)
    assert len(kept.found) == 3


def test_a_failure_is_an_outcome_or_ends_all_in_one_sentence() -> None:
    units = {"bad": (divmod, 1, 0), **UNITS}
    with Pool(1) as pool:
        found = map_units(pool, units, Progress())
        assert isinstance(found["bad"], Failure)
        with pytest.raises(UsageError, match=r"^bad could not be done: .*zero"):
            map_units(pool, units, Progress(), fault="{key} could not be done")
