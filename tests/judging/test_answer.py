"""The headline of many trainings: its word by where the interval lies, its numbers those of the
rows, few trainings told with care."""

from __future__ import annotations

import math
import re
from typing import Any

import numpy as np
import pandas as pd
import pytest

import gan_eval as ge
from gan_eval.judging.answer import FEWEST, Learned, headline, learned, worth_words
from gan_eval.runtime.errors import UsageError
from gan_eval.stats.shares import share_interval

from ..report import synthetic
from ..report.generators import synthetic as outside


def of(converged: int, trainings: int, **more: Any) -> Learned:
    return Learned(converged, trainings, *share_interval(converged, trainings), **more)


@pytest.mark.parametrize(
    ("low", "high", "kind"),
    [
        (0.9, 1.0, "yes"),
        (0.899, 1.0, "mostly yes"),
        (0.501, 0.7, "mostly yes"),
        (0.5, 0.7, "about half"),
        (0.25, 0.75, "about half"),
        (0.249, 0.74, "unclear"),
        (0.26, 0.751, "unclear"),
        (0.3, 0.5, "about half"),
        (0.3, 0.499, "mostly not"),
        (0.0, 0.101, "mostly not"),
        (0.0, 0.1, "no"),
    ],
)
def test_the_answer_is_where_the_interval_lies(low: float, high: float, kind: str) -> None:
    assert Learned(50, 100, low, high).kind == kind


@pytest.mark.parametrize(
    ("converged", "trainings", "kind"),
    [
        *((748, 2000, "mostly not"), (1252, 2000, "mostly yes"), (1000, 2000, "about half")),
        *((9, 20, "unclear"), (0, 36, "no"), (0, 20, "mostly not"), (20, 20, "mostly yes")),
        *((36, 36, "yes"), (5, 5, "few"), (0, 1, "few"), (6, 6, "mostly yes")),
    ],
)
def test_the_answer_of_counts(converged: int, trainings: int, kind: str) -> None:
    """Shares and their mirror images have mirrored answers, and few trainings none."""
    mirror = {"mostly not": "mostly yes", "mostly yes": "mostly not", "no": "yes", "yes": "no"}
    assert of(converged, trainings).kind == kind
    assert of(trainings - converged, trainings).kind == mirror.get(kind, kind)


def test_the_words_differ_by_answer_and_begin_the_sentence() -> None:
    cases = [(2000, 2000), (1200, 2000), (1000, 2000), (748, 2000), (1, 2000), (9, 20)]
    words = [of(*case).sentence().partition(":")[0] for case in cases]
    assert len(set(words)) == len(cases)
    assert [word.startswith("Yes") for word in words] == [True, *[False] * 5]


@pytest.mark.parametrize("trainings", range(1, FEWEST))
def test_few_trainings_have_no_interval_and_no_typical_one(trainings: int) -> None:
    for converged in range(trainings + 1):
        said = of(converged, trainings, worth=2.0, kl=0.3).sentence()
        assert not re.search("typical|median|%", said)
        assert (str(FEWEST) in said) is (trainings > 1)


def test_none_finished_and_all_lost_are_told_without_a_share() -> None:
    lost = [of(0, 8, lost="diverged"), of(0, 8, lost="no_result"), of(0, 1, lost="diverged")]
    said = [one.sentence() for one in [*lost, Learned(0, 0, math.nan, math.nan)]]
    assert len(set(said)) == 4
    assert not re.search("nan|%|worth|∞", " ".join(said))
    assert headline(pd.DataFrame()) == said[-1]


def test_rows_and_their_summary_give_one_headline() -> None:
    rows = synthetic.results(12).rows
    (_, summary), *others = ge.summarise(rows).iterrows()
    assert not others
    found = learned(rows)
    assert found == learned(summary) == learned(dict(summary))
    assert headline(rows) == headline(summary) == found.sentence()
    assert found.converged == int((rows["verdict"] == "converged").sum())
    assert (found.low, found.high) == share_interval(found.converged, 12)
    assert found.n_examples == 1000
    assert found.worth == np.median(rows["worth_kl"])


def test_diverged_trainings_count() -> None:
    rows = synthetic.results(8).rows
    for position in range(8):
        synthetic.spoil(rows, position, "diverged")
        found = learned(rows)
        assert found.trainings == 8
        assert bool(found.lost) is (position == 7)


def test_the_worth_is_that_of_the_yardstick_or_the_one_that_is_known() -> None:
    rows = synthetic.results(12).rows.assign(worth_energy=77.0, yardstick="worth_energy")
    assert (learned(rows).worth, learned(rows).by) == (77.0, "energy distance")
    assert learned(rows.assign(yardstick="kl")).by == ""
    made = outside.one_setting().rows
    made = made[made["backend"] == "RingGAN"]
    assert learned(made).worth == ge.summarise(made)["worth_energy"].item()
    assert learned(made).by


def test_rows_of_several_configurations_have_no_headline() -> None:
    rows = synthetic.results(3, where=(("pytorch", "cpu"), ("fused_cpu", "cpu"))).rows
    with pytest.raises(UsageError, match="`source`"):
        headline(rows)


@pytest.mark.parametrize(
    ("worth", "expected"), [(0.0, "less than one"), (0.99, "less than one"), (15.7, "16 ")]
)
def test_a_worth_in_words(worth: float, expected: str) -> None:
    assert expected in worth_words(worth, 1000)
    assert "1000" in worth_words(worth, 1000)
    assert "1000" not in worth_words(worth)
