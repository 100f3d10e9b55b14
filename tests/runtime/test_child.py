"""A process of its own for a call: it answers, raises, and ends with who started it."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import pytest

from gan_eval.runtime.child import Child, DiedError, TookTooLongError

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


def test_a_worker_that_has_one_can_end() -> None:
    """The pool waits for its worker, which must not wait for a process that waits to be asked."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        assert pool.submit(by_way_of_a_child, 5).result() == 25


def test_a_program_that_has_one_can_end() -> None:
    code = "import tests.runtime.test_child as t; print(t.by_way_of_a_child(4))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, timeout=120)
    assert (done.returncode, done.stdout.strip()) == (0, b"16")
    assert b"epoch 1" in done.stderr
