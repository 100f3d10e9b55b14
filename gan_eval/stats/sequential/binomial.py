"""A share, tested as its outcomes come: is it above s, or below?

H₀: the share π is at most s. For each π₁ > s the likelihood ratio L(π₁) / L(s) has an expectation
of at most 1 under every π ≤ s, and so has its mean over π₁ uniform on (s, 1): an e-process, against
"at most s". Its mirror image, over (0, s), is one against "at least s". Both have a closed form in
the number of outcomes and of successes.

References
----------
H. Robbins, "Statistical methods related to the law of the iterated logarithm", Annals of
Mathematical Statistics 41 (1970), §2. A. Ramdas, P. Grünwald, V. Vovk, G. Shafer, "Game-theoretic
statistics and safe anytime-valid inference", Statistical Science 2023, §2.
"""

from __future__ import annotations

from math import log
from typing import Any

import numpy as np
from scipy import special

from gan_eval.runtime.arguments import level, shown
from gan_eval.runtime.errors import UsageError
from gan_eval.stats.samples import Array
from gan_eval.stats.sequential.process import Running

__all__ = ["BinomialEProcess", "log_e_above"]

BISECTIONS = 50
SMALLEST_TAIL = 1e-200
"""Tails of a beta law below this are summed as a series, which does not underflow."""


class BinomialEProcess(Running):
    """A test, valid after every outcome, of a share against a number.

    Its own e is the mean of those of ``above`` and ``below``, against "the share is s".

    Parameters
    ----------
    share : float
        s, above 0 and at most 1.

    Attributes
    ----------
    above : Running
        The e-process against "the share is at most s". Where it rejects, the share is above.
    below : Running
        The e-process against "the share is at least s".
    successes : int

    Raises
    ------
    UsageError
        Where ``share`` is no such number.

    Examples
    --------
    >>> process = BinomialEProcess(0.25)
    >>> _ = process.update([True, True, False, True, True])
    >>> process.decided(0.05), round(process.above.pvalue, 3)
    (None, 0.066)
    >>> _ = process.update([True])
    >>> process.decided(0.05), process.decided_after(0.05)
    (True, 6)
    >>> [round(bound, 3) for bound in process.interval(0.05)]
    [0.3, 0.996]
    """

    def __init__(self, share: float) -> None:
        super().__init__()
        if isinstance(share, bool) or not isinstance(share, int | float) or not 0 < share <= 1:
            raise UsageError(f"`share` must be above 0 and at most 1, got {shown(share)}")
        self.share = float(share)
        self.above, self.below = Running(), Running()
        self.successes = 0
        self._counts: list[Array] = []

    def update(self, rows: Any) -> float:
        """Take one outcome or several (n,), true or false, in their order; return ln e."""
        outcomes = np.atleast_1d(np.asarray(rows))
        if outcomes.ndim == 2 and 1 in outcomes.shape:
            outcomes = outcomes.ravel()
        if outcomes.ndim != 1 or not np.isin(outcomes, [0, 1]).all():
            raise UsageError(
                f"`rows` must be outcomes, each true or false, got {shown(np.asarray(rows))}"
            )
        successes = self.successes + np.cumsum(outcomes.astype(np.int64))
        n = self.rows + np.arange(1, len(outcomes) + 1)
        if len(outcomes):
            self.successes = int(successes[-1])
            self._counts.append(np.stack([successes, n]).astype(np.float64))
        above = log_e_above(self.share, successes, n)
        below = log_e_above(1 - self.share, n - successes, n)
        self.above.follow(above)
        self.below.follow(below)
        return self.follow(np.logaddexp(above, below) - log(2))

    def decided(self, alpha: float = 0.05) -> bool | None:
        """Return True where the share is above s, False where below, None where not sure yet.

        Whatever the share is, the chance that a wrong answer is *ever* given is at most alpha.
        """
        above, below = self.above.rejected(alpha), self.below.rejected(alpha)
        if above and below:  # one of them is the error that alpha allows
            return self.above.log_e_max >= self.below.log_e_max
        return None if above == below else above

    def decided_after(self, alpha: float = 0.05) -> int | None:
        """Return the number of outcomes after which it was decided, None where it is not."""
        answer = self.decided(alpha)
        if answer is None:
            return None
        return (self.above if answer else self.below).stopped_at(alpha)

    def interval(self, alpha: float = 0.05) -> tuple[float, float]:
        """Return a lower and an upper bound of the share, each of which always holds but for alpha.

        Those shares lie outside that are rejected after any outcome so far; so the bounds go
        with :meth:`decided`, and never widen. The chance that the lower one *ever* exceeds the
        share is at most alpha, and so is that of the upper one.
        """
        level(alpha, "`alpha`")
        if not self._counts:
            return 0.0, 1.0
        successes, n = np.concatenate(self._counts, axis=1)
        return _lower(successes, n, alpha), 1 - _lower(n - successes, n, alpha)


def log_e_above(share: float, successes: Any, n: Any) -> Array:
    """Compute ln e against "at most ``share``" after n outcomes: ln of the mean of L(π) / L(s).

    Examples
    --------
    After one success it is ln of the mean of π / s over (s, 1), (1 + s) / 2s:

    >>> round(float(log_e_above(0.25, 1, 1)), 6), round(log(1.25 / 0.5), 6)
    (0.916291, 0.916291)
    """
    c, n = np.broadcast_arrays(np.asarray(successes, np.float64), np.asarray(n, np.float64))
    if share >= 1:  # nothing lies above
        return np.zeros(c.shape)
    if share <= 0:  # of "the share is 0" one success is the end
        return np.where(c > 0, np.inf, -np.log1p(n))
    tail = np.asarray(special.betaincc(c + 1, n - c + 1, share))
    with np.errstate(divide="ignore"):
        found = special.betaln(c + 1, n - c + 1) + np.log(tail) - np.log1p(-share)
        found = np.array(found - c * log(share) - (n - c) * np.log1p(-share))
    small = tail < SMALLEST_TAIL
    if small.any():
        found[small] = _series(share, c[small], n[small])
    return found


def _series(share: float, c: Array, n: Array) -> Array:
    """Compute the same where s is far above c / n: ∫ L over (s, 1) by a hypergeometric series."""
    term = s = np.ones_like(c)
    for k in range(100_000):
        term = term * (1 - share) * (n + 2 + k) / (n - c + 2 + k)
        s = s + term
        if (term <= 1e-17 * s).all():
            break
    return np.log(share * s / (n - c + 1))


def _lower(successes: Array, n: Array, alpha: float) -> float:
    """Find the largest share against which e has ever reached 1/alpha, by bisection: what is
    rejected is an interval that begins at 0, since ln L is concave."""
    low, high = 0.0, 1.0
    for _ in range(BISECTIONS):
        middle = (low + high) / 2
        if log_e_above(middle, successes, n).max() >= -log(alpha):
            low = middle
        else:
            high = middle
    return low
