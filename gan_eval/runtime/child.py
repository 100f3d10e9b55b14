"""A process of its own for calls that may hang, crash, or take the memory: it ends, and not we."""

from __future__ import annotations

import math
import multiprocessing
import os
import pickle
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from multiprocessing.reduction import ForkingPickler
from multiprocessing.util import Finalize
from types import FrameType
from typing import Any

from gan_eval.runtime import pool, threads
from gan_eval.runtime.errors import UsageError

_LONGEST = 1e6
"""Seconds of a limit, 11 days, that the clock can be set to."""
_LOOK = 0.5
"""Seconds after which one looks again whether the process is there: one that it has started may
hold the line open when it is not."""
_ENDING = 5.0
"""Seconds that a process gets to end after it has closed the line."""


class TookTooLongError(BaseException):
    """An error of a call that was not done within its time; no call's own ``except Exception``
    takes it."""


class DiedError(Exception):
    """An error of a call that ended its process."""


class Child:
    """A process that makes one call after another; started when it is needed, and anew when it has
    ended."""

    def __init__(self) -> None:
        self._process: Any = None
        self._ours: Connection | None = None
        self._at_exit: Finalize | None = None

    def call(self, function: Callable[..., Any], *arguments: Any, seconds: float | None) -> Any:
        """Make a call there, and return what it returns.

        Parameters
        ----------
        function : callable
            One that a process can import.
        *arguments
            Of the call.
        seconds : float or None
            Its time, after which the process is ended. Starting the process is not counted.

        Raises
        ------
        TookTooLongError, DiedError
            Where it was not done in time, or the process ended.
        Exception
            What the call raised.
        """
        ours = self._started()
        try:
            ours.send((threads.allowed(), function, arguments))
            self._wait(ours, math.inf if seconds is None else time.monotonic() + seconds)
            answer = ours.recv_bytes()
        except (EOFError, OSError):
            self._process.join(_ENDING)
            code = self._process.exitcode
            self.end()
            raise DiedError(_ending(code)) from None
        except BaseException:
            self.end()
            raise
        try:
            kind, value = pickle.loads(answer)
        except Exception as error:  # another's class may fail in any way
            raise DiedError(f"what it gave cannot be read: {type(error).__name__}") from None
        if kind == "raised":
            raise value
        return value

    def _wait(self, ours: Connection, deadline: float) -> None:
        """Wait until there is an answer."""
        while not ours.poll(max(0.0, min(_LOOK, deadline - time.monotonic()))):
            if time.monotonic() >= deadline:
                raise TookTooLongError
            if not self._process.is_alive() and not ours.poll():
                raise EOFError

    def end(self) -> None:
        """End the process at once."""
        if self._process is not None:
            self._process.kill()
            self._process.join()
        if self._ours is not None:
            self._ours.close()
        if self._at_exit is not None:
            self._at_exit.cancel()
        self._process = self._ours = self._at_exit = None

    def _started(self) -> Connection:
        if self._ours is not None and self._process.is_alive():
            return self._ours
        self.end()
        context = multiprocessing.get_context("spawn")
        ours, theirs = context.Pipe()
        process = context.Process(target=_serve, args=(theirs,), daemon=False)
        with pool.interrupts_held():
            process.start()
        theirs.close()
        self._process, self._ours = process, ours
        # At its exit a process waits for those that it started, and this one waits to be asked.
        self._at_exit = Finalize(self, process.kill, exitpriority=1)
        try:
            ours.recv()  # it has imported what it needs
        except EOFError:
            self.end()
            raise UsageError(
                "no process could be started: a script must make this call under "
                '`if __name__ == "__main__":`'
            ) from None
        return ours


def _serve(connection: Connection) -> None:
    """Make calls until nobody asks."""
    pool.end_with_parent()
    sys.stdout = sys.stderr  # what a call prints is no answer of the program
    own = os.getpid()
    connection.send(None)
    while True:
        try:
            count, function, arguments = connection.recv()
        except (EOFError, OSError):
            return
        try:
            with threads.allow(count):
                answer: tuple[str, Any] = ("returned", function(*arguments))
        except Exception as error:  # it is raised where the call was asked for
            answer = ("raised", error)
        except BaseException as error:  # such as SystemExit, which is not to end who asked
            answer = ("raised", DiedError(f"it raised {type(error).__name__}"))
        if os.getpid() != own:  # a copy of this process, which the call has made and not ended
            os._exit(0)
        try:
            packed = ForkingPickler.dumps(answer)
        except Exception as error:  # another's class may fail in any way
            told = f"what it gave cannot be passed on: {type(error).__name__}"
            packed = ForkingPickler.dumps(("raised", DiedError(told)))
        try:
            connection.send_bytes(packed)
        except OSError:  # the call has closed it
            os._exit(1)


def _ending(code: int | None) -> str:
    if code is None:
        return "its process closed the line to this one"
    if code < 0:
        return f"its process was ended by {signal.Signals(-code).name}"
    return f"its process ended with status {code}"


@contextmanager
def time_limit(seconds: float | None) -> Iterator[None]:
    """Raise ``TookTooLongError`` inside after so many seconds, in this process.

    Python code is interrupted, native code when it returns. Raises ``UsageError`` where that
    cannot be done: outside the main thread, and on Windows.
    """
    if seconds is None:
        yield
        return
    if threading.current_thread() is not threading.main_thread() or not hasattr(
        signal, "setitimer"
    ):
        raise UsageError(
            "what runs in this process can be given a time limit only in its main thread, on "
            "Linux or macOS"
        )

    over = False

    def late(_: int, __: FrameType | None) -> None:
        if not over:
            raise TookTooLongError

    before = signal.signal(signal.SIGALRM, late)
    # Again and again, for code that catches whatever is raised.
    signal.setitimer(signal.ITIMER_REAL, max(1e-6, min(seconds, _LONGEST)), 1.0)
    try:
        yield
    finally:
        over = True
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
