"""``gan-eval lab``: its page, its document and the page that is made of it, its refusals."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from gan_eval.cli.status import status_of
from gan_eval.investigations.lab import Lab, words

SMALL = ["--replicates", "20", "--epochs", "3", "--workers", "1"]


def test_it_writes_a_page_and_answers_in_its_last_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page, kept = tmp_path / "lab.html", tmp_path / "lab.json"
    assert status_of(["lab", *SMALL, "--out", str(page), "--json"]) == 0
    kept.write_text(capsys.readouterr().out, encoding="utf-8")
    lab = Lab.load(kept)
    again = tmp_path / "again.html"
    assert status_of(["lab", "--from", str(kept), "--out", str(again)]) == 0
    last = capsys.readouterr().out.splitlines()[-1]
    assert " ".join(words.sentence(lab).split()) in " ".join(last.split())
    assert str(again) in last
    first, second = (carried(path) for path in (page, again))
    assert first["codes"] == second["codes"]
    assert first["rows"] == second["rows"]
    assert lab.provenance["command"]


def carried(page: Path) -> dict:
    html = page.read_text("utf-8")
    found = re.search(r'<script type="application/json" id="lab-data">(.*?)</script>', html)
    assert found is not None
    return json.loads(found[1])


@pytest.mark.parametrize(
    "arguments",
    [
        ["--replicates", "19"],
        ["--epochs", "1"],
        ["--seed", "-1"],
        ["--from", "none.json"],
        ["--from", "other.json"],
        ["--from", "other.json", "--quick"],
        ["--out", "there"],
    ],
)
def test_misuse_is_one_sentence_and_leaves_nothing(
    arguments: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "other.json").write_text("{}", encoding="utf-8")
    (tmp_path / "there").mkdir()
    assert status_of(["lab", *arguments]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["other.json", "there"]


def test_an_interrupt_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("gan_eval.investigations.lab.run.train", interrupted)
    assert status_of(["lab", *SMALL, "--out", str(tmp_path / "lab.html")]) == 130
    assert not list(tmp_path.iterdir())
