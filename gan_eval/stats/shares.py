"""The interval of a share, whether it is a half, and how many trials it takes to tell one."""

from __future__ import annotations

import math

from scipy import special


def share_interval(successes: int, n: int, confidence: float = 0.95) -> tuple[float, float]:
    """Compute the Clopper–Pearson (1934) interval of a share, never anti-conservative.

    Examples
    --------
    >>> low, high = share_interval(0, 30)
    >>> low, round(high, 3)
    (0.0, 0.116)
    """
    tail = (1 - confidence) / 2
    # Quantiles of beta distributions; scipy.stats has them too, and takes a second to import.
    low = special.betaincinv(successes, n - successes + 1, tail) if successes else 0.0
    high = special.betaincinv(successes + 1, n - successes, 1 - tail) if successes < n else 1.0
    return (float(low), float(high))


def sign_test(successes: int, n: int) -> float:
    """Return the two-sided p-value of the exact test that either outcome is as likely.

    With n = 0, where there is nothing to tell, it is 1.

    Examples
    --------
    >>> sign_test(0, 6), sign_test(3, 6)
    (0.03125, 1.0)
    """
    return min(1.0, 2 * float(special.bdtr(min(successes, n - successes), n, 0.5)))


def trials_to_tell(share: float, asked: float, level: float, power: float = 0.8) -> int:
    """Compute how many trials show that their share is not the one that is asked for.

    By the normal approximation of the one-sided binomial test.

    Parameters
    ----------
    share, asked : float
        The true share, and another, 0 … 1.
    level : float
        The confidence, 1 less the probability of a false answer.
    power : float
        The probability with which so many trials show it.

    Examples
    --------
    >>> trials_to_tell(0.6, 0.5, 0.95), trials_to_tell(0.51, 0.5, 0.95)
    (153, 15455)
    """
    at_level, at_power = special.ndtri((level, power))
    spread = at_level * math.sqrt(asked * (1 - asked)) + at_power * math.sqrt(share * (1 - share))
    return math.ceil((spread / (share - asked)) ** 2)
