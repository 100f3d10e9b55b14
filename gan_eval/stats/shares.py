"""The interval of a share."""

from __future__ import annotations

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
