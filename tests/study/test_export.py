"""What leaves a ledger: CSV, Parquet, a DataFrame, and the files for people."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import gan_eval
from gan_eval.cli.status import status_of
from gan_eval.runtime.spreadsheet import EXACT_CSV
from gan_eval.study.ledger.ledger import LEDGER_FILE
from gan_eval.study.results import results
from gan_eval.study.results.results import Results
from gan_eval.study.run import execute

from .tables import installed, no_drawing, small


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(execute, "named", lambda _: installed())
    monkeypatch.setattr(execute, "ChapterDrawing", no_drawing)

    def run(folder: Path, **changes: Any) -> Results:
        found = execute.run(small(**changes), store=folder / LEDGER_FILE, workers=1)
        found.save(folder)
        return found

    return run


@pytest.mark.parametrize("epochs", [False, True])
def test_csv_parquet_and_frame_are_the_same_to_the_bit(
    run: Any, tmp_path: Path, epochs: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Two dimensions, so that some columns are of some rows only; and parts of few replicates.
    found = run(tmp_path, grid={"latent_size": [2, 3]}, replicates=20)
    monkeypatch.setattr("gan_eval.study.results.export._AT_ONCE", 7)
    frame = gan_eval.load(tmp_path, epochs=epochs)
    pd.testing.assert_frame_equal(frame, found.epochs if epochs else found.rows)
    option = ["--epochs"] if epochs else []
    for name in ("all.csv", "all.parquet"):
        assert status_of(["export", str(tmp_path), "--out", str(tmp_path / name), *option]) == 0
    text = {"config_hash": str, "environment": str}  # digits alone, perhaps
    from_csv = pd.read_csv(tmp_path / "all.csv", dtype=text, **EXACT_CSV)
    from_parquet = pd.read_parquet(tmp_path / "all.parquet")
    for other in (from_csv, from_parquet):
        pd.testing.assert_frame_equal(
            other[list(frame)], frame, check_exact=True, check_dtype=False
        )
        assert other["seed"].dtype == np.int64
    # The file for people says the same.
    own = pd.read_csv(tmp_path / ("epochs.csv" if epochs else "rows.csv"), **EXACT_CSV)
    assert sorted(own) == sorted(from_csv)
    assert not list(tmp_path.glob(".*"))


def test_without_a_file_the_rows_go_to_standard_output(
    run: Any, tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    found = run(tmp_path, replicates=3)
    assert status_of(["export", str(tmp_path)]) == 0
    printed = pd.read_csv(io.BytesIO(capfdbinary.readouterr().out), **EXACT_CSV)
    assert printed["kl"].tolist() == found.rows["kl"].tolist()


def test_another_ending_is_refused(
    run: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(tmp_path, replicates=1)
    assert status_of(["export", str(tmp_path), "--out", str(tmp_path / "rows.xlsx")]) == 2
    assert "must end in .csv or .parquet" in capsys.readouterr().err
    assert not (tmp_path / "rows.xlsx").exists()


def test_names_of_any_kind_are_harmless(run: Any, tmp_path: Path) -> None:
    name = "'; DROP TABLE units; --\n\"<script>‮, ü"
    found = run(tmp_path, name=name, grid={}, replicates=3)
    assert set(found.rows["configuration"]) == {name}
    assert status_of(["export", str(tmp_path), "--out", str(tmp_path / "all.csv")]) == 0
    assert set(pd.read_csv(tmp_path / "all.csv")["configuration"]) == {name}


def test_very_many_rows_are_in_the_ledger_only(
    run: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run(tmp_path, replicates=2)
    monkeypatch.setattr(results, "MOST_ROWS", 10)
    found = run(tmp_path)
    assert not {"rows.csv", "epochs.csv"} & {path.name for path in tmp_path.iterdir()}
    pd.testing.assert_frame_equal(Results.load(tmp_path).rows, found.rows)
    pd.testing.assert_frame_equal(Results.load(tmp_path).epochs, found.epochs)
    check = ["check", "--share", "1", "--json", "--rows"]
    assert status_of([*check, str(tmp_path)]) == 1
    assert json.loads(capsys.readouterr().out)["replicates"] == 80
    assert status_of([*check, str(tmp_path / "rows.csv")]) == 2
    # Without the ledger nobody has them.
    (tmp_path / LEDGER_FILE).unlink()
    for command in ([*check, str(tmp_path)], ["report", str(tmp_path)], ["export", str(tmp_path)]):
        assert status_of(command) == 2, command


def test_a_part_of_the_rows_by_an_earlier_version_is_not_taken_for_all(
    run: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = run(tmp_path)
    found.rows.iloc[:10].to_csv(tmp_path / "rows.csv", index=False)
    told = json.loads((tmp_path / "study.json").read_text()) | {"thinned": "10 of 80"}
    (tmp_path / "study.json").write_text(json.dumps(told))
    pd.testing.assert_frame_equal(gan_eval.load(tmp_path), found.rows)
    pd.testing.assert_frame_equal(Results.load(tmp_path).rows, found.rows)
    check = ["check", "--share", "1", "--json", "--rows"]
    assert status_of([*check, str(tmp_path / "rows.csv")]) == 2
    assert "a part of the rows only (10 of 80)" in capsys.readouterr().err
    (tmp_path / LEDGER_FILE).unlink()
    assert status_of([*check, str(tmp_path)]) == 2


def test_rows_that_no_ledger_has_are_written_whole(
    run: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(results, "MOST_ROWS", 10)
    found = run(tmp_path / "a")
    found.save(tmp_path / "elsewhere")
    execute.run(small(), workers=1).save(tmp_path / "in memory")
    for name in ("elsewhere", "in memory"):
        assert len(Results.load(tmp_path / name).rows) == 80
    pd.testing.assert_frame_equal(Results.load(tmp_path / "elsewhere").rows, found.rows)


def test_a_run_that_was_killed_is_read_from_its_ledger(run: Any, tmp_path: Path) -> None:
    found = run(tmp_path)
    for name in ("rows.csv", "epochs.csv", "study.json"):
        (tmp_path / name).unlink()
    read = Results.load(tmp_path)
    pd.testing.assert_frame_equal(read.rows, found.rows)
    assert read.provenance["interrupted"]
    assert read.provenance["finished"] == len(found.rows)
    assert read.provenance["environments"] == found.provenance["environments"]
    assert status_of(["report", str(tmp_path)]) == 0


def test_rows_of_no_ledger_are_read_from_their_files(run: Any, tmp_path: Path) -> None:
    found = run(tmp_path)
    (tmp_path / LEDGER_FILE).unlink()
    for epochs, frame in ((False, found.rows), (True, found.epochs)):
        pd.testing.assert_frame_equal(gan_eval.load(tmp_path, epochs=epochs), frame)


def test_fresh_puts_aside_what_was_there(
    run: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(tmp_path / "a", grid={})
    kept = (tmp_path / "a" / "rows.csv").read_bytes()
    again = ["run", "--out", str(tmp_path / "a"), "--workers", "1", "--set", "replicates=2"]
    again += ["--set", "backends=['fused_cpu']", "--set", "permutations=0"]
    again += ["--set", "config.epochs=1", "--set", "config.n_examples=64"]
    assert status_of([*again, "--fresh"]) == 0
    aside = tmp_path / "a" / "earlier-1"
    assert f"Set aside: {aside}" in " ".join(capsys.readouterr().err.splitlines())
    assert (aside / "rows.csv").read_bytes() == kept
    assert len(gan_eval.load(aside)) == 40
    assert len(gan_eval.load(tmp_path / "a")) == 2
    # What is in no ledger would be replaced, so it is put aside unasked.
    (tmp_path / "a" / LEDGER_FILE).unlink()
    assert status_of(again) == 0
    assert (tmp_path / "a" / "earlier-2" / "rows.csv").exists()
    # What cannot be run puts nothing aside.
    assert status_of([*again, "--fresh", "--set", "backends=['none']"]) == 2
    assert not (tmp_path / "a" / "earlier-3").exists()
