"""Studies with cells without a closed form: planned, stored, resumed, exported, merged, checked."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from gan_eval.judging.acceptance import Demand, answer
from gan_eval.judging.computed_columns import without_closed_form
from gan_eval.judging.sequential import follow
from gan_eval.judging.summary import summarise
from gan_eval.runtime.errors import UsageError
from gan_eval.study.ledger.ledger import LEDGER_FILE
from gan_eval.study.plan import units
from gan_eval.study.plan.study import Study
from gan_eval.study.results.export import export, load
from gan_eval.study.results.merge import merge
from gan_eval.study.results.reading import read_rows
from gan_eval.study.results.results import Results
from gan_eval.study.run import execute

from .tables import CLOCKS, counted, installed, small

AXIS = {
    "label": ["line", "ring", "space"],
    "target": ["chapter", "ring8", "ring8"],
    "generator_widths": [[], [], [3]],
    "generator_activation": ["tanh", "tanh", "relu"],
    "latent_size": [2, 2, 3],
}
"""Closed forms; a linear generator on a ring, which is computed; one that cannot be."""


def study(**changes: Any) -> Study:
    return small(grid={}, zip=[AXIS], replicates=5, traced=2, computed=3, **changes)


@pytest.fixture
def trained(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    return counted(monkeypatch)


def run(settings: Study, folder: Path) -> Results:
    return execute.run(settings, store=folder / LEDGER_FILE, workers=1)


def assert_equal(first: pd.DataFrame, second: pd.DataFrame) -> None:
    """Equal to the bit, but for clocks and how pandas keeps words."""
    dropped = [name for name in CLOCKS if name in first]
    pd.testing.assert_frame_equal(
        first.drop(columns=dropped),
        second.drop(columns=dropped),
        check_exact=True,
        check_dtype=False,
    )


def test_a_study_is_stored_resumed_exported_and_merged(trained: list[int], tmp_path: Path) -> None:
    found = run(study(), tmp_path / "a")
    rows = found.rows
    assert not found.provenance["failures"]
    assert len(rows) == 15
    cells = {name: rows[rows["configuration"] == name] for name in AXIS["label"]}
    assert cells["ring"]["kl"].notna().tolist() == [True] * 3 + [False] * 2
    assert cells["ring"]["kl_how"].tolist() == ["computed"] * 3 + [""] * 2
    assert cells["line"]["kl"].notna().all()
    assert cells["space"]["kl"].isna().all()
    assert cells["space"]["not_measured"].str.contains("maps 3 to 2").all()
    assert without_closed_form(rows).tolist() == (rows["configuration"] != "line").tolist()
    # No text is missing, also beside cells that have no such column.
    assert (cells["line"]["not_measured"] == "").all()
    # The epochs of the cells in question have worth, those of the line KL.
    epochs: Any = found.epochs.groupby("configuration")[["kl", "worth_energy"]].count()
    assert epochs.loc["line"].tolist() == [6, 0]
    assert epochs.loc["ring"].tolist() == [0, 6]

    # Nothing is trained again; more seeds to compute are.
    trained.clear()
    assert_equal(run(study(), tmp_path / "a").rows, rows)
    assert trained == []
    more = run(study().model_copy(update={"computed": 4}), tmp_path / "a").rows
    assert trained == [3]
    assert more.loc[more["configuration"] == "ring", "kl"].notna().sum() == 4
    # What is known beyond what is asked for is left out.
    trained.clear()
    assert_equal(run(study(), tmp_path / "a").rows, rows)
    assert trained == []

    # Read back, from the ledger, as CSV and as Parquet.
    assert_equal(load(tmp_path / "a"), rows)
    for name in ("rows.csv", "rows.parquet"):
        assert export(tmp_path / "a", tmp_path / name) == 15
    assert_equal(read_rows(tmp_path / "rows.csv"), rows)
    stored = pd.read_parquet(tmp_path / "rows.parquet")
    assert_equal(stored[list(rows)], rows)
    assert export(tmp_path / "a", tmp_path / "epochs.csv", epochs=True) == len(found.epochs)

    # Two halves put together are the whole.
    halves = [
        run(study(backends=["fused_cpu"]).model_copy(update={"replicates": count}), tmp_path / name)
        for name, count in (("b", 2), ("c", 5))
    ]
    merged, doubled = merge(halves)
    assert doubled == 6
    # But for the last bit of a closed form, which depends on the company.
    columns = [name for name in rows if name not in CLOCKS]
    pd.testing.assert_frame_equal(merged.rows[columns], rows[columns], check_dtype=False, rtol=1e-9)
    other = Results(rows, found.epochs, found.provenance | {"study": {"computed": 9}})
    with pytest.raises(UsageError, match="judged differently"):
        merge([found, other])

    # And the summary is of each cell as it is.
    summary = summarise(rows).set_index("configuration")
    assert summary["computed"].tolist()[1:] == [3, 0]
    assert summary["modes_found_mean"]["ring"] >= 0
    assert np.isnan(summary["modes_found_mean"]["space"])
    assert summary["worth_energy"]["space"] > 0


def test_seeds_that_are_computed_come_in_small_units() -> None:
    settings = study().model_copy(update={"replicates": 60, "computed": 20})
    planned = units.cells(settings, installed(32))
    assert {cell.label: cell.computed for cell in planned} == {"line": 0, "ring": 20, "space": 0}
    sizes: dict[str, list[int]] = {}
    seeds: dict[str, list[int]] = {}
    for unit in units.units(planned):
        sizes.setdefault(unit.label, []).append(len(unit.seeds))
        seeds.setdefault(unit.label, []).extend(unit.seeds)
    assert sizes["line"] == [1, 32, 27]
    assert sizes["ring"] == [8, 8, 4, 32, 8]
    assert sizes["space"] == [32, 28]
    assert all(found == list(range(60)) for found in seeds.values())
    # However many a backend takes at once, on a processor.
    wide = units.cells(settings, installed(4096))
    assert [cell.together for cell in wide] == [4096, 128, 128]
    queries = units.queries(planned[1], settings)
    assert [(one.first, one.last) for one in queries if one.computed][-1][1] == 19
    assert sum(one.last - one.first + 1 for one in queries if one.computed) == 20


def test_a_demand_is_held_against_worth_where_there_is_no_closed_form() -> None:
    def frame(verdicts: list[str], how: str, kl: float = 0.2) -> pd.DataFrame:
        return pd.DataFrame(
            {
                "verdict": verdicts,
                "kl": kl,
                "margin": 58.0,
                "computed_error": 0.0,
                "worth_energy_how": how,
            }
        )

    ring = frame(["converged", "could_not_tell", "failed", "converged"], "sampled", np.nan)
    found = answer(ring, Demand())
    assert (found.converged, found.worth, found.by_worth, found.undecided) == (2, 58.0, 4, 1)
    assert found.document()["worth"] == 58.0
    assert "58 real rows" in found.sentence()
    # By KL where a margin of KL is asked for, which must then be known.
    with pytest.raises(UsageError, match="not known of 4 of 4"):
        answer(ring, Demand(margin=0.3))
    by_kl = answer(frame(["failed"] * 3, "sampled"), Demand(margin=0.3))
    assert by_kl.converged == 3
    assert "0.3 nats" in by_kl.sentence()
    # Beside cells that have closed forms, each by its own.
    both = pd.concat([ring, frame(["converged", "failed"], "", 0.05)], ignore_index=True)
    assert answer(both, Demand()).converged == 4
    assert "by_worth" not in answer(frame(["near"], ""), Demand()).document()
    sequential, _ = follow([ring], Demand(0.5, confidence=0.95))
    assert (sequential.converged, sequential.by_worth) == (2, 4)
