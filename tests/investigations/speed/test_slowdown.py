"""Whether a slowdown is seen where there is one, and not where there is none."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import stats

from gan_eval.investigations.speed.slowdown import COLUMNS, Comparison, compare
from gan_eval.runtime.errors import UsageError

Rounds = Mapping[str, Sequence[float]]


def document(rounds: Rounds, *, raw: bool = True, processor: str = "A Chip") -> dict[str, Any]:
    """A file of pytest-benchmark, as far as it is read."""
    benchmarks = []
    for name, seconds in rounds.items():
        low, middle, high = np.quantile(seconds, [0.25, 0.5, 0.75])
        found: dict[str, Any] = {"median": middle, "iqr": high - low, "rounds": len(seconds)}
        found |= {"min": min(seconds), "max": max(seconds)}
        found |= {"data": list(seconds)} if raw else {}
        noted = {"examples": 1000, "unit": "training examples", "backend": "pytorch"}
        noted |= {"device": "cpu", "replicates": 1, "threads": 1}
        noted["environment"] = {"processor": processor, "cores": 2, "gpus": []}
        benchmarks.append(
            {
                "name": name,
                "fullname": f"benchmarks/test_x.py::{name}",
                "group": None,
                "params": None,
                "stats": found,
                "extra_info": noted,
            }
        )
    machine = {"python_version": "3.11.7", "cpu": {}}
    return {"benchmarks": benchmarks, "machine_info": machine, "datetime": "2026-01-01T00:00:00"}


def changed(**stats: Any) -> dict[str, Any]:
    """A file with one benchmark, ``a``, and these of its statistics."""
    found = document({"a": [1, 2]})
    found["benchmarks"][0]["stats"] |= stats
    return found


def noisy(median: float, seed: int, rounds: int = 10) -> list[float]:
    """Rounds with 3 % of noise."""
    noise = np.random.default_rng(seed).standard_normal(rounds)
    return list(median * np.exp(0.03 * noise))


@pytest.fixture
def compared(tmp_path: Path) -> Callable[..., Comparison]:
    def call(before: Rounds, after: Rounds, **options: Any) -> Comparison:
        for name, rounds in (("before", before), ("after", after)):
            (tmp_path / f"{name}.json").write_text(json.dumps(document(rounds)))
        return compare(tmp_path / "before.json", tmp_path / "after.json", **options)

    return call


def test_what_became_slower_is_told_from_what_did_not(compared: Callable[..., Comparison]) -> None:
    names = ("same", "slower", "a little", "faster")
    before = {name: noisy(1.0, seed) for seed, name in enumerate(names)}
    factors = (1.0, 2.0, 1.1, 0.5)
    after = {name: noisy(f, 10 + i) for i, (name, f) in enumerate(zip(names, factors, strict=True))}
    found = compared(before, after)
    answers = ["no difference seen", "too slow", "slower", "faster"]
    assert list(found.table.columns) == list(COLUMNS)
    assert list(found.table["answer"]) == answers
    assert not found.passed
    for row, factor in zip(found.table.to_dict("records"), factors, strict=True):
        assert row["ratio_low"] <= row["ratio"] <= row["ratio_high"]
        assert row["ratio"] == pytest.approx(factor, rel=0.05)
    assert compared(before, after, slowdown=2.5).passed


def test_the_pvalues_are_those_of_the_exact_test_under_holm(
    compared: Callable[..., Comparison],
) -> None:
    """Of the C(11, 5) orders of 5 and 6 rounds one separates them, and two do on either side."""
    before = {"a": [1.0, 1.1, 1.2, 1.3, 1.4], "b": [1.0, 1.2, 1.4, 1.6, 1.8]}
    after = {"a": [3.0, 3.1, 3.2, 3.3, 3.4, 3.5], "b": [1.1, 1.3, 1.5, 1.7, 1.9, 2.1]}
    table = compared(before, after, slowdown=1.0).table
    assert table["pvalue"][0] == pytest.approx(2 / 462)
    assert table["slower_pvalue"][0] == pytest.approx(1 / 462)
    other = stats.mannwhitneyu(after["b"], before["b"], alternative="greater", method="exact")
    assert table["slower_pvalue"][1] == pytest.approx(other.pvalue)
    assert table["adjusted_slower_pvalue"][0] == pytest.approx(2 / 462)
    assert table["adjusted_slower_pvalue"][1] == pytest.approx(other.pvalue)


def test_rounds_that_are_too_few_decide_nothing_and_cost_the_others_nothing(
    compared: Callable[..., Comparison],
) -> None:
    before = {"one": [1.0], "many": noisy(1.0, 0)}
    after = {"one": [9.0], "many": noisy(2.0, 1)}
    found = compared(before, after)
    assert list(found.table["answer"]) == ["too few rounds", "too slow"]
    assert found.table["adjusted_pvalue"][1] == found.table["pvalue"][1]
    assert (found.table["ratio_low"][0], found.table["ratio_high"][0]) == (0, np.inf)
    assert found.passed is False
    assert compared(before, {**after, "many": noisy(1.0, 1)}).passed is None
    assert compared({"many": before["many"]}, {"many": noisy(1.0, 1)}).passed is True


@pytest.mark.parametrize(
    ("benchmarks", "rounds", "passed"), [(4, 3, None), (4, 4, None), (4, 5, False), (1, 3, False)]
)
def test_whether_rounds_are_enough_is_decided_after_the_correction(
    compared: Callable[..., Comparison], benchmarks: int, rounds: int, passed: bool | None
) -> None:
    """1 over C(6, 3), C(8, 4) or C(10, 5) splits, times four benchmarks: 0.2, 0.057, 0.016."""
    names = [str(i) for i in range(benchmarks)]
    before = {name: noisy(1.0, i, rounds) for i, name in enumerate(names)}
    after = {name: noisy(10.0, 10 + i, rounds) for i, name in enumerate(names)}
    found = compared(before, after)
    assert found.passed is passed
    assert set(found.table["answer"]) == {"too few rounds" if passed is None else "too slow"}


def test_many_rounds_are_blocks_of_consecutive_ones(compared: Callable[..., Comparison]) -> None:
    """1,000 rounds in three stretches of which one is slow in either file: by single rounds that
    would be a difference beyond doubt, though the code is the same."""
    rng = np.random.default_rng(0)
    level = np.repeat([1.0, 1.0, 1.4], [400, 400, 200])
    before = level * np.exp(0.01 * rng.standard_normal(1000))
    after = level[::-1] * np.exp(0.01 * rng.standard_normal(1000)) * 1.001
    found = compared({"a": list(before)}, {"a": list(after)}, slowdown=1.0)
    assert list(found.table["answer"]) == ["no difference seen"]
    assert compared({"a": list(before)}, {"a": list(after * 1.5)}).passed is False
    (row,) = found.table.to_dict("records")
    assert (row["rounds_before"], row["rounds_after"]) == (1000, 1000)


def test_with_several_files_the_spread_between_files_counts(tmp_path: Path) -> None:
    """Four files a side whose levels differ by 20 %, each with rounds that hardly do."""
    rng = np.random.default_rng(3)
    sides: list[list[Path]] = []
    for side, factor in (("before", 1.0), ("after", 1.0), ("slow", 2.0)):
        sides.append([])
        for i, drift in enumerate(np.exp(0.2 * rng.standard_normal(4))):
            path = tmp_path / f"{side}{i}.json"
            rounds = {"a": noisy(factor * drift, i), "peer": [1.0], "few": noisy(factor, i)}
            if i:
                del rounds["few"]
            written = document(rounds)
            written["benchmarks"][1]["extra_info"]["peer"] = True
            path.write_text(json.dumps(written))
            sides[-1].append(path)
    before, after, slow = sides
    alone = [compare(a, b).table["answer"][0] for a in before for b in after]
    assert "too slow" in alone
    found = compare(before, after)
    assert list(found.table["answer"]) == ["no difference seen"] * 2
    assert list(found.table["files_before"]) == [4, 1]
    assert found.table["rounds_before"][0] == 40
    assert found.peers == ("benchmarks/test_x.py::peer",)
    assert compare(before, slow).table["answer"][0] == "too slow"
    assert compare(before, slow[0]).table["files_after"][0] == 1
    # Three files have one degree of freedom, which could reject, but would hardly ever.
    assert compare(before[1:3], slow[1]).passed is None
    with pytest.raises(UsageError, match="is given twice"):
        compare(before, before[0])


@pytest.mark.statistical
def test_two_equal_runs_are_rarely_called_too_slow(compared: Callable[..., Comparison]) -> None:
    """60 comparisons of three benchmarks each with a ratio of exactly the slowdown, the null's
    worst: at a level of 0.2, more than 22 false alarms have a probability below 0.001."""
    alarms = 0
    for seed in range(60):
        before = {str(i): noisy(1.0, 100 * seed + i, 6) for i in range(3)}
        after = {str(i): noisy(1.2, 100 * seed + 50 + i, 6) for i in range(3)}
        alarms += not compared(before, after, alpha=0.2).passed
    assert 0 < alarms <= 22


def test_seconds_are_of_an_example_where_examples_are_known(tmp_path: Path) -> None:
    before, after = document({"a": noisy(1.0, 0)}), document({"a": noisy(2.0, 1)})
    after["benchmarks"][0]["extra_info"]["examples"] = 2000
    for name, found in (("before", before), ("after", after)):
        (tmp_path / f"{name}.json").write_text(json.dumps(found))
    found = compare(tmp_path / "before.json", tmp_path / "after.json")
    assert found.table["ratio"][0] == pytest.approx(1.0, rel=0.05)


def test_what_only_one_file_has_and_another_machine_are_named(tmp_path: Path) -> None:
    (tmp_path / "before.json").write_text(json.dumps(document({"a": [1, 2], "b": [1, 2]})))
    after = document({"a": [1, 2], "c": [1, 2]}, processor="Another Chip")
    (tmp_path / "after.json").write_text(json.dumps(after))
    found = compare(tmp_path / "before.json", tmp_path / "after.json")
    assert found.only_before == ("benchmarks/test_x.py::b",)
    assert found.only_after == ("benchmarks/test_x.py::c",)
    assert found.differences == ("machine: A Chip before, Another Chip after",)


@pytest.mark.parametrize(
    ("before", "options", "sentence"),
    [
        (document({"a": [1, 2]}, raw=False), {}, "has no rounds of"),
        (document({"b": [1, 2]}), {}, "have no benchmark in common"),
        (document({"a": [1, 0]}), {}, "took no time"),
        (document({"a": [1, float("nan")]}), {}, "took no time"),
        (changed(data=[[1.0, 2.0]]), {}, "took no time"),
        (changed(data=[]), {}, "has no rounds of"),
        (changed(data=["x"]), {}, "is not a file of pytest-benchmark"),
        (document({}), {}, "have no benchmark in common"),
        (
            {**document({}), "benchmarks": 2 * document({"a": [1, 2]})["benchmarks"]},
            {},
            "has the benchmark 'benchmarks/test_x.py::a' twice",
        ),
        (document({"a": [1, 2]}), {"slowdown": 0.9}, "`slowdown` must be at least 1"),
        (document({"a": [1, 2]}), {"alpha": 0.0}, "alpha must be above 0"),
        (document({"a": [1, 2]}), {"correction": "none"}, "correction must be one of"),
    ],
)
def test_misuse_is_refused_in_one_sentence(
    tmp_path: Path, before: dict[str, Any], options: dict[str, Any], sentence: str
) -> None:
    (tmp_path / "before.json").write_text(json.dumps(before))
    (tmp_path / "after.json").write_text(json.dumps(document({"a": noisy(1.0, 0)})))
    with pytest.raises(UsageError, match=sentence):
        compare(tmp_path / "before.json", tmp_path / "after.json", **options)
