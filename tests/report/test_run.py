"""A study run from Python leaves the folder that the command leaves."""

from __future__ import annotations

from pathlib import Path

import pytest

from gan_eval.report.run import run
from gan_eval.report.verification.verify import verify
from gan_eval.study.plan.study import Study
from gan_eval.study.results.export import load

STUDY = Study(
    backends=("fused_cpu",),
    replicates=3,
    permutations=0,
    config={"epochs": 1, "n_examples": 64},
)


def test_the_folder_has_the_rows_and_a_report(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    notes: list[str] = []
    first = run(STUDY, workers=1, on_note=notes.append)
    folder = tmp_path / "reports" / "chapter"
    assert load(folder).equals(first.rows)
    assert not verify(folder / "report.html").mismatches
    assert not notes
    again = run(STUDY, folder="reports/chapter", workers=1, on_note=notes.append)
    assert again.provenance["reused"] == 3
    assert again.rows.equals(first.rows)
    run(STUDY, folder=str(folder), workers=1, fresh=True, on_note=notes.append)
    (note,) = notes
    assert "earlier-1" in note
    assert load(folder / "earlier-1").equals(first.rows)
