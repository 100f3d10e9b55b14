"""What can go wrong with the file: one sentence, status 2, and nothing that was there is lost."""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from gan_eval.cli.status import status_of
from gan_eval.runtime.errors import UsageError
from gan_eval.study.ledger.ledger import LEDGER_FILE, Ledger

from .test_ledger import part, store


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A ledger of forty units of a hundred replicates."""
    found = tmp_path / LEDGER_FILE
    with Ledger(found) as ledger:
        for first in range(0, 4000, 100):
            store(ledger, list(range(first, first + 100)))
    return found


def cut(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def end(path: Path) -> None:
    os.truncate(path, path.stat().st_size - 1)


def empty(path: Path) -> None:
    path.write_bytes(b"")


def scribble(path: Path) -> None:
    path.write_bytes(b"These are my notes, and no ledger.\n" * 200)


def foreign(path: Path) -> None:
    path.unlink()
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE mine (x)")


def later(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA user_version = 99")


def garble(path: Path) -> None:
    path.write_bytes(path.read_bytes().replace(b"CREATE TABLE total", b"CREATE\xf2TABLE total"))


def rename(path: Path) -> None:
    path.write_bytes(path.read_bytes().replace(b"created TEXT", b"creahed TEXT"))


@pytest.mark.parametrize(
    ("damage", "sentence"),
    [
        (cut, "is damaged, as if it had been cut off"),
        (end, "is damaged: it has "),
        (empty, "is no ledger of gan-eval"),
        (scribble, "is no ledger of gan-eval"),
        (foreign, "is no ledger of gan-eval"),
        (garble, "is damaged: its tables have no names"),
        (rename, "is damaged: its tables are not those of a ledger"),
        (later, "was written by a later gan-eval (its format is 99"),
    ],
)
def test_a_file_that_is_no_whole_ledger_is_refused_and_left_as_it_is(
    path: Path,
    damage: Callable[[Path], None],
    sentence: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    damage(path)
    before = path.read_bytes()
    for command in (("run", "--out"), ("export",)):
        assert status_of([*command, str(path.parent)]) == 2
        stdout, stderr = capsys.readouterr()
        assert stdout == ""
        assert sentence in stderr
        assert len(stderr.splitlines()) == 1
    assert path.read_bytes() == before
    assert [p.name for p in path.parent.iterdir()] == [LEDGER_FILE]


def test_a_block_that_was_damaged_is_told_not_guessed(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE units SET rows = substr(rows, 1, length(rows) - 9)")
    with pytest.raises(UsageError, match=r"is damaged: 4,000 of 4,000 replicates"):
        Ledger(path, read_only=True)


def test_no_run_and_no_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Ledger(tmp_path / LEDGER_FILE).close()
    assert status_of(["export", str(tmp_path)]) == 2
    assert "holds no run yet" in capsys.readouterr().err
    assert status_of(["export", str(tmp_path / "absent")]) == 2
    assert "there is no folder" in capsys.readouterr().err


def test_a_full_disk_costs_the_unit_and_nothing_else(path: Path) -> None:
    """The file may not grow any more: the kernel's limit stands for the disk's end."""
    pytest.importorskip("resource")
    before = path.read_bytes()
    script = (
        "import resource, sys; from pathlib import Path; from tests.study.test_ledger import *\n"
        "path = Path(sys.argv[1]); size = path.stat().st_size\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (size + 4096, size + 4096))\n"
        "with Ledger(path) as ledger: store(ledger, list(range(5000, 25000)))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, path],
        capture_output=True,
        text=True,
        check=False,
        cwd=Path(__file__).parents[2],
    )
    assert "gan_eval.runtime.errors.UsageError" in done.stderr.splitlines()[-1]
    assert "nothing that was stored before is lost" in done.stderr
    with Ledger(path) as ledger:
        assert ledger.finished(part(0, 99999)).tolist() == list(range(4000))
    assert path.read_bytes()[200:] == before[200:]  # the head counts transactions
    assert [p.name for p in path.parent.iterdir()] == [LEDGER_FILE]


def fill(ledger: Ledger) -> None:
    for first in range(1000, 10**6, 1000):
        store(ledger, list(range(first, first + 1000)))


@pytest.fixture
def small_disk(tmp_path: Path) -> Path:
    """A file system of 200 KiB, where the user may mount one."""
    place = tmp_path / "disk"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=200k", "tmpfs", str(place)]
    if shutil.which("mount") is None or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("only root can mount a file system, here that is not allowed")
    return place


def test_a_disk_that_is_full_and_one_that_is_read_only(
    small_disk: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    try:
        with Ledger(small_disk / LEDGER_FILE) as ledger:
            store(ledger, [0, 1, 2])
            with pytest.raises(UsageError, match="the disk is full; nothing that was stored"):
                fill(ledger)
            there = ledger.finished(part(0, 10**6))
        assert there[:3].tolist() == [0, 1, 2]
        assert len(there) % 1000 == 3
        remount = ["mount", "-o", "remount,ro", str(small_disk)]
        subprocess.run(remount, check=True)
        with Ledger(small_disk / LEDGER_FILE, read_only=True) as ledger:
            assert ledger.finished(part(0, 10**6)).tolist() == there.tolist()
        with (
            Ledger(small_disk / LEDGER_FILE) as ledger,
            pytest.raises(UsageError, match="cannot be written: it is read-only"),
        ):
            store(ledger, [4])
        assert status_of(["run", "--out", str(small_disk)]) == 2
        assert "cannot be written" in capsys.readouterr().err
    finally:
        subprocess.run(["umount", str(small_disk)], check=True)


def test_whoever_holds_the_file_too_long_is_told_of(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gan_eval.study.ledger.file._PATIENCE", 0.1)
    with (
        contextlib.closing(sqlite3.connect(path, isolation_level=None)) as other,
        Ledger(path) as ledger,
    ):
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(UsageError, match="is held by another process"):
            store(ledger, [9999])
        other.execute("ROLLBACK")
        assert store(ledger, [9999]) == 1
