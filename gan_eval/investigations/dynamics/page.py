"""The dynamics of a configuration as one offline HTML page, with its two pictures."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from gan_eval.investigations.dynamics import words
from gan_eval.investigations.dynamics.field import MAPS, Field
from gan_eval.pages.blocks import Answer, Block, Card, Code, Paragraph, Section, TableBlock, gallery
from gan_eval.pages.canvas import COLOURS, Picture, canvas, figure_of, legend_above, picture
from gan_eval.pages.numbers import number, percent
from gan_eval.pages.page import fill

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from gan_eval.investigations.dynamics.result import Dynamics
    from gan_eval.investigations.dynamics.spectrum import Spectrum

_STYLES = (
    *(("failed", ":", "v"), ("loss-d", "-", "o")),
    *(("loss-g", "--", "s"), ("learned", "-.", "^")),
)
"""Colour, line and marker of each map."""

_DRAWN = 300
"""About how many points of a path are drawn."""


def render(found: Dynamics, command: str = "") -> str:
    """Write the page: the answer, then what it rests on."""
    return fill(
        title="gan_eval: the dynamics of a configuration",
        name="dynamics",
        question=words.QUESTION,
        answer=Answer(
            words.headline(found),
            sentences=[(None, sentence) for sentence in words.answer(found)],
            cards=_cards(found),
        ),
        sections=[_visibility(found), *_spectrum(found), *_trace(found), _setting(found, command)],
    )


def plot(found: Dynamics) -> Figure:
    """Draw the vector field, where one moves, beside the spectrum, or what is seen without one."""
    if found.spectrum is None:
        return figure_of([partial(draw_seen, found)])
    fields = [partial(draw_field, found.spectrum)] if found.spectrum.moves else []
    return figure_of([*fields, partial(draw_spectrum, found.spectrum)])


def draw_seen(found: Dynamics, axes: Axes) -> pd.DataFrame:
    """Draw the share of each direction of error that is seen."""
    names, shares = found.axes.directions, found.visibility.directions
    axes.barh(range(len(names)), 100 * shares, height=0.55, color=COLOURS["learned"], alpha=0.75)
    axes.set_yticks(range(len(names)), names)
    axes.invert_yaxis()
    axes.set(xlim=(0, 100), xlabel="% seen")
    return pd.DataFrame({"direction": names, "seen": shares})


def draw_field(spectrum: Spectrum, axes: Axes) -> pd.DataFrame:
    """Draw the field of the best-seen error and of D's answer, and the path of each map in it."""
    plane = spectrum.plane.copy()
    # D's answer in units in which a turn is as high as it is wide.
    unit = np.sqrt(-plane[1, 0] / plane[0, 1])
    plane = np.array([[plane[0, 0], plane[0, 1] * unit], [plane[1, 0] / unit, plane[1, 1]]])
    grid = np.linspace(-1.4, 1.4, 13)
    error, reply = np.meshgrid(grid, grid)
    across, up = np.tensordot(plane, np.stack([error, reply]), 1)
    size = np.maximum(np.hypot(across, up), 1e-300)
    axes.quiver(
        error, reply, across / size, up / size, color=COLOURS["muted"], width=0.003, scale=26
    )
    # The discriminator stands second here, and first in a field.
    turned = Field(plane[::-1, ::-1], 1, spectrum.field.steps)
    pace = float(np.abs(np.linalg.eigvals(plane)).max())
    updates = int(np.clip(3 * np.pi / max(pace, 1e-12), 20, 1e12))
    drawn = []
    for name, (colour, line, _) in zip(MAPS, _STYLES, strict=True):
        path = _path(turned, name, updates)
        axes.plot(path[:, 2], path[:, 1], color=COLOURS[colour], linestyle=line, label=name)
        drawn.append(
            pd.DataFrame(path, columns=pd.Index(["update", "answer", "error"])).assign(map=name)
        )
    axes.plot([1], [0], marker="o", color=COLOURS["ink"], linestyle="none", label="start")
    axes.set(xlim=(-1.5, 1.5), ylim=(-1.5, 1.5), xlabel="error of the generator")
    axes.set_ylabel("answer of the discriminator")
    legend_above(axes, columns=3)
    return pd.concat(drawn)


def draw_spectrum(spectrum: Spectrum, axes: Axes) -> pd.DataFrame:
    """Draw the eigenvalues of each map in the plane, and the circle within which they shrink."""
    reach = 1.1 * float(np.abs(spectrum.field.eigenvalues("simultaneous") - 1).max(initial=1e-9))
    angle = np.linspace(-1, 1, 401) * min(np.pi, 2 * reach)
    axes.plot(np.cos(angle), np.sin(angle), color=COLOURS["muted"], linewidth=1)
    drawn, left = [], 1.0
    for name, (colour, _, marker) in zip(MAPS, _STYLES, strict=True):
        found = spectrum.field.eigenvalues(name)
        drawn.append(pd.DataFrame({"map": name, "real": found.real, "imaginary": found.imag}))
        found = found[np.abs(found - 1) < 1.2 * reach]
        left = min(left, float(found.real.min(initial=1.0)))
        axes.plot(
            found.real, found.imag, color=COLOURS[colour], marker=marker, markersize=4,
            linestyle="none", fillstyle="none", label=name,
        )  # fmt: skip
    axes.set(xlim=(left - 0.2 * reach, 1 + 0.3 * reach), ylim=(-0.8 * reach, 0.8 * reach))
    axes.set(xlabel="real part", ylabel="imaginary part")
    legend_above(axes, columns=2)
    return pd.concat(drawn)


def _path(field: Field, name: str, updates: int) -> np.ndarray:
    """Follow a map from an error of 1 and no answer: rows of update, answer, error."""
    stride = max(1, updates // _DRAWN)
    matrix = np.linalg.matrix_power(field.map(name), stride)
    state = np.array([0.0, 1.0])
    if len(matrix) == 4:
        state = np.concatenate([state, state])
    rows = []
    for k in range(updates // stride + 1):
        rows.append([k * stride, *state[:2]])
        state = matrix @ state
        if np.abs(state).max() > 10:
            break
    return np.array(rows)


def _cards(found: Dynamics) -> list[Card]:
    hidden, total = found.visibility.invisible, len(found.axes.directions)
    cards = [Card("directions seen", f"{total - hidden} of {total}", "of a Gaussian's errors")]
    floor = found.bound
    cards.append(
        Card("least E KL of the flat phase", f"{number(floor)} nats", "∞ where none is finite")
    )
    if found.spectrum is not None:
        modulus = found.spectrum.steps["alternating"].modulus
        cards.append(Card("largest modulus", f"{modulus:.4f}", "alternating plain steps"))
        cards.append(Card("critical r1 + r2", number(found.spectrum.critical_gamma), "no turns"))
    return cards


def _nothing() -> None:
    """No picture, where no error moves anything."""


def _picture(identity: str, title: str, caption: str, draw: partial, height: float) -> Picture:
    with canvas(height) as (figure, axes):
        data = draw(axes)
        return picture(
            figure, identity, title=title, description=caption, caption=caption, data=data
        )


def _visibility(found: Dynamics) -> Section:
    shares = ", ".join(
        f"{name} {percent(float(share))}"
        for name, share in zip(found.axes.directions, found.visibility.directions, strict=True)
    )
    total = len(found.axes.directions)
    return Section(
        "visibility",
        "What can a flat discriminator see?",
        [
            *gallery(
                partial(
                    _picture,
                    "fig-seen",
                    "Share of each direction of error that is seen",
                    f"Seen of each direction of error: {shares}.",
                    partial(draw_seen, found),
                    1.2 + 0.28 * total,
                )
            ),
            TableBlock(words.directions(found)),
            Paragraph(
                "A discriminator whose logits are flat changes by its last layer alone, to first "
                "order. So it sees an error of the generator as far as the scores of the "
                "Gaussian's parameters lie in the span of its last features; the squared canonical "
                "correlations between the two are 1 for what is seen wholly and 0 for what is not."
            ),
            TableBlock(words.axes(found)),
        ],
    )


def _spectrum(found: Dynamics) -> list[Section]:
    if found.spectrum is None:
        return []
    moduli = ", ".join(f"{name} {own.modulus:.4f}" for name, own in found.spectrum.steps.items())
    blocks: list[Block] = [
        *gallery(
            partial(
                _picture,
                "fig-field",
                "The vector field of one error and the answer to it",
                "The error that moves the features most, the discriminator's answer to it, and "
                "the path of each map from an error of 1.",
                partial(draw_field, found.spectrum),
                4.2,
            )
            if found.spectrum.moves
            else _nothing,
            partial(
                _picture,
                "fig-spectrum",
                "Eigenvalues of each map",
                f"What lies within the circle dies away. Largest moduli: {moduli}.",
                partial(draw_spectrum, found.spectrum),
                4.2,
            ),
        ),
        TableBlock(words.maps(found)),
        TableBlock(words.modes(found)),
        Paragraph(
            "Where the generator is the target, a discriminator that cannot tell is constant, "
            "whatever its hidden layers: they do not move to first order, and the game is that of "
            "its last layer. Turns of the latent change nothing and stand still, and so does what "
            "is invisible."
        ),
    ]
    return [Section("spectrum", "Do steps reach the equilibrium?", blocks)]


def _trace(found: Dynamics) -> Sequence[Section]:
    if found.trace is None:
        return []
    from gan_eval.investigations.dynamics import trace

    return [
        Section("trace", "What was measured?", [TableBlock(t) for t in trace.tables(found.trace)])
    ]


def _setting(found: Dynamics, command: str) -> Section:
    blocks: list[Block] = [Code("The configuration", repr(found.config))]
    if command:
        blocks.append(Code("To compute again", command))
    return Section("configuration", "Of which configuration?", blocks)
