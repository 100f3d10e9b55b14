"""Pictures of generated points over the rows that a training saw, with both distributions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gan_eval import plots
from gan_eval.distributions.gaussian import Gaussian, ellipse
from gan_eval.pages.canvas import canvas, picture
from gan_eval.pages.language import _
from gan_eval.pages.numbers import count, number
from gan_eval.pages.picture import Picture
from gan_eval.report.cells import CellRows
from gan_eval.report.chosen import Chosen, learned_law
from gan_eval.training import draws
from gan_eval.training.config import TrainingConfig
from gan_eval.training.rows import training_rows

POINTS = 150
"""Points drawn of each kind."""

_FAR = 1e3
"""A generated point further out than this many target scales makes a picture of nothing."""


def sample_pictures(
    cell: CellRows, picks: Sequence[Chosen], identity: str
) -> list[Callable[[], Picture]]:
    """Make a function for each of these trainings that can be drawn, which draws it."""
    config = cell.config
    if config is None:
        return []
    near = [
        (f"{identity}-{position + 1}", pick, cell.rows.iloc[pick.position])
        for position, pick in enumerate(picks)
        if _is_near(config, cell.rows.iloc[pick.position])
    ]
    ends = _ends(config, [(row, pick.seed) for _name, pick, row in near])
    return [partial(_picture, config, row, pick, name, ends) for name, pick, row in near]


Ends = Sequence[tuple[float, float]]


def _ends(config: TrainingConfig, found: Sequence[tuple[pd.Series, int]]) -> Ends:
    """The limits of axes that several pictures share, so that they can be held side by side."""
    if not found or config.dimension == 1:
        return []
    laws = [config.truth, *(learned_law(config, row) for row, _seed in found)]
    points = [ellipse(law) for law in laws]
    points += [rows[:, :2] for row, seed in found for rows in _rows(config, row, seed)]
    low, high = (
        np.min([p.min(axis=0) for p in points], 0),
        np.max([p.max(axis=0) for p in points], 0),
    )
    edge = 0.04 * (high - low)
    return list(zip((low - edge).tolist(), (high + edge).tolist(), strict=True))


def _rows(config: TrainingConfig, row: pd.Series, seed: int) -> tuple[NDArray, NDArray]:
    """Some of the real rows that a training saw, and as many that it generates."""
    law = learned_law(config, row)
    real = training_rows(config, seed)[:POINTS]
    latent = draws.evaluation_latent(seed, len(real), config.latent_size)
    return real, latent @ law.factor + law.mean


def sample_notes(cell: CellRows, picks: Sequence[Chosen]) -> list[str]:
    """Say of each of these trainings that it cannot be drawn, or why none can."""
    config = cell.config
    if config is None:
        return [_("The settings of this cell are not stored, so its samples cannot be redrawn.")]
    if not picks:
        return [_("No training has a finite distribution to draw.")]
    return [
        _("{training} is not drawn: its points lie more than {far} target scales away.").format(
            training=pick.name.capitalize(), far=f"{_FAR:g}"
        )
        for pick in picks
        if not _is_near(config, cell.rows.iloc[pick.position])
    ]


def _is_near(config: TrainingConfig, row: pd.Series) -> bool:
    law, truth = learned_law(config, row), config.truth
    scale = np.abs(truth.mean).max() + np.sqrt(np.diag(truth.covariance).max())
    return bool(max(np.abs(law.mean).max(), np.abs(law.factor).max()) < _FAR * scale)


def _picture(
    config: TrainingConfig, row: pd.Series, pick: Chosen, identity: str, ends: Ends
) -> Picture:
    law, truth = learned_law(config, row), config.truth
    real, generated = _rows(config, row, pick.seed)
    with canvas(4.4 if config.dimension > 1 else 3.0) as (figure, axes):
        plots.distribution(law, truth, real, generated, ax=axes)
        if ends:
            axes.set(xlim=ends[0], ylim=ends[1])
        drawn = np.concatenate([real, generated])[:, :2]
        points = {f"x_{i + 1}": column for i, column in enumerate(drawn.T)}
        first = _(" (the first two coordinates)") if config.dimension > 2 else ""
        shape = _("curves are the densities") if config.dimension == 1 else _("ellipses hold 95 %")
        return picture(
            figure,
            identity,
            title=_("Real and generated samples: {training}").format(training=pick.name),
            description=_moments(truth, law),
            caption=_(
                "{training}, KL {kl} nats: {verdict}. {rows} of the {all} real rows that it saw "
                "and as many points that it generates{first}; {shape} of both distributions."
            ).format(
                training=pick.name.capitalize(),
                kl=number(row["kl"]),
                verdict=_(str(row["verdict"])),
                rows=len(real),
                all=count(config.n_examples),
                first=first,
                shape=shape,
            ),
            data=pd.DataFrame({"kind": np.repeat(["real", "generated"], len(real)), **points}),
        )


def _moments(truth: Gaussian, law: Gaussian) -> str:
    parts = []
    for words, gaussian in ((_("The target"), truth), (_("What was learned"), law)):
        block = gaussian.covariance[:2, :2]
        parts.append(
            _("{distribution} has mean ({mean}) and covariance entries ({covariance})").format(
                distribution=words,
                mean=", ".join(number(m) for m in gaussian.mean[:2]),
                covariance=", ".join(number(v) for v in block[np.triu_indices(len(block))]),
            )
        )
    return ". ".join(parts) + "."
