"""Runs of several environments put together."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import gan_eval
from gan_eval.cli.status import status_of
from gan_eval.report import render
from gan_eval.runtime.errors import UsageError
from gan_eval.runtime.spreadsheet import EXACT_CSV
from gan_eval.study.ledger.ledger import LEDGER_FILE
from gan_eval.study.results import results
from gan_eval.study.results.merge import merge
from gan_eval.study.results.results import Results
from gan_eval.study.run import execute

from ..report import synthetic
from .tables import installed, no_drawing, small


def run_of(backend: str, environment: str, **provenance: Any) -> Results:
    made = synthetic.results(6, where=((backend, "cpu"),), **provenance)
    for frame in (made.rows, made.epochs):
        frame["environment"] = environment
    (facts,) = made.provenance["environments"].values()
    made.provenance["environments"] = {environment: facts | {"processor": f"of {environment}"}}
    return made


@pytest.fixture
def apart() -> list[Results]:
    """One run that lacks MXNet, and one that lacks JAX."""
    lacking = {"state": "missing", "remedy": "pip install it"}
    return [
        run_of("jax", "aaaaaaaa", unavailable=[{"name": "mxnet"} | lacking], command="first"),
        run_of("mxnet", "bbbbbbbb", unavailable=[{"name": "jax"} | lacking], command="second"),
    ]


def test_every_row_is_there_once_and_keeps_its_environment(apart: list[Results]) -> None:
    merged, left_out = merge(apart)
    rows, provenance = merged.rows, merged.provenance
    assert left_out == 0
    assert rows.groupby("backend")["environment"].unique().map(list).to_dict() == {
        "jax": ["aaaaaaaa"],
        "mxnet": ["bbbbbbbb"],
    }
    assert len(rows) == 12
    assert set(provenance["environments"]) == {"aaaaaaaa", "bbbbbbbb"}
    assert provenance["command"] == "first\nsecond"
    assert provenance["unavailable"] == []  # each was there in one of them
    columns = [name for name in rows if name != "environment"]
    for one in apart:
        part = rows.loc[rows["backend"] == one.rows["backend"].iloc[0], columns]
        pd.testing.assert_frame_equal(part.reset_index(drop=True), one.rows[columns])
    text = render(merged)
    assert "of aaaaaaaa" in text
    assert "of bbbbbbbb" in text


def test_a_replicate_of_two_runs_is_taken_from_the_first(apart: list[Results]) -> None:
    again = run_of("jax", "cccccccc")
    merged, left_out = merge([*apart, again])
    assert left_out == 6
    assert len(merged.rows) == 12
    assert "cccccccc" not in set(merged.rows["environment"])


def test_runs_that_do_not_belong_together_are_refused(apart: list[Results]) -> None:
    apart[1].provenance["study"] = apart[1].provenance["study"] | {"permutations": 7}
    with pytest.raises(UsageError, match="`permutations` is"):
        merge(apart)
    other = run_of("mxnet", "bbbbbbbb")
    other.provenance["configurations"][0]["hash"] = "0" * 16
    with pytest.raises(UsageError, match="is another configuration in each"):
        merge([apart[0], other])


def test_the_command_writes_a_new_folder_and_says_what_it_left_out(
    apart: list[Results], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, one in zip("ab", apart, strict=True):
        one.save(tmp_path / name)
    folders = [str(tmp_path / name) for name in "aba"]
    status = status_of(["report", *folders, "--out", str(tmp_path / "both")])
    assert status == 0
    assert "Left out: 6 trainings" in capsys.readouterr().out
    assert len(Results.load(tmp_path / "both").rows) == 12
    assert status_of(["report", *folders]) == 2
    assert "name it with `--out`" in capsys.readouterr().err


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, pd.DataFrame]:
    """A folder with the runs ``a`` and ``b``, of more rows than a ``rows.csv`` beside a ledger
    has, and what both ledgers have together."""
    folder, kept = tmp_path_factory.mktemp("many"), []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(results, "MOST_ROWS", 30)
        patch.setattr(execute, "named", lambda _: installed())
        patch.setattr(execute, "ChapterDrawing", no_drawing)
        for name, first in (("a", 0), ("b", 30)):
            found = execute.run(
                small(first_seed=first), store=folder / name / LEDGER_FILE, workers=1
            )
            found.save(folder / name)
            assert not (folder / name / "rows.csv").exists()
            kept.append(found.rows.assign(run=name))
    both = pd.concat(kept).drop_duplicates(["configuration", "seed"])
    both = both.sort_values(["configuration", "seed"], ignore_index=True)
    assert both["run"].value_counts().to_dict() == {"a": 80, "b": 60}
    return folder, both.drop(columns="run")


@pytest.fixture
def many(
    trained: tuple[Path, pd.DataFrame],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> tuple[Path, pd.DataFrame]:
    """The folder in which the command has put both together, beside them, and what is expected."""
    monkeypatch.setattr(results, "MOST_ROWS", 30)
    monkeypatch.setattr("gan_eval.study.results.export._AT_ONCE", 17)
    folders = [str(shutil.copytree(trained[0] / name, tmp_path / name)) for name in "ab"]
    assert status_of(["report", *folders, "--out", str(tmp_path / "c")]) == 0
    printed = capsys.readouterr().out
    assert "Left out: 20 trainings" in printed
    return tmp_path / "c", trained[1]


def test_nothing_is_lost_of_many_rows_whoever_reads_them(
    many: tuple[Path, pd.DataFrame], capsys: pytest.CaptureFixture[str]
) -> None:
    folder, expected = many
    for read in (gan_eval.load(folder), Results.load(folder).rows):
        pd.testing.assert_frame_equal(read, expected)
    for name in ("all.csv", "all.parquet"):
        assert status_of(["export", str(folder), "--out", str(folder / name)]) == 0
        assert f"{len(expected):,} rows" in capsys.readouterr().out
    text = {"config_hash": str, "environment": str}
    pd.testing.assert_frame_equal(
        pd.read_csv(folder / "all.csv", dtype=text, **EXACT_CSV), expected, check_dtype=False
    )
    pd.testing.assert_frame_equal(
        pd.read_parquet(folder / "all.parquet"), expected, check_dtype=False
    )
    converged = int((expected["kl"] <= 0.5).sum())
    for rows in (folder, folder / "rows.csv"):
        command = ["check", "--rows", str(rows), "--margin", "0.5", "--share", "1", "--json"]
        status_of(command)
        answer = json.loads(capsys.readouterr().out)
        assert (answer["replicates"], answer["converged"]) == (len(expected), converged)
    page = (folder / "report.html").read_text()
    assert page.count("<bdi>70</bdi>") >= 2  # both configurations are whole
    assert status_of(["report", str(folder)]) == 0
    assert (folder / "report.html").read_text() == page
    assert status_of(["verify", str(folder / "report.html")]) == 0


def test_what_is_put_together_is_put_together_again(many: tuple[Path, pd.DataFrame]) -> None:
    folder, expected = many
    more = [str(folder), str(folder.with_name("a")), "--out", str(folder)]
    assert status_of(["report", *more]) == 0
    pd.testing.assert_frame_equal(gan_eval.load(folder), expected)


def test_a_ledger_is_not_hidden_behind_other_rows(
    many: tuple[Path, pd.DataFrame], capsys: pytest.CaptureFixture[str]
) -> None:
    folder = many[0].with_name("a")
    before = {path: path.read_bytes() for path in folder.iterdir()}
    assert status_of(["report", str(many[0]), str(folder), "--out", str(folder)]) == 2
    assert "is the folder of a run, with its ledger" in capsys.readouterr().err
    assert {path: path.read_bytes() for path in folder.iterdir()} == before


def test_names_of_digits_stay_names(tmp_path: Path) -> None:
    made = run_of("jax", "00001234")
    made.save(tmp_path)
    read = Results.load(tmp_path)
    assert set(read.rows["environment"]) == set(read.epochs["environment"]) == {"00001234"}
