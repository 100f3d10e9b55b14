"""Coordinates in which no unit counts: columns scaled, rows whitened, and Gaussians fitted in them.

Before anything is squared, values are brought to a size near 1 by powers of two, which round
nothing. Centres and sizes are medians, so that a single value, however far off, neither moves nor
squeezes the others; and they depend on the set of pooled rows alone, as permutation asks.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.distance import pdist

from gan_eval.distributions.gaussian import Gaussian
from gan_eval.distributions.target import GaussianTarget
from gan_eval.runtime.arguments import shown
from gan_eval.runtime.errors import CannotTestError, UsageError
from gan_eval.stats import samples

Array = NDArray[np.float64]

# Values so many typical deviations off are drawn in, to KNEE … 2 KNEE of them, where they are at
# most a share RARE of their column: codes for what is missing, or slips of a unit.
FAR, KNEE, RARE = 1024.0, 32.0, 0.05
# Rows this near to each other in whitened coordinates cannot be told apart; of so many rows.
SQUEEZED = 1e-6
SOME_ROWS = 256
# A smallest singular value of the scaled rows below this share of the largest counts as 0.
SINGULAR = 1e-8
# What is left of a column that depends on others, relative to the size of its values.
_ROUNDING = 32 * np.finfo(np.float64).eps


def constant_columns(rows: Array) -> NDArray[np.bool_]:
    """Tell which columns of rows (n, d) are the same in every row but for rounding, shape (d,).

    Examples
    --------
    >>> import numpy as np
    >>> constant_columns(np.array([[0.1 + 0.2, 1.0], [0.3, 2.0]])).tolist()
    [True, False]
    """
    return np.ptp(rows, axis=0) <= samples.ROUNDING_ULPS * np.spacing(np.abs(rows).max(axis=0))


def squeezed(white: Array, given: Array) -> bool:
    """Tell whether whitening has left rows that differ as given, (N, d), in one point but for
    rounding.

    That is where rows lie so far from each other that others have no digits left, or where rows of
    rounding have left no column at all.
    """
    return nearest_rows(white, given) < SQUEEZED


def nearest_rows(rows: Array, given: Array) -> float:
    """Return the least distance between two rows (N, d) whose ``given`` rows differ, among some of
    them.

    It is the largest difference of a coordinate; infinite where no rows differ.
    """
    some = slice(None, None, -(-len(rows) // SOME_ROWS))
    pairs = differing_pairs(given[some])
    if not rows.shape[1]:
        return 0.0 if pairs.any() else np.inf
    return float(pdist(rows[some], "chebyshev")[pairs].min(initial=np.inf))


def differing_pairs(rows: Array) -> NDArray[np.bool_]:
    """Tell whether rows i < j of (k, d) differ, for each pair in the order of ``pdist``."""
    first, second = np.triu_indices(len(rows), 1)
    return (rows[first] != rows[second]).any(axis=1)


@dataclass(frozen=True, eq=False)
class ColumnScales:
    """The map of rows (n, d) to columns about 0 that vary by about 1.

    Attributes
    ----------
    centre : ndarray, shape (d,)
        Taken off first.
    exponents : ndarray of int, shape (d,)
        Columns are then divided by 2 to these powers.
    knees : ndarray, shape (d,)
        Values t beyond ± the knee k are drawn in, to ±(2k − k² / |t|), the order kept; infinite
        for a column without rare, far values (``FAR``, ``RARE``).
    """

    centre: Array
    exponents: samples.Exponents
    knees: Array

    @classmethod
    def of(cls, rows: Array) -> ColumnScales:
        """Take the map that these rows define, in which nothing is drawn in."""
        centre, typical = samples.typical_deviations(rows)
        largest = np.abs(rows - centre).max(axis=0)
        return cls(centre, samples.exponents_of(typical, largest), np.full(rows.shape[1], np.inf))

    @classmethod
    def robust(cls, rows: Array) -> ColumnScales:
        """Take the map that these rows define, in which rare values far off are drawn in."""
        centre, typical = samples.typical_deviations(rows)
        apart = np.abs(rows - centre)
        far = np.count_nonzero(apart > FAR * typical, axis=0)
        drawn_in = (far > 0) & (far <= max(1.0, RARE * len(rows)))
        # Where far values are drawn in, they need no room.
        exponents = samples.exponents_of(typical, np.where(drawn_in, 0.0, apart.max(axis=0)))
        knees = np.where(drawn_in, KNEE * np.ldexp(typical, -exponents), np.inf)
        return cls(centre, exponents, knees)

    def rounding(self, rows: Array) -> Array:
        """Return one unit in the last place of each value (n, d), in the new units."""
        far, _, beyond = self._beyond(np.abs(self.linear(rows)))
        units = np.ldexp(np.spacing(np.abs(rows)), -self.exponents)
        return np.where(far, np.finfo(np.float64).eps * beyond, units)

    def linear(self, rows: Array) -> Array:
        """Return the rows centred and divided, and nothing drawn in."""
        return np.ldexp(rows - self.centre, -self.exponents)

    def __call__(self, rows: Array) -> Array:
        scaled = self.linear(rows)
        far, knees, beyond = self._beyond(np.abs(scaled))
        return np.where(far, np.copysign(2 * knees - beyond, scaled), scaled)

    def _beyond(self, size: Array) -> tuple[NDArray[np.bool_], Array, Array]:
        """Tell which sizes |t| lie beyond their knees k, with k and k² / |t| of these."""
        far = size > self.knees
        knees = np.where(far, self.knees, 1.0)
        return far, knees, knees * (knees / np.where(far, size, 1.0))


def target_units(target: GaussianTarget) -> tuple[ColumnScales, Gaussian]:
    """Measure columns about the target's mean in units of its size, and the target's law in
    them."""
    exponents, centre = np.frexp(np.abs(target.A).max(axis=0))[1], np.asarray(target.b, np.float64)
    scales = ColumnScales(centre, exponents, np.full(target.dimension, np.inf))
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
        triangle = np.linalg.qr(centred / deviations, mode="r")
        _, sizes, axes = np.linalg.svd(triangle, full_matrices=False)
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


def whitened(x: Any, y: Any, by: Any) -> samples.Pooled:
    """Read two samples, and bring them to mean 0 and covariance I as ``whiten=`` asks for.

    A target fixes their origin.
    """
    pooled = samples.Pooled.of(x, y, None if isinstance(by, str) else samples.TARGET)
    white = whitening(pooled.given, by)
    error = white.error(pooled.given, inherits=samples.decimals(pooled.given))
    name = by if isinstance(by, str) else "target"
    return samples.Pooled.in_unit(white(pooled.given), pooled.given, pooled.n, error, name)


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


def fit(x: Array, name: str, scales: ColumnScales) -> Gaussian:
    """Return the maximum-likelihood Gaussian of x (n, d) in these units, held by centred rows over
    √n.

    Raises ``UsageError`` where n ≤ d or where the sample covariance is singular but for the
    rounding of the values as they were given.
    """
    n, d = x.shape
    if n <= d:
        raise UsageError(
            f"{name} must have more rows than columns for a test of its covariance, "
            f"got {n} rows and {d} columns"
        )
    require_variation(constant_columns(x), name)
    law = Gaussian.fit(scales(x))
    require_full_rank(law, np.linalg.norm(scales.rounding(x), axis=0), name)
    return law


class ConstantColumnError(UsageError):
    """A sample is the same in all rows of a column, the ``place``-th from 0."""

    def __init__(self, sample: str, place: int, columns: Sequence[str] | None = None) -> None:
        self.sample, self.place, self._columns = sample, place, columns
        column = f"x{place + 1}" if columns is None else columns[place]
        super().__init__(f"{sample} must vary in every column, got constant column {shown(column)}")

    def __reduce__(self) -> tuple[type, tuple[str, int, Sequence[str] | None]]:
        # As it goes from one process to another.
        return type(self), (self.sample, self.place, self._columns)


@contextmanager
def naming(columns: Sequence[str]) -> Iterator[None]:
    """Call a constant column by its name."""
    try:
        yield
    except ConstantColumnError as error:
        raise ConstantColumnError(error.sample, error.place, columns) from None


def require_variation(constant: NDArray[np.bool_], name: str) -> None:
    """Raise ``ConstantColumnError`` where one of these columns (d,) is constant."""
    if constant.any():
        raise ConstantColumnError(name, int(constant.argmax()))


def require_full_rank(law: Gaussian, rounding: Array, name: str) -> None:
    """Raise ``UsageError`` where the columns of the law's factor are linearly dependent.

    ``rounding`` (d,) is the length of each column of the rows' last places: the rounding of what
    was given looks like spread.
    """
    rows, d = law.factor.shape
    spreads = np.abs(law.factor).max(axis=0)
    if not (spreads > np.finfo(np.float64).tiny).all():
        raise CannotTestError(
            f"the covariance of {name} cannot be tested: a column varies by less than 1e-300 of "
            "its variation in the other sample"
        )
    norms = spreads * np.linalg.norm(law.factor / spreads, axis=0)
    _, values, axes = np.linalg.svd(law.square_factor / norms)
    noise = np.linalg.norm(axes[-1] * rounding / norms) / np.sqrt(rows)
    if values[-1] <= max(_ROUNDING * d, 2 * noise):
        raise UsageError(
            f"{name} must have a covariance of full rank, got columns that are linearly dependent"
        )
