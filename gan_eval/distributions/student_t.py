"""A truth with heavy tails: the multivariate Student t, its density known."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gan_eval.distributions.gaussian import lengths
from gan_eval.distributions.target import GaussianTarget
from gan_eval.runtime.arguments import positive_number, random_generator, whole_number
from gan_eval.runtime.errors import UsageError

Array = NDArray[np.floating]

_MOST = 1e6
"""Degrees of freedom beyond which no table of any size tells it from a Gaussian, and the
difference of ln Γ in its density loses digits."""


class StudentTTarget:
    """A target with the law of location + z √(ν/χ²_ν), z ~ N(0, scale).

    Parameters
    ----------
    degrees_of_freedom : float
        ν, above 0 and at most 1e6. Moments of order ν and more do not exist.
    location : array_like, shape (d,)
        The centre; the mean where ν > 1.
    scale : array_like, shape (d, d)
        Its scale matrix, positive definite. The covariance is ν / (ν − 2) of it where ν > 2.

    Raises
    ------
    UsageError
        Where the shapes do not fit, or there is no such distribution.

    References
    ----------
    S. Kotz, S. Nadarajah, "Multivariate t distributions and their applications", Cambridge 2004,
    eq. 1.1.

    Examples
    --------
    >>> target = StudentTTarget(4, [0.0, 1.0], [[1.0, 0.0], [0.0, 2.0]])
    >>> target.mean, target.covariance
    (array([0., 1.]), array([[2., 0.],
           [0., 4.]]))
    """

    degrees_of_freedom: float
    location: Array
    scale: Array

    def __init__(self, degrees_of_freedom: float, location: ArrayLike, scale: ArrayLike) -> None:
        self.degrees_of_freedom = positive_number(degrees_of_freedom, "degrees_of_freedom")
        if self.degrees_of_freedom > _MOST:
            raise UsageError(
                f"`degrees_of_freedom` must be at most {_MOST:g}, beyond which it is a Gaussian, "
                f"got {self.degrees_of_freedom:g}"
            )
        try:
            self._shape = GaussianTarget.from_moments(location, scale)
        except UsageError as error:
            sentence = str(error).replace("covariance", "scale").replace("mean", "location")
            raise UsageError(f"a Student t: {sentence}") from None
        self.location = self._shape.b
        self.scale = np.atleast_2d(np.array(scale, dtype=np.float64))
        self.scale.flags.writeable = False

    def __repr__(self) -> str:
        if self.dimension > 4:
            return (
                f"StudentTTarget with {self.degrees_of_freedom:g} degrees of freedom in "
                f"{self.dimension:,} dimensions"
            )
        return (
            f"StudentTTarget(degrees_of_freedom={self.degrees_of_freedom:g}, "
            f"location={self.location.tolist()}, scale={self.scale.tolist()})"
        )

    def __eq__(self, other: object) -> bool:
        return isinstance(other, StudentTTarget) and self._key == other._key

    def __hash__(self) -> int:
        return hash(self._key)

    @property
    def _key(self) -> tuple[object, ...]:
        # By value, so that what is remembered of a target serves a copy from another process.
        return self.degrees_of_freedom, self.location.tobytes(), self.scale.tobytes()

    @property
    def dimension(self) -> int:
        """d, the number of coordinates."""
        return self._shape.dimension

    @property
    def mean(self) -> Array:
        """The location, shape (d,); NaN where ν ≤ 1, which has no mean."""
        return self.location if self.degrees_of_freedom > 1 else np.full(self.dimension, np.nan)

    @property
    def covariance(self) -> Array:
        """ν / (ν − 2) of the scale, shape (d, d); NaN where ν ≤ 2, which has no covariance."""
        nu = self.degrees_of_freedom
        if nu <= 2:
            return np.full(self.scale.shape, np.nan)
        return self.scale * (nu / (nu - 2))

    def sample(self, n: int, rng: np.random.Generator | int) -> Array:
        """Draw ``n`` independent rows (n, d); ``rng`` is a seed or a generator.

        Examples
        --------
        >>> StudentTTarget(3, [0.0], [[1.0]]).sample(3, rng=0).shape
        (3, 1)
        """
        n, generator = whole_number(n, "n", 0), random_generator(rng)
        normal = generator.standard_normal((n, self.dimension))
        spread = generator.chisquare(self.degrees_of_freedom, size=(n, 1))
        return self._shape.transform(normal * np.sqrt(self.degrees_of_freedom / spread))

    def log_density(self, x: ArrayLike) -> Array:
        """Compute ln p(x) in nats for rows (n, d), shape (n,).

        Examples
        --------
        >>> StudentTTarget(1, [0.0], [[1.0]]).log_density([[0.0]]).round(4)  # Cauchy: ln 1/π
        array([-1.1447])
        """
        nu, d = self.degrees_of_freedom, self.dimension
        constant = math.lgamma((nu + d) / 2) - math.lgamma(nu / 2) - d / 2 * math.log(nu * math.pi)
        log_det = np.linalg.slogdet(self._shape.A)[1]
        with np.errstate(divide="ignore"):  # at the location
            squares = 2 * np.log(lengths(self._shape.whiten(x)) / math.sqrt(nu))
        # ln(1 + m²/ν), where m² may be beyond what float64 holds.
        return constant - log_det - (nu + d) / 2 * np.logaddexp(0.0, squares)

    def score(self, x: ArrayLike) -> Array:
        """Compute ∇ₓ ln p(x) = −(ν + d) / (ν + m²) scale⁻¹(x − location), shape (n, d); m is the
        distance of the row from the location in units of the scale."""
        nu = self.degrees_of_freedom
        with np.errstate(over="ignore"):  # it is 0 there
            squares = lengths(self._shape.whiten(x)) ** 2
        return ((nu + self.dimension) / (nu + squares))[:, None] * self._shape.score(x)
