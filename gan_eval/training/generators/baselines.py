"""The baselines of every study of generators: what is easily reached, by whom, and by the truth."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
import pandas as pd

from gan_eval.distributions.gaussian import Gaussian
from gan_eval.runtime.errors import UsageError


def draw_from(law: Gaussian, n: int, rng: np.random.Generator) -> np.ndarray:
    """Draw n rows (n, d) of one Gaussian, of full rank or not.

    Examples
    --------
    >>> draw_from(Gaussian(np.ones(2), np.zeros((1, 2))), 2, np.random.default_rng(0)).tolist()
    [[1.0, 1.0], [1.0, 1.0]]
    """
    factor = law.factor if len(law.factor) <= law.dimension else law.square_factor
    return rng.standard_normal((n, len(factor))) @ factor + law.mean


class GaussianFit:
    """The maximum-likelihood Gaussian of the training rows: the simplest model that learns.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> GaussianFit().fit(rng.normal(size=(500, 2)), rng).sample(3, rng).shape
    (3, 2)
    """

    version = "1"

    def fit(self, rows: Any, rng: np.random.Generator) -> Self:
        """Find the mean and the covariance (divisor n) of rows (n, d)."""
        if isinstance(rows, pd.DataFrame):
            raise UsageError("a Gaussian is fitted to numbers, and some columns are none")
        self.learned = Gaussian.fit(np.asarray(rows, dtype=np.float64))
        return self

    def sample(self, n: int, rng: np.random.Generator) -> Any:
        """Draw n rows (n, d)."""
        return draw_from(self.learned, n, rng)

    def distribution(self) -> Gaussian:
        """Return the fitted Gaussian."""
        return self.learned


class Bootstrap:
    """Training rows drawn again with replacement: the copier, which no distance alone gives away.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> rows = rng.normal(size=(5, 2))
    >>> bool(np.isin(Bootstrap().fit(rows, rng).sample(9, rng), rows).all())
    True
    """

    version = "1"

    def fit(self, rows: Any, rng: np.random.Generator) -> Self:
        """Keep the rows."""
        self.rows = rows
        return self

    def sample(self, n: int, rng: np.random.Generator) -> Any:
        """Draw n of them with replacement."""
        places = rng.integers(len(self.rows), size=n)
        if isinstance(self.rows, pd.DataFrame):
            return self.rows.iloc[places].reset_index(drop=True)
        return self.rows[places]


class RealRows:
    """Fresh rows of the truth itself: what a perfect generator would be told.

    Of a data file they are held-out rows, which no generator and no measure sees; the study hands
    them over in place of training rows.
    """

    version = "1"
    wants_fresh_rows = True

    def fit(self, rows: Any, rng: np.random.Generator) -> Self:
        """Keep the fresh rows."""
        self.rows = rows
        return self

    def sample(self, n: int, rng: np.random.Generator) -> Any:
        """Hand over n of them, each once; fewer where there are no more."""
        return self.rows[:n]
