"""Split a generator's distance from equilibrium: seen by its discriminator, or hidden from it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gan_eval.investigations.exercise.population import LN2
from gan_eval.stats.bootstrap import draws, percentile_interval

Array = NDArray[np.floating]

PARTS = ("seen", "optimisation", "finite_sample", "form")
"""The parts, in the order in which they add up."""

_BOOTSTRAP = 2000


@dataclass(frozen=True)
class Decomposition:
    """A decomposition of G generators' distance from equilibrium, in parts that add up to it.

    Let V(D) be the chapter's loss of a discriminator D on the population, half from the truth p and
    half from the frozen generator's distribution q, in nats. Its least value over all functions is
    ln 2 − JSD(p, q), its value at the equilibrium p = q is ln 2, so that the generator is
    JSD(p, q) away from it. With

    - D_T the discriminator that was trained with the generator,
    - D_n the best response of its class to n rows of p (those it was trained on) and n rows of q,
    - D_∞ the best response of its class to the population,

    the parts are

    ===============  =====================  ======================================================
    seen             ln 2 − V(D_T)          what D_T sees of the difference; below 0 where a coin
                                            would do better
    optimisation     V(D_T) − V(D_n)        D_T is not the best response to the rows it saw; below 0
                                            where stopping early is better than fitting them
    finite_sample    V(D_n) − V(D_∞)        the best response to n rows is not that to all rows
    form             V(D_∞) − (ln 2 − JSD)  no member of the class is ln p/q
    ===============  =====================  ======================================================

    and add up to JSD, as every V(D) enters twice with opposite signs. The last three together are
    the discriminator's regret, which is 0 at any equilibrium. The minima over the class are those
    that the fits reached (:mod:`gan_eval.investigations.exercise.fitting`): a fit that ends too
    high moves nats from ``finite_sample`` or ``optimisation`` to ``form``, and none in or out of
    the sum.

    Attributes
    ----------
    divergence : ndarray, shape (G,)
        JSD(p, q), in nats.
    seen, optimisation, finite_sample, form : ndarray, shape (G,)
        Nats.
    """

    divergence: Array
    seen: Array
    optimisation: Array
    finite_sample: Array
    form: Array

    @classmethod
    def of(
        cls, divergence: Array, trained: Array, on_rows: Array, in_class: Array
    ) -> Decomposition:
        """Compute the parts from JSD and the losses V(D_T), V(D_n), V(D_∞), each (G,)."""
        return cls(
            divergence=divergence,
            seen=LN2 - trained,
            optimisation=trained - on_rows,
            finite_sample=on_rows - in_class,
            form=in_class - (LN2 - divergence),
        )

    @property
    def regret(self) -> Array:
        """V(D_T) − (ln 2 − JSD), (G,): how far the trained discriminator is from the best."""
        return self.optimisation + self.finite_sample + self.form

    def shares(self) -> dict[str, tuple[float, float, float]]:
        """Divide each part's mean by the mean divergence, with a 95 % interval.

        Of means and not a mean of shares, which would be ruled by the best generators. By bootstrap
        over generators (2,000 draws, seed 0).
        """
        index = draws(len(self.divergence), _BOOTSTRAP, 0)
        found = {}
        for name in PARTS:
            part = getattr(self, name)
            shares = part[index].mean(axis=1) / self.divergence[index].mean(axis=1)
            bounds = percentile_interval(shares, method="linear")
            found[name] = (float(part.mean() / self.divergence.mean()), *bounds)
        return found
