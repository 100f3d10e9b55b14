"""The spectrum of a game at its equilibrium: modes of the flow, and the maps that steps make."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from gan_eval.investigations.dynamics.field import MAPS, Field, Mode, critical_gamma, modes
from gan_eval.investigations.dynamics.game import Game
from gan_eval.training.draws import Layer

if TYPE_CHECKING:
    import pandas as pd

Array = NDArray[np.floating]


@dataclass(frozen=True)
class Steps:
    """A way of making plain steps at the configuration's rates, by its slowest mode."""

    modulus: float
    """|μ|: what is left of the mode after an update."""
    updates_to_halve: float
    """Where it grows, below 0: the updates to double. inf where it does neither."""
    period: float
    """Updates for a turn; inf where it does not turn."""
    largest_factor: float
    """The factor of both rates up to which no mode grows; 0 where there is none."""


@dataclass(frozen=True, eq=False)
class Spectrum:
    """A game's spectrum at its equilibrium, with one discriminator's features.

    Attributes
    ----------
    flow : Field
        The Jacobian per row, both rates 1: that of the closed forms.
    field : Field
        With the configuration's rates, per update.
    modes : tuple of Mode
        Of the flow, the fastest damped first.
    slowest : Mode or None
        The slowest mode of the field that moves an error; None where none does.
    critical_gamma : float
        The least r1 + r2 from which no mode turns, at these rates; inf where none does it.
    plane : ndarray, shape (2, 2)
        The field, per update, of the error that moves the features most, first, and of D's answer.
    """

    flow: Field
    field: Field
    modes: tuple[Mode, ...]
    slowest: Mode | None
    critical_gamma: float
    plane: Array

    @classmethod
    def of(cls, game: Game, hidden: Sequence[Layer]) -> Spectrum:
        """Compute it with the features of one discriminator, hidden layers (inputs, outputs)."""
        moments, loss = game.moments(hidden), game.loss
        jacobian = game.jacobian(moments)
        split = len(moments.second)
        flow, field = Field(jacobian, split), game.field(moments)
        of_flow, of_field = (modes(one, game.response, moments.second) for one in (flow, field))
        moving = [mode for mode in of_field if mode.shares.sum()]
        answers, sizes, _ = np.linalg.svd(moments.seen)
        damping = answers[:, 0] @ jacobian[:split, :split] @ answers[:, 0]
        push, pull = loss.push * sizes[0], loss.coupling * sizes[0]
        D, G = game.rates
        return cls(
            flow,
            field,
            tuple(of_flow),
            min(moving, key=lambda mode: abs(mode.eigenvalue), default=None),
            critical_gamma(lambda gamma: game.field(moments, gamma).oscillates),
            np.array([[0.0, G * push], [-D * pull, D * damping]]),
        )

    @property
    def moves(self) -> bool:
        """Tell whether some error moves a feature at all."""
        return bool(self.plane[0, 1] > 0)

    @property
    def eigenvalues(self) -> NDArray[np.complexfloating]:
        """All eigenvalues λ of the flow, per row and in units of the rates."""
        return self.flow.eigenvalues("simultaneous") - 1

    @cached_property
    def steps(self) -> dict[str, Steps]:
        """What each map of plain steps makes of its slowest mode."""
        found = {}
        for name in MAPS:
            slowest = self.field.slowest(name)
            factor = self.field.largest_factor(name)
            found[name] = Steps(abs(slowest), halving(slowest), period(slowest), factor)
        return found

    @property
    def maps(self) -> pd.DataFrame:
        """One row per map: its name as ``map``, and its :class:`Steps`."""
        import pandas as pd

        return pd.DataFrame([{"map": name} | asdict(steps) for name, steps in self.steps.items()])


def halving(multiplier: complex) -> float:
    """Compute the updates in which a mode halves; its doubling, below 0, where it grows."""
    log = math.log(abs(multiplier)) if multiplier else -math.inf
    return math.inf if abs(log) < 5e-15 else -math.log(2) / log


def period(multiplier: complex) -> float:
    """Compute the updates of one turn of a mode; inf where it does not turn."""
    angle = abs(math.atan2(multiplier.imag, multiplier.real))
    return 2 * math.pi / angle if angle > 1e-15 else math.inf
