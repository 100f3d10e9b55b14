"""Follow a training: how near is each checkpoint, which is best, and is it right yet?"""

from __future__ import annotations

import math
import numbers
import time
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from gan_eval.comparison.reading import read_options
from gan_eval.comparison.sources import ROWS, draw, is_sampler
from gan_eval.comparison.tracker.best import BestCheckpoint, best_checkpoint, worth_of
from gan_eval.comparison.tracker.bets import bets_against
from gan_eval.comparison.tracker.measure import MEASURES, Measured, RealFeatures
from gan_eval.comparison.tracker.places import BadRowsError
from gan_eval.comparison.tracker.real import MOST_ROWS, real_rows, require_rows
from gan_eval.runtime.arguments import level, shown, whole_number
from gan_eval.runtime.errors import UsageError
from gan_eval.runtime.notebook import Displayed, few_lines
from gan_eval.runtime.threads import one_blas_thread
from gan_eval.stats.pairs import semimetric
from gan_eval.stats.samples import Array
from gan_eval.stats.squared_distance import squared_distance

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_NEAR_ENOUGH = 1000
"""Rows of each sample of which pairs are taken, where a checkpoint is worth less than one row."""

PREFIX = "gan_eval/"
_WORTH = ("worth_energy", "worth_energy_low", "worth_energy_high")
_LOGGED = (*_WORTH, "energy_distance", "mmd2", "log_e")
_DISTANCES = {"energy": "energy_distance", "mmd": "mmd2"}
_ARGUMENTS = ("target", "holdout", "columns", "betting", "seed", "alpha")


class Tracker(Displayed):
    """A training that is followed: each checkpoint's rows are held against the same real rows.

    Parameters
    ----------
    real : array, DataFrame, torch tensor, path of a file, or a target, optional
        As of :func:`~gan_eval.comparison.run.compare`. Rows that the generator has not seen in its
        training, unless ``holdout`` has such. Of a target whose density is known 10,000 are drawn.
    target : a target, a preset's name, or settings, optional
        What the rows come from, where its density is known
        (:func:`~gan_eval.distributions.protocol.as_target`,
        :func:`~gan_eval.distributions.target_settings.target_of_settings`): bets are at its odds.
        Needed only where ``real`` is no target itself.
    holdout : as ``real``, optional
        Real rows that the generator has not seen, where ``real`` has those it is trained on:
        distances are then to these, and ``real`` only fixes the coordinates.
    columns : sequence of str, optional
        Those to compare; all if not given.
    betting : float
        The share of real rows kept to be bet on, each once in the whole training: distances are to
        the others. 0 for none; with a target none are needed.
    alpha : float
        1 less the level of intervals, and the level of :meth:`best` and of the bets against one
        checkpoint.
    seed : int
        Of what is drawn, from 0.
    **reading
        How to read files, and columns to ``exclude``: the attributes of
        :class:`~gan_eval.comparison.reading.options.ReadOptions`.

    Attributes
    ----------
    rows : int
        Real rows that distances are to.
    columns : tuple of str
        Those compared.
    bets : Bets
        Against checkpoints: ``left`` real rows, or the odds of a target.
    notes : tuple of str
        What was done to the real rows, where that is not plain.

    Raises
    ------
    UsageError
        Where rows or arguments cannot be used.

    Notes
    -----
    Rows are whitened by the real ones, once (:class:`~gan_eval.comparison.tracker.places.Places`),
    and measured by random features of these, kept
    (:class:`~gan_eval.comparison.tracker.measure.RealFeatures`): a checkpoint costs a pass over
    its own rows. It can be pickled, with what was logged, and goes on where it was.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> tracker = Tracker(rng.normal(size=(3000, 2)))
    >>> for step, shift in [(100, 2.0), (200, 0.3), (300, 0.0)]:
    ...     logged = tracker.log(step, rng.normal(shift, size=(1000, 2)))
    >>> logged["gan_eval/worth_energy_low"] > 100, tracker.best().step
    (True, 300)
    >>> tracker.frame["state"].tolist()[::2]
    ['told_apart', 'not_told_apart_yet']
    """

    def __init__(
        self,
        real: Any = None,
        *,
        target: Any = None,
        holdout: Any = None,
        columns: Sequence[str] | None = None,
        betting: float = 1 / 3,
        alpha: float = 0.05,
        seed: int = 0,
        **reading: Any,
    ) -> None:
        if not 0 <= whole_number(seed, "`seed`", 0) < 2**63:
            raise UsageError(f"`seed` must be between 0 and 2**63 − 1, got {seed}")
        if betting != 0:
            level(betting, "`betting`")
        self.alpha, self.seed = level(alpha, "`alpha`"), seed
        options = read_options({"columns": columns, **reading}, _ARGUMENTS)
        streams = np.random.default_rng(seed).spawn(5)
        with one_blas_thread():
            found = real_rows(real, holdout, target, betting, options, streams[0])
            points = found.points
            self._features = {
                by: RealFeatures(points, by, stream)
                for by, stream in zip(MEASURES, streams[1:3], strict=True)
            }
            some = streams[3].permutation(len(points))
            self._some = points[some[:_NEAR_ENOUGH]]
            self.bets = bets_against(found.target, points[some], found.kept, self.alpha, streams[3])
        self.real, self.notes, self._places = found.source, found.notes, found.places
        self.columns = tuple(self._places.kinds)
        self.rows, self._by_target = len(points), found.target is not None
        self._stream = streams[4]
        self._rows: list[dict[str, Any]] = []
        self._measured: dict[float, Measured] = {}

    def __len__(self) -> int:
        """Count the checkpoints logged."""
        return len(self._rows)

    def log(self, step: float, samples: Any, *, bets: int | None = None) -> dict[str, float]:
        """Measure one checkpoint's rows, keep what is found, and return it for a logger.

        Parameters
        ----------
        step : int or float
            Of the training; each one once, in any order.
        samples : array, DataFrame, torch tensor, path of a file, or source of rows
            Independent rows of the checkpoint, at least 4, with the columns of the real ones; one
            with a method ``sample(n, rng)`` gives ``ROWS``. Some thousand rows tell more than a
            batch.

        bets : int, optional
            Rows that may be bet on, at most; fewer are where e reaches 1 / ``alpha`` before. By
            default 50, or a tenth of the real rows left for it where the distance may be 0; of a
            target, all of ``samples``.

        Returns
        -------
        dict of str to float
            ``"gan_eval/worth_energy"``, with ``_low`` and ``_high``, in real rows;
            ``"gan_eval/energy_distance"`` and ``"gan_eval/mmd2"``, without bias;
            ``"gan_eval/log_e"``. All NaN where the rows are none, such as NaN: the checkpoint is a
            row of ``frame`` that says so.

        Raises
        ------
        UsageError
            For a step that was logged, wrong columns or too few rows.
        """
        started = time.perf_counter()
        if isinstance(step, bool) or not isinstance(step, numbers.Real) or not math.isfinite(step):
            raise UsageError(f"`step` must be a finite number, got {shown(step)}")
        if any(row["step"] == step for row in self._rows):
            raise UsageError(f"`step` must be another than those logged, got {step} again")
        if bets is not None:
            whole_number(bets, "`bets`", 1)
        if is_sampler(samples):
            samples = draw(samples, ROWS, self._stream, "samples")
        row: dict[str, Any] = {"step": step, "rows": _length(samples)}
        note = ""
        try:
            with one_blas_thread():
                points = self._places.points(samples)
        except BadRowsError as error:
            note = str(error)
        else:
            row["rows"] = len(points)
            require_rows(len(points), "samples")
            with one_blas_thread():
                measured, found = self._measure(points)
                row |= found
                given = self._places.rows(samples) if self._by_target else None
                row |= self._bet(points, given, bets, row["energy_distance_low"] <= 0)
            self._measured[step] = measured
        row = {"state": "", "bets": 0, **row}
        self._rows.append({**row, "note": note, "seconds": time.perf_counter() - started})
        return {f"{PREFIX}{name}": float(row.get(name, math.nan)) for name in _LOGGED}

    def _measure(self, points: Array) -> tuple[Measured, dict[str, float]]:
        """Measure points; return what comparisons need, and the row's figures."""
        if len(points) > MOST_ROWS:
            points = points[np.linspace(0, len(points) - 1, MOST_ROWS).round().astype(np.intp)]
        found: dict[str, float] = {}
        measured: list[Measured] = []
        for by, real in self._features.items():
            one = real.measure(points, 1 - self.alpha)
            measured.append(one)
            if by == "energy" and one.estimate > real.spread:
                one = self._by_pairs(one, points)
            name = _DISTANCES[by]
            found |= {
                f"worth_{by}": worth_of(real.spread, one.estimate),
                f"worth_{by}_low": worth_of(real.spread, one.high),
                f"worth_{by}_high": worth_of(real.spread, one.low),
                name: one.estimate,
                f"{name}_low": one.low,
                f"{name}_high": one.high,
            }
        return measured[0], found

    def _bet(self, points: Array, given: Any, most: int | None, near: bool) -> dict[str, Any]:
        order = self._stream.permutation(len(points))  # they may come sorted
        given = None if given is None else given[order]
        one = self.bets.bet(points[order], given, most, near)
        return {"log_e": one.log_e, "state": one.state, "bets": one.rows}

    def _by_pairs(self, one: Measured, points: Array) -> Measured:
        """Measure a checkpoint that is far off by pairs of rows: features end somewhere."""
        places = np.linspace(0, len(points) - 1, min(len(points), _NEAR_ENOUGH))
        others = points[places.round().astype(np.intp)]
        found = squared_distance(
            self._some, others, semimetric("energy", self._some), level=1 - self.alpha
        )
        return replace(one, estimate=found.estimate, low=found.low, high=found.high)

    @property
    def frame(self) -> pd.DataFrame:
        """A row for each checkpoint, in the order logged.

        ``step``, ``rows``; ``worth_energy``, ``worth_mmd`` in real rows, ``energy_distance``,
        ``mmd2``, each with ``_low`` and ``_high``; ``log_e``, ln e of the bets against it;
        ``state``, what they say (:class:`~gan_eval.stats.sequential.process.State`); ``bets``, the
        rows bet on; ``note``, why there is no result; ``seconds``.
        """
        names = [f"{start}{end}" for by in MEASURES for start in (f"worth_{by}", _DISTANCES[by])
                 for end in ("", "_low", "_high")]  # fmt: skip
        columns = ["step", "rows", *names, "log_e", "state", "bets", "note", "seconds"]
        frame = pd.DataFrame(self._rows, columns=pd.Index(columns))
        return frame.astype(dict.fromkeys((*names, "log_e", "seconds"), float))

    def to_frame(self) -> pd.DataFrame:
        """Return ``frame``."""
        return self.frame

    def best(self) -> BestCheckpoint:
        """Find the checkpoint nearest to the real rows, and those not told apart from it.

        Raises
        ------
        UsageError
            Where no checkpoint with a result was logged.
        """
        if not self._measured:
            raise UsageError("no checkpoint with a result was logged: call `log(step, samples)`")
        return best_checkpoint(
            self._features["energy"],
            list(self._measured),
            list(self._measured.values()),
            self.alpha,
        )

    def plot(self) -> Figure:
        """Draw the worth over the steps with its band, and shade what is not told apart from the
        best.

        Raises
        ------
        UsageError
            Where no checkpoint with a result was logged.
        """
        from gan_eval.comparison.tracker.figure import plot

        return plot(self)

    def __repr__(self) -> str:
        from gan_eval.comparison.tracker.words import summary

        return few_lines(*summary(self))


def _length(samples: Any) -> float:
    try:
        return len(samples)
    except TypeError:
        return math.nan
