"""A step of a net's optimizer: Adam and its kin, or a plain one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from gan_eval.training.fused.machine import Machine, Memory
from gan_eval.training.fused.network import Net
from gan_eval.training.fused.shape import Arguments, Shape
from gan_eval.training.fused.values import Index, Value


@dataclass(frozen=True)
class Span:
    """The places of a net's parameters, where they are not those of a ``Net``."""

    first: int
    end: int


def step(
    k: Machine,
    shape: Shape,
    a: Arguments,
    net: Net | Span,
    number: Callable[[str], Value],
    scale: Value | None,
    origin: Memory,
) -> None:
    """Move a net's parameters from ``origin`` by its gradients, which ``scale`` multiplies.

    Kingma & Ba 2015, algorithm 1: step ``size`` · m / (√v · ``stretch`` + ε). The host's table
    (``number``) makes of it PyTorch's form, with size lr / (1 − β₁ᵗ) and stretch 1 / √(1 − β₂ᵗ), or
    the ε-hat form, with size lr √(1 − β₂ᵗ) / (1 − β₁ᵗ) and stretch 1. With optimism, the rate is in
    ``ahead`` and ``behind``.
    """
    own = "D" if net.first else "G"
    size, stretch = number(f"size_{own}"), number(f"stretch_{own}")
    decay_1, decay_2 = (a.decay_1_D, a.decay_2_D) if net.first else (a.decay_1_G, a.decay_2_G)
    optimistic = shape.optimizer == "optimistic_adam"
    ahead, behind = (
        (number(f"ahead_{own}"), number(f"behind_{own}")) if optimistic else (size, size)
    )

    def adam(at: Index, gradient: Value) -> Value:
        m, v = a.first[at], a.second[at]
        m = k.fma(decay_1, gradient - m, m)
        v = k.fma(decay_2, k.fma(gradient, gradient, -1.0 * v), v)
        a.first[at], a.second[at] = m, v
        return size * m / k.fma(k.sqrt(v), stretch, a.epsilon)

    def parameter(i: Index) -> None:
        at = net.first + i
        gradient = a.gradients[at]
        if scale is not None:
            gradient = gradient * scale
        change = size * gradient if shape.optimizer == "sgd" else adam(at, gradient)
        if optimistic:
            before, a.before[at] = a.before[at], change
            change = ahead * change - behind * before
        a.parameters[at] = origin[at] - change

    k.each(net.end - net.first, parameter)
