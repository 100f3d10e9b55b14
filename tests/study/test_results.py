"""The files of a folder that no ledger stands beside, damaged: what was written, or a sentence."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from gan_eval.report.page import render
from gan_eval.runtime.errors import UsageError
from gan_eval.study.results.reading import EPOCHS_FILE, FILES, ROWS_FILE, STUDY_FILE, read_rows
from gan_eval.study.results.results import Results

from ..report import synthetic


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    synthetic.results(replicates=8).save(tmp_path)
    return tmp_path


def cell(path: Path, column: str, text: str) -> None:
    """Put a text into the third row of a column."""
    head, *rows = (line.split(",") for line in path.read_text("utf-8").splitlines())
    rows[2][head.index(column)] = text
    path.write_text("\n".join(map(",".join, [head, *rows])) + "\n", "utf-8")


@pytest.mark.parametrize(
    ("name", "column", "text"),
    [
        (ROWS_FILE, "kl", "0.1.2"),
        (ROWS_FILE, "weight_1_1", "0,1"),
        (ROWS_FILE, "weight_1_1", "-O.5"),
        (ROWS_FILE, "seed", "1.5"),
        (ROWS_FILE, "seed", "-3"),
        (ROWS_FILE, "seed", ""),
        (ROWS_FILE, "verdict", "konverged"),
        (ROWS_FILE, "verdict", ""),
        (ROWS_FILE, "backend", ""),
        (EPOCHS_FILE, "epoch", "x"),
        (EPOCHS_FILE, "kl", "1 e5"),
    ],
)
def test_a_damaged_cell_is_told_with_its_file(
    folder: Path, name: str, column: str, text: str
) -> None:
    cell(folder / name, column, text)
    with pytest.raises(UsageError, match=name.replace(".", r"\.")):
        Results.load(folder)


def test_causes_are_read_as_they_were_written(folder: Path) -> None:
    rows = read_rows(folder / ROWS_FILE)
    causes = ["", "too wide", *[""] * (len(rows) - 2)]
    rows.assign(cause=causes).to_csv(folder / ROWS_FILE, index=False)
    assert read_rows(folder / ROWS_FILE)["cause"].tolist() == causes


def test_a_gap_among_the_measures_and_a_column_of_ones_own_are_read(folder: Path) -> None:
    cell(folder / ROWS_FILE, "kl", "")
    rows = read_rows(folder / ROWS_FILE)
    assert np.isnan(rows["kl"][2])
    rows.assign(note="seen").to_csv(folder / ROWS_FILE, index=False)
    assert set(read_rows(folder / ROWS_FILE)["note"]) == {"seen"}


@pytest.mark.parametrize(
    "changes",
    [
        {"study": 5},
        {"study": {"name": ["a"]}},
        {"study": {"time_budget": "long"}},
        {"environments": []},
        {"environments": {"a": {"packages": ["torch"]}}},
        {"planned": "many"},
        {"failures": [5]},
        {"failures": {"a": 1}},
        {"configurations": [{"label": 1}]},
        {"unavailable": [{"name": "jax"}]},
        {"seconds": "1e3"},
    ],
)
def test_a_wrong_kind_in_the_provenance_is_told(folder: Path, changes: dict[str, Any]) -> None:
    path = folder / STUDY_FILE
    path.write_text(json.dumps(json.loads(path.read_text("utf-8")) | changes), "utf-8")
    with pytest.raises(UsageError, match=rf"study\.json.*{next(iter(changes))}"):
        Results.load(folder)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[1]",
        "null",
        "[" * 10**5,
        '{"study": NaN}',
        '{"a": 1e999}',
        f'{{"a": {"9" * 5000}}}',
    ],
)
def test_a_file_that_is_no_provenance_is_told(folder: Path, text: str) -> None:
    (folder / STUDY_FILE).write_text(text, "utf-8")
    with pytest.raises(UsageError, match=r"study\.json"):
        Results.load(folder)


def damaged(content: bytes, rng: np.random.Generator) -> bytes:
    changed = bytearray(content)
    at = int(rng.integers(len(content)))
    how = rng.integers(4)
    if how == 0:
        changed[at] ^= 1 << rng.integers(8)
    elif how == 1:
        changed[at] = rng.choice(list(b'0,"-e\n\0x.9'))
    elif how == 2:
        changed[at : at + 40] = bytes(len(changed[at : at + 40]))
    else:
        del changed[at:]
    return bytes(changed)


def read_damaged(folder: Path, turns: range, *, pages: int) -> None:
    """Each file in turn; of so many of those that are still read, the page as well."""
    whole = {name: (folder / name).read_bytes() for name in FILES}
    for turn in turns:
        for name, content in whole.items():
            (folder / name).write_bytes(content)
        name = FILES[turn % 3]
        (folder / name).write_bytes(damaged(whole[name], np.random.default_rng(turn)))
        try:
            found = Results.load(folder)
        except UsageError:
            continue
        assert isinstance(found.rows, pd.DataFrame)
        if pages > 0:
            pages -= 1
            render(found)


def test_random_damages_end_in_a_sentence_or_in_what_can_be_read(folder: Path) -> None:
    read_damaged(folder, range(30), pages=0)


@pytest.mark.thorough
def test_many_random_damages_and_pages_of_them(folder: Path) -> None:
    read_damaged(folder, range(30, 330), pages=12)
