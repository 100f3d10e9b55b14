"""A configuration as a game at its equilibrium: the target in the nets' units, features, rates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gan_eval.investigations.dynamics.features import Features, Moments
from gan_eval.investigations.dynamics.field import (
    LOSSES,
    Field,
    Loss,
    jacobian,
    response,
)
from gan_eval.investigations.dynamics.scores import Points, PrincipalAxes
from gan_eval.runtime.arguments import whole_number
from gan_eval.runtime.errors import UsageError
from gan_eval.training.config import TrainingConfig
from gan_eval.training.draws import Layer
from gan_eval.training.trained import hidden_values, initial_layers
from gan_eval.training.units import standard_factor

Array = NDArray[np.floating]

_LARGEST = 1e60
"""The largest entry of a target, in the units of the nets, of which moments are computed."""


@dataclass(frozen=True)
class Game:
    """A game of a configuration where the generator is the target and D cannot tell.

    Attributes
    ----------
    config : TrainingConfig
    axes : PrincipalAxes
        The target's, in the user's units.
    factor, mean : ndarray, shapes (d, d) and (d,)
        The target in the units of the nets: x = z @ factor + mean, z along the axes. Standardised
        units are those of many rows.
    points : Points
    """

    config: TrainingConfig
    axes: PrincipalAxes
    factor: Array
    mean: Array
    points: Points

    @classmethod
    def of(cls, config: TrainingConfig) -> Game:
        """Put a configuration's target into the units of its nets."""
        config.require_closed_form("`dynamics`")
        law = config.truth
        points = Points.of(law.dimension, 3**law.dimension if _is_quadratic(config) else 4096)
        axes = PrincipalAxes.of(law)
        factor, mean = axes.factor, law.mean
        if config.standardise != "none":
            factor = factor / np.abs(factor).max()
            unit = standard_factor(factor.T @ factor, config.standardise)
            factor, mean = np.linalg.solve(unit.T, factor.T).T, np.zeros_like(mean)
        if np.abs(factor).max() > _LARGEST or np.abs(mean).max() > _LARGEST:
            raise UsageError(
                "`dynamics` needs rows whose fourth powers are numbers: set `standardise`, or give "
                "the target in larger units"
            )
        return cls(config, axes, factor, mean, points)

    @property
    def rows(self) -> Array:
        """The points (N, d) as the nets see them."""
        return self.points.z @ self.factor + self.mean

    def starts(self, count: int) -> list[Layer]:
        """Draw the hidden layers (count, …) of the discriminators of the seeds 0, 1, …"""
        seeds = np.arange(whole_number(count, "`discriminators`", 1, 4096))
        return initial_layers(self.config, seeds)[1][:-1]

    def values(self, hidden: Sequence[Layer]) -> Array:
        """Compute the last features (R, N, K) at the points; of the quadratic form R = 1."""
        if _is_quadratic(self.config):
            return Features.quadratic(self.rows).values[None]
        return hidden_values(self.rows[None], hidden)

    def moments(self, hidden: Sequence[Layer]) -> Moments:
        """Average the features of one discriminator, hidden layers (inputs, outputs)."""
        quadratic = _is_quadratic(self.config)
        own = Features.quadratic(self.rows) if quadratic else Features.hidden(self.rows, hidden)
        return Moments.of(own, self.points)

    @property
    def response(self) -> Array:
        """How the generator's parameters move the Gaussian's (:func:`.field.response`)."""
        return response(self.factor, self.config.latent_size)

    @property
    def rates(self) -> tuple[float, float]:
        """The rates of plain steps per row, D and G: where batches are summed, times their rows."""
        rows = 1 if self.config.dialect == "mxnet" else self.config.batch_size
        return rows * self.config.learning_rate_D, rows * self.config.learning_rate_G

    @property
    def loss(self) -> Loss:
        """The losses, by their derivatives at the equilibrium."""
        return LOSSES[self.config.loss]

    def jacobian(self, moments: Moments, gamma: float | None = None) -> Array:
        """Compute the Jacobian per row; γ is the configuration's r1 + r2 if not given."""
        gamma = self.config.r1 + self.config.r2 if gamma is None else gamma
        return jacobian(moments, self.loss, gamma, self.response)

    def field(self, moments: Moments, gamma: float | None = None) -> Field:
        """Multiply the Jacobian with the rates of both nets."""
        matrix = self.jacobian(moments, gamma)
        split = len(moments.second)
        rates = np.repeat(self.rates, (split, len(matrix) - split))
        return Field(rates[:, None] * matrix, split, self.config.discriminator_steps)


def _is_quadratic(config: TrainingConfig) -> bool:
    return config.discriminator_form == "quadratic"
