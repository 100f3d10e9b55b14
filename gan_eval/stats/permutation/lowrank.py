"""Centred quadratic forms of a smooth kernel by a low-rank factor K ≈ LᵀL with a computed bound.

Smooth kernels of points in few dimensions have eigenvalues that fall so fast that a factor of a
hundred or so rows holds all that float64 can see. The cost then grows with N, not with N².
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from numpy.typing import NDArray

from gan_eval.runtime.threads import full_float32, in_order
from gan_eval.stats.kernels.kernels import BlockSource
from gan_eval.stats.permutation.compiled import (
    Array,
    LabelCode,
    Labels,
    code_for,
    padded,
    true_counts,
)
from gan_eval.stats.permutation.dense import SymmetricForm, centred_sums, lost_in_rounding
from gan_eval.stats.permutation.engine import GroupWeights
from gan_eval.stats.permutation.label_sums import Packed, Sums
from gan_eval.stats.permutation.pivots import FACTOR_ERROR, Pivots
from gan_eval.stats.permutation.products import pieces

if TYPE_CHECKING:
    from torch import Tensor


# Rows named as those that L explains worst.
LACKING = 256
# Up to this many entries (256 MB) L is kept, above it is computed anew in each pass.
STORED_ENTRIES = 2**25
# Rows worked on at once, the least that are worth a thread, and the most parts of all rows.
ROWS = 1024
# Rows added up in float32 by sums of six.
ADDED_ROWS = 4096
PART_ROWS = 4096
PARTS = 48
# Labels in one pass, and those turned to floating point at once.
LABELS = 1024
CONVERTED_LABELS = 256
# Up to so many rows a decision that the bound leaves open is taken by the dense matrix.
DENSE_ROWS = 2**17


class LowRankForm:
    """Centred quadratic forms ãᵀKã of many labels, K = LᵀL + R with a small residual R.

    Has the face of :class:`~gan_eval.stats.permutation.dense.SymmetricForm`.

    Parameters
    ----------
    source : BlockSource
        Gives K.
    pivots : Pivots
        Rows of which L is made.
    diagonal : bool
        False takes the diagonal of K, which is 1, out of the forms: exactly, by −‖ã‖².

    Attributes
    ----------
    rank : int
        Rows of L.
    residual : float
        trace(R), over all rows.
    trace : float
        The same and what the rounding of float64 may hide of it.
    lacking : ndarray of int
        The rows that L explains worst.

    Notes
    -----
    R is positive semi-definite, so 0 ≤ ãᵀRã ≤ trace(R) ‖ã‖² with ‖ã‖² = nm / N, for all labels at
    once. Row sums are off by R1: |ãᵀR1| ≤ trace(R) ‖ã‖ √N, by the Cauchy–Schwarz inequality in R.
    """

    peak = 1.0

    def __init__(self, source: BlockSource, pivots: Pivots, *, diagonal: bool) -> None:
        import torch

        self._source, self._diagonal, self._device = source, diagonal, source.device
        self.size, self.rounding, self.rank = source.size, source.rounding, pivots.rank
        self._pivots = torch.from_numpy(pivots.rows).to(self._device)
        self._triangle = torch.from_numpy(pivots.triangle).to(self._device)
        self._parts = list(pieces(0, self.size, max(PART_ROWS, -(-self.size // PARTS))))
        self._stored: Tensor | None = None
        # Chosen among all rows, the pivots come with the whole of L.
        if np.array_equal(pivots.candidates, np.arange(self.size)):
            self._stored = torch.from_numpy(pivots.factor).to(self._device)
        self._survey()

    def forms(self, exact: Labels, fast: Labels) -> tuple[Array, Array]:
        """Return the forms of labels (k, N) by float64 and of labels (p, N) by float32 products of
        L."""
        return self._forms(exact, np.float64), self._forms(fast, np.float32)

    def linear(self, labels: Labels) -> Array:
        """Return aᵀ(K1 − mean) of labels (p, N)."""
        return centred_sums(self.row_sums, labels, STORED_ENTRIES // 8)

    def truncation(self, weights: GroupWeights) -> float:
        """Return how far the difference of two labellings' statistics may be off because of R."""
        n, m = weights.n, weights.m
        return self.trace * (
            abs(weights.quadratic) * n * m / self.size
            + 2 * abs(weights.linear) * float(np.sqrt(n * m))
        )

    def bound(self, weights: GroupWeights) -> float:
        """Return how far any labelling's statistic may be off because of R."""
        return self.truncation(weights) + abs(weights.constant) * self.trace * self.size

    def factor(self, rows: NDArray[np.intp]) -> Array | None:
        """Return the columns of L for some rows, shape (rank, rows); None where L is not kept, or
        the entries of LᵀL are not those of K to ``FACTOR_ERROR`` on average."""
        if self._stored is None or self.trace > FACTOR_ERROR * self.size:
            return None
        return self._stored[:, rows].cpu().numpy()

    def dense(self) -> SymmetricForm | None:
        """Return the same forms without a residual; None for more rows than is reasonable."""
        small = self.size <= DENSE_ROWS
        return SymmetricForm(self._source, diagonal=self._diagonal) if small else None

    def lost(self) -> bool:
        """Tell whether the rounding of float64 hides that rows differ."""
        return lost_in_rounding(self._source, self.peak)

    @cached_property
    def row_sums(self) -> Array:
        """K1, without the diagonal if so asked, up to R1."""
        return self._times(self._sums) - (0.0 if self._diagonal else 1.0)

    @cached_property
    def squares(self) -> float:
        """‖K‖_F² without the diagonal, less than (2 ‖K‖_F + trace(R)) trace(R) from the truth."""
        import torch

        def work(part: slice, space: Tensor) -> tuple[Tensor, Tensor]:
            gram, diagonal = self._sums.new_zeros(self.rank, self.rank), self._sums.new_zeros(())
            for _, block in self._blocks(part, space):
                gram.addmm_(block, block.T)
                diagonal += block.square().sum(0).square().sum()
            return gram, diagonal

        parts = list(in_order(work, self._parts, self._workspace, device=self._device))
        gram = torch.stack([gram for gram, _ in parts]).sum(0)
        return float(gram.square().sum() - sum(diagonal for _, diagonal in parts))

    def sums_over(self, group: Labels) -> Array:
        """Ka of one group's labels a (N,), up to Ra."""
        import torch

        chosen = torch.from_numpy(group.astype(np.float64)).to(self._device)

        def work(part: slice, space: Tensor) -> Tensor:
            products = [block @ chosen[rows] for rows, block in self._blocks(part, space)]
            return torch.stack(products).sum(0)

        if self._stored is not None:
            sums = self._stored @ chosen
        else:
            sums = sum(in_order(work, self._parts, self._workspace, device=self._device))
        return self._times(cast("Tensor", sums)) - (0.0 if self._diagonal else group)

    def _times(self, combination: Tensor) -> Array:
        """Lᵀ times (rank,) numbers."""
        import torch

        def work(part: slice, space: Tensor) -> Tensor:
            return torch.cat([combination @ block for _, block in self._blocks(part, space)])

        if self._stored is not None:
            return (combination @ self._stored).cpu().numpy()
        results = in_order(work, self._parts, self._workspace, device=self._device)
        return torch.cat(list(results)).cpu().numpy()

    def _survey(self) -> None:
        """First pass: the residual's diagonal, and the sums over the rows."""
        import torch

        keep = None
        if self._stored is None and self.rank * self.size <= STORED_ENTRIES:
            keep = self._triangle.new_empty(self.rank, self.size)

        def work(part: slice, space: Tensor) -> tuple[Tensor, Tensor, Tensor]:
            sums, residuals = self._triangle.new_zeros(self.rank), []
            for rows, block in self._blocks(part, space):
                if keep is not None:
                    keep[:, rows] = block
                sums += block.sum(1)
                residuals.append((1 - block.square().sum(0)).clamp_(min=0))
            lacks = torch.cat(residuals)
            values, where = lacks.topk(min(LACKING, len(lacks)))
            worst = torch.stack([values, (where + part.start).double()])
            return sums, lacks.sum(), worst

        self._sums, self.residual, worst = self._triangle.new_zeros(self.rank), 0.0, []
        for sums, lack, some in in_order(work, self._parts, self._workspace, device=self._device):
            self._sums += sums
            self.residual += float(lack)
            worst.append(some)
        self._stored = keep if self._stored is None else self._stored
        self.trace = self.residual + self.size * self.rank * 2.0**-53
        joined = torch.cat(worst, 1)
        chosen = joined[1, joined[0].topk(min(LACKING, joined.shape[1])).indices]
        self.lacking = chosen.cpu().numpy().astype(np.intp)
        self.total = float(self._sums @ self._sums) - (0.0 if self._diagonal else self.size)
        self._means = self._sums[:, None] / self.size
        # ‖L‖² less that of its means: the trace of HLᵀLH, of which a form is about nm / N².
        centred = self.size - self.residual - float(self._sums @ self._sums) / self.size
        self.fast_error = 2.0**-24 * ROWS**0.5 * max(centred, 0.0)

    def _forms(self, labels: Labels, dtype: type[np.floating[Any]]) -> Array:
        import torch

        code, values = None, [np.zeros(0)]
        if dtype is np.float32 and self._device == "cpu":
            code = code_for(len(labels), self.size)
        with full_float32():
            for some in pieces(0, len(labels), LABELS):
                if code is None:
                    given = torch.from_numpy(labels[some].view(np.uint8)).to(self._device)
                    work = partial(self._products, given, dtype)
                else:
                    work = partial(self._compiled_products, code, labels[some])
                sums = self._sums.new_zeros(())
                for product in in_order(work, self._parts, self._workspace, device=self._device):
                    sums = sums + product
                values.append(sums.square().sum(1).cpu().numpy())
        forms = np.concatenate(values)
        if self._diagonal:
            return forms
        counts = true_counts(labels).astype(np.float64)
        return forms - counts * (self.size - counts) / self.size

    def _products(self, labels: Tensor, dtype: Any, part: slice, space: Tensor) -> Tensor:
        """Σ_i a_i (L_i − mean) over the rows i of a part, float64 of shape (labels, rank)."""
        import torch

        kind = torch.float32 if dtype is np.float32 else torch.float64
        sums = self._sums.new_zeros(len(labels), self.rank)
        converted = torch.empty(CONVERTED_LABELS * ROWS, dtype=kind, device=self._device)
        for rows, block in self._blocks(part, space):
            centred = (block - self._means).to(kind)
            for some in pieces(0, len(labels), CONVERTED_LABELS):
                chosen = labels[some, rows]
                chosen = converted[: chosen.numel()].view(chosen.shape).copy_(chosen)
                sums[some].add_(chosen @ centred.T)
        return sums

    def _compiled_products(
        self, code: LabelCode, labels: Labels, part: slice, space: Tensor
    ) -> Tensor:
        """Return the same by float32 and compiled code."""
        import torch

        found = self._sums.new_zeros(len(labels), self.rank)
        of_columns = np.zeros(padded(self.rank))
        of_columns[: self.rank] = -self._means[:, 0].numpy()
        length = ROWS if self._stored is None else ADDED_ROWS
        for rows, block in self._blocks(part, space, length):
            matrix = np.zeros((rows.stop - rows.start, len(of_columns)))
            matrix[:, : self.rank] = block.T.numpy()
            sums = Sums(Packed(code, labels, rows), np.float32, self.rank)
            sums.add(0, matrix, np.zeros(len(matrix)), of_columns, 1.0)
            found += torch.from_numpy(sums.values())
        return found

    def _blocks(
        self, part: slice, space: Tensor, length: int = 0
    ) -> Iterator[tuple[slice, Tensor]]:
        """Return the columns of L for the rows of a part, so many at a time, as (rows, (rank,
        some))."""
        import torch

        for rows in pieces(part.start, part.stop, length or ROWS):
            if self._stored is not None:
                yield rows, self._stored[:, rows]
                continue
            width = rows.stop - rows.start
            kernel = space[: self.rank * width].view(self.rank, width)
            self._source.fill(cast(slice, self._pivots), rows, kernel)
            yield rows, torch.linalg.solve_triangular(self._triangle, kernel, upper=False)

    def _workspace(self) -> Tensor:
        return self._triangle.new_empty(self.rank * ROWS)
