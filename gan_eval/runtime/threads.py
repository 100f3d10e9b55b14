"""The CPU threads of one training, one unless told otherwise, and of independent pieces of work, of
which a bar tells where it is long."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from functools import lru_cache
from queue import SimpleQueue
from typing import TYPE_CHECKING, TypeVar

from gan_eval.runtime.arguments import whole_number

if TYPE_CHECKING:
    from rich.progress import Progress as Bar
    from threadpoolctl import ThreadpoolController

Item = TypeVar("Item")
Space = TypeVar("Space")
Result = TypeVar("Result")

MOST = 1024
"""Threads of one training."""
_OURS = "GAN_EVAL_THREADS"
# What the libraries under the frameworks read when they are loaded.
_THEIRS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")


def allowed() -> int:
    """Count the threads that a training in this process may use.

    The chapter's tensors have a few dozen entries: a second thread costs more than it brings, and
    on a busy machine tenfold. So it is 1 where nothing else was said.
    """
    return _told(1)


def for_replicates() -> int:
    """Count the threads among which a training shares out its replicates.

    That is every core where nothing else was said, because replicates share nothing.
    """
    return _told(cores())


def _told(default: int) -> int:
    """Read how many threads the environment allows; ``UsageError`` where it is no number."""
    text = os.environ.get(_OURS, "").strip()
    return (
        whole_number(int(text) if text.isdecimal() else text, _OURS, 1, MOST) if text else default
    )


def require(count: int) -> None:
    """Raise ``UsageError`` where ``count`` is no number of threads."""
    whole_number(count, "`threads`", 1, MOST)


@contextmanager
def allow(count: int | None) -> Iterator[None]:
    """Allow so many threads, inside, to libraries that are loaded and processes that start.

    None says nothing: then a training uses one thread, and replicates are shared out among all.

    A framework whose number of threads is fixed when it starts keeps the number it began with.

    Raises
    ------
    UsageError
        Where ``count`` is below 1 or above ``MOST``.
    """
    if count is None:
        yield
        return
    require(count)
    with environment(dict.fromkeys((_OURS, *_THEIRS), str(count))):
        yield


@contextmanager
def environment(settings: Mapping[str, str]) -> Iterator[None]:
    """Set variables of the process's environment, inside."""
    before = {name: os.environ.get(name) for name in settings}
    os.environ.update(settings)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def cores() -> int:
    """Count the processor cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def threads() -> int:
    """Threads of a numerical operation: ``OMP_NUM_THREADS`` where it is set, else every core."""
    wanted = os.environ.get("OMP_NUM_THREADS", "")
    return int(wanted) if wanted.isdigit() and int(wanted) > 0 else cores()


def in_order(
    work: Callable[[Item, Space], Result],
    items: Sequence[Item],
    workspace: Callable[[], Space],
    *,
    device: str,
    title: str = "two-sample test",
) -> Iterator[Result]:
    """Yield ``work(item, space)`` for each item, in the order of the items.

    On the CPU, as many threads as torch is allowed (``torch.get_num_threads``) take the items in
    turn, and torch itself uses one thread in each. Threads that share one operation wait for the
    slowest at its end, thousands of times a test; here they meet once, at the end. On a machine
    busy with other work that is a factor of ten and more. Results are the same for any number of
    threads, bit for bit, because an item is computed by one of them. On another device the items
    run one after the other.

    Parameters
    ----------
    work : callable
        Must not touch what another item touches, beside its workspace.
    items : sequence
    workspace : callable
        Makes the memory that one thread reuses for its items.
    device : str
        Torch device.
    title : str
        What the progress bar says, where the work is long and stderr a terminal.
    """
    with one_thread_each() if device.startswith("cpu") else nullcontext(1) as threads:
        threads = min(threads, len(items))
        if threads <= 1:
            space = workspace()
            yield from shown((work(item, space) for item in items), len(items), title)
            return
        spaces: SimpleQueue[Space] = SimpleQueue()
        for _ in range(threads):
            spaces.put(workspace())

        def take(item: Item) -> Result:
            space = spaces.get()
            try:
                return work(item, space)
            finally:
                spaces.put(space)

        # An exception or an interrupt closes the map, which cancels what has not begun.
        with ThreadPoolExecutor(threads) as pool:
            yield from shown(pool.map(take, items), len(items), title)


def over_replicates(
    work: Callable[[Item], Result], items: Sequence[Item], count: int | None = None
) -> Iterator[Result]:
    """Yield ``work(item)`` in the order of the items, by as many threads as replicates may have.

    ``count`` is another number of threads. An exception or an interrupt cancels what has not begun.

    Examples
    --------
    >>> list(over_replicates(abs, [-1, 2, -3], 2))
    [1, 2, 3]
    """
    count = min(for_replicates() if count is None else count, len(items))
    if count < 2:
        yield from map(work, items)
        return
    with ThreadPoolExecutor(count) as pool:
        yield from pool.map(work, items)


def share_out(items: Sequence[Item], count: int, worker: Callable[[Iterator[Item]], None]) -> None:
    """Call ``worker`` in so many threads, each with an iterator that hands items on as it asks.

    Every item goes to one of them. After an error or an interrupt none is handed on any more. One
    worker runs in the thread of the caller.

    Examples
    --------
    >>> done = []
    >>> share_out(range(5), 2, lambda handed: done.extend(handed))
    >>> sorted(done)
    [0, 1, 2, 3, 4]
    """
    # One queue for all threads: a sequence's iterator hands on one item at a time.
    waiting, stopped = iter(items), threading.Event()

    def handed() -> Iterator[Item]:
        for item in waiting:
            if stopped.is_set():
                return
            yield item

    if count == 1:
        worker(handed())
        return
    with ThreadPoolExecutor(count) as pool:
        try:
            for done in [pool.submit(worker, handed()) for _ in range(count)]:
                done.result()
        finally:
            stopped.set()


@contextmanager
def one_thread_each() -> Iterator[int]:
    """Hold torch to one thread an operation; gives the number that it was allowed."""
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield threads
    finally:
        torch.set_num_threads(threads)


@contextmanager
def one_blas_thread() -> Iterator[None]:
    """Hold NumPy's products to one thread, inside.

    The others of a pool spin for some ten milliseconds after each product, waiting for the next
    one: small products that follow each other keep all cores busy, and are slower, on a busy
    machine tenfold.
    """
    with _controller(len(sys.modules)).limit(limits=1, user_api="blas"):
        yield


@lru_cache(maxsize=1)
def _controller(_: int) -> ThreadpoolController:
    """Find the libraries that are loaded; anew when there are more modules."""
    from threadpoolctl import ThreadpoolController  # scikit-learn brings it

    return ThreadpoolController()


@contextmanager
def full_float32() -> Iterator[None]:
    """Hold off TF32 and bfloat16 products, which a caller may have allowed for training."""
    import torch

    precision = torch.get_float32_matmul_precision()
    if precision == "highest":
        yield
        return
    torch.set_float32_matmul_precision("highest")
    try:
        yield
    finally:
        torch.set_float32_matmul_precision(precision)


# Work expected to take longer than this is shown, once so much of it has been seen (seconds).
LONG = 2.0
SEEN = 0.5


def shown(results: Iterator[Result], total: int, title: str) -> Iterator[Result]:
    """Pass on ``total`` results, with a bar on stderr if that is a terminal and the work is long.

    The bar appears when what has been done so far lets more than ``LONG`` seconds be expected,
    and is wiped at the end.
    """
    if total < 2 or not sys.stderr.isatty():
        yield from results
        return
    start, bar = time.monotonic(), None
    try:
        for done, result in enumerate(results, 1):
            elapsed = time.monotonic() - start
            if bar is None and elapsed > SEEN and elapsed * total / done > LONG:
                bar = _bar(title, total)
            if bar is not None:
                bar.update(bar.task_ids[0], completed=done)
            yield result
    finally:
        if bar is not None:
            bar.stop()


def _bar(title: str, total: int) -> Bar:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
    from rich.progress import TimeRemainingColumn as Remaining

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), Remaining())
    bar = Progress(*columns, console=Console(file=sys.stderr), transient=True)
    bar.add_task(title, total=total)
    bar.start()
    return bar
