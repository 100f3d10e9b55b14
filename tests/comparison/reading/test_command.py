"""``gan-eval compare`` on tables as people have them: what is read, said and answered."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from gan_eval.cli import main

from ...cli.commands import refused
from ..tables import people

QUICK = ("--permutations", "99", "--tests", "hotelling,energy")


def run(*arguments: str) -> int:
    with pytest.raises(SystemExit) as end:
        main(["compare", *arguments, *QUICK])
    assert isinstance(end.value.code, int)
    return end.value.code


REAL, SAME = (people(n, seed)[["height", "weight"]].round(3) for n, seed in ((60, 0), (50, 1)))
FAR = SAME.add([20, 0])


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    REAL.to_csv("real.csv", index=False)
    return tmp_path


@pytest.mark.parametrize("frame", [SAME, FAR], ids=["same", "far"])
@pytest.mark.parametrize("ending", ["csv", "txt", "parquet", "jsonl", "feather", "npy"])
def test_the_status_is_the_same_for_every_format(
    folder: Path, ending: str, frame: pd.DataFrame, capsys: pytest.CaptureFixture[str]
) -> None:
    name = f"fake.{ending}"
    match ending:
        case "csv":
            frame.to_csv(name, index=False, sep=";", decimal=",", encoding="utf-16")
        case "txt":
            frame.to_csv(name, index=False, sep="\t")
        case "jsonl":
            frame.to_json(name, orient="records", lines=True)
        case "npy":
            np.save(name, frame.to_numpy())
        case _:
            getattr(frame, f"to_{ending}")(name)
    assert run("real.csv", name) == int(frame is FAR)
    assert ("decimal comma, encoding utf-16" in capsys.readouterr().out) == (ending == "csv")


def test_what_was_found_out_is_said_with_its_options(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    SAME.to_csv("fake.csv", sep=";", decimal=",")
    assert run("real.csv", "fake.csv", "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert found["notes"] == [
        "fake.csv was read with separator ';', decimal comma: `--separator`, `--decimal` say "
        "otherwise."
    ]
    assert list(found["set_aside"]) == ["Unnamed: 0"]
    options = ("--separator", ";", "--decimal", ",", "--json")
    SAME.to_csv("real.csv", sep=";", decimal=",", index=False)
    assert run("real.csv", "fake.csv", *options) == 0
    assert json.loads(capsys.readouterr().out)["notes"] == []


class Piped:
    """Standard input that holds some bytes."""

    def __init__(self, content: bytes) -> None:
        self.buffer = io.BytesIO(content)


@pytest.mark.parametrize("write", ["csv", "parquet", "json"])
def test_a_table_may_come_by_standard_input(
    folder: Path, write: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    options: dict[str, Any] = {"json": {"orient": "records"}, "csv": {"index": False}}
    held = io.BytesIO()
    getattr(SAME, f"to_{write}")(held, **options.get(write, {}))
    monkeypatch.setattr(sys, "stdin", Piped(held.getvalue()))
    assert run("real.csv", "-") == 0


def test_names_may_hold_commas(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name, frame in (("real.csv", REAL), ("fake.csv", FAR)):
        frame.assign(more=frame["weight"] + 1).set_axis(["height, cm", "b", "c"], axis=1).to_csv(
            name, index=False
        )
    for options, compared in (
        (("--columns", "height, cm"), ["height, cm"]),
        (("--columns", "height, cm", "--columns", "b"), ["height, cm", "b"]),
        (("--columns", "b,c", "--exclude", "c"), ["b"]),
        (("--exclude", "height, cm", "--exclude", "c"), ["b"]),
    ):
        status = run("real.csv", "fake.csv", *options, "--json")
        assert status == int("height, cm" in compared)
        assert json.loads(capsys.readouterr().out)["columns_compared"] == compared


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("-", "-"), "only one of the two tables can come by standard input"),
        (("real.csv", "real.csv", "--separator", "xx"), "`--separator` must be one character"),
        (("real.csv", "real.csv", "--array", "a"), "`--array` is for archives of arrays"),
        (("real.csv", "real.csv", "--exclude", "wieght"), "`--exclude` names column 'wieght'"),
        (("real.csv", "real.csv", "--exclude", "weight,height"), "`--columns` must name"),
        (("real.csv", "two.npz"), "name one with `--array`"),
        (("real.csv", "bad.csv"), "`--separator` names another"),
    ],
)
def test_trouble_is_one_sentence_in_the_words_of_the_command(
    folder: Path,
    arguments: tuple[str, ...],
    sentence: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    np.savez("two.npz", a=np.eye(3), b=np.eye(4))
    Path("bad.csv").write_text("height,weight\n1,2\n1,2,3\n", encoding="utf-8")
    assert sentence in refused("compare", *arguments, cwd=folder, capsys=capsys)
