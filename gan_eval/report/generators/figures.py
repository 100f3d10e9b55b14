"""Pictures of outside generators over seeds: their worth, also over checkpoints, and the share of
each mode."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from gan_eval.pages.canvas import COLOURS, canvas, legend_above, picture, plain_log_axis
from gan_eval.pages.numbers import count, median, number, plural, setting
from gan_eval.pages.picture import Picture
from gan_eval.plots import marks
from gan_eval.report.generators.entrants import Entrant
from gan_eval.report.generators.tables import VERDICT_WORDS
from gan_eval.report.words import not_shown
from gan_eval.runtime.arguments import plain

MOST_STRIPS = 16
"""Entrants that a picture over seeds has room for."""

MOST_CURVES = 4
"""Own entrants whose checkpoints and mode shares are drawn."""

MOST_SEEDS = 60
"""Replicates of an entrant that are drawn one by one, from the first on."""

_COLOURS = {
    **{name: COLOURS[name] for name in ("converged", "near", "failed", "diverged")},
    **dict.fromkeys(("could_not_tell", "no_result"), COLOURS["muted"]),
}
_MARKERS = {
    "converged": "o",
    "near": "^",
    "failed": "s",
    "diverged": "X",
    "could_not_tell": "D",
    "no_result": "P",
}


def worth_spread(entrants: Sequence[Entrant]) -> Picture | None:
    """Draw each training's worth by energy distance on a logarithmic axis, with the margin."""
    shown, rest = entrants[:MOST_STRIPS], entrants[MOST_STRIPS:]
    parts, hidden, left, total = [], 0, 0, 0
    for y, one in enumerate(shown):
        values = pd.DataFrame({"seed": one.rows["seed"], "verdict": one.texts("verdict")}).assign(
            worth_energy=one.values("worth_energy")
        )
        placed = values[values["worth_energy"] > 0]
        hidden, total = hidden + len(values) - len(placed), total + len(values)
        some = placed.iloc[:MOST_SEEDS]
        left += len(placed) - len(some)
        offsets = ((0.5 + np.arange(len(some)) * 0.6180339887) % 1 - 0.5) * 0.5
        parts.append(some.assign(entrant=one.label, _y=y + 0.05 + offsets))
    rows = pd.concat(parts) if parts else pd.DataFrame()
    if rows.empty:
        return None
    with canvas(2.4 if len(shown) == 1 else 0.9 + 0.8 * len(shown)) as (figure, axes):
        margins = _margins(shown)
        end = _end([*rows["worth_energy"], *margins])
        worths = np.minimum(rows["worth_energy"].to_numpy(), end)
        order = [verdict for verdict in _MARKERS if verdict in set(rows["verdict"])]
        words = {verdict: VERDICT_WORDS.get(verdict, verdict) for verdict in order}
        named = rows["verdict"].map(words).to_numpy()
        marks.by_kind(
            *(axes, worths, rows["_y"].to_numpy(), named),
            {words[v]: _COLOURS[v] for v in order},
            {words[v]: _MARKERS[v] for v in order},
        )
        for y, one in enumerate(shown):
            _median_bar(axes, one.summary, y, (float(worths.min()) / 2, end))
        legend_above(axes, columns=3)
        _entrant_axis(axes, shown)
        if np.isinf(rows["worth_energy"]).any():
            axes.text(end, -0.5, "∞", ha="center", color=COLOURS["muted"])
        for value in margins:
            axes.axvline(value, linewidth=1, linestyle=(0, (4, 3)), color=COLOURS["ink"], zorder=1)
        plain_log_axis(axes, "x")
        axes.set_xlabel("worth by energy distance, real rows")
        said = "; ".join(
            f"{one.label}: median {number(one.summary['worth_energy'])}" for one in shown
        )
        line = (
            f" Right of the dashed line ({setting(margins[-1])} real rows) a training has learned "
            "the distribution, if its interval says so too."
            if margins
            else ""
        )
        more = f" {count(len(rest))} more entrants are in the table." if rest else ""
        return picture(
            figure,
            "fig-worth",
            title="Worth of every training",
            description=f"Logarithmic axis. {said}.",
            caption=f"One mark a training; the bar is the median with its 95 % interval.{line}"
            + (" Marks under ∞ show no distance at all." if end in worths else "")
            + not_shown(hidden, total, "no result, or worth no real row")
            + not_shown(left, total, f"the first {MOST_SEEDS} seeds of each entrant are drawn")
            + more,
            data=rows[["entrant", "seed", "verdict", "worth_energy"]],
        )


def _end(values: Sequence[float]) -> float:
    """The place of ∞ on a logarithmic axis: beyond all that is finite; ∞ where nothing is."""
    finite = [value for value in values if math.isfinite(value) and value > 0]
    if not any(math.isinf(value) for value in values):
        return math.inf
    return 4 * max(finite, default=1.0)


def _median_bar(axes: Axes, summary: Mapping[str, Any], y: int, ends: tuple[float, float]) -> None:
    """A median with its interval, which goes no further than the ends of the axis."""
    low, middle, high = (summary[f"worth_energy{end}"] for end in ("_low", "", "_high"))
    if low >= 0 and min(high, ends[1]) < math.inf:
        bar = [max(low, ends[0]), max(min(high, ends[1]), ends[0])]
        axes.plot(bar, [y + 0.42] * 2, color=COLOURS["ink"], linewidth=2.2)
    middle = min(middle, ends[1])
    if math.isfinite(middle) and middle > 0:
        axes.plot([middle], [y + 0.42], "|", color=COLOURS["ink"], ms=9, markeredgewidth=2)


def _margins(entrants: Sequence[Entrant]) -> list[float]:
    """The worths that verdicts rest on; none where those of any entrant rest on another measure."""
    if any(one.yardstick != "worth_energy" for one in entrants):
        return []
    found = {one.only("margin") for one in entrants}
    return sorted(value for value in found if math.isfinite(value) and value > 0)


def _entrant_axis(axes: Axes, entrants: Sequence[Entrant]) -> None:
    axes.set_ylim(len(entrants) - 0.45, -0.55)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    axes.set_ylabel("")
    for y, one in enumerate(entrants):
        axes.text(
            0, y - 0.36, plain(one.label, 48), transform=axes.get_yaxis_transform(),
            va="center", fontsize=9, color=COLOURS["muted"],
            bbox={"facecolor": COLOURS["surface"], "edgecolor": "none", "pad": 1},
        )  # fmt: skip


def curves(entrant: Entrant) -> dict[str, list[Any]]:
    """Take the checkpoints of an entrant's first trainings: seed, examples, worth by energy."""
    names = ["seed", "examples", "worth_energy"]

    def compute() -> dict[str, list[Any]]:
        history = entrant.epochs
        if history.empty or not set(names) <= set(history.columns):
            return {name: [] for name in names}
        history = history[history["examples"].notna()]  # others are of the end of a fit
        seeds = sorted(set(history["seed"]))[:MOST_SEEDS]
        kept = history.loc[history["seed"].isin(seeds)].sort_values(by=["seed", "epoch"])
        found = {name: kept[name].tolist() for name in names}
        return found | {"traced": [int(history["seed"].nunique())]}

    return entrant.facts.of(f"checkpoints of entrant {entrant.position}", compute)


def checkpoints(entrant: Entrant) -> Picture | None:
    """Draw the worth over the examples seen, a line a training; None without checkpoints."""
    stored = curves(entrant)
    names = ("seed", "examples", "worth_energy")
    rows = pd.DataFrame({name: stored[name] for name in names})
    drawable = rows[(rows["worth_energy"] > 0) & np.isfinite(rows["examples"])]
    if drawable["examples"].nunique() < 2:
        return None
    end = _end(drawable["worth_energy"].tolist())
    with canvas() as (figure, axes):
        for _, line in drawable.groupby("seed"):
            axes.plot(
                line["examples"], line["worth_energy"].clip(upper=end), color=COLOURS["learned"],
                alpha=0.35, linewidth=1, label="a training",
            )  # fmt: skip
        middle = rows.groupby("examples")["worth_energy"].agg(median)
        middle = middle[middle > 0]
        axes.plot(
            middle.index, middle.clip(upper=end), color=COLOURS["ink"], marker="o", markersize=3.5,
            label="median of the trainings",
        )  # fmt: skip
        if math.isfinite(end):
            axes.text(axes.get_xlim()[0], end, " ∞", va="center", color=COLOURS["muted"])
        for value in _margins([entrant]):
            axes.axhline(value, linewidth=1, linestyle=(0, (4, 3)), color=COLOURS["ink"])
        plain_log_axis(axes, "y")
        axes.xaxis.set_major_locator(MaxNLocator(4))
        axes.xaxis.set_major_formatter(lambda value, _: count(value))
        axes.set(xlabel="examples seen in training", ylabel="worth, real rows")
        legend_above(axes, columns=2)
        seeds, traced = rows["seed"].nunique(), stored.get("traced", [0])[0]
        return picture(
            figure,
            f"fig-checkpoints-{entrant.position + 1}",
            title=f"Worth at each checkpoint: {entrant.label}",
            description=f"Logarithmic axis; {plural(seeds, 'training')}. The median goes from "
            f"{number(middle.iloc[0])} to {number(middle.iloc[-1])} real rows.",
            caption=f"{entrant.label}: worth by energy distance at each checkpoint of "
            f"{plural(seeds, 'training')}; dashed: the margin."
            + (" At ∞ no distance is seen." if math.isfinite(end) else "")
            + not_shown(traced - seeds, traced, "later seeds")
            + not_shown(
                len(rows) - len(drawable),
                len(rows),
                "checkpoints without a worth above 0",
            ),
            data=rows,
        )


def mode_shares(entrant: Entrant) -> Picture | None:
    """Draw the share of generated rows in each known mode over seeds; None where none is known."""
    names = [name for name in map(str, entrant.rows) if name.startswith("mode_share_")]
    names = sorted((name for name in names if entrant.has(name)), key=_number_of)
    if not names:
        return None
    shares = np.stack([entrant.values(name) for name in names], axis=1)
    known = np.asarray(np.isfinite(shares).any(axis=1))
    drawn = shares[known][:MOST_SEEDS]
    with canvas(2.8) as (figure, axes):
        places = np.array([_number_of(name) for name in names])
        offsets = ((0.5 + np.arange(len(drawn)) * 0.6180339887) % 1 - 0.5) * 0.5
        for place, column in zip(places, drawn.T, strict=True):
            axes.scatter(
                place + offsets, column, s=14, color=COLOURS["learned"], alpha=0.6, linewidth=0,
                label="a training",
            )  # fmt: skip
        middle = [median(column) for column in shares.T]
        axes.scatter(
            places, middle, s=90, marker="_", color=COLOURS["ink"], zorder=4, label="median"
        )
        axes.set(xlabel="mode of the target", ylabel="share of generated rows")
        axes.set_ylim(bottom=-0.02)
        axes.xaxis.set_major_locator(MaxNLocator("auto", integer=True))
        legend_above(axes, columns=2)
        said = ", ".join(
            f"{place}: {number(value, 2)}" for place, value in zip(places, middle, strict=True)
        )
        data = pd.DataFrame(drawn, columns=pd.Index(names))
        data.insert(0, "seed", entrant.rows["seed"].to_numpy()[known][:MOST_SEEDS])
        return picture(
            figure,
            f"fig-modes-{entrant.position + 1}",
            title=f"Share of generated rows in each mode: {entrant.label}",
            description=f"Median shares by mode: {said}.",
            caption=f"{entrant.label}: one mark a training and mode. What lies farther than 3 "
            "standard deviations from every mode counts to none."
            + not_shown(int((~known).sum()), len(known), "no result")
            + not_shown(int(known.sum()) - len(drawn), len(known), "later seeds"),
            data=data,
        )


def _number_of(name: str) -> int:
    end = name.removeprefix("mode_share_")
    return int(end) if end.isdigit() else 0
