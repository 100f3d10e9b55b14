"""The first screen claims nothing of what was not compared."""

from __future__ import annotations

from typing import Any

from gan_eval.report.cells import cells_of
from gan_eval.report.computed.answer import answer
from gan_eval.study.results.results import Results

from .made import ring


def test_where_nothing_is_compared_more_seeds_are_not_asked_for_to_show_a_difference(
    monkeypatch,
) -> None:
    monkeypatch.setattr("gan_eval.report.computed.answer.drawing", lambda: False)
    made = ring()
    made.rows.loc[:, "worth_energy"] = 5.0
    for name in [*(f"mode_mass_{j}" for j in range(1, 9)), "jensen_shannon"]:
        made.rows.loc[:, name] = 0.1
    first, second = made.provenance["configurations"]
    gaussian = {**second, "config": {**second["config"], "target": {"preset": "chapter"}}}
    found: dict[str, Any] = {}
    for name, other in (("one", second), ("two", gaussian)):
        provenance = made.provenance | {"configurations": [first, other]}
        cells = cells_of(Results(made.rows, made.epochs, provenance))
        found[name] = answer(cells, "said", provenance).next_steps
    assert len(found["one"]) == 1
    assert not found["two"]
