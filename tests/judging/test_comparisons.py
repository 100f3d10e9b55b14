"""Configurations beside a reference: known answers, an independent oracle, the orientation."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from gan_eval import TrainingConfig, backend
from gan_eval.judging.comparisons import compare_configurations
from gan_eval.judging.judge import judge
from gan_eval.runtime.errors import UsageError


def made(
    cells: dict[str, list[float]], where: tuple[tuple[str, str], ...] = (("pytorch", "cpu"),)
) -> pd.DataFrame:
    return pd.DataFrame(
        [
            {
                "configuration": name,
                "backend": backend,
                "device": device,
                "seed": seed,
                "kl": value,
                "verdict": "diverged" if np.isnan(value) else "near",
            }
            for name, values in cells.items()
            for backend, device in where
            for seed, value in enumerate(values)
        ]
    )


BASE = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0]


def test_what_is_twice_as_good_on_every_seed() -> None:
    found = compare_configurations(made({"a": BASE, "half": [v / 2 for v in BASE]}))
    (pair,) = found.pairs.to_dict("records")
    assert (pair["seeds"], pair["wins"], pair["verdict"]) == (10, 1.0, "better")
    assert (pair["median"], pair["median_reference"]) == (pytest.approx(0.275), 0.55)
    # Every resample of seeds has the same ratio: the pairing is kept.
    assert [pair[f"ratio{end}"] for end in ("", "_low", "_high")] == pytest.approx([0.5] * 3)
    assert pair["pvalue"] == pytest.approx(2 * 0.5**10)
    # Of all 100 pairs of seeds i, j: i/2 < j, ties half.
    slow = np.mean([(i / 2 < j) + (i / 2 == j) / 2 for i in range(1, 11) for j in range(1, 11)])
    assert pair["improvement"] == pytest.approx(slow)
    assert pair["improvement_low"] < slow < pair["improvement_high"]


def test_what_is_the_same_is_not_shown_to_differ() -> None:
    (pair,) = compare_configurations(made({"a": BASE, "b": BASE})).pairs.to_dict("records")
    assert (pair["wins"], pair["improvement"], pair["pvalue"]) == (0.5, 0.5, 1.0)
    assert pair["verdict"] == "not shown"


def test_worse_input_is_told_as_worse() -> None:
    """The orientation, at every step: better, the same, worse, much worse, diverged."""
    scales = {"a": 1.0, "better": 0.5, "worse": 1.5, "much worse": 4.0}
    rows = made({name: [scale * v for v in BASE] for name, scale in scales.items()})
    rows = pd.concat([rows, made({"diverged": [np.nan] * 10})])
    found = compare_configurations(rows)
    assert found.pairs["verdict"].tolist() == ["better", "worse", "worse", "worse"]
    # "better" comes first; the others get worse from one to the next.
    for name in ("ratio", "median"):
        assert found.pairs[name].is_monotonic_increasing
    assert found.pairs["improvement"].is_monotonic_decreasing
    assert found.pairs["improvement"].iloc[-1] == 0.0
    assert found.aggregates["iqm"].iloc[1:].is_monotonic_increasing
    assert found.pairs["ratio"].iloc[-1] == np.inf
    shares = found.profiles.groupby("configuration", sort=False)["share"]
    assert shares.apply(lambda share: share.is_monotonic_increasing).all()
    assert (
        shares.mean()
        .loc[["better", "a", "worse", "much worse", "diverged"]]
        .is_monotonic_decreasing
    )


def test_a_few_diverged_replicates_cost_no_number() -> None:
    some = [*BASE[:8], np.nan, np.inf]
    found = compare_configurations(made({"a": BASE, "some": some}))
    aggregate = found.aggregates.set_index("configuration").to_dict("index")["some"]
    assert aggregate["iqm"] == pytest.approx(stats.trim_mean([*BASE[:8], np.inf, np.inf], 0.25))
    assert aggregate["iqm_high"] == np.inf
    quantiles = found.quantiles.set_index(["configuration", "quantile"])["value"]
    assert quantiles["some", 0.5] == pytest.approx(0.55)
    assert quantiles["some", 0.95] == np.inf


def test_only_common_seeds_are_compared() -> None:
    rows = made({"a": BASE, "b": [10 * v for v in BASE]})
    kept = ~((rows["configuration"] == "b") & (rows["seed"] < 3))
    (pair,) = compare_configurations(rows.loc[kept]).pairs.to_dict("records")
    assert (pair["seeds"], pair["median_reference"]) == (7, pytest.approx(0.7))
    few = ~((rows["configuration"] == "b") & (rows["seed"] < 5))
    found = compare_configurations(rows.loc[few])
    assert found.pairs.empty
    assert found.left_out == ["b"]


def test_the_first_of_the_order_is_the_reference_and_seeds_are_capped() -> None:
    rows = made({"a": BASE, "b": [2 * v for v in BASE]})
    found = compare_configurations(rows, order=["b", "a"], most_seeds=8)
    (pair,) = found.pairs.to_dict("records")
    assert (found.reference, pair["configuration"], pair["seeds"]) == ("b", "a", 8)
    assert (pair["ratio"], pair["verdict"]) == (pytest.approx(0.5), "better")


def test_holm_is_over_the_whole_table() -> None:
    better = [v - 0.05 for v in BASE]
    where = (("pytorch", "cpu"), ("jax", "cpu"))
    rows = made({"a": BASE, "b": better, "c": better, "d": better}, where)
    found = compare_configurations(rows)
    assert len(found.pairs) == 6
    assert found.correction == "Holm"
    assert found.pairs["adjusted"].tolist() == pytest.approx([6 * 2 * 0.5**10] * 6)


def rliable_interquartile_mean(scores: np.ndarray, resamples: int, seed: int) -> list[float]:
    """Agarwal et al. (2021) as their library does it: runs × tasks, each task resampled alone."""
    rng = np.random.default_rng(seed)
    runs, tasks = scores.shape
    found = []
    for _ in range(resamples):
        drawn = np.column_stack([scores[rng.integers(runs, size=runs), t] for t in range(tasks)])
        found.append(float(stats.trim_mean(drawn.ravel(), 0.25)))
    return found


@pytest.mark.statistical
def test_aggregates_are_the_stratified_bootstraps() -> None:
    """Against a plain transcription with other random numbers. Bounds of 2,000 resamples are good
    to a few percent of the interval's width (the standard error of a 2.5 % quantile is about 0.06
    of a standard deviation, 0.015 of the width; 6 of them, twice)."""
    rng = np.random.default_rng(2)
    scores = rng.lognormal([0.0, 1.0], 0.7, size=(30, 2))
    parts = [
        made({"a": list(scores[:, t] * 2), "b": list(scores[:, t])}, ((name, "cpu"),))
        for t, name in enumerate(("pytorch", "jax"))
    ]
    found = compare_configurations(pd.concat(parts), resamples=2000)
    row = found.aggregates.set_index("configuration").to_dict("index")["b"]
    assert (row["tasks"], row["replicates"]) == (2, 60)
    assert row["iqm"] == pytest.approx(stats.trim_mean(scores.ravel(), 0.25))
    low, high = np.quantile(rliable_interquartile_mean(scores, 2000, 7), [0.025, 0.975])
    assert row["iqm_low"] == pytest.approx(low, abs=0.18 * (high - low))
    assert row["iqm_high"] == pytest.approx(high, abs=0.18 * (high - low))
    slow = [
        np.mean([x < 2 * y for x, y in itertools.product(scores[:, t], repeat=2)]) for t in (0, 1)
    ]
    assert row["improvement"] == pytest.approx(np.mean(slow))
    profile = found.profiles.loc[found.profiles["configuration"] == "b"]
    counted = [(scores <= threshold).mean() for threshold in profile["threshold"]]
    assert profile["share"].tolist() == pytest.approx(counted)
    assert (profile["share_low"] <= profile["share"]).all()
    assert (profile["share"] <= profile["share_high"]).all()


def test_of_trained_gans_the_worse_configuration_is_told() -> None:
    """One epoch is worse than twenty on nearly every of 64 seeds."""
    frames = []
    for name, epochs in (("twenty", 20), ("one", 1)):
        rows = judge(backend("fused_cpu").train(TrainingConfig(epochs=epochs), range(64)), tested=0)
        frames.append(rows.assign(configuration=name))
    found = compare_configurations(pd.concat(frames))
    (pair,) = found.pairs.to_dict("records")
    assert (pair["verdict"], pair["seeds"]) == ("worse", 64)
    assert pair["wins"] < 0.1
    assert pair["ratio_low"] > 2


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"order": ["a", "z"]}, "no rows of configuration 'z'"),
        ({"order": ["a"]}, "needs two configurations or more"),
        ({"column": "kl_x"}, "lack the column 'kl_x'"),
        ({"correction": "bonferroni"}, "correction must be one of"),
        ({"alpha": 0}, "alpha must be above 0"),
        ({"resamples": 0}, "`resamples` must be at least 1"),
    ],
)
def test_what_cannot_be_compared_is_refused(settings: dict, sentence: str) -> None:
    with pytest.raises(UsageError, match=sentence):
        compare_configurations(made({"a": BASE, "b": BASE}), **settings)


def test_a_seed_that_comes_twice_is_refused() -> None:
    rows = made({"a": BASE, "b": BASE})
    with pytest.raises(UsageError, match="a seed comes twice"):
        compare_configurations(pd.concat([rows, rows]))


def judged_by_worth(cells: dict[str, list[float]], computed: int = 6) -> pd.DataFrame:
    """Rows without a closed form: KL infinite, total variation of the first seeds alone."""
    rows = made(cells).rename(columns={"kl": "worth_energy"})
    known = rows["seed"] < computed
    return rows.assign(
        kl=np.where(known, np.inf, np.nan),
        yardstick="worth_energy",
        worth_energy_how="sampled",
        computed_error=np.where(known, 1e-6, np.nan),
        kl_how=np.where(known, "computed", ""),
        total_variation=np.where(known, 1 / (1 + rows["worth_energy"]), np.nan),
    )


def test_where_worth_decided_it_is_compared_and_more_is_better() -> None:
    """The orientation of every table: better, the same, worse, infinitely good, diverged."""
    cells = {"a": BASE, "half": [v / 2 for v in BASE], "twice": [2 * v for v in BASE]}
    cells |= {"right": [np.inf] * 10, "lost": [np.nan] * 10}
    found = compare_configurations(judged_by_worth(cells))
    assert (found.column, found.more_is_better) == ("worth_energy", True)
    pairs = found.pairs.set_index("configuration")
    expected = {"half": "worse", "twice": "better", "right": "better", "lost": "worse"}
    assert pairs["verdict"].to_dict() == expected
    assert pairs["wins"].to_dict() == {"half": 0.0, "twice": 1.0, "right": 1.0, "lost": 0.0}
    for name, value in (("median", 1.1), ("ratio", 2.0), ("ratio_low", 2.0)):
        assert pairs[name]["twice"] == pytest.approx(value)
    assert pairs["ratio"].to_dict() == pytest.approx(
        {"half": 0.5, "twice": 2.0, "right": np.inf, "lost": 0.0}
    )
    better = ["lost", "half", "twice", "right"]
    assert pairs["improvement"].loc[better].is_monotonic_increasing
    aggregates = found.aggregates.set_index("configuration")
    assert aggregates["iqm"].loc[["lost", "half", "a", "twice", "right"]].is_monotonic_increasing
    assert aggregates["improvement"].loc["twice"] == pairs["improvement"].loc["twice"]
    # The same numbers as of the reciprocal, of which less is better.
    errors = judged_by_worth(cells)
    errors["error"] = 1 / errors["worth_energy"]
    other = compare_configurations(errors, column="error").pairs.set_index("configuration")
    same = ["verdict", "wins", "wins_low", "improvement", "improvement_low", "pvalue", "adjusted"]
    pd.testing.assert_frame_equal(pairs[same], other[same])


def test_a_profile_of_worth_is_the_share_that_has_at_least_so_much() -> None:
    cells = {"a": BASE, "lost": [*BASE[:9], np.nan]}
    found = compare_configurations(judged_by_worth(cells), thresholds=[0.05, 0.3, 1.0, 2.0])
    shares = found.profiles.set_index(["configuration", "threshold"])["share"]
    assert shares["a"].tolist() == pytest.approx([1.0, 0.8, 0.1, 0.0])
    assert shares["lost"].tolist() == pytest.approx([0.9, 0.7, 0.0, 0.0])


def test_of_what_is_computed_of_some_seeds_these_are_compared() -> None:
    rows = judged_by_worth({"a": BASE, "twice": [2 * v for v in BASE]}, computed=7)
    found = compare_configurations(rows, column="total_variation")
    (pair,) = found.pairs.to_dict("records")
    assert not found.more_is_better
    assert (pair["seeds"], pair["verdict"], pair["wins"]) == (7, "better", 1.0)
    assert (pair["median"], pair["median_reference"]) == pytest.approx((1 / 1.8, 1 / 1.4))
    too_few = judged_by_worth({"a": BASE, "b": BASE}, computed=3)
    assert compare_configurations(too_few, column="total_variation").left_out == ["a", "b"]


def test_rows_that_kl_decided_are_compared_by_it() -> None:
    rows = made({"a": BASE, "b": BASE}).assign(yardstick="kl", worth_energy=1.0)
    assert compare_configurations(rows).column == "kl"
