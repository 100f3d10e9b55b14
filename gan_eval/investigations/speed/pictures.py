"""The pictures of ``gan-eval throughput``: who is how fast, before and after, over commits."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, MaxNLocator

from gan_eval.investigations.speed import formats, words
from gan_eval.investigations.speed.history import History
from gan_eval.investigations.speed.rates import TRAINING
from gan_eval.investigations.speed.slowdown import FASTER, SLOWER, TOO_SLOW, Comparison
from gan_eval.investigations.speed.steps import Steps
from gan_eval.pages.canvas import COLOURS, canvas, legend_above, picture, plain_log_axis
from gan_eval.pages.numbers import number, plural, setting
from gan_eval.pages.picture import Picture
from gan_eval.runtime.arguments import plain

MOST_DRAWN = 20
"""Benchmarks in a picture of one row each; what is left out is counted."""

MOST_PANELS = 9
"""Benchmarks in the picture of a history."""

FIRST_PANELS = 4
"""The most panels of a picture on the first screen, where it has little room."""

_LABEL = 46
_MARKERS = "os^Dv"


def rates(table: pd.DataFrame) -> Picture | None:
    """Draw examples/sec of every training on a logarithmic axis, with ratios to the chapter's loop;
    None where the table has no training."""
    trains = table[(table["unit"] == TRAINING) & table["backend"].notna()]
    trains = trains[trains["examples_per_second"].notna()]
    if trains.empty:
        return None
    ordered = trains.sort_values("examples_per_second", ascending=False, kind="stable")
    shown = ordered.head(MOST_DRAWN).iloc[::-1]
    labels = [_short(row["label"]) for _, row in shown.iterrows()]
    values = shown["examples_per_second"].to_numpy(dtype=float)
    with canvas(height=1.0 + 0.24 * len(shown), width=6.4) as (drawing, axes):
        at = np.arange(len(shown))
        for y, (_, row) in enumerate(shown.iterrows()):
            axes.plot([row["rate_low"], row["rate_high"]], [y, y], color=COLOURS["learned"])
        axes.scatter(values, at, s=22, color=COLOURS["learned"], zorder=3)
        axes.set_yticks(at, labels)
        plain_log_axis(axes, "x")
        low, high = axes.get_xlim()
        axes.set_xlim(low, high * (high / low) ** 0.12)  # room for the last ratio
        for y, ratio in enumerate(shown["times_the_loop"]):
            if not pd.isna(ratio):
                axes.annotate(
                    f"{number(ratio)}×", (values[y], y), (6, 0), textcoords="offset points",
                    va="center", color=COLOURS["muted"], fontsize=8.5,
                )  # fmt: skip
        axes.set_xlabel("examples per second")
        left_out = len(ordered) - len(shown)
        pairs = zip(labels, values, strict=True)
        said = [f"{name}: {formats.rate(value)}" for name, value in pairs]
        return picture(
            drawing,
            "fig-throughput",
            title="Examples per second of every training",
            description="; ".join(reversed(said)),
            caption="Examples per second with their 95 % intervals, and how many times the "
            "chapter's loop that is, in the same file"
            + (f"; the {plural(left_out, 'slowest training')} left out." if left_out else "."),
            data=shown[
                ["label", "examples_per_second", "rate_low", "rate_high", "times_the_loop"]
            ].iloc[::-1],
        )


def before_after(found: Comparison) -> Picture | None:
    """Draw each benchmark's ratio of seconds with its interval, lines at 1 and at what is allowed;
    None where nothing was compared."""
    if found.table.empty:
        return None
    ordered = found.table.sort_values("ratio", ascending=False, kind="stable")
    shown = ordered.head(MOST_DRAWN).iloc[::-1]
    colours = {TOO_SLOW: "failed", SLOWER: "near", FASTER: "converged"}
    with canvas(height=1.1 + 0.24 * len(shown), width=6.4) as (drawing, axes):
        ends = shown[["ratio_low", "ratio_high"]].to_numpy(dtype=float)
        bounded = (np.isfinite(ends) & (ends > 0)).min(axis=1).astype(bool)
        for y, (_, row) in enumerate(shown.iterrows()):
            colour = COLOURS[colours.get(str(row["answer"]), "muted")]
            if bounded[y]:
                axes.plot(ends[y], [y, y], color=colour)
            face = colour if bounded[y] else "none"
            axes.plot(row["ratio"], y, "o", color=colour, markerfacecolor=face, markersize=5)
        axes.axvline(1, color=COLOURS["muted"], linewidth=1)
        axes.axvline(
            found.slowdown, color=COLOURS["failed"], linewidth=1, linestyle="--",
            label=f"{setting(found.slowdown)} times is allowed",
        )  # fmt: skip
        axes.set_yticks(np.arange(len(shown)), [_short(name) for name in shown["label"]])
        values = [*shown["ratio"], *ends[bounded].ravel(), 1.0, found.slowdown]
        _times_axis(axes, "x", min(values), max(values))
        axes.set_xlabel("times the seconds of before: to the right is slower")
        legend_above(axes)
        left_out = len(ordered) - len(shown)
        said = [
            f"{row['label']}: {formats.change(*row[['ratio', 'ratio_low', 'ratio_high']])}"
            for _, row in ordered.iterrows()
        ]
        return picture(
            drawing,
            "fig-before-after",
            title="Seconds after over seconds before",
            description="; ".join(said),
            caption="How many times as long each benchmark takes as before, with its interval"
            + ("" if bounded.all() else "; a ring has too few rounds for one")
            + (f"; the {plural(left_out, 'fastest')} left out." if left_out else "."),
            data=ordered[["label", "ratio", "ratio_low", "ratio_high", "answer"]],
        )


def over_commits(
    history: History, steps: Steps, panels: int = MOST_PANELS, identity: str = "fig-history"
) -> Picture | None:
    """Draw each benchmark's speed over commits, small multiples with shared axes.

    Of more benchmarks than ``panels`` those with steps come first, then the fastest. Speeds are
    relative to the first run on the same machine. A machine has a line and a mark of its own;
    figures of different machines are not joined. None where there is one version of the code alone.
    """
    codes = history.codes
    if len(codes) < 2:
        return None
    names = _panels(history, steps)
    shown = names[:panels]
    table = history.table[history.table["benchmark"].isin(shown)]
    hosts = list(dict.fromkeys(table["host"]))
    across = min(3 if panels > FIRST_PANELS else 2, len(shown))
    down = -(-len(shown) // across)
    drawn = []
    with canvas(height=1.1 + 1.45 * down, width=2.6 * across + 0.6) as (drawing, only):
        only.remove()
        grid: Any = drawing.subplots(down, across, sharex=True, sharey=True, squeeze=False)
        for panel, name in zip(grid.ravel(), shown, strict=False):
            drawn.append(_panel(panel, table[table["benchmark"] == name], hosts, steps, name))
        for empty in grid.ravel()[len(shown) :]:
            empty.remove()
        data = pd.concat(drawn)
        _times_axis(grid[0, 0], "y", data["relative"].min(), data["relative"].max())
        _commit_axis(grid, codes, len(shown))
        if len(hosts) > 1:
            handles, hosts_drawn = grid[0, 0].get_legend_handles_labels()
            drawing.legend(handles, hosts_drawn, loc="outside upper left", ncols=len(hosts))
        drawing.supylabel("times the speed of the first run", fontsize=9.5)
        left_out = len(names) - len(shown)
        return picture(
            drawing,
            identity,
            title="Speed over commits",
            description=" ".join(words.step_sentences(steps)) or words.stepped(history, steps),
            caption="Speed of every run over the commits that were measured, relative to the first "
            "run on the same machine: higher is faster"
            + ("; a dashed line is a step" if len(steps.table) else "")
            + (f"; {plural(left_out, 'benchmark')} left out." if left_out else "."),
            data=data,
        )


def _panel(
    axes: Axes, rows: pd.DataFrame, hosts: Sequence[str], steps: Steps, name: str
) -> pd.DataFrame:
    """Draw one benchmark; its data."""
    found = []
    for host, mine in rows.groupby("host", sort=False):
        which = list(hosts).index(str(host))
        relative = mine["per_second"] / mine["per_second"].iloc[0]
        colour = COLOURS["learned" if which == 0 else "real" if which == 1 else "muted"]
        middle = relative.groupby(mine["place"]).median()
        axes.plot(middle.index, middle, color=colour, linewidth=1.2, alpha=0.6)
        axes.plot(
            mine["place"], relative, _MARKERS[which % len(_MARKERS)], color=colour, markersize=3.5,
            label=plain(str(host), 40),
        )  # fmt: skip
        found.append(
            mine[["label", "host", "code", "measured", "per_second"]].assign(relative=relative)
        )
    for _, step in steps.table[steps.table["benchmark"] == name].iterrows():
        slower = step["ratio"] > 1
        axes.axvline(
            step["place"] - 0.5, color=COLOURS["failed" if slower else "converged"], linewidth=1.2,
            linestyle="--",
        )  # fmt: skip
    last = rows.iloc[-1]
    axes.set_title(
        f"{plain(str(last['label']), 40)}\n{formats.rate(last['per_second'])} a second at last",
        fontsize=8.5,
    )
    return pd.concat(found)


def _panels(history: History, steps: Steps) -> list[str]:
    """Order benchmarks: those with steps, then those with the most runs, then the fastest."""
    table = history.table[~history.table["peer"].astype(bool) & history.table["cost"].notna()]
    groups = table.groupby("benchmark", sort=False)
    order = pd.DataFrame({"places": groups["place"].nunique(), "rate": groups["per_second"].last()})
    stepped = list(dict.fromkeys(steps.table["benchmark"]))
    order["step"] = [
        stepped.index(str(name)) if name in stepped else len(stepped) for name in order.index
    ]
    order = order[order["places"] > 1] if (order["places"] > 1).any() else order
    keys = {"step": True, "places": False, "rate": False}
    return [str(n) for n in order.sort_values(list(keys), ascending=list(keys.values())).index]


def _commit_axis(grid: Any, codes: Sequence[str], panels: int) -> None:
    """Name the commits under the lowest panel of each column."""
    across = grid.shape[1]
    step = -(-len(codes) // 8)
    places = list(range(len(codes) - 1, -1, -step))[::-1]
    for column in range(min(across, panels)):
        lowest = (panels - 1 - column) // across
        axes = grid[lowest, column]
        axes.set_xticks(places, [codes[i] for i in places], rotation=90, fontsize=7.5)
        axes.tick_params(labelbottom=True)
    grid[0, 0].set_xlim(-0.5, len(codes) - 0.5)


def _times_axis(axes: Axes, which: str, low: float, high: float) -> None:
    """Give ratios a logarithmic axis with plain numbers, as long as they need."""
    if high > 8 * low:
        plain_log_axis(axes, which)
        return
    getattr(axes, f"set_{which}scale")("log")
    room = max((high / low) ** 0.08, 1.03)
    getattr(axes, f"set_{which}lim")(low / room, high * room)
    axis = getattr(axes, f"{which}axis")
    axis.set_major_locator(MaxNLocator(5, steps=[1, 2, 2.5, 5, 10]))
    axis.set_major_formatter(FuncFormatter(lambda value, _: number(value, 2)))
    axis.set_minor_formatter(FuncFormatter(lambda *_: ""))
    axis.set_minor_locator(MaxNLocator(1))


def _short(name: object) -> str:
    return plain(name, _LABEL)
