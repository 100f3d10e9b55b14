"""Figures of samples: generated over real points, with the laws that both come from."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from numpy.typing import NDArray
from scipy import stats

from gan_eval.distributions.gaussian import Gaussian, ellipse
from gan_eval.pages.canvas import COLOURS, Picture, canvas, legend_above, picture
from gan_eval.pages.numbers import count, number
from gan_eval.report.cells import CellRows
from gan_eval.training import draws
from gan_eval.training.config import TrainingConfig
from gan_eval.training.trained import training_rows

POINTS = 150
"""Points drawn of each kind."""

_FAR = 1e3
"""A generated point further out than this many target scales makes a picture of nothing."""


def chosen(cell: CellRows) -> list[tuple[str, pd.Series]]:
    """Choose the replicates to draw, each once: the median one, one at the 95 % rank, and the one
    whose losses deceive most."""
    ordered = cell.by_kl()
    if not ordered.size:
        return []
    last = len(ordered) - 1
    picks = [
        ("the median replicate", ordered[last // 2]),
        ("a bad one, at the 95 % rank of KL", ordered[round(0.95 * last)]),
    ]
    deceptive = cell.deceptive()
    if deceptive.size:
        picks.append(("losses at ln 2, distribution wrong", deceptive[0]))
    named: dict[int, tuple[str, pd.Series]] = {}
    for role, position in picks:
        row = cell.rows.iloc[position]
        seed = seed_of(row)
        roles = f"{named[seed][0]}; {role}" if seed in named else role
        named[seed] = (roles, row)
    return list(named.values())


def sample_pictures(cell: CellRows, identity: str) -> list[Callable[[], Picture]]:
    """Make a function for each chosen replicate that can be drawn, which draws it."""
    config = cell.config
    if config is None or not len(cell.rows):
        return []
    return [
        partial(_picture, config, row, role, f"{identity}-{position + 1}")
        for position, (role, row) in enumerate(chosen(cell))
        if _is_near(config, row)
    ]


def sample_notes(cell: CellRows) -> list[str]:
    """Say of each chosen replicate that it cannot be drawn, or why none can."""
    config = cell.config
    if config is None:
        return ["The settings of this cell are not stored, so its samples cannot be redrawn."]
    picks = chosen(cell)
    if not picks:
        return ["No replicate has a finite distribution to draw."]
    return [
        f"Seed {row['seed']} ({role}) is not drawn: its points lie more than "
        f"{_FAR:g} target scales away."
        for role, row in picks
        if not _is_near(config, row)
    ]


def learned_law(config: TrainingConfig, row: pd.Series) -> Gaussian:
    """Compute the learned distribution of a stored replicate, from its weights and its mean."""
    d, k = config.dimension, config.latent_size
    weights = [[row[f"weight_{i + 1}_{j + 1}"] for j in range(d)] for i in range(k)]
    return Gaussian(
        np.array([row[f"mean_{j + 1}"] for j in range(d)], dtype=np.float64),
        np.array(weights, dtype=np.float64),
    )


def seed_of(row: pd.Series) -> int:
    """Read the seed of a replicate's row."""
    return int(row.loc["seed"])


def _is_near(config: TrainingConfig, row: pd.Series) -> bool:
    law, truth = learned_law(config, row), config.truth
    scale = np.abs(truth.mean).max() + np.sqrt(np.diag(truth.covariance).max())
    return bool(max(np.abs(law.mean).max(), np.abs(law.factor).max()) < _FAR * scale)


def _picture(config: TrainingConfig, row: pd.Series, role: str, identity: str) -> Picture:
    seed, law, truth = seed_of(row), learned_law(config, row), config.truth
    real = training_rows(config, seed)[:POINTS]
    latent = draws.evaluation_latent(seed, len(real), config.latent_size)
    generated = latent @ law.factor + law.mean
    with canvas(4.4 if config.dimension > 1 else 3.0) as (figure, axes):
        if config.dimension == 1:
            _densities(axes, real[:, 0], generated[:, 0], truth, law)
        else:
            _points(axes, real, generated, truth, law)
        legend_above(axes, columns=2)
        first = " (the first two coordinates)" if config.dimension > 2 else ""
        shape = "curves are the densities" if config.dimension == 1 else "ellipses hold 95 %"
        return picture(
            figure,
            identity,
            title=f"Real and generated samples of seed {seed}: {role}",
            description=_moments(truth, law),
            caption=f"Seed {seed}, {role}: KL {number(row['kl'])} nats, {row['verdict']}. "
            f"{len(real)} of its {count(config.n_examples)} training rows and as many points that "
            f"it generates{first}; {shape} of both distributions.",
            data=_points_table(real, generated),
        )


def _points_table(real: NDArray, generated: NDArray) -> pd.DataFrame:
    rows = np.concatenate([real, generated])[:, :2]
    table = pd.DataFrame(rows, columns=[f"x_{i + 1}" for i in range(rows.shape[1])])
    table.insert(0, "kind", ["real"] * len(real) + ["generated"] * len(generated))
    return table


def _points(axes: Axes, real: NDArray, generated: NDArray, truth: Gaussian, law: Gaussian) -> None:
    kinds = (
        ("real", real, truth, "real", "o", "-"),
        ("generated", generated, law, "learned", "^", (0, (5, 2))),
    )
    for label, rows, _, colour, marker, _ in kinds:
        axes.scatter(
            rows[:, 0], rows[:, 1], s=13, color=COLOURS[colour], marker=marker, alpha=0.55,
            linewidth=0, label=label,
        )  # fmt: skip
    for label, _, gaussian, colour, _, style in kinds:
        axes.plot(
            *ellipse(gaussian).T, color=COLOURS[colour], linestyle=style, linewidth=2,
            label=f"95 % of {'the truth' if label == 'real' else 'what was learned'}",
        )  # fmt: skip
    axes.set(xlabel="x₁", ylabel="x₂")


def _densities(
    axes: Axes, real: NDArray, generated: NDArray, truth: Gaussian, law: Gaussian
) -> None:
    kinds: Sequence = (
        ("real", real, truth, "real", "-"),
        ("generated", generated, law, "learned", (0, (5, 2))),
    )
    both = np.concatenate([real, generated])
    x = np.linspace(both.min() - 1, both.max() + 1, 200)
    for label, rows, gaussian, colour, style in kinds:
        axes.hist(rows, bins=25, density=True, color=COLOURS[colour], alpha=0.3)
        sd = float(np.sqrt(gaussian.covariance[0, 0]))
        if sd > 0:
            density = stats.norm.pdf(x, gaussian.mean[0], sd)
            axes.plot(x, density, color=COLOURS[colour], linestyle=style, label=label)
        else:
            axes.axvline(gaussian.mean[0], color=COLOURS[colour], linestyle=style, label=label)
    axes.set(xlabel="x", ylabel="density")


def _moments(truth: Gaussian, law: Gaussian) -> str:
    parts = []
    for words, gaussian in (("The target", truth), ("What was learned", law)):
        mean = ", ".join(number(m) for m in gaussian.mean[:2])
        block = gaussian.covariance[:2, :2]
        covariance = ", ".join(number(v) for v in block[np.triu_indices(len(block))])
        parts.append(f"{words} has mean ({mean}) and covariance entries ({covariance})")
    return ". ".join(parts) + "."
