"""Numbers beyond float64 keep their differences, whatever holds them; what cannot be kept is
refused."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from gan_eval import GaussianTarget
from gan_eval.runtime.errors import UsageError
from gan_eval.stats import goodness
from gan_eval.stats.samples import two_samples
from gan_eval.stats.twosample import mmd_test

rng = np.random.default_rng(0)
X, Y = rng.integers(0, 1000, (40, 2)), rng.integers(100, 1200, (30, 2))
KEPT = 2**53 - 1000

AS = {
    "int64": lambda v: v + 10**18,
    "uint64": lambda v: v.astype(np.uint64) + np.uint64(2**63),
    "objects": lambda v: v.astype(object) + 10**40,
    "list": lambda v: (v + 10**18).tolist(),
    "list beyond 64 bits": lambda v: (v.astype(object) + 2**63 - 500).tolist(),
    "decimals": lambda v: [[Decimal(int(e) + 10**20) for e in row] for row in v],
    "fractions": lambda v: [[Fraction(int(e)) + 10**20 for e in row] for row in v],
    "torch": lambda v: torch.tensor(v + 10**18),
    "frame": lambda v: pd.DataFrame(v + 10**18),
    "Int64": lambda v: pd.DataFrame(v + 10**18).astype("Int64"),
    "pyarrow": lambda v: pd.DataFrame(v + 10**18).astype("int64[pyarrow]"),
    "frame of both": lambda v: pd.DataFrame(v + 10**18).astype({0: "UInt64"}).assign(c=0.5),
    "nanoseconds": lambda v: pd.to_datetime(pd.Series(v[:, 0] + 10**18)).astype("int64"),
}


@pytest.mark.parametrize("kind", AS)
def test_differences_are_kept_whatever_holds_the_numbers(kind: str) -> None:
    first, second = two_samples(AS[kind](X), AS[kind](Y))
    width = 1 if kind == "nanoseconds" else 2
    moved = first[0, :width] - X[0, :width]
    np.testing.assert_array_equal(first[:, :width] - moved, X[:, :width])
    np.testing.assert_array_equal(second[:, :width] - moved, Y[:, :width])


@pytest.mark.parametrize("kind", ["int64", "objects", "torch"])
def test_a_test_says_what_it_says_of_the_small_numbers(kind: str) -> None:
    expected = mmd_test(X.astype(float), Y.astype(float), rng=0)
    found = mmd_test(AS[kind](X), AS["int64" if kind == "torch" else kind](Y), rng=0)
    assert found.pvalue == expected.pvalue < 0.05
    assert found.statistic == pytest.approx(expected.statistic, rel=1e-12)


@given(
    st.lists(st.integers(-(2**70), 2**70), min_size=2, max_size=8, unique=True),
    st.lists(st.floats(-1e20, 1e20), min_size=2, max_size=8),
)
def test_distances_are_those_of_exact_arithmetic(whole: list[int], others: list[float]) -> None:
    exact = [Fraction(v) for v in [*whole, *others]]
    try:
        first, second = two_samples(whole, others)
    except UsageError:
        median = sorted(exact)[len(exact) // 2]
        assert len({float(v - median) for v in exact}) < len(set(exact))
        return
    held = [*first[:, 0].tolist(), *second[:, 0].tolist()]
    assert len(set(held)) == len(set(exact))
    furthest = max(abs(v - sorted(exact)[len(exact) // 2]) for v in exact)
    largest = max(map(abs, exact))
    for a, p in zip(exact, held, strict=True):
        for b, q in zip(exact, held, strict=True):
            assert abs((a - b) - (Fraction(p) - Fraction(q))) <= Fraction(2, 2**53) * (
                furthest if largest > 2**53 else largest
            )


def test_ordinary_numbers_are_untouched() -> None:
    for values in (X, X + KEPT, X * 1e17, X.astype(np.float16), (X + KEPT).tolist()):
        np.testing.assert_array_equal(
            two_samples(values, values)[0], np.asarray(values, dtype=np.float64)
        )


@pytest.mark.skipif(np.finfo(np.longdouble).nmant <= 52, reason="long double is double here")
def test_extended_precision_is_kept_where_it_tells_numbers_apart() -> None:
    step = np.longdouble(2) ** -60
    first, second = two_samples(1 + X * step, 1 + Y * step)
    moved = first[0] - X[0] * float(step)
    np.testing.assert_array_equal(first, X * float(step) + moved)
    np.testing.assert_array_equal(second, Y * float(step) + moved)
    third = np.arange(1, 81, dtype=np.longdouble).reshape(40, 2) / 3
    np.testing.assert_array_equal(two_samples(third, third)[0], third.astype(np.float64))


def test_numbers_that_no_origin_brings_into_reach_are_refused() -> None:
    far = np.array([0] * 20 + [10**18, 10**18 + 1])
    with pytest.raises(UsageError, match=r"got 1000000000000000000 and 1000000000000000001 in"):
        two_samples(far, far)


@pytest.mark.parametrize(
    "test",
    [
        lambda x, y: mmd_test(x, y, kernel="polynomial"),
        lambda x, y: mmd_test(x, y, whiten=GaussianTarget.chapter()),
        lambda x, _: goodness.energy_test(x, GaussianTarget.chapter()),
        lambda x, _: goodness.hotelling_test(x, GaussianTarget.chapter()),
    ],
)
def test_where_the_origin_matters_they_are_refused(test) -> None:
    x, y = X + 10**18 + 1, Y + 10**18
    with pytest.raises(UsageError, match=r"^x must hold numbers that float64 can hold, since .*"):
        test(x, y)


def test_whole_numbers_that_float64_has_are_taken_as_they_are_where_the_origin_matters() -> None:
    x = X * 1024 + 2**60
    np.testing.assert_array_equal(two_samples(x, x, fixed="it matters")[0], x.astype(float))


def test_times_are_refused_with_what_to_make_of_them() -> None:
    times = pd.to_datetime(pd.Series(X[:, 0] + 10**18))
    for given_as in (times, times.to_numpy(), pd.DataFrame({"t": times})):
        with pytest.raises(UsageError, match="take seconds since a common start"):
            two_samples(given_as, given_as)
