"""Which of a target's known modes a generator has, by exact tests of their shares."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import special

from gan_eval.distributions.modes import LOST_SHARE, WITHIN, Modes, mode_counts
from gan_eval.runtime.errors import CannotTestError
from gan_eval.stats.multiple import adjusted_pvalues, rejected
from gan_eval.stats.permutation.engine import resampled_pvalue

Array = NDArray[np.floating]
Counts = NDArray[np.intp]

REFERENCE_ROWS = 200_000
"""Rows of the target that say how often each mode is met, where its modes overlap."""

_STRAY = 1e-9  # of the rows of a mode, so many at most may count for another one


@dataclass(frozen=True, eq=False)
class KnownModes:
    """The share of each known mode of a target among generated rows.

    Attributes
    ----------
    names : tuple of k str
    shares : ndarray, shape (k,)
        High-quality rows of each mode, over all generated rows.
    expected : ndarray, shape (k,)
        The same for rows of the target: the mode's weight times the mass of its Gaussian within
        ``WITHIN`` standard deviations, P(χ²_d ≤ 9); of modes that overlap, the share among
        ``REFERENCE_ROWS`` rows of the target.
    adjusted : ndarray, shape (k,)
        The two-sided p-value of each share, exact (binomial; of modes that overlap, Fisher's test
        against the rows of the target), adjusted (Holm) over the modes.
    lost : ndarray of bool, shape (k,)
        Where the adjusted p-value rejects and the share is at most
        :data:`~gan_eval.distributions.modes.LOST_SHARE` of the expected one.
    pvalue : float
        Of all shares together, and that of the rows of no mode: χ² beside its values for random
        counts.
    high_quality_share : float
        Of generated rows, those within ``WITHIN`` standard deviations of their nearest mode.
    rows : int
        Generated rows.
    could_lose : bool
        Whether the loss of some mode could be shown from so many rows.
    """

    names: tuple[str, ...]
    shares: Array
    expected: Array
    adjusted: Array
    lost: NDArray[np.bool_]
    pvalue: float
    high_quality_share: float
    rows: int
    could_lose: bool


def known_modes(
    rows: Array,
    target: Any,
    *,
    alpha: float = 0.05,
    draws: int = 999,
    rng: np.random.Generator,
) -> KnownModes:
    """Compare the shares of a target's modes among generated rows (m, d) with those it has.

    Parameters
    ----------
    rows : ndarray, shape (m, d)
        Independent rows of the generator, finite.
    target : Target
        With ``modes``: weights (k,), means (k, d), covariances (k, d, d) of Gaussian components,
        and their names; and ``sample``, where these overlap.
    alpha : float
        The level of all modes together.
    draws : int
        Random counts for the p-value of all shares together.
    rng : numpy.random.Generator

    Raises
    ------
    CannotTestError
        Where there is no row, or rows have another number of coordinates than the modes.

    Notes
    -----
    A row belongs with the mode to which its Mahalanobis distance is smallest. Where the modes lie
    far enough apart that a row of one is within 3 standard deviations of another with probability
    below 10⁻⁹, the count of high-quality rows of a mode is binomial with a known probability.

    Examples
    --------
    >>> from gan_eval.distributions.mixture import MixtureTarget
    >>> target = MixtureTarget([0.5, 0.5], [[0.0], [12.0]], [1.0, 1.0])
    >>> rng = np.random.default_rng(0)
    >>> found = known_modes(rng.normal(size=(200, 1)), target, rng=rng)
    >>> found.lost.tolist(), found.shares.tolist(), found.expected.round(3).tolist()
    ([False, True], [1.0, 0.0], [0.499, 0.499])
    """
    modes: Modes = target.modes
    m = len(rows)
    d = modes.means.shape[1]
    if not m or rows.shape[1] != d:
        raise CannotTestError(
            f"the target's modes need generated rows of {d} coordinates, got shape {rows.shape}"
        )
    counts = mode_counts(rows, modes)
    none = np.zeros(len(modes), np.intp)
    if apart(modes):
        expected = np.append(modes.expected, 0.0)
        expected[-1] = 1 - expected.sum()
        pvalues = _doubled(*_binomial_tails(counts[:-1], m, expected[:-1]))
        least = _doubled(*_binomial_tails(none, m, expected[:-1]))
        drawn = rng.multinomial(m, expected, size=draws)
        middle = m * expected
    else:
        known = mode_counts(np.asarray(target.sample(REFERENCE_ROWS, rng), np.float64), modes)
        expected = known / REFERENCE_ROWS
        pvalues = _doubled(*_fisher_tails(counts[:-1], m, known[:-1]))
        least = _doubled(*_fisher_tails(none, m, known[:-1]))
        together = counts + known
        drawn = rng.multivariate_hypergeometric(together, m, draws, method="marginals")
        middle = together * (m / (m + REFERENCE_ROWS))
    some = middle > 0
    squares = (np.vstack([counts, drawn]) - middle)[:, some] ** 2 / middle[some]
    # Rounded, so that equal counts have equal statistics.
    statistics = squares.sum(axis=1).round(9)
    adjusted = adjusted_pvalues(pvalues, "holm")
    shares = counts[:-1] / m
    return KnownModes(
        tuple(modes.names),
        shares,
        expected[:-1],
        adjusted,
        rejected(adjusted, alpha) & (shares <= LOST_SHARE * expected[:-1]),
        resampled_pvalue(statistics[0], statistics[1:]),
        float(1 - counts[-1] / m),
        m,
        bool(least.min() * len(least) <= alpha),
    )


def apart(modes: Modes) -> bool:
    """Say whether a row of one mode is never, to 10⁻⁹, within 3 deviations of another mode.

    Two ellipsoids are disjoint where a direction parts their shadows; two directions are tried,
    that of the means' difference and Fisher's.

    Examples
    --------
    >>> from gan_eval.distributions.mixture import MixtureTarget
    >>> [apart(MixtureTarget([0.5, 0.5], [0.0, gap], [1.0, 1.0]).modes) for gap in (5.0, 12.0)]
    [False, True]
    """
    k, d = modes.means.shape
    reach = float(np.sqrt(2 * special.gammainccinv(d / 2, _STRAY)))
    for j in range(k):
        for i in range(j):
            difference = modes.means[j] - modes.means[i]
            first, second = modes.covariances[i], modes.covariances[j]
            directions = (difference, np.linalg.solve(first + second, difference))
            if not any(_parts(to, difference, first, second, reach) for to in directions):
                return False
    return True


def _parts(to: Array, difference: Array, first: Array, second: Array, reach: float) -> bool:
    """Say whether along a direction neither mode's rows come within 3 deviations of the other."""
    one, other = (float(np.sqrt(to @ covariance @ to)) for covariance in (first, second))
    gap = float(to @ difference)
    return max(WITHIN * one + reach * other, reach * one + WITHIN * other) < gap


def _binomial_tails(counts: Counts, m: int, shares: Array) -> tuple[Array, Array]:
    """Probabilities of as few, and of as many, of m rows."""
    few = special.bdtr(counts, m, shares)
    many = np.where(counts > 0, special.bdtrc(np.maximum(counts - 1, 0), m, shares), 1.0)
    return few, many


def _fisher_tails(counts: Counts, m: int, known: Counts) -> tuple[Array, Array]:
    from scipy.stats import hypergeom  # a second to import, and for modes that overlap only

    law = hypergeom(m + REFERENCE_ROWS, counts + known, m)
    return law.cdf(counts), law.sf(counts - 1)


def _doubled(few: Array, many: Array) -> Array:
    return np.minimum(1.0, 2 * np.minimum(few, many))
