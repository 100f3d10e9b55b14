"""What is computed, not sampled, of a replicate's law: distances, modes, moments, the critic."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from gan_eval.distributions.divergences import canonical_pair
from gan_eval.distributions.gaussian import Gaussian, factor_of
from gan_eval.distributions.pushforward import ComputedMeasures, Pushforward
from gan_eval.judging.closed_form import entries
from gan_eval.judging.computed_columns import COMPUTED_BY, DISTANCES, ERROR, MASSES, mode_names
from gan_eval.runtime.errors import UsageError
from gan_eval.training.rows import evaluation_rows
from gan_eval.training.trained import TrainedGANs

_MOST = {
    "kl": math.inf,
    "kl_reverse": math.inf,
    "jensen_shannon": math.log(2),
    "modes_found": math.inf,
}
"""The most that a computed column can be, where that is not 1; none is below 0."""
_FEWEST = 3  # rows of which a correlation says anything


def measure_columns(found: ComputedMeasures) -> dict[str, float]:
    """Write computed measures as columns.

    Each is cut to the values that it can have, which a quadrature may leave by its error.
    """
    row = {name: float(getattr(found, name)) for name in DISTANCES if name != "jeffreys"}
    row |= {name: float(getattr(found, name)) for name in MASSES if name != "high_quality_mass"}
    row["high_quality_mass"] = float(found.high_quality_share)
    modes = mode_names(len(found.mode_masses))
    row |= dict(zip(modes, map(float, found.mode_masses), strict=True))
    row = {name: _cut(value, _MOST.get(name, 1.0)) for name, value in row.items()}
    row["jeffreys"] = row["kl"] + row["kl_reverse"]
    return row | {ERROR: float(found.error)}


def _cut(value: float, most: float) -> float:
    return float(np.clip(value, 0.0, most))


def moment_columns(law: Pushforward, target: Any) -> dict[str, float]:
    """Measure the mean and covariance of a law beside the target's, as for a linear generator.

    ``mahalanobis_error`` and ``covariance_distance`` are those of the moments alone.
    """
    mean, covariance = law.mean, law.covariance
    truth = Gaussian(target.mean, np.linalg.cholesky(target.covariance).T)
    pair = canonical_pair(Gaussian(mean[None], factor_of(covariance)[None]), truth)
    apart = covariance - target.covariance
    columns = {
        "mahalanobis_error": pair.mahalanobis(),
        "covariance_distance": pair.affine_invariant_distance(),
        **entries("mean", mean[None]),
        **entries("mean_error", (mean - target.mean)[None]),
        **entries("covariance", covariance[None], upper=True),
        **entries("covariance_error", apart[None], upper=True),
    }
    return {name: float(values[0]) for name, values in columns.items()}


def critic_columns(
    trained: TrainedGANs, replicate: int, law: Pushforward, n: int
) -> dict[str, float]:
    """Hold a replicate's critic against ln p/q, at n fresh real rows and as many generated ones.

    Rows at which p or q is 0 are left out: ln p/q is infinite there. NaN of fewer than 3 rows, or
    where the critic is constant; the error also for a loss whose best critic is not ln p/q.
    """
    config, nothing = trained.config, {"critic_correlation": np.nan, "critic_error": np.nan}
    real = evaluation_rows(config, int(trained.seeds[replicate]), n)
    rows = np.concatenate([real, trained.generate(replicate, n)])
    with np.errstate(all="ignore"):
        ratio = config.target.build().log_density(rows) - law.log_density(rows)
        logit = trained.critic(replicate, rows)
    usable = np.isfinite(ratio) & np.isfinite(logit)
    if usable.sum() < _FEWEST:
        return nothing
    ratio, logit = ratio[usable], logit[usable]
    found = {"critic_error": float(np.abs(logit - ratio).mean())}
    if config.loss != "cross_entropy":
        found = {}
    if np.ptp(logit) > 0 and np.ptp(ratio) > 0:
        found["critic_correlation"] = float(np.corrcoef(logit, ratio)[0, 1])
    return nothing | found


def computed_columns(
    trained: TrainedGANs, replicate: int, tolerance: float | None, n_evaluation: int
) -> tuple[dict[str, Any], str]:
    """Compute a replicate's distances, modes, moments and its critic's agreement.

    ``n_evaluation`` of 0 leaves the critic out. The second value says why the distances could not
    be computed; empty where they were.
    """
    law, target = trained.pushforward(replicate), trained.config.target.build()
    row: dict[str, Any] = {}
    try:
        # First, as it says where the arithmetic ends.
        found = law.against(target, tolerance=tolerance)
    except UsageError as error:
        return row, str(error)
    row = moment_columns(law, target) | measure_columns(found)
    if n_evaluation:
        row |= critic_columns(trained, replicate, law, n_evaluation)
    return row | {COMPUTED_BY: "computed"}, ""
