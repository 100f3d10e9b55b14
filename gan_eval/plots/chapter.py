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
from gan_eval.plots.history import History, kl_over_epochs, losses, worth_over_epochs
from gan_eval.plots.laws import distribution
from gan_eval.plots.pushforward.density import density
from gan_eval.plots.pushforward.modes import modes_found
from gan_eval.plots.spread import kl_spread, worth_spread
from gan_eval.runtime.arguments import instance_of, whole_number
from gan_eval.training import draws
from gan_eval.training.config import TrainingConfig
from gan_eval.training.trained import TrainedGANs, forward

POINTS = 100
"""The chapter shows 100 generated points over 100 real ones."""
_MANY = 400
"""Points where no ellipse tells their distribution."""


def judged(gans: TrainedGANs, *, computed: int | None = None) -> pd.DataFrame:
    """Judge trained GANs by what they learned alone, without tests and samples.

    ``computed`` is as of :func:`~gan_eval.judge`.
    """
    return judge(gans, tested=0, sampled=False, computed=computed)


def middle(distance: pd.Series) -> int:
    """Choose the training of median distance, the lower of two middle ones; the first of one or
    two.

    What is not finite counts as furthest.
    """
    values = distance.to_numpy(dtype=np.float64)
    values = np.nan_to_num(values, nan=np.inf, posinf=np.inf, neginf=-np.inf)
    return int(np.argsort(values, kind="stable")[(len(values) - 1) // 2]) if len(values) > 2 else 0


def distances(rows: pd.DataFrame) -> pd.Series:
    """Take what a median training is chosen by: KL, or worth where that gave the verdicts, the
    smaller the better."""
    by = str(rows["yardstick"].iloc[0])
    return rows[by] if by == "kl" else -rows[by]


def outcome(row: pd.Series) -> str:
    """Write what a judged training came to: ``KL 1.45 nats · failed · worth 3 of 1000 real
    rows``."""
    if row.get("yardstick", "kl") == "worth_energy":
        return _outcome_by_energy(row)
    worth, share = float(row["worth_kl"]), float(row["efficiency"])
    words = [f"KL {number(row['kl'])} nats", str(row["verdict"])]
    if np.isfinite(worth):
        rows = "less than 1" if worth < 1 else number(worth, 2)
        seen = f" of {count(round(worth / share))}" if share > 0 else ""
        words.append(f"worth {rows}{seen} real rows")
    return " · ".join(words)


def _outcome_by_energy(row: pd.Series) -> str:
    """The same of a training without a closed form: KL only where it was computed, and modes."""
    words = [] if np.isnan(row["kl"]) else [f"KL {number(row['kl'])} nats"]
    words += [str(row["verdict"])]
    if not np.isnan(worth := float(row["worth_energy"])):
        rows = "less than 1" if worth < 1 else number(worth, 2)
        words.append(f"worth {rows} real rows by energy distance")
    if (modes := row.get("modes", np.nan)) > 1:
        found = row["modes_kept"] if np.isnan(row["modes_found"]) else row["modes_found"]
        words.append(f"{found:.0f} of {modes:.0f} modes")
    return " · ".join(words)


def chapter(gans: TrainedGANs, *, replicate: int | None = None) -> Figure:
    """Draw the chapter's two pictures of a training, and KL beside them; its outcome is the title.

    Of several trainings the picture begins with how KL and worth spread over their seeds, and the
    rest is of the one with the median KL. Where there is no closed form, worth by energy distance
    and the modes that were found stand in the place of KL, and the density that was learned beside
    its points, from two coordinates of noise to two of points.

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
    exact = gans.config.closed_form
    rows = judged(gans, computed=None if len(gans) == 1 else 0)
    shown = middle(distances(rows))
    one = gans.take(slice(shown, shown + 1))
    row = rows.iloc[shown] if exact or len(gans) == 1 else judged(one).iloc[0]
    drawings = of_one(one, row)
    told = f"{outcome(row)} (seed {row['seed']})"
    if len(gans) == 1:
        return _titled(drawings, told, down=1 if exact else 2)

    def spread_of(draw: Callable[..., Axes]) -> Callable[[Axes], Any]:
        return lambda ax: draw(rows, ax=ax)

    several = [spread_of(worth_spread), lambda ax: over_epochs(gans, gans.config, ax=ax)]
    if exact:
        several.insert(0, spread_of(kl_spread))
    elif (modes := int(np.nan_to_num(row.get("modes", np.nan)))) > 1:
        several.insert(1, lambda ax: modes_found(rows["modes_kept"], modes, ax=ax))
    if not exact:
        del drawings[-1]  # as the last above, which is of all
    which = "the median training" if len(gans) > 2 else "the first"
    return _titled([*several, *drawings], f"{headline(rows)}\nBelow, {which}: {told}", down=2)


def of_one(one: TrainedGANs, row: pd.Series) -> list[Callable[[Axes], Any]]:
    """Make the functions that draw the pictures of one training, with its judged row."""
    config, law = one.config, gaussian(one)
    target = config.target.build()
    real, generated = points(one)
    history = epochs(one)
    drawings: list[Callable[[Axes], Any]] = [
        lambda ax: distribution(law, target, real, generated, ax=ax),
        lambda ax: losses(history, ln_2=told_by_ln_2(one), ax=ax),
        lambda ax: over_epochs(history, config, margins=margins(row), ax=ax),
    ]
    if not config.closed_form and (config.latent_size, config.dimension) == (2, 2):
        learned = one.pushforward(0)
        drawings.insert(1, lambda ax: density(learned, target, ax=ax))
    return drawings


def over_epochs(history: History, config: TrainingConfig, **settings: Any) -> Axes:
    """Draw over epochs what decides: KL, or worth where that has no closed form."""
    if config.closed_form:
        return kl_over_epochs(history, **settings)
    return worth_over_epochs(history, **settings)


def gaussian(one: TrainedGANs, epoch: int = -1) -> Gaussian | None:
    """Take what a linear generator has learned after an epoch; None of one with hidden layers."""
    return None if one.hidden else Gaussian(one.biases[0, epoch], one.weights[0, epoch])


def points(one: TrainedGANs, epoch: int = -1) -> tuple[np.ndarray, np.ndarray]:
    """Draw the first real rows of one training, and as many generated after an epoch.

    All epochs have one latent z, so that a point moves from one to the next.
    """
    count = POINTS if one.config.closed_form else _MANY
    latent = draws.evaluation_latent(int(one.seeds[0]), count, one.config.latent_size)
    with np.errstate(all="ignore"):
        generated = forward(latent, one.generator(0, epoch), one.config.generator_activation)
    return one.training_rows(0)[:count], generated


def told_by_ln_2(gans: TrainedGANs) -> bool:
    """Say whether both losses are ln 2 where the discriminator cannot tell."""
    return gans.config.loss in ("cross_entropy", "relativistic")


def margins(row: pd.Series) -> list[float]:
    """Take the margins, on KL or on worth by energy, that gave a verdict; none where something
    else did."""
    known = row["yardstick"] in ("kl", "worth_energy")
    return [float(row["margin"]), float(row["near_margin"])] if known else []


def _titled(drawings: list[Callable[[Axes], Any]], title: str, down: int) -> Figure:
    wrapped = "\n".join(textwrap.fill(line, 125) for line in title.split("\n"))
    most = 2 if len(drawings) == 4 else 3
    figure = figure_of(drawings, height=3.8 if down == 1 else 3.6, most=most)
    figure.suptitle(wrapped, x=0.01, ha="left", fontsize=12, color="#17202b")
    return figure
