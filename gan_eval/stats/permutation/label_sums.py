"""Sums of a matrix's rows by group labels, by the compiled functions of
:mod:`~gan_eval.stats.permutation.sum_code`."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from gan_eval.runtime.rooms import room
from gan_eval.stats.permutation.compiled import Array, LabelCode, Labels, padded

# Up to so many labels no sums of some rows are made once.
FEW_LABELS = 8


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
