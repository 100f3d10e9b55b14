"""Trainings one by one: limits that are stated, and the worst that they would hide."""

from __future__ import annotations

import numpy as np
import pandas as pd

from gan_eval.pages.blocks import Table
from gan_eval.pages.page import MOST_ROWS
from gan_eval.report import replicates as tables
from gan_eval.report.cells import CellRows, cells_of
from gan_eval.study.results.results import Results

from . import synthetic


def _cells(replicates: int, **settings: object) -> list[CellRows]:
    made = synthetic.results(2, **settings)  # type: ignore[arg-type]
    groups = made.rows.groupby(["configuration", "backend"], sort=False)
    many = [
        pd.concat([group.iloc[:1]] * replicates, ignore_index=True).assign(
            seed=np.arange(replicates), verdict="converged", kl=0.01
        )
        for _, group in groups
    ]
    rows = pd.concat(many, ignore_index=True)
    return cells_of(Results(rows, made.epochs, made.provenance))


def _column(table: Table | None, name: str) -> list[str]:
    assert table is not None
    position = list(table.head).index(name)
    return [row[position] for row in table.rows]


def test_few_replicates_are_all_listed() -> None:
    made = synthetic.results(12)
    made.rows.loc[0, "seed"] = 2**63 - 1
    cells = cells_of(made)
    table = tables.first_replicates(cells)
    assert _column(table, "seed") == [str(seed) for seed in made.rows["seed"]]
    assert tables.worst_replicates(cells) is None


def test_the_first_seeds_are_listed_and_the_limit_is_stated() -> None:
    table = tables.first_replicates(_cells(5000))
    assert _column(table, "seed") == [str(seed) for seed in range(100)]
    assert "100 of 5000" in table.caption


def test_cells_share_the_room() -> None:
    places = [("pytorch", f"device {i}") for i in range(10)]
    made = synthetic.results(60, where=places)
    table = tables.first_replicates(cells_of(made))
    assert len(table.rows) == MOST_ROWS
    assert "500 of 600" in table.caption
    assert sorted(set(_column(table, "trained"))) == sorted(
        f"pytorch on device {i}" for i in range(10)
    )


def test_the_worst_are_listed_whatever_their_seed() -> None:
    (cell,) = _cells(5000)
    rows = cell.rows
    rows.loc[50, ["verdict", "kl"]] = ["failed", 9.0]  # among those listed anyway
    for seed, kl in ((4000, 2.0), (300, 5.0), (200, np.inf)):
        rows.loc[seed, ["verdict", "kl"]] = ["failed", kl]
    rows.loc[4999, ["verdict", "kl"]] = ["diverged", np.inf]
    table = tables.worst_replicates([cell])
    assert _column(table, "seed") == ["4999", "200", "300", "4000"]
    assert _column(table, "verdict") == ["diverged", "failed", "failed", "failed"]
    assert table is not None
    assert " 4 " in table.caption


def test_many_bad_ones_are_counted() -> None:
    (cell,) = _cells(1000)
    cell.rows["verdict"] = "failed"
    cell.rows["kl"] = 1.0 + cell.rows["seed"]
    table = tables.worst_replicates([cell])
    assert _column(table, "seed") == [str(seed) for seed in range(999, 979, -1)]
    assert table is not None
    assert "20" in table.caption
    assert "900" in table.caption
