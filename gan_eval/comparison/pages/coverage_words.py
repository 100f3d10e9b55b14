"""Coverage in words, as a table and as a picture."""

from __future__ import annotations

import numpy as np
import pandas as pd

from gan_eval.pages.blocks import Table
from gan_eval.pages.numbers import count, interval, number, p_value, plural
from gan_eval.pages.picture import Picture
from gan_eval.stats.coverage import Coverage, Measure
from gan_eval.stats.multiple import rejected
from gan_eval.stats.permutation.labels import Array

POINTS = 400
"""Rows drawn of each kind, at most."""

PICTURE = "fig-coverage"
"""The anchor of the picture of coverage on its page."""

_ASKED = {
    "precision": "generated rows among real ones",
    "recall": "real rows among generated ones",
    "density": "generated rows around a real one, to real ones",
    "coverage": "real rows with a generated one near",
}


def phrases(found: Coverage) -> list[str]:
    """Say what is wrong, each in the words that follow “it”: none where nothing is shown."""
    said = []
    if found.misses:
        said.append(f"misses a part of the real rows ({_worse(found, 'coverage', 'recall')})")
    if found.strays:
        where = _worse(found, "precision", "density")
        said.append(f"has rows where there are no real ones ({where})")
    elif found.density.value > 1 and rejected(found.density.adjusted, found.alpha):
        said.append(f"crowds where real rows are dense ({_beside('density', found.density)})")
    return said


def sentence(found: Coverage) -> str:
    """Say whether the generated rows reach the real ones and lie among them."""
    if said := phrases(found):
        return f"The generated sample {' and '.join(said)}."
    return (
        "Nothing shows that generated rows miss a part of the real ones "
        f"({_beside('coverage', found.coverage)}) or lie outside them "
        f"({_beside('precision', found.precision)})."
    )


def table(found: Coverage) -> Table:
    """Set the four measures beside their expectations."""
    caption = (
        f"Coverage by the {found.k} nearest neighbours of {count(len(found.real_rows))} real and "
        f"{count(len(found.generated_rows))} generated rows, p-values adjusted by Holm"
    )
    head = ("measure", "value", "expected", "95 % of permutations", "p-value", "adjusted")
    rows = [
        (
            f"{name} ({_ASKED[name]})",
            number(one.value),
            number(one.expected),
            interval(one.low, one.high),
            p_value(one.pvalue),
            p_value(one.adjusted),
        )
        for name, one in found.measures.items()
    ]
    return Table(caption, head, rows)


def draw(found: Coverage, real: Array, generated: Array) -> Picture:
    """Draw the rows in the plane in which the uncovered real rows stand out most.

    ``real`` and ``generated`` are the rows that :func:`~gan_eval.stats.coverage.coverage` was
    given.
    """
    # Imported here: whoever wants the words needs nothing that draws.
    from gan_eval.pages.canvas import COLOURS, canvas, legend_above, picture

    missed = np.isin(found.real_rows, found.uncovered)
    looked = real[found.real_rows]
    kinds = {
        "generated": generated[found.generated_rows],
        "real": looked[~missed],
        "not covered": looked[missed],
    }
    plane = _plane(kinds["not covered"], looked)
    styles = (("learned", "^", 0.35, 11), ("real", "o", 0.35, 11), ("failed", "x", 0.9, 20))
    drawn = []
    rng = np.random.default_rng(0)
    with canvas(4.2) as (figure, axes):
        for (name, rows), (colour, marker, alpha, size) in zip(kinds.items(), styles, strict=True):
            some = rows[rng.permutation(len(rows))[:POINTS]] @ plane
            drawn.append(pd.DataFrame(some, columns=["x", "y"]).assign(sample=name))
            axes.scatter(
                some[:, 0], some[:, 1], s=size, color=COLOURS[colour], marker=marker, alpha=alpha,
                linewidth=1.2 if marker == "x" else 0, label=name,
            )  # fmt: skip
        axes.set(xlabel="where uncovered rows lie apart", ylabel="across it, the widest spread")
        legend_above(axes, columns=3)
        return picture(
            figure,
            PICTURE,
            title="Real rows that no generated row is near",
            description=f"{plural(int(missed.sum()), 'real row')} of {count(len(looked))} not "
            "covered.",
            caption=f"{plural(int(missed.sum()), 'real row')} of {count(len(looked))} without a "
            f"generated row among the {found.k} nearest; about "
            f"{count(round((1 - found.coverage.expected) * len(looked)))} would be expected. Up to "
            f"{POINTS} random rows of each kind.",
            data=pd.concat(drawn),
        )


def _plane(missed: Array, looked: Array) -> Array:
    """Find two directions (d, 2): from all rows to the missed, and the widest across that."""
    d = looked.shape[1]
    if d == 1:
        return np.array([[1.0, 0.0]])
    towards = missed.mean(axis=0) - looked.mean(axis=0) if len(missed) else np.zeros(d)
    length = float(np.linalg.norm(towards))
    first = towards / length if length > 0 else np.eye(d)[0]
    spread = missed if len(missed) > 2 else looked
    across = spread - spread.mean(axis=0)
    across = across - np.outer(across @ first, first)
    second = np.linalg.svd(across, full_matrices=False)[2][0]
    # Where nothing is left across it, any direction that is orthogonal.
    if abs(second @ first) > 1e-6:
        second = np.linalg.svd(first[None], full_matrices=True)[2][1]
    return np.column_stack([first, second])


def _worse(found: Coverage, *names: str) -> str:
    """Of measures, name the first that rejects, beside its expectation."""
    for name in names:
        one = found.measures[name]
        if rejected(one.adjusted, found.alpha) and one.value < one.expected:
            return _beside(name, one)
    raise ValueError(names)


def _beside(name: str, one: Measure) -> str:
    return f"{name} {number(one.value, 2)}, expected {number(one.expected, 2)}"
