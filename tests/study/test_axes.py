"""Rows can be grouped by the axes of their study, whoever reads them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import gan_eval
from gan_eval.cli.status import status_of
from gan_eval.judging.summary import summarise
from gan_eval.study.ledger.ledger import LEDGER_FILE
from gan_eval.study.plan.units import Unit
from gan_eval.study.results.merge import merge
from gan_eval.study.results.results import Results, with_axes
from gan_eval.study.run import execute

from .tables import installed, no_drawing, small

WIDTHS = "discriminator_widths"
AXES = {"learning_rate_D": [0.02, 0.05], WIDTHS: [[5, 3], [4]], "target.b": [[0, 1]]}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(execute, "named", lambda _: installed())
    monkeypatch.setattr(execute, "ChapterDrawing", no_drawing)
    study = small(replicates=3, grid=AXES)
    found = execute.run(study, store=tmp_path / LEDGER_FILE, workers=1)
    found.save(tmp_path)
    return tmp_path


def test_every_reader_has_a_column_for_each_axis(folder: Path) -> None:
    rows = gan_eval.load(folder)
    assert list(rows)[:5] == ["configuration", *AXES, "config_hash"]
    assert set(rows[WIDTHS]) == {"[5, 3]", "[4]"}
    assert rows.groupby("learning_rate_D")["kl"].count().to_dict() == {0.02: 6, 0.05: 6}
    assert rows.groupby(["learning_rate_D", WIDTHS]).ngroups == 4
    for rate, some in rows.groupby("learning_rate_D"):
        assert some["configuration"].str.contains(f"learning_rate_D={rate},").all()
    cells = summarise(rows)
    assert list(cells)[:6] == ["configuration", *AXES, "backend", "device"]
    assert cells.groupby(WIDTHS)["replicates"].sum().to_dict() == {
        "[4]": 6,
        "[5, 3]": 6,
    }
    # Files, with and without the ledger.
    for name, read in (("all.csv", pd.read_csv), ("all.parquet", pd.read_parquet)):
        assert status_of(["export", str(folder), "--out", str(folder / name)]) == 0
        frame = read(folder / name)
        assert list(frame) == list(rows)
        pd.testing.assert_frame_equal(frame[list(AXES)], rows[list(AXES)], check_dtype=False)
    (folder / LEDGER_FILE).unlink()
    pd.testing.assert_frame_equal(gan_eval.load(folder), rows)


def test_folders_of_before_are_read_and_their_names_are_those_of_now(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    train = execute.train_unit

    def before(some: Unit, study: Any) -> Any:
        rows, epochs = train(some, study)
        return rows.rename(columns={"worth_kl": "effective_sample_size"}), epochs

    monkeypatch.setattr(execute, "named", lambda _: installed())
    monkeypatch.setattr(execute, "ChapterDrawing", no_drawing)
    monkeypatch.setattr(execute, "train_unit", before)
    found = execute.run(small(replicates=3), store=tmp_path / LEDGER_FILE, workers=1)
    old = found.rows.drop(columns="learning_rate_D")
    old = old.rename(columns={"worth_kl": "effective_sample_size"})
    Results(old, found.epochs, found.provenance).save(tmp_path)
    assert "worth_kl" not in (tmp_path / "rows.csv").read_text()
    out = tmp_path / "all.csv"
    assert status_of(["export", str(tmp_path), "--out", str(out)]) == 0
    assert pd.read_csv(out)["worth_kl"].tolist() == gan_eval.load(tmp_path)["worth_kl"].tolist()
    with_ledger = gan_eval.load(tmp_path)
    (tmp_path / LEDGER_FILE).unlink()
    read = Results.load(tmp_path)
    pd.testing.assert_frame_equal(read.rows, with_ledger.drop(columns="learning_rate_D"))
    assert summarise(read.rows)["worth_kl"].gt(0).all()


def test_an_axis_is_numbers_or_words() -> None:
    rows = pd.DataFrame({"configuration": ["a", "b", "a", "c"], "config_hash": "x", "kl": 0.5})

    def columns(*values: Any) -> list[Any]:
        told = [
            {"label": label, "axes": {"size": value}}
            for label, value in zip("abc", values, strict=False)
        ]
        return with_axes(rows, {"configurations": told})["size"].tolist()

    assert columns(1, 2.5, 3) == [1.0, 2.5, 1.0, 3.0]
    assert columns(1, 2, 3) == [1, 2, 1, 3]
    assert columns("narrow", "wide", "x") == ["narrow", "wide", "narrow", "x"]
    assert columns("narrow", 2, [1]) == ['"narrow"', "2", '"narrow"', "[1]"]
    assert columns(True, False, True) == ["true", "false", "true", "true"]


def test_runs_of_other_axes_are_put_together(folder: Path, tmp_path: Path) -> None:
    study = small(replicates=3, config={"learning_rate_D": 0.03}, grid={"batch_size": [4, 16]})
    other = execute.run(study, workers=1)
    rows = merge([Results.load(folder), other])[0].rows
    assert list(rows)[:6] == ["configuration", *AXES, "batch_size", "config_hash"]
    assert rows.groupby("batch_size")["kl"].count().to_dict() == {4: 3, 16: 3}
