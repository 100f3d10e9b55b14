"""Quadratic forms aᵀKa of many group labels a over one symmetric matrix that is never held whole.

This is the arithmetic under every permutation test of the room. It sees a matrix only as blocks
that a source fills on request, and knows neither kernels nor samples.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
from scipy.spatial.distance import pdist

from gan_eval.runtime.threads import full_float32, in_order
from gan_eval.stats.kernels.kernels import BlockSource
from gan_eval.stats.permutation.engine import ENTRY_ROUNDING, LOST_SHARE
from gan_eval.stats.permutation.labels import Array, Labels
from gan_eval.stats.scaling import SOME_ROWS, differing_pairs

if TYPE_CHECKING:
    import torch
    from torch import Tensor


# Up to this many entries (128 MB) the half matrix is kept between passes, above it is refilled.
STORED_ENTRIES = 2**24
# The rows of a strip, which one thread takes, and the columns of a block of it.
HEIGHT = 256
WIDTH = 2048
# Labels turned to floating point at once, in rows of labels.
LABEL_ROWS = 2048


def lost_in_rounding(source: BlockSource, peak: float) -> bool:
    """Tell whether the rounding of sums of entries of this size hides that rows differ.

    Of N rows some are looked at, evenly chosen. Exchanging two moves the statistic by about one
    N-th of what their entries differ by.
    """
    import torch

    some = slice(0, source.size, -(-source.size // SOME_ROWS))
    rows = source.points[some]
    pairs = differing_pairs(rows)
    if not pairs.any():
        return False
    filled = torch.empty(len(rows), len(rows), dtype=torch.float64, device=source.device)
    source.fill(some, some, filled)
    entries, error = filled.cpu().numpy(), ENTRY_ROUNDING * source.size**0.5 * peak
    first, second = (index[pairs] for index in np.triu_indices(len(rows), 1))
    diagonal, apart = entries.diagonal(), entries[first, second]
    own = np.abs(diagonal[first] - apart), np.abs(diagonal[second] - apart)
    others = (pdist(entries, "cityblock")[pairs] - own[0] - own[1]) / max(1, len(rows) - 2)
    # Rows that a kernel does not see from any other are alike to it.
    seen = np.abs(entries - np.diag(diagonal)).max(axis=0) > error
    moved = np.where(seen[first] | seen[second], np.maximum(own[0], others), 0.0)
    return bool(error >= LOST_SHARE * moved.min() / source.size)


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
    squares : float
        ‖K‖_F², the sum of the squared entries.
    peak : float
        The largest entry of K in size: the scale of the rounding in float64.
    rounding : float
        The source's.
    fast_error : float
        The size that the error of a ``fast`` form has where roundings are independent (see
        Notes); a caller who depends on it measures the error beside it.

    Notes
    -----
    With a the 0/1 labels and H the centring matrix, ãᵀKã = aᵀ(HKH)a. So the matrix is centred, not
    the labels: labels stay exact in every precision, and the entries lose the common level that
    would eat float32's digits. The entries of HKH are K_ij − u_i − u_j with
    u_i = row_sums_i / N − total / (2N²). They are scaled by a power of two to a root mean square
    near 1 before they are rounded to float32.

    A dot product of length N rounds like a random walk, which gives a form an error of about
    2⁻²⁴ ‖HKH‖_F √N / 4; ``fast_error`` is 2⁻²⁴ ‖HKH‖_F √N. Measured: at most 0.5 of it on Gaussian
    and heavy-tailed samples, 2.4 times it on two clusters far apart, 12 times it on coin flips.
    """

    def __init__(self, source: BlockSource, *, diagonal: bool) -> None:
        self._source, self._diagonal = source, diagonal
        self.size, self.rounding = source.size, source.rounding
        self._strips = list(pieces(0, self.size, HEIGHT))
        entries = self.size * (self.size + HEIGHT) // 2
        self._stored: dict[int, list[Tensor]] | None = {} if entries <= STORED_ENTRIES else None
        self._sum_rows()

    def forms(self, exact: Labels, fast: Labels) -> tuple[Array, Array]:
        """Return the centred forms of labels (k, N) in float64 and of labels (p, N) by float32
        products.

        One pass over the blocks serves both. Memory beside the labels, for each thread: 12 bytes
        for each entry of a block (:class:`_Workspace`), 8 HEIGHT bytes for
        every row of ``exact`` and 4 HEIGHT for every row of ``fast``, and 12 WIDTH for each of at
        most LABEL_ROWS rows.
        """
        import torch

        device = self._source.device
        precise = torch.from_numpy(exact.view(np.uint8)).to(device)
        coarse = torch.from_numpy(fast.view(np.uint8)).to(device)

        def work(rows: slice, space: _Workspace) -> tuple[Tensor, Tensor]:
            for columns, block in self._centred_blocks(rows, space.block):
                space.precise.add(columns, block)
                if len(coarse):
                    space.coarse.add(columns, space.rounded(block))
            return space.precise.close(rows), space.coarse.close(rows)

        sums = [torch.zeros(len(a), dtype=torch.float64, device=device) for a in (precise, coarse)]

        def workspace() -> _Workspace:
            return _Workspace(precise, coarse, self._block())

        with full_float32():
            for parts in in_order(work, self._strips, workspace, device=device):
                for whole, part in zip(sums, parts, strict=True):
                    whole += part
        found = [2 / self._scale * whole.cpu().numpy() for whole in sums]
        return found[0], found[1]

    def linear(self, labels: Labels) -> Array:
        """Return aᵀ(K1 − mean) of labels (p, N): the row sums of group x less their expectation."""
        return centred_sums(self.row_sums, labels, STORED_ENTRIES // 8)

    def sums_over(self, group: Labels) -> Array:
        """Ka of one group's labels a (N,): each row's sum over that group, in float64."""
        import torch

        chosen = torch.from_numpy(group.astype(np.float64)).to(self._source.device)

        def work(rows: slice, space: Tensor) -> tuple[Tensor, Tensor]:
            height = rows.stop - rows.start
            across, down = chosen.new_zeros(height), chosen.new_zeros(self.size - rows.start)
            for columns, block in self._given_blocks(rows, space):
                across += block @ chosen[columns]
                down[columns.start - rows.start : columns.stop - rows.start] += chosen[rows] @ block
            return across, down[height:]

        sums = torch.zeros_like(chosen)
        results = in_order(work, self._strips, self._block, device=self._source.device)
        for rows, (across, down) in zip(self._strips, results, strict=True):
            sums[rows] += across
            sums[rows.stop :] += down
        return sums.cpu().numpy()

    def lost(self) -> bool:
        """Tell whether the rounding of float64 hides that rows differ."""
        return lost_in_rounding(self._source, self.peak)

    def release(self) -> None:
        """Give back the memory of kept blocks; what is asked for later refills them."""
        self._stored = None

    def _sum_rows(self) -> None:
        """First pass: row sums, level and scale of the entries."""
        import torch

        sums = torch.zeros(self.size, dtype=torch.float64, device=self._source.device)

        def work(rows: slice, space: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
            height = rows.stop - rows.start
            across, down = sums.new_zeros(height), sums.new_zeros(self.size - rows.start)
            squares, peak = sums.new_zeros(()), sums.new_zeros(())
            for columns, block in self._blocks(rows, space):
                low, high = block.aminmax()
                peak = torch.maximum(peak, torch.maximum(-low, high))
                across += block.sum(1)
                squares += 2 * block.square().sum()
                if columns.start == rows.start:
                    # The square on the diagonal holds both halves, what follows only one.
                    squares -= block[:, :height].square().sum()
                down[columns.start - rows.start : columns.stop - rows.start] += block.sum(0)
            return across, down[height:], squares, peak

        self.squares, self.peak = 0.0, 0.0
        results = in_order(work, self._strips, self._block, device=self._source.device)
        for rows, (across, down, squares, peak) in zip(self._strips, results, strict=True):
            sums[rows] += across
            sums[rows.stop :] += down
            self.squares += float(squares)
            self.peak = max(self.peak, float(peak))
        self.row_sums: Array = sums.cpu().numpy()
        self.total = float(self.row_sums.sum())
        centred = self.squares - float(
            2 * (self.row_sums**2).sum() / self.size - (self.total / self.size) ** 2
        )
        # The difference cancels where K is nearly constant; entries are then rounding themselves.
        centred = max(centred, self.squares * 2.0**-50)
        root = np.sqrt(centred) / self.size
        self._scale = float(np.exp2(-np.round(np.log2(root)))) if root > 0 else 1.0
        self.fast_error = float(2.0**-24 * np.sqrt(centred * self.size))
        self._shift = -self._scale * (sums / self.size - self.total / (2 * self.size**2))

    def _block(self) -> Tensor:
        """Return the memory for one block."""
        import torch

        return torch.empty(HEIGHT * WIDTH, dtype=torch.float64, device=self._source.device)

    def _blocks(self, rows: slice, space: Tensor) -> Iterator[tuple[slice, Tensor]]:
        """Return the blocks of a strip from the diagonal on, as the source gives them; kept if
        small."""
        import torch

        kept: list[Tensor] = []
        for columns in pieces(rows.start, self.size, WIDTH):
            block = _view(space, rows, columns)
            if self._stored is not None:
                block = torch.empty_like(block)
                kept.append(block)
            self._source.fill(rows, columns, block)
            if columns.start == rows.start and not self._diagonal:
                block.fill_diagonal_(0.0)
            yield columns, block
        if self._stored is not None:
            self._stored[rows.start] = kept

    def _centred_blocks(self, rows: slice, space: Tensor) -> Iterator[tuple[slice, Tensor]]:
        """Return the same blocks scaled and centred, the square on the diagonal halved.

        Its entries come twice in the strip; with the halves, twice the sum over the strips is the
        form.
        """
        import torch

        for columns, block in self._given_blocks(rows, space):
            centred = _view(space, rows, columns)
            torch.add(self._shift[columns], block, alpha=self._scale, out=centred)
            centred.add_(self._shift[rows, None])
            if columns.start == rows.start:
                centred[:, : rows.stop - rows.start].mul_(0.5)
            yield columns, centred

    def _given_blocks(self, rows: slice, space: Tensor) -> Iterator[tuple[slice, Tensor]]:
        """Return the blocks of a strip after the first pass, kept or refilled."""
        if self._stored is None:
            return self._blocks(rows, space)
        return zip(pieces(rows.start, self.size, WIDTH), self._stored[rows.start], strict=True)


def pieces(start: int, stop: int, length: int) -> Iterator[slice]:
    """Part a range into pieces of a length, of which the last may be shorter."""
    for left in range(start, stop, length):
        yield slice(left, min(left + length, stop))


def centred_sums(row_sums: Array, labels: Labels, entries: int) -> Array:
    """Return the sums of ``row_sums`` (N,), less their mean, over each of some labels (p, N), of
    which so many entries are worked on at once."""
    centred = row_sums - row_sums.mean()
    step = max(1, entries // len(centred))
    some = [labels[rows].astype(np.float64) @ centred for rows in pieces(0, len(labels), step)]
    return np.concatenate([np.zeros(0), *some])


def _view(buffer: Tensor, rows: slice, columns: slice) -> Tensor:
    height, width = rows.stop - rows.start, columns.stop - columns.start
    return buffer[: height * width].view(height, width)


class _Workspace:
    """The memory that one thread needs for a strip."""

    def __init__(self, precise: Tensor, coarse: Tensor, block: Tensor) -> None:
        import torch

        self.block, self._rounded = block, torch.empty_like(block, dtype=torch.float32)
        self.precise = _StripProduct(precise, torch.float64)
        self.coarse = _StripProduct(coarse, torch.float32)

    def rounded(self, block: Tensor) -> Tensor:
        """Return the block in float32."""
        return self._rounded[: block.numel()].view(block.shape).copy_(block)


def has_onednn(device: str) -> bool:
    """Tell whether float32 products are oneDNN's: on AMD twice as fast as the default, MKL's."""
    import torch

    return device.startswith("cpu") and torch.backends.mkldnn.is_available()


class _StripProduct:
    """a_Iᵀ Σ_J K_IJ a_J over the blocks J of a strip I, for all labels a (count, N)."""

    def __init__(self, labels: Tensor, dtype: torch.dtype) -> None:
        import torch

        self._labels, count = labels, len(labels)
        self._products = labels.new_empty((count, HEIGHT), dtype=dtype)
        self._converted = labels.new_empty(min(count, LABEL_ROWS) * WIDTH, dtype=dtype)
        self._fresh = True
        self._onednn = dtype == torch.float32 and has_onednn(labels.device.type)

    def add(self, columns: slice, block: Tensor) -> None:
        """Multiply one block (height, width) of the strip and add it up."""
        from torch.nn.functional import linear

        for some in pieces(0, len(self._labels), LABEL_ROWS):
            products = self._products[some, : len(block)]
            converted = self._convert(some, columns)
            if self._onednn:
                product = linear(converted.to_mkldnn(), block.to_mkldnn()).to_dense()
                products.copy_(product) if self._fresh else products.add_(product)
            else:
                products.addmm_(converted, block.T, beta=0 if self._fresh else 1)
        self._fresh = False

    def close(self, rows: slice) -> Tensor:
        """Return the sums over the strip's rows, float64, shape (count,); the next strip starts
        anew."""
        import torch

        self._fresh = True
        sums = self._labels.new_empty(len(self._labels), dtype=torch.float64)
        for some in pieces(0, len(self._labels), LABEL_ROWS):
            products = self._products[some, : rows.stop - rows.start]
            products.mul_(self._convert(some, rows))
            sums[some] = products.sum(1, dtype=sums.dtype)
        return sums

    def _convert(self, some: slice, columns: slice) -> Tensor:
        labels = self._labels[some, columns]
        return self._converted[: labels.numel()].view(labels.shape).copy_(labels)
