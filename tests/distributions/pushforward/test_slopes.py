"""Values and slopes by machine code, beside NumPy's."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from gan_eval.distributions.pushforward import slopes
from gan_eval.distributions.pushforward.network import Network


@pytest.mark.parametrize("sizes", [(2, 2), (2, 1, 2), (2, 7, 5, 2), (2, 16, 16, 2)])
@pytest.mark.parametrize("n", [0, 1, 8, 1003])
def test_machine_code_computes_what_numpy_does(sizes: tuple[int, ...], n: int) -> None:
    rng = np.random.default_rng(len(sizes))
    network = Network(
        [(2 * rng.normal(size=(i, o)), rng.normal(size=o)) for i, o in pairwise(sizes)]
    )
    z = 5 * rng.normal(size=(n, 2))
    code = slopes._compiled()
    assert code is not None
    plain = slopes._by_blocks(network, z)
    assert code(network, z) == pytest.approx(
        plain, rel=1e-12, abs=1e-12 * np.abs(plain).max(initial=1)
    )
    values, jacobians = slopes.value_and_slopes(network, z)
    assert values == pytest.approx(network.values(z), rel=1e-12, abs=1e-12)
    assert jacobians == pytest.approx(network.jacobians(z), rel=1e-11, abs=1e-11)


def test_tanh_is_exact_to_the_last_bits() -> None:
    x = np.concatenate([np.geomspace(1e-300, 1e300, 5001), [0.0, 19.9, 20.1, np.inf]])
    network = Network([(np.eye(2), np.zeros(2)), (np.eye(2), np.zeros(2))])
    with np.errstate(all="ignore"):
        values, _ = slopes.value_and_slopes(network, np.column_stack([x, -x]))
    finite = np.isfinite(x)  # an infinity times the 0 of the other unit is no number
    assert values[finite, 0] == pytest.approx(np.tanh(x[finite]), rel=1e-15, abs=0)
    assert (values[finite, 1] == -values[finite, 0]).all()
