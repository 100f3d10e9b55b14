"""A process of its own for calls that may hang, crash, or take the memory: it ends, and not we."""

from __future__ import annotations

import multiprocessing
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from multiprocessing.util import Finalize
from types import FrameType
from typing import Any, NoReturn

from gan_eval.runtime import pool, threads
from gan_eval.runtime.errors import UsageError


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
            done = ours.poll(seconds)
            if not done:
                raise TookTooLongError
            kind, value = ours.recv()
        except (EOFError, OSError):
            self._process.join()
            code = self._process.exitcode
            self.end()
            raise DiedError(_ending(code)) from None
        except BaseException:
            self.end()
            raise
        if kind == "raised":
            raise value
        return value

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
    connection.send(None)
    while True:
        try:
            count, function, arguments = connection.recv()
        except EOFError:
            return
        try:
            with threads.allow(count):
                answer: tuple[str, Any] = ("returned", function(*arguments))
        except Exception as error:  # it is raised where the call was asked for
            answer = ("raised", error)
        connection.send(answer)


def _ending(code: int | None) -> str:
    if code is not None and code < 0:
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

    def late(_: int, __: FrameType | None) -> NoReturn:
        raise TookTooLongError

    before = signal.signal(signal.SIGALRM, late)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
