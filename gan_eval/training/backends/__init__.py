"""Backends: who can train, found lazily through the entry-point group
``gan_eval.training.backends``."""

from gan_eval.training.backends.protocol import Backend
from gan_eval.training.backends.registry import Availability, available, backend, catalogue

__all__ = ["Availability", "Backend", "available", "backend", "catalogue"]
