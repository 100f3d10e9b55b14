"""tanh, exp, log and the circle: a dozen operations a lane each, without a branch.

In float64 they are the C library's. In float32 they are the fits that
``python -m benchmarks.fit_functions`` prints; ``python -m benchmarks.function_errors`` measures
their largest errors over every float32, ``tests/training/fused/test_functions.py`` over a part of
them. NaN stays NaN, and no operation is reordered or contracted behind the kernel's back, so that a
run that diverges is seen to diverge.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from gan_eval.distributions.pushforward.network import LEAKY_SLOPE
from gan_eval.training.fused.values import Numbers, Value

TANH_ULP, EXP_ULP, LOG_ULP, LOG_UNIFORM_ULP, CIRCLE_ULP = 6.0, 1.1, 1.0, 4.0, 3.0
"""Bounds of the errors in float32, in units in the last place (ulp) of the exact value."""

_TANH_P = (65742.4513, 8413.55652, 204.021994, 1.0)
_TANH_Q = (1288333.44, 601819.566, 33330.5402, 422.9706, 1.0)
_TANH_SCALE, _TANH_END = 19.2604104, 0.017159239
_TANH_LIMIT = 9.02
"""The argument above which tanh rounds to 1."""

_EXP_P = (0.499999935, 0.166665207, 0.0416683874, 0.00836870994, 0.00138146132)
_LOG2_E = 1.44269504
_LN2_HIGH, _LN2_LOW = 0.693359375, -2.12194440e-4
"""ln 2 in two parts, the first with so few bits that its product with an exponent is exact."""
_ROUNDING = 12582912.0
"""1.5 · 2²³: added to a float32 below 2²², it leaves the nearest integer in the last bits."""
EXP_LIMIT = -87.3
"""Below it e^x has no normal float32 and counts as 0."""

_LOG_P = (
    *(0.333333317, -0.25000821, 0.200012269, -0.166233572),
    *(0.142017572, -0.131601836, 0.127615836, -0.0763450164),
)
_SQRT_HALF_BITS = 0x3F3504F3

_SIN_P = (6.28318529, -41.3416615, 81.5923542, -75.3935863)
_COS_P = (-19.7392087, 64.9393218, -85.4432363, 59.2292427)
_TAU = 6.283185307179586


def polynomial(k: Numbers, x: Value, coefficients: Sequence[float]) -> Value:
    """Horner's scheme; lowest power first."""
    *rest, second, first = coefficients
    # A sum is cheaper than a multiply-add where processors have pipes for sums alone.
    total = x + second if first == 1 else k.fma(k.real(first), x, k.real(second))
    for coefficient in reversed(rest):
        total = k.fma(total, x, k.real(coefficient))
    return total


def tanh(k: Numbers, x: Value) -> Value:
    """Hyperbolic tangent: at most 6 ulp of float32 for every x; ±1 beyond ±9.02.

    Near there it may exceed 1 by 2⁻²².
    """
    if k.double:
        return k.library("tanh", x)
    x = k.at_least(k.at_most(x, _TANH_LIMIT), -_TANH_LIMIT)
    square = x * x
    share = polynomial(k, square, _TANH_P) / polynomial(k, square, _TANH_Q)
    return x * k.fma(share, k.real(_TANH_SCALE), k.real(_TANH_END))


def relu(k: Numbers, x: Value) -> Value:
    """max(x, 0); NaN stays NaN."""
    return k.at_least(x, 0.0)


def leaky_relu(k: Numbers, x: Value) -> Value:
    """x where it is not below 0, else ``LEAKY_SLOPE`` · x."""
    return k.select(x < 0.0, x * LEAKY_SLOPE, x)


def by_slope(
    k: Numbers, activation: str, values: Sequence[Value], at: Sequence[Value]
) -> list[Value]:
    """Each value times the slope of an activation that itself has the value in ``at``.

    At a kink it is the slope from below, as in every framework.
    """
    if activation == "tanh":
        slopes = [k.fma(-1.0 * t, t, k.real(1.0)) for t in at]
        return [value * slope for value, slope in zip(values, slopes, strict=True)]
    below = [k.real(0.0) if activation == "relu" else value * LEAKY_SLOPE for value in values]
    return [k.select(a > 0.0, *pair) for a, *pair in zip(at, values, below, strict=True)]


def exp_of_negative(k: Numbers, x: Value) -> Value:
    """e^x for x ≤ 0: at most 1.1 ulp of float32 down to −87.3, and 0 below."""
    if k.double:
        return k.library("exp", x)
    floored = k.at_least(x, EXP_LIMIT)
    shifted = k.fma(floored, k.real(_LOG2_E), k.real(_ROUNDING))
    power = shifted - _ROUNDING
    f = k.fma(power, k.real(-_LN2_HIGH), floored)
    f = k.fma(power, k.real(-_LN2_LOW), f)
    mantissa = k.fma(f * f, polynomial(k, f, _EXP_P), f) + 1.0
    # The integer in the last bits becomes the exponent.
    scale = k.from_bits((k.bits(shifted) + 127) << 23)
    return k.select(x < EXP_LIMIT, k.real(0.0), mantissa * scale)


def log(k: Numbers, x: Value) -> Value:
    """ln x of a normal x > 0: at most 1 ulp of float32, also near x = 1."""
    if k.double:
        return k.library("log", x)
    exponent, m = parts(k, x)
    return log_of_parts(k, exponent, m - 1.0)


def parts(k: Numbers, x: Value) -> tuple[Value, Value]:
    """The exponent and m of a normal x = 2^exponent · m > 0, with m in [√½, √2)."""
    above = (k.bits(x) - _SQRT_HALF_BITS) >> 23
    # The difference is negative for x < √½: 9 bits of it are the exponent's two's complement.
    above = (above ^ 0x100) - 0x100
    m = k.from_bits(k.bits(x) - (above << 23))
    return k.convert(above, "real", signed=True), m


def log_of_parts(k: Numbers, exponent: Value, f: Value) -> Value:
    """ln(2^exponent (1 + f))."""
    square = f * f
    tail = k.fma(polynomial(k, f, _LOG_P), f, k.real(-0.5)) * square
    tail = k.fma(exponent, k.real(_LN2_LOW), tail)
    return k.fma(exponent, k.real(_LN2_HIGH), f + tail)


def log_uniform(k: Numbers, w: Value) -> Value:
    """ln u of the uniform u = (w + ½)·2⁻³²: at most 4 ulp of float32, also where u is near 1."""
    if k.double:
        return k.library("log", (k.convert(w, "real") + 0.5) * 2.0**-32)
    # The distance t to the nearer end of (0, 1) has all its digits.
    upper = k.odd(w >> 31)
    distance = k.select(upper, w ^ 0xFFFFFFFF, w)
    t = k.fma(k.convert(distance, "real", signed=True), k.real(2.0**-32), k.real(2.0**-33))
    exponent, m = parts(k, k.select(upper, 1.0 - t, t))
    # Exponent 0 is u ≥ √½, where ln u = ln(1 − t).
    f = k.select(exponent > -0.5, -1.0 * t, m - 1.0)
    return log_of_parts(k, exponent, f)


def circle(k: Numbers, w: Value) -> tuple[Value, Value]:
    """cos 2πv and sin 2πv of the uniform v = (w + ½)·2⁻³²: at most 3 ulp of float32.

    The quarter of the circle is taken off in integers, without rounding.
    """
    if k.double:
        angle = _TAU * ((k.convert(w, "real") + 0.5) * 2.0**-32)
        return k.library("cos", angle), k.library("sin", angle)
    quarter = (w + 0x20000000) >> 30
    rest = k.convert(w - (quarter << 30), "real", signed=True)
    a = k.fma(rest, k.real(2.0**-32), k.real(2.0**-33))
    square = a * a
    sine = a * polynomial(k, square, _SIN_P)
    cosine = k.fma(square, polynomial(k, square, _COS_P), k.real(1.0))
    odd = k.odd(quarter)
    across, up = k.select(odd, sine, cosine), k.select(odd, cosine, sine)
    # cos is negative in quarters 1 and 2, sin in 2 and 3: flip the sign's bit.
    across = k.from_bits(k.bits(across) ^ (((quarter + 1) & 2) << 30))
    up = k.from_bits(k.bits(up) ^ ((quarter & 2) << 30))
    return across, up


ACTIVATIONS: dict[str, Callable[[Numbers, Value], Value]] = {
    "tanh": tanh,
    "relu": relu,
    "leaky_relu": leaky_relu,
}
"""What stands between the layers of a net, by its name."""
