"""The sampled columns of a replicate: known answers, orientation, and what cannot be measured."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
import pytest

from gan_eval import Gaussian, GaussianTarget, TrainingConfig, UsageError, train
from gan_eval.comparison.columns.prepare import prepare
from gan_eval.comparison.reading.data import table_of
from gan_eval.distributions.mixture import MixtureTarget
from gan_eval.distributions.student_t import StudentTTarget
from gan_eval.judging.computed.rows import WORTH_ROWS
from gan_eval.judging.exact_worth import exact_worth
from gan_eval.judging.generators.measures import (
    blank,
    one_sample_names,
    sampled_columns,
    worth_columns,
)
from gan_eval.judging.generators.parts import worth_names
from gan_eval.judging.judge import judge
from gan_eval.stats.mixed import MixedRows

ROWS = MixedRows.of_numbers
CHAPTER, RING = GaussianTarget.chapter(), MixtureTarget.ring()
SEEDS = range(20)


def measured(train: Any, real: Any, rows: Any, **options: Any) -> dict[str, Any]:
    options = {"permutations": 99, "tests": ["hotelling"], **options}
    return sampled_columns(
        None if train is None else ROWS(train), ROWS(real), ROWS(rows), **options
    )


def samples(seed: int, n: int, target: Any = CHAPTER) -> tuple[np.ndarray, ...]:
    rng = np.random.default_rng(seed)
    return tuple(target.sample(n, rng) for _ in range(3))


def test_a_gaussian_fit_has_the_worth_that_its_distribution_has() -> None:
    """Each interval holds the exact worth with 95 %: of 20, 16 or more do with P = 0.997."""
    held = []
    for seed in SEEDS:
        train, real, _ = samples(seed, 100)
        law = Gaussian.fit(train)
        rows = np.asarray(GaussianTarget.of(law).sample(500, seed), np.float64)
        found = worth_columns(ROWS(train), ROWS(real), ROWS(rows), target=CHAPTER)
        exact = dict(zip(("energy", "mmd"), exact_worth(law, CHAPTER), strict=True))
        held.append(
            [found[f"worth_{by}_low"] <= exact[by] <= found[f"worth_{by}_high"] for by in exact]
        )
    assert (np.sum(held, axis=0) >= 16).all()


def test_fresh_rows_are_at_least_so_many_and_nothing_is_wrong_with_them() -> None:
    """Each p-value is at most 0.05 with 5 %: of 20, 4 or fewer are with P = 0.997."""
    rows = pd.DataFrame([measured(*samples(seed, 200)) for seed in SEEDS])
    for name in ("hotelling_pvalue", "copies_pvalue", "precision_pvalue", "coverage_pvalue"):
        assert (rows[name] <= 0.05).sum() <= 4
    assert np.isinf(rows["worth_energy_high"]).sum() >= 16
    assert (rows["worth_energy_low"] > 20).all()
    assert (rows["copies_exact"] == 0).all()
    assert ((rows["coverage"] - rows["coverage_expected"]).abs() < 0.1).all()


def test_a_bootstrap_is_a_copier_worth_its_training_rows() -> None:
    """The mean of E‖X − X′‖ / worth over sets of 100 rows is E‖X − X′‖ / 100, to 0.35 of it."""
    rows = []
    for seed in SEEDS:
        train, real, _ = samples(seed, 100)
        drawn = train[np.random.default_rng(seed).integers(100, size=1000)]
        rows.append(measured(train, real, drawn, target=CHAPTER))
    table = pd.DataFrame(rows)
    assert (table["copies_verdict"] == "copies").all()
    assert (table["copies_exact"] == 1).all()
    assert table["copies_near"].isna().all()
    assert 100 * np.mean(1 / table["worth_energy"]) == pytest.approx(1, abs=0.35)
    assert 100 * np.mean(1 / table["worth_mmd"]) == pytest.approx(1, abs=0.35)


def test_more_error_is_worth_less_and_is_told_apart() -> None:
    train, real, fresh = samples(0, 500)
    found = [measured(train, real, fresh + shift * np.array([1.0, 2.0])) for shift in (0, 0.3, 1)]
    for by, distance in (("energy", "energy_distance"), ("mmd", "mmd2")):
        assert np.all(np.diff([one[f"worth_{by}_low"] for one in found]) < 0)
        assert np.all(np.diff([one[distance] for one in found]) > 0)
        assert [one[f"{distance}_low"] > 0 for one in found] == [False, True, True]
    assert [one["hotelling_pvalue"] <= 0.05 for one in found] == [False, True, True]
    assert found[2]["coverage"] < found[0]["coverage"]


def test_units_are_those_of_the_training_rows() -> None:
    """The worth has none: other units of all rows change nothing; nor do other generated rows."""
    train, real, fresh = samples(1, 300)
    one = measured(train, real, fresh)
    other = measured(*(rows * [100.0, 0.01] + [5.0, 0.0] for rows in (train, real, fresh)))
    for name in ("worth_energy", "energy_distance", "mmd2", "hotelling_pvalue", "copies_pvalue"):
        assert one[name] == pytest.approx(other[name], rel=1e-6)


@pytest.mark.parametrize("gone", [3, 5])
def test_a_mode_dropper_is_named_with_its_mode(gone: int) -> None:
    train, real, rows = samples(2, 1000, RING)
    rows = rows[np.linalg.norm(rows - RING.means[gone], axis=1) > 0.2]
    found = measured(train, real, rows, target=RING)
    assert found["modes_how"] == "known"
    assert found["modes_lost"] == RING.modes.names[gone]
    assert (found["modes"], found["modes_kept"]) == (8, 7)
    assert found[f"mode_share_{gone + 1}"] == 0
    assert found["high_quality_share"] > 0.97
    assert found["coverage_pvalue"] <= 0.05


def test_against_a_mixture_worth_is_that_of_the_built_in_generators() -> None:
    """The same law from outside and from a training has the same numbers, whatever real rows."""
    config = TrainingConfig(target="ring8", generator_widths=(6,), epochs=1, n_examples=64)
    gans = train(config, seeds=range(2), backend="pytorch")
    rows = judge(gans, permutations=0, computed=0)
    for r in range(2):
        for seed in (3, 4):
            other = np.asarray(RING.sample(500, seed), np.float64)
            generated = np.asarray(gans.generate(r, WORTH_ROWS), np.float64)
            found = worth_columns(ROWS(other), ROWS(other), ROWS(generated), target=RING)
            for name in worth_names():
                assert found[name] == rows[name][r], name


def test_worth_of_the_mixture_itself_has_no_bound_above() -> None:
    """Each interval holds ∞ with 95 %: of 20, 16 or more do with P = 0.997. Real rows would leave
    noise of their own: their lower ends are smaller."""
    ends = []
    for seed in SEEDS:
        train_rows, real, fresh = (ROWS(one) for one in samples(seed, 400, RING))
        known = worth_columns(train_rows, real, fresh, target=RING, by=["energy"])
        unknown = worth_columns(train_rows, real, fresh, by=["energy"])
        ends.append([known["worth_energy_low"], unknown["worth_energy_low"]])
        assert not known["not_measured"]
        ends[-1].append(known["worth_energy_high"])
    low, without, high = np.array(ends).T
    assert np.isinf(high).sum() >= 16
    assert np.median(low) > 1.3 * np.median(without)


def test_modes_that_no_one_knows_are_found_and_described() -> None:
    train, real, rows = samples(3, 1000, RING)
    rows = rows[np.linalg.norm(rows - RING.means[0], axis=1) > 0.2]
    found = measured(train, real, rows)
    assert found["modes_how"] == "found"
    assert (found["modes"], found["modes_kept"]) == (8, 7)
    assert "x1" in found["modes_lost"]
    assert math.isnan(found["high_quality_share"])


def test_tests_of_the_density_alone_see_other_tails() -> None:
    """Rows of a Gaussian with the covariance of a Student t of 3 degrees, as one target twice."""
    known = [StudentTTarget(3.0, [0.0, 0.0], np.eye(2)) for _ in range(2)]
    train, real, fresh = samples(12, 500, known[0])
    thin = np.sqrt(3.0) * np.random.default_rng(0).normal(size=(500, 2))
    fine, wrong = (measured(train, real, rows, target=known[0]) for rows in (fresh, thin))
    assert one_sample_names(known[0]) == ("log_density", "target_energy", "kernel_stein")
    for name in one_sample_names(known[0]):
        assert fine[f"{name}_pvalue"] > 0.05
        assert np.isfinite(wrong[f"{name}_statistic"])
    assert wrong["log_density_pvalue"] == 0.01
    again = measured(train, real, thin, target=known[1])
    for name in one_sample_names(known[0]):
        assert again[f"{name}_pvalue"] == wrong[f"{name}_pvalue"]


@pytest.mark.parametrize(
    ("target", "options"),
    [
        (None, {}),
        (CHAPTER, {}),
        (RING, {"tests": ["mmd", "energy", "columns"]}),
        (StudentTTarget(3.0, [0.0, 0.0], np.eye(2)), {}),
        (RING, {"copying": False, "permutations": 0}),
    ],
)
def test_keys_and_kinds_are_those_of_a_blank(target: Any, options: dict[str, Any]) -> None:
    known = target or CHAPTER
    found = measured(*samples(4, 150, known), target=target, **options)
    names = one_sample_names(target)
    n_modes = 8 if target is RING else 0
    expected = blank(options.get("tests", ["hotelling"]), n_modes, one_sample=names)
    assert list(found) == list(expected)
    for name, value in expected.items():
        assert isinstance(found[name], type(value)), name
        assert value == "" or math.isnan(float(value))


def test_a_seed_gives_the_same_columns_whichever_tests_are_run() -> None:
    train, real, fresh = samples(5, 150, RING)
    one, again = (measured(train, real, fresh, target=RING, seed=7) for _ in range(2))
    pd.testing.assert_series_equal(pd.Series(one), pd.Series(again))
    more = measured(train, real, fresh, target=RING, seed=7, tests=["columns", "hotelling"])
    assert {name: more[name] for name in one if one[name] == one[name]} == {
        name: value for name, value in one.items() if value == value
    }
    other = measured(train, real, fresh, target=RING, seed=8)
    assert other["precision_expected"] != one["precision_expected"]


def test_rows_that_are_not_numbers_are_said_and_nothing_is_measured() -> None:
    train, real, fresh = samples(6, 50)
    for value in (np.nan, np.inf):
        broken = fresh.copy()
        broken[3, 1] = value
        found = measured(train, real, broken, target=CHAPTER)
        numbers = {name: v for name, v in found.items() if isinstance(v, float)}
        assert {name for name, v in numbers.items() if not math.isnan(v)} == {
            "n_train",
            "n_real",
            "n_generated",
        }
        assert found["not_measured"].startswith("every measure: the generator's rows have")


@pytest.mark.parametrize("rows", [np.zeros((50, 2)), np.full((50, 2), 1e200)])
def test_constant_and_far_rows_get_what_can_be_measured(rows: np.ndarray) -> None:
    train, real, _ = samples(7, 50)
    for target in (CHAPTER, None):
        found = measured(train, real, rows, target=target, tests=["energy", "columns"])
        for name, value in found.items():
            if name.endswith("_pvalue") and value == value:
                assert value <= 1
        if rows.any():
            assert found["not_measured"]
        else:
            assert found["worth_energy"] < 20
            assert found["energy_pvalue"] <= 0.05


def test_a_constant_real_column_is_no_obstacle() -> None:
    train, real, rows = (np.column_stack([one, np.ones(80)]) for one in samples(8, 80))
    found = measured(train, real, rows, tests=["energy"])
    assert found["worth_energy_low"] > 0
    assert 0.05 < found["energy_pvalue"] <= 1


def test_too_few_rows_say_so() -> None:
    train, real, rows = samples(9, 3)
    found = measured(train, real, rows, target=RING)
    assert math.isnan(found["worth_energy"])
    assert math.isnan(found["modes_kept"])
    assert "worth needs at least 4 rows" in found["not_measured"]
    assert "too few to show that one is lost" in found["not_measured"]
    assert measured(train, real, rows[:0])["not_measured"].endswith("are none")


def frame(seed: int, n: int, share: float, missing: float) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    table = pd.DataFrame({"age": rng.normal(40, 5, n), "height": rng.normal(170, 8, n)})
    table["smokes"] = np.where(rng.random(n) < share, "yes", "no")
    table.loc[rng.random(n) < missing, "age"] = np.nan
    return table


def mixed(generated: pd.DataFrame) -> tuple[MixedRows, MixedRows, MixedRows]:
    made = prepare(
        table_of(frame(1, 400, 0.3, 0.1), "train"),
        table_of(generated, "generated"),
        table_of(frame(2, 300, 0.3, 0.1), "held out"),
    )
    assert made.holdout is not None
    return made.real, made.holdout, made.generated


def test_categories_and_missing_values_count() -> None:
    tests = ["energy", "columns"]
    fine = sampled_columns(*mixed(frame(3, 400, 0.3, 0.1)), tests=tests, permutations=99)
    assert fine["worth_energy_high"] == math.inf
    assert fine["columns_pvalue"] > 0.05
    assert fine["copies_verdict"] == "no_copies_shown"
    assert (fine["n_train"], fine["n_real"], fine["n_generated"]) == (400, 300, 400)
    for generated in (frame(3, 400, 0.9, 0.1), frame(3, 400, 0.3, 0.6)):
        wrong = sampled_columns(*mixed(generated), tests=tests, permutations=99)
        assert wrong["worth_energy_high"] < fine["worth_energy_low"]
        assert wrong["columns_pvalue"] == 0.01
    copied = sampled_columns(*mixed(frame(1, 400, 0.3, 0.1)), tests=tests, permutations=99)
    assert copied["copies_verdict"] == "copies"
    assert copied["copies_exact"] == 1


def test_no_training_rows_no_copying() -> None:
    _, real, rows = samples(10, 100)
    found = measured(None, real, rows)
    assert math.isnan(found["n_train"])
    assert math.isnan(found["copies_pvalue"])
    assert found["copies_verdict"] == ""
    assert (
        "copying: the rows that the generator was fitted to are not given"
        in (found["not_measured"])
    )
    assert found["worth_energy_low"] > 0


def test_arguments_that_cannot_be_used_are_refused() -> None:
    train, real, rows = samples(11, 20)
    with pytest.raises(UsageError):
        measured(train, real, rows, tests=["nonsense"])
    with pytest.raises(UsageError):
        measured(train, real, rows, permutations=-1)
