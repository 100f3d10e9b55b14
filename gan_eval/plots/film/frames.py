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
from gan_eval.judging.judge import epochs
from gan_eval.pages.canvas import styled
from gan_eval.pages.numbers import count, number
from gan_eval.plots.chapter import judged, margins, outcome, points, told_by_ln_2
from gan_eval.plots.critic import discriminator
from gan_eval.plots.history import kl_over_epochs, losses
from gan_eval.plots.laws import distribution, sight
from gan_eval.training.draws import Layer
from gan_eval.training.trained import TrainedGANs, initial_layers

MOST_FRAMES = 61
"""Frames of a film; of more epochs than that, as many evenly spaced ones."""


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
        shown = np.linspace(0, last, min(last + 1, MOST_FRAMES)).round().astype(int)
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

    def law(self, epoch: int) -> Gaussian:
        """The distribution learned by the end of an epoch."""
        return Gaussian(self.one.biases[0, epoch], self.one.weights[0, epoch])

    def kl(self, epoch: int) -> float:
        """KL(q‖p) after an epoch, in nats."""
        return float(self.history["kl"].to_numpy()[epoch])

    def told(self, epoch: int) -> str:
        """Write which epoch a frame is of, and its KL."""
        when = f"epoch {epoch} of {self.one.config.epochs}" if epoch else "before training"
        return f"{when} · KL {number(self.kl(epoch))} nats"

    def at(self, epoch: int) -> TrainedGANs | None:
        """The training with the discriminator of an epoch; None where that is not told."""
        if self.discriminators is None:
            return None
        return replace(self.one, discriminator=self.discriminators[epoch])

    def limits(self) -> tuple[tuple[float, float], tuple[float, float]] | None:
        """Limits of the plane for all frames; in one dimension those of densities."""
        truth = self.one.config.truth
        if self.one.config.dimension == 1:
            middle, sd = float(truth.mean[0]), float(np.sqrt(truth.covariance[0, 0]))
            return (middle - 5 * sd, middle + 5 * sd), (0.0, 2.5 / (np.sqrt(2 * np.pi) * sd))
        laws = [self.law(epoch) for epoch in self.frames]
        return sight(truth, laws, [points(self.one)[0]])

    def plane(self, ax: Axes, epoch: int) -> None:
        """Draw what is learned over the truth, and what the discriminator says, after an epoch."""
        real, generated = points(self.one, epoch)
        distribution(self.law(epoch), self.one.config.truth, real, generated, ax=ax)
        if (limits := self.limits()) is not None:
            ax.set(xlim=limits[0], ylim=limits[1])
        if (now := self.at(epoch)) is not None:
            discriminator(now, ax=ax)

    def losses(self, ax: Axes, epoch: int) -> None:
        """Draw the losses up to an epoch."""
        losses(self.history, ln_2=told_by_ln_2(self.one), upto=epoch, ax=ax)

    def divergence(self, ax: Axes, epoch: int) -> None:
        """Draw KL up to an epoch."""
        kl_over_epochs(self.history, margins=margins(self.row), upto=epoch, ax=ax)


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
