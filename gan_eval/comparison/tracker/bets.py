"""Is a checkpoint right yet? A bet against each, row by row, that may stop at any time."""

from __future__ import annotations

import math
from typing import Any, NamedTuple, Protocol

import numpy as np

from gan_eval.distributions.protocol import Target
from gan_eval.runtime.errors import UsageError
from gan_eval.stats.samples import Array
from gan_eval.stats.sequential import EProcess, LikelihoodEProcess, State, WitnessEProcess

FEWEST_BETS = 50
"""Real rows that a checkpoint may use unless told otherwise: some 15 show one that is far off to be
wrong, at a level of 0.05."""

NEAR_SHARE = 0.1
"""Of the real rows left, what one may use whose distance is not shown to be above 0."""

_RESERVED = 5000
_KNOWN = 256
"""Generated rows with which the witness begins, and that are not bet on."""
_PAIRS, _ROWS = 8, 256
"""Rows bet on between two looks, of real rows, which are few, and of a target, where none are."""


class Bet(NamedTuple):
    """What came of the bets against one checkpoint.

    ``log_e`` is ln e after the last row bet on; ``state`` is a
    :class:`~gan_eval.stats.sequential.process.State`; ``rows`` were bet on.
    """

    log_e: float
    state: str
    rows: int


class Bets(Protocol):
    """A source of bets, a new e-process for each checkpoint."""

    def bet(self, points: Array, given: Any, most: int | None, near: bool) -> Bet:
        """Bet against a generator's rows, as points and as they were given, in random order.

        At most ``most`` are bet on, if told; ``near`` is whether it may be right by its distance.
        """
        ...

    def words(self) -> str:
        """Say with what is bet."""
        ...


class NoBets:
    """Bets that are never made: there is nothing to bet on."""

    def bet(self, points: Array, given: Any, most: int | None, near: bool) -> Bet:
        """Say that it could not be told."""
        return Bet(math.nan, State.COULD_NOT_TELL, 0)

    def words(self) -> str:
        """Say so."""
        return "no real rows are kept to bet on"


class TargetBets:
    """Bets on a generator's rows, at the odds of a target whose density is known.

    Parameters
    ----------
    target : Target
    alpha : float
        Betting ends where e has reached 1 / ``alpha``.
    """

    def __init__(self, target: Target, alpha: float) -> None:
        self._target, self._alpha = target, alpha

    def bet(self, points: Array, given: Any, most: int | None, near: bool) -> Bet:
        """Bet on the rows in their order, at most ``most`` of them."""
        rows = given[:most]
        process = LikelihoodEProcess(self._target)
        _until(process, rows, self._alpha, _ROWS)
        return Bet(process.log_e, str(process.state(self._alpha)), process.rows)

    def words(self) -> str:
        """Say with what is bet."""
        return f"bets at the odds of {self._target!r}"


class RealBets:
    """Bets on pairs of a generated row and a real one, each real row once in all checkpoints.

    Parameters
    ----------
    seen : ndarray, shape (n, D)
        Real rows that are not bet on: the witness begins with them.
    kept : ndarray, shape (k, D)
        Real rows in random order, to be bet on, independent of the coordinates.
    alpha : float
    rng : numpy.random.Generator

    Notes
    -----
    A checkpoint's rows that are not bet on begin its witness
    (:class:`~gan_eval.stats.sequential.witness.WitnessEProcess`), so that a generator that is far
    off is told apart after some 15 pairs at 0.05. How many pairs there may be depends on other rows
    than these; the level is kept wherever a bet stops. Where fewer rows are left than a checkpoint
    may use, these are used, and the state is *could not tell* unless e reaches 1 / ``alpha``.
    """

    def __init__(self, seen: Array, kept: Array, alpha: float, rng: np.random.Generator) -> None:
        seen = seen[:_RESERVED]
        self._process = WitnessEProcess(
            np.concatenate([seen, kept]), reserved=len(seen), shuffle=False, rng=rng
        )
        self._alpha = alpha

    @property
    def left(self) -> int:
        """Real rows that have not been bet on."""
        return self._process.left

    def bet(self, points: Array, given: Any, most: int | None, near: bool) -> Bet:
        """Bet on pairs until e reaches 1 / alpha, or ``most`` real rows are used."""
        if not self.left:
            return Bet(math.nan, State.COULD_NOT_TELL, 0)
        if most is None:
            most = max(FEWEST_BETS, round(NEAR_SHARE * self.left) if near else 0)
        most = min(most, self.left)
        bet_on = min(most, max(len(points) - _KNOWN, len(points) // 2))
        process = self._process.onwards(points[bet_on:][:_KNOWN])
        _until(process, points[:bet_on], self._alpha, _PAIRS)
        self._process = process
        return Bet(process.log_e, str(process.state(self._alpha)), process.rows)

    def words(self) -> str:
        """Say with what is bet."""
        return f"{self.left} real rows are left to bet on"


def bets_against(
    target: Target | None, seen: Array, kept: Array, alpha: float, rng: np.random.Generator
) -> Bets:
    """Choose the bets that there is something for: by a target, or else by real rows."""
    if target is not None:
        return TargetBets(target, alpha)
    return RealBets(seen, kept, alpha, rng) if len(kept) else NoBets()


def require_dimension(target: Target, columns: int) -> None:
    """Raise ``UsageError`` where the real rows have not a column for each coordinate."""
    if target.dimension != columns:
        raise UsageError(
            f"`target` has {target.dimension} coordinates, but the real rows have {columns} "
            "columns of numbers"
        )


def _until(process: EProcess, rows: Array, alpha: float, size: int) -> None:
    """Give rows to a process until it rejects, or has no more to bet on."""
    for start in range(0, len(rows), size):
        process.update(rows[start : start + size])
        if process.rejected(alpha) or process.exhausted:
            return
