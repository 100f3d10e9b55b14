"""Independent pieces of work over the CPU threads that torch may use."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from queue import SimpleQueue
from typing import TypeVar

from gan_eval.runtime.progress import shown

Item = TypeVar("Item")
Space = TypeVar("Space")
Result = TypeVar("Result")


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
    results = _in_order(work, items, workspace, device)
    yield from shown(results, len(items), title) if len(items) > 1 else results


def _in_order(
    work: Callable[[Item, Space], Result],
    items: Sequence[Item],
    workspace: Callable[[], Space],
    device: str,
) -> Iterator[Result]:
    if not device.startswith("cpu"):
        space = workspace()
        yield from (work(item, space) for item in items)
        return
    with one_thread_each() as threads:
        threads = min(threads, len(items))
        if threads <= 1:
            space = workspace()
            yield from (work(item, space) for item in items)
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
            yield from pool.map(take, items)


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
