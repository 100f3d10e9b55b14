"""What was measured: what trained discriminators see, and rates beside the predicted ones."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from gan_eval.investigations.dynamics.expected import ExpectedGame, measured
from gan_eval.investigations.dynamics.field import MAPS, Field, errors_moved, momentum, still
from gan_eval.investigations.dynamics.game import Game
from gan_eval.investigations.dynamics.scores import Points
from gan_eval.investigations.dynamics.spectrum import halving, period
from gan_eval.investigations.dynamics.visibility import Visibility
from gan_eval.pages.blocks import Table
from gan_eval.pages.numbers import count, number, percent, plural
from gan_eval.runtime.errors import UsageError
from gan_eval.training.draws import Layer
from gan_eval.training.run import train
from gan_eval.training.trained import hidden_values

if TYPE_CHECKING:
    import pandas as pd

    from gan_eval.training.trained import TrainedGANs

Array = NDArray[np.floating]

SLOWEST = 0.01
"""The part of a mode that moves in an update below which it is too slow to be followed."""

_POINTS = 2500
"""Points of the expected gradients."""


@dataclass(frozen=True, eq=False)
class Trace:
    """A record of what was measured of a configuration.

    Attributes
    ----------
    trained : int
        Replicates that were trained and whose discriminators are finite.
    visibility : Visibility or None
        Of their discriminators; None where none is finite.
    rates : DataFrame
        One row per map of plain steps, with the predicted and the measured modulus and period
        (updates a turn) of its mode of largest modulus that can be followed, ``gap``, the part
        of its logarithm by which they differ, and the ``updates`` that were followed. NaN where no
        mode is.
    adam : complex or None
        The eigenvalue of the slowest mode of Adam's steps with the preconditioner that the training
        of the first seed left, an illustration; None where a backend does not tell it, or where the
        rates fell to 0 by then.
    """

    trained: int
    visibility: Visibility | None
    rates: pd.DataFrame
    adam: complex | None

    def document(self) -> dict[str, Any]:
        """Return all of it, ready for JSON."""
        seen = self.visibility
        return {
            "trained": self.trained,
            "squared_correlations": seen and seen.median.tolist(),
            "seen": seen and seen.directions.tolist(),
            "rates": self.rates.to_dict("records"),
            "adam": self.adam
            and {
                "modulus": abs(self.adam),
                "updates_to_halve": halving(self.adam),
                "period": period(self.adam),
            },
        }


def measure(game: Game, replicates: int, *, with_spectrum: bool) -> Trace:
    """Train replicates for what they see; follow the expected gradients from 1e-6 off."""
    import pandas as pd

    config = game.config
    gans = _trained(game, replicates)
    finite = np.all(
        [np.isfinite(p).reshape(len(gans), -1).all(1) for la in gans.discriminator for p in la],
        axis=0,
    )
    hidden = [Layer(w[finite], b[finite]) for w, b in gans.discriminator[:-1]]
    seen = _seen(game, gans, finite, hidden) if finite.any() else None
    rates, adam = pd.DataFrame(), None
    if with_spectrum and finite.any():
        own = [Layer(w[0], b[0]) for w, b in hidden]
        rates = compared(game, own)
        steady = config.learning_rate_schedule == "constant"
        if gans.adam is not None and config.optimizer != "sgd" and steady:
            adam = _adam(game, gans, int(finite.argmax()), own)
    return Trace(int(finite.sum()), seen, rates, adam)


def compared(game: Game, hidden: Sequence[Layer]) -> pd.DataFrame:
    """Measure each map's mode of largest modulus that can be followed, beside its prediction."""
    import pandas as pd

    # One row by all others, where rows are paired: fewer points.
    total = 144 if game.config.loss == "relativistic" else _POINTS
    if game.config.discriminator_form != "quadratic":
        game = replace(game, points=Points.of(game.config.dimension, total))
    moments = game.moments(hidden)
    field, expected = game.field(moments), ExpectedGame(game, hidden)
    size = len(field.matrix)
    rows = []
    for name in MAPS:
        found, vectors = np.linalg.eig(field.map(name))
        errors = errors_moved(vectors[:size], field.split, game.response, moments.second)
        # What grows is met whatever it moves: from rounding it would drown all others.
        told = errors.any(axis=0) | (np.abs(found) > 1 + 1e-6)
        quick = found[(np.abs(found - 1) > SLOWEST) & (np.abs(found) > 0.05) & told]
        row: dict[str, Any] = {"map": name}
        if quick.size:
            mode = complex(quick[np.abs(quick).argmax()])
            mode = complex(mode.real, abs(mode.imag))
            other, updates = measured(expected, field, name, mode)
            row |= {
                "predicted_modulus": abs(mode),
                "measured_modulus": abs(other),
                "predicted_period": period(mode),
                "measured_period": period(other),
                "gap": abs(np.log(other) - np.log(mode)) / abs(np.log(mode)),
                "updates": updates,
            }
        rows.append(row)
    columns = ["map", "predicted_modulus", "measured_modulus", "predicted_period"]
    return pd.DataFrame(rows, columns=pd.Index([*columns, "measured_period", "gap", "updates"]))


def _trained(game: Game, replicates: int) -> TrainedGANs:
    config = game.config
    try:
        return train(config, range(replicates), backend="fused_cpu", every=config.epochs)
    except UsageError:  # a remedy that it does not train
        return train(config, range(replicates), backend="pytorch", every=config.epochs)


def _seen(
    game: Game, gans: TrainedGANs, finite: NDArray[np.bool_], hidden: Sequence[Layer]
) -> Visibility:
    if game.config.discriminator_form == "quadratic":
        return Visibility.of(game.values(()), game.points)
    rows = game.rows[None]
    if gans.units is not None:
        units = gans.units.take(finite)
        user = game.points.z @ game.axes.factor + game.axes.mean
        rows = units.seen(np.broadcast_to(user, (len(units.center), *user.shape)))
    return Visibility.of(hidden_values(rows, hidden), game.points)


def _adam(game: Game, gans: TrainedGANs, replicate: int, hidden: Sequence[Layer]) -> complex:
    """Find the slowest mode of Adam's steps with its preconditioner frozen as it was left."""
    config = game.config
    assert gans.adam is not None
    moments = game.moments(hidden)
    generator, *_, last = gans.adam.second
    updates = config.epochs * config.steps_per_epoch
    sizes, betas, rates = [], [], []
    for layer, decays, rate, t in (
        (last, config.betas_D, config.learning_rate_D, updates),
        (generator, config.betas_G, config.learning_rate_G, updates // config.discriminator_steps),
    ):
        flat = np.concatenate([part[replicate].astype(float).ravel() for part in layer])
        corrected = flat / (1 - decays[1] ** t)
        sizes.append(rate / (np.sqrt(np.maximum(corrected, 0)) + config.adam_epsilon))
        betas.append(decays[0])
        rates.append(len(flat))
    rows = 1 if config.dialect == "mxnet" else config.batch_size
    field = Field(
        np.concatenate(sizes)[:, None] * rows * game.jacobian(moments),
        len(moments.second),
        config.discriminator_steps,
    )
    found = np.linalg.eigvals(momentum(field, *betas)).astype(complex)
    moving = found[~still(found - 1)]
    slowest = moving[np.abs(moving).argmax()]
    return complex(slowest.real, abs(slowest.imag))


def sentences(found: Trace, names: Sequence[str], n: int) -> list[str]:
    """Say what was measured; ``names`` are the target's directions of error, n its rows."""
    said = []
    if found.visibility is None:
        said.append("No trained discriminator is finite.")
    else:
        shares = found.visibility.directions
        least = int(shares.argmin())
        said.append(
            f"After training ({plural(found.trained, 'seed')}), discriminators see "
            f"{percent(float(shares[least]))} of the {names[least]}, and no less of any other; "
            f"{count(found.visibility.invisible)} of {count(len(names))} directions are invisible"
            + (
                "."
                if found.visibility.invisible
                else f", and flat they leave E KL ≥ {number(found.visibility.bound(n), 4)} nats."
            )
        )
    if len(found.rates):
        followed = found.rates["gap"].notna()
        if followed.any():
            said.append(
                "Expected gradients, followed from 1e-6 off the equilibrium, decay and turn as "
                f"predicted within {percent(float(found.rates['gap'].max()), 1)}."
            )
        if not followed.all():
            said.append(
                "Nothing moves fast enough to be followed in a map: "
                f"{', '.join(found.rates['map'][~followed])}."
            )
    if found.adam is not None:
        rate = halving(found.adam)
        pace = (
            f"{'halve' if rate > 0 else 'double'} in {number(abs(rate))} updates"
            if math.isfinite(rate)
            else "stay"
        )
        said.append(
            "An illustration: with its preconditioner frozen as the training of the first seed "
            f"left it, what is slowest in Adam's steps would {pace}"
            + (f" and turn once in {number(turn)}." if (turn := period(found.adam)) < 1e12 else ".")
        )
    return said


def tables(found: Trace) -> list[Table]:
    """Tabulate the measured rates beside the predicted ones, where a mode could be followed."""
    if not len(found.rates) or not found.rates["gap"].notna().any():
        return []
    columns = ("predicted_modulus", "measured_modulus", "predicted_period", "measured_period")
    return [
        Table(
            "Plain steps on expected gradients: the slowest that can be followed",
            ("map", "modulus", "measured", "updates a turn", "measured", "gap", "updates"),
            [
                (
                    str(row["map"]),
                    *(number(row[name], 5) for name in columns),
                    percent(float(row["gap"])),
                    number(row["updates"]),
                )
                for row in found.rates.to_dict("records")
            ],
        )
    ]
