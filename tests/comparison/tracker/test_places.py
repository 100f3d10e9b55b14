"""Coordinates that the real rows fix: those of ``embed``, and what is no row said."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import torch
from scipy.spatial.distance import pdist

from gan_eval.comparison.columns.prepare import prepare
from gan_eval.comparison.reading import table_of
from gan_eval.comparison.tracker.places import BadRowsError, Places
from gan_eval.runtime.errors import UsageError
from gan_eval.stats.mixed import embed


def mixed(seed: int, n: int = 200) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "size": rng.normal(5, 2, size=n),
            "colour": rng.choice(["red", "green", "blue"], size=n, p=[0.6, 0.3, 0.1]),
            "price": np.where(rng.random(n) < 0.2, np.nan, rng.exponential(size=n)),
            "sold": rng.random(n) < 0.3,
            "lasts": pd.to_timedelta(rng.integers(1, 10**6, n), "s"),
        }
    )


@pytest.mark.parametrize("complete", [True, False])
def test_distances_are_those_of_embed(complete: bool) -> None:
    """Of numbers, categories, missing values, truth values and lengths of time.

    Those of a table with itself, whose median stands for what is missing; and with another where
    nothing is.
    """
    real, other = table_of(frame := mixed(0), "real"), table_of(frame, "samples")
    if complete:
        real = table_of(frame.drop(columns="price"), "real")
        other = table_of(mixed(1).drop(columns="price"), "samples")
    prepared = prepare(real, other)
    expected = embed(prepared.real, prepared.generated, by="first")
    places = Places.of(real)
    for table, points in zip((real, other), expected, strict=True):
        assert pdist(places.points(table.frame)) == pytest.approx(pdist(points), rel=1e-9)


def test_times_count_from_the_real_rows() -> None:
    days = pd.date_range("2020-01-01", periods=100, freq="D")
    places = Places.of(table_of(pd.DataFrame({"when": days}), "real"))
    later = places.points(pd.DataFrame({"when": days + pd.Timedelta(days=10)}))
    here = places.points(pd.DataFrame({"when": days}))
    assert here.std() == pytest.approx(1.0)
    assert np.abs(later - here) == pytest.approx(np.full((100, 1), 10 / np.std(range(100))))


def test_arrays_tensors_frames_and_lists_are_one() -> None:
    rows = np.random.default_rng(0).normal(size=(50, 2)).astype(np.float32)
    places = Places.of(table_of(rows, "real"))
    expected = places.points(rows)
    tensor = torch.tensor(rows, requires_grad=True)
    for other in (
        tensor,
        rows.tolist(),
        pd.DataFrame(rows),
        pd.DataFrame(rows, columns=["a", "b"]),
    ):
        assert places.points(other) == pytest.approx(expected, abs=1e-6)
    one = Places.of(table_of(rows[:, 0], "real"))
    assert one.points(rows[:, 0]).shape == (50, 1)


def test_an_unseen_level_is_none_of_the_others() -> None:
    places = Places.of(table_of(pd.DataFrame({"c": ["a", "b"] * 50}), "real"))
    a, b, c, d = places.points(pd.DataFrame({"c": ["a", "b", "c", "d"]}))
    assert np.square(a - c).sum() == np.square(a - b).sum() == pytest.approx(4.0)
    assert (c == d).all()


def test_columns_go_by_name_in_any_order() -> None:
    frame = mixed(0)
    places = Places.of(table_of(frame, "real"))
    turned = frame[frame.columns[::-1]].assign(more=1)
    assert places.points(turned) == pytest.approx(places.points(frame))


def test_what_tells_nothing_is_set_aside_and_said() -> None:
    frame = pd.DataFrame({"a": np.arange(30) % 7 * 1.5, "b": 3.0, "c": "x"})
    places = Places.of(table_of(frame, "real"))
    assert set(places.kinds) == {"a"}
    assert "Column b is set aside: it is constant in the real rows." in places.notes
    with pytest.raises(UsageError, match="no column can be compared"):
        Places.of(table_of(frame[["b", "c"]], "real"))


def test_columns_that_depend_on_each_other_are_not_whitened() -> None:
    x = np.random.default_rng(0).normal(size=50)
    places = Places.of(table_of(np.column_stack([x, 2 * x]), "real"))
    assert places.points(np.column_stack([x, 2 * x])).std(axis=0) == pytest.approx([1, 1])
    assert "not whitened" in places.notes[0]


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        (np.array([[np.nan, 1.0], [1.0, 1.0]]), "1 of 2 rows have NaN in column x1"),
        (np.array([[np.inf, 1.0], [1.0, 1.0]]), "column x1 holds infinite values"),
        ([["a", 1.0], ["b", 2.0]], "holds 'a', no number"),
    ],
)
def test_rows_that_are_none_are_a_result(rows: object, said: str) -> None:
    places = Places.of(table_of(np.random.default_rng(0).normal(size=(50, 2)), "real"))
    with pytest.raises(BadRowsError, match=said):
        places.points(rows)


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        (np.zeros((5, 3)), "`samples` must have the 2 columns of the real rows, got 3"),
        (np.zeros((5, 2, 1)), "must have rows and columns"),
        (pd.DataFrame(np.zeros((5, 3))), "must have the 2 columns of the real rows, got 3"),
    ],
)
def test_what_is_no_such_table_is_refused(rows: object, said: str) -> None:
    places = Places.of(table_of(np.random.default_rng(0).normal(size=(50, 2)), "real"))
    with pytest.raises(UsageError, match=said):
        places.points(rows)
    with pytest.raises(UsageError, match="`samples` lacks the column 'size' of the real rows"):
        Places.of(table_of(mixed(0), "real")).points(mixed(0).drop(columns="size"))
