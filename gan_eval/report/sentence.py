"""The one sentence that answers a study's question: the last line of a command, and the headline of
its page."""

from __future__ import annotations

from gan_eval.judging.summary import OUTSIDE
from gan_eval.study.results.results import Results


def sentence(results: Results) -> str:
    """Answer a study's question in one sentence, of the built-in generator or of one from outside.

    Examples
    --------
    >>> import pandas as pd
    >>> sentence(Results(pd.DataFrame(), pd.DataFrame(), {}))
    'No training finished, so there is nothing to judge.'
    """
    if OUTSIDE in results.rows and len(results.rows):
        from gan_eval.report.generators import answer
        from gan_eval.report.generators.entrants import entrants_of

        return answer.headline(entrants_of(results), results.provenance.get("study") or {})
    return results.answer()
