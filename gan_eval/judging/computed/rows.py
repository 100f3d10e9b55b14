"""A row for each replicate that has no closed form: computed where that can be, else by samples."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gan_eval.distributions.mixture import MixtureTarget
from gan_eval.judging import evaluation
from gan_eval.judging.causes import flat_from
from gan_eval.judging.closed_form import entries
from gan_eval.judging.computed import exact
from gan_eval.judging.computed_columns import (
    COMPUTED_BY,
    ERROR,
    HOW,
    MASSES,
    is_text,
    mode_names,
    served,
)
from gan_eval.judging.generators import measures, parts
from gan_eval.judging.generators.parts import Made, Row
from gan_eval.judging.generators.verdict import verdict_of
from gan_eval.judging.mode_causes import mode_cause
from gan_eval.runtime import threads
from gan_eval.stats.mixed import MixedRows
from gan_eval.stats.samples import LARGEST_VALUE
from gan_eval.training import draws
from gan_eval.training.config import Margins, TrainingConfig
from gan_eval.training.trained import TrainedGANs

WORTH_ROWS = 1000
"""Generated rows by which worth is measured, at the least: with them the interval of a generator
that is right begins at 170 real rows or more in 95 % of samples, far above the margin of 58
(``benchmarks/computed_rows.py``)."""

TOLERANCE = 1e-6
"""The error that is aimed at in what is computed, but for tanh, whose own default it is there; what
was reached is ``computed_error``."""

_FAR = f"generated points lie farther off than {LARGEST_VALUE:.0g}, where squares are no numbers"
_COMPUTED = "KL and other distances of the densities"
_MODES = "KL, other distances of the densities, and exact masses of modes"
_UNDECIDED = (
    (
        "kl",
        "KL",
        "the generator's slopes are lost to rounding, or the limit of work was reached",
    ),
    (
        "kl_reverse",
        "KL(p‖q)",
        "within the limit of work it is not known whether generated points cover the target",
    ),
)


def columns(
    config: TrainingConfig, tests: Sequence[str] = evaluation.TESTS, d: int | None = None
) -> list[str]:
    """Name the columns of such rows between ``yardstick`` and ``loss_D``, in their order.

    Those of a linear generator in front, then what only these rows have.

    Examples
    --------
    >>> names = columns(TrainingConfig(target="ring8", generator_widths=(8,)))
    >>> names.index("kl") < names.index("worth_energy") < names.index("mode_mass_8")
    True
    """
    d, latent = config.dimension, config.latent_size
    target = config.target.build()
    places = [(i + 1, j + 1) for i in range(d) for j in range(i, d)]
    modes = _mode_count(target)
    known = len(getattr(target, "modes", None) or ())
    return [
        *evaluation.DIVERGENCES,
        *("worth_kl", "efficiency", "worth_energy", "worth_mmd", "samples_to_detect"),
        *("mahalanobis_error", "covariance_distance"),
        *(f"{name}_{i + 1}" for name in ("mean", "mean_error") for i in range(d)),
        *(f"{name}_{i}_{j}" for name in ("covariance", "covariance_error") for i, j in places),
        *(f"{name}_rows" for name in evaluation.DIVERGENCES),
        *(f"weight_{i + 1}_{j + 1}" for i in range(latent) for j in range(d)),
        *("critic_correlation", "critic_error", "kl_last", "kl_average_distribution", "cause"),
        *(f"worst_direction_{i + 1}" for i in range(d)),
        *("worst_ratio", "worst_shift", "worst_share", "worst_seen", "flat_from"),
        *evaluation.test_columns(tests),
        *(COMPUTED_BY, "jensen_shannon", ERROR, *MASSES, *mode_names(modes)),
        *(name for name in parts.worth_names() if name not in _SHARED),
        *evaluation.test_columns(measures.one_sample_names(target)),
        *("modes_how", "modes", "modes_kept", "modes_lost", "modes_pvalue", "high_quality_share"),
        *(f"mode_share_{k + 1}" for k in range(known)),
        "not_measured",
    ]


_SHARED = ("worth_energy", "worth_mmd", "energy_distance", "mmd2")
"""Columns of worth that the rows of linear generators have, too, in their own place."""


def measured_rows(
    trained: TrainedGANs,
    margins: Margins,
    *,
    n_evaluation: int,
    permutations: int,
    tests: Sequence[str],
    tested: int | None,
    computed: int | None,
    sampled: bool,
) -> dict[str, NDArray[Any]]:
    """Measure replicates that have no closed form, by column name, each (R,).

    The arguments are those of :func:`gan_eval.judging.judge.judge`. Replicates are shared out
    among as many threads as they may have.
    """
    config, finite = trained.config, trained.finite()
    computed = len(trained) if computed is None else computed
    names = columns(config, tests)
    blank: Row = {name: "" if _is_text(name) else np.nan for name in names}
    blank |= {HOW: "sampled", "worth_mmd_how": "sampled"}
    why_not, target = served(config), config.target.build()

    def judged(r: int) -> Made:
        made = Made(dict(blank))
        if why_not:
            made.miss(_missed(config), why_not)
        elif r < computed:
            made.row[COMPUTED_BY] = "computed"
        if finite[r]:
            _add_sampled(made, trained, r, max(n_evaluation, WORTH_ROWS))
            if r < computed and not why_not:
                _add_computed(made, trained, r, n_evaluation if sampled else 0)
        else:
            made.row["cause"] = "diverged"
        return made

    with threads.one_blas_thread():
        found = list(threads.over_replicates(judged, range(len(trained))))
    # In this thread: PyTorch, by which tests are run, is not to be loaded by several at once.
    for r in np.flatnonzero(finite[:tested]) if sampled and permutations else ():
        _add_tests(found[r], trained, int(r), n_evaluation, permutations, tests)
    rows = []
    for made, right in zip(found, finite, strict=True):
        row = made.finished()
        failure = "" if right else "diverged"
        row |= verdict_of(row, margins, failure=failure, diverged=not right)
        if row["verdict"] in ("near", "failed") and isinstance(target, MixtureTarget):
            row["cause"] = mode_cause(row, target.modes) if len(target.modes) > 1 else ""
        rows.append(row)
    measured: dict[str, NDArray[Any]] = {}
    for name in ("verdict", "margin", "near_margin", "yardstick", *names):
        values = [row[name] for row in rows]
        kind = object if _is_text(name) else None if isinstance(values[0], str) else np.float64
        measured[name] = np.array(values, dtype=kind)
    if not config.generator_widths:
        measured |= entries("weight", trained.weights[:, -1])
    return measured | {"flat_from": flat_from(trained)}


def _is_text(name: str) -> bool:
    return name == "cause" or is_text(name)


def _add_sampled(made: Made, trained: TrainedGANs, r: int, n: int) -> None:
    """Measure worth, and which of the target's modes n generated rows have."""
    target = trained.config.target.build()
    rows = _generated(trained, r, n)
    if not (np.abs(rows.numbers) <= LARGEST_VALUE).all():
        # Worth by energy falls as one over the distance: here it is 0 to every digit.
        made.row |= dict.fromkeys(("worth_energy", "worth_energy_low", "worth_energy_high"), 0.0)
        made.miss("distances of samples and modes", _FAR)
        return
    parts.add_worth(made, None, rows, rows, target, parts.BY)
    if _mode_count(target) > 1:
        rng = draws.permutation_tests(int(trained.seeds[r])).spawn(1)[0]
        parts.add_known_modes(made, rows, target, 999, rng)


def _generated(trained: TrainedGANs, r: int, n: int) -> MixedRows:
    with np.errstate(all="ignore"):  # a generator may be finite, and its points not
        return MixedRows.of_numbers(np.asarray(trained.generate(r, n), np.float64))


def _add_tests(
    made: Made,
    trained: TrainedGANs,
    r: int,
    n: int,
    permutations: int,
    tests: Sequence[str],
) -> None:
    """Run the two-sample tests, and those against the target's density alone."""
    if not (np.abs(_generated(trained, r, n).numbers) <= LARGEST_VALUE).all():
        return  # as was said of worth
    made.row |= evaluation.two_sample_tests(trained, r, n, permutations, tests)
    target = trained.config.target.build()
    if names := measures.one_sample_names(target):
        rows = _generated(trained, r, n)
        parts.add_one_sample_tests(made, rows, target, names, permutations)


def _add_computed(made: Made, trained: TrainedGANs, r: int, n_evaluation: int) -> None:
    config = trained.config
    smooth = config.generator_activation == "tanh" and config.generator_widths
    row, why = exact.computed_columns(trained, r, None if smooth else TOLERANCE, n_evaluation)
    made.row |= row
    if why:
        made.row[COMPUTED_BY] = ""
        made.miss(_missed(trained.config), why)
        return
    for name, what, reason in _UNDECIDED:
        if np.isnan(row[name]):
            made.miss(what, reason)


def _missed(config: TrainingConfig) -> str:
    """Name what is not computed; modes are counted all the same, on generated rows."""
    return _MODES if _mode_count(config.target.build()) > 1 else _COMPUTED


def _mode_count(target: Any) -> int:
    """Count a target's modes; a Gaussian is one."""
    return max(1, len(getattr(target, "modes", None) or ()))
