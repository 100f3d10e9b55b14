"""Cells that have no closed form in a study’s answer: by energy, and by modes that they find."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gan_eval.distributions.modes import LOST_SHARE
from gan_eval.distributions.presets import PRESETS
from gan_eval.judging.answer import FEWEST
from gan_eval.judging.modes_summary import mean_interval
from gan_eval.judging.summary import quantile
from gan_eval.pages.language import _
from gan_eval.pages.numbers import count, interval, number, percent, plural
from gan_eval.runtime.arguments import plain
from gan_eval.study.answer import words
from gan_eval.study.answer.cells import Cell
from gan_eval.study.answer.layout import Entry, layout
from gan_eval.study.answer.phrases import capital, listed, worth
from gan_eval.training.target_config import TargetConfig

Array = NDArray[np.float64]

C = TypeVar("C", bound=Cell)


@dataclass(frozen=True, eq=False)
class Modes:
    """The modes that the trainings of a cell find, of ``total`` that the target has.

    Attributes
    ----------
    total : int
    found : ndarray, shape (R,)
        How many modes each training has; 0 where it diverged, NaN where it is not known.
    masses : ndarray, shape (R, total)
        The mass of each mode.
    expected : ndarray, shape (total,)
        The same in the target.
    """

    total: int
    found: Array
    masses: Array
    expected: Array

    @property
    def quality(self) -> Array:
        """The part of the generated points that lies on a mode, shape (R,)."""
        return self.masses.sum(axis=1)

    @property
    def known(self) -> int:
        """Trainings of which it is known."""
        return int(np.isfinite(self.found).sum())

    @property
    def lost(self) -> int:
        """Trainings that have lost a mode or more."""
        return int((self.found < self.total).sum())

    @property
    def mean(self) -> float:
        """How many modes a training finds on average."""
        return float(np.nanmean(self.found))

    def bounds(self, confidence: float = 0.95) -> tuple[float, float]:
        """The interval of the mean over seeds, as ``summarise`` has it; NaN of fewer than 6
        trainings."""
        known = self.found[np.isfinite(self.found)]
        if known.size < FEWEST:
            return math.nan, math.nan
        return mean_interval(known, float(self.total), confidence)

    @property
    def digits(self) -> int:
        """Significant digits of the mean: one behind the point."""
        return 2 if self.mean < 10 else 3

    @property
    def alike(self) -> bool:
        """Whether all trainings find as many."""
        known = self.found[np.isfinite(self.found)]
        return known.size > 1 and np.ptp(known) == 0

    def counted(self) -> str:
        """Write the mean with its interval, as ``7.2 of 8 modes (7.0 to 7.4)``."""
        low, high = self.bounds()
        mean = count(self.mean) if self.alike else number(self.mean, self.digits)
        said = _("{mean} of {total} modes").format(mean=mean, total=count(self.total))
        if self.alike or math.isnan(low):
            return said
        return f"{said} ({interval(low, high, self.digits)})"

    def told(self) -> str:
        """Write the same, and whether it is so in every training."""
        if self.alike:
            return _("{modes} in every training").format(modes=self.counted())
        return self.counted()

    def sentence(self, name: str) -> str:
        """Write the same as a sentence about a configuration, without a stop."""
        if self.alike:
            return f"every training of {name} finds {self.counted()}"
        return f"trainings of {name} find {self.counted()} on average"

    def on_modes(self) -> str:
        """Write which part of the points the typical training puts on a mode."""
        return percent(quantile(self.quality[np.isfinite(self.quality)], 0.5))


def is_computed(cell: Cell) -> bool:
    """Tell whether a cell has no closed form: a generator with hidden layers, or a mixture."""
    if cell.config is not None:
        return not cell.config.closed_form
    return any(name in cell.rows and cell.rows[name].notna().any() for name in _COUNTED)


_COUNTED = ("modes_found", "mode_share_1")


def modes_of(cell: Cell) -> Modes | None:
    """Count the modes that a cell's trainings find; None where its target has one or they are not
    known.

    By their masses, of the trainings of which these are computed; where that is none, by shares of
    generated rows.
    """
    target = None if cell.config is None else cell.config.target.build()
    modes = getattr(target, "modes", None)
    if modes is None or len(modes) < 2:
        return None
    total, rows = len(modes), cell.rows
    due = modes.expected
    masses = np.full((len(rows), total), np.nan)
    for name in ("mode_mass", "mode_share"):
        names = [f"{name}_{mode}" for mode in range(1, total + 1)]
        if np.isnan(masses).all() and set(names) <= set(rows.columns):
            masses = rows[names].to_numpy(dtype=np.float64, copy=True)
    masses[rows["verdict"].eq("diverged").to_numpy()] = 0.0
    known = np.isfinite(masses).all(axis=1)
    if not known.any():
        return None
    found = np.where(known, (masses > LOST_SHARE * due).sum(axis=1), np.nan)
    return Modes(total, found, masses, np.asarray(due, np.float64))


def by_target(cells: Sequence[C]) -> list[list[C]]:
    """Group cells by their target, in the order of the first of each; those whose settings are not
    known are one group.

    Only cells of one group are compared: a real row tells more of one target than of another.
    """
    found: list[list[C]] = []
    for cell in cells:
        for group in found:
            if _target(group[0]) == _target(cell):
                group.append(cell)
                break
        else:
            found.append([cell])
    return found


def _target(cell: Cell) -> Any:
    return None if cell.config is None else cell.config.target


def headline(cells: Sequence[Cell], provenance: Mapping[str, Any]) -> str | None:
    """Answer a study of several configurations of which one or more have no closed form.

    Of several targets each is answered by itself. None where there are no two configurations to
    choose from.
    """
    groups = by_target(cells)
    if len(groups) == 1:
        return _of_one_target(cells, provenance)
    if words.read(cells, provenance) is None:
        return None
    entries = {entry.label: entry for entry in layout(cells, provenance).entries}
    told = [_of_target(group, provenance, entries) for group in groups[:_MOST_TARGETS]]
    if (more := len(groups) - len(told)) > 0:
        told.append(f"The table tells of {plural(more, 'other target')}.")
    first = f"The {count(len(groups))} targets are not compared with each other."
    return " ".join([first, *told])


_MOST_TARGETS = 3
"""Targets that a headline tells of."""


def _of_target(
    cells: Sequence[Cell], provenance: Mapping[str, Any], entries: Mapping[str, Entry]
) -> str:
    """Answer a study as far as one of its targets goes."""
    against = f"Against {_target_name(cells[0], entries[cells[0].configuration])}"
    if said := _of_one_target(cells, provenance):
        first, _space, rest = said.partition(" ")
        return f"{against}, {first.lower() if first in _FIRST_WORDS else first} {rest}"
    lead = max(cells, key=lambda cell: len(cell.rows))
    name, modes = entries[lead.configuration].name, modes_of(lead)
    more = "" if modes is None else f"; {modes.sentence(name)}"
    return f"{against}, {name} is worth {worth(lead)}{more}."


_FIRST_WORDS = ("No", "None", "Nothing", "Too")
"""First words of headlines that are no names."""


def _target_name(cell: Cell, entry: Entry) -> str:
    """Name a cell's target: a preset, as the study calls it, or by the cell that has it."""
    for name in PRESETS:
        if _target(cell) == TargetConfig.model_validate({"preset": name}):
            return name
    called = entry.settings.get("target")
    return plain(called) if isinstance(called, str) else f"the target of {entry.name}"


def _of_one_target(cells: Sequence[Cell], provenance: Mapping[str, Any]) -> str | None:
    found = words.read(cells, provenance)
    if found is None:
        return None
    lead, own = found.lead, {cell.configuration: cell for cell in cells}
    counted = {label: modes_of(own[label]) for label in lead.order}
    told = {label: modes for label, modes in counted.items() if modes is not None}
    if not told:
        return words.of_reading(found)
    some = len(lead.best) < len(lead.order) and lead.told and len(lead.best) <= words.MOST_NAMED
    if not some or words.learned_nothing(found) or words.asked(found):
        named = {found.name(label): modes for label, modes in told.items()}
        return f"{words.of_reading(found)[:-1]}; {_range(named)}."
    best = [entry.label for entry in found.entries if entry.label in lead.best]
    names = listed([found.name(label) for label in best])
    are = "is best" if len(best) == 1 else "are tied for best"
    first = lead.order[0]
    said = f"{capital(names)} {are}, worth {worth(lead.cells[first])}"
    others = [label for label in lead.order if label not in lead.best]
    reference = found.entries[0].label
    other = reference if reference in others else others[0]
    rest = f"{found.name(other)} is worth {worth(lead.cells[other], False)}"
    return f"{said}{_finds(told.get(first))}; {rest}{_finds(told.get(other))}."


def _finds(modes: Modes | None) -> str:
    if modes is None:
        return ""
    return f", with {modes.told()} and {modes.on_modes()} of its points on one"


def _range(told: Mapping[str, Modes]) -> str:
    """From the fewest to the most modes that trainings of several configurations find."""
    ranked = sorted(told.items(), key=lambda one: one[1].mean)
    (worst, least), (best, most) = ranked[0], ranked[-1]
    if len(told) == 1:
        return most.sentence(best)
    if least.mean == most.mean:
        if all(modes.alike for modes in told.values()):
            return f"every training finds {most.counted()}"
        return f"trainings of each configuration find {least.counted()} on average"
    return f"{least.sentence(worst)}, and {most.sentence(best)}"


def of_one(said: str, cell: Cell) -> str:
    """Add the modes that are found to the headline of one configuration."""
    modes = modes_of(cell)
    if modes is None:
        return said
    rows = len(cell.rows)
    if rows == 1:
        more = _("it has {some} of {total} modes, with {share} of its points on one").format(
            some=count(modes.found[0]), total=count(modes.total), share=modes.on_modes()
        )
        first, stop, rest = said.partition(". ")
        return f"{first}; {more}{stop}{rest}"
    form = (
        _("every training finds {modes}, the typical one with {share} of its points on one")
        if modes.alike
        else _("on average {modes} are found, with {share} of the points on one")
    )
    more = form.format(modes=modes.counted(), share=modes.on_modes())
    return f"{said.removesuffix('.')}; {more}."


def not_told(rows: pd.DataFrame) -> int:
    """Count trainings of which it could not be told whether they learned the distribution."""
    return int(rows["verdict"].eq("could_not_tell").sum())
