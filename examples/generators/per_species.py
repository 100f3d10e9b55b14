"""A generator of tables that have a column of categories: it takes and gives a DataFrame."""

import pandas as pd


class PerSpecies:
    """A Gaussian for each level of a column, the other columns being numbers."""

    def __init__(self, by="species"):
        self.by = by

    def fit(self, rows, rng):
        """Find the mean and covariance of each level's rows."""
        self.columns, self.levels = list(rows.columns), rows[self.by].to_numpy()
        numbers = rows.columns.drop(self.by)
        self.moments = {level: (g.mean(), g.cov()) for level, g in rows.groupby(self.by)[numbers]}
        return self

    def sample(self, n, rng):
        """Draw a level as often as the training rows have it, and a row of its Gaussian."""
        made = []
        for level in rng.choice(self.levels, size=n):
            mean, covariance = self.moments[level]
            numbers = rng.multivariate_normal(mean, covariance)
            made.append(dict(zip(mean.index, numbers, strict=True)) | {self.by: level})
        return pd.DataFrame(made, columns=self.columns)
