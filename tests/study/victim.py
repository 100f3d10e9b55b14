"""A process that forks studies, each of which is killed at a point: all imports are paid for once.

Reads a number of workers, a point and a folder from each line of stdin. For each it forks a child,
in a session of its own, that runs the study there; writes how it ended, and in how many steps.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import sqlite3
import sys
from pathlib import Path
from typing import Any

from gan_eval.runtime import pool
from gan_eval.study.ledger.ledger import LEDGER_FILE
from gan_eval.study.plan import units
from gan_eval.study.run import execute

from .tables import installed, no_drawing, small

WIDE = small(replicates=121, traced=11)
TOGETHER = 2
"""Seeds a unit: some 60 units of each of two configurations."""


def prepare() -> None:
    """Have the fused backend alone, and a drawing that takes no time."""
    found = installed(TOGETHER)
    execute.named = lambda _: found  # type: ignore[assignment]  (a stand-in)
    execute.ChapterDrawing = no_drawing  # type: ignore[assignment]  (a stand-in)
    # Workers are forked as well; that they are spawned elsewhere is a matter of seconds.
    forked = multiprocessing.get_context("fork")
    pool.multiprocessing.get_context = lambda _=None: forked  # type: ignore[assignment]  (a stand-in)


def run(folder: Path, count: int = 1, point: int = 0) -> int:
    """Run the study with ``count`` workers; the steps that SQLite took.

    At step number ``point``, be it in the middle of a statement, the whole session is killed.
    """
    steps, connect = 0, sqlite3.connect

    def step() -> int:
        nonlocal steps
        steps += 1
        if steps == point:
            os.killpg(0, signal.SIGKILL)
        return 0

    def counting(*arguments: Any, **options: Any) -> sqlite3.Connection:
        connection = connect(*arguments, **options)
        connection.set_progress_handler(step, 1)
        return connection

    sqlite3.connect = counting  # type: ignore[assignment]  (a stand-in)
    execute.run(WIDE, store=folder / LEDGER_FILE, workers=count)
    return steps


def main() -> None:
    prepare()
    found = installed(TOGETHER)
    # Children inherit the compiled kernel, and the hash of the code.
    for unit in units.units(units.cells(WIDE.model_copy(update={"replicates": 3}), found)):
        execute.train_unit(unit, WIDE)
    units.identity(units.cells(WIDE, found)[0], WIDE)
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            os.setsid()
            count, point, folder = line.rstrip("\n").split(" ", 2)
            print("steps", run(Path(folder), int(count), int(point)), flush=True)
            os._exit(0)
        print("ended", os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)


if __name__ == "__main__":
    main()
