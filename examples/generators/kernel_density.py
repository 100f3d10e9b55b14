"""A kernel density estimate, by scikit-learn."""

import numpy as np
from sklearn.model_selection import GridSearchCV, KFold
from sklearn.neighbors import KernelDensity


class CrossValidatedKernelDensity:
    """A Gaussian bump on each training row, as wide as suits training rows that were left out.

    Its rows are training rows with noise. Where the bumps are narrow it copies.
    """

    def __init__(self, narrowest=0.003, widest=1.0, widths=20, folds=5):
        self.narrowest, self.widest, self.widths, self.folds = narrowest, widest, widths, folds

    def fit(self, rows, rng):
        """Choose the width, in standard deviations of the columns of rows (n, d)."""
        self.mean, self.scale = rows.mean(axis=0), rows.std(axis=0)
        folds = KFold(self.folds, shuffle=True, random_state=int(rng.integers(2**31)))
        widths = {"bandwidth": np.geomspace(self.narrowest, self.widest, self.widths)}
        search = GridSearchCV(KernelDensity(), widths, cv=folds)
        self.model = search.fit((rows - self.mean) / self.scale).best_estimator_
        return self

    def sample(self, n, rng):
        """Draw n rows."""
        rows = self.model.sample(n, random_state=int(rng.integers(2**31)))
        return rows * self.scale + self.mean

    def log_density(self, x):
        """Compute ln q, in nats, at rows x (n, d)."""
        standardised = (np.asarray(x) - self.mean) / self.scale
        return self.model.score_samples(standardised) - np.log(self.scale).sum()
