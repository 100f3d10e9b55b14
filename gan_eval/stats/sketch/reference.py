"""The reference of sketches: the coordinates, the kernel, and the pivots at which it is summed."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import solve_triangular

from gan_eval.runtime.arguments import level, one_of, positive_number
from gan_eval.runtime.errors import UsageError
from gan_eval.stats.kernels.kernels import KERNELS, median_bandwidth, some_rows
from gan_eval.stats.permutation.lowrank_path import RANK_LIMIT, SMOOTH
from gan_eval.stats.permutation.pivots import Pivots
from gan_eval.stats.samples import Array
from gan_eval.stats.sketch.kernel_values import KernelValues, entries_of
from gan_eval.stats.sketch.rows import names_of, read, require_finite

MOST_ROWS = 4096
"""Rows of a reference that are used, evenly in their lexicographic order."""

TOLERANCE = 1e-7
"""The mean share of k(x, x) that the pivots may leave unexplained in the reference."""

FEWEST_ROWS = 4

# A variance below this share of the largest is that of a combination of columns that is constant.
_SINGULAR = 1e-12


@dataclass(frozen=True, eq=False)
class Reference:
    """A choice of coordinates, kernel and pivots that sketches must share to add up.

    Attributes
    ----------
    kernel : str
    bandwidth : float
        In the whitened units.
    mean : ndarray, shape (d,)
    whitening : ndarray, shape (d, d)
        A row x is (x − mean) · whitening where the kernel is taken.
    pivots : ndarray, shape (rank, d)
        The points z, whitened, at which the kernel is summed.
    triangle : ndarray, shape (rank, rank)
        C, lower triangular, with k(z, z′) = CCᵀ.
    columns : tuple of str
        Their names; x1, x2, … where none were given.
    named : bool
        Whether they were given.
    sha256 : str
        Of the rows that were used.
    residual : float
        The mean of k(x, x) − ‖C⁻¹k(Z, x)‖² over a quarter of them, of pivots chosen from the
        other three: what other rows have to expect, and a little more. Rows that are far from all
        others can make most of it.
    """

    kernel: str
    bandwidth: float
    mean: Array = field(repr=False)
    whitening: Array = field(repr=False)
    pivots: Array = field(repr=False)
    triangle: Array = field(repr=False)
    columns: tuple[str, ...]
    named: bool
    sha256: str
    residual: float

    @classmethod
    def of(
        cls,
        rows: Any,
        kernel: str = "gaussian",
        bandwidth: float | str = "median",
        whiten: bool = True,
        tolerance: float = TOLERANCE,
    ) -> Reference:
        """Choose coordinates, bandwidth and pivots by some real rows.

        Parameters
        ----------
        rows : array of shape (n, d)
            Real rows that are in neither of the two sides: the kernel fits the rows that chose it
            better than others. Where they are all of a small side, equal distributions are told
            apart too often (64 rows of 30 columns: always); among very many rows it matters little.
            Up to ``MOST_ROWS`` (4096) are used.
        kernel : {"gaussian", "inverse_multiquadric", "rational_quadratic"}
            Of :func:`~gan_eval.stats.twosample.mmd.mmd_test`.
        bandwidth : float or "median"
            The median distance of the rows, as ``mmd_test`` has it.
        whiten : bool
            Bring the rows to mean 0 and covariance I first.
        tolerance : float
            Pivots are added until the mean residual of the rows, these alone, is at most this.

        Raises
        ------
        UsageError
            Also for a kernel, or rows of so many columns, that 1,024 pivots do not reach the
            tolerance.

        Examples
        --------
        >>> rows = np.random.default_rng(0).normal(size=(2000, 2))
        >>> Reference.of(rows).rank
        72
        """
        tolerance = level(tolerance, "`tolerance`")
        names = names_of(rows)
        table = read(rows, name="`reference`")
        require_finite(table, name="`reference`")
        if len(table) < FEWEST_ROWS:
            raise UsageError(f"`reference` must have at least {FEWEST_ROWS} rows, got {len(table)}")
        if kernel in KERNELS and kernel not in SMOOTH:
            raise UsageError(
                f"`kernel` must be one of {', '.join(SMOOTH)}, got {kernel!r}, which no sum at "
                "few points holds: `mmd_test(method='features')` on a sample of rows serves"
            )
        one_of(kernel, "`kernel`", SMOOTH)
        used = np.ascontiguousarray(some_rows(table, MOST_ROWS))
        mean = used.mean(axis=0)
        whitening = whitening_of(used - mean) if whiten else np.eye(used.shape[1])
        points = (used - mean) @ whitening
        if isinstance(bandwidth, str):
            one_of(bandwidth, "`bandwidth`", ("median",))
            width = median_bandwidth(points)
        else:
            width = positive_number(bandwidth, "`bandwidth`")
        factor = _pivots(points, kernel, width, np.arange(len(points)), tolerance)
        residual = factor.trace() / len(points)
        if residual > tolerance:
            raise UsageError(
                f"`reference` has {used.shape[1]} columns in which {factor.rank} points explain "
                f"all but {residual:.2g} of the {kernel} kernel, more than the tolerance of "
                f"{tolerance:g}: a larger `bandwidth` or `tolerance`, or "
                "`mmd_test(method='features')` on a sample of rows, serves"
            )
        made = cls(
            kernel,
            width,
            mean,
            whitening,
            np.ascontiguousarray(points[factor.rows]),
            factor.triangle,
            names or tuple(f"x{j + 1}" for j in range(used.shape[1])),
            names is not None,
            hashlib.sha256(used.astype("<f8").tobytes()).hexdigest(),
            residual,
        )
        # A row that is a pivot is explained by itself: others tell what pivots are good for.
        apart, chosen = np.split(
            np.random.default_rng(0).permutation(len(points)), [len(points) // 4]
        )
        part = _pivots(points, kernel, width, np.sort(chosen), tolerance)
        some = replace(made, pivots=points[part.rows], triangle=part.triangle)
        return replace(made, residual=float(some.residuals(some.features(used[apart])).mean()))

    @property
    def rank(self) -> int:
        """The number of pivots."""
        return len(self.pivots)

    @property
    def dimension(self) -> int:
        """The number of columns."""
        return len(self.mean)

    def features(self, rows: Array) -> Array:
        """Return k(x, z) of rows (n, d) at the pivots, shape (n, rank)."""
        values = self.kernel_values(len(rows))
        return values(rows)

    def kernel_values(self, most: int) -> KernelValues:
        """Return the function of up to ``most`` rows that gives their features."""
        return KernelValues(
            self.kernel, self.bandwidth, self.mean, self.whitening, self.pivots, most
        )

    @cached_property
    def inverse(self) -> Array:
        """C⁻¹, shape (rank, rank)."""
        return self.standardised(np.eye(self.rank)).T

    def standardised(self, sums: Array) -> Array:
        """Return C⁻¹ of sums (..., rank): in these coordinates the kernel is the inner product."""
        flat = sums.reshape(-1, self.rank).T
        found = solve_triangular(self.triangle, flat, lower=True, check_finite=False)
        return np.ascontiguousarray(found.T).reshape(sums.shape)

    def residuals(self, features: Array) -> Array:
        """Return k(x, x) − ‖C⁻¹k(Z, x)‖² of rows by their features (n, rank), shape (n,)."""
        standard = features @ self.inverse.T
        return np.maximum(1.0 - np.einsum("ij,ij->i", standard, standard), 0.0)

    def same_as(self, other: Reference) -> str | None:
        """Return the first thing in which another differs; None where sums of both add up."""
        for name in ("kernel", "bandwidth", "columns", "sha256"):
            if getattr(self, name) != getattr(other, name):
                return "reference" if name == "sha256" else name
        for name in ("mean", "whitening", "pivots"):
            if not np.array_equal(getattr(self, name), getattr(other, name)):
                return "whitening" if name != "pivots" else name
        return None


def _pivots(
    points: Array, kernel: str, width: float, candidates: NDArray[np.intp], tolerance: float
) -> Pivots:
    most = min(RANK_LIMIT, len(candidates))
    factor = Pivots(points, entries_of(kernel, width), candidates, most, compiled=False)
    factor.grow(RANK_LIMIT, tolerance * len(candidates))
    return factor


def whitening_of(centred: Array) -> Array:
    """Return the symmetric matrix that gives centred rows (n, d) covariance I, shape (d, d)."""
    values, axes = np.linalg.eigh(centred.T @ centred / len(centred))
    if not values[0] > _SINGULAR * values[-1]:
        raise UsageError(
            "`reference` has columns of which one, or a combination, is constant: leave it out, "
            "or take `whiten=False`"
        )
    return (axes / np.sqrt(values)) @ axes.T
