"""Several generators held against the same real rows: ``gan-eval rank``."""

from gan_eval.comparison.ranking.rank import Ranking, rank

__all__ = ["Ranking", "rank"]
