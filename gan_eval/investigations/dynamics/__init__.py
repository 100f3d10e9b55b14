"""What theory says of a configuration at its equilibrium: visibility, spectrum, and a trace."""

from __future__ import annotations

from gan_eval.investigations.dynamics.result import Dynamics
from gan_eval.investigations.dynamics.run import dynamics

__all__ = ["Dynamics", "dynamics"]
