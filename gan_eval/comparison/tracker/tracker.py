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

from gan_eval.comparison.reading import Table, read_beside, read_options, table_of
from gan_eval.comparison.sources import ROWS, draw, is_sampler, is_target
from gan_eval.comparison.tracker.best import (
    BestCheckpoint,
    best_checkpoint,
    worth_in_words,
    worth_of,
)
from gan_eval.comparison.tracker.measure import MEASURES, Measured, RealFeatures
from gan_eval.comparison.tracker.places import BadRowsError, Places
from gan_eval.pages.numbers import count, plural
from gan_eval.runtime.arguments import level, shown, whole_number
from gan_eval.runtime.errors import UsageError
from gan_eval.runtime.notebook import Displayed, few_lines
from gan_eval.runtime.threads import one_blas_thread
from gan_eval.stats.pairs import semimetric
from gan_eval.stats.samples import Array
from gan_eval.stats.squared_distance import squared_distance

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FEWEST_ROWS = 4
"""Rows of each sample; the variance of pairs needs four."""

MOST_ROWS = 20_000
"""Rows of one sample that a distance is taken of; of more, so many are taken."""

TARGET_ROWS = 10_000
"""Rows drawn of a target whose density is known."""

_NEAR_ENOUGH = 1000
"""Rows of each sample of which pairs are taken, where a checkpoint is worth less than one row."""

PREFIX = "gan_eval/"
_LOGGED = ("worth_energy", "worth_energy_low", "worth_energy_high", "energy_distance", "mmd2")
_DISTANCES = {"energy": "energy_distance", "mmd": "mmd2"}
_ARGUMENTS = ("target", "holdout", "columns", "seed", "alpha")


class Tracker(Displayed):
    """A training that is followed: each checkpoint's rows are held against the same real rows.

    Parameters
    ----------
    real : array, DataFrame, torch tensor, path of a file, or a target
        As of :func:`~gan_eval.comparison.run.compare`. Rows that the generator has not seen in its
        training, unless ``holdout`` has such; of a target with a known density,
        ``TARGET_ROWS`` are drawn.
    holdout : as ``real``, optional
        Real rows that the generator has not seen, where ``real`` has those it is trained on:
        distances are then to these, and ``real`` only fixes the coordinates.
    columns : sequence of str, optional
        Those to compare; all if not given.
    alpha : float
        1 less the level of intervals, and the level of :meth:`best`.
    seed : int
        Of what is drawn, from 0.
    **reading
        How to read files, and columns to ``exclude``: the attributes of
        :class:`~gan_eval.comparison.reading.options.ReadOptions`.

    Attributes
    ----------
    rows : int
        Real rows that distances are to.
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
    >>> tracker = Tracker(rng.normal(size=(2000, 2)))
    >>> for step, shift in [(100, 0.9), (200, 0.3), (300, 0.0)]:
    ...     logged = tracker.log(step, rng.normal(shift, size=(1000, 2)))
    >>> sorted(logged)[-1], logged["gan_eval/worth_energy_low"] > 100
    ('gan_eval/worth_energy_low', True)
    >>> tracker.best().step
    300
    """

    def __init__(
        self,
        real: Any,
        *,
        holdout: Any = None,
        columns: Sequence[str] | None = None,
        alpha: float = 0.05,
        seed: int = 0,
        **reading: Any,
    ) -> None:
        if not 0 <= whole_number(seed, "`seed`", 0) < 2**63:
            raise UsageError(f"`seed` must be between 0 and 2**63 − 1, got {seed}")
        self.alpha, self.seed = level(alpha, "`alpha`"), seed
        options = read_options({"columns": columns, **reading}, _ARGUMENTS)
        streams = np.random.default_rng(seed).spawn(6)
        self._stream = streams[5]
        table = _chosen(_read(real, "real", options, None, streams[0]), options)
        _require_rows(len(table.frame), "real")
        self._places = Places.of(table)
        self.real = table.source
        unseen: Any = table.frame
        if holdout is not None:
            other = _read(holdout, "holdout", options, table, streams[1])
            _require_rows(len(other.frame), "holdout")
            self.real, unseen = other.source, other.frame
            if not (other.named and table.named):
                unseen = unseen.to_numpy()
        try:
            points = self._places.points(unseen, "holdout")
        except BadRowsError as error:
            raise UsageError(f"`holdout` cannot be compared with `real`: {error}") from None
        self.notes: tuple[str, ...] = (*table.notes, *self._places.notes)
        self.rows = len(points)
        if self.rows > MOST_ROWS:
            points = points[np.sort(streams[2].choice(self.rows, MOST_ROWS, replace=False))]
            self.notes += (f"Distances are to {count(MOST_ROWS)} of {count(self.rows)} real rows.",)
        self._some = points[streams[4].permutation(len(points))[:_NEAR_ENOUGH]]
        with one_blas_thread():
            self._features = {
                by: RealFeatures(points, by, stream)
                for by, stream in zip(MEASURES, streams[3].spawn(2), strict=True)
            }
        self._rows: list[dict[str, Any]] = []
        self._measured: dict[float, Measured] = {}

    def __len__(self) -> int:
        """Count the checkpoints logged."""
        return len(self._rows)

    def log(self, step: float, samples: Any) -> dict[str, float]:
        """Measure one checkpoint's rows, keep what is found, and return it for a logger.

        Parameters
        ----------
        step : int or float
            Of the training; each one once, in any order.
        samples : array, DataFrame, torch tensor or source of rows
            Independent rows of the checkpoint, at least 4, with the columns of the real ones; one
            with a method ``sample(n, rng)`` gives ``ROWS``. Some thousand rows tell more than a
            batch.

        Returns
        -------
        dict of str to float
            ``"gan_eval/worth_energy"``, with ``_low`` and ``_high``, in real rows;
            ``"gan_eval/energy_distance"`` and ``"gan_eval/mmd2"``, without bias. All NaN where the
            rows are none, such as NaN: the checkpoint is a row of ``frame`` that says so.

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
            _require_rows(len(points), "samples")
            with one_blas_thread():
                row |= self._measure(step, points)
        self._rows.append({**row, "note": note, "seconds": time.perf_counter() - started})
        return {f"{PREFIX}{name}": float(row.get(name, math.nan)) for name in _LOGGED}

    def _measure(self, step: float, points: Array) -> dict[str, float]:
        if len(points) > MOST_ROWS:
            points = points[np.linspace(0, len(points) - 1, MOST_ROWS).round().astype(np.intp)]
        found: dict[str, float] = {}
        for by, real in self._features.items():
            one = real.measure(points, 1 - self.alpha)
            if by == "energy":
                self._measured[step] = one
                if one.estimate > real.spread:
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
        return found

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
        ``mmd2``, each with ``_low`` and ``_high``; ``note``, why there is no result; ``seconds``.
        """
        names = [f"{start}{end}" for by in MEASURES for start in (f"worth_{by}", _DISTANCES[by])
                 for end in ("", "_low", "_high")]  # fmt: skip
        columns = ["step", "rows", *names, "note", "seconds"]
        frame = pd.DataFrame(self._rows, columns=pd.Index(columns))
        return frame.astype(dict.fromkeys((*names, "seconds"), float))

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
        width = plural(len(self._places.kinds), "column")
        lines = [
            f"Tracker: {plural(len(self), 'checkpoint')} against {count(self.rows)} real rows of "
            f"{width}."
        ]
        if self._measured:
            last = self._rows[-1]
            if last["note"]:
                lines.append(f"The last, step {last['step']:g}, has no result: {last['note']}.")
            else:
                worths = (last[f"worth_energy{end}"] for end in ("", "_low", "_high"))
                lines.append(f"The last, step {last['step']:g}, is {worth_in_words(*worths)}.")
            lines.append(repr(self.best()))
        return few_lines(*lines)


def _read(source: Any, name: str, options: Any, other: Table | None, stream: Any) -> Table:
    if is_sampler(source) or is_target(source):
        return table_of(draw(source, TARGET_ROWS, stream, name), name)
    return read_beside(source, name, other, options)


def _chosen(table: Table, options: Any) -> Table:
    """Take the columns asked for."""
    from gan_eval.comparison.reading import common_columns

    return common_columns(table, table, options.columns, options.exclude).real


def _require_rows(n: int, name: str) -> None:
    if n < FEWEST_ROWS:
        raise UsageError(f"`{name}` must have at least {FEWEST_ROWS} rows, got {n}")


def _length(samples: Any) -> float:
    try:
        return len(samples)
    except TypeError:
        return math.nan
