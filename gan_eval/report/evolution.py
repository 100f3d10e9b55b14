"""The distribution that was learned, epoch by epoch: an ellipse over the target's that a slider
moves.

The drawing shows the last epoch; page.js redraws it from the numbers embedded beside it, with the
same formula.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from markupsafe import Markup
from numpy.typing import NDArray
from scipy.stats import chi2

from gan_eval.distributions.gaussian import Gaussian
from gan_eval.pages.blocks import SliderFigure, Table
from gan_eval.pages.canvas import COLOURS, Picture, canvas, legend_above, picture, plot_box
from gan_eval.pages.numbers import number
from gan_eval.report.cells import CellRows

STEPS = 60
"""Points of an ellipse's outline."""

RADIUS = math.sqrt(chi2.ppf(0.95, 2))
"""The Mahalanobis radius that holds 95 % of a Gaussian in two dimensions."""

_COLUMNS = ("mean_1", "mean_2", "covariance_1_1", "covariance_1_2", "covariance_2_2", "kl")
_HEAD = ("mean 1", "mean 2", "covariance 1, 1", "covariance 1, 2", "covariance 2, 2")
_RANKS = (
    (0.5, "median", "learned", ""),
    (0.05, "good (5 % rank)", "converged", "5 2"),
    (0.95, "bad (95 % rank)", "failed", "5 2 1 2"),
)
"""Rank of the final KL, what the replicate is called, its colour and its dashes."""

_SIGHT = 2.5
"""The farthest that the picture reaches from the target's mean, in half-widths of its ellipse."""

Trace = NDArray[np.float64]
"""One replicate's (epochs, 6) of ``_COLUMNS``."""


@dataclass(frozen=True)
class _Drawn:
    seed: int
    words: str
    colour: str
    dashes: str
    trace: Trace


def drawable(cell: CellRows) -> bool:
    """Tell whether there is something to draw: settings, two dimensions, and a finite law with its
    epochs."""
    if cell.config is None or cell.config.dimension < 2 or not cell.traced:
        return False
    return bool(len(_ranked(cell)))


def _ranked(cell: CellRows) -> list[int]:
    """The seeds with a finite law whose epochs are stored, from the best KL to the worst."""
    seeds = cell.rows["seed"].to_numpy()[cell.by_kl()]
    return seeds[np.isin(seeds, cell.epochs["seed"].unique())].tolist()


def evolution(cell: CellRows, identity: str) -> SliderFigure:
    """Draw the evolution of a median, a good and a bad replicate of a ``drawable`` cell."""
    assert cell.config is not None
    epochs, drawn = _traces(cell)
    truth = cell.config.truth
    target = _of_law(truth)
    made = _picture(cell, identity, target, epochs, drawn)
    first = " (first two coordinates)" if cell.config.dimension > 2 else ""
    table = Table(
        f"Mean and covariance at the epoch shown{first}: {cell.label}",
        ("replicate", *_HEAD, "KL(q‖p), nats"),
        [
            ("the target", *map(number, target), "0"),
            *((f"seed {d.seed}: {d.words}", *map(number, d.trace[-1])) for d in drawn),
        ],
    )
    (left, right), (bottom, top) = made.view
    trace = {
        "epochs": epochs,
        "laws": [[[_plain(v) for v in row] for row in d.trace] for d in drawn],
        "radius": RADIUS,
        "steps": STEPS,
        "across": [left, right],
        "up": [bottom, top],
    }
    return SliderFigure(made.picture, _script(trace), len(epochs) - 1, table)


def _traces(cell: CellRows) -> tuple[list[int], list[_Drawn]]:
    """The epochs that all have, and the replicates at the ranks, each once."""
    ranked = _ranked(cell)
    found: dict[int, _Drawn] = {}
    epochs: list[int] = []
    for rank, words, colour, dashes in _RANKS:
        seed = int(ranked[round(rank * (len(ranked) - 1))])
        history = cell.curve(seed, _COLUMNS)
        if seed in found or (epochs and history["epoch"].tolist() != epochs):
            continue
        epochs = [int(epoch) for epoch in history["epoch"]]
        # Six digits are more than are drawn or shown.
        trace = [[float(f"{v:.6g}") for v in row] for row in history[list(_COLUMNS)].to_numpy()]
        found[seed] = _Drawn(seed, words, colour, dashes, np.array(trace))
    return epochs, list(found.values())


@dataclass(frozen=True)
class _Made:
    picture: Picture
    view: tuple[tuple[float, float], tuple[float, float]]
    """Place 0 and length 1 of the data, in units of the SVG, across and up."""


def _picture(
    cell: CellRows, identity: str, target: Trace, epochs: Sequence[int], drawn: Sequence[_Drawn]
) -> _Made:
    with canvas(4.2) as (figure, axes):
        axes.plot(*_points(target).T, color=COLOURS["real"], linewidth=2.4, label="the target")
        axes.plot(*target[:2], "+", color=COLOURS["real"], markersize=9, markeredgewidth=2)
        for one in drawn:
            style = (0, tuple(map(float, one.dashes.split()))) if one.dashes else "-"
            axes.plot(
                [], [], color=COLOURS[one.colour], linestyle=style, label=f"seed {one.seed}: "
                f"{one.words}",
            )  # fmt: skip
        for which, (low, high) in zip("xy", _limits(target, drawn), strict=True):
            getattr(axes, f"set_{which}lim")(low, high)
        axes.set(xlabel="x₁", ylabel="x₂")
        legend_above(axes, columns=2)
        ends = "; ".join(
            f"seed {one.seed} ({one.words}): KL {number(one.trace[0, -1])} at epoch {epochs[0]}, "
            f"{number(one.trace[-1, -1])} at epoch {epochs[-1]}"
            for one in drawn
        )
        made = picture(
            figure,
            identity,
            title=f"The learned distribution against the target over epochs: {cell.label}",
            description=f"Ellipses that hold 95 % of each distribution. {ends}.",
            caption="Ellipses hold 95 % of the target and of what was learned, exactly; the "
            f"slider moves them from epoch {epochs[0]} to epoch {epochs[-1]}. The replicates are "
            "chosen by the rank of their final KL among those whose epochs are stored.",
            data=_table(epochs, drawn),
        )
        box = plot_box(figure, axes)
    view = box.across, box.up
    laws = "".join(
        f'<path class="law" d="{_path(one.trace[-1, :5], *view)}" style="fill: none; '
        f'stroke: var(--{one.colour}); stroke-width: 2; stroke-dasharray: {one.dashes or "none"}"/>'
        for one in drawn
    )
    window = (
        f'<clipPath id="{identity}-window"><rect x="{box.left:.2f}" y="{box.top:.2f}" '
        f'width="{box.width:.2f}" height="{box.height:.2f}"/></clipPath>'
        f'<g clip-path="url(#{identity}-window)">{laws}</g></svg>'
    )
    svg = Markup(str(made.svg).removesuffix("</svg>") + window)
    return _Made(made.with_svg(svg), view)


def _limits(target: Trace, drawn: Sequence[_Drawn]) -> list[tuple[float, float]]:
    """The target's ellipse and those of all epochs, as far as ``_SIGHT`` allows."""
    limits = []
    for axis, variance in ((0, 2), (1, 4)):
        middle, half = target[axis], RADIUS * math.sqrt(target[variance])
        half = half or 1.0
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


def _points(law: Trace) -> NDArray[np.float64]:
    """The outline (``STEPS`` + 1, 2) of two means and three entries of a covariance."""
    x, y, xx, xy, yy = law[:5]
    angle = 2 * np.pi * np.arange(STEPS + 1) / STEPS
    u, v = RADIUS * np.cos(angle), RADIUS * np.sin(angle)
    a = math.sqrt(max(xx, 0.0))
    b = xy / a if a > 0 else 0.0
    c = math.sqrt(max(yy - b * b, 0.0))
    return np.column_stack([x + a * u, y + b * u + c * v])


def _path(law: Trace, across: tuple[float, float], up: tuple[float, float]) -> str:
    if not np.isfinite(law).all():
        return ""
    points = _points(law)[:-1]
    places = zip(across[0] + across[1] * points[:, 0], up[0] + up[1] * points[:, 1], strict=True)
    return f"M {' L '.join(f'{x:.2f} {y:.2f}' for x, y in places)} Z"


def _of_law(law: Gaussian) -> Trace:
    covariance = law.covariance
    return np.array([*law.mean[:2], covariance[0, 0], covariance[0, 1], covariance[1, 1]])


def _table(epochs: Sequence[int], drawn: Sequence[_Drawn]) -> pd.DataFrame:
    parts = []
    for one in drawn:
        frame = pd.DataFrame(one.trace, columns=list(_COLUMNS))
        frame.insert(0, "epoch", list(epochs))
        frame.insert(0, "replicate", one.words)
        frame.insert(0, "seed", one.seed)
        parts.append(frame)
    return pd.concat(parts, ignore_index=True)


def _plain(value: float) -> float | None:
    return None if math.isnan(value) else value


def _script(trace: dict) -> Markup:
    # An infinity is written as a number that every reader of JSON takes for one.
    text = json.dumps(trace, separators=(",", ":")).replace("Infinity", "1e999")
    return Markup(text.replace("<", "\\u003c"))
