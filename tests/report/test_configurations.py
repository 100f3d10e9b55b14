"""The section on configurations: shown where there are several, right way round, and safe."""

from __future__ import annotations

import pytest

from gan_eval.judging.comparisons import compare_configurations
from gan_eval.pages.blocks import Answer
from gan_eval.pages.numbers import number
from gan_eval.pages.page import fill
from gan_eval.report.cells import cells_of
from gan_eval.report.comparisons import answer, compare, configurations
from gan_eval.study.results.results import Results
from gan_eval.training.config import TrainingConfig

from . import synthetic
from .elements import Element, parse

CONFIGS = {
    "reference": TrainingConfig(),
    "a better one": TrainingConfig(batch_size=4),
    "a worse one": TrainingConfig(batch_size=16),
}


@pytest.fixture(scope="module")
def made() -> Results:
    found = synthetic.results(12, configs=CONFIGS)
    base = found.rows.loc[found.rows["configuration"] == "reference", "kl"].to_numpy()
    for name, scale in (("a better one", 0.25), ("a worse one", 4.0)):
        found.rows.loc[found.rows["configuration"] == name, "kl"] = scale * base
    # As a study stores them: in alphabetical order, which is not the study's own.
    rows = found.rows.sort_values(["configuration", "seed"], ignore_index=True)
    return Results(rows, found.epochs, found.provenance)


def render(results: Results) -> str:
    """A page of this section alone."""
    cells = cells_of(results)
    compared = compare(cells, results.provenance)
    made = compared and configurations(compared, cells)
    words = dict.fromkeys(("title", "name", "question"), "")
    return fill(**words, answer=Answer(""), sections=[made] if made else [])


def section(page: str) -> Element | None:
    return next(
        (e for e in parse(page).all("section") if e.attributes.get("id") == "configurations"), None
    )


def test_it_says_which_is_better_and_by_how_much(made: Results) -> None:
    found = section(render(made))
    assert found is not None
    (answer, *_) = [p.text for p in found.all("p")]
    assert "The reference is reference, the first configuration." in answer
    assert "Of 2 comparisons with it, 1 is better, 1 worse, and for 0 neither is shown." in answer
    assert "The best is a better one: its median KL is 0.250 times" in answer
    assert "The worst is a worse one: its median KL is 4.00 times" in answer
    rows = [[e.text for e in row.all("th", "td")] for row in found.all("tr")]
    better = next(row for row in rows if row[:2] == ["a better one", "better"])
    assert better[5] == "12"
    assert better[6].startswith("100")
    worse = next(row for row in rows if row[:2] == ["a worse one", "worse"])
    assert worse[6].startswith("0")


def test_the_numbers_are_those_of_the_comparison(made: Results) -> None:
    page = section(render(made))
    assert page is not None
    found = compare_configurations(made.rows, order=list(CONFIGS), resamples=1000, most_seeds=1000)
    for row in found.aggregates.to_dict("records"):
        assert number(row["iqm"]) in page.text
        assert number(row["iqm_high"]) in page.text


def test_one_configuration_has_no_such_section() -> None:
    assert section(render(synthetic.results(12))) is None


def test_too_few_seeds_are_said_to_be_too_few() -> None:
    found = section(render(synthetic.results(3, configs=CONFIGS)))
    assert found is not None
    assert "No configuration has 6 seeds in common with reference" in found.text


def test_names_and_numbers_of_any_kind_do_no_harm() -> None:
    hostile = "<script>alert(1)</script>\n\u202e\"'" + "y" * 10_000
    made = synthetic.results(
        8, configs={"plain": TrainingConfig(), hostile: TrainingConfig(batch_size=4)}
    )
    chosen = made.rows["configuration"] == hostile
    for position in range(8):
        synthetic.spoil(made.rows, int(chosen.to_numpy().nonzero()[0][position]), "diverged")
    page = render(made)
    assert page.count("<script>") == 1
    assert "<script>alert" not in page
    found = section(page)
    assert found is not None
    assert "\u202e" not in found.text
    assert len(found.text) < 20_000
    assert "∞" in found.text


def test_the_answer_names_the_nearest_and_the_reference(made: Results) -> None:
    cells = cells_of(made)
    headline, detail = answer(compare(cells, made.provenance), cells)
    assert headline.startswith("Nearest to the truth: a better one")
    assert "1 is better than reference, 1 worse" in detail


def test_a_single_configuration_has_no_such_answer() -> None:
    cells = cells_of(synthetic.results(6))
    assert answer(compare(cells, {}), cells) == []
