"""A study's answer in one sentence, whatever it is of: nothing, one configuration, or several."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from gan_eval.judging import answer
from gan_eval.pages.numbers import plural
from gan_eval.study.answer import computed, words
from gan_eval.study.answer.cells import Cell, plain_cells


def sentence(rows: pd.DataFrame, provenance: Mapping[str, Any]) -> str:
    """Answer the question of a study of the built-in generator in one sentence.

    Parameters
    ----------
    rows : DataFrame
        The rows of its ``Results``; may be empty.
    provenance : mapping

    Examples
    --------
    >>> sentence(pd.DataFrame(), {})
    'No training finished, so there is nothing to judge.'
    """
    return of_cells(plain_cells(rows, provenance), provenance)


def of_cells(cells: Sequence[Cell], provenance: Mapping[str, Any]) -> str:
    """Answer a study's question from its cells.

    Of one configuration on several backends the one with the most trainings answers.
    """
    if not cells:
        return _nothing(provenance)
    curved = any(map(computed.is_computed, cells))
    told = computed.headline if curved else words.headline
    if found := told(cells, provenance):
        return found
    lead = max(cells, key=lambda cell: len(cell.rows))
    size = None if lead.config is None else lead.config.n_examples
    by_kl = "yardstick" not in lead.rows or lead.rows["yardstick"].iloc[0] == "kl"
    said = answer.headline(lead.summary if by_kl else lead.rows, size)
    if curved:
        said = computed.of_one(said, lead)
    missing = len(provenance.get("configurations") or ()) - len({c.configuration for c in cells})
    if missing > 0:
        others = plural(missing, "other configuration")
        return f"Only {lead.configuration} was trained, of {others} no training finished. {said}"
    return said


def _nothing(provenance: Mapping[str, Any]) -> str:
    failures = provenance.get("failures") or ()
    lost = sum(len(failure.get("seeds") or ()) for failure in failures)
    if lost:
        which = "its training" if lost == 1 else f"all {plural(lost, 'training')}"
        return f"There is nothing to judge: {which} failed."
    return "No training finished, so there is nothing to judge."
