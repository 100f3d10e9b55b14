"""A generator that learns nothing: it hands out its training rows, as they are or with noise."""

import numpy as np


class Copier:
    """A copier of training rows, drawn with replacement."""

    def __init__(self, noise=0.0):
        """Take the standard deviation of the noise, in those of the columns."""
        self.noise = noise

    def fit(self, rows, rng):
        """Keep the rows (n, d)."""
        self.rows = np.asarray(rows, dtype=float)
        return self

    def sample(self, n, rng):
        """Draw n of the rows, and move each a little."""
        copies = self.rows[rng.integers(len(self.rows), size=n)]
        return copies + self.noise * self.rows.std(axis=0) * rng.standard_normal(copies.shape)
