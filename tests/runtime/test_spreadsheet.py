"""No text of a CSV is a formula, and every text comes back as it was."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gan_eval.investigations.exercise import page
from gan_eval.pages import canvas
from gan_eval.runtime.spreadsheet import csv_text, unquoted
from gan_eval.study.results.export import export, load
from gan_eval.study.results.reading import read_rows
from gan_eval.study.results.results import Results, harmless_name

FORMULAS = ["=1+1", "+1", "-1.5", "@sum(a)", "\t=1", "\r=1", "＝1", '=HYPERLINK("http://x")']
HARMLESS = ["a=1", "'quoted'", "'", "", "1-2", "learning_rate=-1", "NA"]
BEGINS = set("=+-@\t\r\n＝＋－＠")


def cells(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text, newline="")))


def back(text: str) -> pd.DataFrame:
    file = io.StringIO(text, newline="")
    return unquoted(pd.read_csv(file, dtype={"label": str}, keep_default_na=False))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.text(alphabet="=+-@'\t\r\na1＝, \"", max_size=5), min_size=1, max_size=8))
def test_every_text_comes_back_and_none_is_a_formula(texts: list[str]) -> None:
    written = csv_text(pd.DataFrame({"label": texts, "one": 1}))
    assert not [row[0] for row in cells(written) if row[0][:1] in BEGINS]
    assert back(written)["label"].tolist() == texts


def test_only_texts_are_quoted() -> None:
    frame = pd.DataFrame(
        {
            "label": [*FORMULAS, None],
            "number": np.linspace(-1.5, 1.5, len(FORMULAS) + 1),
            "mixed": [-1.5, *FORMULAS[1:], 3],
            "=head": -1,
        }
    )
    before = frame.copy()
    head, *rows = cells(csv_text(frame))
    pd.testing.assert_frame_equal(frame, before)
    assert head == ["label", "number", "mixed", "'=head"]
    assert [row[0] for row in rows] == [*(f"'{text}" for text in FORMULAS), ""]
    assert rows[0][1] == rows[0][2] == "-1.5"
    assert rows[1][2] == "'+1"
    assert {row[3] for row in rows} == {"-1"}
    plain = pd.DataFrame({"label": HARMLESS})
    assert csv_text(plain) == plain.to_csv(index=False)


def found(labels: list[str]) -> Results:
    many = len(labels)
    rows = pd.DataFrame(
        {
            "configuration": labels,
            "config_hash": "h",
            "backend": "b",
            "device": "cpu",
            "seed": range(many),
            "verdict": "near",
            "kl": -1.5,
        }
    )
    epochs = rows[["configuration", "seed", "kl"]].assign(epoch=1)
    return Results(rows, epochs, {"study": {}, "environments": {}})


def test_labels_come_back_from_every_file_that_we_read(tmp_path: Path) -> None:
    labels = [*FORMULAS, *(text for text in HARMLESS if text)]
    before = found(labels)
    before.save(tmp_path)
    for name in ("rows.csv", "epochs.csv"):
        text = (tmp_path / name).read_text("utf-8")
        assert not {cell[0] for row in cells(text) for cell in row if cell} & (BEGINS - {"-"})
        assert text.count("-1.5") > len(labels)
    after = Results.load(tmp_path)
    for frame in (after.rows, after.epochs, read_rows(tmp_path / "rows.csv"), load(tmp_path)):
        assert frame["configuration"].tolist() == labels
        assert (frame["kl"] == -1.5).all()
    export(tmp_path, tmp_path / "all.csv")
    assert (tmp_path / "all.csv").read_bytes() == (tmp_path / "rows.csv").read_bytes()


def test_figures_and_tables_have_no_formulas() -> None:
    frame = pd.DataFrame({"label": FORMULAS, "x": -1.5})
    with canvas.canvas() as (figure, _):
        picture = canvas.picture(figure, "i", title="t", description="d", caption="c", data=frame)
    assert picture.csv is not None
    assert all(row[0].startswith("'") and row[1] == "-1.5" for row in cells(picture.csv)[1:])
    assert page.csv_text is csv_text


@pytest.mark.parametrize("name", ["chapter", "a b/c", "x" * 80, "-.a.-", "v1.2_x"])
def test_the_folder_of_a_name_in_ascii_is_what_it_was(name: str) -> None:
    expected = {"a b/c": "a-b-c", "x" * 80: "x" * 60, "-.a.-": "a"}
    assert harmless_name(name) == expected.get(name, name)


def test_names_without_ascii_have_folders_of_their_own() -> None:
    names = ["日本", "中国", "Ωμ", "!!!", "???", "", "été", "êtê", "t", "study", "\ud800", "é" * 99]
    folders = [harmless_name(name) for name in names]
    assert len(set(folders)) == len(names)
    assert all(0 < len(folder) <= 60 and folder.isascii() for folder in folders)
    assert harmless_name("e\u0301") == harmless_name("\u00e9")  # the same letter
