"""Quadratic forms aᵀKa of many group labels a over one symmetric matrix that is never held whole.

This is the arithmetic under every permutation test of the room. It sees a matrix only as blocks
that a source fills on request, and knows neither kernels nor samples.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from gan_eval.twosample.labels import Labels

if TYPE_CHECKING:
    from torch import Tensor

Array = NDArray[np.float64]

# Block height and width, in rows of the pooled sample. Fewer and larger blocks mean fewer waits
# for the slowest thread, which is what hurts on a busy machine; a float64 block is 4 MB.
HEIGHT = 256
WIDTH = 2048
# Up to this many entries (128 MB) the half matrix is kept between passes, above it is refilled.
STORED_ENTRIES = 2**24
# Labels turned to floating point at once, in rows of labels.
LABEL_ROWS = 2048


class BlockSource(Protocol):
    """A symmetric matrix, given by blocks."""

    @property
    def size(self) -> int:
        """N, the number of rows and of columns."""
        ...

    @property
    def device(self) -> str:
        """The torch device on which blocks are wanted."""
        ...

    def fill(self, rows: slice, columns: slice, out: Tensor) -> None:
        """Write entries ``[rows, columns]`` into the float64 tensor ``out`` of that shape."""
        ...


@dataclass(frozen=True)
class Forms:
    """Centred forms ãᵀKã (a less its mean) of the labels asked for.

    Attributes
    ----------
    exact : ndarray, shape (k,)
        Products and sums in float64.
    fast : ndarray, shape (p,)
        Products in float32 of centred, scaled entries; sums over rows in float64.
    """

    exact: Array
    fast: Array


class SymmetricForm:
    """Centred quadratic forms over the matrix K of a source, from one half of its blocks.

    Parameters
    ----------
    source : BlockSource
        Gives K; each block above the diagonal is used for both halves.
    diagonal : bool
        False replaces the diagonal of K by zeros, as the unbiased statistics want it.

    Attributes
    ----------
    row_sums : ndarray, shape (N,)
        K1, in float64.
    total : float
        1ᵀK1.
    mean_square : float
        Mean of the squared entries of K; its root is the scale against which ties are judged.
    fast_error : float
        The size that the error of a ``fast`` form does not exceed in practice (see Notes).

    Notes
    -----
    With a the 0/1 labels and H the centring matrix, ãᵀKã = aᵀ(HKH)a. So the matrix is centred, not
    the labels: labels stay exact in every precision, and the entries lose the common level that
    would eat float32's digits. The entries of HKH are K_ij − u_i − u_j with
    u_i = row_sums_i / N − total / (2N²). They are scaled by a power of two to a root mean square
    near 1 before they are rounded to float32.

    Each dot product of length N rounds at most like a random walk, which gives an error of about
    2⁻²⁴ ‖HKH‖_F √N / 4; ``fast_error`` is 2⁻²⁴ ‖HKH‖_F √N.
    """

    def __init__(self, source: BlockSource, *, diagonal: bool) -> None:
        import torch

        self._torch = torch
        self._source = source
        self._diagonal = diagonal
        self.size = source.size
        device = source.device
        self._block = torch.empty(HEIGHT * WIDTH, dtype=torch.float64, device=device)
        self._block32 = torch.empty(HEIGHT * WIDTH, dtype=torch.float32, device=device)
        keep = self.size * (self.size + HEIGHT) // 2 <= STORED_ENTRIES
        self._stored: list[Tensor] | None = None
        self._sum_rows([] if keep else None)

    def forms(self, exact: Labels, fast: Labels) -> Forms:
        """The centred forms of labels (k, N) in float64 and of labels (p, N) by float32 products.

        One pass over the blocks serves both. Memory: 8 · HEIGHT bytes for every row of ``exact``,
        4 · HEIGHT for every row of ``fast``, beside the labels.
        """
        torch = self._torch
        precise = _Accumulator(torch, exact, torch.float64, self._source.device)
        coarse = _Accumulator(torch, fast, torch.float32, self._source.device)
        with _full_float32(torch):
            for rows, columns, block in self._upper_blocks():
                precise.add(rows, columns, block)
                if len(fast):
                    rounded = self._view(self._block32, rows, columns)
                    coarse.add(rows, columns, rounded.copy_(block))
        return Forms(2 / self._scale * precise.total(), 2 / self._scale * coarse.total())

    def linear(self, labels: Labels) -> Array:
        """aᵀ(K1 − mean) of labels (p, N): the row sums of group x less their expectation."""
        centred = self.row_sums - self.total / self.size
        step = max(1, STORED_ENTRIES // 8 // self.size)
        pieces = [
            labels[start : start + step].astype(np.float64) @ centred
            for start in range(0, len(labels), step)
        ]
        return np.concatenate(pieces) if pieces else np.zeros(0)

    def _grid(self) -> Iterator[tuple[slice, slice]]:
        """Blocks that cover the diagonal and all above it.

        A strip's first block starts with the square on the diagonal, of which both halves are
        there; its further blocks lie above the diagonal.
        """
        for top in range(0, self.size, HEIGHT):
            rows = slice(top, min(top + HEIGHT, self.size))
            for left in range(top, self.size, WIDTH):
                yield rows, slice(left, min(left + WIDTH, self.size))

    def _view(self, buffer: Tensor, rows: slice, columns: slice) -> Tensor:
        height, width = rows.stop - rows.start, columns.stop - columns.start
        return buffer[: height * width].view(height, width)

    def _fill(self, rows: slice, columns: slice, block: Tensor) -> Tensor:
        self._source.fill(rows, columns, block)
        if rows.start == columns.start and not self._diagonal:
            block.fill_diagonal_(0.0)
        return block

    def _sum_rows(self, stored: list[Tensor] | None) -> None:
        """First pass: row sums, scale and centre; where the half matrix fits, keep it centred."""
        torch = self._torch
        sums = torch.zeros(self.size, dtype=torch.float64, device=self._source.device)
        squares = torch.zeros((), dtype=torch.float64, device=sums.device)
        for rows, columns in self._grid():
            if stored is None:
                block = self._view(self._block, rows, columns)
            else:
                shape = (rows.stop - rows.start, columns.stop - columns.start)
                block = torch.empty(shape, dtype=torch.float64, device=sums.device)
                stored.append(block)
            self._fill(rows, columns, block)
            sums[rows] += block.sum(1)
            squares = squares + 2 * _square_sum(block)
            square_end = rows.stop - columns.start if rows.start == columns.start else 0
            squares = squares - _square_sum(block[:, :square_end])
            sums[columns.start + square_end : columns.stop] += block[:, square_end:].sum(0)
        self.row_sums: Array = sums.cpu().numpy()
        self.total = float(self.row_sums.sum())
        total_squares = float(squares)
        self.mean_square = total_squares / self.size**2
        centred_squares = total_squares - float(
            (2 * self.row_sums**2 / self.size).sum() - (self.total / self.size) ** 2
        )
        # The difference cancels where K is nearly constant; entries are then rounding themselves.
        centred_squares = max(centred_squares, total_squares * 2.0**-50)
        root = np.sqrt(centred_squares) / self.size
        self._scale = float(np.exp2(-np.round(np.log2(root)))) if root > 0 else 1.0
        self.fast_error = float(2.0**-24 * np.sqrt(centred_squares * self.size))
        level = sums / self.size - self.total / (2 * self.size**2)
        self._shift = -self._scale * level
        if stored is not None:
            for (rows, columns), block in zip(self._grid(), stored, strict=True):
                self._centre(rows, columns, block)
        self._stored = stored

    def _centre(self, rows: slice, columns: slice, block: Tensor) -> Tensor:
        """Scale and centre a block; halve the square on the diagonal, whose entries come twice."""
        self._torch.add(self._shift[columns], block, alpha=self._scale, out=block)
        block.add_(self._shift[rows, None])
        if rows.start == columns.start:
            block[:, : rows.stop - rows.start].mul_(0.5)
        return block

    def _upper_blocks(self) -> Iterator[tuple[slice, slice, Tensor]]:
        for index, (rows, columns) in enumerate(self._grid()):
            if self._stored is not None:
                yield rows, columns, self._stored[index]
            else:
                block = self._view(self._block, rows, columns)
                yield rows, columns, self._centre(rows, columns, self._fill(rows, columns, block))


def _square_sum(block: Tensor) -> Tensor:
    return block.square().sum()


class _Accumulator:
    """Σ over blocks of a_Iᵀ K_IJ a_J for labels a, in one floating-point type."""

    def __init__(self, torch, labels: Labels, dtype, device: str) -> None:
        self._torch = torch
        count = len(labels)
        self._labels = torch.from_numpy(labels.view(np.uint8)).to(device)
        self._sums = torch.zeros(count, dtype=torch.float64, device=device)
        self._strip = torch.empty((count, HEIGHT), dtype=dtype, device=device)
        self._converted = torch.empty(min(count, LABEL_ROWS) * WIDTH, dtype=dtype, device=device)
        self._rows = slice(0, 0)

    def add(self, rows: slice, columns: slice, block: Tensor) -> None:
        """Multiply one block; a change of rows closes the strip before it."""
        fresh = rows != self._rows
        if fresh:
            self._close()
            self._rows = rows
        height = rows.stop - rows.start
        for start in range(0, len(self._labels), LABEL_ROWS):
            labels = self._convert(slice(start, start + LABEL_ROWS), columns)
            strip = self._strip[start : start + LABEL_ROWS, :height]
            self._torch.addmm(strip, labels, block.T, beta=0 if fresh else 1, out=strip)

    def total(self) -> Array:
        """The sums over all blocks, float64, one a row of labels."""
        self._close()
        self._rows = slice(0, 0)
        return self._sums.cpu().numpy()

    def _close(self) -> None:
        height = self._rows.stop - self._rows.start
        if height == 0:
            return
        for start in range(0, len(self._labels), LABEL_ROWS):
            some = slice(start, start + LABEL_ROWS)
            strip = self._strip[some, :height]
            strip.mul_(self._convert(some, self._rows))
            self._sums[some] += strip.sum(1, dtype=self._torch.float64)

    def _convert(self, some: slice, columns: slice) -> Tensor:
        labels = self._labels[some, columns]
        view = self._converted[: labels.numel()].view(labels.shape)
        return view.copy_(labels)


@contextmanager
def _full_float32(torch) -> Iterator[None]:
    """Hold off TF32 and bfloat16 products, which a caller may have allowed for training."""
    precision = torch.get_float32_matmul_precision()
    if precision == "highest":
        yield
        return
    torch.set_float32_matmul_precision("highest")
    try:
        yield
    finally:
        torch.set_float32_matmul_precision(precision)
