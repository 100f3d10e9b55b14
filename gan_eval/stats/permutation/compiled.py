"""The compiled functions for labels (:mod:`~gan_eval.stats.permutation.label_code`), sums by them
(:mod:`~gan_eval.stats.permutation.sum_code`) and matrices
(:mod:`~gan_eval.stats.permutation.matrix_code`), called with arrays."""

from __future__ import annotations

import ctypes
import hashlib
import logging
import sys
import threading
from collections.abc import Callable
from functools import lru_cache
from importlib.metadata import version
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gan_eval.runtime.rooms import room

LOGGER = logging.getLogger(__name__)

# Of fewer labels, over all rows, compiled code saves less than a third of a millisecond.
FEWEST_LABELS = 2**14
# Columns of a matrix are given up to a multiple of this.
PADDING = 16
COMPILED_ROWS = 512
"""From so many rows of a matrix on its first passes are compiled."""

# Sums of some rows that are made once serve so many labels.
FEWEST_CHOICES = 64
# Up to so many labels no sums are made once.
FEW_LABELS = 8

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
        self._engine = engine  # frees the machine code when it goes
        self.call: dict[str, Callable[..., None]] = {
            name: ctypes.CFUNCTYPE(None, *kinds)(engine.get_function_address(name))
            for name, kinds in _SIGNATURES.items()
        }

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


class Packed:
    """Labels (count, N) of some of the N rows, packed, for sums of rows of matrices by them."""

    def __init__(self, code: LabelCode, labels: Labels, rows: slice | None = None) -> None:
        from gan_eval.stats.permutation.label_code import PANEL

        self.labels, self.panel, self.call = np.ascontiguousarray(labels), PANEL, code.call
        count, size = labels.shape
        start, stop = (0, size) if rows is None else (rows.start, rows.stop)
        self.words = np.empty((-(-(stop - start) // PANEL), count), dtype=np.uint64)
        given = self.labels.ctypes.data + start
        code.call["pack"](given, count, size, stop - start, self.words.ctypes.data)


class Sums:
    """Σ_j a_j M_j of packed labels a over rows of a matrix M of so many columns, for one thread."""

    def __init__(self, packed: Packed, dtype: type[np.floating[Any]], columns: int) -> None:
        from gan_eval.stats.permutation.sum_code import STRIPE_BYTES, TABLE_BYTES

        name = np.dtype(dtype).name
        self._packed, self._columns, self.count = packed, columns, len(packed.labels)
        add = "add" if self.count > FEW_LABELS else "add_few"
        self._add, self._close = (packed.call[f"{do}_{name}"] for do in (add, "close"))
        self._stripe = STRIPE_BYTES // np.dtype(dtype).itemsize
        stripes = padded(columns) // self._stripe
        memory = room(TABLE_BYTES + stripes * self.count * STRIPE_BYTES)
        self._table = memory.ctypes.data
        self._sums = memory[TABLE_BYTES:].view(dtype).reshape(stripes, self.count, self._stripe)
        self.clear()

    def clear(self) -> None:
        """Start anew."""
        self._sums.fill(0)

    def add(
        self, first: int, matrix: Array, of_rows: Array, of_columns: Array, scale: float
    ) -> None:
        """Add some rows: scale · matrix + of_rows + of_columns.

        Parameters
        ----------
        first : int
            The first of them among those that were packed, a multiple of ``PANEL``.
        matrix : ndarray, shape (rows, padded)
            C-contiguous. Its columns go on to a multiple of ``PADDING``; what stands beyond those
            that are wanted does not matter.
        of_rows, of_columns : ndarray, shapes (rows,) and (padded,)
        scale : float
        """
        words = self._packed.words[first // self._packed.panel :]
        self._add(
            words.ctypes.data,
            self.count,
            matrix.ctypes.data,
            *matrix.shape,
            len(of_columns) // self._stripe,
            of_rows.ctypes.data,
            of_columns.ctypes.data,
            scale,
            self._table,
            self._sums.ctypes.data,
        )

    def close(self, columns: slice) -> Array:
        """Return Σ_i a_i sums_i, shape (count,), i over columns that are these rows."""
        labels, forms = self._packed.labels, np.zeros(self.count)
        self._close(
            self._sums.ctypes.data,
            self.count,
            labels.ctypes.data + columns.start,
            labels.shape[1],
            columns.stop - columns.start,
            forms.ctypes.data,
        )
        return forms

    def values(self) -> NDArray[np.floating[Any]]:
        """Return the sums, shape (count, columns)."""
        return self._sums.transpose(1, 0, 2).reshape(self.count, -1)[:, : self._columns]


def halves_of_forms(packed: Packed, matrix: Array, shift: Array, scale: float) -> Array:
    """Return the halves of Σ_i a_i Σ_j a_j M_ij of packed labels a, shape (count,), in float64.

    M is scale · matrix + shift_i + shift_j, whole and symmetric; ``matrix`` is (N, padded) and
    ``shift`` (padded,). Of the two halves about one is looked at, so that roundings are fewer than
    those of :class:`Sums`, and others.
    """
    from gan_eval.stats.permutation.sum_code import STRIPE_BYTES, TABLE_BYTES

    count = len(packed.labels)
    memory = room(TABLE_BYTES + 2 * count * STRIPE_BYTES)
    forms = memory[TABLE_BYTES + count * STRIPE_BYTES :].view(np.float64).reshape(count, -1)
    forms.fill(0)
    packed.call["halves"](
        packed.words.ctypes.data,
        count,
        matrix.ctypes.data,
        *matrix.shape,
        shift.ctypes.data,
        scale,
        packed.labels.ctypes.data,
        memory.ctypes.data,
        memory.ctypes.data + TABLE_BYTES,
        forms.ctypes.data,
    )
    return forms.sum(axis=1)


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

        from gan_eval.runtime.machine_code import compile_module, kept, load_module, processor
        from gan_eval.stats.permutation.label_code import write_labels
        from gan_eval.stats.permutation.matrix_code import write_matrices
        from gan_eval.stats.permutation.sum_code import write_sums

        module, where = ir.Module("gan_eval_tests"), processor()
        write_labels(module)
        write_sums(module)
        write_matrices(module)
        key = f"{module} {where} {version('llvmlite')}"

        def make() -> bytes:
            return compile_module(module, where, where.width)

        name = hashlib.sha256(key.encode()).hexdigest()
        made = kept(name, make, "two-sample tests", level=logging.INFO)
        return LabelCode(load_module(made, where))
    except (ImportError, OSError, RuntimeError) as error:
        LOGGER.warning("two-sample tests run without compiled code, more slowly: %s", error)
        return None
