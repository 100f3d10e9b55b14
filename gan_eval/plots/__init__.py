"""Pictures of trainings, verdicts and studies: one function each, drawn on a matplotlib Axes.

The report, the command line and a notebook draw with the same functions. Each takes what it
draws, and an ``ax`` or makes its own figure; each returns the Axes.
"""

from gan_eval.plots.chapter import chapter
from gan_eval.plots.critic import discriminator
from gan_eval.plots.game import field
from gan_eval.plots.grid import curves, heat
from gan_eval.plots.history import kl_over_epochs, losses, worth_over_epochs
from gan_eval.plots.laws import distribution
from gan_eval.plots.pushforward.density import density
from gan_eval.plots.pushforward.mesh import mesh
from gan_eval.plots.pushforward.modes import mode_masses, modes_found
from gan_eval.plots.spread import kl_spread, worth_spread

__all__ = [
    "chapter",
    "curves",
    "density",
    "discriminator",
    "distribution",
    "field",
    "heat",
    "kl_over_epochs",
    "kl_spread",
    "losses",
    "mesh",
    "mode_masses",
    "modes_found",
    "worth_over_epochs",
    "worth_spread",
]
