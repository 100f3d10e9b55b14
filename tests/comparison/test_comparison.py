"""Two files held against each other: what is found, and that what was asked for was done."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from matplotlib.colors import to_hex

from gan_eval.comparison import compare
from gan_eval.comparison.distances import INTERVAL_COLUMNS
from gan_eval.distributions.distances import bures_wasserstein
from gan_eval.distributions.gaussian import Gaussian
from gan_eval.pages.canvas import COLOURS
from gan_eval.runtime.errors import UsageError
from gan_eval.stats.battery.battery import battery

from . import tables


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    tables.write(tmp_path)
    return tmp_path


def test_a_planted_difference_is_found_in_its_columns_and_direction(folder: Path) -> None:
    found = compare(folder / "real.csv", folder / "fake.csv", permutations=499)
    assert found.told_apart
    assert found.compared == ("height", "weight", "income")
    assert dict(found.set_aside) == {
        "planet": "it is constant at 3 in both",
        "height again": "it is the same as 'height' in both",
    }
    assert {"likelihood_ratio", "covariance", "fuse"} <= set(found.tests.rejected)
    assert "hotelling" not in found.tests.rejected
    assert found.directions is not None
    first = found.directions.spread[0]
    assert first.value == pytest.approx(0.25, rel=0.4)
    assert first.value < 1 / found.directions.chance_ratio
    assert abs(first.loadings[2]) < 0.2
    assert found.directions.mean.value < found.directions.chance_shift
    assert found.copies.exact.rows == 0
    assert not found.copies.surprising


def test_files_of_one_law_are_not_told_apart_and_a_file_equals_itself(folder: Path) -> None:
    assert not compare(folder / "real.csv", folder / "same.csv", permutations=199).told_apart
    same = compare(folder / "real.csv", folder / "real.csv", permutations=199)
    assert not same.told_apart
    assert same.copies.exact.rows == 200
    assert same.copies.exact.surprising
    assert same.directions is not None
    assert same.directions.mean.value == 0.0
    assert {d.name: d.estimate for d in same.distances}["frechet_uncorrected"] < 1e-6


def test_the_tests_are_those_of_the_battery_on_the_same_rows(folder: Path) -> None:
    columns = ["weight", "height"]
    found = compare(
        folder / "real.csv", folder / "fake.csv", columns=columns, tests=["hotelling"],
        permutations=199, correction="benjamini-hochberg", alpha=0.1,
    )  # fmt: skip
    real, fake = (pd.read_csv(folder / f"{name}.csv")[columns] for name in ("real", "fake"))
    alone = battery(real, fake, tests=["hotelling"], permutations=199, rng=0)
    assert found.compared == tuple(columns)
    np.testing.assert_array_equal(found.real.rows.numbers, real.to_numpy())
    assert found.tests.results["hotelling"].statistic == alone.results["hotelling"].statistic
    assert (found.tests.alpha, found.tests.correction) == (0.1, "benjamini-hochberg")


def test_the_standardised_frechet_distance_ignores_units_and_the_plain_one_does_not(
    folder: Path,
) -> None:
    options: dict[str, Any] = {
        "columns": ["height", "weight"],
        "tests": ["hotelling"],
        "permutations": 199,
    }
    before = compare(folder / "real.csv", folder / "fake.csv", **options)
    for name in ("real", "fake"):
        frame = pd.read_csv(folder / f"{name}.csv")
        frame["height"] /= 1000
        frame.to_csv(folder / f"km-{name}.csv", index=False)
    after = compare(folder / "km-real.csv", folder / "km-fake.csv", **options)
    by_name = [{d.name: d for d in found.distances} for found in (before, after)]
    assert by_name[1]["frechet_standardised"].estimate == pytest.approx(
        by_name[0]["frechet_standardised"].estimate, rel=1e-6
    )
    assert by_name[1]["frechet"].estimate != pytest.approx(by_name[0]["frechet"].estimate, rel=0.01)
    for name in ("frechet", "frechet_standardised"):
        interval = by_name[0][name].interval
        assert interval is not None
        assert interval[0] < interval[1]


def test_a_sample_is_drawn_by_the_seed_without_repetition(folder: Path) -> None:
    def drawn(seed: int) -> np.ndarray:
        found = compare(
            folder / "real.csv", folder / "fake.csv", columns=["income"], sample=160, seed=seed,
            tests=["hotelling"], permutations=99,
        )  # fmt: skip
        assert (found.real.available, found.generated.available) == (200, 150)
        assert (len(found.real.rows), len(found.generated.rows)) == (160, 150)
        return found.real.rows.numbers[:, 0]

    incomes = pd.read_csv(folder / "real.csv")["income"]
    first, again, other = drawn(0), drawn(0), drawn(1)
    np.testing.assert_array_equal(first, again)
    assert set(first) != set(other)
    assert len(set(first)) == 160
    assert set(first) <= set(incomes)


def test_a_collapsed_generator_is_told_apart_by_the_tests_that_can_be_run(folder: Path) -> None:
    fake = pd.read_csv(folder / "fake.csv")
    fake["weight"] = fake["height"]
    fake.to_csv(folder / "fake.csv", index=False)
    found = compare(folder / "real.csv", folder / "fake.csv", permutations=199)
    assert found.told_apart
    assert "y must have a covariance of full rank" in found.tests.not_run["likelihood_ratio"]
    assert found.directions is not None
    assert found.directions.spread[0].value == 0.0


def test_more_columns_than_rows_are_compared_by_what_can_be_computed(tmp_path: Path) -> None:
    x, y = np.random.default_rng(0).normal(size=(2, 12, 40))
    np.save(tmp_path / "x.npy", x)
    np.save(tmp_path / "y.npy", y + 2)
    found = compare(tmp_path / "x.npy", tmp_path / "y.npy", permutations=199)
    assert found.told_apart
    assert not found.set_aside
    assert {"mmd", "energy"} <= set(found.tests.results)
    assert json.dumps(found.to_dict(), allow_nan=False)


def test_the_document_is_json_and_says_what_was_found(folder: Path) -> None:
    found = compare(folder / "real.csv", folder / "fake.csv", permutations=199)
    document = json.loads(json.dumps(found.to_dict(), allow_nan=False))
    assert document["verdict"] == document["battery"]["verdict"] == "told_apart"
    assert document["real"] == {
        "file": str(folder / "real.csv"),
        "rows": 200,
        "rows_compared": 200,
    }
    assert document["set_aside"] == dict(found.set_aside)
    assert [c["column"] for c in document["columns"]] == found.columns["column"].tolist()
    assert set(document["directions"]["mean"]["loadings"]) == set(found.compared)
    assert document["battery"]["correction"] == "holm"


def test_many_columns_have_a_frechet_distance_without_an_interval(tmp_path: Path) -> None:
    x, y = np.random.default_rng(1).normal(size=(2, 100, INTERVAL_COLUMNS + 1))
    np.save(tmp_path / "x.npy", x)
    np.save(tmp_path / "y.npy", y)
    found = compare(tmp_path / "x.npy", tmp_path / "y.npy", tests=["hotelling"], permutations=99)
    by_name = {d.name: d for d in found.distances}
    assert by_name["frechet"].interval is None
    plain = bures_wasserstein(Gaussian.fit(x), Gaussian.fit(y)) ** 2
    assert by_name["frechet_uncorrected"].estimate == pytest.approx(plain)


@pytest.mark.parametrize("size", [1e-140, 1e-160, 1e-200, 1e-310])
def test_squares_that_vanish_are_not_a_distance_of_0(tmp_path: Path, size: float) -> None:
    rows = np.random.default_rng(4).normal(size=(2, 40, 2))
    np.save(tmp_path / "x.npy", rows[0] * size)
    np.save(tmp_path / "y.npy", (rows[1] + 1) * size)
    found = compare(tmp_path / "x.npy", tmp_path / "y.npy", permutations=199)
    distances = {distance.name: distance for distance in found.distances}
    assert found.told_apart
    assert distances["frechet_standardised"].estimate > 0.5
    said = any("too small for a number" in note for note in found.notes)
    plain = [distances[name].estimate for name in ("frechet", "frechet_uncorrected")]
    if size == 1e-140:
        assert min(plain) > 1e-281
        assert not said
    else:
        assert np.isnan(plain).all()
        assert said
        assert json.loads(json.dumps(found.to_dict(), allow_nan=False))


def test_nothing_to_compare_is_refused(tmp_path: Path) -> None:
    (tmp_path / "c.csv").write_text("a\n1\n1\n1\n")
    with pytest.raises(UsageError, match="no column can be compared: 'a' is constant at 1 in both"):
        compare(tmp_path / "c.csv", tmp_path / "c.csv")


def test_the_same_seed_gives_the_pvalues_of_the_battery(folder: Path) -> None:
    names = ["weight", "income"]
    x, y = (pd.read_csv(folder / f"{name}.csv")[names] for name in ("real", "same"))
    for seed in (0, 7):
        found = compare(
            folder / "real.csv", folder / "same.csv", columns=names, permutations=199, seed=seed
        )
        alone = battery(x, y, permutations=199, rng=seed)
        assert {name: result.pvalue for name, result in found.tests.results.items()} == {
            name: result.pvalue for name, result in alone.results.items()
        }


@pytest.mark.parametrize("size", [2.0**-300, 1.0, 2.0**300])
@pytest.mark.parametrize("offset", [0.0, 1e14])
def test_units_and_offsets_change_no_column(tmp_path: Path, size: float, offset: float) -> None:
    rng = np.random.default_rng(3)
    # Multiples of 1/64, which an offset of 1e14 leaves as they are.
    x, y = np.round(rng.normal(size=(2, 80, 2)) * 64) / 64 + [0.0, 1.0]
    y += [0.0, 3.0]
    found = []
    for values, name in (((x, y), "plain"), (((x + offset) * size, (y + offset) * size), "moved")):
        for side, rows in zip("xy", values, strict=True):
            np.save(tmp_path / f"{name}{side}.npy", rows)
        found.append(
            compare(tmp_path / f"{name}x.npy", tmp_path / f"{name}y.npy", permutations=199)
        )
    plain, moved = (result.columns for result in found)
    assert found[1].told_apart
    assert moved["column"].tolist() == plain["column"].tolist()
    for column in ("shift", "sd_ratio", "ks", "pvalue"):
        np.testing.assert_allclose(moved[column], plain[column], rtol=1e-9)
    np.testing.assert_allclose(moved["real_sd"], size * plain["real_sd"], rtol=1e-9)


def test_arrays_frames_and_files_compare_alike(folder: Path) -> None:
    paths = folder / "real.csv", folder / "fake.csv"
    frames = [pd.read_csv(path) for path in paths]
    of_files = compare(*paths, permutations=99)
    arrays = [frame.to_numpy() for frame in frames]
    tensors = [torch.from_numpy(array) for array in arrays]
    given: list[tuple[Any, Any]] = [
        (frames[0], frames[1]),
        (paths[0], frames[1]),
        (frames[0], str(paths[1])),
        (frames[0], arrays[1]),
        (paths[0], tensors[1]),
    ]
    for pair in given:
        found = compare(*pair, permutations=99)
        pd.testing.assert_frame_equal(found.columns, of_files.columns)
        assert dict(found.tests.adjusted) == dict(of_files.tests.adjusted)
    found = compare(arrays[0], tensors[1], permutations=99)
    assert set(found.compared) < {f"x{i}" for i in range(1, 9)}
    assert (found.real.source, found.generated.source) == ("real", "generated")
    one = compare(frames[0]["weight"], arrays[1][:, list(frames[1].columns).index("weight")])
    assert one.compared == ("weight",)


@pytest.mark.parametrize(
    ("real", "sentence"),
    [
        (3, "`real` must be an array, a DataFrame or the path of a file, got int"),
        (None, "`real` must be an array, a DataFrame or the path of a file, got NoneType"),
        ([[1, 2], [3]], "`real` must be rows of one length"),
        (np.zeros((2, 2, 2)), "'real' must hold rows and columns, got shape"),
        (np.zeros((2, 2)), "'real' must have at least 3 rows, got 2"),
        ([["a", "b"]] * 4, "no column can be compared: 'x1' is set aside, since it is constant"),
    ],
)
def test_data_that_cannot_be_compared_are_refused(real: Any, sentence: str) -> None:
    with pytest.raises(UsageError, match=re.escape(sentence)):
        compare(real, real)


@pytest.mark.parametrize(
    ("arguments", "named"),
    [({"sample": 2}, "`sample`"), ({"seed": -1}, "`seed`"), ({"header": True}, "`header`")],
)
def test_sentences_name_arguments(arguments: dict[str, Any], named: str) -> None:
    rows = np.random.default_rng(0).normal(size=(20, 2))
    with pytest.raises(UsageError) as refusal:
        compare(rows, rows, **arguments)
    assert named in str(refusal.value)
    assert "--" not in str(refusal.value)


def test_a_comparison_shows_itself(folder: Path, tmp_path: Path) -> None:
    found = compare(folder / "real.csv", folder / "fake.csv", permutations=199)
    assert len(repr(found).splitlines()) <= 15
    assert repr(found).startswith("No: told apart")
    html = found._repr_html_()
    assert "No: told apart" in html
    assert found.to_series()["verdict"] == "told_apart"
    pd.testing.assert_frame_equal(found.to_frame(), found.columns)
    found.save(tmp_path / "page.html")
    assert (tmp_path / "page.html").read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
    figure = found.plot()
    assert len(figure.axes) == len(found.compared) + 2
    colours = {to_hex(line.get_color()) for axes in figure.axes for line in axes.lines}
    assert not colours & set(COLOURS.values())
