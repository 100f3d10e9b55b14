"""A generator with hidden layers in one figure: its density beside the target's, and its mesh."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes

from gan_eval.distributions.protocol import TargetLike
from gan_eval.distributions.pushforward import Pushforward
from gan_eval.distributions.target import GaussianTarget
from gan_eval.pages.canvas import figure_of
from gan_eval.plots.pushforward.density import density
from gan_eval.plots.pushforward.mesh import mesh, mesh_of

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def figure(law: Pushforward, target: TargetLike | None = None) -> Figure:
    """Draw the density, beside the target's where there is one, and the mesh of both planes.

    Parameters
    ----------
    law : Pushforward
        From two coordinates of noise to two of points.
    target : Target, optional
        Without one the picture shows the surroundings of the generated points.
    """
    shown = mesh_of(law)
    around = target
    if around is None:
        rows = law.sample(10_000, 0)
        around = GaussianTarget(np.diag(rows.std(axis=0) + 1e-9), rows.mean(axis=0))

    def titled(ax: Axes, draw: partial[Axes], title: str) -> None:
        draw(ax=ax)
        ax.set_title(title, pad=22)

    drawings = [partial(titled, draw=partial(density, law, around), title="generated")]
    if target is not None:
        drawings.append(partial(titled, draw=partial(density, target, target), title="target"))
    for plane, title in (("noise", "mesh of noise"), ("points", "its image")):
        drawings.append(partial(titled, draw=partial(mesh, shown, plane=plane), title=title))
    return figure_of(drawings, most=2 if len(drawings) == 4 else 3)
