"""The marks of one setting, read back from what the page carries and written as parts of an SVG: in
Python for the page as it stands, by the same formulas in lab.js when it moves."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gan_eval.distributions.gaussian import Gaussian, ellipse
from gan_eval.investigations.lab import embedded
from gan_eval.investigations.lab.result import Lab
from gan_eval.pages.canvas import PlotBox

Array = NDArray[np.floating]

POINTS = 61
"""Points of an ellipse's outline, of which the last is the first."""


@dataclass(frozen=True)
class Marks:
    """A set of numbers that are drawn of one place, as they are read back from the page."""

    kl: Array
    """(3, E) log₁₀ KL at the ranks."""
    losses: Array
    """(2, E)."""
    laws: Array
    """(3, F, 5): means, and the root of the covariance."""
    final: Array
    """(S,) log₁₀ KL, rising."""
    kinds: Sequence[str]
    """(S,) the verdict on each of them."""

    @classmethod
    def of(cls, lab: Lab, place: int) -> Marks:
        """Read the marks of a place as lab.js does."""
        steps = embedded.codes(lab.traces.take(np.array([place])))[0]
        part = {n: steps[at : at + size] for n, (at, size) in embedded.fields(lab).items()}
        return cls(
            kl=embedded.KL.values(part["kl"]).reshape(3, -1),
            losses=embedded.LOSS.values(part["losses"]).reshape(2, -1),
            laws=np.sinh(embedded.LAW.values(part["laws"])).reshape(3, -1, 5),
            final=embedded.KL.values(part["final"]),
            kinds=_kinds(lab, place, len(part["final"])),
        )


def law(entries: Sequence[float] | Array, box: PlotBox) -> str:
    """Write the outline of two means and a root a, b, c as the path of an SVG."""
    x, y, a, b, c = (float(entry) for entry in entries)
    learned = Gaussian(np.array([x, y]), np.array([[a, b], [0.0, c]]))
    outline = ellipse(learned, points=POINTS)[:-1]
    if not np.isfinite(outline).all():
        return ""
    return f"{line(outline.tolist(), box)}Z"


def line(points: Iterable[tuple[float, float]], box: PlotBox) -> str:
    """Write points of the data as the path of an SVG; those that are no number are left out."""
    places = [f"{across(box, x)} {up(box, y)}" for x, y in points if np.isfinite(y)]
    return f"M{'L'.join(places)}" if places else ""


def across(box: PlotBox, value: float) -> str:
    """Write where a value of the axis across lies, in units of the SVG."""
    return f"{box.across[0] + box.across[1] * value:.1f}"


def up(box: PlotBox, value: float) -> str:
    """Write where a value of the axis up lies, in units of the SVG."""
    return f"{box.up[0] + box.up[1] * _seen(value):.1f}"


def _seen(value: float) -> float:
    """Keep a mark within a few pages of the picture."""
    return float(np.clip(value, -1e3, 1e3))


def _kinds(lab: Lab, place: int, shown: int) -> list[str]:
    """Name the verdicts of the trainings that are drawn one by one, from the best."""
    cell, n = lab.cells.iloc[place], lab.settings.replicates
    learned, near = int(cell["converged"]), int(cell["converged"] + cell["near"])
    ranks = [int(i * (n - 1) / (shown - 1) + 0.5) for i in range(shown)]
    return ["converged" if r < learned else "near" if r < near else "failed" for r in ranks]
