"""Quadratic forms aᵀKa of many group labels a over one symmetric matrix that is never held whole.

This is the arithmetic under every permutation test of the room. It sees a matrix only as blocks
that a source fills on request, and knows neither kernels nor samples.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
from scipy.spatial.distance import pdist

from gan_eval.runtime.rooms import room
from gan_eval.runtime.threads import full_float32, in_order
from gan_eval.stats.kernels.kernels import BlockSource
from gan_eval.stats.permutation.compiled import (
    COMPILED_ROWS,
    Array,
    LabelCode,
    Labels,
    code_for,
    compiled_code,
    padded,
)
from gan_eval.stats.permutation.engine import ENTRY_ROUNDING, LOST_SHARE
from gan_eval.stats.permutation.label_sums import Packed, Sums, halves_of_forms
from gan_eval.stats.permutation.products import Centring, StripProducts, pieces, strip_products
from gan_eval.stats.scaling import SOME_ROWS, differing_pairs

if TYPE_CHECKING:
    from torch import Tensor


# Up to this many entries (128 MB) the half matrix is kept between passes, above it is refilled.
STORED_ENTRIES = 2**24
# The columns of a strip, which one thread takes, and the rows of a block of it: both multiples of
# the rows for which one word of packed labels stands.
WIDTH = 192
HEIGHT = 2304
# Up to so many times WIDTH rows make one strip: half of a small matrix is not worth two.
SQUARE = 2


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
        square = self.size <= min(SQUARE * WIDTH, HEIGHT)
        self._width = self.size if square else WIDTH
        self._strips = list(pieces(0, self.size, self._width))
        entries = self.size * (self.size + self._width) // 2
        self._stored: dict[int, list[Tensor]] | None = {} if entries <= STORED_ENTRIES else None
        self._sum_rows()

    def forms(self, exact: Labels, fast: Labels) -> tuple[Array, Array]:
        """Return the centred forms of labels (k, N) in float64 and of labels (p, N) by float32
        products.

        One pass over the blocks serves both. Memory beside the labels, for each thread: 8 bytes
        for each entry of a block, 8 WIDTH bytes for every row of ``exact`` and 4 WIDTH for every
        row of ``fast``; by torch, some times the block besides.
        """
        if (whole := self._whole()) is not None and not len(fast):
            code = code_for(len(exact), self.size)
            if code is not None:
                return self._small_forms(code, whole, exact), np.zeros(0)
        device, sums = self._source.device, [np.zeros(len(some)) for some in (exact, fast)]
        make = strip_products(exact, fast, self._centring, self._width, device)

        def work(strip: slice, space: tuple[StripProducts, Tensor]) -> tuple[Array, Array]:
            products, memory = space
            for rows, block in self._given_blocks(strip, memory):
                products.add(rows, strip, block)
            return products.close(strip)

        def workspace() -> tuple[StripProducts, Tensor]:
            return make(), self._block()

        with full_float32():
            for parts in in_order(work, self._strips, workspace, device=device):
                for whole, part in zip(sums, parts, strict=True):
                    whole += part
        return 2 / self._scale * sums[0], 2 / self._scale * sums[1]

    def _small_forms(self, code: LabelCode, whole: Array, labels: Labels) -> Array:
        """Return the forms of many labels over a small matrix (N, padded), from half of it.

        The first, which is the one observed, is summed over the whole matrix.
        """
        centring = self._centring
        shift = np.zeros(whole.shape[1])
        shift[: self.size] = centring.shift.numpy()
        halves = halves_of_forms(Packed(code, labels), whole, shift, centring.scale)
        first = Sums(Packed(code, labels[:1]), np.float64, self.size)
        first.add(0, whole, 0.5 * shift, 0.5 * shift, 0.5 * centring.scale)
        halves[0] = first.close(slice(0, self.size))[0]
        return 2 / centring.scale * halves

    def linear(self, labels: Labels) -> Array:
        """Return aᵀ(K1 − mean) of labels (p, N): the row sums of group x less their expectation."""
        return centred_sums(self.row_sums, labels, STORED_ENTRIES // 8)

    def sums_over(self, group: Labels) -> Array:
        """Ka of one group's labels a (N,): each row's sum over that group, in float64."""
        import torch

        if (matrix := self.matrix()) is not None:
            return matrix @ group.astype(np.float64)
        chosen = torch.from_numpy(group.astype(np.float64)).to(self._source.device)

        def work(strip: slice, space: Tensor) -> tuple[Tensor, Tensor]:
            width = strip.stop - strip.start
            across, down = chosen.new_zeros(self.size - strip.start), chosen.new_zeros(width)
            for rows, block in self._given_blocks(strip, space):
                entries = block[:, :width]
                down += chosen[rows] @ entries
                across[rows.start - strip.start : rows.stop - strip.start] = entries @ chosen[strip]
            return across[width:], down

        sums = torch.zeros_like(chosen)
        results = in_order(work, self._strips, self._block, device=self._source.device)
        for strip, (across, down) in zip(self._strips, results, strict=True):
            sums[strip] += down
            sums[strip.stop :] += across
        return sums.cpu().numpy()

    def matrix(self) -> Array | None:
        """Return the whole matrix where it is small and kept, else None."""
        whole = self._whole()
        return None if whole is None else whole[:, : self.size]

    def _whole(self) -> Array | None:
        """Return the same with padded columns."""
        if not self._stored or len(self._strips) > 1 or self._source.device != "cpu":
            return None
        return self._stored[0][0].numpy()

    def lost(self) -> bool:
        """Tell whether the rounding of float64 hides that rows differ."""
        return lost_in_rounding(self._source, self.peak)

    def release(self) -> None:
        """Give back the memory of kept blocks; what is asked for later refills them."""
        self._stored = None

    def _sum_rows(self) -> None:
        """First pass: row sums, level and scale of the entries."""
        import torch

        sums, device = np.zeros(self.size), self._source.device
        code = compiled_code() if device == "cpu" and self.size >= COMPILED_ROWS else None

        def work(strip: slice, space: Tensor) -> tuple[Array, Array, Array]:
            width = strip.stop - strip.start
            across, down = np.zeros(self.size - strip.start), np.zeros((2, width))
            found = np.zeros(2)
            for rows, block in self._blocks(strip, space):
                # The square on the diagonal holds both halves, what follows only one.
                within = width if rows.start == strip.start else 0
                if code is None:
                    own = _survey(block[:, :width], within, down, found)
                else:
                    own = code.survey(block.numpy(), width, within, down, found)
                across[rows.start - strip.start : rows.stop - strip.start] = own
            return across[width:], down[0], found

        self.squares, self.peak = 0.0, 0.0
        results = in_order(work, self._strips, self._block, device=device)
        for strip, (across, down, found) in zip(self._strips, results, strict=True):
            sums[strip] += down
            sums[strip.stop :] += across
            self.squares += float(found[0])
            self.peak = max(self.peak, float(found[1]))
        self.row_sums: Array = sums
        self.total = float(self.row_sums.sum())
        centred = self.squares - float(
            2 * (self.row_sums**2).sum() / self.size - (self.total / self.size) ** 2
        )
        # The difference cancels where K is nearly constant; entries are then rounding themselves.
        centred = max(centred, self.squares * 2.0**-50)
        root = np.sqrt(centred) / self.size
        self._scale = float(np.exp2(-np.round(np.log2(root)))) if root > 0 else 1.0
        self.fast_error = float(2.0**-24 * np.sqrt(centred * self.size))
        shift = -self._scale * (sums / self.size - self.total / (2 * self.size**2))
        self._centring = Centring(self._scale, torch.from_numpy(shift).to(device))

    def _block(self) -> Tensor:
        """Return the memory for one block; there is none where blocks are kept."""
        return self._memory(0 if self._stored is not None else HEIGHT * padded(self._width))

    def _memory(self, entries: int) -> Tensor:
        import torch

        if self._source.device == "cpu":
            return torch.from_numpy(room(8 * entries).view(np.float64))
        return torch.empty(entries, dtype=torch.float64, device=self._source.device)

    def _blocks(self, strip: slice, space: Tensor) -> Iterator[tuple[slice, Tensor]]:
        """Return the blocks of a strip from the diagonal on, as the source gives them, with padded
        columns; kept if small."""
        kept: list[Tensor] = []
        width = strip.stop - strip.start
        for rows in pieces(strip.start, self.size, HEIGHT):
            shape = rows.stop - rows.start, padded(width)
            if self._stored is not None:
                space = self._memory(shape[0] * shape[1])
            block = space[: shape[0] * shape[1]].view(shape)
            kept.append(block)
            self._source.fill(rows, strip, block[:, :width])
            if rows.start == strip.start and not self._diagonal:
                block.fill_diagonal_(0.0)
            yield rows, block
        if self._stored is not None:
            self._stored[strip.start] = kept

    def _given_blocks(self, strip: slice, space: Tensor) -> Iterator[tuple[slice, Tensor]]:
        """Return the blocks of a strip after the first pass, kept or refilled."""
        if self._stored is None:
            return self._blocks(strip, space)
        return zip(pieces(strip.start, self.size, HEIGHT), self._stored[strip.start], strict=True)


def _survey(entries: Tensor, within: int, down: Array, found: Array) -> Array:
    """Do as :meth:`~gan_eval.stats.permutation.compiled.LabelCode.survey`, by torch."""
    low, high = entries.aminmax()
    down[0] += entries.sum(0).cpu().numpy()
    squares = entries.square().sum()
    if within < len(entries):
        squares = 2 * squares - entries[:within].square().sum()
    found += [float(squares), 0.0]
    found[1] = max(found[1], -float(low), float(high))
    # Nobody asks for the sums of rows that stand in the square on the diagonal.
    return np.append(np.zeros(within), entries[within:].sum(1).cpu().numpy())


def centred_sums(row_sums: Array, labels: Labels, entries: int) -> Array:
    """Return the sums of ``row_sums`` (N,), less their mean, over each of some labels (p, N), of
    which so many entries are worked on at once."""
    centred = row_sums - row_sums.mean()
    step = max(1, entries // len(centred))
    some = [labels[rows].astype(np.float64) @ centred for rows in pieces(0, len(labels), step)]
    return np.concatenate([np.zeros(0), *some])
