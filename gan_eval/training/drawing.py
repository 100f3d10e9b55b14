"""The chapter's two pictures: loss curves, and generated over real points, with both ellipses where
both distributions are Gaussian."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gan_eval.distributions.gaussian import Gaussian, ellipse
from gan_eval.training import draws
from gan_eval.training.config import TrainingConfig
from gan_eval.training.draws import Layer
from gan_eval.training.rows import training_rows
from gan_eval.training.trained import EpochEnd, forward

REAL, FAKE = "#8a8f98", "#c2410c"
POINTS = 100
"""The chapter shows 100 generated points over 100 real ones."""


class ChapterDrawing:
    """An ``on_epoch`` that draws the chapter's two pictures anew after each epoch of one seed.

    This is the work that the chapter's clock includes, and stays as it is so that times can be
    compared; ``gan_eval.plots`` draws what people look at.

    Parameters
    ----------
    config : TrainingConfig
    seed : int
        Epoch ends of other seeds are passed over.
    """

    def __init__(self, config: TrainingConfig, seed: int) -> None:
        # A second and more to import; a worker process, for one, imports this and seldom draws.
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure

        self.config, self.seed = config, seed
        self.real = training_rows(config, seed)[:POINTS]
        self.latent = draws.evaluation_latent(seed, POINTS, config.latent_size)
        self.losses: list[tuple[float, float]] = []
        self.figure = Figure(figsize=(5, 5), layout="constrained")
        self.canvas = FigureCanvasAgg(self.figure)
        self.curves, self.points = self.figure.subplots(2, 1)

    def __call__(self, end: EpochEnd) -> None:
        """Draw the state of an epoch's end on the canvas."""
        found = np.flatnonzero(end.seeds == self.seed)
        if not found.size:
            return
        r = found[0]
        self.losses.append((float(end.loss_D[r]), float(end.loss_G[r])))
        layers = [*end.hidden, Layer(end.weights, end.biases)]
        self._draw([Layer(weight[r], bias[r]) for weight, bias in layers])
        self.canvas.draw()

    def _draw(self, generator: list[Layer]) -> None:
        self.curves.clear()
        epochs = np.arange(1, len(self.losses) + 1)
        loss_D, loss_G = np.transpose(self.losses)
        self.curves.plot(epochs, loss_D, label="loss_D", color="#1d4ed8")
        self.curves.plot(epochs, loss_G, label="loss_G", color=FAKE, linestyle="--")
        self.curves.axhline(np.log(2), color=REAL, linewidth=0.8, linestyle=":")
        self.curves.annotate(
            "ln 2", (1, np.log(2)), (2, 2), textcoords="offset points", color=REAL, fontsize=8
        )
        self.curves.set(
            xlabel="epoch", ylabel="loss (nats per example)", xlim=(1, max(2, self.config.epochs))
        )
        self.curves.legend(frameon=False)
        self.points.clear()
        with np.errstate(invalid="ignore", over="ignore"):
            fake = forward(self.latent, generator, self.config.generator_activation)
        for rows, label, colour in ((self.real, "real", REAL), (fake, "generated", FAKE)):
            self.points.scatter(*_plane(rows).T, s=9, label=label, color=colour, alpha=0.8)
        if self.config.closed_form and self.config.dimension > 1:
            ((weight, bias),) = generator
            for gaussian, colour in ((self.config.truth, REAL), (Gaussian(bias, weight), FAKE)):
                outline = ellipse(gaussian)
                if np.isfinite(outline).all():
                    self.points.plot(*outline.T, color=colour, linewidth=1.5)
        self.points.set(xlabel="x₁", ylabel="x₂" if self.config.dimension > 1 else "")
        self.points.legend(frameon=False, loc="upper left")


def _plane(rows: NDArray[np.floating]) -> NDArray[np.floating]:
    """Take the finite rows' first two coordinates; the second is 0 where there is none."""
    second = rows[:, 1] if rows.shape[1] > 1 else np.zeros(len(rows))
    found = np.column_stack([rows[:, 0], second])
    return found[np.isfinite(found).all(axis=1)]
