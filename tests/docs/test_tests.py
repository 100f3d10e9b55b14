"""docs/tests.md: every option, every field of a result, and the p-values that it states."""

from __future__ import annotations

import inspect
import re
from typing import Any

from gan_eval.stats.twosample import TestResult, energy_test, mmd_test

from .pages import (
    code,
    names_in,
    run_code,
    section,
    table_rows,
)


def test_every_option_of_the_tests_is_described_with_its_default() -> None:
    rows = list(table_rows(section("tests", "## Input")))
    described = {row[0].strip("`"): row for row in rows if row[0].startswith("`")}
    existing: dict[str, Any] = {}
    for function in (mmd_test, energy_test):
        for name, parameter in inspect.signature(function).parameters.items():
            if parameter.kind is parameter.KEYWORD_ONLY:
                existing[name] = parameter.default
    assert set(described) == set(existing)
    for name, default in existing.items():
        assert described[name][2].strip('`"') == str(default)


def test_every_field_of_a_result_is_described() -> None:
    fields = set(TestResult.__dataclass_fields__)
    assert names_in(section("tests", "## The result")) == fields


def test_the_examples_of_the_tests_give_the_pvalues_that_they_state() -> None:
    first, misleading = code("tests", "python")
    (stated,) = code("tests", "text")
    without_seconds = re.compile(r", [\d.e-]+ s$", re.M)
    assert without_seconds.sub("", run_code(first)) == without_seconds.sub("", stated)
    said = re.findall(r"# ([\d.]+)$", misleading, re.M)
    assert len(said) == 2
    assert run_code(misleading).split() == said
