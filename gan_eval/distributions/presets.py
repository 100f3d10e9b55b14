"""Targets that have a name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from gan_eval.distributions.mixture import MixtureTarget
from gan_eval.distributions.protocol import Target
from gan_eval.distributions.target import GaussianTarget
from gan_eval.runtime.arguments import close, nearest, shown
from gan_eval.runtime.errors import UsageError

PRESETS: Mapping[str, Callable[[], Target]] = {
    "chapter": GaussianTarget.chapter,
    "ring8": MixtureTarget.ring,
    "grid25": MixtureTarget.grid,
}
"""How to make each, by its name."""


def preset(name: Any) -> Target:
    """Make the target of this name; ``UsageError`` where there is none.

    Examples
    --------
    >>> preset("chapter")
    GaussianTarget(A=[[1.0, 2.0], [-0.1, 0.5]], b=[1.0, 2.0])
    """
    if not isinstance(name, str) or name not in PRESETS:
        raise UsageError(f"no target is called {shown(name)}: {nearest_preset(name)}")
    return PRESETS[name]()


def nearest_preset(name: Any) -> str:
    """Write a hint that names the preset nearest to an unknown name, or all of them.

    Examples
    --------
    >>> nearest_preset("ring")
    'did you mean `ring8`?'
    """
    known = list(PRESETS)
    # Two short names are like each other by little.
    meant = close(name, known, 0.6) if isinstance(name, str) else []
    return nearest(meant[0] if meant else "", known)
