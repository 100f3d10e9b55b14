"""The truth: a Gaussian whose mean and covariance are known in closed form."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gan_eval.distributions.gaussian import Gaussian
from gan_eval.runtime.errors import UsageError

_LOG_2PI = float(np.log(2 * np.pi))


class GaussianTarget:
    """The law of ``x = z A + b`` with z ~ N(0, I_d): mean ``b``, covariance ``AᵀA``.

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
        A, b = _as_array("A", A), _as_array("b", b)
        if A.ndim != 2 or A.shape[0] != A.shape[1] or A.shape[0] == 0:
            raise UsageError(f"`A` must be a square matrix, got shape {A.shape}")
        if b.shape != (A.shape[1],):
            raise UsageError(
                f"`b` must have one entry a column of `A` ({A.shape[1]}), got shape {b.shape}"
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
        """The chapter's target: A = [[1, 2], [−0.1, 0.5]], b = [1, 2]."""
        return cls([[1.0, 2.0], [-0.1, 0.5]], [1.0, 2.0])

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
        """The target as a ``Gaussian``."""
        return Gaussian(self.b, self.A)

    def transform(self, z: ArrayLike) -> NDArray[np.floating]:
        """Standard normal rows (n, d) to rows of the target, ``z A + b``."""
        return np.asarray(z, dtype=np.float64) @ self.A + self.b

    def sample(self, n: int, rng: np.random.Generator | int) -> NDArray[np.floating]:
        """``n`` independent rows (n, d); ``rng`` is a generator or a seed."""
        return self.transform(np.random.default_rng(rng).standard_normal((n, self.dimension)))

    def whiten(self, x: ArrayLike) -> NDArray[np.floating]:
        """Rows (n, d) to (x − b) A⁻¹, which are N(0, I) when x follows the target."""
        return np.linalg.solve(self.A.T, (self._rows(x) - self.b).T).T

    def log_density(self, x: ArrayLike) -> NDArray[np.floating]:
        """ln p(x) in nats for rows (n, d), shape (n,)."""
        log_det = np.linalg.slogdet(self.A)[1]
        squares = (self.whiten(x) ** 2).sum(axis=-1)
        return -0.5 * (squares + self.dimension * _LOG_2PI) - log_det

    def score(self, x: ArrayLike) -> NDArray[np.floating]:
        """∇ₓ ln p(x) = −Σ⁻¹(x − b) for rows (n, d), shape (n, d)."""
        return -np.linalg.solve(self.A, self.whiten(x).T).T

    def _rows(self, x: ArrayLike) -> NDArray[np.floating]:
        x = np.asarray(x, dtype=np.float64)
        if x.ndim != 2 or x.shape[1] != self.dimension:
            raise UsageError(f"rows must have shape (n, {self.dimension}), got {x.shape}")
        return x


def _as_array(name: str, value: ArrayLike) -> NDArray[np.floating]:
    try:
        return np.array(value, dtype=np.float64)
    except (TypeError, ValueError):
        raise UsageError(f"`{name}` must be an array of numbers, got {value!r}") from None
