"""Small studies and the comparison of what they stored."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from gan_eval.runtime.provenance import environment
from gan_eval.study.plan import units
from gan_eval.study.plan.study import Study
from gan_eval.study.results.export import load
from gan_eval.study.run import execute
from gan_eval.training.backends import Availability, backend

CLOCKS = ["seconds", "chapter_seconds", "examples_per_second", "chapter_examples_per_second"]
"""The columns that tell time, which no two runs have alike."""

SMALL = {
    "replicates": 40,
    "backends": ["fused_cpu"],
    "permutations": 0,
    "traced": 20,
    "n_evaluation": 20,
    "time_budget": "none",
    "config": {"epochs": 2, "n_examples": 64},
    "grid": {"learning_rate_D": [0.05, 0.02]},
}


def small(**changes: object) -> Study:
    return Study.parse(SMALL | changes)


def no_drawing(*_: object) -> Callable[..., None]:
    """In the place of ``ChapterDrawing``: it takes no time, and changes no number but the clock."""
    return lambda _: None


def installed(together: int = 8) -> list[Availability]:
    """The fused backend alone, taking few seeds in a call, so that a study has many units."""
    version = backend("fused_cpu").version()
    return [Availability("fused_cpu", "installed", ("cpu",), version, together)]


def survey(*_: object) -> tuple[list[Availability], dict[str, Any]]:
    """``installed`` and this machine, as a run asks a process for it."""
    import torch  # noqa: F401  (as the list of backends does)

    return installed(), environment()


def exported(folder: Path, *, epochs: bool = False) -> str:
    """All that a folder's ledger has of its study as CSV, but for the clocks."""
    frame = load(folder, epochs=epochs)
    return str(frame.drop(columns=CLOCKS, errors="ignore").to_csv(index=False))


def assert_same(one: Path, other: Path) -> None:
    for epochs in (False, True):
        assert exported(one, epochs=epochs) == exported(other, epochs=epochs)


def without_clocks(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.drop(columns=CLOCKS, errors="ignore")


def counted(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The seeds that are trained from now on, unit by unit, in this process."""
    seen: list[int] = []

    def count(unit: units.Unit, of: Study) -> tuple[pd.DataFrame, pd.DataFrame]:
        seen.extend(unit.seeds)
        return train(unit, of)

    train = execute.train_unit
    monkeypatch.setattr(execute, "named", lambda _: installed(16))
    monkeypatch.setattr(execute, "train_unit", count)
    monkeypatch.setattr(execute, "ChapterDrawing", no_drawing)
    return seen
