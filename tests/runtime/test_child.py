"""A process of its own for a call: it answers, raises, and ends with who started it."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from multiprocessing import get_context

import pytest

from gan_eval.runtime.child import Child, DiedError, TookTooLongError, time_limit

_CHILD = Child()


def square(x: int) -> int:
    """In the place of a fit."""
    return x * x


def own_pid() -> int:
    """Tell which process it is."""
    return os.getpid()


def refuse() -> None:
    """In the place of a fit that raises."""
    raise LookupError("nothing there")


def die() -> None:
    """In the place of a fit that crashes."""
    os._exit(7)


def square_aloud(x: int) -> int:
    """Print, as a training may."""
    print("epoch 1")
    return x * x


def leave(error: type[BaseException]) -> None:
    """In the place of a fit that ends its program."""
    raise error


def double() -> int:
    """In the place of a fit that makes a copy of its process, which comes back as well."""
    os.fork()
    return os.getpid()


def give_what_cannot_be_passed_on() -> object:
    """In the place of a fit that gives an open file."""
    return open(os.devnull)


def close_the_line() -> None:
    """In the place of a fit that closes whatever is open."""
    os.closerange(3, 256)


def die_and_leave_a_copy() -> None:
    """In the place of a fit whose own worker holds the line open."""
    if os.fork() == 0:
        time.sleep(20)
    os._exit(7)


def by_way_of_a_child(x: int) -> int:
    """As a worker of a study does it."""
    return _CHILD.call(square_aloud, x, seconds=None)


def test_it_answers_raises_and_is_one_process() -> None:
    child = Child()
    assert child.call(square, 7, seconds=None) == 49
    first = child.call(own_pid, seconds=None)
    with pytest.raises(LookupError, match="nothing there"):
        child.call(refuse, seconds=None)
    assert child.call(own_pid, seconds=60) == first != os.getpid()
    child.end()


def test_it_is_begun_anew_where_it_died_or_took_too_long() -> None:
    child = Child()
    with pytest.raises(DiedError, match="status 7"):
        child.call(die, seconds=None)
    with pytest.raises(TookTooLongError):
        child.call(time.sleep, 600, seconds=0.2)
    assert child.call(square, 3, seconds=None) == 9
    child.end()


def test_whatever_a_call_does_the_next_one_has_its_own_answer() -> None:
    child = Child()
    first = child.call(double, seconds=60)
    for function, arguments, part in (
        (leave, (SystemExit,), "it raised SystemExit"),
        (leave, (KeyboardInterrupt,), "it raised KeyboardInterrupt"),
        (give_what_cannot_be_passed_on, (), "cannot be passed on: TypeError"),
    ):
        with pytest.raises(DiedError, match=part):
            child.call(function, *arguments, seconds=60)
        assert child.call(own_pid, seconds=60) == first
    for function, part in (
        (close_the_line, "ended with status 1"),
        (die_and_leave_a_copy, "ended with status 7"),
    ):
        with pytest.raises(DiedError, match=part):
            child.call(function, seconds=None)
        assert child.call(square, 3, seconds=1e12) == 9
    child.end()


def catch_everything(times: int) -> None:
    """In the place of a fit that goes on whatever is raised."""
    for _ in range(times):
        with suppress(BaseException):
            time.sleep(60)
    time.sleep(60)


def test_a_limit_is_kept_where_everything_is_caught() -> None:
    began = time.monotonic()
    with pytest.raises(TookTooLongError), time_limit(0.1):
        catch_everything(2)
    assert time.monotonic() - began < 30
    with time_limit(1e12):
        pass


def test_a_worker_that_has_one_can_end() -> None:
    """The pool waits for its worker, which must not wait for a process that waits to be asked."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        assert pool.submit(by_way_of_a_child, 5).result() == 25


def test_a_program_that_has_one_can_end() -> None:
    code = "import tests.runtime.test_child as t; print(t.by_way_of_a_child(4))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, timeout=120)
    assert (done.returncode, done.stdout.strip()) == (0, b"16")
    assert b"epoch 1" in done.stderr
