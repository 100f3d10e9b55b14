"""The game's Jacobian at its equilibrium, and what the maps of training make of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from gan_eval.investigations.dynamics.features import Moments

Array = NDArray[np.floating]
Complex = NDArray[np.complexfloating]


@dataclass(frozen=True)
class Loss:
    """The losses of a game, by their derivatives where the discriminator cannot tell.

    With L_D and L_G per row, D = v·φ and the generated rows' features moved by δ on average:
    dv/dt = −coupling δ − curvature E φφᵀ v − penalty γ E ∇φ∇φᵀ v, dδ-direction/dt = +push v.
    """

    coupling: float
    curvature: float
    push: float
    centred: bool = False
    """True where the curvature is that of differences of two rows, Cov φ and not E φφᵀ."""
    penalty: float = 0.5


LOSSES = {
    "cross_entropy": Loss(1 / 4, 1 / 4, 1 / 2),
    "hinge": Loss(1 / 2, 0.0, 1.0),
    "least_squares": Loss(1 / 2, 2.0, 1 / 2),
    "relativistic": Loss(1 / 2, 1 / 2, 1 / 2, centred=True),
}
"""Of each ``loss`` of a configuration; both generator losses of cross-entropy have one slope."""

MAPS = ("simultaneous", "alternating", "extragradient", "optimistic")
"""The ways of making steps of a vector field, in the order in which they are shown."""

_NEUTRAL = 1e-12
"""The part of the largest eigenvalue up to which one is 0."""


def jacobian(moments: Moments, loss: Loss, gamma: float, response: Array) -> Array:
    """Compute the Jacobian (M, M) of the gradient field at the equilibrium, per row.

    ``response`` (S, P) says how the generator's P parameters move the Gaussian's in the directions
    of the ``scores``; the discriminator's K weights and its bias come first, then those P.
    ``gamma`` is γ₁ + γ₂, which act alike where both distributions are equal. Hidden layers do not
    move to first order, and are left out.
    """
    seen = moments.seen @ response
    second = moments.second
    if loss.centred:
        second = second - np.outer(second[:, -1], second[-1])
    damping = loss.curvature * second + loss.penalty * gamma * moments.slopes
    zero = np.zeros((seen.shape[1], seen.shape[1]))
    return np.block([[-damping, -loss.coupling * seen], [loss.push * seen.T, zero]])


def response(factor: Array, latent_size: int, turn: Array | None = None) -> Array:
    """Compute how a linear generator's parameters move the Gaussian's, shape (S, P).

    ``factor`` (d, d) is that of the target in the units of the nets; the generator's weight
    (latent_size, d), row by row, is turn @ factor over zeros at the equilibrium, then its bias
    (d,). The directions are those of ``scores``, of z in x = z @ factor + mean.
    """
    d = len(factor)
    inverse = np.linalg.inv(factor)
    i, j = np.triu_indices(d)
    of_weight = np.zeros((latent_size, d, len(i)))
    turn = np.eye(d) if turn is None else turn
    # ε = turnᵀ δ factor⁻¹ moves h_ij by ε_ij + ε_ji, and h_ii by √2 ε_ii.
    part = turn[:, i][:, None] * inverse[:, j][None] + turn[:, j][:, None] * inverse[:, i][None]
    of_weight[:d] = np.where(i == j, part / np.sqrt(2), part)
    found = np.zeros((d + len(i), (latent_size + 1) * d))
    found[d:, : latent_size * d] = of_weight.reshape(-1, len(i)).T
    found[:d, latent_size * d :] = inverse.T
    return found


@dataclass(frozen=True)
class Field:
    """A linear vector field s ↦ F s: the Jacobian at the equilibrium times the rates of both nets.

    Attributes
    ----------
    matrix : ndarray, shape (M, M)
        F; a step of plain gradients is s + F s.
    split : int
        How many of the M parameters are the discriminator's.
    steps : int
        Its steps for each of the generator, in the alternating map.
    """

    matrix: Array
    split: int
    steps: int = 1

    def map(self, name: str, factor: float = 1.0) -> Array:
        """Write a map as a matrix, with all rates times a factor; (2M, 2M) where it remembers.

        ===============  =========================================================================
        simultaneous     s + F s (Mescheder, Nowozin and Geiger 2017)
        alternating      the discriminator moves first, and then the generator sees it moved
        extragradient    s + F (s + F s) (Korpelevich 1976): 1 + λ + λ² of each eigenvalue λ of F
        optimistic       s + 2 F s − F s₋₁ (Daskalakis et al. 2018): μ² − (1 + 2λ) μ + λ = 0
        ===============  =========================================================================
        """
        move = factor * self.matrix
        one = np.eye(len(move))
        if name == "simultaneous":
            return one + move
        if name == "extragradient":
            return one + move + move @ move
        if name == "optimistic":
            return np.block([[one + 2 * move, -move], [one, 0 * one]])
        D, G = one.copy(), one.copy()
        D[: self.split] += move[: self.split]
        G[self.split :] += move[self.split :]
        return G @ np.linalg.matrix_power(D, self.steps)

    def eigenvalues(self, name: str, factor: float = 1.0) -> Complex:
        """Compute the eigenvalues of a map, with all rates times a factor."""
        if name == "alternating":
            return np.linalg.eigvals(self.map(name, factor)).astype(complex)
        found = factor * self._eigenvalues
        if name == "simultaneous":
            return 1 + found
        if name == "extragradient":
            return 1 + found + found**2
        half = (1 + 2 * found) / 2
        root = np.sqrt(half**2 - found)
        return np.concatenate([half + root, half - root])

    @cached_property
    def _eigenvalues(self) -> Complex:
        return np.linalg.eigvals(self.matrix).astype(complex)

    def slowest(self, name: str, factor: float = 1.0) -> complex:
        """Find the eigenvalue of largest modulus, with Im ≥ 0, but those of what stands still.

        0 where nothing moves.
        """
        found = self.eigenvalues(name, factor)
        moving = found[~still(found - 1)]
        return complex(_upper(moving[np.abs(moving).argmax()])) if moving.size else 0j

    def largest_factor(self, name: str) -> float:
        """Find the factor of all rates up to which a map is stable; 0 where no step is, else inf.

        Stable means that no eigenvalue's modulus is above 1 by more than 1e-10.
        """
        unit = 1 / max(float(np.abs(self._eigenvalues).max(initial=0.0)), 1e-300)

        def stable(factor: float) -> bool:
            return abs(self.slowest(name, factor * unit)) <= 1 + 1e-10

        tried = np.geomspace(1e-3, 1e3, 49)
        fails = next((k for k, factor in enumerate(tried) if not stable(factor)), None)
        if not fails:
            return np.inf if fails is None else 0.0
        return unit * _bisect(stable, tried[fails - 1], tried[fails], 1e-9)

    @property
    def oscillates(self) -> bool:
        """Tell whether some mode of the flow turns: its eigenvalue is not real."""
        found = self._eigenvalues[~still(self._eigenvalues)]
        return bool((np.abs(found.imag) > 3e-7 * np.abs(found)).any())


def momentum(field: Field, beta_D: float, beta_G: float) -> Array:
    """Write alternating steps along moving averages of the gradient as a matrix (2M, 2M).

    The averages u come second: u ← β u + (1 − β) F s, and then s ← s + u (heavy ball, as Adam has
    it, with a preconditioner that stands still within F).
    """
    size = len(field.matrix)
    steps = []
    parts = ((slice(0, field.split), beta_D), (slice(field.split, size), beta_G))
    for part, beta in parts:
        step = np.eye(2 * size)
        average = step[size:][part]
        average *= beta
        average[:, :size] = (1 - beta) * field.matrix[part]
        step[part] += average
        steps.append(step)
    D, G = steps
    return G @ np.linalg.matrix_power(D, field.steps)


def still(eigenvalues: Complex) -> NDArray[np.bool_]:
    """Tell which eigenvalues of a field are 0 to working precision."""
    size = np.abs(eigenvalues)
    return size <= _NEUTRAL * size.max(initial=0.0)


def critical_gamma(oscillates: Callable[[float], bool]) -> float:
    """Find the least γ = γ₁ + γ₂ from which no mode turns any more; inf where none does it.

    ``oscillates`` says of a γ whether some mode turns.
    """
    if not oscillates(0.0):
        return 0.0
    high = 1.0
    while oscillates(high):
        high *= 4
        if high > 1e9:
            return np.inf
    return _bisect(oscillates, 0.0, high)


@dataclass(frozen=True)
class Mode:
    """A mode of the flow: equal eigenvalues of a field, and which errors they move.

    Attributes
    ----------
    eigenvalue : complex
        With Im ≥ 0: it stands for its conjugate too.
    multiplicity : int
        How many there are; a pair of conjugates counts once.
    shares : ndarray, shape (S,)
        Of the generator's errors, by the target's directions; they sum to 1, or are 0 where the
        discriminator moves alone or nothing moves.
    """

    eigenvalue: complex
    multiplicity: int
    shares: Array


def modes(field: Field, response: Array, second: Array) -> list[Mode]:
    """Group the eigenvalues of a field that are equal, the fastest damped first."""
    values, vectors = np.linalg.eig(field.matrix)
    values = np.where(still(values), 0, values)
    errors = errors_moved(vectors, field.split, response, second)
    errors[:, values == 0] = 0.0
    turning, rounded = np.imag(values), np.real(values).round(9)  # equal but for rounding
    left = [k for k in np.lexsort((np.abs(turning), rounded)) if turning[k] >= 0]
    found: list[Mode] = []
    while left:
        first = values[left[0]]
        equal = [k for k in left if abs(values[k] - first) <= 1e-7 * max(abs(first), 1e-300)]
        left = [k for k in left if k not in equal]
        shares = errors[:, equal].sum(axis=1)
        found.append(
            Mode(complex(values[equal].mean()), len(equal), shares / max(shares.sum(), 1e-300))
        )
    return found


def errors_moved(vectors: Complex, split: int, response: Array, second: Array) -> Array:
    """Compute the shares of the generator's errors (S, …) in vectors (M, …) of a field.

    0 where the logits are a hundred times the errors, ``second`` being E φφᵀ: there the
    discriminator moves alone.
    """
    answers, errors = vectors[:split], np.abs(response @ vectors[split:]) ** 2
    logits = (answers.conj() * (second @ answers)).real.sum(axis=0)
    total = errors.sum(axis=0)
    return np.where(total > 1e-4 * logits, errors / np.maximum(total, 1e-300), 0.0)


def _upper(value: complex) -> complex:
    return complex(value.real, abs(value.imag))


def _bisect(
    holds: Callable[[float], bool], low: float, high: float, precision: float = 1e-14
) -> float:
    """Find where what holds at ``low`` ends, to a relative precision."""
    while high - low > precision * high:
        middle = (low + high) / 2
        low, high = (middle, high) if holds(middle) else (low, middle)
    return low
