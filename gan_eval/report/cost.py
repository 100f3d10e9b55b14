"""What the permutation tests cost against n, as measured once and shipped with the package."""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

import pandas as pd

from gan_eval.pages.blocks import Block, Heading, Paragraph, gallery
from gan_eval.pages.canvas import (
    COLOURS,
    Picture,
    canvas,
    legend_above,
    picture,
    plain_log_axis,
)
from gan_eval.pages.numbers import count, number

MEASURED = Path(__file__).with_name("cost.csv")
"""One row a test, method and n, by ``python -m benchmarks.cost_against_n``; the machine stands in
the JSON file of the same name."""

PERMUTATIONS = 200
"""Of the rows that are drawn."""

_LINES = (
    ("mmd_test", "auto", "MMD", "loss-d", "-"),
    ("mmd_test", "exact", "MMD, all pairs", "loss-d", ":"),
    ("energy_test", "auto", "energy", "loss-g", "-"),
    ("energy_test", "exact", "energy, all pairs", "loss-g", ":"),
)
_MARKS = {"-": "o", ":": "s"}
_AXES = (
    ("seconds", "Seconds of one test"),
    ("peak_mb", "Largest memory of the process, MB"),
)


def blocks() -> list[Block]:
    """A heading, the two pictures, and where they were measured."""
    rows = [row for row in measured() if row["permutations"] == PERMUTATIONS]
    machine = json.loads(MEASURED.with_suffix(".json").read_text(encoding="utf-8"))
    return [
        Heading("What a test costs"),
        Paragraph(
            f"Two samples of n rows from the chapter's target, {PERMUTATIONS} permutations. The "
            "lines are what is done by default: a low-rank factor for MMD, random lines for the "
            "energy test of many rows. Measured once, not in this run: "
            f"{machine['processor']}, {machine['threads']} threads, "
            f"torch {machine['packages']['torch']}."
        ),
        *gallery(*(partial(_picture, rows, column, title) for column, title in _AXES)),
    ]


@lru_cache(maxsize=1)
def measured() -> Sequence[dict[str, Any]]:
    """The rows of the CSV, their numbers as numbers."""
    texts = {"test": str, "method": str, "path": str, "seconds": float, "peak_mb": float}
    with MEASURED.open(newline="", encoding="utf-8") as file:
        return [
            {name: texts.get(name, int)(value) for name, value in row.items()}
            for row in csv.DictReader(file)
        ]


def _picture(rows: Sequence[dict[str, Any]], column: str, title: str) -> Picture:
    said = []
    with canvas(height=3.2) as (figure, axes):
        for test, method, label, colour, style in _LINES:
            line = [row for row in rows if (row["test"], row["method"]) == (test, method)]
            values = [row[column] for row in line]
            axes.plot(
                [row["n"] for row in line],
                values,
                label=label,
                color=COLOURS[colour],
                linestyle=style,
                marker=_MARKS[style],
                markersize=3.5,
            )
            said.append(
                f"{label}: {number(values[0], 2)} at n = {count(line[0]['n'])}, "
                f"{number(values[-1], 2)} at {count(line[-1]['n'])}"
            )
        axes.set_xlabel("rows in each sample, n")
        axes.set_ylabel(title)
        plain_log_axis(axes, "x")
        plain_log_axis(axes, "y")
        legend_above(axes, columns=2)
        return picture(
            figure,
            f"fig-cost-{column.replace('_', '-')}",
            title=f"{title} against n",
            description="; ".join(said),
            caption=f"{title} against n.",
            data=pd.DataFrame(rows)[["test", "method", "n", column]],
        )
