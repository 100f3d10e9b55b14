"""The fast functions of float32 against float64's: largest errors, special values, and mpmath.

float64's own functions are good to 1e-16, that is 1e-9 ulp of float32; mpmath checks them at
points where that matters most.
"""

from __future__ import annotations

import mpmath
import numpy as np
import pytest

from gan_eval.training.fused import functions
from gan_eval.training.fused.llvm import Lanes
from gan_eval.training.fused.values import Value

from .evaluate import evaluate, ulp_error

# Every 331st float32: 13 million points with every exponent. `python -m benchmarks.function_errors`
# takes all of them.
STRIDE = 331


def floats(low_bits: int, high_bits: int) -> np.ndarray:
    """float32 numbers by their bits."""
    return np.arange(low_bits, high_bits, STRIDE, dtype=np.uint32).view(np.float32)


@pytest.fixture(scope="module")
def finite() -> np.ndarray:
    # The last two are the worst of all floats for tanh and e^x, by benchmarks/function_errors.py.
    positive = np.append(
        floats(0, 0x7F800000), np.array([8.76608086, 59.9218788], dtype=np.float32)
    )
    return np.concatenate([positive, -positive])


def test_tanh_is_good_to_its_ulp_over_all_floats(finite: np.ndarray) -> None:
    (found,) = evaluate(lambda k, x: [functions.tanh(k, x)], finite)
    exact = np.tanh(finite.astype(np.float64))
    assert ulp_error(found, exact).max() <= functions.TANH_ULP
    assert np.abs(found).max() <= 1 + 2.0**-22
    assert (np.sign(found) == np.sign(finite)).all()
    assert (np.abs(found[np.abs(finite) >= 9.02]) == 1).all()


def test_relu_is_exact_and_leaky_relu_rounds_once(finite: np.ndarray) -> None:
    x = np.concatenate([finite, np.array([np.inf, -np.inf, np.nan], dtype=np.float32)])
    relu, leaky = evaluate(lambda k, x: [functions.relu(k, x), functions.leaky_relu(k, x)], x, 2)
    np.testing.assert_array_equal(relu, np.maximum(x, 0))
    np.testing.assert_array_equal(leaky, np.where(x < 0, np.float32(0.2) * x, x))


def test_slopes_are_those_of_the_activations_and_at_0_from_below() -> None:
    at = np.array([-3, -1e-30, 0, 1e-30, 3], dtype=np.float64)

    def slopes(k: Lanes, at: Value) -> list[Value]:
        each = ("relu", "leaky_relu", "tanh")
        return [functions.by_slope(k, name, [k.real(5.0)], [at])[0] for name in each]

    relu, leaky, tanh = (np.array(one, float) for one in evaluate(slopes, at, 3))
    np.testing.assert_array_equal(relu, [0, 0, 0, 5, 5])
    np.testing.assert_allclose(leaky, [1, 1, 1, 5, 5], rtol=1e-15)
    np.testing.assert_allclose(tanh, 5 * (1 - at**2), rtol=1e-15)


def test_exp_is_good_to_its_ulp_and_0_below(finite: np.ndarray) -> None:
    negative = finite[finite <= 0]
    (found,) = evaluate(lambda k, x: [functions.exp_of_negative(k, x)], negative)
    normal = negative >= functions.EXP_LIMIT
    exact = np.exp(negative[normal].astype(np.float64))
    assert ulp_error(found[normal], exact).max() <= functions.EXP_ULP
    assert (found[~normal] == 0).all()


def test_log_is_good_to_its_ulp_for_normal_numbers() -> None:
    normal = floats(0x00800000, 0x7F800000)
    (found,) = evaluate(lambda k, x: [functions.log(k, x)], normal)
    assert ulp_error(found, np.log(normal.astype(np.float64))).max() <= functions.LOG_ULP


@pytest.fixture(scope="module")
def words() -> np.ndarray:
    edges = np.concatenate(
        [np.arange(2000), 2**31 + np.arange(-2000, 2000), 2**32 - np.arange(1, 2000)]
    )
    return np.concatenate([np.arange(0, 2**32, STRIDE), edges]).astype(np.uint32)


def exact_log_uniform(words: np.ndarray) -> np.ndarray:
    """ln u from the end that is nearer."""
    upper = words >= 2**31
    distance = (np.where(upper, ~words, words).astype(np.float64) + 0.5) * 2.0**-32
    return np.where(upper, np.log1p(-distance), np.log(distance))


def exact_circle(words: np.ndarray) -> list[np.ndarray]:
    """cos 2πv and sin 2πv, the quarter taken off in integers."""
    position = 2 * words.astype(np.int64) + 1  # of 2³³
    found = []
    for shift in (2**31, 0):
        quarter, rest = np.divmod((position + shift) % 2**33, 2**31)
        rest = np.where(quarter % 2 == 1, 2**31 - rest, rest)
        found.append(np.where(quarter >= 2, -1.0, 1.0) * np.sin(np.pi / 2 * (rest / 2**31)))
    return found


def test_log_uniform_keeps_its_digits_at_both_ends(words: np.ndarray) -> None:
    (found,) = evaluate(lambda k, w: [functions.log_uniform(k, w)], words)
    assert ulp_error(found, exact_log_uniform(words)).max() <= functions.LOG_UNIFORM_ULP


def test_circle_is_good_to_its_ulp(words: np.ndarray) -> None:
    for found, exact in zip(evaluate(functions.circle, words, 2), exact_circle(words), strict=True):
        assert ulp_error(found, exact).max() <= functions.CIRCLE_ULP


@pytest.mark.parametrize("function", [functions.tanh, functions.exp_of_negative])
def test_nan_stays_nan_and_infinity_has_its_limit(function) -> None:
    values = np.array([np.nan, -np.inf, -0.0, 0.0], dtype=np.float32)
    (found,) = evaluate(lambda k, x: [function(k, x)], values)
    assert np.isnan(found[0])
    limit, at_0 = (-1, 0) if function is functions.tanh else (0, 1)
    assert found[1:].tolist() == [limit, at_0, at_0]


def test_mpmath_agrees_at_the_hard_places() -> None:
    x = np.array([1e-6, 0.02, 0.5, 0.549, 3.0, 8.9, 9.0], dtype=np.float32)
    (found,) = evaluate(lambda k, x: [functions.tanh(k, x)], x)
    with mpmath.workdps(40):
        exact = np.array([float(mpmath.tanh(mpmath.mpf(float(v)))) for v in x])
    assert ulp_error(found, exact).max() <= functions.TANH_ULP
    words = np.array([0, 2**32 - 1, 2**31, 2**31 - 1], dtype=np.uint32)
    (logs,) = evaluate(lambda k, w: [functions.log_uniform(k, w)], words)
    with mpmath.workdps(40):
        u = [(mpmath.mpf(int(w)) + 0.5) / 2**32 for w in words]
        exact = np.array([float(mpmath.log(v)) for v in u])
    assert ulp_error(logs, exact).max() <= functions.LOG_UNIFORM_ULP
