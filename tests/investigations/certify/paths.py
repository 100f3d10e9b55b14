"""Paths, for tests: a point on one that is there."""

from __future__ import annotations

from typing import Any

from gan_eval.investigations.certify.path import Path


def at(path: Path, nats: float, p: Any) -> tuple[float, Any]:
    """The strength and the distribution at KL = ``nats`` from p."""
    found = path.at(nats, p)
    assert found is not None
    return found
