"""What another process left half done hinders no reader: a hot journal, a write-ahead log."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from gan_eval.study.ledger.ledger import LEDGER_FILE, Ledger
from gan_eval.study.results.export import load

from .test_ledger import part, store

NOBODY = 65534

pytestmark = pytest.mark.skipif(os.name != "posix", reason="killed and closed as on POSIX")


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that every user may read, with a ledger of a run of 400 replicates."""
    place = Path(tempfile.mkdtemp())
    place.chmod(0o755)
    with Ledger(place / LEDGER_FILE) as ledger:
        ledger.begin({"provenance": {"study": {}}}, [part(0, 9999)])
        for first in range(0, 400, 100):
            store(ledger, list(range(first, first + 100)))
    yield place
    shutil.rmtree(place)


def kill_inside_a_transaction(path: Path) -> None:
    """When half of it is in the file itself already, beside its journal."""
    script = (
        "import os, signal, sqlite3, sys\n"
        "connection = sqlite3.connect(sys.argv[1], isolation_level=None)\n"
        "connection.execute('PRAGMA cache_size = 4')\n"
        "connection.execute('BEGIN IMMEDIATE')\n"
        "connection.execute('DELETE FROM replicates')\n"
        "for i in range(50):\n"
        "    connection.execute('INSERT INTO layouts (text) VALUES (?)', (f'{i}' * 20000,))\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    done = subprocess.run([sys.executable, "-c", script, path], check=False)
    assert done.returncode == -signal.SIGKILL
    assert path.with_name(f"{LEDGER_FILE}-journal").exists()
    assert path.stat().st_size > 500_000


@contextlib.contextmanager
def closed_to_us(folder: Path) -> Iterator[None]:
    """This user may read the folder and its files, and change nothing; root is somebody else."""
    files = list(folder.iterdir())
    before = {path: path.stat().st_mode for path in (*files, folder)}
    for path in (*files, folder):
        path.chmod(0o555 if path == folder else 0o444)
    user = os.geteuid()
    if user == 0:
        os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(user)
        for path, mode in before.items():
            path.chmod(mode)


def content(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_a_transaction_that_was_cut_off_is_undone_by_whoever_reads(folder: Path) -> None:
    before = load(folder)
    kill_inside_a_transaction(folder / LEDGER_FILE)
    assert load(folder).equals(before)
    assert list(content(folder)) == [LEDGER_FILE]
    with sqlite3.connect(folder / LEDGER_FILE) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_where_nothing_can_be_undone_a_copy_is_read(folder: Path) -> None:
    before = load(folder)
    kill_inside_a_transaction(folder / LEDGER_FILE)
    left = content(folder)
    with closed_to_us(folder):
        found = load(folder)
    assert found.equals(before)
    assert content(folder) == left


def test_a_write_ahead_log_is_read_and_given_up_by_whoever_writes(folder: Path) -> None:
    with contextlib.closing(sqlite3.connect(folder / LEDGER_FILE)) as other:
        assert other.execute("PRAGMA journal_mode = WAL").fetchone() == ("wal",)
        assert len(load(folder)) == 400
        other.execute("BEGIN")
        other.execute("SELECT count(*) FROM units").fetchone()
        with Ledger(folder / LEDGER_FILE) as ledger:  # stays as it is while somebody else reads
            store(ledger, list(range(400, 500)))
            killed = folder / "killed"
            killed.mkdir()
            for name in (LEDGER_FILE, f"{LEDGER_FILE}-wal"):
                shutil.copyfile(folder / name, killed / name)
            other.execute("ROLLBACK")
    left = content(killed)
    assert len(left[f"{LEDGER_FILE}-wal"]) > 0
    with closed_to_us(killed):
        assert load(killed)["seed"].tolist() == list(range(500))
    assert content(killed) == left
    assert load(killed)["seed"].tolist() == list(range(500))
    with Ledger(killed / LEDGER_FILE) as ledger:
        assert store(ledger, list(range(500, 600))) == 100
    assert list(content(killed)) == [LEDGER_FILE]
    with contextlib.closing(sqlite3.connect(killed / LEDGER_FILE)) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("delete",)
    assert len(load(killed)) == 600
