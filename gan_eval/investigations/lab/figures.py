"""The four pictures of the lab: axes that are drawn once, and in them the marks of one setting,
which lab.js draws again for each by the same formulas."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from gan_eval.distributions.gaussian import ellipse
from gan_eval.investigations.lab import words
from gan_eval.investigations.lab.marks import Marks, across, law, line, up
from gan_eval.investigations.lab.result import Lab
from gan_eval.pages.canvas import COLOURS, PlotBox, canvas, legend_above, picture, plot_box

LAWS = (("good", "converged", "5 2"), ("typical", "learned", ""), ("bad", "failed", "2 2"))
"""Each drawn training: its name, its colour, its dashes."""

LOSSES = (("D", "loss-d", ""), ("G", "loss-g", "5 2"))
"""Each loss: whose, its colour, its dashes."""

_DECADES = (-4, 2)
"""The decades of KL that are drawn."""
TOP = float(_DECADES[1])
"""Where a dot is drawn whose KL is beyond them."""
_MOST_LOSS = 3.0
_SIGHT = 1.7
"""How far the picture of ellipses reaches from the truth's mean, in half-widths of its ellipse."""


@dataclass(frozen=True)
class MovingPicture:
    """A picture whose marks move: its SVG, with those of one setting in it, and where its axes lie.

    ``heading`` says in a few words what to look at.
    """

    identity: str
    heading: str
    caption: str
    svg: Markup
    box: PlotBox


def pictures(lab: Lab, place: int) -> list[MovingPicture]:
    """Draw the four pictures with the marks of a place at the last epoch."""
    marks = Marks.of(lab, place)
    return [_ellipses(lab, marks), _strip(lab, marks), _kl(lab, marks), _losses(lab, marks)]


def _ellipses(lab: Lab, marks: Marks) -> MovingPicture:
    truth = lab.settings.config(lab.settings.chapter).truth
    with canvas(2.55) as (figure, axes):
        outline = ellipse(truth)
        axes.fill(*outline.T, color=COLOURS["real"], alpha=0.14, linewidth=0)
        axes.plot(*outline.T, color=COLOURS["real"], linewidth=2.4, label="the truth")
        for name, colour, dashes in LAWS:
            label = f"a {name} training"
            axes.plot([], [], color=COLOURS[colour], linestyle=_style(dashes), label=label)
        half = _SIGHT * np.abs(outline - truth.mean).max(axis=0)
        low, high = truth.mean - half, truth.mean + half
        axes.set(xlim=(low[0], high[0]), ylim=(low[1], high[1]), xlabel="x₁", ylabel="x₂")
        legend_above(axes, columns=2)
        made, box = _finish(
            figure,
            axes,
            "lab-ellipses",
            "Ellipses of the truth and of what three trainings learned",
            "Each ellipse holds 95 % of a distribution. A training has learned the truth where "
            "its ellipse lies on that of the truth.",
        )
    inner = [
        _path("", "pin", "pin"),
        *(
            _path(law(marks.laws[i, -1], box), f"law {name}", colour, dashes)
            for i, (name, colour, dashes) in enumerate(LAWS)
        ),
    ]
    return MovingPicture(
        "lab-ellipses",
        "What was learned",
        "An ellipse holds 95 % of its distribution. Good, typical and bad: at the 5 %, 50 % and "
        "95 % rank of KL.",
        _within(made, "lab-ellipses", box, inner),
        box,
    )


def _strip(lab: Lab, marks: Marks) -> MovingPicture:
    shown = len(marks.final)
    with canvas(2.55) as (figure, axes):
        _kl_axis(axes)
        axes.set(xlim=(0, shown + 1), xlabel="trainings, from the best to the worst")
        axes.set_xticks([])
        _threshold(axes)
        made, box = _finish(
            figure,
            axes,
            "lab-strip",
            "KL of every training",
            "One dot for each training, from the best to the worst; those under the line have "
            "learned the distribution.",
        )
    heights = [up(box, min(kl, TOP)) for kl in marks.final]
    dots = [
        f'<circle class="dot {kind}" cx="{across(box, i + 1)}" cy="{height}" r="2.6"/>'
        for i, (height, kind) in enumerate(zip(heights, marks.kinds, strict=True))
    ]
    pins = [
        f'<circle class="dot-pin" cx="{across(box, i + 1)}" cy="-9" r="2.6"/>' for i in range(shown)
    ]
    some = "" if shown == lab.settings.replicates else f" ({shown} of them, at equal ranks)"
    return MovingPicture(
        "lab-strip",
        "Every training",
        f"One dot is one training{some}; on the top edge: beyond it.",
        _within(made, "lab-strip", box, [*pins, *dots]),
        box,
    )


def _kl(lab: Lab, marks: Marks) -> MovingPicture:
    epochs = lab.settings.curve_epochs
    with canvas(2.35) as (figure, axes):
        _kl_axis(axes)
        _epoch_axis(axes, epochs[-1])
        axes.plot([], [], color=COLOURS["learned"], linewidth=2.2, label="typical training")
        axes.fill_between(
            [], [], [], color=COLOURS["learned"], alpha=0.2, linewidth=0, label="middle 90 %"
        )
        _threshold(axes)
        legend_above(axes, columns=2)
        made, box = _finish(
            figure,
            axes,
            "lab-kl",
            "KL over epochs",
            "The distance KL from the truth at each epoch: the median of all trainings, and the "
            "band that holds 90 % of them.",
        )
    upper = list(zip(epochs, marks.kl[2], strict=True))
    lower = list(zip(epochs, marks.kl[0], strict=True))[::-1]
    inner = [
        f'<path class="band" d="{line([*upper, *lower], box)}Z" '
        'style="fill: var(--learned); fill-opacity: .2; stroke: none"/>',
        _path("", "pin", "pin"),
        _path(line(zip(epochs, marks.kl[1], strict=True), box), "median", "learned"),
        _now(box, epochs[-1]),
    ]
    return MovingPicture(
        "lab-kl",
        "Distance from the truth over time",
        "One line up is ten times worse; 0 would be perfect.",
        _within(made, "lab-kl", box, inner),
        box,
    )


def _losses(lab: Lab, marks: Marks) -> MovingPicture:
    epochs = lab.settings.curve_epochs
    with canvas(2.35) as (figure, axes):
        _epoch_axis(axes, epochs[-1])
        axes.set(ylim=(0, _MOST_LOSS), ylabel="loss, nats")
        axes.axhline(np.log(2), color=COLOURS["muted"], linewidth=1, linestyle=":")
        axes.annotate(
            "ln 2: D only guesses", (epochs[-1], np.log(2)), (-2, 3), textcoords="offset points",
            ha="right", fontsize=8.5, color=COLOURS["muted"],
        )  # fmt: skip
        for name, colour, dashes in LOSSES:
            label = f"loss of {name}"
            axes.plot([], [], color=COLOURS[colour], linestyle=_style(dashes), label=label)
        legend_above(axes, columns=2)
        made, box = _finish(
            figure,
            axes,
            "lab-losses",
            "Losses over epochs",
            "The losses of discriminator and generator at each epoch, medians of all trainings.",
        )
    inner = [
        *(_path("", f"pin pin-{name}", "pin") for name, _, _ in LOSSES),
        *(
            _path(
                line(zip(epochs, marks.losses[i], strict=True), box), f"loss-{name}", colour, dashes
            )
            for i, (name, colour, dashes) in enumerate(LOSSES)
        ),
        _now(box, epochs[-1]),
    ]
    return MovingPicture(
        "lab-losses",
        "What the losses say",
        "Medians of all trainings. Do they tell what KL tells?",
        _within(made, "lab-losses", box, inner),
        box,
    )


def _path(d: str, name: str, colour: str, dashes: str = "") -> str:
    drawn = "" if colour == "pin" else f' style="stroke: var(--{colour})"'
    dashed = f' stroke-dasharray="{dashes}"' if dashes else ""
    return f'<path class="{name}" d="{d}"{drawn}{dashed}/>'


def _now(box: PlotBox, epoch: int) -> str:
    x = across(box, epoch)
    return (
        f'<line class="now" x1="{x}" x2="{x}" y1="{box.top:.1f}" y2="{box.top + box.height:.1f}"/>'
    )


# --- Axes -----------------------------------------------------------------------------------------


def _style(dashes: str) -> str | tuple[int, tuple[float, ...]]:
    return (0, tuple(map(float, dashes.split()))) if dashes else "-"


def _kl_axis(axes: Axes) -> None:
    """Make the axis up one of log₁₀ KL."""
    decades = range(_DECADES[0], _DECADES[1] + 1)
    axes.set(ylim=_DECADES, ylabel="KL, nats")
    axes.set_yticks(list(decades), [f"{10.0**power:g}" for power in decades])


def _epoch_axis(axes: Axes, last: int) -> None:
    """Make the axis across one of whole epochs."""
    axes.set(xlim=(0, last), xlabel="epoch")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))


def _threshold(axes: Axes) -> None:
    """Draw the line under which a training has learned the distribution."""
    height = np.log10(words.MARGIN)
    axes.axhline(height, color=COLOURS["converged"], linewidth=1.2, linestyle=":")
    axes.annotate(
        "learned, from here down", (1, height), (-2, -3), xycoords=("axes fraction", "data"),
        textcoords="offset points", ha="right", va="top", fontsize=8.5, color=COLOURS["converged"],
    )  # fmt: skip


def _finish(
    figure: Figure, axes: Axes, identity: str, title: str, description: str
) -> tuple[Markup, PlotBox]:
    made = picture(figure, identity, title=title, description=description, caption="")
    return made.svg, plot_box(figure, axes)


def _within(svg: Markup, identity: str, box: PlotBox, marks: Iterable[str]) -> Markup:
    """Put marks into an SVG, of which only what lies within the axes is seen."""
    window = (
        f'<clipPath id="{identity}-window"><rect x="{box.left:.2f}" y="{box.top:.2f}" '
        f'width="{box.width:.2f}" height="{box.height:.2f}"/></clipPath>'
        f'<g class="marks" clip-path="url(#{identity}-window)">{"".join(marks)}</g></svg>'
    )
    return Markup(str(svg).removesuffix("</svg>") + window)
