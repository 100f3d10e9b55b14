"""The paths along which a generated distribution q departs from a mixture p of narrow modes.

KL(q‖p) is exact but for the overlap of the modes: each mode of q lies on one of p, so that

    KL(q‖p) = Σ_j v_j ln(v_j / w_j) + Σ_j v_j KL(q_j‖p_j),

with v and w the weights in q and p and q_j, p_j their modes. The right side is never too small (it
is the divergence of rows together with their modes, of which rows alone know less), and too large
by less than 1e-8 nats on these paths: the modes of ``ring8`` and ``grid25`` are 76 and 40 of their
standard deviations apart.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.special import gammaln, xlogy

from gan_eval.distributions.mixture import MixtureTarget
from gan_eval.investigations.certify.path import Array, Path

SCATTER = 3.0
"""How many times as far as they should scattered rows lie from the middle of their mode."""

_NODES = 400


@dataclass(frozen=True)
class Changed:
    """A mixture p whose modes have changed, all in the same way; they all have one covariance.

    Attributes
    ----------
    p : MixtureTarget
    weights : tuple of float
        The modes' weights v; 0 where a mode is lost.
    factor : float
        Of every mode's standard deviations.
    shift : float
        Of all modes in one direction, in standard deviations of a mode.
    scattered : float
        The share of the rows that lie ``SCATTER`` times as far from the middle of their mode.
    """

    p: MixtureTarget
    weights: tuple[float, ...]
    factor: float = 1.0
    shift: float = 0.0
    scattered: float = 0.0

    @cached_property
    def law(self) -> MixtureTarget:
        """q itself."""
        weights = np.array(self.weights)
        kept = weights > 0
        weights, means, covariances = weights[kept], self.p.means[kept], self.p.covariances[kept]
        means = means + self.shift * np.linalg.cholesky(covariances[0])[:, 0]
        covariances = self.factor**2 * covariances
        if not self.scattered:
            return MixtureTarget(weights, means, covariances)
        shares = np.concatenate([(1 - self.scattered) * weights, self.scattered * weights])
        wide = np.concatenate([covariances, SCATTER**2 * covariances])
        if self.scattered == 1:
            return MixtureTarget(weights, means, SCATTER**2 * covariances)
        names = [f"component {number}" for number in range(len(wide))]
        return MixtureTarget(shares, np.concatenate([means, means]), wide, names)

    def sample(self, n: int, rng: np.random.Generator) -> Array:
        return self.law.sample(n, rng)

    def log_density(self, x: Array) -> Array:
        return self.law.log_density(x)

    def divergence(self) -> float:
        """Add the divergence of the weights and that within a mode."""
        weights = np.array(self.weights)
        between = float((xlogy(weights, weights) - xlogy(weights, self.p.weights)).sum())
        d, variance = self.p.dimension, self.factor**2
        within = d / 2 * (variance - 1 - np.log(variance)) + self.shift**2 / 2
        if self.scattered:
            within += _scattered(self.scattered, d)
        return max(between, 0.0) + within


def _scattered(share: float, d: int) -> float:
    """Compute KL((1 − ε) N(0, I) + ε N(0, s²I)‖N(0, I)), by Gauss's rule over the radius.

    Its error is below 1e-12: the integrand is smooth, and beyond 10 s there is nothing.
    """
    nodes, steps = np.polynomial.legendre.leggauss(_NODES)
    end = 10 * SCATTER
    radii, steps = end * (nodes + 1) / 2, end * steps / 2
    with np.errstate(divide="ignore"):
        kept, wide = np.log1p(-share), np.log(share) - d * np.log(SCATTER)
    ratios = np.logaddexp(kept, wide + radii**2 / 2 * (1 - SCATTER**-2))
    near = (d - 1) * np.log(radii) - radii**2 / 2 - (d / 2 - 1) * np.log(2) - gammaln(d / 2)
    return float((steps * np.exp(near + ratios) * ratios).sum())


def _lost(p: MixtureTarget, t: float) -> Changed:
    """Lose the first t modes one after another, the next in part, and never the last."""
    weights = p.weights.copy()
    whole = int(min(t, len(weights) - 1))
    weights[:whole] = 0
    if whole < len(weights) - 1:
        weights[whole] *= 1 - (t - whole)
    return Changed(p, tuple(weights / weights.sum()))


def _unequal(p: MixtureTarget, t: float) -> Changed:
    """Make the first, third, fifth, … mode e^t times as heavy beside the others."""
    weights = p.weights.copy()
    weights[1::2] *= np.exp(-t)
    return Changed(p, tuple(weights / weights.sum()))


def _as_it_is(p: MixtureTarget) -> tuple[float, ...]:
    return tuple(p.weights)


MIXTURE_PATHS = {
    "modes_lost": Path("modes lost, one after another", "how many modes", 1e4, _lost),
    "weights": Path(
        *("every other mode too light", "share that it keeps", 40.0, _unequal),
        lambda t: float(np.exp(-t)),
    ),
    "wide": Path(
        *("modes too wide", "times as wide", 1.0),
        *(lambda p, t: Changed(p, _as_it_is(p), factor=np.exp(t)), lambda t: float(np.exp(t))),
    ),
    "narrow": Path(
        *("modes too narrow", "times as wide", 8.0),
        *(lambda p, t: Changed(p, _as_it_is(p), factor=np.exp(-t)), lambda t: float(np.exp(-t))),
    ),
    "moved": Path(
        *("all modes moved one way", "in sd of a mode", 5.0),
        lambda p, t: Changed(p, _as_it_is(p), shift=t),
    ),
    "scattered": Path(
        *("some rows three times as far from their mode", "share of rows", 1.0),
        lambda p, t: Changed(p, _as_it_is(p), scattered=t),
    ),
}
"""Every path of a mixture by name."""
