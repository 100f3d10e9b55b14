"""A generator as a map of points, held against a plain loop and finite differences."""

from __future__ import annotations

import numpy as np
import pytest

from gan_eval.distributions.pushforward.network import ACTIVATIONS, LEAKY_SLOPE, Network
from gan_eval.runtime.errors import UsageError
from tests.distributions.pushforward.generators import layers_of

FUNCTIONS = {
    "tanh": np.tanh,
    "relu": lambda h: np.maximum(h, 0),
    "leaky_relu": lambda h: np.where(h > 0, h, LEAKY_SLOPE * h),
}


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("sizes", [(2, 2), (3, 5, 4), (2, 7, 6, 2), (1, 3, 1)])
def test_values_are_those_of_the_loop(activation: str, sizes: tuple[int, ...]) -> None:
    layers = layers_of(sizes, 3)
    network = Network(layers, activation)
    z = np.random.default_rng(0).standard_normal((50, sizes[0]))
    x = z
    for weight, bias in layers[:-1]:
        x = FUNCTIONS[activation](x @ weight + bias)
    np.testing.assert_allclose(network.values(z), x @ layers[-1][0] + layers[-1][1], rtol=1e-13)


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("sizes", [(2, 2), (3, 5, 4), (2, 7, 6, 2)])
def test_jacobians_are_slopes(activation: str, sizes: tuple[int, ...]) -> None:
    network = Network(layers_of(sizes, 5), activation)
    z = np.random.default_rng(1).standard_normal((20, sizes[0]))
    step = 1e-6
    found = network.jacobians(z)
    for i in range(sizes[0]):
        shift = step * np.eye(sizes[0])[i]
        slope = (network.values(z + shift) - network.values(z - shift)) / (2 * step)
        np.testing.assert_allclose(found[:, i], slope, atol=1e-6)


@pytest.mark.parametrize(
    "layers",
    [
        [],
        [([[1.0]], [0.0, 1.0])],
        [([1.0], [0.0])],
        [([[np.nan]], [0.0])],
        [([[1.0]], [0.0]), ([[1.0], [2.0]], [0.0])],
        [3],
    ],
)
def test_what_is_no_network_is_refused(layers: list[object]) -> None:
    with pytest.raises(UsageError, match="layer"):
        Network(layers)  # pyright: ignore[reportArgumentType]
