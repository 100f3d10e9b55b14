"""``gan-eval exercise`` as a user meets it: files, page, numbers, refusals."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterator
from dataclasses import fields, replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import numpy as np
import pandas as pd
import pytest

from gan_eval.cli import main
from gan_eval.investigations.exercise import Settings, exercise, responses, words
from gan_eval.investigations.exercise.page import cards, render
from gan_eval.investigations.exercise.rejections import TESTS
from gan_eval.investigations.exercise.responses import LN2
from gan_eval.investigations.exercise.result import (
    PARTS,
    Decomposition,
    Exercise,
    generators_to_tell,
)
from gan_eval.investigations.exercise.settings import label
from gan_eval.pages.numbers import number
from gan_eval.stats.shares import share_interval
from gan_eval.training.config import TrainingConfig

SMALL = TrainingConfig(epochs=3, n_examples=40)


@pytest.fixture(scope="module", autouse=True)
def quick() -> Iterator[None]:
    """Fewer points for the population: what is tested here does not depend on them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(responses, "POPULATION_POINTS", 256)
        patch.setattr(responses, "POINTS", 1024)
        yield


@pytest.fixture(scope="module")
def found(quick: None) -> Exercise:
    settings = Settings.of(
        SMALL,
        replicates=12,
        discriminators=3,
        test_rows=(10, 30),
        fit_rows=(20, 80),
        widths=[(3,)],
        restarts=1,
    )
    return exercise(settings, workers=1)


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as end:
        main(list(arguments))
    assert isinstance(end.value.code, int)
    stdout, stderr = capsys.readouterr()
    return end.value.code, stdout, stderr


def test_the_tables_have_every_case_once(found: Exercise) -> None:
    assert len(found.generators) == 12
    # All tests for the learned and the perfect generators, and the optimum for the learned ones.
    assert len(found.tests) == 12 * 2 * (2 * len(TESTS) + 1)
    # n = 20, 40 and 80 of fresh rows for two kinds, n ≤ 40 of training rows; two widths.
    assert len(found.responses) == 3 * 2 * (3 + 3 + 2)
    keys = ["generator", "seed", "source", "widths", "n"]
    assert not found.responses.duplicated(keys).any()
    assert set(found.responses["widths"]) == {"5-3", "3"}
    assert found.responses.notna().all(axis=None)


def test_no_discriminator_is_below_the_floor_on_fresh_rows(found: Exercise) -> None:
    rows = found.responses
    assert (rows["loss_population"] >= rows["floor"]).all()
    assert (rows["loss_in_sample"] < rows["loss_population"]).all()
    perfect = rows[rows["generator"] == "truth"]
    assert perfect["floor"].to_numpy() == pytest.approx(LN2)
    assert (perfect["loss_in_sample"] < LN2).all()
    assert (perfect["loss_population"] > LN2).all()


def test_the_decomposition_adds_up_to_the_divergence(found: Exercise) -> None:
    parts = found.generators.dropna()
    assert len(parts) == 3
    np.testing.assert_allclose(parts[list(PARTS)].sum(axis=1), parts["jensen_shannon"], atol=1e-12)
    # The least of the class is at most that of any network of it.
    assert (parts["finite_sample"] >= 0).all()
    assert (parts["optimisation"] + parts["finite_sample"] >= 0).all()
    assert (parts["form"] >= 0).all()


def test_the_answer_has_the_numbers_of_the_tables(found: Exercise) -> None:
    document = found.document()
    json.dumps(document, allow_nan=False)
    cases = {
        (c["generator"], c["source"], c["widths"], c["n"]): c for c in document["discriminators"]
    }
    case = cases["learned", "fresh", "5-3", 40]
    rows = found.responses.query(
        "generator == 'learned' and source == 'fresh' and widths == '5-3' and n == 40"
    )
    assert case["loss_in_sample"]["value"] == rows["loss_in_sample"].median()
    assert case["generator_wins"]["value"] == (rows["loss_population"] >= LN2).mean()
    told = found.tests.query("generator == 'learned' and test == 'energy' and n == 30")
    assert document["tests"]["energy"]["told_apart"]["30"]["value"] == told["told_apart"].mean()
    text = " ".join(document["answer"])
    assert number(rows["loss_in_sample"].median()) in text
    assert number(rows["loss_population"].median()) in text
    # Three generators show neither: 0 of 3 have an interval up to 71 %.
    assert document["answers"] == {"yes": [], "no": [], "not shown": [20, 40, 80]}
    assert document["headline"].startswith("Too few")
    assert "of 3 generators" in document["headline"]


def test_an_answer_rests_on_the_whole_interval(found: Exercise) -> None:
    one = found.responses.query("generator == 'learned' and source == 'fresh' and widths == '5-3'")
    twelve = pd.concat([one[one["seed"] == one["seed"].min()].assign(seed=s) for s in range(12)])
    wins = (twelve["n"] == 20) | ((twelve["n"] == 80) & (twelve["seed"] < 8))
    twelve["loss_population"] = np.where(wins, LN2 + 0.1, LN2 - 0.1)
    twelve["loss_in_sample"] = LN2 - 0.2
    some = replace(found, responses=twelve)
    # 12 of 12 (74 % to 100 %), none, and 8 of 12 (35 % to 90 %).
    assert some.answers == {"yes": (20,), "no": (40,), "not shown": (80,)}
    said = words.headline(some)
    assert all(part in said for part in ("12 of 12", "n = 20", "0 of 12", "n = 40"))
    (undecided,) = words.undecided(some)
    assert all(part in undecided for part in ("8 of 12", "n = 80"))


@pytest.mark.parametrize(
    ("won", "said"), [(12, "Yes"), (0, "No"), (7, "Too few")], ids=["yes", "no", "too few"]
)
def test_all_of_one_answer_are_one_word(found: Exercise, won: int, said: str) -> None:
    one = found.responses.query("generator == 'learned' and source == 'fresh' and widths == '5-3'")
    twelve = pd.concat([one[one["seed"] == one["seed"].min()].assign(seed=s) for s in range(12)])
    twelve["loss_population"] = np.where(twelve["seed"] < won, LN2 + 0.1, LN2 - 0.1)
    some = replace(found, responses=twelve)
    headline = words.headline(some)
    assert headline.startswith(said)
    assert f"{won} of 12" in headline
    assert some.answered is (won != 7)
    assert bool(words.undecided(some)) is (won == 7)


def test_the_generators_that_would_tell_are_enough_and_fewer_are_not() -> None:
    for share in (0.0, 0.1, 0.75, 0.9, 1.0):
        enough = int(generators_to_tell(share))
        low, high = share_interval(round(share * enough), enough)
        assert low > 0.5 or high < 0.5
        few = int(0.8 * enough)
        low, high = share_interval(round(share * few), few)
        assert low <= 0.5 <= high
    assert generators_to_tell(0.5) == np.inf


@pytest.mark.parametrize(
    ("optimisation", "said"),
    [
        ([-0.2, -0.1, -0.3] * 2, "is worse on new rows than the trained discriminator"),
        ([0.2, 0.1, 0.3] * 2, "is better on new rows as well"),
        ([-0.2, 0.1, 0.2] * 2, "than the trained discriminator is not shown"),
        ([-0.2, -0.1, -0.3], "than the trained discriminator is not shown"),
    ],
)
def test_what_optimisation_pays_rests_on_its_interval(
    found: Exercise, optimisation: list[float], said: str
) -> None:
    """It takes 6 generators for an interval."""
    some = {
        part.name: np.resize(getattr(found.decomposition, part.name), len(optimisation))
        for part in fields(found.decomposition)
    }
    parts = Decomposition(**some | {"optimisation": np.array(optimisation)})
    assert said in words.hidden(replace(found, decomposition=parts))


def test_the_page_fetches_nothing_and_shows_all_sections(found: Exercise, tmp_path: Path) -> None:
    written = found.save(tmp_path / "exercise")
    assert {path.name for path in written} == {
        *("generators.csv", "tests.csv", "responses.csv", "exercise.json", "exercise.html")
    }
    page = (tmp_path / "exercise" / "exercise.html").read_text(encoding="utf-8")
    seen: list[tuple[str, dict[str, str | None]]] = []
    parser = HTMLParser()
    parser.handle_starttag = lambda tag, attrs: seen.append((tag, dict(attrs)))  # type: ignore[method-assign]
    parser.feed(page)
    assert not any(key in ("src", "action") for _, attrs in seen for key in attrs)
    hrefs = {attrs["href"] for tag, attrs in seen if tag == "a"}
    hrefs -= {href for href in hrefs if href and href.startswith("data:text/csv")}
    assert all(href and href.startswith("#") for href in hrefs)
    identities = {attrs["id"] for _, attrs in seen if "id" in attrs}
    assert {str(href)[1:] for href in hrefs} <= identities
    assert {"fig-told-apart", "fig-loss-learned", "fig-loss-truth", "fig-wins", "fig-parts"} <= (
        identities
    )
    rows = pd.read_csv(tmp_path / "exercise" / "responses.csv", dtype={"widths": str})
    pd.testing.assert_frame_equal(rows, found.responses, check_exact=False)


def csv_of(page: str) -> dict[str, pd.DataFrame]:
    """The data of each figure, out of the links that a click saves, by the figure's identity."""
    links: dict[str, pd.DataFrame] = {}

    def start(tag: str, attributes: list[tuple[str, str | None]]) -> None:
        attrs = dict(attributes)
        if tag == "a" and (href := attrs.get("href") or "").startswith("data:"):
            name = (attrs["download"] or "").removesuffix(".csv")
            links[name] = pd.read_csv(
                io.StringIO(unquote(href.partition(",")[2])), dtype={"widths": str}
            )

    parser = HTMLParser()
    parser.handle_starttag = start  # type: ignore[method-assign]
    parser.feed(page)
    return links


def test_too_few_generators_for_an_interval_are_said_to_be(found: Exercise) -> None:
    three, again = found.responses, found.responses.assign(seed=found.responses["seed"] + 100)
    for rows, known in ((three, False), (pd.concat([three, again]), True)):
        shown = cards(replace(found, responses=rows))
        assert "∞" not in "".join(card.value + card.note for card in shown)
        # The second has the median loss on new rows.
        assert ("6 are needed" in shown[1].note) is not known


def test_every_figure_has_what_it_draws_as_csv(found: Exercise) -> None:
    """Against the tables of the exercise themselves, by pandas: shares and medians of each case."""
    page = render(found)
    data = csv_of(page)
    drawn = set(re.findall(r'aria-labelledby="(fig-[a-z-]+)-title', page))
    assert (
        set(data)
        == drawn
        == {*("fig-told-apart", "fig-loss-learned", "fig-loss-truth", "fig-wins", "fig-parts")}
    )

    tests = found.tests[found.tests["generator"] == "learned"]
    names = {"optimum": "best possible test"} | {k: test.short for k, test in TESTS.items()}
    mean = tests.groupby([tests["test"].map(names), "n"])["told_apart"].mean()
    told = data["fig-told-apart"].set_index(["test", "n"])
    assert len(told) == 2 * (len(TESTS) + 1)
    assert told["told_apart"].to_dict() == pytest.approx(mean.to_dict(), rel=1e-5)
    assert (told["low"] <= told["told_apart"]).all()
    assert (told["told_apart"] <= told["high"]).all()

    rows = found.responses[found.responses["widths"] == "5-3"]
    for kind, ending in (("learned", ", fitted to {} rows"), ("truth", "")):
        loss = data[f"fig-loss-{kind}"]
        curves = loss.dropna(subset=["n"]).set_index(["loss", "n"])["nats"]
        cases = rows[rows["generator"] == kind]
        medians: dict[Any, float] = {}
        for column, seen in (("loss_in_sample", "rows it saw"), ("loss_population", "new rows")):
            names = f"on {seen}" + cases["source"].map(ending.format)
            medians |= cases.groupby([names, "n"])[column].median().to_dict()
        assert curves.to_dict() == pytest.approx(medians, rel=1e-5)
        levels = loss[loss["n"].isna()].set_index("loss")["nats"]
        assert levels["a coin, ln 2"] == pytest.approx(LN2, rel=1e-5)
        if kind == "learned":
            floor = cases.drop_duplicates("seed")["floor"].median()
            assert levels["best possible, ln 2 − JSD"] == pytest.approx(floor, rel=1e-5)

    fresh = found.responses.query("generator == 'learned' and source == 'fresh'")
    won = (fresh["loss_population"] >= LN2).groupby([fresh["widths"], fresh["n"]]).mean()
    wins = data["fig-wins"].set_index(["widths", "n"])["generator_wins"]
    assert wins.to_dict() == pytest.approx(won.to_dict(), rel=1e-5)

    parts = (
        found.generators[list(PARTS)].mean() / found.generators.dropna()["jensen_shannon"].mean()
    )
    percent = data["fig-parts"].set_index("part")["percent"]
    assert percent.to_dict() == pytest.approx((100 * parts).to_dict(), rel=1e-5)


def test_the_command_prints_one_document_and_the_same_settings_give_the_same_numbers(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = (
        *("exercise", "--set", "epochs=3", "--set", "n_examples=40", "--replicates", "3"),
        *("--discriminators", "2", "--test-rows", "10", "--fit-rows", "20", "--widths", "2"),
        *("--restarts", "1", "--workers", "1", "--out", str(tmp_path / "e")),
    )
    status, stdout, _ = run(capsys, *arguments, "--json")
    document = json.loads(stdout)
    assert status == 3  # two generators show neither answer
    assert document == json.loads((tmp_path / "e" / "exercise.json").read_text("utf-8"))
    assert document["settings"]["widths"] == [[5, 3], [2]]
    settings = Settings.of(
        SMALL,
        replicates=3,
        discriminators=2,
        test_rows=(10,),
        fit_rows=(20,),
        widths=[(2,)],
        restarts=1,
    )
    again = exercise(settings, workers=1).document()
    for part in ("tests", "discriminators", "decomposition", "answer"):
        assert again[part] == document[part]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--replicates", "1"), "replicates must be between 2 and 100000, got 1"),
        (("--discriminators", "61"), "discriminators must be between 2 and 60, got 61"),
        (("--test-rows", "3"), "test rows must be between 10 and 100000, got 3"),
        (("--fit-rows", "1"), "fit rows must be between 10 and 100000, got 1"),
        (("--widths", "5;3"), "`--widths` takes whole numbers with commas between them"),
        (("--widths", "0"), "a width must be between 1 and 256, got 0"),
        (("--widths", "200,200"), "may have 4096 parameters at most"),
        (("--restarts", "0"), "restarts must be between 1 and 1000, got 0"),
        (("--alpha", "1"), "alpha must be above 0 and below 1"),
        (("--workers", "0"), "`--workers` must be between 1 and 1024, got 0"),
        (("--set", "latent_size=1"), "`latent_size` must be at least the dimension 2, got 1"),
        (("--backend", "fused_gpu"), "unknown backend 'fused_gpu'"),
        (("--out", "taken"), "is a file, a folder is needed"),
        (("--out", "owned"), "has a tests.csv that gan-eval did not write"),
    ],
)
def test_misuse_is_one_sentence_before_any_work(
    arguments: tuple[str, str],
    words: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "taken").touch()
    (tmp_path / "owned").mkdir()
    (tmp_path / "owned" / "tests.csv").touch()
    status, stdout, stderr = run(capsys, "exercise", *arguments)
    assert (status, stdout) == (2, "")
    assert words in stderr
    assert len(stderr.splitlines()) == 1
    assert not (tmp_path / "reports").exists()


def test_widths_in_words() -> None:
    assert label((10, 6)) == "10-6"
    assert label(()) == "none"
