"""Statistics of many labels, in several kernels at once, by sums of random features over units.

The centred form ãᵀKã of K_ij = Σ_w c_w cos(wᵀ(x_i − x_j)) is Σ_w c_w |Σ_i ã_i exp(i wᵀx_i)|²: it
needs the sums of the features over each unit of exchange
(:mod:`~gan_eval.stats.permutation.units`), and no pairs. All is done in float64.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gan_eval.runtime.threads import in_order
from gan_eval.stats.kernels.features import Features
from gan_eval.stats.permutation.engine import GroupWeights
from gan_eval.stats.permutation.labels import Array, Labels
from gan_eval.stats.permutation.unit_sums import ROWS, UnitSums
from gan_eval.stats.permutation.units import Units

if TYPE_CHECKING:
    from torch import Tensor

MMD_FREQUENCIES = 512
AGGREGATE_FREQUENCIES = 1024
"""Of one kernel, and of all kernels of an aggregate."""

# Frequencies whose sums one thread holds.
_BLOCK = 32


class FeatureStatistics:
    """The statistic that weighs the group sums of a matrix, under each of many labels.

    Parameters
    ----------
    features : Features
        Of K kernels.
    points : ndarray, shape (N, d)
    units : Units
    labels : ndarray of bool, shape (L, units)
        Of the smaller group, the observed ones first, as ``units`` draws them.
    weights : GroupWeights
    diagonal : bool
        False takes the diagonal out of the sums.
    device : str

    Attributes
    ----------
    values : ndarray, shape (K, L)
    standard_error : float
        Of the observed value, averaged over the kernels, as an estimate of that of the kernels
        themselves, from its values over the groups of frequencies.
    """

    def __init__(
        self,
        features: Features,
        points: Array,
        units: Units,
        labels: Labels,
        weights: GroupWeights,
        *,
        diagonal: bool,
        device: str,
    ) -> None:
        import torch

        n, m = (weights.of_smaller().n, weights.of_smaller().m)
        size = n + m
        rows, unit_sums = _centred(points).to(device), UnitSums(units, labels, device)
        groups, each, kernels = features.weights.shape
        coefficients = torch.from_numpy(features.weights.reshape(-1, kernels)).to(device)
        frequencies = torch.from_numpy(features.frequencies.reshape(groups * each, -1)).to(device)
        blocks = list(zip(frequencies.split(_BLOCK), coefficients.split(_BLOCK), strict=True))

        def work(block: tuple[Tensor, Tensor], _: None) -> tuple[Tensor, ...]:
            chosen, weighs = block
            means, sums = unit_sums.of(lambda some: _features(rows[some], chosen), 2 * len(chosen))
            squares = sums.square().view(len(sums), 2, -1).sum(1)
            along = (size * means * sums).view(len(sums), 2, -1).sum(1)
            level = means.square().view(2, -1).sum(0)
            return squares @ weighs, along @ weighs, level, squares[0], along[0]

        forms, parts = np.zeros((2, len(labels), kernels)), []
        for found in in_order(work, blocks, lambda: None, device=device):
            forms[0] += found[0].cpu().numpy()
            forms[1] += found[1].cpu().numpy()
            parts.append([part.cpu().numpy() for part in found[2:]])
        level, squares, along = (np.concatenate(part) for part in zip(*parts, strict=True))
        flat, own = features.weights.reshape(-1, kernels), 0.0 if diagonal else 1.0
        small = weights.of_smaller()

        def statistic(form: Array, line: Array, total: Array) -> Array:
            value = small.quadratic * form + small.constant * total
            return value + small.linear * line if small.linear else value

        total = size * size * level @ flat - own * size
        own_form = own * n * m / size
        self.values = statistic(forms[0] - own_form, forms[1], total).T
        # Each group of frequencies estimates the same, by itself.
        spread = flat.mean(axis=1).reshape(groups, each) * groups
        one_form, one_line, one_level = (
            (part.reshape(groups, each) * spread).sum(axis=1) for part in (squares, along, level)
        )
        by_group = statistic(one_form - own_form, one_line, size * size * one_level - own * size)
        self.standard_error = float(by_group.std(ddof=1) / groups**0.5)


class FeatureRows:
    """The sums over groups of rows that an interval needs, of one kernel without its diagonal.

    ``row_sums`` and ``sums_over(in_x)`` as of
    :class:`~gan_eval.stats.permutation.dense.SymmetricForm`, for the samples as observed.
    """

    def __init__(self, features: Features, points: Array, in_x: Labels, device: str) -> None:
        import torch

        self._in_x = in_x
        rows = _centred(points).to(device)
        groups = torch.from_numpy(np.stack([in_x, ~in_x]).astype(np.float64)).to(device)
        frequencies = torch.from_numpy(features.frequencies.reshape(-1, points.shape[1]))
        weights = torch.from_numpy(features.weights.reshape(-1))

        def work(block: tuple[Tensor, Tensor], _: None) -> Tensor:
            chosen, weighs = (part.to(device) for part in block)
            kept = [
                _features(rows[some : some + ROWS], chosen) for some in range(0, len(rows), ROWS)
            ]
            sums = sum(
                groups[:, i * ROWS : (i + 1) * ROWS] @ part for i, part in enumerate(kept)
            ) * weighs.repeat(2)
            return torch.cat([part @ sums.T for part in kept])

        blocks = list(zip(frequencies.split(_BLOCK), weights.split(_BLOCK), strict=True))
        over = np.zeros((len(points), 2))
        for part in in_order(work, blocks, lambda: None, device=device):
            over += part.cpu().numpy()
        over_x, over_y = over.T
        self._over_x: Array = over_x - in_x
        self.row_sums: Array = over_x + over_y - 1.0

    def sums_over(self, group: Labels) -> Array:
        """Return the sums over the rows of x, shape (N,)."""
        assert group is self._in_x or np.array_equal(group, self._in_x)
        return self._over_x


def _centred(points: Array) -> Tensor:
    """Take off the medians: a common offset would take digits of the phases."""
    import torch

    return torch.from_numpy(points - np.median(points, axis=0))


def _features(rows: Tensor, frequencies: Tensor) -> Tensor:
    """Return the cosines and the sines (rows, 2f) of the phases wᵀx."""
    import torch

    phases = rows @ frequencies.T
    return torch.cat([phases.cos(), phases.sin()], 1)
