"""The measures computed of a generator's law beside its target, with the error of each number."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from gan_eval.runtime.notebook import Displayed, few_lines

if TYPE_CHECKING:
    import pandas as pd

Array = NDArray[np.floating]

SCALARS = (
    *("kl", "kl_reverse", "total_variation", "jensen_shannon", "hellinger"),
    *("uncovered_mass", "singular_mass", "high_quality_share"),
)
"""The measures that are one number each."""

LARGEST = 1e60
"""Sizes of points and of the target's modes may differ by that factor: products of four lengths are
still numbers."""


@dataclass(frozen=True, eq=False)
class ComputedMeasures(Displayed):
    """How far the law q of generated points is from the target p, and which modes it has.

    Attributes
    ----------
    kl : float
        ∫ q ln(q/p), in nats; infinite where ``singular_mass`` is above 0. NaN, with an infinite
        error, where slopes of the generator are lost to rounding.
    kl_reverse : float
        ∫ p ln(p/q), in nats; infinite where ``uncovered_mass`` is above 0. NaN, with an infinite
        error, where it is not known whether that is.
    total_variation : float
        ½ ∫ |q − p|, from 0 to 1.
    jensen_shannon : float
        ½ KL(q‖m) + ½ KL(p‖m) with m = (p + q)/2, in nats, from 0 to ln 2.
    hellinger : float
        √(1 − ∫ √(p q)), from 0 to 1.
    uncovered_mass : float
        The mass of the target where no generated point can be.
    singular_mass : float
        The mass of generated points on lines and points, where they have no density.
    high_quality_share : float
        The mass of generated points within 3 standard deviations (Mahalanobis) of their nearest
        mode, the sum of ``mode_masses``.
    mode_masses : ndarray, shape (k,)
        The same by modes of the target; a Gaussian is one mode.
    modes_found : int
        The modes with more than a tenth of the mass that the target itself has there.
    errors : mapping of str to float
        A bound, estimated, of the error of each number above, by its name; ``mode_masses`` has one
        for all.
    route : "pieces" or "mesh"
        By polygons on which the generator is linear, or by a mesh of the plane of noise.
    """

    kl: float
    kl_reverse: float
    total_variation: float
    jensen_shannon: float
    hellinger: float
    uncovered_mass: float
    singular_mass: float
    high_quality_share: float
    mode_masses: Array
    modes_found: int
    errors: Mapping[str, float] = field(repr=False)
    route: Literal["pieces", "mesh"]

    @property
    def error(self) -> float:
        """The largest stated error of a finite number."""
        return max(
            (
                error
                for name, error in self.errors.items()
                if name not in SCALARS or math.isfinite(getattr(self, name))
            ),
            default=0.0,
        )

    def to_dict(self) -> dict[str, float]:
        """Return all numbers, flat; modes are numbered from 1."""
        masses = {f"mode_mass_{j}": float(mass) for j, mass in enumerate(self.mode_masses, 1)}
        return {
            **{name: float(getattr(self, name)) for name in SCALARS},
            "modes_found": self.modes_found,
            **masses,
            "computed_error": self.error,
        }

    def to_series(self) -> pd.Series:
        """Return all numbers as a pandas Series."""
        import pandas  # a second: only for whoever works with it

        return pandas.Series(self.to_dict(), name="computed", dtype=float)

    def to_frame(self) -> pd.DataFrame:
        """Return a table of the measures: ``measure``, ``value`` and ``error``."""
        import pandas

        masses = {f"mode_mass_{j}": float(mass) for j, mass in enumerate(self.mode_masses, 1)}
        rows = [
            *((name, getattr(self, name), self.errors.get(name, math.nan)) for name in SCALARS),
            ("modes_found", self.modes_found, 0.0),
            *((name, mass, self.errors.get("mode_masses", 0.0)) for name, mass in masses.items()),
        ]
        return pandas.DataFrame(rows, columns=["measure", "value", "error"])

    def __repr__(self) -> str:
        modes = len(self.mode_masses)
        kl, reverse = (
            "could not be computed" if math.isnan(value) else f"= {value:.6g}"
            for value in (self.kl, self.kl_reverse)
        )
        return few_lines(
            f"KL(q‖p) {kl}, KL(p‖q) {reverse}, TV = {self.total_variation:.6g}, "
            f"JSD = {self.jensen_shannon:.6g}, Hellinger = {self.hellinger:.6g}",
            f"{self.modes_found} of {modes} mode{'' if modes == 1 else 's'} found, "
            f"{self.high_quality_share:.4%} of the mass within 3 standard deviations of one",
            f"uncovered {self.uncovered_mass:.3g}, singular {self.singular_mass:.3g}; "
            f"errors at most {self.error:.1g} (by {self.route})",
        )
