"""Why a replicate failed: the direction that it got most wrong, and whether its critic saw it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gan_eval.distributions.gaussian import Array
from gan_eval.distributions.mixture import as_mixture
from gan_eval.judging.mode_causes import MODE_CAUSES, mode_sentence
from gan_eval.pages.language import N_, _
from gan_eval.training import draws
from gan_eval.training.config import TrainingConfig
from gan_eval.training.trained import TrainedGANs

CAUSES = (
    N_("off centre"),
    N_("collapsed"),
    N_("too narrow"),
    N_("too wide"),
    N_("diverged"),
)
"""What can be wrong in the worst direction."""
COLLAPSED = 0.1
"""The ratio of standard deviations below which a direction is called collapsed."""
FLAT = 0.01
"""The distance from ln 2, in nats, up to which a discriminator's loss is that of a flat one."""

_TOGETHER = 64


def causes(trained: TrainedGANs, verdicts: NDArray[Any], n: int) -> dict[str, NDArray[Any]]:
    """Find the worst direction of each learned distribution, by column name, each (R,).

    In coordinates in which the target is N(0, I), and turned so that the learned covariance is
    diagonal, KL(q‖p) is a sum over axes of ½ (s² − 1 − ln s²) + ½ δ². The worst direction is the
    axis with the largest term.

    Parameters
    ----------
    trained : TrainedGANs
    verdicts : ndarray of str, shape (R,)
    n : int
        Fresh real rows by which it is measured how much of the error the critic's last features
        see; NaN where 0.

    Returns
    -------
    dict
        ``cause``: what is wrong there, in a word or two, empty where the replicate has converged;
        ``worst_direction_i``: the unit vector w (in data units) of the axis x ↦ w·x;
        ``worst_ratio``: s, the standard deviation along it by the target's;
        ``worst_shift``: δ, the error of the mean along it in the target's standard deviations;
        ``worst_share``: the share of the KL that is its term;
        ``worst_seen``: the share of the variance, under the target, of the score of that error
        that the discriminator's last features explain linearly, 0 … 1;
        ``flat_from``: the epoch from which on loss_D stays within 0.01 nats of ln 2, NaN where it
        does not end so, or epochs are not kept, or the loss is one that has no such value.
    """
    config = trained.config
    R, d = len(trained), config.dimension
    target = config.target.gaussian()
    A, b = target.A, target.b
    inverse = np.linalg.inv(A)
    law, usable = trained.law(), trained.finite()
    with np.errstate(all="ignore"):
        factor = np.where(usable[:, None, None], law.factor, 0.0) @ inverse
        offset = np.linalg.solve(A.T, np.where(usable[:, None], law.mean - b, 0.0).T).T
        usable &= np.isfinite(factor).all(axis=(1, 2)) & np.isfinite(offset).all(axis=1)
        factor[~usable], offset[~usable] = 0.0, 0.0
        _, scales, turned = np.linalg.svd(factor, full_matrices=True)
        scales = np.pad(scales, [(0, 0), (0, d - scales.shape[1])])
        shift = (turned @ offset[:, :, None])[..., 0]
        shape = (scales**2 - 1 - 2 * np.log(scales)) / 2
        terms = shape + shift**2 / 2
        worst = np.argmax(terms, axis=1)
        at = np.arange(R), worst
        share = np.where(np.isinf(terms[at]), 1.0, terms[at] / terms.sum(axis=1))
    axis = turned[at]
    direction = axis @ inverse.T
    direction /= np.linalg.norm(direction, axis=1, keepdims=True)
    # A direction and its opposite are one: the largest entry is positive.
    largest = np.take_along_axis(direction, np.abs(direction).argmax(axis=1)[:, None], axis=1)
    sign = np.where(largest < 0, -1.0, 1.0)
    ratio, moved = scales[at], shift[at] * sign[:, 0]
    centre = moved**2 / 2 > shape[at]
    cause = np.select(
        [verdicts == "diverged", verdicts == "converged", centre, ratio < COLLAPSED, ratio < 1],
        ["diverged", "", "off centre", "collapsed", "too narrow"],
        "too wide",
    )
    found = {f"worst_direction_{i + 1}": (sign * direction)[:, i] for i in range(d)}
    found |= {"worst_ratio": ratio, "worst_shift": moved, "worst_share": share}
    found["worst_seen"] = _seen(trained, usable, axis, centre, n) if n else np.full(R, np.nan)
    found = {name: np.where(usable, values, np.nan) for name, values in found.items()}
    return {"cause": cause.astype(object)} | found | {"flat_from": flat_from(trained)}


def sentence(row: Mapping[Any, Any], config: TrainingConfig) -> str:
    """Say in words why a replicate failed, from its row of ``judge``; empty where it has not, or
    nothing is known of it."""
    cause, dimension = row["cause"], config.dimension
    if not cause:
        return ""
    if cause == "diverged":
        return _("Its weights are no longer finite.")
    if cause in MODE_CAUSES:
        return mode_sentence(row, as_mixture(config.target.build()).modes) + _flat(row)
    entries = (f"{row[f'worst_direction_{i + 1}']:.2f}" for i in range(dimension))
    along = _(" along ({direction})").format(direction=", ".join(entries)) if dimension > 1 else ""
    said = _(
        "It is {cause}{along}: {ratio} times the target's standard deviation, which makes {share} "
        "of its KL."
    )
    if cause == "off centre":
        said = _(
            "Its mean is off by {shift} of the target's standard deviations{along}, which makes "
            "{share} of its KL."
        )
    said = said.format(
        cause=_(cause),
        along=along,
        ratio=f"{float(row['worst_ratio']):.2g}",
        shift=f"{abs(float(row['worst_shift'])):.2g}",
        share=f"{float(row['worst_share']):.0%}",
    )
    if np.isfinite(row["worst_seen"]):
        said += _(" Its discriminator's features see {share} of that error.").format(
            share=f"{float(row['worst_seen']):.0%}"
        )
    return said + _flat(row)


def _flat(row: Mapping[Any, Any]) -> str:
    if not np.isfinite(row["flat_from"]):
        return ""
    return _(" The discriminator has been flat since epoch {epoch}.").format(
        epoch=int(row["flat_from"])
    )


def _seen(
    trained: TrainedGANs, usable: NDArray[np.bool_], axis: Array, centre: NDArray[np.bool_], n: int
) -> Array:
    """R² of the error's score, x or (x² − 1)/√2 along the axis, on the critic's last features.

    Under the target, on n fresh real rows of each replicate's evaluation stream.
    """
    config = trained.config
    target = config.target.gaussian()
    found = np.full(len(trained), np.nan)
    indices = np.flatnonzero(usable)
    for start in range(0, indices.size, _TOGETHER):
        part = indices[start : start + _TOGETHER]
        z = draws.evaluation_real(trained.seeds[part], n, config.dimension)
        features = trained.critic_features(part, z @ target.A + target.b)
        features = features - features.mean(axis=1, keepdims=True)
        along = (z @ axis[part][:, :, None])[..., 0]
        score = np.where(centre[part][:, None], along, (along**2 - 1) / np.sqrt(2))
        score = score - score.mean(axis=1, keepdims=True)
        # The orthonormal basis of the features' columns, those that are constant left out.
        basis, sizes, _ = np.linalg.svd(features, full_matrices=False)
        kept = sizes > 1e-9 * np.maximum(sizes[:, :1], np.finfo(np.float64).tiny)
        explained = ((np.swapaxes(basis, 1, 2) @ score[:, :, None])[..., 0] ** 2 * kept).sum(axis=1)
        found[part] = explained / (score**2).sum(axis=1)
    return found


def flat_from(trained: TrainedGANs) -> Array:
    """Find the epoch from which on each discriminator's loss stays near ln 2, as of ``causes``."""
    config = trained.config
    epochs = trained.traced[1:]
    found = np.full(len(trained), np.nan)
    if config.loss not in ("cross_entropy", "relativistic") or len(epochs) < config.epochs:
        return found
    flat = np.abs(trained.loss_D - np.log(2)) <= FLAT
    # The last epoch that is not flat; all that follow are.
    last = np.where(flat.all(axis=1), -1, flat.shape[1] - 1 - np.argmin(flat[:, ::-1], axis=1))
    ends_flat = flat[:, -1]
    found[ends_flat] = epochs[last[ends_flat] + 1]
    return found
