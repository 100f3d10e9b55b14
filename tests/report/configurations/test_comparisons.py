"""The section on configurations: shown where there are several, right way round, and safe."""

from __future__ import annotations

import pytest

from gan_eval.judging.comparisons import compare_configurations
from gan_eval.pages.blocks import Answer
from gan_eval.pages.numbers import number
from gan_eval.pages.page import fill
from gan_eval.report.cells import cells_of
from gan_eval.report.configurations.comparisons import compare, configurations, method
from gan_eval.study.results.results import Results
from gan_eval.training.config import TrainingConfig

from .. import synthetic
from ..elements import Element, parse

CONFIGS = {
    "reference": TrainingConfig(),
    "a better one": TrainingConfig(batch_size=4),
    "a worse one": TrainingConfig(batch_size=16),
}


@pytest.fixture(scope="module")
def made() -> Results:
    found = synthetic.results(12, configs=CONFIGS)
    first = found.rows.loc[found.rows["configuration"] == "reference"]
    for name, scale in (("a better one", 0.25), ("a worse one", 4.0)):
        chosen = found.rows["configuration"] == name
        found.rows.loc[chosen, "kl"] = scale * first["kl"].to_numpy()
        found.rows.loc[chosen, "worth_kl"] = first["worth_kl"].to_numpy() / scale
    # As a study stores them: in alphabetical order, which is not the study's own.
    rows = found.rows.sort_values(["configuration", "seed"], ignore_index=True)
    return Results(rows, found.epochs, found.provenance)


def render(results: Results) -> str:
    """A page of these sections alone."""
    cells = cells_of(results)
    compared = compare(cells, results.provenance)
    sections = [] if compared is None else [configurations(compared, cells), method(compared)]
    words = dict.fromkeys(("title", "name", "question"), "")
    return fill(**words, answer=Answer(""), sections=[one for one in sections if one])


def section(page: str, name: str = "configurations") -> Element | None:
    return next((e for e in parse(page).all("section") if e.attributes.get("id") == name), None)


def test_it_lists_the_best_first_and_how_each_stands_to_the_first(made: Results) -> None:
    found = section(render(made))
    assert found is not None
    head, *rows = [[e.text for e in row.all("th", "td")] for row in found.all("tr")]
    assert [row[0] for row in rows] == ["a better one", "reference", "a worse one"]
    better, _, worse = rows
    beside, times = (
        head.index("beside the first"),
        head.index("times as many rows as the first (95 %)"),
    )
    assert (better[beside], worse[beside]) == ("better", "worse")
    assert better[times].startswith("4.0")
    assert worse[times].startswith("0.25")
    assert better[head.index("nearer to the truth on")].startswith("100")
    assert better[head.index("seeds")] == "12"
    assert better[head.index("standing")] == "best"


def test_the_numbers_are_those_of_the_comparison(made: Results) -> None:
    page = section(render(made), "comparison")
    assert page is not None
    found = compare_configurations(made.rows, order=list(CONFIGS), resamples=1000, most_seeds=1000)
    for row in found.aggregates.to_dict("records"):
        assert number(row["iqm"]) in page.text
        assert number(row["iqm_high"]) in page.text


def test_configurations_of_unequal_dimension_are_compared_by_worth(made: Results) -> None:
    """Where KL says one thing and worth another, as across dimensions, worth decides."""
    plane, line = TrainingConfig(), TrainingConfig(
        target={"A": [[1.0]], "b": [0.0]}, latent_size=1
    )  # fmt: skip
    found = synthetic.results(12, configs={"plane": plane, "line": line})
    of_line = found.rows["configuration"] == "line"
    found.rows.loc[of_line, "kl"] = 0.5 * found.rows.loc[~of_line, "kl"].to_numpy()
    found.rows.loc[of_line, "worth_kl"] = 0.5 * found.rows.loc[~of_line, "worth_kl"].to_numpy()
    cells = cells_of(found)
    compared = compare(cells, found.provenance)
    assert compared is not None
    assert compared.found is not None
    assert compared.found.pairs["verdict"].tolist() == ["worse"]


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
