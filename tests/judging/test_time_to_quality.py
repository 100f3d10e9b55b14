"""Time to quality against known survival data, an oracle by hand, and what does not learn."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from gan_eval import TrainingConfig, backend
from gan_eval.judging.judge import epochs
from gan_eval.judging.time_to_quality import COLUMNS, first_passages, median_time, time_to_quality
from gan_eval.runtime.errors import UsageError

# Freireich et al. 1963, weeks of remission, as in Kalbfleisch & Prentice 1980.
TREATED = [6, 6, 6, 6, 7, 9, 10, 10, 11, 13, 16, 17, 19, 20, 22, 23, 25, 32, 32, 34, 35]
RELAPSED = [1, 1, 1, 0, 1, 0, 1, 0, 0, 1, 1, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0]
PLACEBO = [1, 1, 2, 2, 3, 4, 4, 5, 5, 8, 8, 8, 8, 11, 11, 12, 12, 15, 17, 22, 23]


def test_the_medians_of_the_textbooks_remissions() -> None:
    """Medians 23 and 8, with the log(−log) intervals 13 to ∞ and 4 to 11."""
    assert median_time(TREATED, RELAPSED) == (23, 13, np.inf)
    assert median_time(PLACEBO, [1] * 21) == (8, 4, 11)


def test_without_censoring_it_is_the_lower_median() -> None:
    assert median_time([5, 1, 3, 2, 4], [1] * 5)[0] == 3
    assert median_time([4, 1, 3, 2], [1] * 4)[0] == 2


def test_where_none_arrives_the_median_is_infinite_and_its_lower_end_honest() -> None:
    """Six that have not arrived by 9: with a median below 9 that has a probability of 2⁻⁶."""
    assert median_time([9] * 6, [0] * 6) == (np.inf, 9, np.inf)
    assert median_time([9] * 5, [0] * 5) == (np.inf, 0, np.inf)
    assert np.isnan(median_time([], [])).all()


@pytest.mark.statistical
def test_the_interval_covers_the_median() -> None:
    """Exponential times, a fifth censored: 400 intervals of 95 % from 30 times each. Coverage below
    0.90 or above 0.99 has a probability below 0.001 if the true one is 0.95."""
    rng = np.random.default_rng(0)
    covered = 0
    for _ in range(400):
        times, ends = rng.exponential(1.0, 30), rng.exponential(4.0, 30)
        _, low, high = median_time(np.minimum(times, ends), times <= ends)
        covered += low <= np.log(2) <= high
    assert 0.90 <= covered / 400 <= 0.99


def frame(kl: list[list[float]], seconds: float = 0.5) -> pd.DataFrame:
    """The epochs of some replicates, from their KL after each epoch."""
    rows = []
    for seed, series in enumerate(kl):
        for epoch, value in enumerate(series):
            spent = np.nan if epoch == 0 else seconds
            rows.append(("hash", "b", "cpu", seed, epoch, value, spent))
    columns = ["config_hash", "backend", "device", "seed", "epoch", "kl", "seconds"]
    return pd.DataFrame(rows, columns=columns)


def test_first_passages_by_hand() -> None:
    found = first_passages(
        frame([[8, 1, 0.05, 0.2], [8, 0.1, 0.05, 0.01], [8, 2, 3, np.nan], [0.01, 8, 8, 8]]), 1000
    )
    assert list(found["reached"]) == [True, True, False, True]
    assert list(found["examples"]) == [2000, 1000, 3000, 0]
    assert list(found["seconds"]) == [1.0, 0.5, 1.5, 0.0]
    assert list(found["within"]) == [False, True, False, False]
    assert set(found["total_examples"]) == {3000}


def test_a_fast_backend_that_does_not_learn_gains_nothing() -> None:
    learns, stuck = frame([[8, 1, 0.05]] * 8), frame([[8, 8, 8]] * 8, seconds=0.001)
    stuck["backend"] = "fast"
    table = time_to_quality(pd.concat([stuck, learns]), {"hash": 1000}).set_index("backend")
    assert table["examples_per_second"]["fast"] > table["examples_per_second"]["b"]
    assert table["seconds"]["fast"] == np.inf
    assert table["seconds"]["b"] == 1.0
    assert list(table.loc["fast", ["reached", "censored", "share_at_end"]]) == [0, 8, 0]


def test_of_real_trainings_a_wider_margin_is_reached_sooner_and_a_sparse_history_only_delays() -> (
    None
):
    trainer, config = backend("fused_cpu"), TrainingConfig()
    whole = epochs(trainer.train(config, range(64)))
    thin = epochs(trainer.train(config, range(64), every=4))  # type: ignore[call-arg]
    strict, wide = (time_to_quality(whole, 1000, epsilon=e).iloc[0] for e in (0.1, 0.5))
    assert list(time_to_quality(whole, 1000).columns) == list(COLUMNS)
    assert wide["examples"] < strict["examples"]
    assert wide["reached"] > strict["reached"]
    assert strict["examples_low"] <= strict["examples"] <= strict["examples_high"]
    both = [first_passages(f, 1000).set_index("seed") for f in (whole, thin)]
    assert (both[1]["examples"] >= both[0]["examples"]).all()
    assert (both[1]["within"] == both[0]["within"]).all()
    assert set(both[1]["total_examples"]) == {20_000}


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"epsilon": 0.0}, "`epsilon` must be above 0"),
        ({"epsilon": np.nan}, "`epsilon` must be above 0"),
        ({"confidence": 1.0}, "alpha must be above 0"),
        ({"n_examples": {}}, "`n_examples` must be at least 1 for configuration 'hash'"),
    ],
)
def test_misuse_is_refused_in_one_sentence(options: dict, sentence: str) -> None:
    with pytest.raises(UsageError, match=sentence):
        time_to_quality(frame([[8, 0.05]]), **({"n_examples": 1000} | options))


def test_cells_whose_kl_is_not_known_are_left_out_or_said() -> None:
    line = pd.DataFrame(
        {
            "config_hash": "a",
            "backend": "b",
            "device": "cpu",
            "seed": 0,
            "epoch": [0, 1],
            "kl": [1.0, 0.01],
            "seconds": [np.nan, 2.0],
            "worth_energy": np.nan,
        }
    )
    ring = line.assign(config_hash="c", kl=np.nan, worth_energy=[1.0, 2.0])
    found = time_to_quality(pd.concat([line, ring]), {"a": 10, "c": 10})
    assert found["config_hash"].tolist() == ["a"]
    with pytest.raises(UsageError, match="`epochs` have no KL"):
        time_to_quality(ring, {"c": 10})
