"""The ratio of two samples of times: estimate, interval, p-values."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from math import comb

import numpy as np
from numpy.typing import NDArray
from scipy import stats

Times = NDArray[np.float64]


@dataclass(frozen=True)
class _Sides:
    """Two samples of positive times. Of their ratio, ``after`` to ``before``, 2 is twice as long.

    ``estimate`` is the ratio that fits best. ``above`` gives the p-value of a ratio of at most
    ``times``, small where it is larger, and ``below`` of one of at least ``times``; ``least`` is
    the least that either can be with so many times. ``interval`` holds the ratios that neither
    side rejects at α/2: from 0 to ∞ where so few times do not bound it.
    """

    before: Times
    after: Times


class RankRatio(_Sides):
    """By Mann and Whitney's exact test, which asks nothing of the law of the times.

    It takes the times of either side as independent and of one law but for the ratio. The estimate
    is Hodges and Lehmann's (1963) of the logarithms, the median of all n·m quotients, and the
    interval the inverted test.

    Examples
    --------
    >>> import numpy as np
    >>> before, after = np.array([1.0, 1.1, 0.9, 1.0]), np.array([2.0, 2.2, 1.9, 2.1])
    >>> ratio = RankRatio(before, after)
    >>> round(ratio.estimate, 2), round(ratio.above(1.0), 3)
    (2.05, 0.014)
    """

    @property
    def estimate(self) -> float:
        return float(np.exp(np.median(np.log(self._quotients()))))

    @property
    def least(self) -> float:
        return 1 / comb(self.before.size + self.after.size, self.after.size)

    def above(self, times: float) -> float:
        return _mann_whitney(self.after, self.before * times)

    def below(self, times: float) -> float:
        return _mann_whitney(self.before * times, self.after)

    def interval(self, alpha: float) -> tuple[float, float]:
        if self.least > alpha / 2:
            return 0.0, np.inf
        sorted_ = np.sort(self._quotients())
        # The p-values change at the quotients alone, and each in one direction.
        first = bisect_left(sorted_, True, key=lambda at: self.above(at) > alpha / 2)
        last = bisect_left(sorted_[::-1], True, key=lambda at: self.below(at) > alpha / 2)
        return float(sorted_[first]), float(sorted_[::-1][last])

    def _quotients(self) -> Times:
        return np.divide.outer(self.after, self.before).ravel()


class StudentRatio(_Sides):
    """By Student's test of the logarithms, with one variance for both sides.

    It takes the times as independent and log-normal; ``FEWEST`` are needed on both sides together,
    of which one side may have one. The estimate is the ratio of geometric means.

    Examples
    --------
    >>> import numpy as np
    >>> before, after = np.array([1.0, 1.1, 0.9, 1.0]), np.array([2.0, 2.2, 1.9, 2.1])
    >>> ratio = StudentRatio(before, after)
    >>> round(ratio.estimate, 2), ratio.above(1.0) < 1e-4
    (2.05, True)
    """

    FEWEST = 4

    @property
    def estimate(self) -> float:
        return float(np.exp(np.log(self.after).mean() - np.log(self.before).mean()))

    @property
    def least(self) -> float:
        return 0.0 if self._enough else 1.0

    def above(self, times: float) -> float:
        return self._pvalue(np.log(times), 1)

    def below(self, times: float) -> float:
        return self._pvalue(np.log(times), -1)

    def interval(self, alpha: float) -> tuple[float, float]:
        if not self._enough:
            return 0.0, np.inf
        difference, error = self._difference()
        half = stats.t.isf(alpha / 2, self._freedom) * error
        return float(np.exp(difference - half)), float(np.exp(difference + half))

    @property
    def _enough(self) -> bool:
        return self.before.size + self.after.size >= self.FEWEST

    @property
    def _freedom(self) -> int:
        return self.before.size + self.after.size - 2

    def _pvalue(self, log: float, sign: int) -> float:
        if not self._enough:
            return 1.0
        difference, error = self._difference()
        beyond = sign * (difference - log)
        if error == 0:
            return 0.0 if beyond > 0 else 1.0
        return float(stats.t.sf(beyond / error, self._freedom))

    def _difference(self) -> tuple[float, float]:
        """Return the difference of the mean logarithms, with its standard error."""
        logs = np.log(self.before), np.log(self.after)
        variance = sum(((side - side.mean()) ** 2).sum() for side in logs) / self._freedom
        error = np.sqrt(variance * (1 / self.before.size + 1 / self.after.size))
        return float(logs[1].mean() - logs[0].mean()), float(error)


Ratio = RankRatio | StudentRatio


def _mann_whitney(large: Times, small: Times) -> float:
    return float(stats.mannwhitneyu(large, small, alternative="greater", method="exact").pvalue)
