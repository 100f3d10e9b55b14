"""Names of benchmarks in words."""

from __future__ import annotations

from typing import Any

import pytest

from gan_eval.investigations.speed.names import LONGEST, label, told_apart

TRAINED = {"unit": "training examples", "backend": "fused_cpu", "device": "cpu"}


@pytest.mark.parametrize(
    ("name", "parameters", "noted", "said"),
    [
        ("test_fused[2048]", {"replicates": 2048}, {"replicates": 2048}, "fused_cpu, 2048 at once"),
        ("test_training[x]", {"epochs": 20, "batch_size": 8}, {"replicates": 1}, "fused_cpu"),
        (
            "test_training[x]",
            {"backend_name": "fused_cpu", "device": "cpu", "epochs": 2, "batch_size": 512},
            {"replicates": 1},
            "fused_cpu, batches of 512, 2 epochs",
        ),
        ("test_training[x]", {}, {"device": "cuda"}, "fused_cpu, cuda"),
    ],
)
def test_a_training_is_named_by_who_and_by_what_the_chapter_does_otherwise(
    name: str, parameters: dict[str, Any], noted: dict[str, Any], said: str
) -> None:
    assert label(name, parameters, TRAINED | noted) == f"train, {said}"


@pytest.mark.parametrize(
    ("name", "parameters", "said"),
    [
        ("test_read", None, "read"),
        ("test_judge[999]", {"permutations": 999}, "judge, 999 permutations"),
        ("test_a[cpu-f]", {"device": "cpu", "test": "<function f at 0x7f>"}, "a, f"),
        ("test_a[5-1]", {"n": 5, "n_examples": 10_000}, "a, n = 5, 10 000 examples"),
        ("test_odd[a-b]", None, "odd, a-b"),
        ("test_odd[True]", {"big": True}, "odd, big True"),
    ],
)  # fmt: skip
def test_any_other_is_named_by_its_function_and_parameters(
    name: str, parameters: dict[str, Any] | None, said: str
) -> None:
    assert label(name, parameters, {}) == said


def test_what_a_terminal_would_obey_is_left_out_and_long_names_are_cut() -> None:
    said = label("test_x[1]", {"a": "\x1b[31m" + "long" * 50}, {})
    assert "\x1b" not in said
    assert len(said) == LONGEST


def test_names_of_several_benchmarks_are_told_apart() -> None:
    found = told_apart(["a", "b", "a"], ["test_1", "test_2", "test_3"])
    assert len(set(found)) == 3
    assert found[1] == "b"
