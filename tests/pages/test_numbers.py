from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gan_eval.pages import numbers
from gan_eval.runtime.arguments import plain


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.12849, "0.128"),
        (0.0999999, "0.100"),
        (12345.6, "12\u202f300"),
        (9876, "9880"),
        (-0.057, "−0.0570"),
        (4.12e-5, "4.12\u00a0×\u00a010⁻⁵"),
        (0, "0"),
        (math.inf, "∞"),
        (-math.inf, "−∞"),
        (math.nan, "–"),
        (None, "–"),
        ("<b>", "–"),
        (np.float64(1.0), "1.00"),
    ],
)
def test_number(value: object, text: str) -> None:
    assert numbers.number(value) == text


def test_shares_and_intervals() -> None:
    assert numbers.percent(0.4375) == "44\u202f%"
    assert numbers.percent(1.0) == "100\u202f%"
    assert numbers.percent(0.0) == "0\u202f%"
    assert numbers.percents(0.263, 0.623) == "26\u00a0to\u00a062\u202f%"
    assert numbers.interval(0.09, math.inf) == "0.0900\u00a0to\u00a0∞"
    assert numbers.interval(math.nan, 1.0) == "–"
    assert numbers.setting(0.1) == "0.1"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "<\u00a01\u00a0×\u00a010⁻³⁰⁰"),
        (5e-324, "<\u00a01\u00a0×\u00a010⁻³⁰⁰"),
        (2e-300, "2.0\u00a0×\u00a010⁻³⁰⁰"),
        (0.012, "0.012"),
        (0.9996, ">\u00a00.99"),
        (1.0, "1.0"),
        (math.nan, "–"),
    ],
)
def test_a_probability_reads_0_never_and_1_only_where_it_is_1(value: float, text: str) -> None:
    assert numbers.probability(value) == text


def test_a_p_value_in_a_sentence() -> None:
    assert numbers.p_value(0.012) == "p = 0.012"
    assert numbers.p_value(0.0) == "p <\u00a01\u00a0×\u00a010⁻³⁰⁰"


@given(st.floats(0, 1, exclude_min=True, exclude_max=True))
def test_a_share_reads_all_or_none_only_where_it_is_all_or_none(share: float) -> None:
    for text in (numbers.percent(share), numbers.percents(share, share)):
        assert text.split("\u202f")[0].split("\u00a0")[0] not in {"0", "100"}


def test_counts() -> None:
    assert numbers.count(12345) == "12\u202f345"
    assert numbers.plural(1, "replicate") == "1 replicate"
    assert numbers.plural(0, "replicate") == "0 replicates"


def test_quantiles_count_infinity_and_skip_nan() -> None:
    assert numbers.median([1.0, 2.0, math.inf]) == 2.0
    assert numbers.median([1.0, math.nan, 3.0]) == 2.0
    assert numbers.spread([0.0, 1.0, math.inf], 0.95) == math.inf
    assert math.isnan(numbers.median([math.nan]))
    values = np.linspace(0, 1, 12) ** 2
    assert numbers.spread(values, 0.3) == pytest.approx(np.quantile(values, 0.3))


def test_plain_names_are_one_harmless_line() -> None:
    assert plain("a\n b\t\u202ec\u0000d\ud800") == "a b cd"
    long = plain("start" + "x" * 10_000 + "end", 21)
    assert len(long) == 21
    assert long.startswith("start")
    assert long.endswith("end")
