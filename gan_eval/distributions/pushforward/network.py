"""A generator as a map of points, with its derivatives: plain NumPy in float64."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gan_eval.distributions.gaussian import as_numbers
from gan_eval.runtime.arguments import one_of
from gan_eval.runtime.errors import UsageError

Array = NDArray[np.floating]
Activation = Literal["tanh", "relu", "leaky_relu"]

ACTIVATIONS: tuple[Activation, ...] = ("tanh", "relu", "leaky_relu")
LEAKY_SLOPE = 0.2
"""The slope of ``leaky_relu`` below 0."""

_BLOCK = 1_000_000
"""Numbers of the widest layer that are computed at once."""


@dataclass(frozen=True, eq=False)
class Network:
    """A multilayer perceptron, ``x = … act(act(z W₁ + b₁) W₂ + b₂) …``, its last layer linear.

    Parameters
    ----------
    layers : sequence of (weight, bias)
        Of shapes (inputs, outputs) and (outputs,); rows are multiplied from the left.
    activation : "tanh", "relu" or "leaky_relu"
        After each layer but the last.

    Raises
    ------
    UsageError
        Where the layers do not fit one another, or are not finite.

    Examples
    --------
    >>> fold = Network([([[1.0, -1.0]], [0.0, 0.0]), ([[1.0], [1.0]], [0.0])], "relu")
    >>> fold.values([[-2.0], [3.0]]).tolist()  # |z|
    [[2.0], [3.0]]
    """

    layers: tuple[tuple[Array, Array], ...]
    activation: Activation

    def __init__(
        self, layers: Sequence[tuple[ArrayLike, ArrayLike]], activation: str = "tanh"
    ) -> None:
        one_of(activation, "activation", ACTIVATIONS)
        object.__setattr__(self, "layers", _checked(layers))
        object.__setattr__(self, "activation", activation)

    @property
    def latent_size(self) -> int:
        """Coordinates of z."""
        return self.layers[0][0].shape[0]

    @property
    def dimension(self) -> int:
        """d, coordinates of x."""
        return self.layers[-1][0].shape[1]

    @property
    def linear(self) -> bool:
        """True where there is no hidden layer."""
        return len(self.layers) == 1

    def values(self, z: ArrayLike) -> Array:
        """Map points z (n, latent) to x (n, d)."""
        z = self._points(z)
        return np.concatenate([self._values(z[block]) for block in self._blocks(len(z))])

    def jacobians(self, z: ArrayLike) -> Array:
        """Compute ∂x_j/∂z_i at points z (n, latent), shape (n, latent, d).

        At a kink of relu the derivative from below.
        """
        z = self._points(z)
        return np.concatenate([self._jacobians(z[block]) for block in self._blocks(len(z))])

    def _points(self, z: ArrayLike) -> Array:
        z = np.asarray(z, dtype=np.float64)
        if z.ndim != 2 or z.shape[1] != self.latent_size:
            raise UsageError(f"points must have shape (n, {self.latent_size}), got {z.shape}")
        return z

    def _blocks(self, n: int) -> list[slice]:
        widest = max(weight.shape[1] for weight, _ in self.layers) * self.latent_size
        step = max(1, _BLOCK // widest)
        return [slice(start, start + step) for start in range(0, max(n, 1), step)]

    def _values(self, z: Array) -> Array:
        return forward(z, self.layers, self.activation)

    def _jacobians(self, z: Array) -> Array:
        weight, bias = self.layers[0]
        found = np.broadcast_to(weight, (len(z), *weight.shape))
        for following, shift in self.layers[1:]:
            before = z @ weight + bias
            z = activate(before, self.activation)
            found = (found * self._slope(before, z)[:, None]) @ following
            weight, bias = following, shift
        return np.array(found)

    def _slope(self, before: Array, after: Array) -> Array:
        if self.activation == "tanh":
            return 1 - after**2
        return np.where(before > 0, 1.0, self.slope_below)

    @property
    def slope_below(self) -> float:
        """The slope of the activation below 0: that of relu is 0."""
        return _slope_below(self.activation)


def forward(z: Array, layers: Sequence[tuple[Array, Array]], activation: Activation) -> Array:
    """Map points z (n, latent) to x (n, d); the numbers need not be finite.

    Examples
    --------
    >>> forward(np.array([[-2.0]]), [(np.eye(1), np.zeros(1)), (np.eye(1), np.ones(1))], "relu")
    array([[1.]])
    """
    for weight, bias in layers[:-1]:
        z = activate(z @ weight + bias, activation)
    weight, bias = layers[-1]
    return z @ weight + bias


def activate(before: Array, activation: Activation) -> Array:
    """Evaluate what stands between two layers."""
    if activation == "tanh":
        return np.tanh(before)
    if activation == "relu":
        return np.maximum(before, 0.0)
    return np.where(before > 0, before, LEAKY_SLOPE * before)


def _slope_below(activation: Activation) -> float:
    return LEAKY_SLOPE if activation == "leaky_relu" else 0.0


def _checked(layers: Any) -> tuple[tuple[Array, Array], ...]:
    """Copy layers, read-only, with their shapes and values checked."""
    found: list[tuple[Array, Array]] = []
    for number, layer in enumerate(layers, 1):
        try:
            weight, bias = layer
        except (TypeError, ValueError):
            raise UsageError(f"`layers`: layer {number} must be a pair (weight, bias)") from None
        weight, bias = as_numbers(weight, "weight"), as_numbers(bias, "bias")
        inputs = found[-1][0].shape[1] if found else None
        if weight.ndim != 2 or not weight.size or inputs not in (None, weight.shape[0]):
            raise UsageError(
                f"`layers`: the weight of layer {number} must have shape "
                f"({'latent' if inputs is None else inputs}, outputs), got {weight.shape}"
            )
        if bias.shape != weight.shape[1:]:
            raise UsageError(
                f"`layers`: the bias of layer {number} must have shape {weight.shape[1:]}, "
                f"got {bias.shape}"
            )
        if not (np.isfinite(weight).all() and np.isfinite(bias).all()):
            raise UsageError(f"`layers`: layer {number} must be finite")
        weight.flags.writeable = bias.flags.writeable = False
        found.append((weight, bias))
    if not found:
        raise UsageError("`layers` must hold one layer or more")
    return tuple(found)
