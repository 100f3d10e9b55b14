"""The one sentence of a study: which numbers it has, and that few seeds name no winner."""

from __future__ import annotations

import tomllib

import pandas as pd
import pytest

from gan_eval.study.answer import effects, special, versus, words
from gan_eval.study.answer.cells import plain_cells
from gan_eval.study.answer.sentence import sentence
from gan_eval.study.answer.words import Reading
from gan_eval.study.plan import ready

from .made import grid, made, product


def reading(study: dict, levels: list[float], **options: object) -> Reading:
    rows, provenance = made(study, levels, **options)  # type: ignore[arg-type]
    found = words.read(plain_cells(rows, provenance), provenance)
    assert found is not None
    return found


def of_ready(name: str, levels: list[float], **options: object) -> Reading:
    return reading(tomllib.loads(ready.text(name)), levels, **options)


def test_the_best_and_the_reference_are_told_with_their_worths() -> None:
    said = words.of_reading(reading(grid(latent_size=[2, 3, 4]), [10, 80, 10], noise=0.0))
    assert "80 real rows (80\u00a0to\u00a080)" in said
    assert " 10 (10\u00a0to\u00a010)" in said


@pytest.mark.parametrize("seeds", [1, 2, 5])
def test_too_few_seeds_name_no_winner_and_say_how_many_are_needed(seeds: int) -> None:
    found = reading(grid(latent_size=[2, 3, 4]), [10, 80, 10], seeds=seeds)
    said = words.of_reading(found)
    assert said == words.too_few(found.lead)
    assert "80" not in said
    assert str(found.lead.least) in said
    assert not effects.axis_sentences(found)


def test_equal_configurations_are_not_told_apart() -> None:
    found = reading(grid(latent_size=[2, 3, 4]), [10, 10, 10])
    assert len(found.lead.best) == 3
    assert words.of_reading(found).startswith("No difference")


def test_a_study_whose_trainings_all_diverge_says_that_nothing_was_learned() -> None:
    rows, provenance = made(grid(latent_size=[2, 3]), [10, 10], seeds=20)
    rows = rows.assign(verdict="diverged", kl=float("nan"), worth_kl=float("nan"))
    assert sentence(rows, provenance).startswith("None of the 2 configurations learned")


def test_nothing_failures_and_one_configuration_have_sentences_of_their_own() -> None:
    rows, provenance = made(grid(latent_size=[2, 3]), [10, 10], seeds=20)
    assert sentence(pd.DataFrame(), provenance).startswith("No training finished")
    failed = provenance | {"failures": [{"seeds": [0, 1, 2]}]}
    assert "3 trainings" in sentence(pd.DataFrame(), failed)
    one = rows[rows["configuration"] == "latent_size=2"]
    assert sentence(one, provenance).startswith("Only latent_size=2 was trained")
    found = words.read(plain_cells(one, provenance), provenance)
    assert found is None


def test_one_cell_that_failed_among_several_is_named() -> None:
    rows, provenance = made(grid(latent_size=[2, 3, 4]), [10, 80, 10])
    left = rows[rows["configuration"] != "latent_size=4"]
    found = words.read(plain_cells(left, provenance), provenance)
    assert found is not None
    assert "latent size 4" in effects.missing(found)
    assert found.lead.best == ["latent_size=3"]


def test_an_axis_that_does_not_matter_is_said_not_to() -> None:
    levels = product([10, 40], [1, 1])
    found = reading(grid(learning_rate_D=[0.05, 0.1], latent_size=[2, 3]), levels)
    said = dict(effects.axis_sentences(found))
    assert "it matters" in said["Learning rate of D"]
    assert said["Latent size"].startswith("no difference")


def test_a_best_at_the_end_of_an_axis_asks_for_more_and_one_within_does_not() -> None:
    study = grid(learning_rate_D=[0.05, 0.1, 0.2])
    at_end = effects.border(reading(study, [10, 20, 80]), 0)
    assert at_end is not None
    assert at_end[1] == 0.2
    assert effects.border(reading(study, [10, 80, 20]), 0) is None
    assert effects.border(reading(study, [10, 10, 10]), 0) is None


def test_a_comparison_along_a_setting_counts_its_cases() -> None:
    study = grid(generator_loss=["nonsaturating", "saturating"], latent_size=[2, 3, 4])
    study["versus"] = "generator_loss"
    found = reading(study, [10, 10, 10, 80, 10, 2])
    pairs = versus.pairs_of(found.layout, found.lead)
    assert [pair.verdict for pair in pairs] == [1, 0, -1]
    assert [pair.value for pair in pairs] == ["saturating"] * 3
    assert "better than nonsaturating in 1 of 3 cases, worse in 1" in words.of_reading(found)


def test_the_ratio_of_two_configurations_has_the_right_way_round() -> None:
    rows, provenance = made(grid(latent_size=[2, 3]), [10, 40], noise=0.1)
    first, second = plain_cells(rows, provenance)
    value, low, high = versus.ratio(second, first)
    assert low <= value <= high
    assert value == pytest.approx(4, rel=0.15)


def test_the_finite_sample_explains_the_worth_over_the_rows() -> None:
    found = of_ready("training-set-size", [20, 15, 20, 20, 20, 20], noise=0.0)
    said = special.headline(found.layout, found.lead)
    assert said is not None
    assert said.startswith("Mostly the game")
    for share in ("2.0\u202f%", "50\u202f%", "0.20\u202f%"):
        assert share in said


def test_what_makes_a_target_hard_is_named_by_what_sets_it_apart() -> None:
    levels = [100, 90, 50, 40, 90, 60, 2, 100, 60, 50, 30]
    found = of_ready("target-difficulty", [float(one) for one in levels], noise=0.1)
    said = special.headline(found.layout, found.lead)
    assert said is not None
    assert said.startswith("Correlation most")
    assert said.index("for correlation 0.99") < said.index("for dimension 8")
    assert said.index("for dimension 8") < said.index("for condition number 30")
    # A correlation changes the condition number as well, and the sentence says so:
    # A Aᵀ has the eigenvalues 1 ± 0.99, so that A's is the root of 199.
    assert "correlation 0.99, whose condition number is 14" in said


def test_a_property_makes_a_difference_where_one_of_its_targets_is_shown_to_be_harder() -> None:
    """One dimension has the smallest median, and is better than the first on half of the seeds."""
    study = tomllib.loads(ready.text("target-difficulty"))
    rows, provenance = made(study, [100.0, 100, 100, 100, 100, 100, 100, 5, 100, 100, 9], noise=0.1)
    line = rows["configuration"].str.contains("dimension 1")
    assert line.sum() == 60
    often = line & (rows["seed"] < 29)
    rows.loc[often, "worth_kl"] = 1000.0
    rows.loc[often, "kl"] = 0.0025
    found = words.read(plain_cells(rows, provenance), provenance)
    assert found is not None
    said = special.headline(found.layout, found.lead)
    assert said is not None
    assert said.startswith("Dimension most")
    assert "for dimension 8" in said
    assert said.endswith("condition number and correlation make no difference that is shown.")


def test_what_varies_while_something_else_is_held_is_found() -> None:
    levels = [16.0, 4, 8, 20, 20, 3, 8, 31, 30]
    found = of_ready("batch-size", levels, noise=0.1)
    one, other = special.series_of(found.layout, found.lead)
    assert [x for x, _ in one.points] == [x for x, _ in other.points] == [2, 4, 8, 16, 32]
    assert {one.held.split()[-1], other.held.split()[-1]} == {"epochs", "updates"}


def test_single_changes_are_found_with_their_size_and_direction() -> None:
    levels = [16, 16, 160, *[160] * 5, 160, 5, *[160] * 4]
    found = of_ready("remedies", [float(one) for one in levels], noise=0.1)
    changes = special.changes_of(found.layout, found.lead)
    shown = [change for change in changes if change.shown]
    assert {change.fields for change in shown} == {("standardise",)}
    assert shown[0].ratio[0] == pytest.approx(1 / 32, rel=0.2)
    assert shown[1].ratio[0] == pytest.approx(10, rel=0.2)
    assert ("adam_beta1", "adam_beta2_D") in {change.fields for change in changes}


def test_the_ratio_of_two_rates_is_told_where_a_study_varies_both() -> None:
    study = grid(learning_rate_D=[0.05, 0.1], learning_rate_G=[0.005, 0.01])
    found = reading(study, [80, 10, 10, 10])
    assert "10 times" in effects.networks(found)


def test_another_backend_that_finds_another_best_is_named() -> None:
    study, where = grid(latent_size=[2, 3]), (("fused_cpu", "cpu"), ("pytorch", "cpu"))
    rows, provenance = made(study, [10, 80], where=where)
    agreeing = words.read(plain_cells(rows, provenance), provenance)
    assert agreeing is not None
    assert "agrees" in effects.beside(agreeing)
    other = rows["backend"] == agreeing.rankings[1].backend
    rows.loc[other, "worth_kl"] = 1 / rows.loc[other, "worth_kl"]
    contrary = words.read(plain_cells(rows, provenance), provenance)
    assert contrary is not None
    assert "latent size 2" in effects.beside(contrary)
