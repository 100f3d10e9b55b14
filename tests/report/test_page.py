"""The page of a study: what it says, in which order, and that it is written whole."""

from __future__ import annotations

import io
import re
import subprocess
import sys
from pathlib import Path
from urllib.parse import unquote

import numpy as np
import pandas as pd
import pytest

from gan_eval.pages.picture import undrawn
from gan_eval.report import render, write
from gan_eval.report.cells import cells_of
from gan_eval.report.lead import leading
from gan_eval.runtime.errors import UsageError
from gan_eval.study.results.results import Results
from gan_eval.training.config import TrainingConfig

from . import synthetic
from .elements import Element, parse
from .example_pages import PAGES, all_diverged, page, tree


def test_the_csv_of_a_figure_has_what_is_drawn() -> None:
    rows = synthetic.results(12).rows
    (link,) = [a for a in tree("one").all("a") if a.attributes.get("download") == "fig-kl.csv"]
    table = pd.read_csv(io.StringIO(unquote(link.attributes["href"].split(",", 1)[1])))
    assert list(table) == ["cell", "seed", "verdict", "kl"]
    assert set(table["cell"]) == {"made up"}
    drawn = table.set_index("seed")["kl"].sort_index()
    np.testing.assert_allclose(drawn, rows.set_index("seed")["kl"], rtol=1e-5)


def test_sections_stand_in_order_with_anchors_and_details_are_folded() -> None:
    sections = [e for e in tree("one").all("section") if "id" in e.attributes]
    open_, folded = (
        [e.attributes["id"] for e in sections if ("folded" in e.attributes.get("class", "")) is f]
        for f in (False, True)
    )
    assert open_ == ["losses", "epochs", "spread", "samples"]
    assert folded == [
        *("verdicts", "moments", "samples-more", "losses-more", "tests", "critic"),
        *("speed", "distances", "replicates", "environment", "reproduce", "glossary"),
    ]
    links = [a.attributes["href"] for a in next(tree("one").all("nav")).all("a")]
    assert links == [f"#{name}" for name in [*open_, *folded[:-1]]]
    anchors = [a for a in tree("one").all("a") if a.attributes.get("class") == "anchor"]
    assert [a.attributes["href"] for a in anchors] == [f"#{name}" for name in open_]
    assert all(a.attributes["aria-label"].startswith("Link to this section") for a in anchors)


def _first(name: str) -> Element:
    return next(
        e for e in tree(name).all("section") if e.attributes.get("aria-labelledby") == "answer"
    )


@pytest.mark.parametrize("name", ["one", "single", "grid", "none", "diverged", "hostile"])
def test_the_first_screen_has_the_answer_that_the_command_line_gives(name: str) -> None:
    made = PAGES[name]()
    (said,) = [e.text for e in _first(name).all("h2")]
    assert said == " ".join(made.answer().split())


@pytest.mark.parametrize("name", ["one", "single", "grid", "diverged"])
def test_the_first_screen_has_cards_a_picture_and_what_to_do(name: str) -> None:
    lists = {e.attributes.get("class"): e for e in _first(name).all("ul")}
    assert 3 <= len(list(lists["cards"].all("li"))) <= 5
    pictures = [e.attributes["id"] for e in _first(name).all("figure")]
    expected = {"diverged": [], "grid": ["fig-axes"]}
    assert pictures == expected.get(name, ["fig-learned"])
    (steps,) = [e for e in _first(name).all("div") if e.attributes.get("class") == "next"]
    assert "gan-eval run" in steps.text


def test_the_study_s_first_configuration_leads_on_the_backend_with_most_trainings() -> None:
    made = synthetic.results(
        4, configs={"b": TrainingConfig(epochs=2), "a": TrainingConfig(epochs=3)}
    )
    more = synthetic.results(
        9, configs={"b": TrainingConfig(epochs=2)}, where=(("fused_cpu", "cpu"),)
    )
    rows = pd.concat([made.rows, more.rows], ignore_index=True)
    cells = cells_of(Results(rows.sort_values("configuration"), made.epochs, made.provenance))
    found = leading(cells)
    assert (found.configuration, found.backend, found.replicates) == ("b", "fused_cpu", 9)


@pytest.mark.parametrize("replicates", [1, 2])
def test_nothing_is_called_typical_of_one_or_two_trainings(replicates: int) -> None:
    with undrawn():
        root = parse(render(synthetic.results(replicates)))
    (glossary,) = [e for e in root.all("section") if e.attributes.get("id") == "glossary"]
    prose = root.text.replace(glossary.text, "")
    assert not re.search(r"\b(typical|median)\b", prose)


def test_the_deceptive_training_is_shown_by_name() -> None:
    text = tree("one").text
    row = synthetic.results(12).rows.iloc[synthetic.DECEIVED_SEED]
    said = f"Seed {synthetic.DECEIVED_SEED} ended with losses 0.693 and 0.693, and"
    assert said in text
    assert f"Its covariance is [[{row['covariance_1_1']:.3g}" in text


def test_an_interrupted_grid_says_so() -> None:
    text = tree("grid").text
    assert "interrupted after 32 of 64 planned" in text
    assert "1 unit of work that failed" in text
    assert list(_labels(tree("grid"))) == [
        f"{name} · {backend} on cpu" for name in ("plain", "saturating") for backend in BACKENDS
    ]


BACKENDS = ("pytorch", "jax")


def _labels(root: Element) -> dict[str, None]:
    """The cells of the table of verdicts."""
    (table,) = [t for t in root.all("table") if "diverged" in next(t.all("thead")).text]
    return {row.children[0].text: None for row in next(table.all("tbody")).all("tr")}


def test_no_rows_make_a_page_that_says_so() -> None:
    text = tree("none").text
    assert "interrupted after 0 of 40 planned" in text
    assert "gan-eval run" in text


def test_a_study_of_failures_says_what_failed() -> None:
    none = synthetic.without_replicates()
    failure = {"configuration": "c", "backend": "b", "device": "cpu", "seeds": [0, 1]}
    given = {"interrupted": False, "failures": [failure | {"message": "out of memory"}]}
    root = parse(render(Results(none.rows, none.epochs, none.provenance | given)))
    first = next(e for e in root.all("section"))
    assert "out of memory" in first.text
    assert "Environment" in first.text


def test_missing_provenance_is_no_error() -> None:
    made = synthetic.results(2)
    bare = {"study": {}, "environments": {}}
    text = parse(render(Results(made.rows, made.epochs.iloc[:0], bare))).text
    assert "No epochs are stored." in text
    assert "are not stored, so its samples cannot be redrawn" in text


def test_rows_without_a_label_are_named_by_the_provenance() -> None:
    made = synthetic.results(2)
    rows = made.rows.drop(columns="configuration")
    epochs = made.epochs.drop(columns="configuration")
    assert "made up" in tree("one").text
    named, unnamed = (
        render(found).partition('<script type="application/json" id="data"')[0]
        for found in (made, Results(rows, epochs, made.provenance))
    )
    assert named == unnamed


def test_the_same_results_give_the_same_bytes_also_from_the_folder(tmp_path: Path) -> None:
    made = PAGES["one"]()
    assert render(made) == page("one")
    made.save(tmp_path)
    assert render(Results.load(tmp_path)) == page("one")


def test_results_are_left_as_they_were() -> None:
    made, same = all_diverged(), all_diverged()
    render(made)
    pd.testing.assert_frame_equal(made.rows, same.rows)
    pd.testing.assert_frame_equal(made.epochs, same.epochs)


def test_write_leaves_one_whole_file_or_one_sentence(tmp_path: Path) -> None:
    none = synthetic.without_replicates()
    write(none, tmp_path / "report.html")
    assert (tmp_path / "report.html").read_text(encoding="utf-8") == page("none")
    assert [p.name for p in tmp_path.iterdir()] == ["report.html"]
    write(none, tmp_path / "new" / "folder" / "report.html")
    assert (tmp_path / "new" / "folder" / "report.html").exists()
    with pytest.raises(UsageError, match="cannot be written"):
        write(none, tmp_path / "report.html" / "report.html")
    (tmp_path / "folder").mkdir()
    with pytest.raises(UsageError, match="is a directory"):
        write(none, tmp_path / "folder")
    assert not list(tmp_path.glob(".*"))


def test_importing_the_report_loads_no_framework() -> None:
    code = "import gan_eval.report, sys; print(sorted({'torch', 'jax'} & set(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=600
    )
    assert done.stdout.strip() == "[]"
