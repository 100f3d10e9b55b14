"""Pictures of trainings, verdicts and studies: one function each, drawn on a matplotlib Axes.

The report, the command line and a notebook draw with the same functions. Each takes what it
draws, and an ``ax`` or makes its own figure; each returns the Axes.
"""

from gan_eval.plots.grid import curves, heat

__all__ = ["curves", "heat"]
