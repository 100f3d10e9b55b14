"""The picture of a training: what was learned over the truth, the losses, and KL beside them."""

from __future__ import annotations

import textwrap
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from gan_eval.distributions.gaussian import Gaussian
from gan_eval.judging.answer import headline
from gan_eval.judging.judge import epochs, judge
from gan_eval.pages.canvas import figure_of
from gan_eval.pages.numbers import count, number
from gan_eval.plots.history import kl_over_epochs, losses
from gan_eval.plots.laws import distribution
from gan_eval.plots.spread import kl_spread, worth_spread
from gan_eval.runtime.arguments import instance_of, whole_number
from gan_eval.training import draws
from gan_eval.training.trained import TrainedGANs

POINTS = 100
"""The chapter shows 100 generated points over 100 real ones."""


def judged(gans: TrainedGANs) -> pd.DataFrame:
    """Judge trained GANs by what they learned alone, without tests and samples."""
    return judge(gans, tested=0, sampled=False)


def middle(kl: pd.Series) -> int:
    """Choose the training of median KL, the lower of two middle ones; the first of one or two.

    What is not finite counts as furthest.
    """
    values = np.nan_to_num(kl.to_numpy(dtype=np.float64), nan=np.inf, posinf=np.inf)
    return int(np.argsort(values, kind="stable")[(len(values) - 1) // 2]) if len(values) > 2 else 0


def outcome(row: pd.Series) -> str:
    """Write what a judged training came to: ``KL 1.45 nats · failed · worth 3 of 1000 real
    rows``."""
    worth, share = float(row["worth_kl"]), float(row["efficiency"])
    words = [f"KL {number(row['kl'])} nats", str(row["verdict"])]
    if np.isfinite(worth):
        rows = "less than 1" if worth < 1 else number(worth, 2)
        seen = f" of {count(round(worth / share))}" if share > 0 else ""
        words.append(f"worth {rows}{seen} real rows")
    return " · ".join(words)


def chapter(gans: TrainedGANs, *, replicate: int | None = None) -> Figure:
    """Draw the chapter's two pictures of a training, and KL beside them; its outcome is the title.

    Of several trainings the picture begins with how KL and worth spread over their seeds, and the
    rest is of the one with the median KL.

    Parameters
    ----------
    gans : TrainedGANs
    replicate : int, optional
        Which of them, counted from 0, alone.

    Examples
    --------
    >>> import gan_eval as ge
    >>> gans = ge.train(ge.TrainingConfig(epochs=2), seeds=range(3), backend="fused_cpu")
    >>> [ax.get_ylabel() for ax in ge.plots.chapter(gans, replicate=1).axes]
    ['x₂', 'loss, nats per example', 'KL(q‖p), nats']
    """
    instance_of(gans, "gans", TrainedGANs, "from `gan_eval.train`")
    if replicate is not None:
        whole_number(replicate, "replicate", 0, len(gans) - 1)
        gans = gans.take(slice(replicate, replicate + 1))
    rows = judged(gans)
    shown = middle(rows["kl"])
    one, row = gans.take(slice(shown, shown + 1)), rows.iloc[shown]
    drawings = of_one(one, row)
    told = f"{outcome(row)} (seed {row['seed']})"
    if len(gans) == 1:
        return _titled(drawings, told, down=1)

    def spread_of(draw: Callable[..., Axes]) -> Callable[[Axes], Any]:
        return lambda ax: draw(rows, ax=ax)

    several = [
        spread_of(kl_spread),
        spread_of(worth_spread),
        lambda ax: kl_over_epochs(gans, ax=ax),
    ]
    which = "the median training" if len(gans) > 2 else "the first"
    return _titled([*several, *drawings], f"{headline(rows)}\nBelow, {which}: {told}", down=2)


def of_one(one: TrainedGANs, row: pd.Series) -> list[Callable[[Axes], Any]]:
    """Make the functions that draw the pictures of one training, with its judged row."""
    law = Gaussian(one.biases[0, -1], one.weights[0, -1])
    real, generated = points(one)
    history = epochs(one)
    return [
        lambda ax: distribution(law, one.config.truth, real, generated, ax=ax),
        lambda ax: losses(history, ln_2=told_by_ln_2(one), ax=ax),
        lambda ax: kl_over_epochs(history, margins=margins(row), ax=ax),
    ]


def points(one: TrainedGANs, epoch: int = -1) -> tuple[np.ndarray, np.ndarray]:
    """Draw the first real rows of one training, and as many generated after an epoch.

    All epochs have one latent z, so that a point moves from one to the next.
    """
    latent = draws.evaluation_latent(int(one.seeds[0]), POINTS, one.config.latent_size)
    with np.errstate(all="ignore"):
        generated = latent @ one.weights[0, epoch] + one.biases[0, epoch]
    return one.training_rows(0)[:POINTS], generated


def told_by_ln_2(gans: TrainedGANs) -> bool:
    """Say whether both losses are ln 2 where the discriminator cannot tell."""
    return gans.config.loss in ("cross_entropy", "relativistic")


def margins(row: pd.Series) -> list[float]:
    """Take the margins on KL that gave a verdict; none where something else did."""
    return [float(row["margin"]), float(row["near_margin"])] if row["yardstick"] == "kl" else []


def _titled(drawings: list[Callable[[Axes], Any]], title: str, down: int) -> Figure:
    wrapped = "\n".join(textwrap.fill(line, 125) for line in title.split("\n"))
    figure = figure_of(drawings, height=3.8 if down == 1 else 3.6)
    figure.suptitle(wrapped, x=0.01, ha="left", fontsize=12, color="#17202b")
    return figure
