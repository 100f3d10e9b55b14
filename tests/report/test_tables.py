from __future__ import annotations

import re

import numpy as np
import pytest
from scipy import stats

from gan_eval.pages.numbers import MISSING, number, percent
from gan_eval.pages.picture import undrawn
from gan_eval.report import losses, render, tables
from gan_eval.report.cells import LN_2, cells_of
from gan_eval.training.config import TrainingConfig

from . import synthetic


def _table(table: tables.Table | None) -> dict[str, list[str]]:
    """The columns of a table by their heads."""
    assert table is not None
    assert {len(row) for row in table.rows} <= {len(table.head)}
    columns = list(zip(*table.rows, strict=True))
    return {name: list(column) for name, column in zip(table.head, columns, strict=True)}


def test_moments_stand_beside_b_and_AtA() -> None:
    made = synthetic.results(11)
    synthetic.spoil(made.rows, 4, "diverged")
    found = tables.moments(cells_of(made)[0])
    frame = _table(found)
    assert frame["entry"] == [
        *("mean 1", "mean 2", "covariance 1, 1", "covariance 1, 2", "covariance 2, 2"),
    ]
    assert frame["truth"] == ["1.000", "2.000", "1.010", "1.950", "4.250"]
    learned = made.rows.loc[made.rows["verdict"] != "diverged", "covariance_1_2"]
    assert frame["median learned"][3] == number(learned.median())
    assert frame["5–95 %"][3] == "\u00a0to\u00a0".join(
        number(q) for q in learned.quantile([0.05, 0.95])
    )
    assert frame["median error"][3] == number((learned - 1.95).median())
    assert frame["median |error|"][3] == number((learned - 1.95).abs().median())
    assert found is not None
    assert "10" in found.caption
    assert "1 diverged" in found.caption


def test_moments_of_any_dimension_have_the_upper_triangle() -> None:
    config = TrainingConfig.parse(
        {"target": {"A": np.eye(4).tolist(), "b": [0.0] * 4}, "latent_size": 5}
    )
    cell = cells_of(synthetic.results(3, configs={"four": config}))[0]
    assert len(_table(tables.moments(cell))["entry"]) == 4 + 10


def test_rank_correlation_is_spearmans_and_takes_infinity() -> None:
    made = synthetic.results(12)
    synthetic.spoil(made.rows, 1, "failed")
    synthetic.spoil(made.rows, 2, "diverged")
    frame = _table(losses.correlation(cells_of(made)))
    kl = made.rows["kl"].fillna(1e9).replace(np.inf, 1e9)
    statistic, pvalue = stats.spearmanr((made.rows["loss_D"] - LN_2).abs(), kl)
    assert frame["|loss_D − ln 2|"][0] == (
        f"{number(statistic, 2)} (p = {number(pvalue, 2)}, n = 12)"
    )


def test_rejections_count_what_is_at_most_5_percent() -> None:
    made = synthetic.results(10)
    made.rows["mmd_pvalue"] = [0.001, 0.05, 0.051, *[0.5] * 6, np.nan]
    frame = _table(tables.rejections(cells_of(made)))
    first = [frame[name][0] for name in ("test", "trainings tested", "rejected")]
    assert first == ["MMD", "9 of 10", "22\u202f%"]


def test_speeds_tell_the_timed_replicate_from_the_others() -> None:
    made = synthetic.results(3, where=(("pytorch", "cpu"), ("jax", "cpu")))
    made.rows["examples_per_second"] = [100.0, 10.0, 20.0, 400.0, 30.0, 40.0]
    made.rows["chapter_examples_per_second"] = [50.0, np.nan, np.nan, 60.0, np.nan, np.nan]
    frame = _table(tables.speeds(cells_of(made)))
    assert frame["training clock"] == ["100", "400"]
    assert frame["chapter’s clock"] == ["50.0", "60.0"]
    assert frame["times the PyTorch loop"] == ["1.00 ×", "4.00 ×"]
    assert frame["median side by side"] == ["20.0", "40.0"]
    assert frame["side by side, times the PyTorch loop"] == ["1.00 ×", "2.00 ×"]


def test_speeds_without_the_loop_stand_against_the_slowest() -> None:
    made = synthetic.results(1, where=(("mxnet", "cpu"), ("jax", "cpu")))
    made.rows["examples_per_second"] = [200.0, 100.0]
    frame = _table(tables.speeds(cells_of(made)))
    assert frame["times the slowest"] == ["2.00 ×", "1.00 ×"]


def test_distances_stand_against_both_truths() -> None:
    made = synthetic.results(9)
    frame = _table(tables.distances(cells_of(made)[0]))
    assert frame["distance"][0] == "KL(q‖p), nats"
    assert frame["median to N(b, AᵀA)"][0] == number(made.rows["kl"].median())
    assert frame["median to the rows it saw"][0] == number(made.rows["kl_rows"].median())
    assert len(frame["distance"]) == 10


def test_verdicts_have_every_cell() -> None:
    made = synthetic.results(4, where=(("pytorch", "cpu"), ("jax", "cpu")))
    frame = _table(tables.verdicts(cells_of(made)))
    verdicts = ("converged", "near", "failed", "diverged")
    assert [sum(int(frame[name][i]) for name in verdicts) for i in (0, 1)] == [4, 4]
    # On a phone the entries of a row stand below each other, in this order.
    assert list(frame)[1:4] == ["learned", "median KL, nats", "worth, real rows"]
    for at, rows in enumerate(dict(iter(made.rows.groupby("backend", sort=False))).values()):
        assert frame["learned"][at].startswith(percent((rows["verdict"] == "converged").mean()))
        assert frame["median KL, nats"][at].startswith(number(rows["kl"].median()))
        assert frame["worth, real rows"][at].startswith(number(rows["worth_kl"].median(), 2))


@pytest.mark.parametrize("replicates", [1, 2])
def test_few_trainings_have_their_values_and_no_median(replicates: int) -> None:
    made = synthetic.results(replicates)
    cells = cells_of(made)
    (cell,) = cells
    found = [tables.verdicts(cells), tables.further(cells), tables.critics(cells)]
    found += [tables.speeds(cells), tables.distances(cell), tables.rejections(cells)]
    for table in [*found, tables.moments(cell)]:
        assert table is not None
        assert not re.search("median|typical", " ".join(table.head))
    kls = " and ".join(number(kl) for kl in np.sort(made.rows["kl"]))
    assert _table(tables.verdicts(cells))["KL, nats"] == [kls]


def test_of_configurations_of_which_one_is_timed_the_slowest_is_the_slowest() -> None:
    made = synthetic.results(
        4,
        where=(("fused_cpu", "cpu"),),
        configs={name: TrainingConfig(epochs=at + 1) for at, name in enumerate("zab")},
    )
    later = made.rows["configuration"] != "z"
    made.rows.loc[later, "chapter_examples_per_second"] = np.nan
    made.rows["examples_per_second"] = made.rows["configuration"].map(
        {"z": 4.0, "a": 2.0, "b": 8.0}
    )
    cells = cells_of(made)
    # The first configuration, the reference, leads.
    assert [cell.configuration for cell in cells] == ["z", "a", "b"]
    found = [row[-1] for row in tables.speeds(cells).rows]
    assert found == ["2.00 ×", "1.00 ×", "4.00 ×"]
    assert [row[1] for row in tables.speeds(cells).rows][1:] == [MISSING, MISSING]
    with undrawn():
        text = render(made)
        assert "A dash stands where nothing was timed alone." in text
        assert "A dash stands" not in render(synthetic.results(4))


def test_the_tests_that_a_study_names_are_those_of_the_page() -> None:
    made = synthetic.results(10)
    for name in ("mmd", "energy"):
        del made.rows[f"{name}_statistic"], made.rows[f"{name}_pvalue"]
    for name in ("hotelling", "fuse"):
        made.rows[f"{name}_statistic"], made.rows[f"{name}_pvalue"] = 1.0, 0.5
    made.rows["fuse_pvalue"] = [0.01] * 4 + [0.5] * 5 + [np.nan]
    text = render(made)
    for said in (
        "MMD-FUSE tests 500 generated against 500 fresh real samples with 999 permutations each.",
        "T² (mean) tests 500 generated samples against the target, whose distribution is known",
        f"MMD-FUSE test: {percent(4 / 9)} of 9 trainings are rejected",
        "MMD-FUSE p",
        "How often MMD and energy reject",
    ):
        assert said in text, said
    assert "energy test:" not in text
    rejected = tables.rejections(cells_of(made)).rows
    assert [row[1] for row in rejected] == ["Hotelling's T² (mean)", "MMD-FUSE"]
    assert [row[2] for row in rejected] == [percent(0), percent(4 / 9)]
