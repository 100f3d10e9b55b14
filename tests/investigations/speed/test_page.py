"""The page, the Markdown and the history of ``gan-eval throughput``."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from gan_eval.cli.status import status_of
from gan_eval.investigations.speed import Figures, pictures
from gan_eval.investigations.speed.steps import STEP_COLUMNS
from gan_eval.pages.canvas import COLOURS

from ...report.elements import parse
from .histories import commit, save
from .test_slowdown import document, noisy

BENCHMARKS, COMMITS, STEP = 14, 9, 6


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Nine commits of fourteen benchmarks; one takes 1.5 times as long from the sixth on."""
    generator = np.random.default_rng(0)
    for i in range(1, COMMITS + 1):
        noise = np.exp(0.01 * generator.standard_normal(BENCHMARKS))
        seconds = {f"b{b:02d}": 0.1 * value for b, value in enumerate(noise)}
        seconds["b03"] *= 1.5 if i >= STEP else 1
        save(tmp_path / "runs", f"{i}.json", seconds, commit(i), i)
    return tmp_path / "runs"


def test_without_a_file_the_newest_run_and_its_history_are_shown(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder.parent / "reports").mkdir()
    folder.rename(folder.parent / "reports" / "benchmarks")
    monkeypatch.chdir(folder.parent)
    assert status_of(["throughput"]) == 0
    last = capsys.readouterr().out.splitlines()[-1]
    assert "0000005" in last
    assert "0000006" in last
    assert status_of(["throughput", "--last", "3"]) == 0
    assert "0000006" not in capsys.readouterr().out.splitlines()[-1]
    assert status_of(["throughput", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["history"]["runs"] == COMMITS
    assert len(found["history"]["searched"]) == len(found["benchmarks"]) == BENCHMARKS
    (step,) = found["history"]["steps"]
    assert list(step) == list(STEP_COLUMNS)
    assert step["ratio"] == pytest.approx(1.5, rel=0.03)
    old = "reports/benchmarks/5.json"
    assert status_of(["throughput", "--against", old]) == 1  # of the newest run


def test_the_page_answers_with_the_step_before_all_else(folder: Path) -> None:
    found = Figures.newest(folder)
    page = parse(found.page())
    (headline,) = (e for e in page.all("h2") if e.attributes.get("id") == "answer")
    assert headline.text.split() == found.headline.split()
    assert next(f.attributes["id"] for f in page.all("figure")) == "fig-history-first"
    folded = [e.attributes.get("id") for e in page.all("details")]
    assert folded
    sections = [e.attributes.get("id") for e in page.all("section")]
    assert "steps" in sections


def test_the_picture_of_a_history_joins_no_machines(folder: Path) -> None:
    generator = np.random.default_rng(1)
    for i in range(1, COMMITS + 1):
        seconds = {"b03": 0.4 * np.exp(0.01 * generator.standard_normal())}
        save(folder, f"other {i}.json", seconds, commit(i), i, processor="B Chip")
    found = Figures.newest(folder)
    assert found.history is not None
    assert found.steps is not None
    drawn = pictures.over_commits(found.history, found.steps)
    assert drawn is not None
    assert drawn.csv is not None
    assert "b03" in drawn.csv.splitlines()[1]  # what has a step stands first
    lines = [row for row in drawn.csv.splitlines() if "b03" in row]
    assert len(lines) == 2 * COMMITS
    for host in ("A Chip", "B Chip"):
        own = [float(row.rpartition(",")[2]) for row in lines if host in row]
        assert own[0] == 1  # relative to the first run of its own machine
        assert own[-1] == pytest.approx(1 / 1.5 if host == "A Chip" else 1, rel=0.1)
    assert f"{BENCHMARKS - pictures.MOST_PANELS} benchmarks left out" in drawn.caption
    assert not set(COLOURS.values()) & set(drawn.svg.split('"'))


def test_before_and_after_is_drawn_with_what_is_allowed(tmp_path: Path) -> None:
    paths = [tmp_path / "old.json", tmp_path / "new.json"]
    for path, factor in zip(paths, (1.0, 2.0), strict=True):
        rounds = {"same": noisy(1, 0), "slow": noisy(factor, 1), "few": [factor]}
        path.write_text(json.dumps(document(rounds)))
    found = Figures.read(paths[1:]).against(
        paths[:1], paths[1:], slowdown=1.3, alpha=0.05, correction="holm"
    )
    assert found.comparison is not None
    drawn = pictures.before_after(found.comparison)
    assert drawn is not None
    assert drawn.csv is not None
    ratios = [float(row.split(",")[-4]) for row in drawn.csv.splitlines()[1:]]
    assert ratios == sorted(ratios, reverse=True)
    assert "1.3 times is allowed" in drawn.svg
    assert "fig-before-after" in found.page()


def test_markdown_has_the_answer_and_a_narrow_table(
    folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "summary.md"))
    bars = document({"bars": noisy(1, 0)})
    bars["benchmarks"][0]["extra_info"]["backend"] = "a|b"
    (tmp_path / "bars.json").write_text(json.dumps(bars))
    old, new = str(tmp_path / "bars.json"), str(folder / "9.json")
    given = (
        (["throughput", old], 5),
        (["throughput", "--history", str(folder)], 5),
        (["throughput", new, "--against", str(folder / "1.json")], 4),
    )
    for arguments, columns in given:
        status_of([*arguments, "--markdown"])
        printed = capsys.readouterr().out
        assert printed.startswith("### ")
        rows = [line for line in printed.splitlines() if line.startswith("| ")]
        assert {len(row.replace("\\|", "").split("|")) - 2 for row in rows} == {columns}
    written = (tmp_path / "summary.md").read_text()
    assert written.count("### ") == 3
    assert "a\\|b" in written
