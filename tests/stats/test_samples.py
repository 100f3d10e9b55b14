"""Each kind of bad input gets its one sentence."""

from __future__ import annotations

import re
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
import scipy.sparse
import torch

from gan_eval import GaussianTarget
from gan_eval.runtime.errors import UsageError
from gan_eval.stats import goodness
from gan_eval.stats.battery.battery import battery
from gan_eval.stats.twosample import energy_distance, energy_test, mmd2, mmd_test
from gan_eval.stats.twosample.classifier import classifier_test
from gan_eval.stats.twosample.frechet import frechet_distance
from gan_eval.stats.twosample.permuted_moments import hotelling_permutation_test
from gan_eval.stats.twosample.sliced_wasserstein import sliced_wasserstein_test
from gan_eval.testing import assert_same_distribution

GOOD = np.arange(12.0).reshape(6, 2)
NAN = np.where(GOOD == 5, np.nan, GOOD)


@pytest.mark.parametrize("test", [mmd_test, energy_test, mmd2, energy_distance])
@pytest.mark.parametrize(
    ("x", "y", "sentence"),
    [
        (NAN, GOOD, "x must hold finite numbers, got nan in row 2, column 1"),
        (GOOD, NAN, "y must hold finite numbers, got nan in row 2, column 1"),
        (GOOD, -np.inf * (GOOD + 1), "y must hold finite numbers, got -inf in row 0, column 0"),
        (GOOD * 1e200, GOOD, "x must hold values of at most 1e+150 in size, got 1.1e+201"),
        (GOOD, GOOD[:, :1], "x and y must have the same number of columns, got 2 and 1"),
        (GOOD[:1], GOOD, "x must have at least 2 rows, got 1"),
        (GOOD, GOOD[:0], "y must have at least 2 rows, got 0"),
        (GOOD, np.array([["a", "b"]]), "y must hold real numbers, got values of type <U1"),
        (GOOD + 1j, GOOD, "x must hold real numbers, got values of type complex128"),
        (torch.ones(3, 2) + 1j, GOOD, "x must hold real numbers, got values of type complex64"),
        ([[1.0], [2.0, 3.0]], GOOD, "x must be a table, got rows of unequal length"),
        (None, GOOD, "x must hold real numbers, got values of type object"),
        (
            3.0,
            GOOD,
            "x must be a table of shape (rows, columns) or one column of values, got shape ()",
        ),
        (
            np.ones((3, 2, 1)),
            GOOD,
            "x must be a table of shape (rows, columns) or one column of "
            "values, got shape (3, 2, 1)",
        ),
        (
            np.ones((3, 0)),
            GOOD,
            "x must be a table of shape (rows, columns) or one column of values, got shape (3, 0)",
        ),
        (
            pd.DataFrame({"a": [1, 2], "b": ["u", "v"]}),
            GOOD,
            "x must hold real numbers, got column 'b' of type str",
        ),
        (
            pd.DataFrame({"a": [1, 2], "b": [3, 4]}),
            pd.DataFrame({"b": [1, 2], "a": [3, 4]}),
            "x and y must have the same columns in the same order, got ['a', 'b'] and ['b', 'a']",
        ),
        (
            pd.DataFrame({"a": pd.array([1, None], dtype="Int64")}),
            GOOD[:, 0],
            "x must hold finite numbers, got nan in row 1, column 0",
        ),
    ],
)
def test_bad_samples(test, x, y, sentence):
    with pytest.raises(UsageError, match=f"^{re.escape(sentence)}$"):
        test(x, y)


@pytest.mark.filterwarnings("ignore:The PyTorch API of nested tensors")
@pytest.mark.filterwarnings("ignore:torch.quantize_per_tensor")
@pytest.mark.filterwarnings("ignore:Sparse CSR tensor support")
@pytest.mark.parametrize(
    "make",
    [
        lambda: torch.nested.nested_tensor([torch.ones(2), torch.ones(3)]),
        lambda: torch.tensor(GOOD).to_sparse(),
        lambda: torch.tensor(GOOD).to_sparse_csr(),
        lambda: torch.quantize_per_tensor(torch.ones(3, 2), 0.1, 1, torch.qint8),
        lambda: torch.ones(3, 2, device="meta"),
        lambda: torch.ones(3, 2) + 1j,
        lambda: scipy.sparse.csr_array(GOOD),
        lambda: scipy.sparse.coo_matrix(GOOD),
        lambda: np.ma.masked_greater(GOOD, 5),
        lambda: [np.ma.masked_greater(row, 5) for row in GOOD],
        lambda: np.ones(3, dtype=[("a", "f8", (3,))]),
        lambda: np.ones((3, 2), dtype=[("a", "f8")]),
        lambda: [[10**400], [1]],
        lambda: [[10**5000], [1]],
        lambda: [["a"], [1]],
        lambda: [[None], [1]],
        lambda: [[{}], [1]],
        lambda: np.array(["2020-01-01", "2021-01-01"], "datetime64[D]"),
        lambda: np.array([1, 2], "timedelta64[s]"),
        lambda: pd.Series(["a", "b"]),
        lambda: pd.Series(["1", "2"], dtype="category"),
        lambda: pd.DataFrame({"x" * 300 + "\n": ["u", "v"]}),
        lambda: "text",
        lambda: b"bytes",
        lambda: {"a": [1, 2]},
        lambda: {1, 2},
        lambda: iter([1, 2]),
        lambda: object(),
    ],
)
def test_what_is_no_dense_table_of_numbers_is_refused_in_one_sentence(make):
    values = make()
    for x, y in ((values, GOOD), (GOOD, values)):
        with pytest.raises(UsageError) as refusal:
            mmd2(x, y)
        assert str(refusal.value).isprintable()
        assert len(str(refusal.value)) < 300
    with pytest.raises(UsageError):
        goodness.energy_test(values, GaussianTarget.chapter())


def test_a_masked_array_without_masked_values_is_an_array():
    assert mmd2(np.ma.masked_greater(GOOD, 100), GOOD[:3]) == mmd2(GOOD, GOOD[:3])


HUGE = [10**30, 10**400, 10**5000, -(10**5000), 1e300, True, "9"]


@pytest.mark.parametrize("huge", HUGE, ids=["30", "400", "5000", "-5000", "1e300", "True", "text"])
@pytest.mark.parametrize(
    ("test", "name"),
    [
        (mmd_test, "permutations"),
        (energy_test, "permutations"),
        (energy_test, "projections"),
        (hotelling_permutation_test, "permutations"),
        (sliced_wasserstein_test, "permutations"),
        (sliced_wasserstein_test, "projections"),
        (classifier_test, "permutations"),
        (classifier_test, "folds"),
        (frechet_distance, "bootstrap"),
        (battery, "permutations"),
        (assert_same_distribution, "permutations"),
    ],
)
def test_a_count_that_nothing_could_hold_is_refused(test, name, huge):
    with pytest.raises(UsageError, match=f"^{name} must be (a whole number|between)"):
        test(GOOD, GOOD + 1, **{name: huge})


@pytest.mark.parametrize("huge", [10**30, 10**5000, True], ids=["30", "5000", "True"])
@pytest.mark.parametrize("test", [goodness.mmd_test, goodness.energy_test])
def test_a_count_of_resamples_that_nothing_could_hold_is_refused(test, huge):
    with pytest.raises(UsageError, match=r"^resamples must be (a whole number|between)"):
        test(GOOD, GaussianTarget.chapter(), resamples=huge)


@pytest.mark.parametrize("bandwidth", [1e300, 1e-300, 5e-324, 10**400, -(10**400), float("inf")])
def test_a_bandwidth_without_a_square_is_refused(bandwidth):
    for test in (mmd_test, mmd2):
        with pytest.raises(UsageError, match=r"^bandwidth must be"):
            test(GOOD, GOOD, bandwidth=bandwidth)
    with pytest.raises(UsageError, match=r"^bandwidth must be"):
        goodness.mmd_test(GOOD, GaussianTarget.chapter(), bandwidth=bandwidth)


@pytest.mark.parametrize(
    ("test", "options", "sentence"),
    [
        (
            mmd_test,
            {"kernel": "cubic"},
            "kernel must be one of gaussian, laplace, laplace_l1, inverse_multiquadric, "
            "rational_quadratic, polynomial, got 'cubic'",
        ),
        (mmd_test, {"estimator": "v"}, "estimator must be one of unbiased, biased, got 'v'"),
        (
            mmd_test,
            {"bandwidth": "mean"},
            "bandwidth must be a number above 0, 'median', 'fuse' or 'agg', got 'mean'",
        ),
        (mmd_test, {"bandwidth": 0}, "bandwidth must be a finite number above 0, got 0"),
        (
            mmd_test,
            {"bandwidth": float("nan")},
            "bandwidth must be a finite number above 0, got nan",
        ),
        (mmd_test, {"bandwidth": None}, "bandwidth must be a number above 0, got None"),
        (energy_test, {"exponent": 2}, "exponent must be between 0 and 2, both excluded, got 2"),
        (energy_test, {"exponent": -1.0}, "exponent must be a finite number above 0, got -1.0"),
        (energy_test, {"permutations": 0}, "permutations must be between 1 and 1000000, got 0"),
        (mmd_test, {"permutations": 9.5}, "permutations must be a whole number, got 9.5"),
        (
            mmd_test,
            {"rng": -1},
            "rng must be None, a seed of at least 0 or a numpy.random.Generator, got -1",
        ),
        (
            mmd_test,
            {"rng": "seed"},
            "rng must be None, a seed of at least 0 or a numpy.random.Generator, got 'seed'",
        ),
        (
            mmd_test,
            {"device": "abacus"},
            "device must be one that torch can use here (cpu), got 'abacus'",
        ),
    ],
)
def test_bad_options(test, options, sentence, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(UsageError, match=f"^{re.escape(sentence)}$"):
        test(GOOD, GOOD, **options)


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU here")
@pytest.mark.parametrize("test", [mmd_test, energy_test, mmd2, energy_distance])
def test_cuda_without_a_gpu(test):
    sentence = "device must be one that torch can use here (cpu), got 'cuda'"
    with pytest.raises(UsageError, match=f"^{re.escape(sentence)}$"):
        test(GOOD, GOOD, device="cuda")


def test_all_kinds_of_table_give_the_same_value():
    rng = np.random.default_rng(0)
    x = rng.standard_normal((9, 2)).astype(np.float32)
    y = rng.standard_normal((7, 2)).astype(np.float32)
    expected = energy_distance(x, y)
    for kind in (torch.from_numpy, pd.DataFrame, np.ndarray.tolist, np.asfortranarray):
        assert energy_distance(kind(x), kind(y)) == expected
    with_gradient = torch.from_numpy(x).requires_grad_()
    assert energy_distance(with_gradient, pd.DataFrame(y, columns=["a", "b"])) == expected


def test_one_dimension_is_one_column():
    x, y = np.array([1, 2, 4]), np.array([True, False])
    expected = energy_distance(x[:, None], y[:, None].astype(float))
    assert energy_distance(x, y) == expected
    assert energy_distance(pd.Series(x), list(y)) == expected
    assert energy_distance(torch.tensor([1.0, 2.0, 4.0], dtype=torch.bfloat16), y) == expected


def test_importing_the_room_loads_no_framework():
    code = (
        "import sys, gan_eval.stats.twosample; "
        "print('torch' in sys.modules, 'pandas' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False"]


def test_a_number_beyond_float64_is_told_as_it_was_given() -> None:
    with pytest.raises(UsageError, match=r"in size, got 1e\+400$"):
        mmd_test([[10**400], [3]], [[1], [2]])
