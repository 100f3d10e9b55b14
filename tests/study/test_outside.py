"""Studies of a generator from outside: run, stored, resumed, and read without its class."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import gan_eval as ge
from gan_eval import Study, UsageError, load
from gan_eval.study.run.execute import run
from gan_eval.study.run.forecast import forecast
from tests.training.generators.misbehaving import Honest, Raises

HERE = "tests.training.generators.misbehaving"
BASELINES = ("gaussian_fit", "bootstrap", "real_rows")


def study(generator: Any = f"{HERE}:Honest", **settings: Any) -> Study:
    chosen: dict[str, Any] = {"target": "ring8", "replicates": 2, "permutations": 0}
    chosen |= {"n_evaluation": 50, "config": {"n_examples": 60}}
    return Study.parse({"name": "mine", "generator": generator} | chosen | settings)


def test_baselines_stand_beside_each_target_and_no_setting_of_the_generator() -> None:
    grid = {"generator.noise": [0.5, 2.0], "target": ["ring8", "grid25"], "n_examples": [60, 80]}
    labels = list(study(grid=grid, config={}).configurations())
    assert len(labels) == 8 + 3 * 4
    assert "bootstrap, target=grid25, n_examples=80" in labels
    assert "generator.noise=0.5, target=ring8, n_examples=60" in labels
    configs = study(grid=grid, config={}).configurations()
    assert len({config.hash for config in configs.values()}) == 20


def test_rows_are_kept_and_only_what_is_new_is_fitted(tmp_path: Path) -> None:
    first = run(study(), store=tmp_path / "ledger.sqlite", workers=1)
    assert sorted(first.rows["backend"].unique()) == ["Honest", *sorted(BASELINES)]
    assert first.rows.groupby("backend").size().tolist() == [2] * 4
    again = run(study(replicates=3), store=tmp_path / "ledger.sqlite", workers=1)
    assert again.provenance["reused"] == 8
    both = again.rows[again.rows["seed"] < 2].reset_index(drop=True)
    pd.testing.assert_frame_equal(
        both.drop(columns="environment"), first.rows.drop(columns="environment")
    )


def test_worker_processes_give_the_rows_of_this_one() -> None:
    alone, beside = run(study(), workers=1), run(study(), workers=2)
    clocks = ["seconds", "sample_seconds", "environment"]
    pd.testing.assert_frame_equal(alone.rows.drop(columns=clocks), beside.rows.drop(columns=clocks))


def test_a_study_goes_on_beside_failures() -> None:
    found = run(study(Raises, replicates=2), workers=1)
    rows = found.rows
    assert rows[rows["backend"] == "Raises"]["verdict"].tolist() == ["no_result"] * 2
    assert rows[rows["backend"] == "bootstrap"]["failure"].tolist() == [""] * 2
    assert found.provenance["failures"] == []


def test_an_object_runs_in_this_process_and_that_is_said() -> None:
    found = run(study(Honest(0.5), replicates=1), workers=2)
    assert "as an object" in found.provenance["in_this_process"]
    assert found.provenance["workers"] == 1
    assert (found.rows["failure"] == "").all()


def test_results_are_read_and_reported_without_the_class(tmp_path: Path) -> None:
    """In a process that cannot import it, nor the target."""
    (tmp_path / "theirs.py").write_text(
        "import numpy as np\n"
        "class Mine:\n"
        "    def fit(self, rows, rng): return self\n"
        "    def sample(self, n, rng): return rng.standard_normal((n, 2))\n"
        "class Box:\n"
        "    def sample(self, n, rng): return rng.random((n, 2))\n"
        "    def log_density(self, x): return np.where(((x > 0) & (x < 1)).all(1), 0., -np.inf)\n"
    )
    made = (
        "import gan_eval as ge; ge.run(ge.Study(name='t', generator='theirs:Mine', "
        "target='theirs:Box', replicates=2, permutations=0, n_evaluation=50), folder='out', "
        "workers=1)"
    )
    subprocess.run([sys.executable, "-c", made], cwd=tmp_path, check=True, capture_output=True)
    (tmp_path / "theirs.py").unlink()
    rows = load(tmp_path / "out")
    assert sorted(rows["backend"].unique()) == ["Mine", *sorted(BASELINES)]
    told = json.loads((tmp_path / "out" / "study.json").read_text())
    assert told["study"]["generator"]["use"] == "theirs:Mine"
    from gan_eval.cli.status import status_of

    assert status_of(["report", str(tmp_path / "out"), "--out", str(tmp_path / "again")]) == 0
    assert status_of(["verify", str(tmp_path / "out" / "report.html")]) == 0
    with pytest.raises(UsageError, match="theirs"):
        run(Study.parse(told["study"]), workers=1)


def test_another_version_is_fitted_anew(tmp_path: Path) -> None:
    store = tmp_path / "ledger.sqlite"
    for version, reused in (("1", 0), ("1", 8), ("2", 6)):
        generator = {"use": f"{HERE}:Honest", "version": version}
        assert run(study(generator), store=store, workers=1).provenance["reused"] == reused


def test_data_that_change_are_fitted_anew(tmp_path: Path) -> None:
    table, store = tmp_path / "table.csv", tmp_path / "ledger.sqlite"
    rows = ge.GaussianTarget.chapter().sample(100, 0)
    for shift, reused in ((0.0, 0), (0.0, 8), (1.0, 0)):
        pd.DataFrame(rows + shift, columns=["a", "b"]).to_csv(table, index=False)
        one = study(target={"data": str(table)}, config={})
        found = run(one, store=store, workers=1)
        assert found.provenance["reused"] == reused
    assert found.rows["split"].str.len().eq(16).all()
    assert found.rows.groupby("seed")["split"].nunique().tolist() == [1, 1]


def test_a_forecast_fits_once_and_writes_nothing() -> None:
    found = forecast(study(replicates=7), workers=1)
    assert {cell.configuration: cell.replicates for cell in found.cells} == dict.fromkeys(
        ("mine", *BASELINES), 7
    )
    assert found.seconds > 0


@pytest.mark.parametrize(
    ("settings", "part"),
    [
        ({"target": None}, "needs a `target`"),
        ({"backends": ["pytorch"]}, "`backends` goes with the chapter's GAN"),
        ({"generator": {"noise": 1}}, "use"),
        ({"config": {"epochs": 3}}, "unknown setting `epochs`"),
        ({"target": "ring9"}, "ring8"),
        ({"timeout_per_replicate": 0}, "greater than 0"),
    ],
)
def test_a_study_that_cannot_be_is_refused(settings: dict[str, Any], part: str) -> None:
    with pytest.raises(UsageError, match=part):
        study(**settings)


@pytest.mark.parametrize(
    ("generator", "part"),
    [
        (f"{HERE}:NoMethods", "has no method fit"),
        (f"{HERE}:NoSample", "has no method sample"),
        (3, "must be a class, or an object with fit.* got int"),
        ({"use": f"{HERE}:Honest", "loud": 1}, "unexpected keyword argument 'loud'"),
        ("no.such:Thing", "cannot be imported"),
    ],
)
def test_what_cannot_be_fitted_is_refused_before_anything_is(generator: Any, part: str) -> None:
    with pytest.raises(UsageError, match=part):
        run(study(generator), workers=1)


def test_what_is_left_out_of_a_file_is_said_and_a_file_that_is_too_small_refused(
    tmp_path: Path,
) -> None:
    table = tmp_path / "table.csv"
    rows = ge.GaussianTarget.chapter().sample(100, 0)
    frame = pd.DataFrame({"id": range(100), "a": rows[:, 0], "b": rows[:, 1]})
    frame.to_csv(table, index=False)
    notes: list[str] = []
    one = study(target={"data": str(table)}, config={}, replicates=1)
    found = ge.run(one, folder=tmp_path / "out", workers=1, on_note=notes.append)
    assert any("'id'" in note for note in notes)
    assert any("'id'" in note for note in found.provenance["notes"])
    with pytest.raises(UsageError, match="100 rows"):
        run(study(target={"data": str(table), "holdout": 0.01}, config={}), workers=1)
