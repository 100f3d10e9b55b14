"""Processes that work side by side, few threads each, out of the reach of Ctrl-C, and that end when
the process that started them does; and the progress of their work."""

from __future__ import annotations

import ctypes
import multiprocessing
import os
import signal
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from itertools import chain
from multiprocessing.connection import wait as wait_for
from typing import Any, Protocol, Self, TypeVar

from gan_eval.runtime import threads
from gan_eval.runtime.errors import UsageError
from gan_eval.runtime.threads import cores

Task = tuple[Any, ...]
"""A callable that a process can import, and its arguments."""
Key = TypeVar("Key")

DIED = "a worker process died; the machine may have run out of memory"
MOST = 1024
"""Processes of a pool."""
_ASK_TO_END = [
    signal.Signals[name] for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)
]
_PR_SET_PDEATHSIG = 1
"""The code of Linux's ``prctl`` for the signal that a process gets when its parent ends."""


@dataclass(frozen=True)
class Failure:
    """A task that raised, or whose process died."""

    message: str


class Pool:
    """A pool of ``workers`` processes of ``threads`` threads each; with one worker, this process.

    The processes do not see Ctrl-C: it raises ``KeyboardInterrupt`` here, and the caller decides.
    What is raised inside and not caught ends them at once; so does whatever ends this process.
    """

    def __init__(self, workers: int, threads: int = 1) -> None:
        self.workers, self.threads = workers, threads
        self.executor: ProcessPoolExecutor | None = None

    def __enter__(self) -> Self:
        if self.workers > 1:
            self.executor = ProcessPoolExecutor(
                self.workers,
                mp_context=multiprocessing.get_context("spawn"),
                initializer=end_with_parent,
            )
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is not None:
            self.cancel()
        if self.executor is not None:
            self.executor.shutdown(cancel_futures=True)

    def cancel(self) -> None:
        """End the processes at once, in the middle of whatever they do."""
        if self.executor is not None:
            for process in list((self.executor._processes or {}).values()):
                process.kill()

    def call(self, function: Callable[..., Any], *arguments: Any) -> Any:
        """Run one task, wait for it, and let what it raises pass."""
        if self.executor is None:
            with threads.allow(self.threads):
                return function(*arguments)
        return self._submit((function, *arguments)).result()

    def run_all(
        self, tasks: Iterable[Task], *, alone: Iterable[Task] = ()
    ) -> Iterator[tuple[Task, Any]]:
        """Yield tasks with their outcomes (or a ``Failure``) as they end.

        First those of ``alone``, one at a time with nothing beside them; then the others, as many
        side by side as there are workers. Each is asked for when it can start, so that what comes
        next, and whether anything does, may depend on what has ended.
        """
        waiting = iter(tasks)
        for task in chain(alone, waiting if self.executor is None else ()):
            yield task, outcome(lambda task=task: self.call(*task))
        running: dict[Future[Any], Task] = {}
        more = True
        while more or running:
            while more and len(running) < self.workers:
                task = next(waiting, None)
                if task is None:
                    more = False
                    break
                try:
                    running[self._submit(task)] = task
                except BrokenProcessPool:
                    yield task, Failure(DIED)
            if running:
                for future in wait(running, return_when=FIRST_COMPLETED).done:
                    yield running.pop(future), outcome(future.result)

    def _submit(self, task: Task) -> Future[Any]:
        assert self.executor is not None
        # Submitting may start a process, which inherits the environment and the signal mask.
        with threads.allow(self.threads), interrupts_held():
            return self.executor.submit(*task)


@dataclass
class Progress:
    """A count of work in units, such as replicates or repetitions, told while the work is done.

    Attributes
    ----------
    listener : callable or None
        Called with this object by ``tell``, whenever a unit has ended.
    planned, finished : int
        Units in all, as far as is known, and those that have ended.
    reused : int
        Those of the finished that an earlier run had stored.
    doing : str
        The step that is being worked on.
    verdicts : Counter
        Of a study, the number of replicates with each verdict that this run has trained.
    """

    listener: Callable[[Progress], None] | None = None
    planned: int = 0
    finished: int = 0
    reused: int = 0
    doing: str = ""
    verdicts: Counter[str] = field(default_factory=Counter)

    def count(self, verdicts: Mapping[str, int]) -> None:
        """Take in replicates that have ended, by their verdicts."""
        self.finished += sum(verdicts.values())
        self.verdicts.update(verdicts)

    def tell(self) -> None:
        """Call the listener, if there is one."""
        if self.listener is not None:
            self.listener(self)


class Store(Protocol):
    """A place where the outcomes of tasks are kept, so that an interrupted run can go on."""

    def find(self, task: Task) -> tuple[bool, Any]:
        """Tell whether a task ended in an earlier run, and its outcome."""
        ...

    def keep(self, task: Task, outcome: Any) -> None:
        """Store the outcome of a task that has ended."""
        ...


def map_units(
    pool: Pool,
    units: Mapping[Key, Task],
    progress: Progress,
    *,
    doing: str = "",
    weigh: Callable[[Key], int] = lambda _: 1,
    later: int = 0,
    store: Store | None = None,
    fault: str | None = None,
) -> dict[Key, Any]:
    """Run units of work side by side, and count them.

    Parameters
    ----------
    pool : Pool
    units : mapping
        A key of each unit to its task.
    progress : Progress
        Brought up to date, and told, whenever a unit has ended.
    doing : str
        The step that these units are.
    weigh : callable
        A key to how many units it counts for; one by default.
    later : int
        Units that will follow in another call, and are planned already.
    store : Store, optional
        Has the outcomes of an earlier run and gets those of this one.
    fault : str, optional
        With it, a unit that fails ends all: ``UsageError`` with this sentence, in which ``{key}``
        stands for the unit's key. Without it, a failed unit's outcome is a ``Failure``.

    Returns
    -------
    dict
        Each key to its outcome, in the order of the units.
    """
    found = {key: store.find(task) for key, task in units.items()} if store is not None else {}
    outcomes = {key: outcome for key, (known, outcome) in found.items() if known}
    reused = sum(map(weigh, outcomes))
    progress.planned = progress.finished + sum(map(weigh, units)) + later
    progress.finished, progress.reused = progress.finished + reused, progress.reused + reused
    progress.doing = doing
    keys = {id(task): key for key, task in units.items() if key not in outcomes}
    for task, outcome in pool.run_all([units[key] for key in keys.values()]):
        key = keys[id(task)]
        if isinstance(outcome, Failure) and fault is not None:
            raise UsageError(f"{fault.format(key=key)}: {outcome.message}")
        outcomes[key] = outcome
        if store is not None:
            store.keep(task, outcome)
        progress.finished += weigh(key)
        progress.tell()
    return {key: outcomes[key] for key in units}


def outcome(call: Callable[[], Any]) -> Any:
    """Make a call; what it raises becomes a ``Failure`` with the message."""
    try:
        return call()
    except BrokenProcessPool:
        return Failure(DIED)
    except Exception as error:  # any fault of one task is told beside the results of the others
        return Failure(" ".join(str(error).split()) or type(error).__name__)


@contextmanager
def interrupts_held() -> Iterator[None]:
    """Keep Ctrl-C from processes started inside, even while they still import, and put off what
    asks this process to end: a process that is half started would print a traceback."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    received: list[int] = []
    handlers: dict[int, Any] = {}
    if threading.current_thread() is threading.main_thread():
        handlers = {one: signal.getsignal(one) for one in _ASK_TO_END}
        handlers = {one: handler for one, handler in handlers.items() if callable(handler)}
    for one in handlers:
        signal.signal(one, lambda number, _: received.append(number))
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        for one, handler in handlers.items():
            signal.signal(one, handler)
    for number in received[:1]:
        signal.raise_signal(number)


def side_by_side(workers: int | None, threads_each: int = 1) -> int:
    """Return the number of processes: as many as asked for, or as the cores hold.

    Raises ``UsageError`` where either is no number of processes or of threads.
    """
    if workers is not None and not 1 <= workers <= MOST:
        raise UsageError(f"`workers` must be between 1 and {MOST}, got {workers}")
    threads.require(threads_each)
    return workers or max(1, cores() // threads_each)


def end_with_parent() -> None:
    """Prepare a worker: it ignores Ctrl-C, where it inherits no signal mask (Windows), and ends
    when its parent does."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    assert parent is not None
    threading.Thread(target=_end_with, args=(parent.sentinel,), daemon=True).start()
    if sys.platform == "linux":
        # By the kernel, so that a worker that is busy in native code ends as well. It counts the
        # thread that started the worker as the parent: the one that uses the pool.
        with suppress(OSError, AttributeError):  # a C library that has no such call
            ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent.pid:  # it had ended before the kernel was told
            os._exit(1)


def _end_with(sentinel: int) -> None:
    wait_for([sentinel])
    os._exit(1)
