"""``gan-eval throughput``: what it prints, writes and returns."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from gan_eval.cli.status import status_of
from gan_eval.investigations.speed import benchmarks as throughput
from gan_eval.investigations.speed import pictures
from tests.investigations.speed.test_slowdown import Rounds, document, noisy


@pytest.fixture
def files(tmp_path: Path) -> tuple[str, str]:
    """An earlier run and a later one, in which one of two benchmarks takes twice as long."""
    before = document({"loop": noisy(0.2, 0), "fused": noisy(0.001, 1)})
    after = document({"loop": noisy(0.2, 2), "fused": noisy(0.002, 3)})
    for found in (before, after):
        found["benchmarks"][1]["extra_info"] |= {"backend": "fused_cpu", "replicates": 2048}
    paths = tmp_path / "before.json", tmp_path / "after.json"
    for path, found in zip(paths, (before, after), strict=True):
        path.write_text(json.dumps(found))
    return str(paths[0]), str(paths[1])


def test_the_table_names_the_loop_and_how_many_times_it(
    files: tuple[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "table.csv"
    assert status_of(["throughput", *files, "--csv", str(out)]) == 0
    table = pd.read_csv(out)
    assert list(table["file"]) == ["before.json"] * 2 + ["after.json"] * 2
    expected = table["examples_per_second"] / np.repeat(
        table["examples_per_second"].to_numpy()[::2], 2
    )
    assert list(table["times_the_loop"]) == pytest.approx(list(expected))
    printed = capsys.readouterr().out
    assert "fused_cpu" in printed
    assert "measured on: A Chip, 2 cores" in printed


def test_a_slowdown_is_status_1_and_none_is_0(
    files: tuple[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    before, after = files
    assert status_of(["throughput", after, "--against", before]) == 1
    last = capsys.readouterr().out.splitlines()[-1]
    assert "1 of 2 benchmarks took more than 1.2 times as long" in last
    ratio, low, high = (float(number) for number in re.findall(r"\d\.\d+", last)[1:])
    assert low < ratio < high
    assert ratio == pytest.approx(2, rel=0.1)
    assert status_of(["throughput", before, "--against", after]) == 0
    assert status_of(["throughput", after, "--against", before, "--slowdown", "3"]) == 0


def test_where_no_rounds_could_tell_the_status_is_3_and_the_headline_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Every round ten times slower, of four benchmarks with three rounds each."""
    names = [f"b{i}" for i in range(4)]
    paths = [tmp_path / "old.json", tmp_path / "new.json"]
    for path, factor in zip(paths, (1.0, 10.0), strict=True):
        rounds = {name: noisy(factor, i, 3) for i, name in enumerate(names)}
        path.write_text(json.dumps(document(rounds)))
    arguments = ["throughput", str(paths[1]), "--against", str(paths[0])]
    assert status_of(arguments) == 3
    printed = capsys.readouterr().out
    assert "Could not tell whether anything became slower: 4 benchmarks" in printed
    assert "Nothing was shown" not in printed
    assert status_of([*arguments, "--json"]) == 3
    assert json.loads(capsys.readouterr().out)["passed"] is None
    # One of the four with enough rounds, and slower or not: the other three stay unknown.
    for factor, status, words in ((1.0, 3, "Nothing was shown"), (2.0, 1, "1 of 4 benchmarks")):
        for path, times in zip(paths, (1.0, factor), strict=True):
            rounds = {name: noisy(1.0, i, 3) for i, name in enumerate(names)}
            path.write_text(json.dumps(document({**rounds, "b0": noisy(times, 7)})))
        assert status_of(arguments) == status
        printed = capsys.readouterr().out
        assert words in printed
        assert "of 3 it could not be told: too few rounds" in printed


def test_files_without_benchmarks_are_refused_and_600_rounds_are_shown(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files = [str(tmp_path / name) for name in ("a.json", "b.json")]
    out = [str(tmp_path / name) for name in ("table.csv", "page.html")]
    for rounds, status in (({}, 2), ({"a": noisy(1.0, 0, 600)}, 0)):
        for name in files:
            Path(name).write_text(json.dumps(document(rounds)))
        assert status_of(["throughput", *files, "--csv", out[0], "--html", out[1]]) == status
        assert Path(out[0]).exists() is Path(out[1]).exists() is (status == 0)
        assert status_of(["throughput", *files, "--json"]) == status
        assert status_of(["throughput", files[0], "--against", files[1]]) == status
    assert len(pd.read_csv(out[0])) == 2
    capsys.readouterr()


def test_json_is_one_document(files: tuple[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    assert status_of(["throughput", files[1], "--against", files[0], "--json"]) == 1
    found = json.loads(capsys.readouterr().out)
    assert not found["passed"]
    assert [row["answer"] for row in found["comparison"]["benchmarks"]][1] == "too slow"
    assert found["benchmarks"][0]["examples_per_second"] > 0


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["{0}", "{1}", "--against", "{0}"], "is given twice"),
        (["nowhere.json"], "there is no file"),
        (["{0}", "--against", "{1}", "--slowdown", "0.5"], "`--slowdown` must be at least 1"),
        (["{0}", "--run", "nowhere"], "there is no folder"),
        (["{0}", "--csv", "{0}/all.csv"], "cannot be written"),
        ([], "no FILE is given"),
        (["{0}", "--last", "3"], "`--last` is of a history"),
        (["--history", "nowhere"], "there is no folder 'nowhere'"),
        (["{0}", "--json", "--markdown"], "only one of"),
    ],
)
def test_misuse_is_status_2_and_one_sentence(
    files: tuple[str, str],
    arguments: list[str],
    sentence: str,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)  # where no history stands
    assert status_of(["throughput", *(a.format(*files) for a in arguments)]) == 2
    error = capsys.readouterr().err
    assert sentence in error
    assert error.count("\n") == 1


def test_the_page_has_the_picture_the_tables_and_what_is_doubtful(
    files: tuple[str, str], tmp_path: Path
) -> None:
    out = tmp_path / "page.html"
    wild = document({"loop": [0.1, 0.2, 0.3, 0.4, 0.5], "<script>": [0.1]})
    (tmp_path / "wild.json").write_text(json.dumps(wild))
    given = [*files, str(tmp_path / "wild.json")]
    assert status_of(["throughput", *given, "--html", str(out)]) == 0
    page = out.read_text()
    assert 'id="fig-throughput-title"' in page
    assert "Unstable: the rounds of 1 of 6 benchmarks spread by more than" in page
    assert "Of 1 benchmark there is one round" in page
    assert page.count("<script>") == 1
    assert "&lt;script&gt;" in page
    assert "&lt;script&gt;" in page


def test_the_picture_counts_what_it_leaves_out(tmp_path: Path) -> None:
    names: Rounds = {f"test[{i}]": [0.01 * (i + 1)] * 2 for i in range(pictures.MOST_DRAWN + 3)}
    (tmp_path / "many.json").write_text(json.dumps(document(names)))
    drawn = pictures.rates(throughput.read_all([tmp_path / "many.json"]))
    assert drawn is not None
    assert "3 slowest trainings left out" in drawn.caption
    assert drawn.description.count("; ") == pictures.MOST_DRAWN - 1


def test_a_runs_time_to_quality_stands_beside(
    files: tuple[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = ["run", "--out", str(tmp_path / "run"), "--workers", "1"]
    for setting in ("replicates=40", 'backends=["fused_cpu"]', "tested=0", "time_budget=none"):
        run += ["--set", setting]
    assert status_of(run) == 0
    capsys.readouterr()
    arguments = ["throughput", files[0], "--run", str(tmp_path / "run"), "--epsilon", "0.5"]
    assert status_of([*arguments, "--json"]) == 0
    (row,) = json.loads(capsys.readouterr().out)["quality"]
    assert row["replicates"] == row["reached"] + row["censored"] == 40
    assert 0 < row["examples"] <= 20_000
    assert status_of(arguments) == 0
    assert "Kaplan–Meier" in capsys.readouterr().out
