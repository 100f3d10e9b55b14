"""The nearest rows of a table to each of some rows, by scikit-learn."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from gan_eval.stats.permutation.labels import Array

TREE_COLUMNS = 6
"""Up to so many columns a tree finds neighbours faster than all distances do."""

_SPARE = 4  # so many more candidates, as products of rows lose digits where rows are near


class Neighbours:
    """An index of rows (n, d), asked for the nearest of them to others.

    Examples
    --------
    >>> import numpy as np
    >>> index = Neighbours(np.array([[0.0], [1.0], [3.0]]))
    >>> distances, rows = index.nearest(np.array([[0.9]]), 2)
    >>> distances.round(1).tolist(), rows.tolist()
    ([[0.1, 0.9]], [[1, 0]])
    """

    def __init__(self, rows: Array) -> None:
        from sklearn.neighbors import NearestNeighbors

        self._centre = rows.mean(axis=0)
        self.rows = rows - self._centre
        self._tree = rows.shape[1] <= TREE_COLUMNS
        self._index: Any = NearestNeighbors(algorithm="kd_tree" if self._tree else "brute")
        self._index.fit(self.rows)

    def nearest(
        self, queries: Array, k: int, themselves: NDArray[np.intp] | None = None
    ) -> tuple[Array, NDArray[np.intp]]:
        """Return distances (q, k), ascending, and the numbers of the rows they lead to (q, k).

        ``themselves`` are the numbers of the queries among the rows, which do not count. Where the
        rows are fewer than k, there are as many columns as rows.
        """
        return self._nearest(queries - self._centre, k, themselves)

    def among(self, some: NDArray[np.intp], k: int) -> tuple[Array, NDArray[np.intp]]:
        """Return the same of some of the rows themselves, none of which is its own neighbour."""
        return self._nearest(self.rows[some], k, some)

    def _nearest(
        self, queries: Array, k: int, themselves: NDArray[np.intp] | None
    ) -> tuple[Array, NDArray[np.intp]]:
        own = themselves is not None
        count = min(k + own, len(self.rows))
        sought = count if self._tree else min(count + _SPARE, len(self.rows))
        distances, found = self._index.kneighbors(queries, n_neighbors=sought)
        if not self._tree:
            # By the differences themselves, which lose no digits.
            squares = np.zeros(found.shape)
            for column, of in zip(queries.T, self.rows.T, strict=True):
                squares += (of[found] - column[:, None]) ** 2
            distances = np.sqrt(squares)
        if own:
            # Of equal rows it may not be among those found, and then none has to go.
            distances[found == themselves[:, None]] = np.inf
        if own or not self._tree:
            order = np.argsort(distances, axis=1, kind="stable")
            distances, found = (np.take_along_axis(a, order, axis=1) for a in (distances, found))
        k = min(k, len(self.rows) - own)
        return distances[:, :k], found[:, :k]
