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
from gan_eval.pages.blocks import (
    Answer,
    Block,
    Card,
    Code,
    Paragraph,
    Section,
    Step,
    TableBlock,
    gallery,
)
from gan_eval.pages.canvas import COLOURS, canvas, figure_of, legend_above, picture
from gan_eval.pages.numbers import count, number, percent
from gan_eval.pages.page import fill
from gan_eval.pages.picture import Picture, drawing
from gan_eval.plots import field

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
            headline=words.headline(found),
            sentences=words.first(found),
            picture=_first(found) if drawing() else None,
            cards=_cards(found),
            next_steps=_next_steps(found, command),
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
    # The discriminator stands second here, and first in a field.
    turned = Field(plane[::-1, ::-1], 1, spectrum.field.steps)
    pace = float(np.abs(np.linalg.eigvals(plane)).max())
    updates = int(np.clip(3 * np.pi / max(pace, 1e-12), 20, 1e12))
    paths = {name: _path(turned, name, updates) for name in MAPS}
    # A path is update, answer, error.
    field(plane, {name: path[:, [2, 1]] for name, path in paths.items()}, reach=1.5, ax=axes)
    head = pd.Index(["update", "answer", "error"])
    return pd.concat(
        pd.DataFrame(path, columns=head).assign(map=name) for name, path in paths.items()
    )


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


def _first(found: Dynamics) -> Picture:
    """Draw where the game goes, or what is seen where nothing moves."""
    if found.spectrum is None or not found.spectrum.moves:
        return _seen(found)
    return _picture(
        "fig-field",
        "The vector field of one error and the answer to it",
        "Near the equilibrium: the error that moves the discriminator most, and its answer. "
        "Arrows say where the game goes from each place, lines where each way of making steps "
        "leads from an error of 1.",
        partial(draw_field, found.spectrum),
        4.2,
    )


def _cards(found: Dynamics) -> list[Card]:
    hidden, total = found.visibility.invisible, len(found.axes.directions)
    updates = found.config.epochs * found.config.steps_per_epoch
    shares = found.visibility.directions
    least = int(shares.argmin())
    floor = f"{number(found.bound)} nats" if np.isfinite(found.bound) else "no limit"
    cards = [
        Card("directions of error seen", f"{total - hidden} of {total}", "by a flat discriminator"),
        Card("seen least", percent(float(shares[least])), found.axes.directions[least]),
        Card("mean KL left", floor, "by a flat discriminator, at best"),
    ]
    if found.spectrum is not None and found.spectrum.moves:
        own = found.spectrum.steps["alternating"]
        holds = own.modulus <= 1 + 1e-10
        cards.append(
            Card(
                "the distance halves in" if holds else "the distance doubles in",
                words.how_long(own.updates_to_halve).replace("more than", ">"),
                f"updates of plain alternating steps; a training has {count(updates)}",
            )
        )
        limit = own.largest_factor
        most = f"up to {number(limit)}\u00a0× these" if limit else "none"
        cards.append(
            Card(
                "rates that keep the equilibrium",
                most if np.isfinite(limit) else "any",
                "in plain alternating steps",
            )
        )
    return cards


def _next_steps(found: Dynamics, command: str) -> list[Step]:
    asked = command or "gan-eval dynamics"
    steps = []
    if found.trace is None:
        steps.append(Step("Train as well, and measure what is predicted:", f"{asked} --trace"))
    if found.visibility.invisible:
        wider = "gan-eval dynamics --set discriminator_widths=[16]"
        steps.append(Step("Ask a discriminator that sees more:", wider))
    if not found.config.remedies:
        mended = "gan-eval run remedies"
        steps.append(Step("Try what mends the GAN:", mended))
    return steps


def _picture(identity: str, title: str, caption: str, draw: partial, height: float) -> Picture:
    with canvas(height) as (figure, axes):
        data = draw(axes)
        return picture(
            figure, identity, title=title, description=caption, caption=caption, data=data
        )


def _seen(found: Dynamics) -> Picture:
    names, shares = found.axes.directions, found.visibility.directions
    each = (f"{name} {percent(float(share))}" for name, share in zip(names, shares, strict=True))
    return _picture(
        "fig-seen",
        "Share of each direction of error that is seen",
        f"Seen of each direction of error: {', '.join(each)}.",
        partial(draw_seen, found),
        1.2 + 0.28 * len(names),
    )


def _visibility(found: Dynamics) -> Section:
    first = found.spectrum is None or not found.spectrum.moves  # there it stands above
    return Section(
        "visibility",
        "What can a flat discriminator see?",
        [
            *([] if first else gallery(partial(_seen, found))),
            Paragraph(
                "A discriminator whose logits are flat changes by its last layer alone, to first "
                "order. So it sees an error of the generator as far as the scores of the "
                "Gaussian's parameters lie in the span of its last features; the squared canonical "
                "correlations ρ² between the two are 1 for what is seen wholly and 0 for what is "
                "not."
            ),
            TableBlock(words.directions(found)),
            TableBlock(words.axes(found), folded=True),
        ],
    )


def _spectrum(found: Dynamics) -> list[Section]:
    if found.spectrum is None:
        return []
    moduli = ", ".join(f"{name} {own.modulus:.4f}" for name, own in found.spectrum.steps.items())
    further = " ".join(words.further(found))
    blocks: list[Block] = [
        *([Paragraph(further)] if further else []),
        *gallery(
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
        TableBlock(words.modes(found), folded=True),
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

    said = trace.sentences(found.trace, found.axes.directions, found.config.n_examples)
    blocks = [Paragraph(" ".join(said)), *map(TableBlock, trace.tables(found.trace))]
    return [Section("trace", "What was measured?", blocks)]


def _setting(found: Dynamics, command: str) -> Section:
    blocks: list[Block] = [Code("The configuration", repr(found.config))]
    if command:
        blocks.append(Code("To compute again", command))
    return Section("configuration", "Of which configuration?", blocks, folded=True)
