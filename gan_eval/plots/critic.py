"""The answers of a discriminator: level lines over the plane, a curve over one coordinate."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray
from scipy.special import expit

from gan_eval.distributions.gaussian import Gaussian
from gan_eval.pages.canvas import COLOURS, legend_above
from gan_eval.plots.axes import drawn, given
from gan_eval.plots.laws import look, sight
from gan_eval.runtime.errors import UsageError
from gan_eval.training.trained import TrainedGANs

Array = NDArray[np.floating]

LEVELS = (0.1, 0.3, 0.5, 0.7, 0.9)
"""The probabilities whose level lines are drawn."""

_FLAT = 0.02
"""The range of answers below which a discriminator is called flat."""


@drawn
def discriminator(
    critic: TrainedGANs | Callable[[Array], Array],
    *,
    replicate: int = 0,
    probability: bool | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw what a discriminator says of each place: level lines of its probability of "real".

    Where it is as good as flat, which is no lines, the picture says so in words. Over rows with one
    coordinate a curve takes the place of lines: 0 is the floor of the picture, and 1 its top.

    Parameters
    ----------
    critic : TrainedGANs or callable
        The discriminator of one of the trained GANs, or a function from rows (n, 2) to logits (n,);
        it may see rows of one coordinate where the picture is of such.
    replicate : int
        Which of the trained GANs. Of rows with more than two coordinates the others stand at the
        truth's mean.
    probability : bool, optional
        False where the logit is no log-odds, as of a hinge loss: lines of the answer itself. By
        default as the GANs' loss says.
    ax : Axes, optional
        Drawn on, within its limits; a figure of its own if not given.

    Examples
    --------
    >>> import gan_eval as ge
    >>> ax = ge.plots.discriminator(lambda x: 4 * x[:, 0] - 2)  # on the right it says "real"
    >>> ax.collections[0].levels.tolist()
    [0.3, 0.5, 0.7]
    """
    axes = given(ax)
    if isinstance(critic, TrainedGANs):
        if probability is None:
            probability = critic.config.loss in ("cross_entropy", "relativistic")
        answer, one = critic_of(critic, replicate), critic.config.dimension == 1
        if not axes.has_data():
            target = critic.config.target.build()
            moments = Gaussian.of((target.mean, target.covariance))
            look(axes, sight(moments, [], []))
    else:
        if not callable(critic):
            raise UsageError(
                f"`critic` must be a TrainedGANs or a function of rows, got {type(critic).__name__}"
            )
        answer, one = critic, False
    ends = (lambda x: expit(x)) if probability is not False else (lambda x: x)
    (left, right), (low, high) = axes.get_xlim(), axes.get_ylim()
    if one:
        _curve(axes, np.linspace(left, right, 200), lambda x: ends(answer(x[:, None])))
    else:
        found = level_lines(lambda x: ends(answer(x)), (left, right), (low, high))
        _level(axes, *found, probability=probability is not False)
    axes.set(xlim=(left, right), ylim=(low, high))
    return axes


def critic_of(gans: TrainedGANs, replicate: int) -> Callable[[Array], Array]:
    """Take a discriminator's logits as a function of the first two coordinates (n, 2), or one."""
    mean = gans.config.target.build().mean

    def answer(x: Array) -> Array:
        rows = np.broadcast_to(mean, (len(x), len(mean))).copy()
        rows[:, : x.shape[1]] = x
        with np.errstate(all="ignore"):
            return gans.critic(replicate, rows)

    return answer


def level_lines(
    answer: Callable[[Array], Array], xlim: tuple[float, float], ylim: tuple[float, float],
    points: int = 80,
) -> tuple[Array, Array, Array]:  # fmt: skip
    """Evaluate a discriminator over the plane: places across and up, and answers (up, across)."""
    across, up = np.linspace(*xlim, points), np.linspace(*ylim, points)
    grid = np.stack(np.meshgrid(across, up), axis=-1)
    found = np.asarray(answer(grid.reshape(-1, 2)), dtype=np.float64)
    return across, up, found.reshape(points, points)


def levels(values: Array, *, probability: bool = True) -> list[float]:
    """Choose the answers whose lines are drawn: five probabilities, or three within the range.

    None where the answers are as good as one.
    """
    finite = values[np.isfinite(values)]
    if not finite.size or np.ptp(finite) < _FLAT:
        return []
    low, high = finite.min(), finite.max()
    usual = [level for level in LEVELS if low < level < high and probability]
    if len(usual) > 1:
        return usual
    return [float(f"{v:.2g}") for v in np.linspace(low, high, 5)[1:-1]]


def _level(axes: Axes, across: Array, up: Array, values: Array, *, probability: bool) -> None:
    colour, drawn_levels = COLOURS["loss-d"], sorted(set(levels(values, probability=probability)))
    axes.plot([], [], color=colour, linewidth=1.2, label="D says real" if probability else "D says")
    legend_above(axes, columns=3)
    if not drawn_levels:
        finite = values[np.isfinite(values)]
        told = f"{np.median(finite):.2f}" if finite.size else "no number"
        axes.text(
            0.02, 0.02, f"D says {told} everywhere", transform=axes.transAxes, fontsize=8.5,
            color=colour,
        )  # fmt: skip
        return
    widths = [1.8 if level == 0.5 and probability else 0.9 for level in drawn_levels]
    lines = axes.contour(
        across, up, values, levels=drawn_levels, colors=[colour], linewidths=widths,
        linestyles="solid", alpha=0.85, zorder=2.5,
    )  # fmt: skip
    axes.clabel(lines, fmt=lambda level: f"{level:g}", fontsize=7.5, colors=[colour])


def _curve(axes: Axes, x: Array, answer: Callable[[Array], Array]) -> None:
    """Draw probabilities by the height of the axes, which is 1."""
    axes.plot(
        x, answer(x), color=COLOURS["loss-d"], linewidth=1.2, label="D says real, 0 to 1",
        transform=axes.get_xaxis_transform(),
    )  # fmt: skip
    legend_above(axes, columns=3)
