"""A normalising flow in NumPy, whose density is exact.

V. Laparra, G. Camps-Valls, J. Malo, "Iterative Gaussianization: from ICA to random rotations",
IEEE Transactions on Neural Networks 22 (2011), with quantiles in place of histograms.
"""

import numpy as np
from scipy.special import ndtri
from scipy.stats import norm


class Flow:
    """A flow of rotations, each followed by a stretching of every axis towards a normal one.

    The stretching of an axis is linear between ``knots`` quantiles of the training rows and beyond
    them, so that it can be undone exactly, and the logarithm of its slope is added to the density.
    """

    def __init__(self, layers=40, knots=40, left_out=0.2):
        self.layers, self.knots, self.left_out = layers, knots, left_out

    def fit(self, rows, rng):
        """Learn from rows (n, d), with as many layers as suit a share of them that is left out."""
        rows = rng.permutation(rows)
        n, d = round(len(rows) * (1 - self.left_out)), rows.shape[1]
        levels = (np.arange(min(self.knots, n // 2)) + 0.5) / min(self.knots, n // 2)
        self.stack, z, total, found = [], rows, np.zeros(len(rows)), []
        for layer in range(self.layers):
            rotation = np.linalg.qr(rng.standard_normal((d, d)))[0] if layer else np.eye(d)
            axes = [knots_of(column, levels) for column in (z[:n] @ rotation).T]
            self.stack.append((rotation, axes))
            z, slopes = forward(z, rotation, axes)
            total += slopes
            found.append((total + norm.logpdf(z).sum(axis=1))[n:].mean())
        del self.stack[1 + np.argmax(found) :]
        return self

    def sample(self, n, rng):
        """Draw n rows: normal ones, sent back through the layers."""
        z = rng.standard_normal((n, len(self.stack[0][0])))
        for rotation, axes in reversed(self.stack):
            back = [stretch(c, *axis[::-1])[0] for c, axis in zip(z.T, axes, strict=True)]
            z = np.column_stack(back) @ rotation.T
        return z

    def log_density(self, x):
        """Compute ln q, in nats, at rows x (n, d)."""
        z, total = np.asarray(x, dtype=float), 0.0
        for rotation, axes in self.stack:
            z, slopes = forward(z, rotation, axes)
            total = total + slopes
        return total + norm.logpdf(z).sum(axis=1)


def forward(z, rotation, axes):
    """Send rows through a layer, and return the sums of the logarithms of the slopes too."""
    pairs = [stretch(c, *axis) for c, axis in zip((z @ rotation).T, axes, strict=True)]
    values, slopes = zip(*pairs, strict=True)
    return np.column_stack(values), np.log(slopes).sum(axis=0)


def knots_of(column, levels):
    """Find the quantiles of a column, each once, and the normal quantiles that they go to."""
    knots, first = np.unique(np.quantile(column, levels), return_index=True)
    if len(knots) == 1:  # all values are one: it is only moved
        knots, first = np.array([knots[0], knots[0] + 1.0]), np.array([0, len(levels) - 1])
    return knots, ndtri(levels[first])


def stretch(values, source, goal):
    """Map values by lines between the knots, and return the slopes too."""
    slopes = np.diff(goal) / np.diff(source)
    piece = np.clip(np.searchsorted(source, values) - 1, 0, len(slopes) - 1)
    return goal[piece] + (values - source[piece]) * slopes[piece], slopes[piece]
