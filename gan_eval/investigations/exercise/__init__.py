"""The chapter's exercise: is there an equilibrium where the generator wins on finite samples?"""

from __future__ import annotations

from gan_eval.investigations.exercise.result import Decomposition, Exercise
from gan_eval.investigations.exercise.run import exercise
from gan_eval.investigations.exercise.settings import Settings

__all__ = ["Decomposition", "Exercise", "Settings", "exercise"]
