"""Pictures of generated rows over real ones, from the few that are stored of a seed."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from numpy.typing import NDArray

from gan_eval.pages.canvas import COLOURS, canvas, legend_above, picture
from gan_eval.pages.picture import Picture
from gan_eval.report.generators.entrants import BASELINES, Entrant
from gan_eval.report.generators.tables import VERDICT_WORDS
from gan_eval.report.words import not_shown
from gan_eval.study.results.reading import POINTS

MOST_DRAWN = 9
"""Entrants whose rows are drawn."""


def sampled(entrants: Sequence[Entrant]) -> tuple[list[Entrant], int]:
    """Choose the entrants whose generated rows are drawn, and count all that stored some."""
    if not entrants:
        return [], 0

    def compute() -> list[list[str]]:
        found = [entrant for entrant in entrants if _rows(entrant) is not None]
        own, others = ([_key(e) for e in found if e.own is mine] for mine in (True, False))
        # However many own ones there are, the baselines stand beside them.
        last = max(len(own) - MOST_DRAWN + min(len(others), len(BASELINES)), 0)
        return [*own[: len(own) - last], *others, *own[len(own) - last :]]

    stored = entrants[0].facts.of(_STORED, compute)
    drawn = stored[:MOST_DRAWN]
    return [entrant for entrant in entrants if _key(entrant) in drawn], len(stored)


_STORED = "entrants with rows"
_CELL = ("config_hash", "backend", "device")


def _key(entrant: Entrant) -> list[str]:
    return [str(entrant.rows[name].iloc[0]) for name in _CELL]


def drawn_rows(rows: pd.DataFrame, facts: Mapping[str, Any]) -> pd.DataFrame:
    """Take the stored points out of the rows of entrants that no picture shows."""
    if rows.empty or not set(POINTS) <= set(rows.columns):
        return rows
    drawn = {tuple(key) for key in facts.get(_STORED, ())[:MOST_DRAWN]}
    keys = zip(*(rows[name].astype(str) for name in _CELL), strict=True)
    kept = np.array([key in drawn for key in keys])
    return rows.assign(**{name: rows[name].astype(object).where(kept, "") for name in POINTS})


def sample_pictures(entrants: Sequence[Entrant]) -> dict[int, Callable[[], Picture | None]]:
    """Make a function for each entrant, by its position, that draws its rows over the real ones, on
    shared axes."""
    drawn, _ = sampled(entrants)
    found = [rows for rows in map(_rows, drawn) if rows is not None]
    # A picture has one column or two; all that are drawn together have as many.
    real = [rows.real if len(rows.real) else rows.generated for rows in found]
    alike = [points for points in real if points.shape[1] == real[0].shape[1]]
    if not alike:
        return {}
    bounds = _bounds(np.concatenate(alike))
    return {entrant.position: partial(_samples, entrant, bounds) for entrant in drawn}


def _samples(entrant: Entrant, bounds: NDArray[np.float64]) -> Picture | None:
    """Draw generated rows over real ones, within bounds (2, columns)."""
    found = _rows(entrant)
    if found is None:
        return None
    generated, real, names = found.generated, found.real, found.names
    seed = int(entrant.rows["seed"].iloc[found.place])
    if len(names) != bounds.shape[1]:  # another target's, with other columns
        bounds = _bounds(real if len(real) else generated)
    inside = ((generated >= bounds[0]) & (generated <= bounds[1])).all(axis=1)
    with canvas(4.0 if len(names) > 1 else 2.8) as (figure, axes):
        if len(names) > 1:
            _scatter(axes, real, "real", "real", "o")
            _scatter(axes, generated[inside], "generated", "learned", "^")
            if len(lost := _lost_modes(entrant, found.place)):
                axes.plot(
                    *lost.T, "x", color=COLOURS["failed"], markersize=13, markeredgewidth=2.6,
                    label="lost mode",
                )  # fmt: skip
            axes.set(
                xlim=bounds[:, 0],
                ylim=bounds[:, 1],
                xlabel=_subscript(names[0]),
                ylabel=_subscript(names[1]),
            )
        else:
            bins = np.linspace(bounds[0, 0], bounds[1, 0], 31)
            for rows, label, colour in (
                (real, "real", "real"),
                (generated, "generated", "learned"),
            ):
                if len(rows):
                    axes.hist(
                        rows[:, 0], bins=bins.tolist(), density=True, color=COLOURS[colour],
                        alpha=0.45, label=label,
                    )  # fmt: skip
            axes.set(xlim=bounds[:, 0], xlabel=_subscript(names[0]), ylabel="density")
        legend_above(axes, columns=3)
        both = np.concatenate([real, generated])
        verdict = entrant.texts("verdict")[found.place]
        return picture(
            figure,
            f"fig-rows-{entrant.position + 1}",
            title=f"Generated rows over real rows: {entrant.label}",
            description=f"{len(generated)} generated rows of seed {seed} and {len(real)} real ones"
            f"; {len(generated) - int(inside.sum())} generated rows lie outside the picture.",
            caption=f"{entrant.label}, seed {seed}: {VERDICT_WORDS.get(verdict, verdict)}."
            + not_shown(len(inside) - int(inside.sum()), len(inside), "outside the picture"),
            data=pd.DataFrame(
                {"kind": np.repeat(["real", "generated"], [len(real), len(generated)])}
                | dict(zip(names, both.T, strict=True))
            ),
        )


_PLACE = re.compile(r" at \(([^()]+), ([^()]+)\)$")


def _lost_modes(entrant: Entrant, place: int) -> NDArray[np.float64]:
    """Find where the modes in the plane lie that a training has lost, (modes, 2)."""
    places = [_PLACE.search(name.strip()) for name in entrant.texts("modes_lost")[place].split(";")]
    try:
        found = [[float(one[1].replace("−", "-")), float(one[2].replace("−", "-"))]
                 for one in places if one]  # fmt: skip
    except ValueError:
        found = []
    return np.array(found).reshape(-1, 2)


def _subscript(name: str) -> str:
    return name.replace("_", "").translate(str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉"))


def _scatter(axes: Axes, rows: NDArray, label: str, colour: str, marker: str) -> None:
    axes.scatter(
        rows[:, 0], rows[:, 1], s=13, color=COLOURS[colour], marker=marker, alpha=0.55,
        linewidth=0, label=label,
    )  # fmt: skip


class _Stored(NamedTuple):
    """Points to draw, (n, 1 or 2) each, the columns' names, and the place of their training."""

    generated: NDArray[np.float64]
    real: NDArray[np.float64]
    names: list[str]
    place: int


def _rows(entrant: Entrant) -> _Stored | None:
    """The stored rows in their first two columns of numbers; None where there are none, or they
    cannot be drawn."""
    texts = entrant.texts("sample_rows")
    place = next((place for place, text in enumerate(texts) if text), None)
    if place is None:
        return None
    generated, real = (_numbers(entrant.texts(name)[place]) for name in POINTS)
    if generated is None or not generated.size:
        return None
    if real is None or real.shape[1:] != generated.shape[1:]:
        real = generated[:0]
    either = np.isfinite(np.concatenate([generated, real])).any(axis=0)
    columns = np.flatnonzero(either)[:2]
    if not columns.size:
        return None
    names = [f"x_{j + 1}" for j in columns]
    return _Stored(generated[:, columns], real[:, columns], names, place)


def _numbers(text: str) -> NDArray[np.float64] | None:
    """Rows of a JSON list as numbers, NaN where an entry is a word or missing; None where it is no
    table."""
    try:
        lines = json.loads(text)
        rows = np.array([[_number(entry) for entry in line] for line in lines], dtype=np.float64)
        return rows if rows.ndim == 2 else None
    except (ValueError, TypeError):
        return None


def _number(entry: Any) -> float:
    return float(entry) if isinstance(entry, int | float) else math.nan


def _bounds(rows: NDArray) -> NDArray[np.float64]:
    """Limits of the axes around the real rows, (2, columns), with a margin of a quarter."""
    kept = rows[np.isfinite(rows).all(axis=1)]
    if not len(kept):
        return np.stack([np.zeros(rows.shape[1]), np.ones(rows.shape[1])])
    low, high = kept.min(axis=0), kept.max(axis=0)
    room = np.where(high > low, 0.25 * (high - low), 1.0)
    return np.stack([low - room, high + room])
