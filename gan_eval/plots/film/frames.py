"""The frames of a film: which epochs they are of, and what each one shows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine

from gan_eval.distributions.gaussian import Gaussian
from gan_eval.judging.computed.epochs import MOST_EPOCHS
from gan_eval.judging.judge import epochs
from gan_eval.pages.canvas import styled
from gan_eval.pages.numbers import count, number
from gan_eval.plots.chapter import (
    gaussian,
    judged,
    margins,
    outcome,
    over_epochs,
    points,
    told_by_ln_2,
)
from gan_eval.plots.critic import discriminator
from gan_eval.plots.history import losses
from gan_eval.plots.laws import distribution, sight
from gan_eval.training.draws import Layer
from gan_eval.training.trained import TrainedGANs, initial_layers

MOST_FRAMES = 61
"""Frames of a film; of more epochs than that, as many evenly spaced ones. Of a training that has
no closed form those that are measured."""


@dataclass(frozen=True)
class Film:
    """A record of one training, epoch by epoch from the start on.

    Attributes
    ----------
    one : TrainedGANs
        One training, R = 1.
    discriminators : list of list of Layer or None
        One per epoch, the start included; None where the backend does not tell them.
    row : Series
        As ``judge`` gives it.
    history : DataFrame
        As ``judging.judge.epochs`` gives it.
    frames : list of int
        Epochs that are shown, the start and the last among them.
    among : int
        Trainings of which it is the one of median KL.
    """

    one: TrainedGANs
    discriminators: Sequence[list[Layer]] | None
    row: pd.Series
    history: pd.DataFrame
    frames: list[int]
    among: int = 1

    @classmethod
    def of(cls, one: TrainedGANs, discriminators: Sequence[list[Layer]], among: int = 1) -> Film:
        """Make the film of one training; ``discriminators`` has one per epoch, or is empty."""
        last = one.config.epochs
        most = MOST_FRAMES if one.config.closed_form else MOST_EPOCHS
        shown = np.linspace(0, last, min(last + 1, most)).round().astype(int)
        told = None
        if len(discriminators) == last:
            (_, start) = initial_layers(one.config, int(one.seeds[0]))
            told = [[Layer(w[None], b[None]) for w, b in start], *discriminators]
        return cls(one, told, judged(one).iloc[0], epochs(one), shown.tolist(), among)

    @property
    def outcome(self) -> str:
        """The KL, the verdict and the worth at the end, in a few words."""
        median = f", the median of {count(self.among)} trainings" if self.among > 2 else ""
        return f"{outcome(self.row)} (seed {int(self.one.seeds[0])}{median})"

    def law(self, epoch: int) -> Gaussian | None:
        """The distribution learned by the end of an epoch, of a linear generator."""
        return gaussian(self.one, epoch)

    @property
    def by(self) -> str:
        """The column of ``history`` that is drawn over epochs: ``kl`` in nats, or ``worth_energy``
        in real rows where KL has no closed form."""
        return "kl" if self.one.config.closed_form else "worth_energy"

    def told(self, epoch: int) -> str:
        """Write which epoch a frame is of, and how far it is from the truth."""
        when = f"epoch {epoch} of {self.one.config.epochs}" if epoch else "before training"
        found = float(self.history[self.by].to_numpy()[epoch])
        if self.by == "kl":
            return f"{when} · KL {number(found)} nats"
        return f"{when} · worth {number(found, 2)} real rows"

    def at(self, epoch: int) -> TrainedGANs | None:
        """The training with the discriminator of an epoch; None where that is not told."""
        if self.discriminators is None:
            return None
        return replace(self.one, discriminator=self.discriminators[epoch])

    def limits(self) -> tuple[tuple[float, float], tuple[float, float]] | None:
        """Limits of the plane for all frames; in one dimension those of densities."""
        target = self.one.config.target.build()
        truth = Gaussian.of((target.mean, target.covariance))
        if self.one.config.dimension == 1:
            middle, sd = float(truth.mean[0]), float(np.sqrt(truth.covariance[0, 0]))
            return (middle - 5 * sd, middle + 5 * sd), (0.0, 2.5 / (np.sqrt(2 * np.pi) * sd))
        laws = [self.law(epoch) for epoch in self.frames]
        return sight(truth, laws, [points(self.one)[0]])

    def plane(self, ax: Axes, epoch: int) -> None:
        """Draw what is learned over the truth, and what the discriminator says, after an epoch."""
        real, generated = points(self.one, epoch)
        distribution(self.law(epoch), self.one.config.target.build(), real, generated, ax=ax)
        if (limits := self.limits()) is not None:
            ax.set(xlim=limits[0], ylim=limits[1])
        if (now := self.at(epoch)) is not None:
            discriminator(now, ax=ax)

    def losses(self, ax: Axes, epoch: int) -> None:
        """Draw the losses up to an epoch."""
        losses(self.history, ln_2=told_by_ln_2(self.one), upto=epoch, ax=ax)

    def divergence(self, ax: Axes, epoch: int) -> None:
        """Draw KL, or worth, up to an epoch."""
        known = margins(self.row)
        over_epochs(self.history, self.one.config, margins=known, upto=epoch, ax=ax)


def images(film: Film, dpi: int = 80) -> Iterator[np.ndarray]:
    """Draw frame after frame, each (height, width, 4) bytes, with axes that stand still."""
    with styled(light=True):
        figure = Figure(
            figsize=(13.2, 4.4),
            dpi=dpi,
            layout=ConstrainedLayoutEngine(w_pad=0.12),
            facecolor="white",
        )
        canvas = FigureCanvasAgg(figure)
        three = figure.subplots(1, 3)
        pictures = (film.plane, film.losses, film.divergence)
        title = figure.suptitle(" ", x=0.01, ha="left", fontsize=13, color="#17202b")
        for ax, draw in zip(three, pictures, strict=True):
            draw(ax, film.frames[-1])
        figure.draw_without_rendering()
        figure.set_layout_engine("none")
        for epoch in film.frames:
            for ax, draw in zip(three, pictures, strict=True):
                ax.clear()
                draw(ax, epoch)
            if film.discriminators is None:
                three[0].text(0, -0.2, NOT_TOLD, transform=three[0].transAxes, fontsize=8)
            last = f": {film.outcome}" if epoch == film.frames[-1] else ""
            title.set_text(film.told(epoch) if not last else f"after training{last}")
            canvas.draw()
            yield np.asarray(canvas.buffer_rgba()).copy()


NOT_TOLD = "This backend does not tell D before the end, so its level lines are not drawn."
