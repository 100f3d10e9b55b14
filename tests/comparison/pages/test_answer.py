"""The answer of a comparison: it is right in each case, and says what to do next."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from gan_eval.comparison import Comparison, compare
from gan_eval.comparison.pages import answer, figures
from gan_eval.pages.blocks import Step


def rows(seed: int, n: int, columns: int = 3, **shifts: float) -> pd.DataFrame:
    values = np.random.default_rng(seed).normal(size=(n, columns))
    frame = pd.DataFrame(values, columns=pd.Index([f"c{i}" for i in range(columns)]))
    for name, shift in shifts.items():
        frame[name] += shift
    return frame


def found(real: Any, generated: Any, **options: Any) -> Comparison:
    return compare(real, generated, permutations=199, tests=["energy"], **options)


def test_told_apart_names_the_column_and_the_worth() -> None:
    one = found(rows(0, 200), rows(1, 150, c1=1.5))
    said = answer.headline(one)
    assert said.startswith(f"No: told apart (p = {one.tests.smallest:.4f}), worth about ")
    assert "real rows of 200 (" in said
    assert said.endswith("; column c1 differs most.")
    row = answer.differing(one)
    assert row is not None
    assert row["column"] == "c1"


def test_dependence_alone_is_in_no_column() -> None:
    real = rows(0, 300, 2)
    real["c1"] = real["c0"] + 0.1 * real["c1"]
    generated = real.assign(c1=real["c1"].sample(frac=1.0, random_state=0).to_numpy())
    one = found(real, generated)
    assert answer.differing(one) is None
    assert one.told_apart
    beside, others = figures.pictures(one)
    assert beside.identity == "fig-directions" or answer.missed(one)
    identities = [picture.identity for picture in others]
    assert len(set(identities)) == len(identities)
    assert beside.identity not in identities


def test_a_lost_mode_comes_before_a_column() -> None:
    rng = np.random.default_rng(0)
    centres = np.array([[0.0, 0.0], [8.0, 0.0], [0.0, 8.0]])
    names = pd.Index(["u", "v"])
    real, generated = (
        pd.DataFrame(centres[rng.integers(k, size=300)] + rng.normal(size=(300, 2)), columns=names)
        for k in (3, 2)
    )
    one = found(real, generated)
    assert answer.missed(one)
    assert "loses 1 of 3 modes" in answer.headline(one)
    assert "(all: " not in answer.headline(one)
    assert figures.pictures(one)[0].identity == "fig-columns"


def test_not_told_apart_does_not_prove() -> None:
    one = found(rows(0, 60), rows(2, 60))
    said = answer.headline(one)
    assert said.startswith("Not told apart by 60 rows each (p = ")
    assert "does not prove them equal; worth " in said


def test_could_not_tell_says_why_and_what_is_enough() -> None:
    one = found(rows(0, 3), rows(1, 3))
    assert answer.headline(one) == f"Could not tell: {one.tests.why_not}."
    assert any(one.tests.why_not[1:] in step.text for step in answer.next_steps(one))


def test_steps_have_commands_where_the_samples_are_files(
    tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    rows(0, 80).to_csv("a b.csv", index=False)
    rows(1, 80, c2=2.0).to_csv("b.csv", index=False)
    commands = [step.command for step in answer.next_steps(found("a b.csv", "b.csv"))]
    assert "gan-eval compare 'a b.csv' b.csv --exclude c2" in commands
    assert "gan-eval compare 'a b.csv' b.csv --holdout held_out.csv" in commands
    steps = answer.next_steps(found(rows(0, 80), rows(1, 80, c2=2.0)))
    assert steps
    assert all(isinstance(step, Step) and not step.command for step in steps)


def test_a_column_that_differs_in_its_holes_is_drawn_by_them() -> None:
    real, generated = rows(0, 200, 1), rows(1, 200, 1)
    generated.loc[generated.index[:90], "c0"] = np.nan
    one = found(real, generated)
    beside, _ = figures.pictures(one)
    assert beside.csv is not None
    assert beside.csv.splitlines()[1:] == ["missing,0,0.45", "there,1,0.55"]


def test_constant_columns_with_holes_have_no_directions() -> None:
    rng = np.random.default_rng(0)
    real, generated = (
        pd.DataFrame({"a": np.where(rng.random(120) < share, np.nan, 1.0)}) for share in (0.1, 0.5)
    )
    one = found(real, generated)
    assert one.told_apart
    assert one.directions is None
