"""Which configurations are nearest to the truth, which are tied with the best, and how many seeds
would tell: by sign tests on common seeds, corrected for how many there are."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import special

from gan_eval.stats.shares import trials_to_tell
from gan_eval.study.answer.cells import Cell, worth_column

ALPHA = 0.05
"""The probability that the configuration that is truly best is not among those told best."""

POWER = 0.8
"""The probability with which as many seeds as are named would tell a difference."""

MODERATE = 0.75
"""A difference that is named where none can be estimated: nearer to the truth on so many seeds."""

MOST_NEEDED = 10_000
"""Seeds beyond which nobody is told to run more."""

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Duel:
    """Two configurations on their common seeds.

    Attributes
    ----------
    seeds : int
        Common ones.
    wins : float
        The share of them on which the first is nearer to the truth, ties half.
    pvalue : float
        Of the exact one-sided sign test that the first is not the better one, ties left out.
    """

    seeds: int
    wins: float
    pvalue: float


@dataclass(frozen=True)
class Ranking:
    """The configurations of one backend and device, nearest to the truth first.

    Attributes
    ----------
    backend, device : str
    order : list of str
        Labels, by the median worth.
    best : list of str
        Those that are tied for best: the first, and all that it is not shown to be better than.
    seeds : int
        The fewest common seeds of the first and another one.
    least : int
        Seeds with which the plainest difference could be shown.
    duels : dict of str to Duel
        The first against each other one.
    cells : dict of str to Cell
        Those that are ranked.
    few : list of str
        Labels that are not ranked: they have fewer seeds than can show anything, and others have
        enough.
    """

    backend: str
    device: str
    order: list[str]
    best: list[str]
    seeds: int
    least: int
    duels: dict[str, Duel]
    cells: dict[str, Cell]
    few: list[str]

    @property
    def place(self) -> tuple[str, str]:
        """The backend and the device."""
        return self.backend, self.device

    @property
    def told(self) -> bool:
        """Whether there are seeds enough to show any difference."""
        return self.seeds >= self.least


def rankings(cells: Sequence[Cell], order: Sequence[str]) -> list[Ranking]:
    """Rank the configurations of each backend and device, that with the most rows first.

    The best is that with the largest median worth in real rows. Another one is tied with it unless
    the exact one-sided sign test over their common seeds, at 5 % divided by the number of such
    tests (Bonferroni), says that the best ends nearer to the truth. So with 95 % probability the
    tied ones hold the configuration that is nearest most often: what is compared was chosen by the
    data, and this bound holds for every choice.

    Parameters
    ----------
    cells : sequence of Cell
    order : sequence of str
        The labels of the configurations in the study's order.
    """
    groups: dict[tuple[str, str], dict[str, Cell]] = {}
    for cell in cells:
        groups.setdefault((cell.backend, cell.device), {})[cell.configuration] = cell
    found = [_ranking(place, group, order) for place, group in groups.items()]
    return sorted(found, key=lambda one: -sum(len(cell.rows) for cell in one.cells.values()))


def errors_of(cell: Cell) -> pd.Series:
    """One over the worth in real rows of each training, by seed: the smaller, the nearer to the
    truth, in any number of dimensions; infinite where it diverged."""
    worth = cell.rows[worth_column(cell)].mask(cell.rows["verdict"] == "diverged", 0.0).fillna(0.0)
    with np.errstate(divide="ignore"):
        values = 1.0 / worth.to_numpy(dtype=np.float64)
    found = pd.Series(values, index=cell.rows["seed"].to_numpy())
    return found[~found.index.duplicated()]


def duel(first: Cell, second: Cell) -> Duel:
    """Hold two configurations against each other on their common seeds."""
    both = pd.concat([errors_of(first), errors_of(second)], axis=1, join="inner").to_numpy()
    better, worse = (int(np.count_nonzero(c)) for c in _compared(both))
    n = len(both)
    # P(Binomial(better + worse, 1/2) ≥ better)
    pvalue = float(special.bdtrc(better - 1, better + worse, 0.5)) if better else 1.0
    return Duel(n, (better + (n - better - worse) / 2) / n if n else 0.5, pvalue)


def least_seeds(tests: int, alpha: float = ALPHA) -> int:
    """The fewest seeds of which a one-sided sign test can show anything among so many tests.

    Examples
    --------
    >>> least_seeds(1), least_seeds(15)
    (5, 9)
    """
    return math.ceil(math.log2(max(tests, 1) / alpha))


def needed_seeds(wins: float, tests: int, alpha: float = ALPHA) -> int:
    """How many seeds would show, with 80 % probability, a difference that shows in so large a share
    of them; at most ``MOST_NEEDED`` + 1.

    By the normal approximation of the sign test.

    Examples
    --------
    >>> needed_seeds(0.75, 15), needed_seeds(0.5, 15) > MOST_NEEDED
    (48, True)
    """
    if abs(wins - 0.5) < 1e-9:
        return MOST_NEEDED + 1
    n = trials_to_tell(wins, 0.5, 1 - alpha / max(tests, 1), POWER)
    return min(max(n, least_seeds(tests, alpha)), MOST_NEEDED + 1)


def _compared(both: Array) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    return both[:, 0] < both[:, 1], both[:, 0] > both[:, 1]


def _ranking(place: tuple[str, str], group: dict[str, Cell], order: Sequence[str]) -> Ranking:
    places = {label: position for position, label in enumerate(order)}
    ranked = sorted(
        group, key=lambda label: (*_quality(group[label]), places.get(label, len(places)))
    )
    enough = least_seeds(len(ranked) - 1)
    few = [label for label in ranked if len(group[label].rows) < enough]
    if len(ranked) - len(few) > 1:
        ranked = [label for label in ranked if label not in few]
    else:
        few = []
    first, *others = ranked
    duels = {label: duel(group[first], group[label]) for label in others}
    tests = max(len(others), 1)
    tied = [label for label in others if duels[label].pvalue > ALPHA / tests]
    seeds = min((one.seeds for one in duels.values()), default=0)
    return Ranking(
        *place,
        ranked,
        [first, *tied],
        seeds,
        least_seeds(tests),
        duels,
        {label: group[label] for label in ranked},
        few,
    )


def _quality(cell: Cell) -> tuple[float, float]:
    """By the median worth, then by the median KL, best first."""
    worth, kl = (float(cell.summary[name]) for name in (worth_column(cell), "kl"))
    return -(worth if math.isfinite(worth) or worth > 0 else 0.0), kl if kl == kl else math.inf
