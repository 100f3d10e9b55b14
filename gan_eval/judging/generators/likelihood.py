"""What a generator's own density tells: the likelihood of real rows, and KL in both directions."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import special

LEVEL = 0.95

_Z = float(special.ndtri((1 + LEVEL) / 2))


def likelihood_columns(
    of_generated: NDArray[np.floating],
    of_real: NDArray[np.floating],
    *,
    target: Any = None,
    generated: Any = None,
    real: Any = None,
) -> dict[str, float | str]:
    """Measure a generator whose log-density is known, by its own rows and by real ones.

    Parameters
    ----------
    of_generated, of_real : ndarray, shapes (m,) and (n,)
        ln q at m generated and at n real rows, in nats; −∞ outside of its support.
    target : Target, optional
        With ``log_density``, for the KL divergences.
    generated, real : ndarray, shapes (m, d) and (n, d), optional
        The rows themselves, for the target's density.

    Returns
    -------
    dict
        ``log_likelihood``, the mean of ln q over the real rows (nats per row); with a target
        ``kl``, the mean of ln q − ln p over the generated rows, and ``kl_reverse``, that of
        ln p − ln q over the real ones; each with ``_low`` and ``_high`` (95 %, by the standard
        error of the mean, a divergence not below 0), and ``kl_how`` = "sampled". A KL is infinite
        where a row lies outside of the other's support.

    Notes
    -----
    The means are without bias, so that an estimate of KL may lie below 0. Where ln q/p has heavy
    tails, so that few rows carry the divergence, the standard error is too small.

    Examples
    --------
    >>> from gan_eval.distributions.target import GaussianTarget
    >>> p, q = (GaussianTarget([[1.0]], [mean]) for mean in (0.0, 1.0))
    >>> x, y = q.sample(4000, 0), p.sample(4000, 1)
    >>> found = likelihood_columns(
    ...     q.log_density(x), q.log_density(y), target=p, generated=x, real=y
    ... )
    >>> found["kl_low"] < 0.5 < found["kl_high"], found["kl_how"]
    (True, 'sampled')
    """
    found = _mean("log_likelihood", of_real)
    if target is None or generated is None or real is None:
        return found
    forward = of_generated - np.asarray(target.log_density(generated))
    backward = np.asarray(target.log_density(real)) - of_real
    for name, values in (("kl", forward), ("kl_reverse", backward)):
        mean = _mean(name, values)
        found |= mean | {f"{name}_low": max(float(mean[f"{name}_low"]), 0.0)}
    return found | {"kl_how": "sampled"}


def _mean(name: str, values: NDArray[np.floating]) -> dict[str, float | str]:
    with np.errstate(invalid="ignore"):
        mean = float(np.mean(values))
        error = float(np.std(values, ddof=1)) / math.sqrt(len(values))
    if math.isinf(mean):  # some rows lie outside: so the divergence is infinite, not its estimate
        return {name: mean, f"{name}_low": mean, f"{name}_high": mean}
    return {name: mean, f"{name}_low": mean - _Z * error, f"{name}_high": mean + _Z * error}
