"""Say what theory knows of a configuration, before a second is trained."""

from __future__ import annotations

from gan_eval.investigations.dynamics.game import Game
from gan_eval.investigations.dynamics.result import Dynamics
from gan_eval.investigations.dynamics.spectrum import Spectrum
from gan_eval.investigations.dynamics.visibility import Visibility
from gan_eval.runtime.arguments import instance_of
from gan_eval.training.config import TrainingConfig
from gan_eval.training.draws import Layer

DISCRIMINATORS = 64
"""The seeds whose discriminators are looked at: the median over them is told."""

MOST_FEATURES = 128
"""The number of last features up to which the spectrum is computed."""


def dynamics(
    config: TrainingConfig, *, discriminators: int = DISCRIMINATORS, trace: bool = False
) -> Dynamics:
    """Say what theory knows of a configuration at its equilibrium, before a second is trained.

    Parameters
    ----------
    config : TrainingConfig
    discriminators : int
        Seeds 0, 1, … whose discriminators at their start are looked at, 1 … 4096.
    trace : bool
        Train as well: these seeds, for the visibility of trained discriminators, and the game of
        expected gradients, for the measured rates beside the predicted ones.

    Returns
    -------
    Dynamics
        *Visibility*: a discriminator whose logits have gone flat sees, to first order, its last
        hidden layer alone. The squared canonical correlations ρ² of its features with the scores of
        the Gaussian's parameters say which errors of the generator it can see.
        *Spectrum*: the eigenvalues of the gradient field where the generator is the target and D
        cannot tell (Nagarajan and Kolter 2017; Mescheder, Geiger and Nowozin 2018), and of the maps
        that steps make of it. Plain steps: Adam has no linear map there.

    Raises
    ------
    UsageError
        Where an argument is not of its kind, or the target has more than 10 columns.

    Examples
    --------
    >>> from gan_eval import TrainingConfig
    >>> found = dynamics(TrainingConfig())
    >>> found.visibility.invisible, found.bound
    (2, inf)
    >>> found.to_frame()[["direction", "seen"]].round(2).tail(2)
                           direction  seen
    3          tilt between the axes  0.01
    4  variance along the minor axis  0.00
    """
    instance_of(config, "config", TrainingConfig)
    game = Game.of(config)
    starts = game.starts(discriminators)
    values = game.values(starts)
    found = Visibility.of(values, game.points)
    spectrum, lacking = None, ""
    if config.latent_size < config.dimension:
        lacking = (
            f"There is no equilibrium: from {config.latent_size} latent "
            f"{'entry' if config.latent_size == 1 else 'entries'} the generator "
            f"cannot be the target, which has {config.dimension} columns."
        )
    elif values.shape[2] > MOST_FEATURES:
        lacking = (
            f"The spectrum is computed for up to {MOST_FEATURES} last features; the discriminator "
            f"has {values.shape[2]}."
        )
    else:
        spectrum = Spectrum.of(game, [Layer(w[0], b[0]) for w, b in starts])
    traced = None
    if trace:
        from gan_eval.investigations.dynamics.trace import measure

        traced = measure(game, discriminators, with_spectrum=spectrum is not None)
    return Dynamics(config, game.axes, values.shape[2], found, spectrum, lacking, traced)
