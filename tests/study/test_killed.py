"""Whatever is killed when: what was finished is there exactly once, and the rest is run again."""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from gan_eval.study.ledger.ledger import LEDGER_FILE
from gan_eval.study.results.export import load

from .tables import assert_same
from .victim import WIDE

ROOT = Path(__file__).parents[2]
REPLICATES = 2 * len(WIDE.seeds(1))

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="processes are killed as on POSIX")


@pytest.fixture(scope="module")
def victim() -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.study.victim"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )
    yield process
    process.communicate()


@pytest.fixture(scope="module")
def whole(
    victim: subprocess.Popen[str], tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, int]:
    """The folder of a run that nothing stopped, and the steps that SQLite took in it."""
    folder = tmp_path_factory.mktemp("whole")
    steps = run(victim, folder)
    assert steps is not None
    return folder, steps


def run(
    victim: subprocess.Popen[str], folder: Path, workers: int = 1, point: int = 0
) -> int | None:
    """Run the study in a folder; the steps that it took, or ``None`` where the point killed it."""
    assert victim.stdin is not None
    assert victim.stdout is not None
    print(workers, point, folder, file=victim.stdin, flush=True)
    word, number = victim.stdout.readline().split()
    if word == "steps":
        assert victim.stdout.readline().split() == ["ended", "0"]
        return int(number)
    assert (word, int(number)) == ("ended", -signal.SIGKILL)
    return None


def counted(folder: Path) -> int:
    with sqlite3.connect(folder / LEDGER_FILE) as connection:
        return connection.execute("SELECT count(*) FROM replicates").fetchone()[0]


@pytest.mark.parametrize("workers", [1, 3])
@pytest.mark.parametrize("turns", [4, pytest.param(30, marks=pytest.mark.thorough)])
def test_killed_at_random_points_and_resumed(
    workers: int,
    turns: int,
    victim: subprocess.Popen[str],
    whole: tuple[Path, int],
    tmp_path: Path,
) -> None:
    """The whole process tree, at steps of SQLite drawn from a fixed seed.

    Half of them while the ledger is made or opened, half while units are stored.
    """
    killed, rng = tmp_path / "killed", random.Random(20)
    there = kills = 0
    for turn in range(turns):
        point = rng.randint(1, 2 * whole[1] // turns if turn % 2 else 200)
        if run(victim, killed, workers, point) is not None:
            break
        kills += 1
        if (killed / LEDGER_FILE).exists():
            now = counted(killed)
            assert now >= there  # nothing that was there is lost
            there = now
    assert kills > 0
    assert run(victim, killed, workers) is not None
    assert counted(killed) == counted(whole[0]) == REPLICATES
    rows = load(killed)
    assert not rows.duplicated(["configuration", "seed"]).any()
    assert_same(killed, whole[0])
    # Whoever is killed while making a ledger leaves its hidden beginnings.
    assert {path.name for path in killed.iterdir() if path.name[0] != "."} == {LEDGER_FILE}


@pytest.mark.thorough
def test_several_at_once_of_which_one_is_killed(whole: tuple[Path, int], tmp_path: Path) -> None:
    script = (
        "import sys; from pathlib import Path; from tests.study import victim; victim.prepare(); "
        "print('ready', flush=True); "
        "victim.run(Path(sys.argv[1]), point=int(sys.stdin.readline()))"
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
    for process, point in zip(together, (whole[1] // 8, 0), strict=True):
        assert process.stdin is not None
        print(point, file=process.stdin, flush=True)
    for process in together:
        process.communicate()
    # The first one has nothing left to do, and is not killed, where the second was so much faster.
    assert together[0].returncode in (-signal.SIGKILL, 0)
    assert together[1].returncode == 0
    assert counted(tmp_path / "together") == REPLICATES
    assert_same(tmp_path / "together", whole[0])
