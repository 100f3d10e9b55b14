"""The truth: a Gaussian whose mean and covariance are known, and how a user may give it."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gan_eval.distributions.gaussian import Gaussian, GaussianLike, as_numbers
from gan_eval.runtime.arguments import random_generator, whole_number
from gan_eval.runtime.errors import UsageError

_LOG_2PI = float(np.log(2 * np.pi))


class GaussianTarget:
    """A target: the distribution of ``x = z A + b`` with z ~ N(0, I_d), N(b, AᵀA).

    Parameters
    ----------
    A : array_like, shape (d, d)
        Any full-rank matrix; rows are multiplied from the left, as in the chapter.
    b : array_like, shape (d,)

    Raises
    ------
    UsageError
        Where ``A`` is not square, does not fit ``b``, is singular to working precision, or where
        either has a value that is not finite.

    Notes
    -----
    Log-density and score solve with A itself, never with AᵀA, whose condition number is squared.

    Examples
    --------
    >>> target = GaussianTarget.chapter()
    >>> target.mean, target.covariance
    (array([1., 2.]), array([[1.01, 1.95],
           [1.95, 4.25]]))
    """

    A: NDArray[np.floating]
    b: NDArray[np.floating]

    def __init__(self, A: ArrayLike, b: ArrayLike) -> None:
        A, b = as_numbers(A, "A"), as_numbers(b, "b")
        if A.ndim != 2 or A.shape[0] != A.shape[1] or A.shape[0] == 0:
            raise UsageError(f"`A` must be a square matrix, got shape {A.shape}")
        if b.shape != (A.shape[1],):
            raise UsageError(
                f"`b` must have one entry per column of `A` ({A.shape[1]}), got shape {b.shape}"
            )
        for name, value in (("A", A), ("b", b)):
            if not np.isfinite(value).all():
                raise UsageError(f"`{name}` must be finite, got {value.tolist()}")
        scales = np.linalg.svd(A, compute_uv=False)
        if scales[-1] <= scales[0] * A.shape[0] * np.finfo(np.float64).eps:
            raise UsageError(
                f"`A` must have full rank, got a singular matrix {A.tolist()} "
                f"(its singular values run from {scales[0]:.3g} to {scales[-1]:.3g})"
            )
        A.flags.writeable = b.flags.writeable = False
        self.A, self.b = A, b

    @classmethod
    def chapter(cls) -> GaussianTarget:
        """Make the chapter's target: A = [[1, 2], [−0.1, 0.5]], b = [1, 2]."""
        return cls([[1.0, 2.0], [-0.1, 0.5]], [1.0, 2.0])

    @classmethod
    def from_moments(cls, mean: ArrayLike, covariance: ArrayLike) -> GaussianTarget:
        """Make the target with this mean (d,) and positive definite covariance (d, d).

        A covariance has many factors A with AᵀA = Σ, which differ by a rotation of z and describe
        the same distribution. Here A is Cholesky's: upper triangular, its diagonal positive.
        Two numbers make a target of one coordinate.

        Raises
        ------
        UsageError
            Where the shapes do not fit, or the covariance is not symmetric (to 1e-8 of the
            deviations' product), not positive definite, or singular to working precision.

        Examples
        --------
        >>> GaussianTarget.from_moments([1.0, 2.0], [[4.0, 2.0], [2.0, 2.0]])
        GaussianTarget(A=[[2.0, 1.0], [0.0, 1.0]], b=[1.0, 2.0])
        """
        mean = np.atleast_1d(as_numbers(mean, "mean"))
        covariance = np.atleast_2d(as_numbers(covariance, "covariance"))
        return cls.of(Gaussian.from_moments(mean, covariance))

    @classmethod
    def fit(cls, rows: ArrayLike) -> GaussianTarget:
        """Fit a target to rows (n, d), n > d, by maximum likelihood: a covariance with 1/n.

        That is :meth:`Gaussian.fit`; A is Cholesky's, found from the centred rows by QR, so that
        nothing is squared. A test of the very rows that a target was fitted to is no test: keep
        other rows for it.

        Raises
        ------
        UsageError
            Where the rows have another shape, are not finite, or lie in fewer than d directions.

        Examples
        --------
        >>> rows = GaussianTarget.chapter().sample(10_000, rng=0)
        >>> GaussianTarget.fit(rows).mean.round(1)
        array([1., 2.])
        """
        rows = as_numbers(rows, "rows")
        if rows.ndim != 2 or not 0 < rows.shape[1] < len(rows):
            raise UsageError(f"a target is fitted to rows of shape (n > d, d), got {rows.shape}")
        return cls.of(Gaussian.fit(rows))

    @classmethod
    def of(cls, value: GaussianLike) -> GaussianTarget:
        """Take a target, a :class:`Gaussian` or a pair (mean, covariance) as a target.

        Everything that takes a target takes these. Raises ``UsageError`` for anything else, and
        where they have no density.
        """
        if isinstance(value, GaussianTarget):
            return value
        law = Gaussian.of(value, "target")
        if law.mean.ndim != 1 or law.factor.ndim != 2:
            raise UsageError(f"a target is one distribution, got a stack {law.mean.shape[:-1]}")
        if not (np.isfinite(law.mean).all() and np.isfinite(law.factor).all()):
            raise UsageError("a target needs a mean and a covariance that are finite")
        upper = np.linalg.qr(law.square_factor, mode="r")
        upper *= np.where(np.diagonal(upper) < 0, -1.0, 1.0)[:, None]
        try:
            return cls(upper, law.mean)
        except UsageError:
            raise UsageError(
                "a target needs a covariance of full rank, got one that is singular to working "
                "precision"
            ) from None

    def __repr__(self) -> str:
        return f"GaussianTarget(A={self.A.tolist()}, b={self.b.tolist()})"

    @property
    def dimension(self) -> int:
        """d, the number of coordinates."""
        return self.b.size

    @property
    def mean(self) -> NDArray[np.floating]:
        """``b``, shape (d,)."""
        return self.b

    @property
    def covariance(self) -> NDArray[np.floating]:
        """``AᵀA``, shape (d, d)."""
        return self.A.T @ self.A

    @property
    def law(self) -> Gaussian:
        """The target as a :class:`Gaussian`."""
        return Gaussian(self.b, self.A)

    def transform(self, z: ArrayLike) -> NDArray[np.floating]:
        """Map standard normal rows (n, d) to rows of the target, ``z A + b``."""
        return np.asarray(z, dtype=np.float64) @ self.A + self.b

    def sample(self, n: int, rng: np.random.Generator | int) -> NDArray[np.floating]:
        """Draw ``n`` independent rows (n, d); ``rng`` is a seed or a generator.

        Examples
        --------
        >>> GaussianTarget.chapter().sample(2, rng=0).round(3)
        array([[1.139, 2.185],
               [1.63 , 3.333]])
        """
        n = whole_number(n, "n", 0)
        return self.transform(random_generator(rng).standard_normal((n, self.dimension)))

    def whiten(self, x: ArrayLike) -> NDArray[np.floating]:
        """Map rows (n, d) to (x − b) A⁻¹, which are N(0, I) when x follows the target."""
        x = np.asarray(x, dtype=np.float64)
        if x.ndim != 2 or x.shape[1] != self.dimension:
            raise UsageError(f"rows must have shape (n, {self.dimension}), got {x.shape}")
        return np.linalg.solve(self.A.T, (x - self.b).T).T

    def log_density(self, x: ArrayLike) -> NDArray[np.floating]:
        """Compute ln p(x) in nats for rows (n, d), shape (n,)."""
        log_det = np.linalg.slogdet(self.A)[1]
        squares = (self.whiten(x) ** 2).sum(axis=-1)
        return -0.5 * (squares + self.dimension * _LOG_2PI) - log_det

    def score(self, x: ArrayLike) -> NDArray[np.floating]:
        """Compute ∇ₓ ln p(x) = −Σ⁻¹(x − b) for rows (n, d), shape (n, d)."""
        return -np.linalg.solve(self.A, self.whiten(x).T).T
