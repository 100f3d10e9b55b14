"""``gan-eval compare`` as a user meets it: status, output, files, refusals."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from gan_eval.cli import main
from gan_eval.distributions.mixture import MixtureTarget

from ..cli.commands import refused
from ..report.elements import parse
from ..report.test_browser import assert_fits_a_narrow_screen, needs_chromium
from . import tables

QUICK = ("--permutations", "199")


def run(*arguments: str | Path) -> int:
    with pytest.raises(SystemExit) as end:
        main(["compare", *map(str, arguments)])
    assert isinstance(end.value.code, int)
    return end.value.code


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    tables.write(tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_preset_and_a_file_are_targets(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    ring = MixtureTarget.ring()
    rows = ring.sample(300, 1)
    names = pd.Index(["u", "v"])
    pd.DataFrame(rows, columns=names).to_csv("right.csv", index=False)
    lost = rows[ring.mahalanobis(rows)[:, 0] > 10]
    pd.DataFrame(lost, columns=names).to_csv("lost.csv", index=False)
    Path("mine.json").write_text('{"target": {"preset": "ring8"}}')
    for target in ("ring8", "mine.json"):
        assert run("--target", target, "right.csv", *QUICK) == 0
        printed = " ".join(capsys.readouterr().out.split())
        assert "300 rows of `real` were drawn from its target by the seed" in printed
        assert run("--target", target, "lost.csv", *QUICK) == 1
        capsys.readouterr()
    unknown = ("compare", "--target", "ring", "right.csv")
    assert "did you mean `ring8`" in refused(*unknown, cwd=tmp_path, capsys=capsys)


def test_the_status_is_that_of_diff(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("real.csv", "same.csv", *QUICK) == 0
    stdout = capsys.readouterr().out
    assert stdout.splitlines()[-1].startswith("Not told apart by ")
    assert run("real.csv", "fake.csv", *QUICK) == 1
    stdout, stderr = capsys.readouterr()
    assert stdout.splitlines()[-1].startswith("No: told apart (p ")
    assert "Holm's correction" in stdout
    for expected in ("adjusted (Holm)", "Fréchet distance", "weight", "direction", "set aside"):
        assert expected in stdout
    assert stderr == ""


def test_json_is_one_document_and_the_same_seed_gives_it_again(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ("--tests", "energy, hotelling", "--columns", "height, weight", "--sample", "80")
    documents = []
    for seed in ("3", "3", "4"):
        run("real.csv", "fake.csv", *options, *QUICK, "--seed", seed, "--alpha", "0.1", "--json")
        document = json.loads(capsys.readouterr().out)
        for test in document["battery"]["tests"].values():
            del test["seconds"]
        documents.append(document)
    assert documents[0] == documents[1]
    assert documents[0]["battery"]["tests"] != documents[2]["battery"]["tests"]
    assert set(documents[0]["battery"]["tests"]) == {"energy", "hotelling"}
    assert documents[0]["columns_compared"] == ["height", "weight"]
    assert documents[0]["battery"]["alpha"] == 0.1


def test_the_page_holds_what_was_found_and_hostile_names_are_text(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("real", "fake"):
        frame = pd.read_csv(folder / f"{name}.csv")
        frame = frame.rename(columns={"weight": tables.HOSTILE, "income": "[red]x"})
        frame.to_csv(folder / f"{name}.csv", index=False)
    assert run("real.csv", "fake.csv", *QUICK, "--html", "page.html") == 1
    assert "[red]x" in capsys.readouterr().out
    html = (folder / "page.html").read_text(encoding="utf-8")
    root = parse(html)
    assert (
        next(root.all("title")).text == "real.csv and fake.csv: do they come from one distribution?"
    )
    assert next(root.all("h1")).text == "Do the two samples come from one distribution?"
    assert next(root.all("h2")).text.startswith("No: told apart (p ")
    scripts = [e.attributes.get("type") for e in root.all("script")]
    assert scripts == ["application/json", None]  # what the page's own code reads, and that code
    assert html.count("</style>") == 1
    ids = [e.attributes["id"] for e in root.all() if "id" in e.attributes]
    assert len(ids) == len(set(ids))
    assert len(list(root.all("figure"))) == 3 + 1 + 1 + 1  # columns, planes, coverage
    for figure in root.all("figure"):
        assert next(figure.all("title")).text
        assert next(figure.all("figcaption")).text
    for element in root.all():
        assert element.tag not in {"link", "img", "iframe"}
        assert element.attributes.get("href", "#").startswith(("#", "data:text/csv;"))
    text = next(root.all("body")).text
    assert "Holm" in text
    for bad in ("nan", "None ", "inf "):
        assert bad not in text


@needs_chromium
def test_the_page_fits_a_narrow_screen(folder: Path) -> None:
    for name in ("real", "fake"):
        frame = pd.read_csv(folder / f"{name}.csv")
        frame.columns = [f"{tables.HOSTILE}{'long' * 30}{i}" for i in range(frame.shape[1])]
        frame.to_csv(folder / f"{name}.csv", index=False)
    run("real.csv", "fake.csv", *QUICK, "--html", "page.html")
    page = (folder / "page.html").read_text(encoding="utf-8")
    assert assert_fits_a_narrow_screen(page, folder) == page.count("<h2")


@pytest.mark.parametrize("rows", [[[1.0], [2.0], [4.0]], [[1.0, 5.0], [2.0, 5.0], [4.0, 6.0]]])
def test_one_column_and_three_rows_make_a_page_too(folder: Path, rows: list[list[float]]) -> None:
    np.save("a.npy", np.array(rows))
    assert run("a.npy", "a.npy", *QUICK, "--html", "page.html") == 3
    parse((folder / "page.html").read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("real.csv", "absent.csv"), "there is no file 'absent.csv'"),
        (("real.csv", "folder.csv"), "'folder.csv' is a directory without Parquet files"),
        (("real.csv", "model.pkl"), "'model.pkl' is a pickle by its ending, which is never loaded"),
        (("real.csv", "notes.doc"), "a table's name must end in .csv, .tsv"),
        (("real.csv", "notes.txt"), "'real.csv' and 'notes.txt' have no column in common"),
        (
            ("real.csv", "other.csv", "--columns", "height"),
            "'other.csv' lacks the column 'height': known are",
        ),
        (("real.csv", "real.csv", "--columns", "heigth"), "did you mean `height`?"),
        (("one.csv", "one.csv"), "'one.csv' must have at least 3 rows, got 1"),
        (("real.csv", "real.csv", "--columns", "planet"), "no column can be compared: 'planet'"),
        (("real.csv", "same.csv", "--tests", "magic"), "unknown test 'magic': known are"),
        (("real.csv", "same.csv", "--alpha", "5"), "alpha must be above 0 and below 1, got 5.0"),
        (("real.csv", "same.csv", "--correction", "fdr"), "one of holm, benjamini-hochberg"),
        (
            ("real.csv", "same.csv", "--sample", "1"),
            "`--sample` must be a whole number of at least 3, got 1",
        ),
        (("real.csv", "same.csv", "--seed", "-1"), "`--seed` must be a whole number of at least 0"),
        (("real.csv", "same.csv", "--html", "folder.csv"), "'folder.csv' is a directory"),
        (("real.csv", "same.csv", "--html", "real.csv/page.html"), "real.csv' is a file"),
        (("real.csv", "same.csv", "--html", "real.csv"), "would replace 'real.csv', which is read"),
        (("real.csv", "same.csv", "--html", "./same.csv"), "would replace 'same.csv', which is"),
        (("real.csv",), "GENERATED"),
    ],
)
def test_trouble_is_one_sentence_and_status_2(
    folder: Path, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], sentence: str
) -> None:
    (folder / "folder.csv").mkdir()
    (folder / "model.pkl").write_bytes(b"\x80\x04.")
    (folder / "notes.txt").write_text("a\n1\n")
    (folder / "other.csv").write_text("planet,income\n1,2\n3,4\n")
    (folder / "named.csv").write_text("name,a\nu,1\nv,2\nw,3\n")
    (folder / "holes.csv").write_text("a,b\n1,2\n3,\n5,6\n")
    (folder / "one.csv").write_text("a,b\n1,2\n")
    assert sentence in refused("compare", *arguments, cwd=folder, capsys=capsys)
