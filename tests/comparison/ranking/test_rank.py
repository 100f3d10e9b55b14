"""``ge.rank`` and ``gan-eval rank``: who is named best, of which tables, and how it is shown."""

from __future__ import annotations

import html
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import gan_eval as ge
from gan_eval.comparison.ranking.words import headline
from gan_eval.stats.mixed import MixedRows, embed
from gan_eval.stats.relative import relative_distances

from ...cli.commands import gan_eval, refused
from ...report.elements import parse
from ...report.test_browser import assert_fits_a_narrow_screen, needs_chromium

NAMES = ["a", "b", "c"]


def normal(seed: int, n: int, shift: float = 0.0) -> np.ndarray:
    return np.random.default_rng(seed).normal([shift, 0, 0], size=(n, 3))


@pytest.fixture(scope="module")
def ranking() -> ge.Ranking:
    tables = {"far": normal(1, 200, 1.0), "near": normal(2, 300, 0.1), "farther": normal(3, 250, 2)}
    return ge.rank(normal(0, 400), tables)


def test_the_nearest_is_best_and_the_order_is_that_of_distances(ranking: ge.Ranking) -> None:
    assert ranking.best == "near"
    frame = ranking.to_frame()
    assert list(frame["generator"]) == ["near", "far", "farther"]
    assert list(frame["rows"]) == [300, 200, 250]
    assert frame["distance"].is_monotonic_increasing
    assert (frame["distance_low"] <= frame["distance"].clip(lower=0)).all()
    assert all(ranking.told_apart(one) for one in ranking.found.differences)
    nearer = {ranking.nearer_first(one) for one in ranking.found.differences}
    assert nearer == {("near", "far"), ("near", "farther"), ("far", "farther")}


def test_none_is_best_where_two_are_equally_far() -> None:
    found = ge.rank(normal(0, 300), {"left": normal(1, 300, -0.8), "right": normal(2, 300, 0.8)})
    assert found.best is None
    assert "not told apart" in repr(found)


def test_none_is_best_where_both_are_right() -> None:
    rejected = sum(
        ge.rank(
            normal(3 * i, 80), {"one": normal(3 * i + 1, 80), "two": normal(3 * i + 2, 50)}
        ).best
        is not None
        for i in range(40)
    )
    assert rejected <= 6  # of 40 at level 5 %: more by chance in 1 of 1,000 runs at most


def test_the_best_need_not_be_told_apart_among_the_others() -> None:
    tables = {"near": normal(1, 300, 0.1), "left": normal(2, 300, -1), "right": normal(3, 300, 1)}
    found = ge.rank(normal(0, 300), tables)
    assert found.best == "near"
    assert not all(found.told_apart(one) for one in found.found.differences)


def test_numbers_are_those_of_rows_whitened_by_the_real_ones() -> None:
    real, one, other = (normal(i, 60, i / 3) * [1, 50, 1e-3] for i in range(3))
    found = ge.rank(real, {"one": one, "other": other}, measure="mmd").found
    points = embed(*map(MixedRows.of_numbers, (real, one, other)), by="first")
    expected = relative_distances(points[0], points[1:], measure="mmd")
    np.testing.assert_allclose(found.distances, expected.distances)
    assert found.differences[0].pvalue == pytest.approx(expected.differences[0].pvalue)


def test_worth_is_the_number_of_fresh_real_rows_as_far_away() -> None:
    """Rows drawn from 30 fresh ones are, on average, as far away as 30 are: 1 / worth is 1 / 30,
    within four standard errors."""
    rng, shares = np.random.default_rng(5), []
    for _ in range(20):
        real, few = rng.normal(size=(400, 2)), rng.normal(size=(30, 2))
        found = ge.rank(real, {"few": few[rng.integers(30, size=400)], "off": real + 1})
        worth, low, high = found.worth(0)
        assert low < worth < high
        assert found.worth(1)[0] < 8
        shares.append(1 / worth)
    assert abs(np.mean(shares) - 1 / 30) < 4 * np.std(shares) / np.sqrt(len(shares))


def test_categories_and_holes_are_compared() -> None:
    rng = np.random.default_rng(6)

    def table(n: int, shares: list[float]) -> pd.DataFrame:
        words = rng.choice(["red", "green", "blue"], size=n, p=shares)
        frame = pd.DataFrame({"size": rng.normal(size=n), "colour": words})
        frame.loc[rng.random(n) < 0.1, "size"] = np.nan
        return frame

    right, wrong = [0.2, 0.3, 0.5], [0.6, 0.3, 0.1]
    tables = {"right": table(300, right), "wrong": table(250, wrong)}
    real = table(300, right)
    found = ge.rank(real, tables)
    assert found.best == "right"
    assert set(found.compared) == {"size", "colour"}
    dropped = ge.rank(real, tables, missing="drop")
    assert dropped.rows == real["size"].notna().sum()
    assert dropped.generated_rows == tuple(t["size"].notna().sum() for t in tables.values())


def test_columns_are_matched_by_name_and_what_not_all_have_is_left_out() -> None:
    frames = [pd.DataFrame(normal(i, 60, i / 2), columns=NAMES) for i in range(3)]
    plain = ge.rank(frames[0], {"one": frames[1], "two": frames[2]})
    turned = ge.rank(
        frames[0].assign(same=3.0),
        {"one": frames[1][["c", "a", "b"]].assign(same=3.0), "two": frames[2].assign(same=3.0)},
    )
    assert turned.compared == ("a", "b", "c")
    assert "same" in turned.set_aside
    np.testing.assert_allclose(turned.found.distances, plain.found.distances)
    lacking = ge.rank(frames[0], {"one": frames[1].drop(columns="b"), "two": frames[2]})
    assert lacking.compared == ("a", "c")
    assert "b" in lacking.set_aside


def test_a_sampler_gives_as_many_rows_as_the_real_table() -> None:
    target = ge.GaussianTarget.chapter()
    found = ge.rank(target.sample(150, 0), {"right": target, "rows": target.sample(99, 1) + 1})
    assert found.generated_rows == (150, 99)
    assert found.best == "right"


def test_the_same_seed_draws_the_same_rows() -> None:
    tables = {"one": normal(1, 100), "two": normal(2, 100)}
    first, again, other = (
        ge.rank(normal(0, 100), tables, sample=40, seed=seed).to_dict() for seed in (1, 1, 2)
    )
    assert first == again
    assert first["generators"] != other["generators"]


def test_refusals() -> None:
    rows = normal(0, 20)
    for call, sentence in (
        (lambda: ge.rank(rows, {"one": rows}), "two generators or more, got 1"),
        (lambda: ge.rank(rows, {"one": rows, "two": rows[:3]}), "at least 4 rows, got 3"),
        (lambda: ge.rank(rows, {"one": rows, "two": rows}, measure="kl"), "measure must be one of"),
        (lambda: ge.rank(rows, {"one": rows, "two": rows}, sead=1), "did you mean `seed`"),
        (
            lambda: ge.rank(rows[:, :1] * 0, {"one": rows[:, :1] * 0, "two": rows[:, :1] * 0}),
            "no c",
        ),
    ):
        with pytest.raises(ge.UsageError, match=sentence):
            call()


# --- The command ----------------------------------------------------------------------------------


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for i, (name, shift) in enumerate([("real", 0), ("a", 0.1), ("b", 1), ("c", -1)]):
        pd.DataFrame(normal(i, 150, shift), columns=NAMES).to_csv(tmp_path / f"{name}.csv")
    return tmp_path


def test_the_command_says_it_and_writes_the_page(folder: Path) -> None:
    done = gan_eval("rank", "real.csv", "b.csv", "a.csv", "--html", "page.html", cwd=folder)
    assert done.returncode == 0
    assert done.stderr == ""
    last = done.stdout.splitlines()[-1]
    assert last.startswith("a.csv is nearer, worth ")
    page = (folder / "page.html").read_text("utf-8")
    parse(page)
    assert " ".join(last.split()) in " ".join(html.unescape(page).split())
    assert page.count("<svg") >= 2
    assert "http://" not in page.replace("http://www.w3.org", "")


def test_json_has_all_of_it(folder: Path) -> None:
    done = gan_eval("rank", "real.csv", "b.csv", "c.csv", "--json", cwd=folder)
    assert done.returncode == 3
    found = json.loads(done.stdout)
    assert found["best"] is None
    assert {row["generator"] for row in found["generators"]} == {"b.csv", "c.csv"}
    (one,) = found["differences"]
    assert one["nearer"] is None
    assert one["low"] < 0 < one["high"]


def test_files_of_one_name_are_told_apart(folder: Path) -> None:
    (folder / "other").mkdir()
    (folder / "other/a.csv").write_bytes((folder / "b.csv").read_bytes())
    files = ("a.csv", "other/a.csv", "b.csv", "b.csv")
    found = json.loads(gan_eval("rank", "real.csv", *files, "--json", cwd=folder).stdout)
    names = {row["generator"] for row in found["generators"]}
    assert names == {"a.csv", "other/a.csv", "b.csv (3)", "b.csv (4)"}


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("real.csv", "a.csv"), "two generators or more"),
        (("real.csv", "a.csv", "gone.csv"), "gone.csv"),
        (("real.csv", "a.csv", "b.csv", "--sample", "2"), "`--sample` must be"),
        (("real.csv", "a.csv", "b.csv", "--html", "a.csv"), "`--html` would replace"),
        (("real.csv", "a.csv", "b.csv", "--columns", "z"), "lacks the column 'z'"),
    ],
)
def test_what_cannot_be_is_refused(
    arguments: tuple[str, ...],
    sentence: str,
    folder: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert sentence in refused("rank", *arguments, cwd=folder, capsys=capsys)


def test_a_picture_has_every_generator(ranking: ge.Ranking) -> None:
    figure = ranking.plot()
    figure.draw_without_rendering()
    drawn = [text.get_text() for axes in figure.axes for text in axes.get_yticklabels()]
    assert {"near", "far", "farther", "far − near"} <= set(drawn)


@needs_chromium
@pytest.mark.thorough
def test_the_page_fits_a_narrow_screen(ranking: ge.Ranking, tmp_path: Path) -> None:
    ranking.save(tmp_path / "page.html")
    page = (tmp_path / "page.html").read_text("utf-8")
    assert assert_fits_a_narrow_screen(page, tmp_path) == page.count("<h2")


def test_a_copier_that_comes_first_is_named_as_one() -> None:
    real = normal(0, 300)
    found = ge.rank(real, {"copier": real[:200], "other": normal(1, 200, 0.5)})
    assert [(one.rows, one.of, one.surprising) for one in found.copies] == [
        (200, 200, True),
        (0, 200, False),
    ]
    assert "200 of the 200 rows of copier" in headline(found)
    assert found.to_dict()["copies"][0]["rows"] == 200
    levels = np.random.default_rng(2).integers(3, size=(3, 200, 2)).astype(float)
    grid = ge.rank(levels[0], {"a": levels[1], "b": levels[2]})
    assert not any(one.surprising for one in grid.copies)  # of nine values rows are equal by chance


def test_the_command_takes_kinds_and_what_is_missing(tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    tables = {}
    for name, shift in (("real", 0.0), ("a", 0.1), ("b", 1.0)):
        frame = pd.DataFrame(
            {"x": rng.normal(shift, 1, size=60), "code": rng.integers(4, size=60).astype(float)}
        )
        frame.loc[:5, "x"] = np.nan
        frame.to_csv(tmp_path / f"{name}.csv", index=False)
        tables[name] = frame
    files = [str(tmp_path / f"{name}.csv") for name in tables]
    chosen = ["--kinds", "code=category", "--missing", "drop", "--json"]
    found = json.loads(gan_eval("rank", *files, *chosen).stdout)
    wanted = ge.rank(
        tables["real"],
        {"a.csv": tables["a"], "b.csv": tables["b"]},
        kinds={"code": "category"},
        missing="drop",
    )
    assert [one["distance"] for one in found["generators"]] == pytest.approx(
        wanted.to_frame()["distance"].tolist()
    )
    assert {one["rows"] for one in found["generators"]} == {54}
