"""Trained GANs to rows: the learned distributions, their distances from the truth, verdicts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gan_eval.distributions.divergences import kl
from gan_eval.distributions.gaussian import Array, Gaussian
from gan_eval.judging import closed_form, evaluation
from gan_eval.judging.closed_form import covariance_of, entries
from gan_eval.runtime.arguments import instance_of
from gan_eval.runtime.errors import UsageError
from gan_eval.training.config import Margins
from gan_eval.training.trained import TrainedGANs

_FIRST = ("verdict", "margin", "near_margin", "yardstick")


def judge(
    trained: TrainedGANs,
    *,
    margins: Margins | None = None,
    n_evaluation: int = 500,
    permutations: int = 999,
    tests: Sequence[str] = evaluation.TESTS,
    tested: int | None = None,
    computed: int | None = None,
    sampled: bool = True,
) -> pd.DataFrame:
    """Measure how well trained GANs have learned their target: one row per replicate.

    Of a linear generator the distribution that it has learned is a Gaussian whose mean and
    covariance are known exactly; it is held against the target N(b, AᵀA) in every measure. Of one
    with hidden layers, or against a mixture, the density is computed, worth and verdict are by
    samples (:mod:`gan_eval.judging.computed`).

    Parameters
    ----------
    trained : TrainedGANs
        R replicates, any number: they are judged a few thousand at a time, in bounded memory.
    margins : Margins, optional
        The KL(q‖p), in nats, up to which a replicate counts as converged (by default 0.1), and as
        near (0.5).
    n_evaluation : int
        Fresh real rows, and as many generated ones, for the tests and the critic.
    permutations : int
        Permutations per two-sample test; 0 leaves the tests out (NaN).
    tests : sequence of str
        Names from ``gan_eval.stats.battery.catalogue.TESTS``: each is two columns.
    tested : int, optional
        Replicates that get the two-sample tests, the first ones by position; the others have NaN
        in the tests' columns. By default all of them. A test takes as long as the rest of the row
        of a hundred replicates.
    computed : int, optional
        Replicates that have no closed form and whose density is computed, the first ones by
        position; the others have NaN in those columns. By default all of them, each of which takes
        up to some seconds.
    sampled : bool
        False leaves out, as NaN, the columns that need rows and not the learned distribution alone:
        the critic, and those that end in ``_rows``. They are most of the work. Where there is no
        closed form, worth and modes stay, by which the verdict is.

    Returns
    -------
    DataFrame
        R rows; docs/measures.md describes every column. Divergences are in nats where they have
        a unit; columns that end in ``_rows`` are against the Gaussian fitted to the n_examples
        rows that the replicate saw, the others against the population N(b, AᵀA). A diverged
        replicate has its row, with NaN where a number does not exist.

    Raises
    ------
    UsageError
        Where an argument is not of its kind, ``tested`` or ``computed`` is negative, or a test is
        unknown.

    See Also
    --------
    gan_eval.summarise : One row per cell, with intervals over the replicates.

    Examples
    --------
    >>> import gan_eval as ge
    >>> gans = ge.train(ge.TrainingConfig(epochs=2), seeds=range(3), backend="fused_cpu")
    >>> rows = ge.judge(gans, permutations=0)
    >>> rows[["seed", "verdict"]].values.tolist()
    [[0, 'failed'], [1, 'failed'], [2, 'failed']]
    >>> bool((rows["worth_kl"] / 1000 == rows["efficiency"]).all())
    True
    """
    instance_of(trained, "trained", TrainedGANs, "from `gan_eval.train`")
    margins = Margins() if margins is None else margins
    instance_of(margins, "margins", Margins)
    for name, count in (("tested", tested), ("computed", computed)):
        if count is not None and count < 0:
            raise UsageError(f"`{name}` must be at least 0, got {count}")
    if tuple(tests) != evaluation.TESTS:
        # With SciPy's spatial part, a third of a second.
        from gan_eval.stats.battery.catalogue import known

        tests = known(tests)
    if trained.config.closed_form:
        measured = closed_form.measured_rows(
            trained, margins, n_evaluation, permutations, tests, tested, sampled
        )
    else:
        from gan_eval.judging.computed.rows import measured_rows  # with the tests

        measured = measured_rows(
            trained,
            margins,
            n_evaluation=n_evaluation,
            permutations=permutations,
            tests=tests,
            tested=tested,
            computed=computed,
            sampled=sampled,
        )
    return pd.DataFrame(
        {
            "config_hash": trained.config.hash,
            "backend": trained.backend,
            "device": trained.device,
            "seed": trained.seeds,
            **{name: measured.pop(name) for name in _FIRST},
        }
        | measured
        | {
            "loss_D": trained.loss_D[:, -1],
            "loss_G": trained.loss_G[:, -1],
            "seconds": trained.seconds.sum(axis=1),
            "examples_per_second": trained.examples_per_second,
            "chapter_examples_per_second": trained.chapter_examples_per_second,
        }
    )


def epochs(trained: TrainedGANs) -> pd.DataFrame:
    """Measure every kept epoch: losses, exact KL(q‖p) in nats, seconds, and moments.

    R × (epochs + 1) rows, or as many per replicate as ``trained.traced`` has epochs. Epoch 0 is the
    start: it has a distribution and no losses. Where there is no closed form KL is NaN, of
    generators with hidden layers the moments are, too, and worth by energy and modes stand beside
    (:mod:`gan_eval.judging.computed.epochs`).
    """
    config, traced = trained.config, trained.traced
    law = _laws(trained)

    def from_start(values: Array) -> Array:
        return np.hstack([np.full((len(trained), 1), np.nan), values]).ravel()

    flat = Gaussian(
        law.mean.reshape(-1, config.dimension),
        law.factor.reshape(-1, config.latent_size, config.dimension),
    )
    return pd.DataFrame(
        {
            "config_hash": config.hash,
            "backend": trained.backend,
            "device": trained.device,
            "seed": np.repeat(trained.seeds, traced.size),
            "epoch": np.tile(traced, len(trained)),
            "loss_D": from_start(trained.loss_D),
            "loss_G": from_start(trained.loss_G),
            "kl": kl(flat, config.truth) if config.closed_form else np.nan,
            "seconds": from_start(trained.seconds[:, traced[1:] - 1]),
            "chapter_seconds": from_start(trained.chapter_seconds[:, traced[1:] - 1]),
        }
        | entries("mean", flat.mean)
        | entries("covariance", covariance_of(flat), upper=True)
        | _by_rows(trained)
    )


def _laws(trained: TrainedGANs) -> Gaussian:
    """The Gaussian laws of all kept epochs, (R, kept); NaN of generators with hidden layers."""
    if not trained.hidden:
        return Gaussian(trained.biases, trained.weights)
    shape = (*trained.biases.shape[:2], trained.config.latent_size, trained.config.dimension)
    return Gaussian(np.full((*shape[:2], shape[3]), np.nan), np.full(shape, np.nan))


def _by_rows(trained: TrainedGANs) -> dict[str, NDArray[Any]]:
    """What is measured of epochs from rows, where there is no closed form."""
    if trained.config.closed_form:
        return {}
    from gan_eval.judging.computed.epochs import epoch_columns

    return epoch_columns(trained)
