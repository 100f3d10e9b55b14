"""The law of generated points x = G(z), z ~ N(0, I): sampled, its density, and against a target."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gan_eval.distributions.mixture import MixtureTarget, as_mixture
from gan_eval.distributions.protocol import TargetLike, as_target
from gan_eval.distributions.pushforward.measures import LARGEST, SCALARS, ComputedMeasures
from gan_eval.distributions.pushforward.network import Activation, Network
from gan_eval.distributions.target import GaussianTarget
from gan_eval.runtime.arguments import positive_number, random_generator, whole_number
from gan_eval.runtime.errors import CannotComputeError, UsageError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Array = NDArray[np.floating]

_NODES = {1: 4000, 2: 400}
"""Nodes along each coordinate of z for the moments of a curved generator."""
_ROWS = 1_000_000
"""Rows for the moments where z has more coordinates."""
_TOLERANCE = 1e-7
"""The default aim for every error, by pieces."""
_REACH = 9.0
"""Beyond it normal noise has a mass of 1e-18."""


class Pushforward:
    """The distribution of what a generator makes of standard normal noise.

    Parameters
    ----------
    layers : sequence of (weight, bias)
        Of shapes (inputs, outputs) and (outputs,), as :class:`Network` takes them; one layer is a
        linear generator.
    activation : "tanh", "relu" or "leaky_relu" (slope 0.2)
        After each layer but the last.

    Raises
    ------
    UsageError
        Where the layers do not fit one another, or are not finite.

    Examples
    --------
    >>> import gan_eval as ge
    >>> target = ge.GaussianTarget.chapter()
    >>> truth = Pushforward([(target.A, target.b)]).against(target)
    >>> round(abs(truth.kl), 6), truth.modes_found
    (0.0, 1)
    """

    network: Network

    def __init__(
        self, layers: Sequence[tuple[ArrayLike, ArrayLike]], activation: Activation = "tanh"
    ) -> None:
        self.network = Network(layers, activation)

    def __repr__(self) -> str:
        widths = " → ".join(
            str(size)
            for size in (self.latent_size, *(len(bias) for _, bias in self.network.layers))
        )
        kind = "linear" if self.network.linear else self.network.activation
        return f"Pushforward of a {kind} generator {widths}"

    @property
    def layers(self) -> tuple[tuple[Array, Array], ...]:
        """The layers (weight, bias), read-only."""
        return self.network.layers

    @property
    def activation(self) -> Activation:
        """The activation of the hidden layers."""
        return self.network.activation

    @property
    def dimension(self) -> int:
        """d, the number of coordinates of generated points."""
        return self.network.dimension

    @property
    def latent_size(self) -> int:
        """The number of coordinates of the noise."""
        return self.network.latent_size

    def sample(self, n: int, rng: np.random.Generator | int) -> Array:
        """Draw ``n`` independent generated points (n, d); ``rng`` is a seed or a generator.

        Examples
        --------
        >>> Pushforward([([[2.0]], [1.0])]).sample(2, rng=0).round(3)
        array([[1.251],
               [0.736]])
        """
        n = whole_number(n, "n", 0)
        noise = random_generator(rng).standard_normal((n, self.latent_size))
        return self.network.values(noise)

    @property
    def mean(self) -> Array:
        """E x, shape (d,); exact for a linear generator, and for relu and leaky relu from the plane
        to the plane; else to about 1e-5 of the deviations."""
        return self._moments[0]

    @property
    def covariance(self) -> Array:
        """The covariance of x, shape (d, d), as exact as the mean."""
        return self._moments[1]

    @cached_property
    def _moments(self) -> tuple[Array, Array]:
        if self.network.linear:
            weight, bias = self.layers[0]
            return bias, weight.T @ weight
        if self._by_pieces and (self.latent_size, self.dimension) == (2, 2):
            from gan_eval.distributions.pushforward.by_pieces.moments import moments

            return moments(self.network)
        x, mass = self._nodes()
        mean = mass @ x
        apart = x - mean
        return mean, (mass[:, None] * apart).T @ apart

    def _nodes(self) -> tuple[Array, Array]:
        """Points x (n, d) with masses (n,) that stand for the law's moments."""
        latent = self.latent_size
        if latent not in _NODES:
            return self.sample(_ROWS, 0), np.full(_ROWS, 1 / _ROWS)
        count = _NODES[latent]
        line = _REACH * (2 * (np.arange(count) + 0.5) / count - 1)
        mass = np.exp(-(line**2) / 2)
        grids = np.meshgrid(*[line] * latent, indexing="ij")
        masses = np.prod(np.meshgrid(*[mass / mass.sum()] * latent, indexing="ij"), axis=0)
        return self.network.values(np.column_stack([g.ravel() for g in grids])), masses.ravel()

    def log_density(self, x: ArrayLike) -> Array:
        """Compute ln q(x) in nats at rows (n, 2), shape (n,): −∞ where no point can be.

        The sum of the normal density over |det J| at all z that map to x; mass on lines and points,
        which relu may make, has no density and is left out.

        Raises
        ------
        UsageError
            Where noise or points have another number of coordinates than 2.
        """
        x = np.asarray(x, dtype=np.float64)
        if x.ndim != 2 or x.shape[1] != self.dimension:
            raise UsageError(f"rows must have shape (n, {self.dimension}), got {x.shape}")
        if self.network.linear and self.latent_size == self.dimension:
            return GaussianTarget(*self.layers[0]).log_density(x)
        self._require_plane()
        if self._by_pieces:
            from gan_eval.distributions.pushforward.by_pieces.pieces import log_density
        else:
            from gan_eval.distributions.pushforward.by_mesh.law import log_density
        return log_density(self.network, x)

    def against(self, target: TargetLike, *, tolerance: float | None = None) -> ComputedMeasures:
        """Compute how far the law is from a target, and the mass of each of its modes.

        Parameters
        ----------
        target : Target
            A Gaussian or a :class:`~gan_eval.MixtureTarget` in the plane.
        tolerance : float, optional
            The error that is aimed at: by default 1e-7, and 1e-4 for tanh, whose work is limited to
            some seconds, more where it is smaller. The errors that were reached stand in the
            result; what could not be computed within the limit is NaN, with an infinite error.

        Raises
        ------
        UsageError
            Where noise or points have another number of coordinates than 2, or the target is of
            another kind.
        CannotComputeError
            A UsageError, too: where sizes of the points and of the target's modes are more than
            1e60 apart, or so far that some measure has no number.
        """
        truth = _mixture(target)
        if tolerance is not None:
            tolerance = positive_number(tolerance, "tolerance")
        self._require_plane()
        if truth.dimension != self.dimension:
            raise UsageError(
                f"`target` must have {self.dimension} coordinates as the generated points, "
                f"got {truth.dimension}"
            )
        self._require_size(truth)
        if self._by_pieces:
            from gan_eval.distributions.pushforward.by_pieces.pieces import against

            aimed = tolerance or _TOLERANCE
        else:
            from gan_eval.distributions.pushforward.by_mesh.law import TOLERANCE, against

            aimed = tolerance or TOLERANCE
        # Densities of 1e308 and above have no number; what must not be said to be one is told.
        with np.errstate(over="ignore", invalid="ignore"):
            found = against(self.network, truth, aimed)
        unsaid = [name for name in SCALARS if np.isfinite(found.errors[name])]
        if lost := [name for name in unsaid if np.isnan(getattr(found, name))]:
            raise CannotComputeError(
                f"the arithmetic ends before {', '.join(lost)}: sizes of the generated points and "
                f"of the target's modes are too far apart"
            )
        return found

    def plot(self, target: TargetLike | None = None) -> Figure:
        """Draw the density, beside the target's where one is given, and the pushed-forward mesh."""
        from gan_eval.plots.pushforward.figure import figure

        return figure(self, target)

    @property
    def _by_pieces(self) -> bool:
        return self.network.linear or self.activation != "tanh"

    def _require_size(self, target: MixtureTarget) -> None:
        """Refuse points so far off that squares of squares of their distances are no numbers."""
        size = np.full(self.latent_size, _REACH)
        with np.errstate(over="ignore"):
            for weight, bias in self.layers:
                size = size @ np.abs(weight) + np.abs(bias)
        deviation = np.sqrt(np.linalg.eigvalsh(target.covariances).min())
        if not size.max() < LARGEST * deviation:
            raise CannotComputeError(
                f"generated points may lie {size.max():.0g} off, and the target's modes are "
                f"{deviation:.1g} wide: distances are computed up to {LARGEST:.0g} times that"
            )

    def _require_plane(self) -> None:
        if (self.latent_size, self.dimension) != (2, 2):
            raise UsageError(
                f"the density of generated points is computed from 2 coordinates of noise to 2 of "
                f"points, and this generator maps {self.latent_size} to {self.dimension}: judge it "
                f"by samples (`sample`, `gan_eval.judge`)"
            )


def _mixture(target: TargetLike) -> MixtureTarget:
    """Take a target as a mixture; a Gaussian is one of one component."""
    truth = as_target(target)
    if isinstance(truth, GaussianTarget | MixtureTarget):
        return as_mixture(truth)
    raise UsageError(
        f"`target` must be a Gaussian or a MixtureTarget, got a {type(truth).__name__}: judge "
        f"by samples against it"
    )
