"""A training followed: each checkpoint against the same real rows, in milliseconds."""

from gan_eval.comparison.tracker.best import BestCheckpoint
from gan_eval.comparison.tracker.tracker import Tracker

__all__ = ["BestCheckpoint", "Tracker"]
