"""Figures of what was learned over the target: samples with the laws that they come from, and those
laws epoch by epoch, as ellipses that a slider moves.

The drawing shows the last epoch; page.js redraws it from the numbers embedded beside it, with the
same formula.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import pandas as pd
from markupsafe import Markup
from matplotlib.axes import Axes
from numpy.typing import NDArray
from scipy import stats

from gan_eval.distributions.gaussian import Gaussian, ellipse
from gan_eval.pages.blocks import SliderFigure, Table
from gan_eval.pages.canvas import COLOURS, Picture, PlotBox, canvas, legend_above, picture, plot_box
from gan_eval.pages.numbers import count, number
from gan_eval.report.cells import CellRows
from gan_eval.training import draws
from gan_eval.training.config import TrainingConfig
from gan_eval.training.trained import training_rows

POINTS = 150
"""Points drawn of each kind."""

_FAR = 1e3
"""A generated point further out than this many target scales makes a picture of nothing."""


def chosen(cell: CellRows) -> list[tuple[str, pd.Series]]:
    """Choose the replicates to draw, each once: the median one, one at the 95 % rank, and the one
    whose losses deceive most."""
    ordered = cell.by_kl()
    if not ordered.size:
        return []
    last = len(ordered) - 1
    picks = [
        ("the median replicate", ordered[last // 2]),
        ("a bad one, at the 95 % rank of KL", ordered[round(0.95 * last)]),
        *(("losses at ln 2, distribution wrong", wrong) for wrong in cell.deceptive()[:1]),
    ]
    named: dict[int, tuple[str, pd.Series]] = {}
    for role, position in picks:
        row = cell.rows.iloc[position]
        seed = seed_of(row)
        roles = f"{named[seed][0]}; {role}" if seed in named else role
        named[seed] = (roles, row)
    return list(named.values())


def sample_pictures(cell: CellRows, identity: str) -> list[Callable[[], Picture]]:
    """Make a function for each chosen replicate that can be drawn, which draws it."""
    config = cell.config
    if config is None:
        return []
    return [
        partial(_picture, config, row, role, f"{identity}-{position + 1}")
        for position, (role, row) in enumerate(chosen(cell))
        if _is_near(config, row)
    ]


def sample_notes(cell: CellRows) -> list[str]:
    """Say of each chosen replicate that it cannot be drawn, or why none can."""
    config = cell.config
    if config is None:
        return ["The settings of this cell are not stored, so its samples cannot be redrawn."]
    picks = chosen(cell)
    if not picks:
        return ["No replicate has a finite distribution to draw."]
    return [
        f"Seed {row['seed']} ({role}) is not drawn: its points lie more than "
        f"{_FAR:g} target scales away."
        for role, row in picks
        if not _is_near(config, row)
    ]


def learned_law(config: TrainingConfig, row: pd.Series) -> Gaussian:
    """Compute the learned distribution of a stored replicate, from its weights and its mean."""
    d, k = config.dimension, config.latent_size
    mean = [row[f"mean_{j + 1}"] for j in range(d)]
    weights = [[row[f"weight_{i + 1}_{j + 1}"] for j in range(d)] for i in range(k)]
    return Gaussian(np.array(mean, dtype=np.float64), np.array(weights, dtype=np.float64))


def seed_of(row: pd.Series) -> int:
    """Read the seed of a replicate's row."""
    return int(row.loc["seed"])


def _is_near(config: TrainingConfig, row: pd.Series) -> bool:
    law, truth = learned_law(config, row), config.truth
    scale = np.abs(truth.mean).max() + np.sqrt(np.diag(truth.covariance).max())
    return bool(max(np.abs(law.mean).max(), np.abs(law.factor).max()) < _FAR * scale)


def _picture(config: TrainingConfig, row: pd.Series, role: str, identity: str) -> Picture:
    seed, law, truth = seed_of(row), learned_law(config, row), config.truth
    real = training_rows(config, seed)[:POINTS]
    latent = draws.evaluation_latent(seed, len(real), config.latent_size)
    generated = latent @ law.factor + law.mean
    with canvas(4.4 if config.dimension > 1 else 3.0) as (figure, axes):
        draw = _curves if config.dimension == 1 else _points
        draw(axes, (real, generated), (truth, law))
        legend_above(axes, columns=2)
        drawn = np.concatenate([real, generated])[:, :2]
        points = {f"x_{i + 1}": column for i, column in enumerate(drawn.T)}
        first = " (the first two coordinates)" if config.dimension > 2 else ""
        shape = "curves are the densities" if config.dimension == 1 else "ellipses hold 95 %"
        return picture(
            figure,
            identity,
            title=f"Real and generated samples of seed {seed}: {role}",
            description=_moments(truth, law),
            caption=f"Seed {seed}, {role}: KL {number(row['kl'])} nats, {row['verdict']}. "
            f"{len(real)} of its {count(config.n_examples)} training rows and as many points that "
            f"it generates{first}; {shape} of both distributions.",
            data=pd.DataFrame({"kind": np.repeat(["real", "generated"], len(real)), **points}),
        )


_KINDS: Sequence = (("real", "real", "o", "-"), ("generated", "learned", "^", (0, (5, 2))))
"""Label, colour, mark and line of the rows that were trained on, and of those that are made."""


def _points(axes: Axes, rows: Sequence[NDArray], laws: Sequence[Gaussian]) -> None:
    for (label, colour, marker, _), points in zip(_KINDS, rows, strict=True):
        axes.scatter(
            points[:, 0], points[:, 1], s=13, color=COLOURS[colour], marker=marker, alpha=0.55,
            linewidth=0, label=label,
        )  # fmt: skip
    for (label, colour, _, style), gaussian in zip(_KINDS, laws, strict=True):
        axes.plot(
            *ellipse(gaussian).T, color=COLOURS[colour], linestyle=style, linewidth=2,
            label=f"95 % of {'the truth' if label == 'real' else 'what was learned'}",
        )  # fmt: skip
    axes.set(xlabel="x₁", ylabel="x₂")


def _curves(axes: Axes, rows: Sequence[NDArray], laws: Sequence[Gaussian]) -> None:
    both = np.concatenate(rows)
    x = np.linspace(both.min() - 1, both.max() + 1, 200)
    for (label, colour, _, style), points, gaussian in zip(_KINDS, rows, laws, strict=True):
        axes.hist(points[:, 0], bins=25, density=True, color=COLOURS[colour], alpha=0.3)
        middle, sd = gaussian.mean[0], float(np.sqrt(gaussian.covariance[0, 0]))
        line = {"color": COLOURS[colour], "linestyle": style, "label": label}
        if sd > 0:
            axes.plot(x, stats.norm.pdf(x, middle, sd), **line)
        else:
            axes.axvline(middle, **line)
    axes.set(xlabel="x", ylabel="density")


def _moments(truth: Gaussian, law: Gaussian) -> str:
    parts = []
    for words, gaussian in (("The target", truth), ("What was learned", law)):
        mean = ", ".join(number(m) for m in gaussian.mean[:2])
        block = gaussian.covariance[:2, :2]
        covariance = ", ".join(number(v) for v in block[np.triu_indices(len(block))])
        parts.append(f"{words} has mean ({mean}) and covariance entries ({covariance})")
    return ". ".join(parts) + "."


STEPS = 60
"""Points of an ellipse's outline."""

RADIUS = math.sqrt(stats.chi2.ppf(0.95, 2))
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


@dataclass(frozen=True)
class _Drawn:
    seed: int
    words: str
    colour: str
    dashes: str
    trace: NDArray[np.float64]
    """(epochs, 6) of ``_COLUMNS``."""


def drawable(cell: CellRows) -> bool:
    """Tell whether there is something to draw: settings, two dimensions, and a finite law with its
    epochs."""
    return bool(cell.config and cell.config.dimension > 1 and cell.traced and _ranked(cell))


def _ranked(cell: CellRows) -> list[int]:
    """The seeds with a finite law whose epochs are stored, from the best KL to the worst."""
    seeds = cell.rows["seed"].to_numpy()[cell.by_kl()]
    return seeds[np.isin(seeds, cell.epochs["seed"].unique())].tolist()


def evolution(cell: CellRows, identity: str) -> SliderFigure:
    """Draw the evolution of a median, a good and a bad replicate of a ``drawable`` cell."""
    assert cell.config is not None
    epochs, drawn = _traces(cell)
    target = _of_law(cell.config.truth)
    made, box = _slider_picture(cell, identity, target, epochs, drawn)
    first = " (first two coordinates)" if cell.config.dimension > 2 else ""
    table = Table(
        f"Mean and covariance at the epoch shown{first}: {cell.label}",
        ("replicate", *_HEAD, "KL(q‖p), nats"),
        [
            ("the target", *map(number, target), "0"),
            *((f"seed {d.seed}: {d.words}", *map(number, d.trace[-1])) for d in drawn),
        ],
    )
    laws = [[[None if math.isnan(v) else v for v in row] for row in d.trace] for d in drawn]
    trace = {"epochs": epochs, "laws": laws, "radius": RADIUS, "steps": STEPS}
    trace |= {"across": box.across, "up": box.up}
    # An infinity is written as a number that every reader of JSON takes for one.
    text = json.dumps(trace, separators=(",", ":")).replace("Infinity", "1e999")
    return SliderFigure(made, Markup(text.replace("<", "\\u003c")), len(epochs) - 1, table)


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


def _slider_picture(
    cell: CellRows, identity: str, target: NDArray, epochs: Sequence[int], drawn: Sequence[_Drawn]
) -> tuple[Picture, PlotBox]:
    with canvas(4.2) as (figure, axes):
        axes.plot(*_outline(target).T, color=COLOURS["real"], linewidth=2.4, label="the target")
        axes.plot(*target[:2], "+", color=COLOURS["real"], markersize=9, markeredgewidth=2)
        for one in drawn:
            style = (0, tuple(map(float, one.dashes.split()))) if one.dashes else "-"
            name = f"seed {one.seed}: {one.words}"
            axes.plot([], [], color=COLOURS[one.colour], linestyle=style, label=name)
        across, up = _limits(target, drawn)
        axes.set(xlim=across, ylim=up, xlabel="x₁", ylabel="x₂")
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
            data=_trace_table(epochs, drawn),
        )
        box = plot_box(figure, axes)
    laws = "".join(
        f'<path class="law" d="{_path(one.trace[-1, :5], box)}" style="fill: none; '
        f'stroke: var(--{one.colour}); stroke-width: 2; stroke-dasharray: {one.dashes or "none"}"/>'
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
        named = {"seed": one.seed, "replicate": one.words, "epoch": epochs}
        parts.append(pd.DataFrame(named | dict(zip(_COLUMNS, one.trace.T, strict=True))))
    return pd.concat(parts, ignore_index=True)
