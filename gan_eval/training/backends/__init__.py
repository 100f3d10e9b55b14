"""Backends: who can train, found lazily through the entry-point group
``gan_eval.backends``."""

from gan_eval.training.backends.protocol import Backend
from gan_eval.training.backends.registry import Availability, Backends, available, backend, backends

__all__ = ["Availability", "Backend", "Backends", "available", "backend", "backends"]
