"""Whatever is killed when: what was finished is there exactly once, and the rest is run again."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from gan_eval.export import load
from gan_eval.ledger import LEDGER_FILE, Ledger

from .tables import assert_same
from .victim import WIDE

ROOT = Path(__file__).parents[2]
KILLS = 30
REPLICATES = 2 * len(WIDE.seeds(1))

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="processes are killed as on POSIX")


@pytest.fixture(scope="module")
def victim() -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.ledger.victim"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )
    yield process
    assert process.stdin is not None
    process.stdin.close()
    process.wait(60)
    assert process.stdout is not None
    process.stdout.close()


@pytest.fixture(scope="module")
def whole(
    victim: subprocess.Popen[str], tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, float]:
    """The folder of a run that nothing stopped, and the seconds that it took."""
    folder, began = tmp_path_factory.mktemp("whole"), time.monotonic()
    start(victim, folder)
    assert end(victim) == 0
    return folder, time.monotonic() - began


def start(victim: subprocess.Popen[str], folder: Path, workers: int = 1) -> int:
    """Begin the study in a folder; the id of its process, which leads a session."""
    assert victim.stdin is not None
    assert victim.stdout is not None
    print(workers, folder, file=victim.stdin, flush=True)
    word, number = victim.stdout.readline().split()
    assert word == "started"
    return int(number)


def end(victim: subprocess.Popen[str]) -> int:
    assert victim.stdout is not None
    word, status = victim.stdout.readline().split()
    assert word == "ended"
    return int(status)


def counted(folder: Path) -> int:
    with sqlite3.connect(folder / LEDGER_FILE) as connection:
        return connection.execute("SELECT count(*) FROM replicates").fetchone()[0]


@pytest.mark.parametrize("workers", [1, 3])
def test_killed_at_thirty_random_moments_and_resumed(
    workers: int, victim: subprocess.Popen[str], whole: tuple[Path, float], tmp_path: Path
) -> None:
    """The whole process tree; moments drawn from a fixed seed, by the clock and by what is done.

    Which instruction they hit is the machine's choice.
    """
    killed, took = tmp_path / "killed", whole[1]
    rng = random.Random(20)
    there, kills = 0, 0
    for turn in range(KILLS):
        child = start(victim, killed, workers)
        # Half of them while it starts, half when it has stored another unit or two: so some units
        # are stored, and the study never ends.
        if turn % 2:
            wait_for(killed, there + rng.choice((1, 3)))
        time.sleep(rng.uniform(0, took / KILLS))
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child, signal.SIGKILL)
        kills += end(victim) == -signal.SIGKILL
        if (killed / LEDGER_FILE).exists():
            now = counted(killed)
            assert now >= there  # nothing that was there is lost
            there = now
    assert kills == KILLS
    assert 0 < there < REPLICATES
    start(victim, killed, workers)
    assert end(victim) == 0
    assert counted(killed) == counted(whole[0]) == REPLICATES
    rows = load(killed)
    assert not rows.duplicated(["configuration", "seed"]).any()
    assert_same(killed, whole[0])
    left = {path.name for path in killed.iterdir()}
    assert left <= {LEDGER_FILE} | {name for name in left if name.endswith(".partial")}


def wait_for(folder: Path, replicates: int) -> None:
    """Until so many are stored, or for ten seconds."""
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        if (folder / LEDGER_FILE).exists() and counted(folder) >= replicates:
            return
        time.sleep(0.005)


def test_several_at_once_of_which_one_is_killed(whole: tuple[Path, float], tmp_path: Path) -> None:
    script = (
        "import sys; from pathlib import Path; from tests.ledger import victim; victim.prepare(); "
        "print('ready', flush=True); sys.stdin.readline(); victim.run(Path(sys.argv[1]))"
    )
    together = [
        subprocess.Popen(
            [sys.executable, "-c", script, str(tmp_path / "together")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            start_new_session=True,
        )
        for _ in range(2)
    ]
    for process in together:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in together:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
    time.sleep(0.5)
    os.killpg(together[0].pid, signal.SIGKILL)
    for process in together:
        process.communicate(timeout=100)
    assert [process.returncode for process in together[1:]] == [0]
    assert counted(tmp_path / "together") == REPLICATES
    assert_same(tmp_path / "together", whole[0])


def test_a_transaction_that_is_cut_in_the_middle_is_undone(tmp_path: Path) -> None:
    """Killed when half of a large unit is in the file itself already, beside its journal."""
    path = tmp_path / LEDGER_FILE
    Ledger(path).close()
    script = (
        "import os, signal, sqlite3, sys\n"
        "connection = sqlite3.connect(sys.argv[1], isolation_level=None)\n"
        "connection.execute('PRAGMA cache_size = 4')\n"
        "connection.execute('BEGIN IMMEDIATE')\n"
        "for i in range(50):\n"
        "    connection.execute('INSERT INTO layouts (text) VALUES (?)', (f'{i}' * 20000,))\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    done = subprocess.run([sys.executable, "-c", script, path], check=False)
    assert done.returncode == -signal.SIGKILL
    assert path.with_name(f"{LEDGER_FILE}-journal").exists()
    assert path.stat().st_size > 500_000
    with Ledger(path) as ledger:
        assert ledger.environments() == {}
    with sqlite3.connect(path) as connection:
        assert connection.execute("SELECT count(*) FROM layouts").fetchone() == (0,)
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
