"""The progress bar: where it appears, and that it leaves the work alone."""

from __future__ import annotations

import io
import sys
import threading
from collections.abc import Iterator

import pytest

from gan_eval.runtime import threads


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


class Clock:
    """Each look at the clock, and each item, takes a while."""

    def __init__(self) -> None:
        self.now = 0.0

    def monotonic(self) -> float:
        return self.now


def work(clock: Clock, items: int, seconds: float) -> Iterator[int]:
    for item in range(items):
        clock.now += seconds
        yield item


@pytest.mark.parametrize(
    ("stream", "seconds", "seen"),
    [(Terminal(), 0.3, True), (Terminal(), 0.1, False), (io.StringIO(), 5.0, False)],
    ids=["long on a terminal", "short on a terminal", "no terminal"],
)
def test_a_bar_is_shown_for_long_work_on_a_terminal_only(monkeypatch, stream, seconds, seen):
    clock = Clock()
    monkeypatch.setattr(threads, "time", clock)
    monkeypatch.setattr(sys, "stderr", stream)
    assert list(threads.shown(work(clock, 10, seconds), 10, "pairs of rows")) == list(range(10))
    assert ("pairs of rows" in stream.getvalue()) == seen


def test_a_fault_in_the_work_is_heard_and_the_bar_is_gone(monkeypatch):
    clock, stream = Clock(), Terminal()
    monkeypatch.setattr(threads, "time", clock)
    monkeypatch.setattr(sys, "stderr", stream)

    def failing() -> Iterator[int]:
        yield from work(clock, 3, 1.0)
        raise MemoryError("no room")

    with pytest.raises(MemoryError, match="no room"):
        list(threads.shown(failing(), 10, "pairs of rows"))
    # The cursor is hidden while a bar is shown; the last word gives it back.
    assert stream.getvalue().rindex("\x1b[?25h") > stream.getvalue().rindex("\x1b[?25l")


def test_products_have_one_thread_inside_and_as_many_as_before_after() -> None:
    from threadpoolctl import threadpool_info

    def blas() -> list[int]:
        return [one["num_threads"] for one in threadpool_info() if one["user_api"] == "blas"]

    before = blas()
    with threads.one_blas_thread():
        assert set(blas()) <= {1}
    assert blas() == before


@pytest.mark.parametrize("count", [1, 3])
def test_every_item_is_handed_to_one_thread(count: int) -> None:
    taken: list[list[int]] = []
    threads.share_out(range(100), count, lambda handed: taken.append(list(handed)))
    assert len(taken) == count
    assert sorted(item for some in taken for item in some) == list(range(100))


@pytest.mark.parametrize("count", [1, 3])
def test_after_an_error_nothing_is_handed_on(count: int) -> None:
    seen: list[int] = []
    failed = threading.Event()

    def worker(handed: Iterator[int]) -> None:
        for item in handed:
            seen.append(item)
            if item == 0:
                failed.set()
                raise ZeroDivisionError
            failed.wait()

    with pytest.raises(ZeroDivisionError):
        threads.share_out(range(10**9), count, worker)  # which would take minutes
    assert 0 in seen
