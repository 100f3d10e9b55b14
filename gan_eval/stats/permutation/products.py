"""Centred forms of many labels, gathered from blocks of a symmetric matrix: by compiled code, or by
torch on another device, for a few labels, and where nothing can be compiled.

A strip is some columns I of the matrix, a block of it some rows J below the diagonal. A form is
twice the sum over the strips of Σ_i a_i Σ_j a_j K_ij, with halves in the square on the diagonal,
whose entries come twice in the strip.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Protocol

import numpy as np

from gan_eval.stats.permutation.compiled import Array, Labels, code_for, padded
from gan_eval.stats.permutation.label_sums import Packed, Sums

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import torch
    from torch import Tensor

# Labels that torch turns to floating point at once.
LABEL_ROWS = 2048


def pieces(start: int, stop: int, length: int) -> Iterator[slice]:
    """Part a range into pieces of a length, of which the last may be shorter."""
    for left in range(start, stop, length):
        yield slice(left, min(left + length, stop))


@dataclass(frozen=True)
class Centring:
    """Entries K_ij become ``scale`` K_ij + s_i + s_j, ``shift`` holding all s, shape (N,)."""

    scale: float
    shift: Tensor


class StripProducts(Protocol):
    """The products of one thread, for one strip after the other."""

    def add(self, rows: slice, strip: slice, block: Tensor) -> None:
        """Take a block (rows, padded columns) of a strip, as the source gives it; the first of a
        strip begins on the diagonal."""
        ...

    def close(self, strip: slice) -> tuple[Array, Array]:
        """Return the halves of the strip's forms of the two kinds of labels; then the next strip
        begins."""
        ...


def strip_products(
    exact: Labels, fast: Labels, centring: Centring, width: int, device: str
) -> Callable[[], StripProducts]:
    """Return what makes the products of labels (k, N) in float64 and of labels (p, N) by float32,
    for strips of at most so many columns."""
    labels = exact, fast
    code = code_for(len(exact) + len(fast), len(centring.shift)) if device == "cpu" else None
    if code is None:
        return partial(_TorchProducts, labels, centring, width)
    packed = [Packed(code, some) if len(some) else None for some in labels]
    return partial(_CompiledProducts, packed, centring, width)


class _CompiledProducts:
    def __init__(self, packed: list[Packed | None], centring: Centring, width: int) -> None:
        self._scale = centring.scale
        # The columns of the last strip are padded as well.
        shift = np.zeros(len(centring.shift) + padded(1))
        shift[: len(centring.shift)] = centring.shift.numpy()
        self._shift = shift
        self._sums = [
            some and Sums(some, dtype, width)
            for some, dtype in zip(packed, (np.float64, np.float32), strict=True)
        ]

    def add(self, rows: slice, strip: slice, block: Tensor) -> None:
        matrix = block.numpy()
        if rows.start == strip.start:
            for sums in self._sums:
                if sums is not None:
                    sums.clear()
            width = strip.stop - strip.start
            self._add(rows.start, matrix[:width], strip, 0.5)
            self._add(strip.stop, matrix[width:], strip, 1.0)
        else:
            self._add(rows.start, matrix, strip, 1.0)

    def _add(self, first: int, matrix: Array, strip: slice, share: float) -> None:
        of_rows = share * self._shift[first : first + len(matrix)]
        of_columns = share * self._shift[strip.start : strip.start + matrix.shape[1]]
        for sums in self._sums:
            if sums is not None and len(matrix):
                sums.add(first, matrix, of_rows, of_columns, share * self._scale)

    def close(self, strip: slice) -> tuple[Array, Array]:
        found = [np.zeros(0) if sums is None else sums.close(strip) for sums in self._sums]
        return found[0], found[1]


class _TorchProducts:
    def __init__(self, labels: tuple[Labels, Labels], centring: Centring, width: int) -> None:
        import torch

        self._centring, device = centring, centring.shift.device
        given = [torch.from_numpy(some.view(np.uint8)).to(device) for some in labels]
        self._precise = _TorchProduct(given[0], torch.float64, width)
        self._coarse = _TorchProduct(given[1], torch.float32, width)

    def add(self, rows: slice, strip: slice, block: Tensor) -> None:
        import torch

        shift, width = self._centring.shift, strip.stop - strip.start
        centred = torch.add(shift[strip], block[:, :width], alpha=self._centring.scale)
        centred.add_(shift[rows, None])
        if rows.start == strip.start:
            centred[:width].mul_(0.5)
        for product in (self._precise, self._coarse):
            product.add(rows, centred)

    def close(self, strip: slice) -> tuple[Array, Array]:
        return self._precise.close(strip), self._coarse.close(strip)


class _TorchProduct:
    """Σ_i a_i Σ_j a_j K_ij over a strip's columns i and rows j, for all labels a (count, N)."""

    def __init__(self, labels: Tensor, dtype: torch.dtype, width: int) -> None:
        self._labels = labels
        self._products = labels.new_zeros((len(labels), width), dtype=dtype)

    def add(self, rows: slice, block: Tensor) -> None:
        """Multiply one block (height, width) of the strip and add it up."""
        if len(self._labels):
            block = block.to(self._products.dtype)
        for some in pieces(0, len(self._labels), LABEL_ROWS):
            chosen = self._labels[some, rows].to(block.dtype)
            self._products[some, : block.shape[1]].addmm_(chosen, block)

    def close(self, strip: slice) -> Array:
        """Return the sums over the strip's columns, float64, shape (count,)."""
        import torch

        found = [np.zeros(0)]
        for some in pieces(0, len(self._labels), LABEL_ROWS):
            products = self._products[some, : strip.stop - strip.start]
            products.mul_(self._labels[some, strip])
            found.append(products.sum(1, dtype=torch.float64).cpu().numpy())
        self._products.zero_()
        return np.concatenate(found)
