"""Two tables of numbers held against each other: ``gan-eval compare``."""

from gan_eval.comparison.comparison import Comparison, compare

__all__ = ["Comparison", "compare"]
