"""Ties and winners: never a winner from noise, and the one that is best when there is one."""

from __future__ import annotations

import math

import numpy as np
import pytest

from gan_eval.study.answer.cells import plain_cells
from gan_eval.study.answer.ranking import (
    ALPHA,
    MOST_NEEDED,
    Ranking,
    duel,
    least_seeds,
    needed_seeds,
    rankings,
)

from .made import grid, made

SIX = grid(latent_size=[2, 3, 4, 5, 6, 7])


def ranked(levels: list[float], **options: object) -> Ranking:
    rows, provenance = made(SIX, levels, **options)  # type: ignore[arg-type]
    cells = plain_cells(rows, provenance)
    return rankings(cells, [cell.configuration for cell in cells])[0]


def test_a_configuration_that_is_far_better_stands_alone_and_one_as_good_is_tied() -> None:
    alone = ranked([10, 10, 10, 100, 10, 10])
    assert alone.best == ["latent_size=5"]
    assert alone.order[0] == "latent_size=5"
    tied = ranked([10, 100, 10, 100, 10, 10])
    assert set(tied.best) == {"latent_size=3", "latent_size=5"}


def test_noise_has_no_winner_more_often_than_one_time_in_twenty() -> None:
    repeats = 60
    alone = sum(len(ranked([10] * 6, seeds=30, first=9000 * r).best) == 1 for r in range(repeats))
    # Of 60 repeats at a level of 5 % or less, more than 8 come with probability below 1 %.
    assert alone <= 8


def test_the_best_is_among_the_tied_ones() -> None:
    kept = [
        "latent_size=4" in ranked([10, 11, 12, 11, 10, 9], seeds=25, first=7000 * r).best
        for r in range(60)
    ]
    assert np.mean(kept) >= 0.9


def test_a_diverged_training_is_the_farthest_from_the_truth() -> None:
    rows, provenance = made(grid(latent_size=[2, 3]), [10, 10], seeds=20, noise=0.0)
    chosen = rows["configuration"] == "latent_size=3"
    rows.loc[chosen, ["verdict", "kl", "worth_kl"]] = ["diverged", math.nan, math.nan]
    first, second = plain_cells(rows, provenance)
    assert duel(first, second).wins == 1.0
    assert duel(second, first).pvalue == 1.0
    assert rankings([first, second], [])[0].best == ["latent_size=2"]


def test_the_sign_test_is_exact() -> None:
    rows, provenance = made(grid(latent_size=[2, 3]), [10, 1], seeds=6, noise=0.0)
    assert duel(*plain_cells(rows, provenance)).pvalue == pytest.approx(0.5**6)


@pytest.mark.parametrize("tests", [1, 3, 15, 100])
def test_fewer_than_the_least_seeds_can_show_nothing(tests: int) -> None:
    least = least_seeds(tests)
    assert 0.5**least <= ALPHA / tests < 0.5 ** (least - 1)


def test_as_many_seeds_as_are_named_tell_four_times_in_five() -> None:
    n, rng = needed_seeds(0.7, 5), np.random.default_rng(0)
    from scipy.stats import binom

    found = rng.binomial(n, 0.7, size=4000)
    told = binom.sf(found - 1, n, 0.5) <= ALPHA / 5
    assert 0.72 < told.mean() < 0.9
    assert needed_seeds(0.5, 5) == MOST_NEEDED + 1
    assert needed_seeds(0.9, 5) < needed_seeds(0.6, 5)


def test_the_backend_that_trained_most_leads() -> None:
    rows, provenance = made(
        SIX, [10] * 6, seeds=10, where=(("fused_cpu", "cpu"), ("pytorch", "cpu"))
    )
    few = rows[(rows["backend"] == "pytorch") | (rows["seed"] < 3)]
    cells = plain_cells(few, provenance)
    assert [one.backend for one in rankings(cells, [])] == ["pytorch", "fused_cpu"]


def test_a_configuration_with_too_few_seeds_does_not_keep_the_others_from_being_told_apart() -> (
    None
):
    rows, provenance = made(SIX, [10, 100, 10, 10, 10, 500])
    left = rows[(rows["configuration"] != "latent_size=7") | (rows["seed"] < 3)]
    cells = plain_cells(left, provenance)
    found = rankings(cells, [])[0]
    assert found.few == ["latent_size=7"]
    assert found.told
    assert found.best == ["latent_size=3"]
    few = rows[rows["seed"] < 3]
    assert rankings(plain_cells(few, provenance), [])[0].few == []
