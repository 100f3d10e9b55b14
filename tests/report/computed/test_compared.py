"""Configurations are held against each other seed by seed, and no test is left out of the count."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from gan_eval.report.cells import cells_of
from gan_eval.report.computed.compared import MEASURES, pairs_of, section, values_of
from gan_eval.stats.multiple import adjusted_pvalues
from gan_eval.study.answer.computed import modes_of
from gan_eval.study.results.results import Results

from .made import one, ring


def test_pairs_are_sign_tests_over_common_seeds_adjusted_together() -> None:
    plain, other = cells = cells_of(ring())
    pairs = pairs_of(cells)
    assert [pair.measure for pair in pairs] == list(MEASURES)
    pvalues = []
    for pair in pairs:
        own, first = (values_of(c, pair.measure, modes_of(c)) for c in (other, plain))
        apart = pair.measure.sign * (own - first).to_numpy()
        assert (pair.better, pair.worse) == ((apart > 0).sum(), (apart < 0).sum())
        n = pair.better + pair.worse
        pvalues.append(stats.binomtest(pair.better, n).pvalue if n else 1.0)
    expected = adjusted_pvalues(np.array(pvalues), "holm")
    np.testing.assert_allclose([pair.adjusted for pair in pairs], expected)
    # All eight modes were given to the other one; a seed of plain ties in none.
    assert pairs[0].better == 6


def test_a_diverged_training_counts_as_the_worst() -> None:
    made = ring()
    made.rows.loc[made.rows.index[0], "verdict"] = "diverged"
    cell = cells_of(made)[0]
    modes = modes_of(cell)
    values = [values_of(cell, measure, modes).iloc[0] for measure in MEASURES]
    assert values == [0.0, 0.0, 0.0, np.log(2)]


def test_the_table_has_the_means_and_medians_of_the_rows() -> None:
    cells = cells_of(ring())
    table = section(cells).blocks[0].table  # pyright: ignore[reportAttributeAccessIssue]
    (plain, *numbers), (_other, *others) = table.rows
    assert plain == cells[0].label
    assert numbers[0].startswith("4.5 of 8 modes")
    assert others[0] == "8 of 8 modes in every training"
    assert numbers[1].startswith("100")
    assert others[1].startswith("0")
    assert others[3].startswith("325")


def test_a_single_configuration_has_no_pairs() -> None:
    assert pairs_of(cells_of(one())) == []


def test_cells_are_held_against_the_first_of_their_target() -> None:
    made = ring()
    other, extra = made.rows.copy(), made.rows.copy()
    gaussian = [
        entry | {"label": f"{entry['label']} on chapter", "hash": f"{at}", "config": config}
        for at, entry in enumerate(made.provenance["configurations"])
        for config in [{**entry["config"], "target": {"preset": "chapter"}}]
    ]
    extra["configuration"] += " on chapter"
    extra["config_hash"] = extra["config_hash"].map(
        dict(zip(extra["config_hash"].unique(), "01", strict=True))
    )
    provenance = made.provenance | {
        "configurations": [*made.provenance["configurations"], *gaussian]
    }
    cells = cells_of(Results(pd.concat([other, extra], ignore_index=True), made.epochs, provenance))
    pairs = pairs_of(cells)
    beside = {(pair.cell.position, pair.first.position) for pair in pairs}
    assert beside == {(1, 0), (3, 2)}
    assert {pair.measure.name for pair in pairs if pair.cell.position == 3} == {
        "worth_energy",
        "jensen_shannon",
    }
    tests = section(cells).blocks[-1].table  # pyright: ignore[reportAttributeAccessIssue]
    assert {(row[0], row[1]) for row in tests.rows} == {
        (cells[cell].label, cells[first].label) for cell, first in beside
    }


@pytest.mark.parametrize("measure", MEASURES)
def test_every_measure_is_known_of_these_rows(measure) -> None:
    for cell in cells_of(ring()):
        assert values_of(cell, measure, modes_of(cell)).notna().all()
