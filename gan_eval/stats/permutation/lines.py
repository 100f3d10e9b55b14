"""Centred quadratic forms of distances by projections to lines, where sorting replaces pairs.

In one dimension the energy distance is twice the integral of the squared difference of the two
distribution functions: one sort, and cumulative sums along it for every labelling.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import frexp, pi, sqrt
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import poch

from gan_eval.runtime.threads import in_order
from gan_eval.stats.permutation.dense import pieces
from gan_eval.stats.permutation.engine import ENTRY_ROUNDING, LOST_SHARE
from gan_eval.stats.permutation.labels import Array, Labels
from gan_eval.stats.samples import rounding
from gan_eval.stats.scaling import nearest_rows

if TYPE_CHECKING:
    import torch
    from torch import Tensor


# Rows summed up at a time; their sums of labels must fit a byte.
ROWS = 128
# Entries of (rows, labels) that a cache holds.
ENTRIES = 2**20
# Labels summed up at once, and the pieces of so many of them in one pass over the lines.
LABELS = 512
PIECES = 4
# Directions of one group in the plane: they part the half circle evenly.
PLANE_DIRECTIONS = 8


def direction_groups(d: int, projections: int, generator: np.random.Generator) -> Array:
    """Groups of unit vectors, shape (groups, size, d), of at least ``projections`` in all.

    Each group is one fixed design, rotated uniformly: for d = 1 the line itself (one group), for
    d = 2 eight evenly spread directions, above d orthogonal ones. A group's mean is that of the
    uniform direction on average, and varies less than the mean of as many independent ones. The
    groups are independent; for d > 1 there are at least two, so that an error can be estimated.
    """
    if d == 1:
        return np.ones((1, 1, 1))
    size = PLANE_DIRECTIONS if d == 2 else d
    groups = max(2, -(-projections // size))
    if d == 2:
        angles = pi * (generator.random((groups, 1)) + np.arange(size)) / size
        return np.stack([np.cos(angles), np.sin(angles)], axis=2)
    frames, triangles = np.linalg.qr(generator.standard_normal((groups, d, d)))
    # QR leaves the signs to the algorithm; with those of the diagonal the rotation is uniform.
    return frames * np.sign(np.einsum("gii->gi", triangles))[:, None, :]


def projection_constant(d: int) -> float:
    """Return c = √π Γ((d + 1)/2) / Γ(d/2): ‖z‖ is c times the mean of |uᵀz| over unit vectors u."""
    return sqrt(pi) * float(poch(d / 2, 0.5))


class SlicedForm:
    """ãᵀDã for the distances D_ij = c · mean over directions u of |uᵀ(x_i − x_j)|.

    Has the face of :class:`~gan_eval.stats.permutation.dense.SymmetricForm`.

    Parameters
    ----------
    points : ndarray, shape (N, d)
    groups : ndarray, shape (groups, size, d)
        Unit vectors, as :func:`direction_groups` gives them.
    in_x : ndarray of bool, shape (N,)
        The labels whose form's standard error is wanted.
    device : str
    error : float, optional
        As for :class:`~gan_eval.stats.kernels.kernels.PairwiseBlocks`.

    Attributes
    ----------
    standard_error : float
        Of the form of the observed labels as an estimate of that of the distances ‖x_i − x_j‖,
        from its values over the groups. 0 in one dimension, where there is nothing to estimate.

    Notes
    -----
    On one line, with the points sorted to v_1 ≤ v_2 …, ãᵀDã = −2 Σ_i (v_{i+1} − v_i) S_i², where
    S_i = ã_1 + … + ã_i (Székely & Rizzo 2013, sec. 2: the Cramér distance).
    """

    def __init__(
        self, points: Array, groups: Array, in_x: Labels, device: str, error: float | None = None
    ) -> None:
        import torch

        (self.size, d), self._device = points.shape, device
        self._constant = projection_constant(d)
        self._lines = list(torch.from_numpy(groups.reshape(-1, d)).to(device))
        # Centred, because a common offset would take digits of the projections.
        self._given = points
        self._points = torch.from_numpy(points - np.median(points, axis=0)).to(device)
        values = self._survey(in_x)
        means = values.reshape(len(groups), -1).mean(axis=1)
        several = len(groups) > 1
        self.standard_error = float(means.std(ddof=1) / len(groups) ** 0.5) if several else 0.0
        error = rounding(points) if error is None else error
        self.rounding = 2 * error * sqrt(d) * self._constant

    def forms(self, exact: Labels, fast: Labels) -> tuple[Array, Array]:
        """Return the forms of labels (k, N) in float64 and of labels (p, N) in float32."""
        import torch

        found = np.zeros(len(exact)), np.zeros(len(fast))
        kinds = (exact, torch.float64, found[0]), (fast, torch.float32, found[1])
        some = [
            (labels[rows], dtype, sums[rows])
            for labels, dtype, sums in kinds
            for rows in pieces(0, len(labels), LABELS)
        ]
        for rows in pieces(0, len(some), PIECES):
            self._add_forms(some[rows])
        factor = -2 * self._constant * self._scale / len(self._lines)
        return factor * found[0], factor * found[1]

    def linear(self, labels: Labels) -> Array:
        """Return aᵀ(D1 − mean) of labels (p, N)."""
        centred = self.row_sums - self.row_sums.mean()
        return np.array([centred[row].sum() for row in labels])

    def lost(self) -> bool:
        """Tell whether the rounding of the widest line hides that rows differ."""
        error = ENTRY_ROUNDING * self.size**0.5 * self.peak
        nearest = nearest_rows(self._points.cpu().numpy(), self._given)
        return error > LOST_SHARE * nearest / self.size

    def _add_forms(self, some: list[tuple[Labels, torch.dtype, Array]]) -> None:
        """Add Σ_i (v_{i+1} − v_i) S_i², summed over the lines, to the last of each."""
        import torch

        given = []
        for labels, dtype, _ in some:
            # Rows of points, so that sorting them moves whole rows of labels.
            turned = torch.from_numpy(labels.view(np.uint8)).to(self._device).T.contiguous()
            counts = [np.count_nonzero(row) for row in labels]
            shares = torch.tensor(counts, dtype=torch.float64, device=self._device) / self.size
            given.append((turned, shares, dtype))

        def work(direction: Tensor, spaces: list[Workspace]) -> list[Tensor]:
            line, order = sorted_line(self._points @ direction)
            gaps = line.diff() / self._scale
            return [space.form(gaps, order) for space in spaces]

        for results in in_order(
            work, self._lines, lambda: [Workspace(*labels) for labels in given], device=self._device
        ):
            for (_, _, sums), result in zip(some, results, strict=True):
                sums += result.cpu().numpy()

    def _survey(self, in_x: Labels) -> Array:
        """First pass: row sums, the scales of rounding, and the observed form along each line."""
        import torch

        size = self.size
        ranks = torch.arange(1, size, dtype=torch.float64, device=self._device)
        centred = torch.from_numpy(in_x - in_x.mean()).to(self._device)

        def work(direction: Tensor, _: None) -> tuple[Tensor, float, float, float]:
            line, order = sorted_line(self._points @ direction)
            gaps = line.diff()
            # The sum of distances grows by a gap for each row passed, less one for each to come.
            sums = torch.empty_like(line)
            sums[0] = (line - line[0]).sum()
            sums[1:] = sums[0] + (gaps * (2 * ranks - size)).cumsum(0)
            rows = torch.empty_like(line).scatter_(0, order, sums)
            form = -2 * float(gaps @ centred[order].cumsum(0)[:-1].square())
            return rows, float(line[-1] - line[0]), float(gaps @ (ranks * (size - ranks))), form

        sums = torch.zeros(size, dtype=torch.float64, device=self._device)
        widest, moments, forms = 0.0, 0.0, []
        results = in_order(work, self._lines, lambda: None, device=self._device)
        for rows, width, moment, form in results:
            sums += rows
            widest = max(widest, width)
            moments += moment
            forms.append(form)
        self.row_sums: Array = self._constant / len(self._lines) * sums.cpu().numpy()
        self.total = float(self.row_sums.sum())
        self.peak = self._constant * widest
        # A power of two: the widest line fits float32, and float64 does not notice.
        self._scale = 2.0 ** max(0, frexp(widest)[1] - 60)
        # Where half of the rows are labelled, a form is about a quarter of this; float32 rounds
        # it a few times.
        self.fast_error = 2.0**-22 * self._constant * moments / len(self._lines) / size
        return self._constant * np.array(forms)


class Workspace:
    """The memory in which one thread sums labels up along a line.

    Parameters
    ----------
    turned : Tensor, shape (N, count), uint8
        Labels, a row for each point.
    shares : Tensor, shape (count,), float64
        Their means.
    dtype : torch.dtype
    """

    def __init__(self, turned: Tensor, shares: Tensor, dtype: torch.dtype) -> None:
        import torch

        self._turned, count = turned, turned.shape[1]
        self._chunks = max(1, ENTRIES // (ROWS * count))
        rows = self._chunks * ROWS
        self._labels = turned.new_empty((rows, count))
        self._sums = turned.new_empty((rows, count), dtype=dtype)
        self._shares = shares
        ranks = torch.arange(1, ROWS + 1, dtype=torch.float64, device=turned.device)
        self._expected = torch.outer(ranks, self._shares).to(dtype)

    def form(self, gaps: Tensor, order: Tensor) -> Tensor:
        """Σ_i (v_{i+1} − v_i) S_i² for every label, float64.

        ``gaps`` (N − 1,) are the differences of the points sorted along a line by ``order`` (N,).
        """
        import torch

        gaps = gaps.to(self._sums.dtype)
        total, before = torch.zeros_like(self._shares), torch.zeros_like(self._shares)
        for top, chunks, rows in self._pieces(len(gaps)):
            some = slice(top, top + chunks * rows)
            labels, sums = self._labels[: chunks * rows], self._sums[: chunks * rows]
            torch.index_select(self._turned, 0, order[some], out=labels)
            inside, within = labels.view(chunks, rows, -1), sums.view(chunks, rows, -1)
            add_up(inside)
            within.copy_(inside).sub_(self._expected[:rows])
            # What the chunks add to S is kept in float64: whole numbers less one product.
            gains = inside[:, -1] - rows * self._shares
            reached = before + gains.cumsum(0)
            within.add_((reached - gains)[:, None].to(sums.dtype))
            total += gaps[some] @ sums.square_()
            before = reached[-1]
        return total

    def _pieces(self, size: int) -> Iterator[tuple[int, int, int]]:
        """Return where a piece begins, and its number of chunks and of rows in each."""
        top = 0
        while size - top >= ROWS:
            chunks = min(self._chunks, (size - top) // ROWS)
            yield top, chunks, ROWS
            top += chunks * ROWS
        if top < size:
            yield top, 1, size - top


def sorted_line(values: Tensor) -> tuple[Tensor, Tensor]:
    """Return the values in order, and their places before; on the CPU by NumPy, four times as
    fast."""
    import torch

    if values.device.type != "cpu":
        ordered, order = torch.sort(values)
        return ordered, order
    order = torch.from_numpy(np.argsort(values.numpy()))
    return values[order], order


def add_up(labels: Tensor) -> None:
    """Cumulative sums along axis 1 in place, by halves: two additions an entry."""
    rows, step = labels.shape[1], 1
    while step < rows:
        # Every block of 2·step rows: its last row gains the sum of its first half.
        labels[:, 2 * step - 1 :: 2 * step].add_(labels[:, step - 1 : rows - step : 2 * step])
        step *= 2
    while step > 1:
        step //= 2
        labels[:, 3 * step - 1 :: 2 * step].add_(labels[:, 2 * step - 1 : rows - step : 2 * step])
