"""The energy statistic of many labels by the distances to some rows, the landmarks.

K(x, y) = |x| + |y| − |x − y| is positive semi-definite, and ãᵀDã = −ãᵀKã for distances D and ã less
its mean. With Z the landmarks, K ≈ L = K_xZ K_ZZ⁺ K_Zy (Nyström's approximation; Williams & Seeger,
"Using the Nyström method to speed up kernel machines", NeurIPS 2000) holds the large eigenvalues,
by which labels differ: it needs the sums of N × landmarks distances over the units of exchange
(:mod:`~gan_eval.stats.permutation.units`). The small ones, which are most of the trace with many
columns, add nearly the same to all labels.

What L lacks of the statistic as observed is estimated by random features, without bias for any
landmarks: if φ are features of K on average, φ(x) − K_xZ K_ZZ⁺ φ(Z) are those of K − L. It is added
to the statistics of all labels alike. Random features in the place of L would have to show all
small eigenvalues by few: their noise is a third of a standard deviation, in 20 columns.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from gan_eval.runtime.threads import in_order
from gan_eval.stats.kernels.features import Features
from gan_eval.stats.kernels.kernels import PairwiseBlocks, distance
from gan_eval.stats.permutation.engine import ENTRY_ROUNDING, GroupWeights
from gan_eval.stats.permutation.labels import Array, Labels
from gan_eval.stats.permutation.unit_sums import ROWS, UnitSums
from gan_eval.stats.permutation.units import Units

if TYPE_CHECKING:
    from torch import Tensor

LANDMARKS = 1024
REST_FREQUENCIES = 256
"""Of what the landmarks lack."""

# Landmarks, or frequencies, of which one thread holds the values at a time.
_BLOCK = 64
# Eigenvalues below this share of the largest are taken for 0: landmarks that coincide.
_SMALLEST = 2.0**-30


class LandmarkStatistics:
    """The statistic that weighs the group sums of the matrix of distances, under each of many
    labels.

    Parameters
    ----------
    points : ndarray, shape (N, d)
    chosen : ndarray of int
        The landmarks, rows of ``points``, drawn without labels.
    features : Features
        Of the distance.
    units : Units
    labels : ndarray of bool, shape (L, units)
        Of the smaller group, the observed ones first, as ``units`` draws them.
    weights : GroupWeights
        Of a biased form.
    device : str

    Attributes
    ----------
    values : ndarray, shape (L,)
    standard_error : float
        Of the observed value as an estimate of that of all pairs, from the rest's values over the
        groups of frequencies.
    between : float
        An estimate of the mean distance between the two samples as observed.
    rounding : float
        How far two values that are equal may differ, for distances about 1.
    """

    def __init__(
        self,
        points: Array,
        chosen: NDArray[np.integer],
        features: Features,
        units: Units,
        labels: Labels,
        weights: GroupWeights,
        device: str,
    ) -> None:
        import torch

        self._device, self._n, factor = device, units.n, -weights.quadratic
        self._rows = torch.from_numpy(points - np.median(points, axis=0)).to(device)
        self._landmarks = torch.from_numpy(chosen).to(device)
        self._norms = self._rows.square().sum(1).sqrt()
        self._source = PairwiseBlocks(points, distance(1.0), device)
        sums = self._label_sums(UnitSums(units, labels, device))
        root, stretch = self._root()
        squares = (sums @ root).square()
        forms = (squares @ stretch).cpu().numpy()
        # The smaller sample stands for the labels, which may be y.
        observed = sums[0] if weights.n <= weights.m else -sums[0]
        slopes = root @ (root.T @ observed)
        rest, self.between = self._rest(features, slopes)
        plain = float(squares[0].sum())
        self.values: Array = factor * (forms - forms[0] + plain + rest.mean())
        self.standard_error = abs(factor) * float(rest.std(ddof=1)) / len(rest) ** 0.5
        reach = 2 * abs(factor) * float((root @ (stretch * (root.T @ observed))).abs().sum())
        self.rounding = ENTRY_ROUNDING * len(points) ** 0.5 * reach

    def _label_sums(self, unit_sums: UnitSums) -> Tensor:
        """Return Σ_i ã_i K(x_i, z) for each label and landmark z, shape (L, landmarks)."""
        import torch

        def work(some: Tensor, space: Tensor) -> Tensor:
            def values(rows: slice) -> Tensor:
                out = space[: (rows.stop - rows.start) * len(some)].view(-1, len(some))
                self._source.fill(rows, some, out)
                # |z| is the same for all rows, and what is centred does not see it.
                return torch.sub(self._norms[rows, None], out, out=out)

            return unit_sums.of(values, len(some))[1]

        def space() -> Tensor:
            return self._rows.new_empty(ROWS * _BLOCK)

        parts = in_order(work, self._landmarks.split(_BLOCK), space, device=self._device)
        return torch.cat(list(parts), 1)

    def _root(self) -> tuple[Tensor, Tensor]:
        """Return R with RRᵀ = K_ZZ⁺, shape (landmarks, rank), and by how much to stretch the square
        along each column, which L shrinks.

        The many small eigenvalues, to which landmarks are strangers, act on K_ZZ as τ on its
        diagonal: the harmonic mean of what the other landmarks leave of each. L has (e − τ)² / e
        where e − τ is right.
        """
        import torch

        norms, size = self._norms[self._landmarks], len(self._landmarks)
        apart = self._rows.new_empty(size, size)
        self._source.fill(self._landmarks, self._landmarks, apart)
        values, vectors = torch.linalg.eigh(norms[:, None] + norms - apart)
        kept = values > max(0.0, _SMALLEST * float(values[-1]))
        values, left = values[kept], 1 - size / len(self._rows)
        tau = left * len(values) / float(values.reciprocal().sum()) if left and len(values) else 0.0
        return vectors[:, kept] / values.sqrt(), values / torch.maximum(values - tau, values / 2)

    def _rest(self, features: Features, slopes: Tensor) -> tuple[Array, float]:
        """Estimate ãᵀ(K − L)ã of x's labels by each group of frequencies, and the mean distance
        between the samples; ``slopes`` are K_ZZ⁺ Σ_i ã_i K(z, x_i)."""
        import torch

        groups, each, _ = features.weights.shape
        frequencies = torch.from_numpy(features.frequencies.reshape(groups * each, -1))
        n, m = self._n, len(self._rows) - self._n
        marked = self._rows[self._landmarks]

        def work(some: Tensor, _: None) -> tuple[Tensor, Tensor]:
            of_x, of_y = (self._waves(rows, some) for rows in self._rows.split([n, m]))
            lacking = n * m / (n + m) * (of_x / n - of_y / m)
            at = marked @ some.T
            lacking[0] -= slopes @ (at.cos() - 1)
            lacking[1] -= slopes @ at.sin()
            return lacking.square().sum(0).cpu(), (of_x * of_y).sum(0).cpu() / (n * m)

        blocks = frequencies.to(self._device).split(_BLOCK)
        found = list(in_order(work, blocks, lambda: None, device=self._device))
        lacks, alike = (
            torch.cat(part).numpy().reshape(groups, each) for part in zip(*found, strict=True)
        )
        shares = features.weights[:, :, 0]
        return groups * (shares * lacks).sum(axis=1), float((shares * (1 - alike)).sum())

    def _waves(self, rows: Tensor, frequencies: Tensor) -> Tensor:
        """Return the sums over rows of cosines and of sines, shape (2, frequencies)."""
        import torch

        sums = rows.new_zeros(2, len(frequencies))
        for some in rows.split(ROWS):
            phases = some @ frequencies.T
            sums += torch.stack([phases.cos().sum(0), phases.sin_().sum(0)])
        return sums
