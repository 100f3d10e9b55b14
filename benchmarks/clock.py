"""A wall clock that stands still while this thread waits for a processor that others have.

Linux keeps what a thread has waited for, ready to run, in ``/proc``. Where it does not, this is the
wall clock. What stays in: a thread that waits for a disk, a lock or its own helpers, a shared
cache, a slower clock of the processor, a host that gives the processor to others.
"""

from __future__ import annotations

import os
import threading
import time
from functools import cache


def seconds() -> float:
    """Now, in seconds since some moment; only differences within one thread mean something."""
    while True:
        waited, now = _waited(), time.perf_counter()
        if _waited() == waited:  # else the thread had to wait in between
            return now - waited


def _waited() -> float:
    """The seconds that this thread has waited for a processor; 0 where that is not known."""
    file = _schedstat(threading.get_native_id())
    return 0.0 if file is None else int(os.pread(file, 100, 0).split()[1]) * 1e-9


@cache
def _schedstat(thread: int) -> int | None:
    """An open file: nanoseconds on a processor, nanoseconds of waiting for one, time slices."""
    try:
        file = os.open(f"/proc/self/task/{thread}/schedstat", os.O_RDONLY)
    except OSError:
        return None
    return file if len(os.pread(file, 100, 0).split()) == 3 else None
