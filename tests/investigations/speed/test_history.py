"""Runs of a folder in the order of the code that they measured."""

from __future__ import annotations

from pathlib import Path

import pytest

from gan_eval.investigations.speed.history import read_history
from gan_eval.runtime.errors import UsageError

from .histories import commit, save


def test_runs_stand_in_the_order_of_commits_and_changed_files_behind_theirs(tmp_path: Path) -> None:
    save(tmp_path, "a.json", {"x": 0.1}, commit(3), 3)
    save(tmp_path / "deeper", "b.json", {"x": 0.2}, commit(1), 1, measured=9)  # an old one again
    save(tmp_path, "c.json", {"x": 0.3}, commit(1), 1, dirty=True, measured=8)
    save(tmp_path, "d.json", {"x": 0.4}, commit(2), 2)
    save(tmp_path, "e.json", {"x": 0.5}, None, 1, measured=4)
    found = read_history(tmp_path)
    assert found.runs == 5
    assert found.codes[:4] == ["0000001", "0000001+", "0000002", "0000003"]
    assert list(found.table["file"]) == ["deeper/b.json", "c.json", "d.json", "a.json", "e.json"]
    assert list(found.table["place"]) == [0, 1, 2, 3, 4]
    assert found.newest == "deeper/b.json"
    cost = found.table["cost"] * 1000  # a call has 1000 examples
    assert list(cost) == pytest.approx([0.2, 0.3, 0.4, 0.1, 0.5], rel=0.01)


def test_a_commit_has_one_place_and_machines_have_their_names(tmp_path: Path) -> None:
    for i in range(3):
        save(tmp_path, f"{i}.json", {"x": 0.1}, commit(1), 1, processor=f"Chip {i % 2}")
    found = read_history(tmp_path)
    assert set(found.table["place"]) == {0}
    assert set(found.table["host"]) == {"Chip 0, 2 cores", "Chip 1, 2 cores"}


def test_only_the_newest_runs_are_read(tmp_path: Path) -> None:
    for i in range(1, 6):
        save(tmp_path, f"{i}.json", {"x": 0.1}, commit(i), i)
    assert read_history(tmp_path, last=2).codes == ["0000004", "0000005"]
    assert read_history(tmp_path, last=9).runs == 5


def test_what_is_no_run_is_left_out_and_said(tmp_path: Path) -> None:
    save(tmp_path, "1.json", {"x": 0.1}, commit(1), 1)
    (tmp_path / "half.json").write_text('{"benchmarks": [')
    found = read_history(tmp_path)
    assert found.runs == 1
    assert len(found.left_out) == 1
    assert "half.json" in found.left_out[0]


@pytest.mark.parametrize("last", [0, -1, 1.5])
def test_misuse_names_the_argument(tmp_path: Path, last: int) -> None:
    save(tmp_path, "1.json", {"x": 0.1}, commit(1), 1)
    with pytest.raises(UsageError, match="last"):
        read_history(tmp_path, last=last)
    with pytest.raises(UsageError, match="nowhere"):
        read_history(tmp_path / "nowhere")
    (tmp_path / "empty").mkdir()
    with pytest.raises(UsageError, match="no run"):
        read_history(tmp_path / "empty")
