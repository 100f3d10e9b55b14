"""How fast does it train, did it become slower, and when?

``read`` and ``read_all`` take files of pytest-benchmark as a table, ``compare`` holds two sides
against each other by their raw rounds, ``read_history`` reads all runs of a folder in the order of
their commits, ``find_steps`` names where speed changed; ``Figures`` puts it all together, as
``gan-eval throughput`` does.
"""

from __future__ import annotations

from gan_eval.investigations.speed.benchmarks import read, read_all
from gan_eval.investigations.speed.history import History, read_history
from gan_eval.investigations.speed.result import Figures
from gan_eval.investigations.speed.slowdown import Comparison, compare
from gan_eval.investigations.speed.steps import Steps, find_steps

__all__ = [
    "Comparison",
    "Figures",
    "History",
    "Steps",
    "compare",
    "find_steps",
    "read",
    "read_all",
    "read_history",
]
