"""What sentences say of cells whose truth is known."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pandas as pd
import pytest

from gan_eval import Gaussian, GaussianTarget
from gan_eval.distributions.mixture import MixtureTarget
from gan_eval.judging.generators.measures import sampled_columns
from gan_eval.judging.generators.words import sentences, shown
from gan_eval.stats.mixed import MixedRows

RING, CHAPTER = MixtureTarget.ring(), GaussianTarget.chapter()
REPLICATES = 12


def cell(make: Any, target: Any, n: int = 300, **options: Any) -> pd.DataFrame:
    """Measure replicates of a generator, given as a function of training rows and a generator."""
    found = []
    for seed in range(REPLICATES):
        rng = np.random.default_rng(seed)
        train, real = target.sample(n, rng), target.sample(n, rng)
        rows = (MixedRows.of_numbers(one) for one in (train, real, make(train, rng)))
        row = sampled_columns(*rows, target=target, permutations=199, seed=seed, **options)
        found.append(row | {"verdict": "failed", "failure": ""})
    return pd.DataFrame(found)


def said(rows: pd.DataFrame) -> list[str]:
    return [re.sub("[\u00a0\u202f]", " ", sentence) for sentence in sentences(rows)]


def test_a_copier_is_called_one() -> None:
    rows = cell(lambda train, rng: train[rng.integers(len(train), size=300)], CHAPTER)
    text = said(rows)
    (copier,) = [sentence for sentence in text if "copie" in sentence]
    assert copier.startswith("It is a copier: in 12 of 12 trainings rows are copied")
    assert "100 % of its rows equal one" in copier


def test_real_rows_have_nothing_said_against_them() -> None:
    text = said(cell(lambda train, rng: RING.sample(300, rng), RING))
    assert any("worth at least" in sentence for sentence in text)
    assert any(sentence.startswith("None of 8 modes is shown to be lost") for sentence in text)
    for sentence in text:
        assert "copier" not in sentence
        assert "not reached" not in sentence
        assert "told apart" not in sentence or "not told apart" in sentence or "chance" in sentence


@pytest.mark.parametrize("gone", [[1], [0, 5]])
def test_a_mode_dropper_is_named_with_its_modes(gone: list[int]) -> None:
    def drop(_: Any, rng: np.random.Generator) -> Any:
        rows = RING.sample(600, rng)
        apart = np.linalg.norm(rows[:, None] - RING.means[gone], axis=2).min(axis=1)
        return rows[apart > 0.2][:300]

    (loses,) = [sentence for sentence in said(cell(drop, RING)) if "It loses" in sentence]
    for k in range(8):
        assert (RING.modes.names[k] in loses) == (k in gone)
    assert loses.count("12 of 12 trainings") == len(gone)


def test_found_modes_are_told_by_an_example() -> None:
    def drop(_: Any, rng: np.random.Generator) -> Any:
        rows = RING.sample(600, rng)
        return rows[np.linalg.norm(rows - RING.means[2], axis=1) > 0.2][:300]

    rows = cell(drop, RING)
    rows["modes_how"] = "found"
    (loses,) = [sentence for sentence in said(rows) if "It loses" in sentence]
    assert "1 of 8 modes on average in 12 of 12 trainings" in loses.replace("1.0", "1")


def test_a_blur_has_none_of_the_modes() -> None:
    text = said(cell(lambda _, rng: rng.normal(scale=0.7, size=(300, 2)), RING))
    (none,) = [sentence for sentence in text if "It has none of 8 modes" in sentence]
    assert "lie within 3 standard deviations of a mode" in none
    assert any("MMD" in one and "told apart from real rows by" in one for one in text)
    assert any("rows lie where no real ones are" in sentence for sentence in text)


def test_worth_of_a_gaussian_fit_by_the_mean_distance() -> None:
    """8/5 of 50 rows: 12 fits, whose mean distance errs by a third of it, hold that in the
    interval."""

    def fit(train: Any, rng: np.random.Generator) -> Any:
        return GaussianTarget.of(Gaussian.fit(train)).sample(1000, rng)

    first = said(cell(fit, CHAPTER, n=50, tests=[]))[0]
    value, low, high = map(float, re.findall(r"(?:worth|interval|to) ([\d.]+)", first)[:3])
    assert low < 80 < high
    assert low < value < high
    assert "fitted to 50 rows each" in first


def test_estimates_below_nothing_leave_a_lower_limit() -> None:
    """All distances −0.002, of which each may be up to 0.004: five together up to 0.006 / √5."""
    rows = pd.DataFrame({"worth_energy": [np.inf] * 5, "worth_energy_low": [500.0] * 5})
    rows["worth_energy_high"], rows["worth_energy_how"] = np.inf, "sampled"
    rows["energy_distance"], rows["energy_distance_high"] = -0.002, 0.004
    (sentence,) = said(rows)
    assert sentence.startswith("By energy it is worth at least 745 real rows")
    rows["energy_distance"] = [-0.004, 0.002, -0.001, -0.003, 0.001]
    rows["worth_energy"] = [np.inf, 1000.0, np.inf, np.inf, 2000.0]
    (sentence,) = said(rows)
    # The mean is below 0, its error 2.776 · 0.00255 / √5 = 0.00317, the spread 2: 2 / 0.00317.
    assert sentence.startswith("By energy it is worth at least 632 real rows")


def test_failures_are_counted_with_their_reasons() -> None:
    rows = cell(lambda train, rng: CHAPTER.sample(300, rng), CHAPTER, tests=[])
    rows.loc[[2, 4], "failure"] = "no result within 3 s: it was ended"
    rows.loc[7, ["verdict", "failure"]] = "no_result", "fit() raised ValueError: no."
    (lost,) = [sentence for sentence in said(rows) if "gave no result" in sentence]
    assert lost == (
        "3 of 12 trainings gave no result: no result within 3 s: it was ended (in 2); "
        "fit() raised ValueError: no (in 1)."
    )


def test_what_was_not_measured_is_said() -> None:
    rows = cell(lambda train, rng: CHAPTER.sample(300, rng), CHAPTER, tests=[])
    rows.loc[:3, "not_measured"] = "coverage: too few rows; shares of modes: only one mode is found"
    (missed,) = [sentence for sentence in said(rows) if "Not measured" in sentence]
    assert missed == "Not measured in 4 of 12 trainings: coverage: too few rows."


def test_one_replicate_and_rows_of_other_columns_have_sentences_too() -> None:
    rows = cell(lambda train, rng: train, CHAPTER).iloc[:1]
    text = said(rows)
    assert "It is a copier: in the one training" in " ".join(text)
    assert " of 1 " not in " ".join(text)
    assert said(pd.DataFrame({"seed": [1, 2], "verdict": ["near", "failed"]})) == []
    lost = pd.DataFrame({"verdict": ["no_result"] * 2, "failure": ["it raised"] * 2})
    assert said(lost) == ["2 of 2 trainings gave no result: it raised."]


def test_chance_is_not_held_against_a_generator() -> None:
    """P(X ≥ 4) = 0.016 and P(X ≥ 5) = 0.0026 of Bin(20, 0.05)."""
    large = np.full(20, 0.04)
    assert [shown(times, 20, large) for times in (0, 4, 5, 20)] == [False, False, True, True]
    assert shown(1, 20, np.append(large, 1e-4))
    rows = pd.DataFrame({"copies_verdict": ["copies"] + ["no_copies_shown"] * 19})
    rows["copies_pvalue"] = 0.04
    (sentence,) = said(rows)
    assert sentence.startswith("Copying is shown in 1 of 20 trainings, which may be chance")
