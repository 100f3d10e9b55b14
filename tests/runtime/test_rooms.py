"""Memory goes back when the last view of it is gone, and never before."""

from __future__ import annotations

import gc
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch

from gan_eval.runtime import rooms
from gan_eval.runtime.rooms import SMALLEST, room


@pytest.fixture(autouse=True)
def nothing_kept(monkeypatch):
    gc.collect()
    monkeypatch.setattr(rooms, "_kept", [])


def address(size):
    return room(size).ctypes.data


def test_dropped_memory_is_used_again():
    first = room(SMALLEST)
    assert first.ctypes.data % 64 == 0
    assert len(first) == SMALLEST
    place = first.ctypes.data
    del first
    assert address(SMALLEST) == place
    assert address(SMALLEST - 64 + 1) != place  # small ones are made anew


@pytest.mark.parametrize(
    "view",
    [
        lambda given: given.view(np.float64).reshape(2, -1)[1],
        lambda given: torch.from_numpy(given.view(np.float64))[3:],
        lambda given: torch.from_numpy(given[5:]),
    ],
    ids=["array", "tensor", "tensor of a part"],
)
def test_a_view_keeps_it(view):
    kept = view(room(SMALLEST))
    gc.collect()
    assert not rooms._kept
    del kept
    assert len(rooms._kept) == 1


def test_no_array_gets_far_more_than_it_asked_for():
    room(8 * SMALLEST)
    assert len(room(SMALLEST)) == SMALLEST
    assert len(rooms._kept) == 2


def test_what_is_kept_is_limited(monkeypatch):
    monkeypatch.setattr(rooms, "MOST", 3 * SMALLEST)
    held = [room(SMALLEST) for _ in range(5)]
    held.clear()
    assert len(rooms._kept) == 2


def test_threads_never_share(monkeypatch):
    def work(k):
        for step in range(50):
            mine = room(SMALLEST + 64 * (step % 7))
            mine[:] = k
            assert (mine == k).all()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(8)))
