"""Targets and samplers in the place of a table."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import gan_eval as ge
from gan_eval.comparison.sources import draw, is_sampler, load_sampler
from gan_eval.runtime.errors import UsageError
from gan_eval.stats.goodness import energy_test

CHAPTER = ge.GaussianTarget.chapter()
ROWS = CHAPTER.sample(300, 1)


class Shifted:
    """The chapter's target, moved."""

    def __init__(self, by: float = 1.0) -> None:
        self.by = by

    def sample(self, n: int, rng: np.random.Generator) -> np.ndarray:
        return CHAPTER.sample(n, rng) + self.by


def test_a_target_is_told_from_what_is_not_drawn_of_it() -> None:
    settings = {"permutations": 99, "tests": ["hotelling", "energy"]}
    same, moved = (ge.compare(CHAPTER, ROWS + by, **settings) for by in (0.0, 1.0))
    assert (same.told_apart, moved.told_apart) == (False, True)
    # The tests are those against the known distribution, not against rows drawn from it.
    alone = energy_test(ROWS, CHAPTER, resamples=99, rng=0)
    assert same.tests.results["energy"].statistic == pytest.approx(alone.statistic)
    assert same.tests.results["energy"].m is None
    assert len(same.real.rows) == len(ROWS)


def test_columns_of_a_target_are_matched_by_position_and_may_be_chosen() -> None:
    frame = pd.DataFrame(ROWS, columns=["height", "weight"])
    found = ge.compare(CHAPTER, frame, columns=["weight"], tests=["hotelling"], permutations=99)
    assert found.compared == ("weight",)
    assert not found.told_apart
    wide = frame.assign(age=1.0)[["age", "weight", "height"]]
    found = ge.compare(
        CHAPTER, wide, columns=["height", "weight"], tests=["hotelling", "covariance"],
        permutations=99,
    )  # fmt: skip
    assert not found.told_apart
    assert ge.compare(
        CHAPTER, frame[["weight", "height"]], tests=["hotelling"], permutations=99
    ).told_apart  # other order, without names on the target's side


def test_a_sampler_gives_as_many_rows_as_the_table_has() -> None:
    found = ge.compare(ROWS, Shifted(), tests=["hotelling"], permutations=99)
    assert found.told_apart
    assert found.generated.available == len(ROWS)
    assert not ge.compare(ROWS, Shifted(0.0), tests=["hotelling"], permutations=99).told_apart
    again = ge.compare(ROWS, Shifted(), tests=["hotelling"], permutations=99)
    np.testing.assert_array_equal(found.generated.rows.numbers, again.generated.rows.numbers)


def test_a_mixture_is_held_against_rows_drawn_from_it_which_is_said() -> None:
    ring = ge.MixtureTarget.ring()
    rows = ring.sample(300, 1)
    settings = {"permutations": 99, "tests": ["energy"]}
    same = ge.compare(ring, rows, **settings)
    lost = ge.compare(ring, rows[ring.mahalanobis(rows)[:, 0] > 10], **settings)
    assert (same.told_apart, lost.told_apart) == (False, True)
    assert same.tests.results["energy"].m == 300
    assert any("300 rows of `real` were drawn from its target" in note for note in same.notes)
    assert not ge.compare(CHAPTER, ROWS, **settings).notes


def test_two_sources_give_the_rows_that_are_asked_for() -> None:
    found = ge.compare(CHAPTER, Shifted(), sample=50, tests=["hotelling"], permutations=99)
    assert (found.real.available, found.generated.available) == (50, 50)


@pytest.mark.parametrize("rows", [np.zeros((3, 2)), None, [[1.0]], np.zeros((10, 2, 2))], ids=str)
def test_a_sampler_that_gives_another_number_of_rows_is_refused(rows: object) -> None:
    class Wrong:
        def sample(self, n: int, rng: np.random.Generator) -> object:
            return rows

    with pytest.raises(UsageError, match="`generated` must give 10 rows"):
        draw(Wrong(), 10, np.random.default_rng(0), "generated")


def test_a_sampler_that_fails_is_named_with_its_reason() -> None:
    class Broken:
        def sample(self, n: int) -> None: ...

    with pytest.raises(UsageError, match=r"`generated` could not draw .* TypeError"):
        ge.compare(ROWS, Broken())


def test_frames_have_rows_of_their_own() -> None:
    assert not is_sampler(pd.DataFrame({"a": [1.0]}))
    assert not is_sampler(pd.Series([1.0]))


def test_a_sampler_is_imported_from_the_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "my_generator.py").write_text(
        "class G:\n    def sample(self, n, rng):\n        return rng.normal(size=(n, 2))\n"
        "object_of_it = G()\nnot_one = 3\n"
    )
    monkeypatch.chdir(tmp_path)
    for name in ("G", "object_of_it"):
        assert (
            load_sampler(f"my_generator:{name}").sample(4, np.random.default_rng(0)).shape[0] == 4
        )
    for place, reason in (
        ("my_generator:H", "has no 'H'"),
        ("my_generator:not_one", "no method sample"),
        ("no_such_module:G", "ModuleNotFoundError"),
        ("my_generator", "MODULE:NAME"),
    ):
        with pytest.raises(UsageError, match=reason):
            load_sampler(place)
