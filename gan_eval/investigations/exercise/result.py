"""The result of an exercise: its tables, and the numbers that its words rest on."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import ndtri

from gan_eval.investigations.exercise.rejections import OPTIMUM
from gan_eval.investigations.exercise.responses import FRESH, LEARNED, LN2
from gan_eval.investigations.exercise.settings import MOST_REPLICATES, Settings, label
from gan_eval.judging.summary import median_interval
from gan_eval.runtime.notebook import Displayed
from gan_eval.stats.bootstrap import draws, percentile_interval
from gan_eval.stats.crossing import first_crossings
from gan_eval.stats.shares import share_interval

Array = NDArray[np.floating]

PARTS = ("seen", "optimisation", "finite_sample", "form")
"""The parts, in the order in which they add up."""

_SHARE_BOOTSTRAP = 2000
_BOOTSTRAP = 1000

TOLD_APART = 0.8
"""The share of generators at which a test is said to tell them apart."""

MEDIANS = ("loss_in_sample", "loss_population", "floor", "floor_in_sample")
"""Columns of ``Exercise.responses`` of which medians are given."""

FEWEST_FOR_INTERVAL = 6
"""Generators below which a median or a bootstrap has no interval."""

HALF = 0.5
"""The share of generators above which the generator is said to win at n."""


class Share(NamedTuple):
    """A share or a median with its 95 % interval."""

    value: float
    low: float
    high: float


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

    def shares(self) -> dict[str, Share]:
        """Divide each part's mean by the mean divergence, with a 95 % interval.

        Of means and not a mean of shares, which would be ruled by the best generators. By bootstrap
        over generators (2,000 draws, seed 0), NaN where there are fewer than 6.
        """
        index = draws(len(self.divergence), _SHARE_BOOTSTRAP, 0)
        found = {}
        for name in PARTS:
            part = getattr(self, name)
            shares = part[index].mean(axis=1) / self.divergence[index].mean(axis=1)
            value = float(part.mean() / self.divergence.mean())
            found[name] = Share(value, *_bounds(shares, len(self.divergence), "linear"))
        return found


@dataclass(frozen=True)
class Exercise(Displayed):
    """A record of one exercise: its tables, and the answers that follow.

    Attributes
    ----------
    settings : Settings
    generators : DataFrame
        One row a generator that could be used.
    tests : DataFrame
        One row a generator, test and n; ``told_apart`` is 0 or 1, and the power for the optimum.
    responses : DataFrame
        One row a fresh discriminator. docs/exercise.md describes the columns of all three.
    decomposition : Decomposition
        Of the generators that met fresh discriminators.
    provenance : dict
    """

    settings: Settings
    generators: pd.DataFrame
    tests: pd.DataFrame
    responses: pd.DataFrame
    decomposition: Decomposition
    provenance: dict[str, Any]

    def __repr__(self) -> str:
        asked = (self.settings.test_rows, self.settings.fit_rows)
        tests, fits = (", ".join(f"{n:,}" for n in rows) for rows in asked)
        said = "; ".join(
            f"{answer} at n = {', '.join(f'{n:,}' for n in rows)}"
            for answer, rows in self.answers.items()
            if rows
        )
        return (
            f"exercise: {len(self.generators):,} generators, tests from {tests} rows, "
            f"fresh discriminators fitted to {fits} rows\nthe generator wins: {said}"
        )

    def to_frame(self) -> pd.DataFrame:
        """Return one row per generator, test and number of rows: was it told apart?"""
        return self.tests

    # --- Tests ---------------------------------------------------------------------------------

    def told_apart(self, test: str, n: int, kind: str = LEARNED) -> Share:
        """Compute the share of generators that a test tells apart from n rows, with its interval.

        The interval is Clopper and Pearson's. For the optimum it is the mean of its power, with a
        bootstrap interval over generators, NaN where there are fewer than 6.
        """
        values = self._rejections(test, kind)[n].to_numpy()
        if test == OPTIMUM:
            means = values[draws(len(values), _BOOTSTRAP, 0)].mean(axis=1)
            return Share(float(values.mean()), *_bounds(means, len(values), "linear"))
        return Share(float(values.mean()), *share_interval(int(values.sum()), len(values)))

    def rows_until_told_apart(self, test: str) -> Share:
        """Find the rows from which a test tells ``TOLD_APART`` of the generators from the truth.

        Interpolated between the numbers of rows measured, Φ⁻¹(share) linear in ln n; inf where the
        share is not reached, the smallest n measured where it is reached there. The interval is a
        bootstrap over generators (1,000 draws, seed 0), each with its outcomes at every n; NaN
        where there are fewer than 6.
        """
        frame = self._rejections(test, LEARNED)
        rows, values = frame.columns.to_numpy(dtype=float), frame.to_numpy()
        found = _crossings(rows, values.mean(axis=0)[None], len(values))
        resampled = values[draws(len(values), _BOOTSTRAP, 0)].mean(axis=1)
        drawn = _crossings(rows, resampled, len(values))
        return Share(float(found[0]), *_bounds(drawn, len(values), "inverted_cdf"))

    def _rejections(self, test: str, kind: str) -> pd.DataFrame:
        chosen = self.tests[(self.tests["test"] == test) & (self.tests["generator"] == kind)]
        return chosen.pivot(index="seed", columns="n", values="told_apart")

    # --- Fresh discriminators -------------------------------------------------------------------

    @property
    def cases(self) -> list[dict[Any, Any]]:
        """The cases of fresh discriminators, each as the arguments of ``fits`` and ``wins``."""
        columns = self.responses[["generator", "source", "widths", "n"]].drop_duplicates()
        return columns.rename(columns={"generator": "kind"}).to_dict("records")

    def fits(
        self, n: int, *, kind: str = LEARNED, source: str = FRESH, widths: str | None = None
    ) -> pd.DataFrame:
        """Take one case's fresh discriminators; by default those of the configuration's form."""
        rows, form = self.responses, widths or label(self.settings.widths[0])
        chosen = (rows["generator"] == kind) & (rows["source"] == source)
        return rows[chosen & (rows["widths"] == form) & (rows["n"] == n)]

    def wins(
        self, n: int, *, kind: str = LEARNED, source: str = FRESH, widths: str | None = None
    ) -> Share:
        """The share of generators that win at n: against which the best response to n rows is, on
        fresh rows, no better than a coin (population loss ≥ ln 2)."""
        rows = self.fits(n, kind=kind, source=source, widths=widths)
        won = int((rows["loss_population"] >= LN2).sum())
        return Share(won / len(rows), *share_interval(won, len(rows)))

    def median(self, frame: pd.DataFrame, column: str) -> Share:
        """Compute the median of a column over generators, with its order-statistics interval."""
        values = frame[column].to_numpy()
        return Share(float(np.median(values)), *median_interval(values))

    @property
    def answers(self) -> dict[str, tuple[int, ...]]:
        """The numbers of rows by their answer, for the configuration's discriminator fitted to
        fresh rows: ``"yes"`` where the interval of the share of learned generators that win lies
        above ``HALF``, ``"no"`` where it lies below, else ``"not shown"``."""
        found: dict[str, tuple[int, ...]] = {"yes": (), "no": (), "not shown": ()}
        for n in self.settings.fit_rows:
            share = self.wins(n)
            said = "yes" if share.low > HALF else "no" if share.high < HALF else "not shown"
            found[said] += (n,)
        return found

    @property
    def answered(self) -> bool:
        """Tell whether it is shown for some n that the generator wins, or that it does not."""
        return bool(self.answers["yes"] or self.answers["no"])

    # --- Files, which workers do not load --------------------------------------------------------

    def document(self) -> dict[str, Any]:
        """Put settings, answer, the numbers behind it and provenance together, ready for JSON."""
        from gan_eval.investigations.exercise import page

        return page.document(self)

    def save(self, folder: Path) -> list[Path]:
        """Write the tables, the document and the page; return their paths."""
        from gan_eval.investigations.exercise import page

        return page.save(self, folder)


def _bounds(drawn: Array, generators: int, method: Any) -> tuple[float, float]:
    """Take the interval of a bootstrap over generators, (NaN, NaN) where they are too few."""
    if generators < FEWEST_FOR_INTERVAL:
        return (np.nan, np.nan)
    return percentile_interval(drawn, method=method)


def generators_to_tell(share: float) -> float:
    """Count the generators from which a share of them tells yes from no, if it stays as it is.

    Found within 10 %; inf where 100,000 would not.

    >>> generators_to_tell(1.0), generators_to_tell(0.5)
    (6, inf)
    """
    generators = 1
    while generators <= MOST_REPLICATES:
        low, high = share_interval(round(share * generators), generators)
        if low > HALF or high < HALF:
            return generators
        generators += 1 + generators // 10
    return float("inf")


def _crossings(rows: Array, shares: Array, generators: int) -> Array:
    """Find where each row of shares (draws, rows) first reaches the mark; inf where it does not."""
    # A share of none or of all has no Φ⁻¹; half a generator stands for what was not seen.
    levels = ndtri((generators * shares + 0.5) / (generators + 1))
    mark = float(ndtri((generators * TOLD_APART + 0.5) / (generators + 1)))
    return first_crossings(rows, levels, mark, shares >= TOLD_APART - 1e-12)
