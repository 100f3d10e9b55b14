"""The compiled functions of :mod:`~gan_eval.stats.kernels.pair_code`, called with arrays."""

from __future__ import annotations

import ctypes
import logging
import sys
import threading
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gan_eval.runtime.rooms import room

LOGGER = logging.getLogger(__name__)

Array = NDArray[np.float64]

_POINTER, _LONG, _DOUBLE = ctypes.c_void_p, ctypes.c_int64, ctypes.c_double
_SOME = (_POINTER, _LONG, _LONG, _LONG, _POINTER)
_BETWEEN = (_POINTER, _LONG, _LONG, _DOUBLE, _DOUBLE, _POINTER, _LONG, _POINTER)
# What is written beyond the last number.
_BEYOND = 8


class PairCode:
    """The functions, each safe to call from several threads at once."""

    def __init__(self, engine: Any) -> None:
        from gan_eval.runtime.machine_code import callables

        call = callables(engine, {"some_pairs": _SOME, "pairs_between": _BETWEEN})
        self._some, self._between = call["some_pairs"], call["pairs_between"]

    def some(self, columns: Array, step: int) -> Array:
        """Return the squared distance of every ``step``-th pair i < j of points (d, N)."""
        dimension, size = columns.shape
        some = np.empty(-(-(size * (size - 1) // 2) // step))
        self._some(columns.ctypes.data, size, dimension, step, some.ctypes.data)
        return some

    def between(
        self, columns: Array, least: float, most: float, expected: int
    ) -> tuple[int, Array | None]:
        """Return how many of the squared distances of the pairs i < j of points (d, N) are below
        ``least``, and those from there to ``most``, None where they are more than expected."""
        found, inside = np.empty(2, dtype=np.int64), room(8 * (expected + _BEYOND)).view(np.float64)
        self._between(
            columns.ctypes.data,
            *columns.shape[::-1],
            least,
            most,
            inside.ctypes.data,
            len(inside),
            found.ctypes.data,
        )
        below, count = found.tolist()
        return below, inside[:count] if count <= expected else None


def compiled_pairs() -> PairCode | None:
    """Return the functions, compiled once; None where they cannot be had."""
    with _LOCK:  # threads that ask at the same moment compile once
        return _pair_code()


_LOCK = threading.Lock()


@lru_cache(maxsize=1)
def _pair_code() -> PairCode | None:
    if sys.byteorder != "little":
        return None
    try:
        from llvmlite import ir

        from gan_eval.runtime.machine_code import loaded
        from gan_eval.stats.kernels.pair_code import write_pairs

        module = ir.Module("gan_eval_pairs")
        write_pairs(module)
        return PairCode(loaded(module, "two-sample tests"))
    except (ImportError, OSError, RuntimeError) as error:
        LOGGER.info("median distances are found without compiled code, more slowly: %s", error)
        return None
