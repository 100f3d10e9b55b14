"""Ellipses of what was learned over the target's: at the end of training, and epoch by epoch, where
a slider moves them.

The drawing shows the last epoch; page.js redraws it from the numbers embedded beside it, with the
same formula.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from markupsafe import Markup
from numpy.typing import NDArray

from gan_eval.distributions.gaussian import RADIUS, Gaussian
from gan_eval.pages.blocks import SliderFigure, Table
from gan_eval.pages.canvas import COLOURS, PlotBox, canvas, legend_above, picture, plot_box
from gan_eval.pages.language import N_, _
from gan_eval.pages.numbers import number
from gan_eval.pages.page import in_script
from gan_eval.pages.picture import Picture
from gan_eval.report.cells import CellRows
from gan_eval.report.chosen import Chosen, chosen
from gan_eval.training.rows import training_rows

STEPS = 60
"""Points of an ellipse's outline."""

_COLUMNS = ("mean_1", "mean_2", "covariance_1_1", "covariance_1_2", "covariance_2_2", "kl")
_HEAD = (
    *(N_("mean 1"), N_("mean 2")),
    *(N_("covariance 1, 1"), N_("covariance 1, 2"), N_("covariance 2, 2")),
)
_SIGHT = 2.5
"""The farthest that the picture reaches from the target's mean, in half-widths of its ellipse."""


_REAL = 120
"""Real rows that the picture of the last epoch has."""


@dataclass(frozen=True)
class _Drawn:
    pick: Chosen
    trace: NDArray[np.float64]
    """(epochs, 6) of ``_COLUMNS``."""


def last_epoch(cell: CellRows, identity: str) -> Picture | None:
    """Draw the ellipses of what the chosen trainings have learned over the target's, with some of
    the real rows; None where no distribution in two dimensions is finite, or no setting stored."""
    picks = chosen(cell)
    if cell.config is None or cell.config.dimension < 2 or not picks:
        return None
    target = _of_law(cell.config.truth)
    columns = list(_COLUMNS)
    drawn = [
        _Drawn(pick, cell.rows[columns].iloc[[pick.position]].to_numpy(np.float64))
        for pick in picks
    ]
    real = training_rows(cell.config, picks[0].seed)[:_REAL, :2]
    kls = [(one.pick, number(one.trace[-1, -1])) for one in drawn]
    with canvas(4.0) as (figure, axes):
        axes.scatter(*real.T, s=9, color=COLOURS["muted"], alpha=0.4, linewidth=0)
        axes.plot(*_outline(target).T, color=COLOURS["real"], linewidth=2.6, label=_("the truth"))
        for one, (pick, kl) in zip(drawn, kls, strict=True):
            axes.plot(
                *_outline(one.trace[-1]).T, color=COLOURS[pick.colour],
                linestyle=_style(pick.dashes), linewidth=2,
                label=_("{training}, KL {kl}").format(training=pick.words or pick.name, kl=kl),
            )  # fmt: skip
        across, up = _limits(target, drawn)
        axes.set(xlim=across, ylim=up, xlabel="x₁", ylabel="x₂")
        legend_above(axes, columns=2)
        told = "; ".join(f"{pick.name}, KL {kl}" for pick, kl in kls)
        return picture(
            figure,
            identity,
            title=_("What trainings learned, over the truth"),
            description=_(
                "Ellipses that hold 95 % of each distribution: the truth; {told}."
            ).format(told=told),
            caption=_(
                "Each ellipse holds 95 % of a distribution: of the truth, and of what these "
                "trainings learned ({seeds}). Dots are real rows."
            ).format(seeds=", ".join(one.pick.name for one in drawn)),
            data=_ends_table(target, drawn),
        )


def drawable(cell: CellRows) -> bool:
    """Tell whether there is something to move: settings, two dimensions, and a finite law with its
    epochs."""
    return bool(cell.config and cell.config.dimension > 1 and cell.traced and chosen(cell))


def evolution(cell: CellRows, identity: str) -> SliderFigure:
    """Draw the evolution of the chosen trainings of a ``drawable`` cell."""
    assert cell.config is not None
    epochs, drawn = _traces(cell)
    target = _of_law(cell.config.truth)
    made, box = _slider_picture(cell, identity, target, epochs, drawn)
    first = _(" (first two coordinates)") if cell.config.dimension > 2 else ""
    table = Table(
        _("Mean and covariance at the epoch shown{first}: {cell}").format(
            first=first, cell=cell.label
        ),
        (_("training"), *map(_, _HEAD), _("KL(q‖p), nats")),
        [
            (_("the target"), *map(number, target), "0"),
            *((one.pick.name, *map(number, one.trace[-1])) for one in drawn),
        ],
    )
    laws = [[[None if math.isnan(v) else v for v in row] for row in d.trace] for d in drawn]
    trace = {"epochs": epochs, "laws": laws, "radius": RADIUS, "steps": STEPS}
    trace |= {"across": box.across, "up": box.up}
    # An infinity is written as a number that every reader of JSON takes for one.
    text = json.dumps(trace, separators=(",", ":")).replace("Infinity", "1e999")
    return SliderFigure(made, in_script(text), len(epochs) - 1, table)


def _traces(cell: CellRows) -> tuple[list[int], list[_Drawn]]:
    """The epochs that all have, and the chosen trainings with them."""
    found: list[_Drawn] = []
    epochs: list[int] = []
    for pick in chosen(cell):
        history = cell.curve(pick.seed, _COLUMNS)
        if epochs and history["epoch"].tolist() != epochs:
            continue
        epochs = [int(epoch) for epoch in history["epoch"]]
        # Six digits are more than are drawn or shown.
        trace = [[float(f"{v:.6g}") for v in row] for row in history[list(_COLUMNS)].to_numpy()]
        found.append(_Drawn(pick, np.array(trace)))
    return epochs, found


def _style(dashes: str) -> tuple[float, tuple[float, ...]] | str:
    return (0, tuple(map(float, dashes.split()))) if dashes else "-"


def _slider_picture(
    cell: CellRows, identity: str, target: NDArray, epochs: Sequence[int], drawn: Sequence[_Drawn]
) -> tuple[Picture, PlotBox]:
    with canvas(4.2) as (figure, axes):
        axes.plot(*_outline(target).T, color=COLOURS["real"], linewidth=2.4, label=_("the target"))
        axes.plot(*target[:2], "+", color=COLOURS["real"], markersize=9, markeredgewidth=2)
        for one in drawn:
            pick = one.pick
            axes.plot(
                [], [], color=COLOURS[pick.colour], linestyle=_style(pick.dashes), label=pick.name
            )
        across, up = _limits(target, drawn)
        axes.set(xlim=across, ylim=up, xlabel="x₁", ylabel="x₂")
        legend_above(axes, columns=2)
        ends = "; ".join(
            _("{training}: KL {start} at epoch {first}, {end} at epoch {last}").format(
                training=one.pick.name,
                start=number(one.trace[0, -1]),
                first=epochs[0],
                end=number(one.trace[-1, -1]),
                last=epochs[-1],
            )
            for one in drawn
        )
        made = picture(
            figure,
            identity,
            title=_("The learned distribution against the target over epochs: {cell}").format(
                cell=cell.label
            ),
            description=_("Ellipses that hold 95 % of each distribution. {ends}.").format(
                ends=ends
            ),
            caption=_(
                "Ellipses hold 95 % of the target and of what was learned, exactly; the slider "
                "moves them from epoch {first} to epoch {last}."
            ).format(first=epochs[0], last=epochs[-1]),
            data=_trace_table(epochs, drawn),
        )
        box = plot_box(figure, axes)
    laws = "".join(
        f'<path class="law" d="{_path(one.trace[-1, :5], box)}" style="fill: none; '
        f"stroke: var(--{one.pick.colour}); stroke-width: 2; "
        f'stroke-dasharray: {one.pick.dashes or "none"}"/>'
        for one in drawn
    )
    window = (
        f'<clipPath id="{identity}-window"><rect x="{box.left:.2f}" y="{box.top:.2f}" '
        f'width="{box.width:.2f}" height="{box.height:.2f}"/></clipPath>'
        f'<g clip-path="url(#{identity}-window)">{laws}</g></svg>'
    )
    return replace(made, svg=Markup(str(made.svg).removesuffix("</svg>") + window)), box


def _limits(target: NDArray, drawn: Sequence[_Drawn]) -> list[tuple[float, float]]:
    """The target's ellipse and those of all epochs, as far as ``_SIGHT`` allows."""
    limits = []
    for axis, variance in ((0, 2), (1, 4)):
        middle, half = target[axis], RADIUS * math.sqrt(target[variance]) or 1.0
        with np.errstate(invalid="ignore", over="ignore"):
            rows = np.vstack([one.trace for one in drawn])
            reach = RADIUS * np.sqrt(np.maximum(rows[:, variance], 0))
            ends = np.concatenate([rows[:, axis] - reach, rows[:, axis] + reach])
        ends = ends[np.isfinite(ends)]
        far = _SIGHT * half
        low = max(min([middle - half, *ends]), middle - far)
        high = min(max([middle + half, *ends]), middle + far)
        limits.append((low - 0.06 * (high - low), high + 0.06 * (high - low)))
    return limits


def _outline(law: NDArray) -> NDArray[np.float64]:
    """The outline (``STEPS`` + 1, 2) of two means and three entries of a covariance."""
    x, y, xx, xy, yy = law[:5]
    angle = 2 * np.pi * np.arange(STEPS + 1) / STEPS
    u, v = RADIUS * np.cos(angle), RADIUS * np.sin(angle)
    a = math.sqrt(max(xx, 0.0))
    b = xy / a if a > 0 else 0.0
    c = math.sqrt(max(yy - b * b, 0.0))
    return np.column_stack([x + a * u, y + b * u + c * v])


def _path(law: NDArray, box: PlotBox) -> str:
    if not np.isfinite(law).all():
        return ""
    (left, right), (bottom, top) = box.across, box.up
    places = [(left + right * x, bottom + top * y) for x, y in _outline(law)[:-1]]
    return f"M {' L '.join(f'{x:.2f} {y:.2f}' for x, y in places)} Z"


def _of_law(law: Gaussian) -> NDArray:
    covariance = law.covariance
    return np.array([*law.mean[:2], covariance[0, 0], covariance[0, 1], covariance[1, 1]])


def _trace_table(epochs: Sequence[int], drawn: Sequence[_Drawn]) -> pd.DataFrame:
    parts = []
    for one in drawn:
        named = {"seed": one.pick.seed, "training": one.pick.words, "epoch": epochs}
        parts.append(pd.DataFrame(named | dict(zip(_COLUMNS, one.trace.T, strict=True))))
    return pd.concat(parts, ignore_index=True)


def _ends_table(target: NDArray, drawn: Sequence[_Drawn]) -> pd.DataFrame:
    laws = [("the truth", *target, 0.0), *((one.pick.name, *one.trace[-1]) for one in drawn)]
    return pd.DataFrame(laws, columns=pd.Index(["distribution", *_COLUMNS]))
