"""Memory for large arrays that are made and dropped in turn.

The system clears every page of what it gives, on first touch, which takes about as long as the work
in it. So what was dropped is kept for the next array, up to a limit.
"""

from __future__ import annotations

import threading
import weakref

import numpy as np
from numpy.typing import NDArray

SMALLEST = 2**18
"""Arrays of fewer bytes are made anew."""
MOST = 2**26
"""Bytes kept in all."""

_LINE = 64

_lock = threading.RLock()  # a dropped array may be found while another is made
_kept: list[NDArray[np.uint8]] = []


def room(size: int) -> NDArray[np.uint8]:
    """Return so many bytes that begin with a line of the cache, with any contents.

    They are kept for others when the array and all views of it are gone. Safe in several threads.

    Examples
    --------
    >>> room(96).view(np.float64).shape
    (12,)
    """
    whole = _take(size) if size >= SMALLEST else None
    if whole is None:
        whole = np.empty(size + _LINE, dtype=np.uint8)
    start = -whole.ctypes.data % _LINE
    given = np.frombuffer(whole.data[start : start + size], dtype=np.uint8)
    if size >= SMALLEST:
        weakref.finalize(given, _give_back, whole).atexit = False
    return given


def _take(size: int) -> NDArray[np.uint8] | None:
    """Return the smallest of those kept that is large enough, if it is not far too large."""
    with _lock:
        fit = [k for k, one in enumerate(_kept) if size + _LINE <= len(one) <= 2 * size]
        return _kept.pop(min(fit, key=lambda k: len(_kept[k]))) if fit else None


def _give_back(whole: NDArray[np.uint8]) -> None:
    with _lock:
        _kept.append(whole)
        while sum(map(len, _kept)) > MOST:
            _kept.pop(0)  # the one that waits longest
