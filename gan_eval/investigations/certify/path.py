"""A path: a one-parameter family of distributions that leaves the truth."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import root_scalar

from gan_eval.distributions.divergences import kl
from gan_eval.distributions.target import GaussianTarget

Array = NDArray[np.floating]


@dataclass(frozen=True)
class Path:
    """A one-parameter family of distributions that starts at the truth and leaves it.

    Attributes
    ----------
    words : str
        What departs.
    parameter : str
        What ``strength`` is called.
    end : float
        The path runs over 0 ≤ t < end.
    law : callable
        (p, t) to q, which has ``sample`` and ``log_density``, and ``divergence()`` where it is not
        Gaussian.
    strength : callable
        t to the parameter as people name it.
    dimension : int
        The smallest d in which the path exists.
    """

    words: str
    parameter: str
    end: float
    law: Callable[[Any, float], Any]
    strength: Callable[[float], float] = float
    dimension: int = 1

    def divergence(self, p: Any, t: float) -> float:
        """Compute KL(q‖p), in nats, which increases in t from 0."""
        q = self.law(p, t)
        return float(kl(q.law, p.law)) if isinstance(q, GaussianTarget) else q.divergence()

    def at(self, nats: float, p: Any) -> tuple[float, Any] | None:
        """Find the strength and the distribution at KL(q‖p) = ``nats`` from p, or None.

        0 nats gives the truth itself; None where q never gets so far.
        """
        if nats == 0:
            return self.strength(0.0), p
        if self.divergence(p, self.end) < nats:
            return None
        bracket = (0.0, self.end)
        t = float(root_scalar(lambda t: self.divergence(p, t) - nats, bracket=bracket).root)
        return self.strength(t), self.law(p, t)
