"""The arbiter itself: its gradients are those of its losses, by central differences."""

import numpy as np
import pytest

from tests import reference


def _setup() -> tuple[list[np.ndarray], list[np.ndarray], np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    D = [rng.normal(size=s) for s in ((2, 5), (5,), (5, 3), (3,), (3, 1), (1,))]
    G = [rng.normal(size=s) for s in ((2, 2), (2,))]
    return D, G, rng.normal(size=(7, 2)), rng.normal(size=(7, 2))


def _differences(loss, parameters: list[np.ndarray]) -> list[np.ndarray]:
    found = []
    for parameter in parameters:
        numeric = np.empty_like(parameter)
        for index in np.ndindex(parameter.shape):
            kept = parameter[index]
            ends = []
            for step in (1e-6, -1e-6):
                parameter[index] = kept + step
                ends.append(loss())
            parameter[index] = kept
            numeric[index] = (ends[0] - ends[1]) / 2e-6
        found.append(numeric)
    return found


def test_gradient_of_the_discriminator() -> None:
    D, G, X, Z = _setup()
    exact = reference.loss_and_gradient_D(D, G, X, Z)[1]
    numeric = _differences(lambda: reference.loss_and_gradient_D(D, G, X, Z)[0], D)
    for a, b in zip(exact, numeric, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("saturating", [False, True])
def test_gradient_of_the_generator(saturating: bool) -> None:
    D, G, _, Z = _setup()
    exact = reference.loss_and_gradient_G(D, G, Z, saturating=saturating)[1]
    numeric = _differences(
        lambda: reference.loss_and_gradient_G(D, G, Z, saturating=saturating)[0], G
    )
    for a, b in zip(exact, numeric, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-6, atol=1e-8)
