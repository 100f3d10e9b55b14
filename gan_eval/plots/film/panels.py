"""The three pictures of a film's page, and what moves over each, in the units of its SVG."""

from __future__ import annotations

import numpy as np
from contourpy import contour_generator
from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray
from scipy import stats
from scipy.special import expit

from gan_eval.distributions.gaussian import ellipse
from gan_eval.judging.computed.epochs import ROWS
from gan_eval.pages.canvas import canvas, picture
from gan_eval.pages.numbers import number
from gan_eval.plots.chapter import points, told_by_ln_2
from gan_eval.plots.critic import critic_of, level_lines, levels
from gan_eval.plots.film.frames import NOT_TOLD, Film
from gan_eval.runtime.arguments import lower_first

GRID = 40
"""Places across and up at which a discriminator is asked for its level lines."""

Array = NDArray[np.floating]


class Panel:
    """A picture that stands still, and what moves over it, frame by frame, in its SVG's units."""

    def __init__(self) -> None:
        self.paths: dict[str, list[str]] = {}
        self.clips: dict[str, list[float]] = {}
        self.dots: dict[str, list[list[float] | None]] = {}
        self.labels: list[list[tuple[float, float, str]]] = []
        self.markup = Markup("")

    def _place(self, figure: Figure, axes: Axes) -> None:
        """Take where the axes lie, once the figure is laid out."""
        self._figure, self._axes = figure, axes
        corners = self._at(np.array([axes.get_xlim(), axes.get_ylim()]).T)
        (self.left, self.bottom), (self.right, self.top) = corners.tolist()

    def _at(self, places: Array) -> Array:
        """Turn places (n, 2) of the axes into those of the SVG."""
        height = 72 * self._figure.get_size_inches()[1]
        found = self._axes.transData.transform(places) * 72 / self._figure.dpi
        return np.column_stack([found[:, 0], height - found[:, 1]])

    def _path(self, places: Array, closed: bool = False) -> str:
        with np.errstate(all="ignore"):
            placed = self._at(places)
        if not np.isfinite(placed).all():
            placed = placed[np.isfinite(placed).all(axis=1)]
        # A place far outside is drawn there all the same, in fewer digits.
        placed = np.clip(placed, -2000, 3000)
        if not len(placed):
            return ""
        text = "L".join(f"{x:.1f} {y:.1f}" for x, y in placed)
        return f"M{text}{'Z' if closed else ''}"

    def _window(self, inner: str, name: str) -> Markup:
        """Show what moves within the axes only."""
        return Markup(
            f'<clipPath id="{name}-window"><rect x="{self.left:.1f}" y="{self.top:.1f}" '
            f'width="{self.right - self.left:.1f}" height="{self.bottom - self.top:.1f}"/>'
            f'</clipPath><g clip-path="url(#{name}-window)" fill="none">{inner}</g>'
        )

    def _moved(self, name: str, style: str) -> str:
        return f'<path data-path="{name}" style="{style}" d="{self.paths[name][-1]}"/>'


class Plane(Panel):
    """What is learned over the truth, and the discriminator's level lines."""

    def __init__(self, film: Film) -> None:
        super().__init__()
        self._film = film
        flat = film.one.config.dimension > 1
        with canvas(4.4) as (figure, axes):
            film.plane(axes, film.frames[-1])
            # The legend stays, and what moves is drawn over it anew.
            moved = [
                artist
                for artist in (*axes.lines, *axes.collections)
                if not str(artist.get_label()).startswith(("real", "truth", "modes"))
            ]
            if not flat:
                moved += [p for c in axes.containers[1:] for p in c]  # type: ignore[misc]
            for artist in moved:
                artist.remove()
            for text in list(axes.texts):
                text.remove()
            self.picture = picture(
                figure,
                "film-plane",
                title="What was learned over the truth, epoch by epoch",
                description=f"At the end: {film.outcome}.",
                caption=_caption(film, flat),
            )
            self._place(figure, axes)
        for epoch in film.frames:
            (self._of_plane if flat else self._of_line)(epoch)
        self._draw()

    def _add(self, name: str, path: str) -> None:
        self.paths.setdefault(name, []).append(path)

    def _of_plane(self, epoch: int) -> None:
        film = self._film
        _, generated = points(film.one, epoch)
        law = film.law(epoch)
        self._add("learned", "" if law is None else self._path(ellipse(law), closed=True))
        with np.errstate(all="ignore"):
            placed = self._at(generated[:, :2])
        inside = placed[np.isfinite(placed).all(axis=1) & (np.abs(placed) < 2000).all(axis=1)]
        self._add("generated", "".join(f"M{x:.1f} {y:.1f}h0" for x, y in inside))
        now, lines, labels = film.at(epoch), {"D": "", "half": ""}, []
        flat: list[tuple[float, float, str]] = []
        if now is not None:
            answer = critic_of(now, 0)
            if _probability(film):
                inner = answer
                answer = lambda x: expit(inner(x))  # noqa: E731
            xlim, ylim = self._axes.get_xlim(), self._axes.get_ylim()
            across, up, values = level_lines(answer, xlim, ylim, GRID)
            found = contour_generator(across, up, np.nan_to_num(values))
            if not levels(values, probability=_probability(film)):
                told = f"D says {np.median(values):.2f} everywhere"
                flat = [(round(self.left + 62, 1), round(self.bottom - 7, 1), told)]
            for level in levels(values, probability=_probability(film)):
                for line in found.lines(level):
                    which = "half" if level == 0.5 and _probability(film) else "D"
                    lines[which] += self._path(np.asarray(line))
                    # At other parts of neighbouring lines, so that no number covers another.
                    part = 0.25 + 0.17 * (len(labels) % 4)
                    labels.append((self._at(np.asarray(line))[int(part * len(line))], level))
        for name, path in lines.items():
            self._add(name, path)
        told = [(float(f"{x:.1f}"), float(f"{y:.1f}"), f"{v:g}") for (x, y), v in labels]
        self.labels.append(told + flat)

    def _of_line(self, epoch: int) -> None:
        film, law = self._film, self._film.law(epoch)
        x = np.linspace(*self._axes.get_xlim(), 160)
        if law is None:
            self._add("learned", "")
        else:
            sd = float(np.sqrt(law.covariance[0, 0]))
            density = stats.norm.pdf(x, float(law.mean[0]), max(sd, 1e-9))
            self._add("learned", self._path(np.column_stack([x, density])))
        _, generated = points(film.one, epoch)
        on_axis = self._at(np.column_stack([generated[:, 0], np.zeros(len(generated))]))
        kept = on_axis[np.isfinite(on_axis).all(axis=1) & (np.abs(on_axis) < 2000).all(axis=1)]
        self._add("generated", "".join(f"M{x:.1f} {y - 4:.1f}h0" for x, y in kept))
        now, path = film.at(epoch), ""
        if now is not None:
            told = expit(critic_of(now, 0)(x[:, None]))
            low, high = self._axes.get_ylim()
            path = self._path(np.column_stack([x, low + told * (high - low)]))
        self._add("D", path)
        self._add("half", "")
        self.labels.append([])

    def _draw(self) -> None:
        inner = (
            self._moved("D", "stroke: var(--loss-d); stroke-width: 1")
            + self._moved("half", "stroke: var(--loss-d); stroke-width: 2")
            + self._moved(
                "generated",
                "stroke: var(--learned); stroke-width: 4.5; stroke-linecap: round; opacity: .6",
            )
            + self._moved(
                "learned", "stroke: var(--learned); stroke-width: 2.2; stroke-dasharray: 7 3"
            )
            + '<g class="labels">'
            + "".join(f'<text x="{x}" y="{y}">{v}</text>' for x, y, v in self.labels[-1])
            + "</g>"
        )
        self.markup = self._window(inner, "film-plane")


def _probability(film: Film) -> bool:
    return film.one.config.loss in ("cross_entropy", "relativistic")


def _of_losses(film: Film) -> str:
    config = film.one.config
    if not told_by_ln_2(film.one):
        return f"The losses of D and G, {config.loss.replace('_', ' ')}."
    which = "both read" if config.generator_loss == "nonsaturating" else "that of D reads"
    return (
        f"The losses: where D cannot tell real from generated, {which} ln 2 = 0.693, as also "
        "where D has gone blind."
    )


def _caption(film: Film, flat: bool) -> str:
    seen = "The ellipses hold 95 % of both distributions" if flat else "The curves are densities"
    if not film.one.config.closed_form:
        seen = "Real rows and generated ones"
    if film.one.config.dimension > 2:
        seen = "Of the first two coordinates, D's others being the truth's mean: " + lower_first(
            seen
        )
    if film.discriminators is None:
        return f"{seen}. {NOT_TOLD}"
    if not flat:
        return (
            f"{seen}; the thin curve is D's probability that a row there is real, from 0 at the "
            "floor to 1 at the top."
        )
    if not _probability(film):
        return f"{seen}; along a thin line D's answer is the same."
    return (
        f"{seen}. Along a thin line D says “real” with the same probability, which stands at it; "
        "along the thick one it cannot tell, 0.5."
    )


class Curves(Panel):
    """Losses, KL or worth, up to the epoch that is shown."""

    def __init__(self, film: Film, which: str) -> None:
        super().__init__()
        last, history = film.frames[-1], film.history
        columns = ("loss_D", "loss_G") if which == "losses" else (which,)
        colours = {"loss_D": "loss-d", "loss_G": "loss-g", which: "learned"}
        if which == "worth_energy":
            history = history.assign(worth_energy=history[which].clip(upper=ROWS))
        with canvas(4.4) as (figure, axes):
            (film.losses if which == "losses" else film.divergence)(axes, last)
            for line in list(axes.lines):
                if len(np.atleast_1d(line.get_xdata())) > 2 or line.get_marker() == "o":
                    line.remove()
            unit = "real rows" if which == "worth_energy" else "nats"
            ends = ", ".join(f"{number(history[name].iloc[-1])} {unit}" for name in columns)
            named = {
                "losses": "The losses of D and G",
                "kl": "KL(q‖p)",
                "worth_energy": "Worth in real rows, by energy distance,",
            }[which]
            self.picture = picture(
                figure,
                f"film-{which}",
                title=f"{named} over epochs",
                description=f"At the end: {ends}.",
                caption={
                    "losses": _of_losses(film),
                    "kl": "KL(q‖p): how far what was learned is from the truth. It is what the "
                    "losses do not show.",
                    "worth_energy": "Worth: so many fresh real rows are on average as far from the "
                    "truth, by energy distance. It is what the losses do not show.",
                }[which],
            )
            self._place(figure, axes)
        epochs = history["epoch"].to_numpy(dtype=np.float64)
        inner = ""
        for name in columns:
            values = history[name].to_numpy(dtype=np.float64)
            drawn = np.isfinite(values) & ((values > 0) | (which == "losses"))
            whole = self._path(np.column_stack([epochs, values])[drawn])
            dash = "; stroke-dasharray: 7 3" if name == "loss_G" else ""
            style = f"stroke: var(--{colours[name]}); stroke-width: 1.8{dash}"
            inner += f'<path d="{whole}" style="{style}"/>'
            self.dots[name] = [
                self._at(np.array([[e, values[e]]]))[0].round(1).tolist() if drawn[e] else None
                for e in film.frames
            ]
        across = self._at(np.column_stack([film.frames, np.ones(len(film.frames))]))[:, 0]
        widths = np.clip(across - self.left, 0, None).round(1).tolist()
        self.clips[which] = widths
        shown = (
            f'<clipPath id="film-{which}-upto"><rect data-clip="{which}" x="{self.left:.1f}" '
            f'y="{self.top:.1f}" width="{widths[-1]:.1f}" '
            f'height="{self.bottom - self.top:.1f}"/></clipPath>'
            f'<g clip-path="url(#film-{which}-upto)" fill="none">{inner}</g>'
        )
        for name in columns:
            place = self.dots[name][-1]
            x, y = place if place is not None else (-99.0, -99.0)
            shown += (
                f'<circle data-dot="{name}" cx="{x}" cy="{y}" r="4" '
                f'style="fill: var(--{colours[name]})"/>'
            )
        self.markup = Markup(shown)
