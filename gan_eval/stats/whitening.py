"""Coordinates in which no direction counts more than another because of its units."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gan_eval.distributions.gaussian import Gaussian
from gan_eval.distributions.target import GaussianTarget
from gan_eval.runtime.errors import UsageError
from gan_eval.stats.samples import Pooled, decimals
from gan_eval.stats.scaling import ColumnScales, constant_columns

Array = NDArray[np.float64]

# A smallest singular value of the scaled rows below this share of the largest counts as 0.
SINGULAR = 1e-8


def target_units(target: GaussianTarget) -> tuple[ColumnScales, Gaussian]:
    """Measure columns about the target's mean in units of its size, and the target's law in
    them."""
    exponents = np.frexp(np.abs(target.A).max(axis=0))[1]
    scales = ColumnScales(
        np.asarray(target.b, np.float64), exponents, np.full(target.dimension, np.inf)
    )
    return scales, Gaussian(np.zeros(target.dimension), np.ldexp(target.A, -exponents))


@dataclass(frozen=True, eq=False)
class Whitening:
    """The affine map x ↦ (scales(x) − shift) · matrix of rows.

    Attributes
    ----------
    scales : ColumnScales
        Brings each column to a size near 1. Where a column has rare values that lie a thousand
        times further off than is typical, these are drawn in, and the map is affine only between
        them: a single value must not squeeze all the others into one point.
    shift : ndarray, shape (d,)
    matrix : ndarray, shape (d, d)
    """

    scales: ColumnScales
    shift: Array
    matrix: Array

    @classmethod
    def by_target(cls, target: GaussianTarget) -> Whitening:
        """Take (x − b) A⁻¹, which makes rows of the target N(0, I)."""
        scales, law = target_units(target)
        inverse = np.asarray(np.linalg.inv(law.factor), np.float64)
        return cls(scales, np.zeros(target.dimension), inverse)

    @classmethod
    def pooled(cls, rows: Array) -> Whitening:
        """Take the map that gives these rows, shape (N, d), mean 0 and covariance I (divisor N).

        It depends on the set of rows alone, so permuting labels does not change it. The axes are
        those of the whitened fourth moments E ‖z‖² z zᵀ (Cardoso 1989), each in the direction of
        its positive skewness: so the coordinates, not only the distances, are the same after any
        invertible affine map of the rows, but for rounding, as long as no value is drawn in.

        Raises
        ------
        UsageError
            Where the covariance is singular, or what makes it regular is the rounding of the rows
            as they were given.

        References
        ----------
        J.-F. Cardoso, "Source separation using higher order moments", ICASSP 1989, 2109–2112.
        """
        refusal = UsageError(
            "whiten='pooled' needs columns that no linear combination makes constant, got "
            f"{len(rows)} pooled rows of {rows.shape[1]} columns with a singular covariance"
        )
        if constant_columns(rows).any():
            raise refusal
        scales = ColumnScales.robust(rows)
        scaled = scales(rows)
        shift = scaled.mean(axis=0)
        centred = scaled - shift
        # Scales are taken out first, so that units of measure cost no digits.
        deviations = centred.std(axis=0)
        _, sizes, axes = np.linalg.svd(
            np.linalg.qr(centred / deviations, mode="r"), full_matrices=False
        )
        if len(sizes) < rows.shape[1] or sizes[-1] <= SINGULAR * sizes[0]:
            raise refusal
        rounding = np.linalg.norm(scales.rounding(rows), axis=0) / deviations
        if sizes[-1] <= 2 * np.linalg.norm(axes[-1] * rounding):
            raise refusal
        matrix = (axes.T / sizes) * np.sqrt(len(rows)) / deviations[:, None]
        white = centred @ matrix
        moments = (white * np.square(white).sum(axis=1)[:, None]).T @ white
        rotation = np.linalg.eigh(moments)[1]
        skewness = np.power(white @ rotation, 3).sum(axis=0)
        return cls(scales, shift, matrix @ (rotation * np.where(skewness < 0, -1.0, 1.0)))

    def __call__(self, rows: Array) -> NDArray[np.float64]:
        """Return the rows (n, d) in the new coordinates."""
        return (self.scales(np.asarray(rows, dtype=np.float64)) - self.shift) @ self.matrix

    def error(self, rows: Array, *, inherits: bool = True) -> float:
        """Return how far a coordinate of these rows may be off by rounding, in the new coordinates.

        By that of the arithmetic, and, where it ``inherits``, by that of the rows themselves.
        """
        given = self.scales.rounding(rows).max(axis=0) * inherits
        taken = np.abs(self.scales(rows)).max(axis=0) + np.abs(self.shift)
        sizes = given + 2.0**-53 * (2 + rows.shape[1]) * taken
        return float((sizes @ np.abs(self.matrix)).max())


def whitened(samples: Pooled, by: Any) -> Pooled:
    """Bring two samples to mean 0 and covariance I, as ``whiten=`` asks for."""
    white = whitening(samples.given, by)
    error = white.error(samples.given, inherits=decimals(samples.given))
    name = by if isinstance(by, str) else "target"
    return Pooled.in_unit(white(samples.given), samples.given, samples.n, error, name)


def whitening(rows: Array, by: Any) -> Whitening:
    """Return the map that ``whiten=`` asks for: ``"pooled"``, of the pooled rows, or a target's.

    Examples
    --------
    >>> import numpy as np
    >>> rows = np.random.default_rng(0).standard_normal((100, 2)) @ [[1.0, 3.0], [0.0, 4.0]]
    >>> white = whitening(rows, "pooled")(rows)
    >>> bool(np.allclose(white.T @ white / 100, np.eye(2)))
    True
    """
    if isinstance(by, GaussianTarget | Gaussian | tuple | list):
        by = GaussianTarget.of(by)
        if by.dimension != rows.shape[1]:
            raise UsageError(
                f"whiten must be a target of as many columns as the samples ({rows.shape[1]}), "
                f"got one of {by.dimension}"
            )
        return Whitening.by_target(by)
    if isinstance(by, str) and by == "pooled":
        return Whitening.pooled(rows)
    raise UsageError(
        f"whiten must be None, 'pooled', a GaussianTarget or (mean, covariance), got {by!r}"
    )


def uncorrelated(pooled: Array) -> Array:
    """Return coordinates (N, r) of mean 0 and covariance I, r the rank of the centred rows."""
    pooled = pooled[:, ~constant_columns(pooled)]
    scales = ColumnScales.robust(pooled)
    centred = scales(pooled)
    centred -= centred.mean(axis=0)
    # Columns in units of their own first, or the rank would depend on the units.
    largest = np.abs(centred).max(axis=0)
    left, sizes, axes = np.linalg.svd(centred / largest, full_matrices=False)
    rounding = np.linalg.norm(scales.rounding(pooled), axis=0) / largest
    noise = 2 * np.linalg.norm(axes * rounding, axis=1)
    kept = sizes > np.maximum(max(centred.shape) * np.finfo(np.float64).eps * sizes[:1], noise)
    return left[:, kept] * np.sqrt(len(pooled))


def unit_covariance(pooled: Array) -> Array:
    """Bring rows (N, d) of full rank to mean 0 and covariance I, nothing drawn in or refused.

    The classical statistics are the same before and after.
    """
    centred = pooled - pooled.mean(axis=0)
    centred /= np.abs(centred).max(axis=0)
    _, sizes, axes = np.linalg.svd(np.linalg.qr(centred, mode="r"))
    return centred @ (axes.T / sizes) * np.sqrt(len(pooled))
