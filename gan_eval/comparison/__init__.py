"""Two tables held against each other: ``gan-eval compare``."""

from gan_eval.comparison.comparison import Comparison
from gan_eval.comparison.run import compare

__all__ = ["Comparison", "compare"]
