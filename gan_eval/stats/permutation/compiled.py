"""The compiled functions for labels (:mod:`~gan_eval.stats.permutation.label_code`), sums by them
(:mod:`~gan_eval.stats.permutation.sum_code`) and matrices
(:mod:`~gan_eval.stats.permutation.matrix_code`), called with arrays."""

from __future__ import annotations

import ctypes
import logging
import sys
import threading
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

LOGGER = logging.getLogger(__name__)

# Of fewer labels, over all rows, compiled code saves less than a third of a millisecond.
FEWEST_LABELS = 2**14
# Columns of a matrix are given up to a multiple of this.
PADDING = 16
COMPILED_ROWS = 512
"""From so many rows of a matrix on its first passes are compiled."""

# Sums of some rows that are made once serve so many labels.
FEWEST_CHOICES = 64

Labels = NDArray[np.bool_]
Array = NDArray[np.float64]

_POINTER, _LONG, _DOUBLE = ctypes.c_void_p, ctypes.c_int64, ctypes.c_double
_ADD = (_POINTER, _LONG, _POINTER, _LONG, _LONG, _LONG, _POINTER, _POINTER, _DOUBLE)
_CLOSE = (_POINTER, _LONG, _POINTER, _LONG, _LONG, _POINTER)
_PLACES = (_POINTER, _POINTER, _LONG, _POINTER)
_SIGNATURES = {
    "count": (_POINTER, _LONG, _LONG, _POINTER),
    "change_sides": (*[_POINTER] * 3, _LONG, _POINTER, _LONG, _LONG),
    "worst": (_POINTER, _LONG, *_PLACES),
    "eliminate": (_POINTER, _LONG, _POINTER, _LONG, _LONG, _DOUBLE, *_PLACES),
    "survey": (_POINTER, _LONG, _LONG, _LONG, _LONG, _POINTER, _POINTER, _POINTER),
    "pack": (_POINTER, _LONG, _LONG, _LONG, _POINTER),
    **dict.fromkeys(
        (f"{add}_{real}" for add in ("add", "add_few") for real in ("float32", "float64")),
        (*_ADD, _POINTER, _POINTER),
    ),
    "halves": (_POINTER, _LONG, _POINTER, _LONG, _LONG, _POINTER, _DOUBLE, *[_POINTER] * 4),
    **dict.fromkeys(("close_float32", "close_float64"), _CLOSE),
}


class LabelCode:
    """The functions, each safe to call from several threads at once."""

    def __init__(self, engine: Any) -> None:
        from gan_eval.runtime.machine_code import callables

        self.call = callables(engine, _SIGNATURES)

    def counts(self, labels: Labels) -> NDArray[np.int64]:
        """Count the True values in each row of C-contiguous labels."""
        found = np.empty(len(labels), dtype=np.int64)
        self.call["count"](labels.ctypes.data, *labels.shape, found.ctypes.data)
        return found

    def survey(self, block: Array, width: int, within: int, down: Array, found: Array) -> Array:
        """Return the sums of the rows of a block (rows, columns), over the first ``width`` columns.

        Adds its rows to ``down[0]`` of (2, width), whose other row is scratch, and to ``found[0]``
        the sum of its squared entries, those in rows from ``within`` on twice; ``found[1]`` becomes
        the largest size so far.
        """
        across = np.empty(len(block))
        self.call["survey"](
            block.ctypes.data,
            *block.shape,
            width,
            within,
            across.ctypes.data,
            down.ctypes.data,
            found.ctypes.data,
        )
        return across

    def change_sides(
        self,
        labels: Labels,
        missing: NDArray[np.int64],
        some: NDArray[np.int64],
        where: NDArray[np.int64],
    ) -> None:
        """Change as many labels of each row as are wrong, those that come first in ``where``.

        Parameters
        ----------
        labels : ndarray of bool, shape (count, N)
            C-contiguous, as all others.
        missing : ndarray, shape (count,)
            How many True values a row lacks, or has too many where it is below 0; it comes to hold
            what is left.
        some : ndarray, shape (k,)
            The rows in which labels are changed.
        where : ndarray, shape (k, draws)
            The labels of each to be changed, if they are not what is lacking already.
        """
        self.call["change_sides"](
            labels.ctypes.data,
            missing.ctypes.data,
            some.ctypes.data,
            len(some),
            where.ctypes.data,
            where.shape[1],
            labels.shape[1],
        )


def true_counts(labels: Labels) -> NDArray[np.int64]:
    """Count the True values in each row of labels (count, N)."""
    code = code_for(*labels.shape)
    if code is None:
        return np.count_nonzero(labels, axis=1).astype(np.int64)
    return code.counts(np.ascontiguousarray(labels))


def padded(columns: int) -> int:
    """Return the multiple of ``PADDING`` that holds so many columns."""
    return -(-columns // PADDING) * PADDING


def code_for(choices: int, rows: int) -> LabelCode | None:
    """Return the functions where they are worth it for so many labels of so many rows; None else,
    and where they cannot be had."""
    if choices < FEWEST_CHOICES or choices * rows < FEWEST_LABELS:
        return None
    return compiled_code()


def compiled_code() -> LabelCode | None:
    """Return the functions, compiled once; None where they cannot be had."""
    with _LOCK:  # threads that ask at the same moment compile once
        return _label_code()


_LOCK = threading.Lock()


@lru_cache(maxsize=1)
def _label_code() -> LabelCode | None:
    if sys.byteorder != "little":
        return None
    try:
        from llvmlite import ir

        from gan_eval.runtime.machine_code import loaded
        from gan_eval.stats.permutation.label_code import write_labels
        from gan_eval.stats.permutation.matrix_code import write_matrices
        from gan_eval.stats.permutation.sum_code import write_sums

        module = ir.Module("gan_eval_tests")
        write_labels(module)
        write_sums(module)
        write_matrices(module)
        return LabelCode(loaded(module, "two-sample tests"))
    except (ImportError, OSError, RuntimeError) as error:
        LOGGER.warning("two-sample tests run without compiled code, more slowly: %s", error)
        return None
