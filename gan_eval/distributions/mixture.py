"""A truth with several modes: a mixture of Gaussians, its density known."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gan_eval.distributions.gaussian import as_numbers, lengths
from gan_eval.distributions.modes import Modes, names_of
from gan_eval.distributions.target import GaussianTarget
from gan_eval.runtime.arguments import positive_number, random_generator, shown, whole_number
from gan_eval.runtime.errors import UsageError

Array = NDArray[np.floating]

_BLOCK = 2_000_000
"""Numbers that are whitened at once."""
_SUM = 1e-6
"""How far from 1 the sum of weights may be, which are then divided by it."""


class MixtureTarget:
    """A target with the density Σ_j w_j N(x; m_j, C_j) of k Gaussian components.

    Parameters
    ----------
    weights : array_like, shape (k,)
        Above 0; they add up to 1, to 1e-6.
    means : array_like, shape (k, d)
        Or (k,) where there is one coordinate.
    covariances : array_like, shape (k, d, d)
        Each positive definite; one matrix (d, d) is that of all components. Or (k,), variances,
        where there is one coordinate.
    names : sequence of k str, optional
        Of the components; by default their number and place, such as "mode 2 at (0.71, 0.71)".

    Attributes
    ----------
    weights, means, covariances : ndarray
        Of the shapes above, read-only.
    modes : Modes
        The same, with the names.

    Raises
    ------
    UsageError
        Where the shapes do not fit, or there is no such distribution.

    Examples
    --------
    >>> target = MixtureTarget([0.25, 0.75], [[0.0, 0.0], [4.0, 0.0]], np.eye(2))
    >>> target.mean, target.covariance
    (array([3., 0.]), array([[4., 0.],
           [0., 1.]]))
    >>> target.modes.names
    ('mode 1 at (0, 0)', 'mode 2 at (4, 0)')
    """

    weights: Array
    means: Array
    covariances: Array
    modes: Modes

    def __init__(
        self,
        weights: ArrayLike,
        means: ArrayLike,
        covariances: ArrayLike,
        names: Sequence[str] | None = None,
    ) -> None:
        self.weights = _weights(weights)
        self.means = _means(means, len(self.weights))
        matrices = _matrices(covariances, *self.means.shape)
        self._parts = tuple(
            _component(number, mean, matrix)
            for number, (mean, matrix) in enumerate(zip(self.means, matrices, strict=True), 1)
        )
        self.covariances = matrices
        factors = np.array([part.A for part in self._parts])
        self._inverses = np.linalg.inv(factors)
        self._constants = (
            np.log(self.weights)
            - np.log(np.abs(np.diagonal(factors, axis1=1, axis2=2))).sum(axis=1)
            - self.dimension / 2 * np.log(2 * np.pi)
        )
        for array in (self.weights, self.means, self.covariances):
            array.flags.writeable = False
        self.modes = Modes(self.weights, self.means, self.covariances, _names(names, self.means))

    @classmethod
    def ring(
        cls, modes: int = 8, radius: float = 1.0, standard_deviation: float = 0.01
    ) -> MixtureTarget:
        """Make equal round modes on a circle around 0 in the plane; by default ``ring8``.

        The first lies at (radius, 0), the others follow against the clock. Modes are lost on it
        by most generators, which is why papers show it (Srivastava et al. 2017, "VEEGAN", §5.1).

        Examples
        --------
        >>> MixtureTarget.ring()
        MixtureTarget of 8 components in 2 dimensions
        """
        modes = whole_number(modes, "modes", 1, 10_000)
        angles = 2 * np.pi * np.arange(modes) / modes
        circle = np.column_stack([np.cos(angles), np.sin(angles)])
        return cls._round(positive_number(radius, "radius") * circle, standard_deviation)

    @classmethod
    def grid(
        cls, side: int = 5, spacing: float = 2.0, standard_deviation: float = 0.05
    ) -> MixtureTarget:
        """Make equal round modes on a square grid around 0 in the plane; by default ``grid25``.

        The 5 × 5 modes of the default have centres −4, −2, 0, 2, 4 in both coordinates (Srivastava
        et al. 2017, "VEEGAN", §5.1).

        Examples
        --------
        >>> MixtureTarget.grid().means[[0, 1, -1]]
        array([[-4., -4.],
               [-4., -2.],
               [ 4.,  4.]])
        """
        side = whole_number(side, "side", 1, 100)
        steps = positive_number(spacing, "spacing") * (np.arange(side) - (side - 1) / 2)
        places = np.stack(np.meshgrid(steps, steps, indexing="ij"), axis=-1)
        return cls._round(places.reshape(-1, 2), standard_deviation)

    @classmethod
    def _round(cls, means: Array, standard_deviation: float) -> MixtureTarget:
        variance = positive_number(standard_deviation, "standard_deviation") ** 2
        return cls(np.full(len(means), 1 / len(means)), means, variance * np.eye(2))

    def __repr__(self) -> str:
        k, d = self.means.shape
        return (
            f"MixtureTarget of {k:,} component{'' if k == 1 else 's'} in {d:,} "
            f"dimension{'' if d == 1 else 's'}"
        )

    def __eq__(self, other: object) -> bool:
        return isinstance(other, MixtureTarget) and self._key == other._key

    def __hash__(self) -> int:
        return hash(self._key)

    @property
    def _key(self) -> tuple[object, ...]:
        # By value, so that what is remembered of a target serves a copy from another process.
        arrays = (self.weights, self.means, self.covariances)
        return (*(array.tobytes() for array in arrays), self.means.shape, self.modes.names)

    @property
    def dimension(self) -> int:
        """d, the number of coordinates."""
        return int(self.means.shape[1])

    @property
    def mean(self) -> Array:
        """Σ w_j m_j, shape (d,)."""
        return self.weights @ self.means

    @property
    def covariance(self) -> Array:
        """Σ w_j (C_j + (m_j − m)(m_j − m)ᵀ), m the mean, shape (d, d)."""
        apart = self.means - self.mean
        within = np.tensordot(self.weights, self.covariances, axes=1)
        return within + (self.weights[:, None] * apart).T @ apart

    def sample(self, n: int, rng: np.random.Generator | int) -> Array:
        """Draw ``n`` independent rows (n, d); ``rng`` is a seed or a generator.

        Examples
        --------
        >>> MixtureTarget.grid().sample(2, rng=0).round(2)
        array([[ 2.03, -3.99],
               [-2.03, -1.98]])
        """
        n, generator = whole_number(n, "n", 0), random_generator(rng)
        component = generator.choice(len(self.weights), size=n, p=self.weights)
        return self.transform(generator.standard_normal((n, self.dimension)), component)

    def transform(self, normal: ArrayLike, component: ArrayLike) -> Array:
        """Map standard normal rows (..., d) to rows of their components, of indices (...).

        Examples
        --------
        >>> MixtureTarget.ring().transform([[0.0, 0.0], [1.0, 0.0]], [0, 4]).round(2)
        array([[ 1.  ,  0.  ],
               [-0.99,  0.  ]])
        """
        normal, component = np.asarray(normal, dtype=np.float64), np.asarray(component)
        rows = np.empty_like(normal)
        for j, part in enumerate(self._parts):
            mine = component == j
            rows[mine] = part.transform(normal[mine])
        return rows

    def log_density(self, x: ArrayLike) -> Array:
        """Compute ln p(x) in nats for rows (n, d), shape (n,).

        Examples
        --------
        >>> MixtureTarget([0.5, 0.5], [-3.0, 3.0], [1.0, 1.0]).log_density([[3.0]]).round(3)
        array([-1.612])
        """
        return self._by_blocks(x, lambda white: _log_sum(self._joint(white)))

    def responsibilities(self, x: ArrayLike) -> Array:
        """Compute the probability of each component given each row (n, d), shape (n, k).

        Examples
        --------
        >>> MixtureTarget([0.5, 0.5], [-3.0, 3.0], [1.0, 1.0]).responsibilities([[0.0], [1.0]])
        array([[0.5       , 0.5       ],
               [0.00247262, 0.99752738]])
        """
        return self._by_blocks(x, self._shares)

    def mahalanobis(self, x: ArrayLike) -> Array:
        """Compute how many standard deviations rows (n, d) lie from each component, shape (n, k).

        Examples
        --------
        >>> MixtureTarget([0.5, 0.5], [-3.0, 3.0], [1.0, 4.0]).mahalanobis([[1.0]])
        array([[4., 1.]])
        """
        return self._by_blocks(x, lengths)

    def score(self, x: ArrayLike) -> Array:
        """Compute ∇ₓ ln p(x) = −Σ_j r_j(x) C_j⁻¹(x − m_j), r the responsibilities, (n, d)."""
        return self._by_blocks(
            x,
            lambda white: -np.einsum("nk,nki,kji->nj", self._shares(white), white, self._inverses),
        )

    def _by_blocks(self, x: ArrayLike, compute: Callable[[Array], Array]) -> Array:
        """Compute something of the rows as each component whitens them, (rows, k, d), by blocks."""
        rows = np.asarray(x, dtype=np.float64)
        if rows.ndim != 2 or rows.shape[1] != self.dimension:
            raise UsageError(f"rows must have shape (n, {self.dimension}), got {rows.shape}")
        step = max(1, _BLOCK // self.means.size)
        # One block of no rows gives no rows the right shape.
        return np.concatenate(
            [
                compute(self._white(rows[start : start + step]))
                for start in range(0, max(len(rows), 1), step)
            ]
        )

    def _white(self, rows: Array) -> Array:
        """Map rows (n, d) to (x − m_j) A_j⁻¹, with A_jᵀA_j = C_j, shape (n, k, d)."""
        return np.swapaxes(np.matmul(rows - self.means[:, None], self._inverses), 0, 1)

    def _joint(self, white: Array) -> Array:
        """Compute ln w_j + ln N(x; m_j, C_j), shape (n, k); −∞ where its square overflows."""
        with np.errstate(over="ignore"):
            return self._constants - 0.5 * (white**2).sum(axis=-1)

    def _shares(self, white: Array) -> Array:
        joint = self._joint(white)
        # Where each density is 0 in float64, the nearest component has the row.
        lost = np.isneginf(joint).all(axis=1)
        if lost.any():
            nearest = lengths(white[lost]).argmin(axis=1)
            joint[lost] = np.where(np.arange(joint.shape[1]) == nearest[:, None], 0.0, -np.inf)
        return np.exp(joint - _log_sum(joint)[:, None])


def as_mixture(target: GaussianTarget | MixtureTarget) -> MixtureTarget:
    """Take a target as a mixture; a Gaussian is one of one component.

    Examples
    --------
    >>> as_mixture(GaussianTarget.chapter())
    MixtureTarget of 1 component in 2 dimensions
    """
    if isinstance(target, GaussianTarget):
        return MixtureTarget([1.0], target.mean[None], target.covariance[None])
    return target


def _log_sum(joint: Array) -> Array:
    """Compute ln Σ_j exp of the columns, without overflow."""
    largest = joint.max(axis=1)
    # Where all are −∞, so is the sum.
    largest[np.isneginf(largest)] = 0.0
    with np.errstate(divide="ignore"):
        return largest + np.log(np.exp(joint - largest[:, None]).sum(axis=1))


def _weights(given: ArrayLike) -> Array:
    weights = as_numbers(given, "weights")
    if weights.ndim != 1 or not weights.size:
        raise UsageError(f"`weights` must have shape (components,), got {weights.shape}")
    if not (np.isfinite(weights).all() and (weights > 0).all()):
        raise UsageError(f"`weights` must be above 0 and finite, got {shown(weights.tolist())}")
    if abs(weights.sum() - 1) > _SUM:
        raise UsageError(f"`weights` must add up to 1, got {weights.sum():.6g}")
    # What is 1 but for rounding stays as it is, so that settings read back as the same target.
    return weights if abs(weights.sum() - 1) < 1e-12 else weights / weights.sum()


def _means(given: ArrayLike, k: int) -> Array:
    means = as_numbers(given, "means")
    if means.ndim == 1:
        means = means[:, None]
    if means.ndim != 2 or len(means) != k or not means.shape[1]:
        raise UsageError(
            f"`means` must have one row for each of the {k} weights, got shape {means.shape}"
        )
    if not np.isfinite(means).all():
        raise UsageError("`means` must be finite")
    return means


def _matrices(given: ArrayLike, k: int, d: int) -> Array:
    matrices = as_numbers(given, "covariances")
    if matrices.shape == (k,) and d == 1:
        matrices = matrices[:, None, None]
    elif matrices.shape == (d, d):
        matrices = np.repeat(matrices[None], k, axis=0)
    if matrices.shape != (k, d, d):
        raise UsageError(
            f"`covariances` must have shape ({k}, {d}, {d}), or ({d}, {d}) for all components, "
            f"got {matrices.shape}"
        )
    return matrices


def _component(number: int, mean: Array, covariance: Array) -> GaussianTarget:
    try:
        return GaussianTarget.from_moments(mean, covariance)
    except UsageError as error:
        raise UsageError(f"component {number} of a mixture: {error}") from None


def _names(given: Sequence[str] | None, means: Array) -> tuple[str, ...]:
    if given is None:
        return names_of(means)
    names = () if isinstance(given, str) else tuple(given)
    if len(names) != len(means) or not all(isinstance(name, str) and name for name in names):
        raise UsageError(
            f"`names` must be {len(means)} texts, one for each component, got {shown(given)}"
        )
    if len(set(names)) < len(names):
        raise UsageError(f"`names` must be different from one another, got {shown(given)}")
    return names
