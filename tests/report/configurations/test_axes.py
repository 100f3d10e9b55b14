"""The first screen of a study's page: its headline is the terminal's, its picture over its axes."""

from __future__ import annotations

import io
import tomllib

import pandas as pd
import pytest

from gan_eval.pages.blocks import Answer
from gan_eval.report.cells import cells_of
from gan_eval.report.configurations.axes import answer
from gan_eval.report.configurations.comparisons import compare
from gan_eval.report.sentence import sentence
from gan_eval.study.plan import ready
from gan_eval.study.plan.study import Study
from gan_eval.study.results.results import Results

from ...study.answer.made import grid, made, product
from .. import synthetic


def first_screen(study: dict, levels: list[float], **options: object) -> tuple[Answer, Results]:
    rows, provenance = made(study, levels, **options)  # type: ignore[arg-type]
    rows = rows.assign(margin=0.1, near_margin=0.5)
    results = Results(rows, pd.DataFrame(), provenance | {"command": "gan-eval run x.toml"})
    cells = cells_of(results)
    found = answer(cells, compare(cells, results.provenance), results.provenance)
    assert found is not None
    return found, results


def drawn(found: Answer) -> pd.DataFrame:
    assert found.picture is not None
    assert found.picture.csv is not None
    return pd.read_csv(io.StringIO(found.picture.csv))


@pytest.mark.parametrize("name", [name for name in ready.names() if name != "chapter"])
def test_the_headline_of_a_ready_study_is_the_sentence_of_the_terminal(name: str) -> None:
    study = tomllib.loads(ready.text(name))
    count = len(Study.parse(study).configurations())
    levels = [10.0 * 1.3**position for position in range(count)]
    found, results = first_screen(study, levels, seeds=30)
    assert found.headline == sentence(results)
    assert len(found.headline.split()) < 60
    assert 3 <= len(found.cards) <= 5
    assert found.next_steps
    assert not drawn(found).empty
    assert len(found.sentences) <= 6


def test_two_axes_are_a_heat_map_with_their_worths_in_the_order_of_their_numbers() -> None:
    study = grid(learning_rate_D=[0.05, 0.2, 0.1], latent_size=[2, 3])
    found, _ = first_screen(study, product([10, 20, 40], [1, 8]), noise=0.0)
    table = drawn(found)
    assert table.iloc[:, 0].tolist() == [0.05, 0.1, 0.2]
    assert table.iloc[:, 1].tolist() == pytest.approx([10, 40, 20])
    assert table.iloc[:, 2].tolist() == pytest.approx([80, 320, 160])


def test_one_axis_of_numbers_is_a_curve_for_each_backend() -> None:
    where = (("fused_cpu", "cpu"), ("pytorch", "cpu"))
    found, _ = first_screen(grid(latent_size=[4, 2, 3]), [40, 20, 30], noise=0.0, where=where)
    table = drawn(found)
    assert table["x"].tolist() == [2, 3, 4] * 2
    assert table["y"].tolist() == pytest.approx([20, 30, 40] * 2)
    assert table["name"].nunique() == 2


def test_words_are_sorted_the_best_first_with_their_intervals() -> None:
    study = grid(dialect=["pytorch", "mxnet", "tensorflow"])
    found, _ = first_screen(study, [10, 5, 40])
    table = drawn(found)
    assert [name.split()[-1] for name in table["name"]] == ["tensorflow", "pytorch", "mxnet"]
    assert (table["low"] <= table["value"]).all()
    assert (table["value"] <= table["high"]).all()
    assert table["mark"].tolist() == ["best", "reference", "other"]


def test_three_axes_have_their_values_side_by_side() -> None:
    study = grid(latent_size=[2, 3], learning_rate_D=[0.05, 0.1], learning_rate_G=[0.005, 0.01])
    found, _ = first_screen(study, product([10, 40], [1, 1], [1, 1]), noise=0.0)
    table = drawn(found)
    assert len(table) == 6
    assert table["value"].tolist()[:2] == pytest.approx([10, 40])


def test_few_seeds_ask_for_more_and_a_best_at_the_end_for_a_longer_axis() -> None:
    study = grid(learning_rate_D=[0.05, 0.1, 0.2])
    few, _ = first_screen(study, [10, 20, 80], seeds=2)
    assert "--set replicates=" in few.next_steps[0].command
    assert len(few.cards) == 2 or few.cards[-1].value == "2"
    enough, _ = first_screen(study, [10, 20, 80])
    commands = [step.command for step in enough.next_steps]
    assert any("grid.learning_rate_D=[0.2, 0.4, 0.8]" in command for command in commands)
    assert any("--set learning_rate_D=0.2" in command for command in commands)


def test_replicates_that_a_command_had_set_are_replaced() -> None:
    rows, provenance = made(grid(latent_size=[2, 3]), [10, 11], seeds=2)
    rows = rows.assign(margin=0.1, near_margin=0.5)
    provenance |= {"command": "gan-eval run x.toml --set replicates=2 --out y"}
    cells = cells_of(Results(rows, pd.DataFrame(), provenance))
    found = answer(cells, compare(cells, provenance), provenance)
    assert found is not None
    assert found.next_steps[0].command.count("replicates=") == 1


def test_a_single_configuration_and_nothing_have_no_such_answer() -> None:
    cells = cells_of(synthetic.results(6))
    assert answer(cells, compare(cells, {}), {}) is None
    assert answer([], None, {}) is None
