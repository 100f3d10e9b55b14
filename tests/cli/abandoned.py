"""A process with workers, and workers of a worker, that never end by themselves.

Each worker leaves a file in the folder that is the argument, named by its process.
"""

from __future__ import annotations

import itertools
import multiprocessing
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

from gan_eval.runtime.pool import Pool, Task, _end_with


def sleep(folder: Path) -> None:
    (folder / str(os.getpid())).touch()
    time.sleep(10_000)


def spin(folder: Path) -> None:
    """Stay in native code, with Python's lock held, so that no other thread can do anything."""
    (folder / str(os.getpid())).touch()
    all(itertools.repeat(True))


def nest(folder: Path) -> None:
    """Have workers of its own."""
    (folder / str(os.getpid())).touch()
    work(folder, [(sleep, folder), (spin, folder)])


def watch(folder: Path) -> None:
    """Be told by the watched pipe alone, as where there is no Linux."""
    (folder / str(os.getpid())).touch()
    parent = multiprocessing.parent_process()
    assert parent is not None
    _end_with(parent.sentinel)


def work(folder: Path, tasks: list[Task]) -> None:
    with Pool(len(tasks)) as pool:
        for _ in pool.run_all(tasks):
            pass


def watched(folder: Path) -> None:
    process = multiprocessing.get_context("spawn").Process(target=watch, args=(folder,))
    process.start()
    process.join()


KINDS: dict[str, Callable[[Path], None]] = {
    "pool": lambda folder: work(folder, [(sleep, folder), (spin, folder), (nest, folder)]),
    "watched": watched,
}

if __name__ == "__main__":
    KINDS[sys.argv[1]](Path(sys.argv[2]))
