"""The worth in real rows of generators whose distribution is a Gaussian, against a Gaussian."""

from __future__ import annotations

import numpy as np
from scipy.special import gammaln

from gan_eval.distributions.distances import energy_distance, median_distance, mmd2
from gan_eval.distributions.gaussian import Array, Gaussian, GaussianLike
from gan_eval.distributions.target import GaussianTarget
from gan_eval.runtime.errors import UsageError


def exact_worth(law: GaussianLike, target: GaussianLike) -> tuple[Array, Array]:
    """Compute how many real rows Gaussian generators are worth, by energy and by MMD.

    It is what :func:`gan_eval.stats.worth.worth` estimates from rows: E‖X − X′‖ / D² with D² the
    energy distance of generator and target in coordinates in which the target is N(0, I), and
    (1 − E k(X, X′)) / MMD² with the Gaussian kernel whose bandwidth is the median distance of two
    rows of the target.

    Parameters
    ----------
    law : Gaussian of leading shape (R,), or any other; or what stands for one
        The generators' distributions.
    target : GaussianTarget, Gaussian or (mean, covariance)

    Returns
    -------
    worth_energy, worth_mmd : ndarray, float64, of the leading shape of ``law``
        In real rows; infinite where the distance is 0 to rounding (a worth above about 10¹² is
        rounding), NaN where a distribution is not finite.

    Raises
    ------
    UsageError
        Where ``law`` and ``target`` have not the same number of coordinates, or the target has no
        density.

    Examples
    --------
    A covariance that is 1.1 times the truth's, in three coordinates:

    >>> truth = Gaussian(np.zeros(3), np.eye(3))
    >>> energy, mmd = exact_worth(Gaussian(np.zeros(3), np.sqrt(1.1) * np.eye(3)), truth)
    >>> round(float(energy)), round(float(mmd))
    (1720, 887)
    """
    truth = GaussianTarget.of(target)
    white = whitened(Gaussian.of(law, "generator"), truth)
    unit = Gaussian(np.zeros(truth.dimension), np.eye(truth.dimension))
    width = float(median_distance(unit))
    with np.errstate(divide="ignore", over="ignore"):
        by_energy = spread_energy(truth.dimension) / energy_distance(white, unit)
        by_mmd = spread_mmd(truth.dimension, width) / mmd2(white, unit, bandwidth=width)
    return np.asarray(by_energy), np.asarray(by_mmd)


def whitened(law: Gaussian, target: GaussianTarget) -> Gaussian:
    """Bring Gaussians to the coordinates (x − b) A⁻¹, in which the target is N(0, I).

    Examples
    --------
    >>> target = GaussianTarget.chapter()
    >>> whitened(target.law, target).covariance.round(12).tolist()
    [[1.0, 0.0], [0.0, 1.0]]
    """
    if law.dimension != target.dimension:
        raise UsageError(
            f"a generator and its target must have the same number of coordinates, got "
            f"{law.dimension} and {target.dimension}"
        )
    with np.errstate(invalid="ignore", over="ignore"):
        mean = np.linalg.solve(target.A.T, (law.mean - target.b)[..., None])[..., 0]
        factor = np.linalg.solve(target.A.T, np.swapaxes(law.factor, -1, -2))
    return Gaussian(mean, np.swapaxes(factor, -1, -2))


def spread_energy(dimension: int) -> float:
    """Compute E‖X − X′‖ = 2 Γ((d + 1)/2) / Γ(d/2) of two independent rows of N(0, I_d).

    Examples
    --------
    >>> round(spread_energy(2) ** 2, 12) == round(np.pi, 12)
    True
    """
    return float(2 * np.exp(gammaln((dimension + 1) / 2) - gammaln(dimension / 2)))


def spread_mmd(dimension: int, bandwidth: float) -> float:
    """Compute 1 − E k(X, X′) = 1 − (1 + 2/h²)^(−d/2) of two independent rows of N(0, I_d).

    Examples
    --------
    >>> round(spread_mmd(2, 1.0), 4)
    0.6667
    """
    return float(-np.expm1(-dimension / 2 * np.log1p(2 / bandwidth**2)))
