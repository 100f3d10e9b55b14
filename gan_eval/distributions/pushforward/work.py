"""How much may be spent on one computation, counted so that it does not depend on the clock."""

from __future__ import annotations

import math

from gan_eval.distributions.pushforward.network import Network


class Work:
    """A limit of work that all loops of one computation share.

    Parameters
    ----------
    limit : float
        In microseconds of a processor of 2025, as operations are counted: results are the same on
        a slower one, and take longer.
    whole : Work, optional
        Of which this is a part: what is spent here is spent there.

    Examples
    --------
    >>> work = Work(100.0)
    >>> work.part(0.25).spend(40.0)
    >>> work.left, work.over
    (60.0, False)
    """

    def __init__(self, limit: float = math.inf, whole: Work | None = None) -> None:
        self.limit, self.spent, self._whole = limit, 0.0, whole

    @property
    def left(self) -> float:
        """What may be spent still; below 0 where more was spent."""
        return self.limit - self.spent

    @property
    def over(self) -> bool:
        """Whether nothing is left."""
        return self.left <= 0

    @property
    def far_over(self) -> bool:
        """Whether half as much again as the limit was spent, so that nothing more is begun."""
        return self.spent > 1.5 * self.limit

    def spend(self, amount: float) -> None:
        """Count what was done, or is about to be."""
        self.spent += amount
        if self._whole is not None:
            self._whole.spend(amount)

    def part(self, share: float) -> Work:
        """Set apart a share of what is left."""
        return Work(max(share * self.left, 0.0), self)


def cost(network: Network) -> float:
    """Count the work of a value with its slopes at one point."""
    products = 3 * sum(weight.size for weight, _ in network.layers)
    units = sum(len(bias) for _, bias in network.layers[:-1])
    return 0.03 + 4e-5 * products + 1e-3 * units
