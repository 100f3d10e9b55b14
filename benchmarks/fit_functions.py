"""The coefficients of gan_eval/training/fused/functions.py: least largest relative error, by
reweighting.

python -m benchmarks.fit_functions

Each function is a rational (or polynomial) fit P(u)/Q(u) that multiplies a known factor, so that
zeros are exact. Lawson's algorithm (1961) weighs a least-squares fit by its own errors until they
are level; the denominator of a rational fit is taken from the turn before (Sanathanan and Koerner
1963). The printed error is that of exact arithmetic; rounding comes on top.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.longdouble]
TURNS = 400


@dataclass(frozen=True)
class Fit:
    """end + scale · P/Q: coefficients, lowest power first, and the largest relative error."""

    numerator: Array
    denominator: Array
    error: float
    scale: float = 1.0
    end: float = 0.0

    def monic(self) -> Fit:
        """Make both highest powers 1, of a numerator that is then shorter: each spares a
        product."""
        P, Q = (part / self.denominator[-1] for part in (self.numerator, self.denominator))
        rest = (P - P[-1] * Q)[:-1]
        return Fit(rest / rest[-1], Q, self.error, float(rest[-1]), float(P[-1]))


def nodes(low: float, high: float, count: int = 3001) -> Array:
    """Points of an interval, denser towards its ends."""
    t = np.cos(np.linspace(0, np.pi, count, dtype=np.longdouble))[::-1]
    return np.asarray(low + (t + 1) / 2 * (high - low), dtype=np.longdouble)


def fit(value: Array, factor: Array, offset: Array, u: Array, degrees: tuple[int, int]) -> Fit:
    """value ≈ offset + factor · P(u) / Q(u) with the least largest relative error, Q(0) = 1."""
    top, bottom = degrees
    size = np.abs(u).max()
    powers = [(u / size) ** k for k in range(max(degrees) + 1)]
    wanted = (value - offset) / factor
    law, before = np.ones_like(u), np.ones_like(u)
    best = Fit(u, u, np.inf)
    for _ in range(TURNS):
        weight = np.sqrt(law) * factor / (value * before)
        columns = [*powers[: top + 1], *(-wanted * p for p in powers[1 : bottom + 1])]
        matrix = np.stack(columns, axis=1) * weight[:, None]
        scale = np.sqrt((matrix**2).sum(axis=0))
        solution, goal = np.zeros(len(columns), dtype=np.longdouble), wanted * weight
        for _ in range(3):  # refined, because LAPACK has no long double
            residual = (goal - matrix @ solution).astype(np.float64)
            step = np.linalg.lstsq((matrix / scale).astype(np.float64), residual, rcond=1e-17)[0]
            solution += step / scale
        terms = [
            c * p
            for c, p in zip(solution, [*powers[: top + 1], *powers[1 : bottom + 1]], strict=True)
        ]
        P, Q = sum(terms[: top + 1]), 1 + sum(terms[top + 1 :], np.zeros_like(u))
        error = np.abs((offset + factor * P / Q) / value - 1)
        if error.max() < best.error:
            shrink = size ** np.arange(max(degrees) + 1)
            best = Fit(
                solution[: top + 1] / shrink[: top + 1],
                np.concatenate([[1], solution[top + 1 :] / shrink[1 : bottom + 1]]),
                float(error.max()),
            )
        before = Q
        law = law * (error / error.max() + 1e-3)
        law /= law.mean()
    return best


def fits() -> dict[str, Fit]:
    """Every approximation by name."""
    x = nodes(1e-4, 9.02, 1001)
    f = nodes(-np.log(2) / 2, np.log(2) / 2)
    f = f[f != 0]
    m = nodes(np.sqrt(0.5) - 1, np.sqrt(2) - 1)
    a = nodes(1e-5, 0.125)
    zero, one = np.zeros_like(x), np.ones_like(f)
    tau = 2 * np.pi * np.ones(1, dtype=np.longdouble)
    return {
        "tanh x = x (end + scale · P(x²)/Q(x²))": fit(np.tanh(x), x, zero, x * x, (4, 4)).monic(),
        "exp f = 1 + f + f² P(f)": fit(np.exp(f), f * f, one + f, f, (4, 0)),
        "ln(1 + f) = f - f²/2 + f³ P(f)": fit(np.log1p(m), m**3, m - m * m / 2, m, (7, 0)),
        "sin 2πa = a P(a²)": fit(np.sin(tau * a), a, np.zeros_like(a), a * a, (3, 0)),
        "cos 2πa = 1 + a² P(a²)": fit(np.cos(tau * a), a * a, np.ones_like(a), a * a, (3, 0)),
    }


def main() -> None:
    for name, found in fits().items():
        print(f"{name}: relative error {found.error:.2g}, {found.error * 2**24:.2f} × 2⁻²⁴")
        for label, part in (("P", found.numerator), ("Q", found.denominator)):
            if part.size > 1:
                print(f"  {label} = ({', '.join(f'{float(c):.9g}' for c in part)})")
        if found.end:
            print(f"  scale, end = {found.scale:.9g}, {found.end:.9g}")


if __name__ == "__main__":
    main()
