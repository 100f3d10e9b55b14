"""A process that forks studies, each of which the test kills: all imports are paid for once.

Reads a number of workers and a folder from each line of stdin. For each it forks a child, in a
session of its own, that runs the study there; writes the child's process id, then how it ended.
"""

from __future__ import annotations

import multiprocessing
import os
import sys
from pathlib import Path

from gan_eval import study, wanted, work, workers
from gan_eval.ledger import LEDGER_FILE

from .tables import installed, no_drawing, small

WIDE = small(replicates=121, traced=11)
TOGETHER = 2
"""Seeds a unit: some 60 units of each of two configurations."""


def prepare() -> None:
    """Have the fused backend alone, and a drawing that takes no time."""
    found = installed(TOGETHER)
    study.catalogue = lambda: found  # type: ignore[assignment]  (a stand-in)
    work.ChapterDrawing = no_drawing  # type: ignore[assignment]  (a stand-in)
    # Workers are forked as well; that they are spawned elsewhere is a matter of seconds.
    forked = multiprocessing.get_context("fork")
    workers.multiprocessing.get_context = lambda _=None: forked  # type: ignore[assignment]  (a stand-in)


def run(folder: Path, count: int = 1) -> None:
    study.run(WIDE, store=folder / LEDGER_FILE, workers=count)


def main() -> None:
    prepare()
    found = study.catalogue()
    # Children inherit the compiled kernel, and the hash of the code.
    for unit in study.units(study.cells(WIDE.model_copy(update={"replicates": 3}), found)):
        work.train_unit(unit, WIDE)
    wanted.identity(study.cells(WIDE, found)[0], WIDE)
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            os.setsid()
            print("started", os.getpid(), flush=True)
            count, _, folder = line.strip().partition(" ")
            run(Path(folder), int(count))
            os._exit(0)
        print("ended", os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)


if __name__ == "__main__":
    main()
